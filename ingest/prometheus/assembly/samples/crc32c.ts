/** CRC-32C (Castagnoli), eight bytes a step. */

const POLYNOMIAL: u32 = 0x82f63b78;
const TABLES: usize = memory.data(8 * 1024);

for (let byte: u32 = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  store<u32>(TABLES + (byte << 2), crc);
}
for (let byte: u32 = 0; byte < 256; byte++)
  for (let slice: u32 = 1; slice < 8; slice++) {
    const before = load<u32>(TABLES + ((slice - 1) << 10) + (byte << 2));
    store<u32>(
      TABLES + (slice << 10) + (byte << 2),
      load<u32>(TABLES + ((before & 255) << 2)) ^ (before >>> 8),
    );
  }

function table(slice: u32, byte: u32): u32 {
  return load<u32>(TABLES + (slice << 10) + (byte << 2));
}

/** The checksum of the bytes [at, until). */
export function crc32c(at: usize, until: usize): u32 {
  let crc: u32 = 0xffffffff;
  for (; at + 8 <= until; at += 8) {
    const low = crc ^ load<u32>(at);
    const high = load<u32>(at + 4);
    crc =
      table(7, low & 255) ^
      table(6, (low >>> 8) & 255) ^
      table(5, (low >>> 16) & 255) ^
      table(4, low >>> 24) ^
      table(3, high & 255) ^
      table(2, (high >>> 8) & 255) ^
      table(1, (high >>> 16) & 255) ^
      table(0, high >>> 24);
  }
  for (; at < until; at++) crc = table(0, (crc ^ load<u8>(at)) & 255) ^ (crc >>> 8);
  return crc ^ 0xffffffff;
}
