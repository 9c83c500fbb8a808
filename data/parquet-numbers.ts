import { instantiate } from "./wasm.ts";

/** Columns of numbers as Parquet's encodings, by WebAssembly (`assembly/parquet-write.ts`). */

interface Kernel {
  reserve(rows: number): number;
  bodyAt(): number;
  presentAt(): number;
  valuesAt(): number;
  least(): number;
  most(): number;
  nulls(): number;
  runs(): number;
  dictionary(): number;
  survey(rows: number): void;
  plain(rows: number, wide: boolean): number;
  deltas(rows: number): number;
  placed(rows: number): number;
  plainDictionary(wide: boolean): number;
  definitions(rows: number): number;
}

const memory = new WebAssembly.Memory({ initial: 4 });
const kernel = instantiate(
  new URL("./parquet-write.wasm", import.meta.url),
  memory,
) as unknown as Kernel;

/** What numbers look like. */
export interface Survey {
  /** The smallest and the largest; null where there is none. */
  range: { min: number; max: number } | null;
  nulls: number;
  /** How often one differs from the one before. */
  runs: number;
}

const bytes = (at: number, length: number) => new Uint8Array(memory.buffer, at, length);

/** Takes the first rows of a column, which the other functions are about, and looks at them. */
export function survey(data: Float64Array, rows: number): Survey {
  const at = kernel.reserve(rows);
  new Float64Array(memory.buffer, at, rows).set(
    data.length === rows ? data : data.subarray(0, rows),
  );
  kernel.survey(rows);
  const nulls = kernel.nulls();
  const range = kernel.runs() === 0 ? null : { min: kernel.least(), max: kernel.most() };
  return { range, nulls, runs: kernel.runs() };
}

/** Numbers that are there, one after another; the bytes are good until the next column. */
export const plain = (rows: number, wide: boolean): Uint8Array =>
  bytes(kernel.bodyAt(), kernel.plain(rows, wide));

/** Differences, packed; the range is narrower than 31 bits, and no row is without a number. */
export const deltas = (rows: number): Uint8Array => bytes(kernel.bodyAt(), kernel.deltas(rows));

/** Places in a dictionary, by runs, and the dictionary. */
export function placed(
  rows: number,
  wide: boolean,
): { body: Uint8Array; dictionary: { bytes: Uint8Array; values: number } } {
  const body = bytes(kernel.bodyAt(), kernel.placed(rows));
  const values = kernel.dictionary();
  return {
    body,
    dictionary: { bytes: bytes(kernel.valuesAt(), kernel.plainDictionary(wide)), values },
  };
}

/** Which rows hold something, as runs, with their length before them. */
export const definitions = (rows: number): Uint8Array =>
  bytes(kernel.presentAt(), kernel.definitions(rows));
