import { readFileSync } from "node:fs";
import { CsvError, parse } from "csv-parse/sync";
import { readConsumer, readQuantity, shownCell } from "../data/drivers.ts";
import { AppError, printable } from "../data/errors.ts";
import { parseDay } from "../data/period.ts";

/** A consumer's weight from a day on; all of one `day_from` are a set that replaces the one before. */
export interface WeightRow {
  from: string;
  consumer: string;
  /** Millionths, as decimal text of a whole number. */
  weight: string;
}

const COLUMNS = ["day_from", "consumer", "weight"] as const;

/**
 * Reads a weights file. It is part of the configuration: anything wrong in it is an error with its
 * line, and nothing is put aside.
 * @param check refuses a consumer that cannot be; is told the place
 */
export function readWeights(
  file: string,
  place: string,
  check: (consumer: string, place: string) => void,
): WeightRow[] {
  const fault = (why: string, cause?: unknown): never => {
    throw new AppError("CONFIG_INVALID", `${place}: ${why}`, { cause });
  };
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return fault(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? ""})`, error);
  }
  let records: { record: string[]; info: { lines: number } }[] = [];
  try {
    records = parse(text, {
      bom: true,
      info: true,
      trim: true,
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as typeof records;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return fault(`${file}: ${printable(error.message)}`, error);
  }
  const [header, ...rest] = records;
  const names = (header?.record ?? []).map((name) => name.toLowerCase());
  if (names.join(",") !== COLUMNS.join(","))
    return fault(
      `${file}:1: the header is ${shownCell(names.join(","))}; it must be ${COLUMNS.join(",")}`,
    );
  if (rest.length === 0) return fault(`${file}: a header and no rows`);
  const seen = new Map<string, number>();
  return rest.map(({ record, info }) => {
    const at = `${file}:${info.lines}`;
    if (record.length !== COLUMNS.length)
      return fault(`${at}: ${record.length} fields, and the header has ${COLUMNS.length}`);
    const [day = "", who = "", how = ""] = record;
    const from = parseDay(day, `${place}: ${at}: day_from`);
    const consumer = readConsumer(who);
    if ("reason" in consumer) return fault(`${at}: ${consumer.reason}`);
    check(consumer.value, `${place}: ${at}`);
    const weight = readQuantity(how);
    if ("reason" in weight) return fault(`${at}: ${weight.reason.replace("quantity", "weight")}`);
    const key = `${from} ${consumer.value}`;
    const before = seen.get(key);
    if (before !== undefined)
      return fault(`${at}: ${who} has a weight from ${from} already, on line ${before}`);
    seen.set(key, info.lines);
    return { from, consumer: consumer.value, weight: String(weight.value) };
  });
}
