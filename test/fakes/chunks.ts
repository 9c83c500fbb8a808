/**
 * What a server would send, byte by byte, for answers that a real one never gives. Written from the
 * formats' descriptions, apart from the decoder.
 */

/** Encodes samples (milliseconds, value) as a Prometheus XOR chunk. */
export function encodeXor(samples: readonly (readonly [number, number])[]): Buffer {
  const bits: number[] = [];
  const put = (value: bigint, count: number) => {
    for (let bit = count - 1; bit >= 0; bit--) bits.push(Number((value >> BigInt(bit)) & 1n));
  };
  const putBytes = (bytes: readonly number[]) => {
    for (const byte of bytes) put(BigInt(byte), 8);
  };
  const raw = new DataView(new ArrayBuffer(8));
  const doubleBits = (value: number) => {
    raw.setFloat64(0, value);
    return raw.getBigUint64(0);
  };
  put(BigInt(samples.length), 16);
  let time = 0n;
  let delta = 0n;
  let last = 0n;
  let leading = -1;
  let trailing = 0;
  for (const [index, [at, value]] of samples.entries()) {
    const now = BigInt(at);
    const own = doubleBits(value);
    if (index === 0) {
      putBytes(varint(now >= 0n ? now * 2n : -now * 2n - 1n));
      put(own, 64);
    } else {
      const next = now - time;
      if (index === 1) putBytes(varint(next));
      else {
        const change = next - delta;
        const fits = (size: number) =>
          -((1n << BigInt(size - 1)) - 1n) <= change && change <= 1n << BigInt(size - 1);
        if (change === 0n) put(0n, 1);
        else if (fits(14)) {
          put(0b10n, 2);
          put(BigInt.asUintN(14, change), 14);
        } else if (fits(17)) {
          put(0b110n, 3);
          put(BigInt.asUintN(17, change), 17);
        } else if (fits(20)) {
          put(0b1110n, 4);
          put(BigInt.asUintN(20, change), 20);
        } else {
          put(0b1111n, 4);
          put(BigInt.asUintN(64, change), 64);
        }
      }
      delta = next;
      const changed = own ^ last;
      if (changed === 0n) put(0n, 1);
      else {
        const text = changed.toString(2).padStart(64, "0");
        const front = Math.min(31, text.indexOf("1"));
        const back = 63 - text.lastIndexOf("1");
        put(1n, 1);
        if (leading >= 0 && front >= leading && back >= trailing) {
          put(0n, 1);
          put(changed >> BigInt(trailing), 64 - leading - trailing);
        } else {
          [leading, trailing] = [front, back];
          const size = 64 - front - back;
          put(1n, 1);
          put(BigInt(front), 5);
          put(BigInt(size % 64), 6);
          put(changed >> BigInt(back), size);
        }
      }
    }
    time = now;
    last = own;
  }
  while (bits.length % 8 !== 0) bits.push(0);
  return Buffer.from(
    Array.from({ length: bits.length / 8 }, (_, byte) =>
      bits.slice(byte * 8, byte * 8 + 8).reduce((sum, bit) => sum * 2 + bit, 0),
    ),
  );
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

const block = (field: number, content: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from([...varint(BigInt(field * 8 + 2)), ...varint(BigInt(content.length))]),
    content,
  ]);
const scalar = (field: number, value: number): Buffer =>
  Buffer.from([...varint(BigInt(field * 8)), ...varint(BigInt(value))]);

export interface FakeSeries {
  labels: Record<string, string>;
  /** Milliseconds and value, a chunk each. */
  chunks: readonly (readonly (readonly [number, number])[])[];
  /** 1 is XOR; the others are histograms. */
  encoding?: number;
}

/**
 * One frame of a streamed remote read: length, checksum, `ChunkedReadResponse`.
 * @param question the one of the request's that it answers; the first goes without saying
 */
export function frame(series: readonly FakeSeries[], checksum?: number, question = 0): Buffer {
  const body = Buffer.concat([
    ...series.map(({ labels, chunks, encoding = 1 }) =>
      block(
        1,
        Buffer.concat([
          ...Object.entries(labels)
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, value]) =>
              block(1, Buffer.concat([block(1, Buffer.from(name)), block(2, Buffer.from(value))])),
            ),
          ...chunks.map((samples) =>
            block(
              2,
              Buffer.concat([
                scalar(1, samples[0]?.[0] ?? 0),
                scalar(2, samples.at(-1)?.[0] ?? 0),
                scalar(3, encoding),
                block(4, encodeXor(samples)),
              ]),
            ),
          ),
        ]),
      ),
    ),
    ...(question === 0 ? [] : [scalar(2, question)]),
  ]);
  return framed(body, checksum);
}

/** CRC-32C (Castagnoli), bit by bit as RFC 3720 says it. */
export function crc32c(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ -1) >>> 0;
}

/** A body with its length and checksum before it. */
export function framed(body: Buffer, checksum?: number): Buffer {
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(checksum ?? crc32c(body));
  return Buffer.concat([Buffer.from(varint(BigInt(body.length))), crc, body]);
}
