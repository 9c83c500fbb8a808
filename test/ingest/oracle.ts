/**
 * What a bill says, worked out without any of the product's code: its own CSV reader and whole
 * numbers. `units` are 10^-18, what is stored; `fine` are 10^-60, what is written.
 */

const FINE = 60;
const HALF_UP = 10n ** BigInt(FINE - 18);

/** Records of a CSV text with a header, by column name; quotes and line ends per RFC 4180. */
export function csvRows(text: string): Record<string, string>[] {
  const records: string[][] = [];
  let record: string[] = [];
  let cell = "";
  let quoted = false;
  const plain = text.replace(/^\ufeff/, "");
  for (let at = 0; at < plain.length; at++) {
    const letter = plain[at] as string;
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (plain[at + 1] === '"') cell += plain[at++];
      else quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === ",") {
      record.push(cell);
      cell = "";
    } else if (letter === "\n") {
      record.push(cell.replace(/\r$/, ""));
      records.push(record);
      record = [];
      cell = "";
    } else cell += letter;
  }
  if (record.length > 0 || cell !== "") records.push([...record, cell]);
  const [header = [], ...rows] = records;
  return rows.map((row) => Object.fromEntries(header.map((name, n) => [name, row[n] ?? ""])));
}

/** A written amount as a whole number of 10^-60. */
export function fine(text: string): bigint {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null || `${match[2] ?? ""}${match[3] ?? ""}` === "")
    throw new Error(`not an amount: "${text}"`);
  const power = FINE - (match[3] ?? "").length + Number(match[4] ?? 0);
  if (power < 0) throw new Error(`finer than 10^-${FINE}: "${text}"`);
  const value = BigInt(`${match[2] ?? ""}${match[3] ?? ""}`) * 10n ** BigInt(power);
  return match[1] === "-" ? -value : value;
}

/** A written amount in 10^-18, rounded half away from zero. */
export function units(text: string): bigint {
  const value = fine(text);
  const magnitude = ((value < 0n ? -value : value) + HALF_UP / 2n) / HALF_UP;
  return value < 0n ? -magnitude : magnitude;
}

export interface Sum {
  rows: number;
  /** Cells without an amount. */
  empty: number;
  /** Σ as stored, 18 decimals. */
  sum: string;
  /** Σ (as written − as stored), without trailing zeros. */
  residue: string;
}

/** Sums a column; `nothing` are the cells that state no amount. */
export function sumOf(
  rows: readonly Record<string, string>[],
  column: string,
  nothing = [""],
): Sum {
  let sum = 0n;
  let residue = 0n;
  let empty = 0;
  for (const row of rows) {
    const text = row[column];
    if (text === undefined) throw new Error(`no column ${column}`);
    if (nothing.includes(text)) {
      empty += 1;
      continue;
    }
    sum += units(text);
    residue += fine(text) - units(text) * HALF_UP;
  }
  return { rows: rows.length, empty, sum: decimal(sum, 18), residue: short(residue) };
}

/** Whole number of 10^-scale as decimal text with all its decimals. */
export function decimal(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Whole number of 10^-60 as the shortest decimal text. */
export function short(value: bigint): string {
  return decimal(value, FINE).replace(/\.?0+$/, "");
}

/** Decimal text without trailing zeros, so that two scales of one number compare equal. */
export function trimmed(text: string | null): string | null {
  return text === null ? null : short(fine(text));
}

/** Σ of decimal texts. */
export function added(...texts: string[]): string {
  return short(texts.reduce((sum, text) => sum + fine(text), 0n));
}
