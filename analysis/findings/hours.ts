import { AppError } from "../../data/errors.ts";

/**
 * Hours of a recommendation as they are published: one value for all of a series, since rows of them would
 * take longer to write than samples to judge. Columns one after another, each hour by hour: the least value
 * (4 bytes, the lowest first), how many bits each is over it (1 byte), and those bits, the lowest first, to a
 * whole byte.
 */

/** The columns, in order: CPU in microcores, memory in KiB, -1 where there is no request or limit. */
export const HOUR_FIELDS = [
  "pods",
  "cpuAverage",
  "cpuMax",
  "memAverage",
  "memMax",
  "cpuRequest",
  "memRequest",
  "cpuLimit",
  "memLimit",
  "oomKills",
  "throttledMs",
] as const;
export type HourField = (typeof HOUR_FIELDS)[number];

/** An hour: hours since 1970, and its figures. */
export type FigureHour = { hour: number } & Record<HourField, number>;

/**
 * Hours in which there was any pod.
 * @param packed as `HourWriter` packs them
 * @param first hours since 1970 of the first
 * @throws AppError WAREHOUSE_DAMAGED where there are not so many
 */
export function unpackHours(packed: Uint8Array, first: number, hours: number): FigureHour[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  let at = 0;
  const columns = HOUR_FIELDS.map((field) => {
    if (at + 5 > packed.length) throw damaged(field);
    const least = view.getInt32(at, true);
    const width = view.getUint8(at + 4);
    at += 5;
    const bytes = Math.ceil((width * hours) / 8);
    if (width > 32 || at + bytes > packed.length) throw damaged(field);
    const values = Array.from({ length: hours }, (_, hour) => {
      let over = 0;
      for (let bit = 0; bit < width;) {
        const place = hour * width + bit;
        const some = Math.min(8 - (place & 7), width - bit);
        const byte = view.getUint8(at + (place >>> 3)) >>> (place & 7);
        over += (byte & ((1 << some) - 1)) * 2 ** bit;
        bit += some;
      }
      return least + over;
    });
    at += bytes;
    return [field, values] as const;
  });
  return Array.from({ length: hours }, (_, hour) => ({
    hour: first + hour,
    ...(Object.fromEntries(
      columns.map(([field, values]) => [field, values[hour] as number]),
    ) as Record<HourField, number>),
  })).filter(({ pods }) => pods > 0);
}

const damaged = (field: HourField) =>
  new AppError(
    "WAREHOUSE_DAMAGED",
    `the hours of a recommendation end before their ${field}; remove the findings file from published/ and run "apportion build"`,
  );
