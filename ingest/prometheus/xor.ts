/**
 * Prometheus's XOR chunks (Gorilla): delta-of-delta times and XORed doubles, bit by bit. Only the
 * 64-bit halves as unsigned numbers; no BigInt on the way.
 */

const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const LOW = LITTLE ? 0 : 1;
const HIGH = LITTLE ? 1 : 0;

/** Bytes that must be readable past the end of a chunk; what stands there does not matter. */
export const XOR_SLACK = 32;

/** How many samples the chunk from `from` on says it holds. */
export const xorCount = (bytes: Uint8Array, from: number): number =>
  ((bytes[from] as number) << 8) | (bytes[from + 1] as number);

// Kept from chunk to chunk: a frame holds dozens, and the arrays stay the same for thousands.
let viewed: Uint8Array | undefined;
let view: DataView = new DataView(new ArrayBuffer(0));
let split: Float64Array | undefined;
let halves: Uint32Array = new Uint32Array(0);

/** The 32 bits from a bit on. */
function read32(bytes: DataView, bit: number): number {
  const at = bit >>> 3;
  const shift = bit & 7;
  const word = bytes.getInt32(at);
  return shift === 0 ? word : (word << shift) | (bytes.getUint8(at + 4) >>> (8 - shift));
}

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
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  // Written as halves: a double that is put together and loaded again stalls on each sample.
  if (values !== split) {
    split = values;
    halves = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  }
  const data = view;
  const words = halves;
  let p = from + 2;
  let byte = 0;
  // Zig-zag time of the first sample, milliseconds.
  let unsigned = 0;
  let scale = 1;
  do {
    byte = data.getUint8(p++);
    unsigned += (byte & 127) * scale;
    scale *= 128;
  } while (byte >= 128 && p < until);
  let time = unsigned % 2 === 0 ? unsigned / 2 : -(unsigned + 1) / 2;
  let high = data.getInt32(p);
  let low = data.getInt32(p + 4);
  p += 8;
  times[at] = time;
  words[2 * at + LOW] = low;
  words[2 * at + HIGH] = high;
  at++;
  if (p > until) throw new RangeError("a chunk ends within its first sample");
  if (count === 1) return at;
  let delta = 0;
  scale = 1;
  do {
    byte = data.getUint8(p++);
    delta += (byte & 127) * scale;
    scale *= 128;
  } while (byte >= 128 && p < until);
  time += delta;
  let bit = p << 3;
  const end = until << 3;
  let leading = 0;
  let trailing = 0;
  const last = at + count - 1;
  for (let first = true; at < last; first = false) {
    if (bit > end) throw new RangeError("a chunk ends before its samples do");
    let word = read32(data, bit);
    if (!first) {
      if (word >= 0) {
        // Two zeros are a sample as long after the last as that was, with its value.
        let same = Math.min(Math.clz32(word) >>> 1, last - at);
        if (same > 0) {
          bit += 2 * same;
          for (; same > 0; same--) {
            time += delta;
            times[at] = time;
            words[2 * at + LOW] = low;
            words[2 * at + HIGH] = high;
            at++;
          }
          continue;
        }
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
          delta += read32(data, bit) * 4294967296 + (read32(data, bit + 32) >>> 0);
        } else {
          let change = read32(data, bit) >>> (32 - size);
          if (change > 1 << (size - 1)) change -= 1 << size;
          delta += change;
        }
        bit += size;
        word = read32(data, bit);
      }
      time += delta;
    }
    if (word >= 0) bit += 1;
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
        const some = read32(data, bit) >>> (32 - size);
        if (trailing >= 32) high ^= some << (trailing - 32);
        else if (trailing === 0) low ^= some;
        else {
          high ^= some >>> (32 - trailing);
          low ^= some << trailing;
        }
      } else {
        const upper = read32(data, bit) >>> (64 - size);
        const lower = read32(data, bit + size - 32);
        if (trailing === 0) {
          high ^= upper;
          low ^= lower;
        } else {
          high ^= (upper << trailing) | (lower >>> (32 - trailing));
          low ^= lower << trailing;
        }
      }
      bit += size;
    }
    times[at] = time;
    words[2 * at + LOW] = low;
    words[2 * at + HIGH] = high;
    at++;
  }
  if (bit > end) throw new RangeError("a chunk ends before its samples do");
  return at;
}
