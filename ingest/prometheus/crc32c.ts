/** CRC-32C (Castagnoli), eight bytes a step: Node has only the other polynomial. */

const POLYNOMIAL = 0x82f63b78;
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let byte = 0; byte < 256; byte++)
    for (let slice = 1; slice < 8; slice++) {
      const before = tables[(slice - 1) * 256 + byte] as number;
      tables[slice * 256 + byte] = (tables[before & 255] as number) ^ (before >>> 8);
    }
  return tables;
}

const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The checksum of `bytes[from, until)` as an unsigned number. */
export function crc32c(bytes: Uint8Array, from = 0, until = bytes.length): number {
  const t = TABLES;
  let crc = -1;
  let at = from;
  if (LITTLE && until - from > 16) {
    for (; ((bytes.byteOffset + at) & 3) !== 0; at++)
      crc = (t[(crc ^ (bytes[at] as number)) & 255] as number) ^ (crc >>> 8);
    const pairs = (until - at) >>> 3;
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, pairs * 2);
    for (let index = 0; index < words.length; index += 2) {
      const low = crc ^ (words[index] as number);
      const high = words[index + 1] as number;
      crc =
        (t[1792 + (low & 255)] as number) ^
        (t[1536 + ((low >>> 8) & 255)] as number) ^
        (t[1280 + ((low >>> 16) & 255)] as number) ^
        (t[1024 + (low >>> 24)] as number) ^
        (t[768 + (high & 255)] as number) ^
        (t[512 + ((high >>> 8) & 255)] as number) ^
        (t[256 + ((high >>> 16) & 255)] as number) ^
        (t[high >>> 24] as number);
    }
    at += pairs * 8;
  }
  for (; at < until; at++) crc = (t[(crc ^ (bytes[at] as number)) & 255] as number) ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}
