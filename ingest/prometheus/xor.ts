/**
 * Prometheus's XOR chunks (Gorilla): delta-of-delta times and XORed doubles, bit by bit. Only the
 * 64-bit halves as unsigned numbers; no BigInt on the way.
 */

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);
const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const LOW = LITTLE ? 0 : 1;
const HIGH = LITTLE ? 1 : 0;

/** Bytes that must be readable past the end of a chunk; what stands there does not matter. */
export const XOR_SLACK = 8;

/** How many samples the chunk from `from` on says it holds. */
export const xorCount = (bytes: Uint8Array, from: number): number =>
  ((bytes[from] as number) << 8) | (bytes[from + 1] as number);

/**
 * Decodes the chunk in `bytes[from, until)` into the arrays from `at` on, which must have room.
 * @returns where the next sample goes
 * @throws RangeError where the chunk ends before its samples do
 */
export function decodeXor(
  bytes: Uint8Array,
  from: number,
  until: number,
  times: Float64Array,
  values: Float64Array,
  at: number,
): number {
  const count = xorCount(bytes, from);
  if (count === 0) return at;
  let p = from + 2;
  let byte = 0;
  // Zig-zag time of the first sample, milliseconds.
  let unsigned = 0;
  let scale = 1;
  do {
    byte = bytes[p++] as number;
    unsigned += (byte & 127) * scale;
    scale *= 128;
  } while (byte >= 128 && p < until);
  let time = unsigned % 2 === 0 ? unsigned / 2 : -(unsigned + 1) / 2;
  let high = read32(bytes, p << 3);
  let low = read32(bytes, (p + 4) << 3);
  p += 8;
  halves[LOW] = low;
  halves[HIGH] = high;
  let value = double[0] as number;
  times[at] = time;
  values[at++] = value;
  if (p > until) throw new RangeError("a chunk ends within its first sample");
  if (count === 1) return at;
  let delta = 0;
  scale = 1;
  do {
    byte = bytes[p++] as number;
    delta += (byte & 127) * scale;
    scale *= 128;
  } while (byte >= 128 && p < until);
  time += delta;
  let bit = p << 3;
  const end = until << 3;
  let leading = 0;
  let trailing = 0;
  for (let left = count - 1, first = true; left > 0; left--, first = false) {
    if (bit > end) throw new RangeError("a chunk ends before its samples do");
    let word = read32(bytes, bit);
    if (!first) {
      if (word >>> 31 === 0) {
        bit += 1;
        word <<= 1;
      } else {
        let size: number;
        if (word >>> 30 === 0b10) {
          size = 14;
          bit += 2;
        } else if (word >>> 29 === 0b110) {
          size = 17;
          bit += 3;
        } else if (word >>> 28 === 0b1110) {
          size = 20;
          bit += 4;
        } else {
          size = 64;
          bit += 4;
        }
        if (size === 64) {
          delta += (read32(bytes, bit) | 0) * 4294967296 + read32(bytes, bit + 32);
        } else {
          let change = read32(bytes, bit) >>> (32 - size);
          if (change > 1 << (size - 1)) change -= 1 << size;
          delta += change;
        }
        bit += size;
        word = read32(bytes, bit) | 0;
      }
      time += delta;
    }
    if (word >= 0 && word >>> 31 === 0) bit += 1;
    else {
      if ((word >>> 30) & 1) {
        leading = (word >>> 25) & 31;
        const stated = (word >>> 19) & 63;
        trailing = 64 - leading - (stated === 0 ? 64 : stated);
        if (trailing < 0) throw new RangeError("a chunk states more than 64 bits of a value");
        bit += 13;
      } else bit += 2;
      const size = 64 - leading - trailing;
      if (size <= 32) {
        const some = read32(bytes, bit) >>> (32 - size);
        if (trailing >= 32) high ^= some << (trailing - 32);
        else if (trailing === 0) low ^= some;
        else {
          high ^= some >>> (32 - trailing);
          low ^= some << trailing;
        }
      } else {
        const upper = read32(bytes, bit) >>> (64 - size);
        const lower = read32(bytes, bit + size - 32);
        if (trailing === 0) {
          high ^= upper;
          low ^= lower;
        } else {
          high ^= (upper << trailing) | (lower >>> (32 - trailing));
          low ^= lower << trailing;
        }
      }
      bit += size;
      halves[LOW] = low;
      halves[HIGH] = high;
      value = double[0] as number;
    }
    times[at] = time;
    values[at++] = value;
  }
  if (bit > end) throw new RangeError("a chunk ends before its samples do");
  return at;
}

/** The 32 bits from a bit on, unsigned. */
function read32(bytes: Uint8Array, bit: number): number {
  const at = bit >>> 3;
  const shift = bit & 7;
  const word =
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number);
  if (shift === 0) return word >>> 0;
  return ((word << shift) | ((bytes[at + 4] as number) >>> (8 - shift))) >>> 0;
}
