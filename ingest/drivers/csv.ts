import { createReadStream } from "node:fs";
import { CsvError, parse } from "csv-parse";
import { hint } from "../../data/config.ts";
import { AppError, printable } from "../../data/errors.ts";
import { columnKey, readCsvHeader } from "../cost/header.ts";
import type { RejectedLine } from "../source.ts";
import { readConsumer, readQuantity } from "../../data/drivers.ts";
import { readDriver, readHour } from "./cells.ts";
import type { DriverRow } from "./facts.ts";

const COLUMNS = ["hour", "driver", "consumer", "quantity"] as const;
const SHOWN = 2_000;
// No row of four cells is longer; a quote that never closes is.
const MOST_BYTES = 64 << 10;

/**
 * Reads quantities from a CSV file with the columns hour, driver, consumer and quantity; others are
 * left alone. A row that cannot be taken is put aside with its line and the reason.
 * @param path plain text; `file` is what people call it
 */
export async function readDriverFile(
  path: string,
  file: string,
  take: (row: DriverRow) => void,
  signal: AbortSignal,
): Promise<{ rows: number; rejected: RejectedLine[] }> {
  const header = await readCsvHeader(path, file);
  const places = COLUMNS.map((column) => {
    const place = header.index.get(columnKey(column));
    if (place === undefined)
      throw new AppError(
        "HEADER_INVALID",
        `${file}:1: the column ${column} is missing${hint(column, header.names.map(printable))}; the header must be ${COLUMNS.join(",")}`,
      );
    return place;
  });
  const rejected: RejectedLine[] = [];
  let rows = 0;
  let at = 0;
  const input = createReadStream(path, { highWaterMark: 1 << 20, signal });
  const parser = input.pipe(
    parse({
      bom: true,
      info: true,
      raw: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MOST_BYTES,
      record_delimiter: ["\r\n", "\n", "\r"],
    }),
  );
  // A pipe does not carry the error of a read that failed.
  input.on("error", (error) => parser.destroy(error));
  try {
    for await (const parsed of parser as AsyncIterable<Parsed>) {
      at += 1;
      if (at === 1) continue;
      const { record, raw, info } = parsed;
      const cells = places.map((place) => (record[place] ?? "").trim());
      const row = rowOf(cells, record.length, header.names.length, raw);
      if ("value" in row) {
        take(row.value);
        rows += 1;
      } else {
        const hour = readHour(cells[0] ?? "");
        rejected.push({
          file,
          // Where it begins; a quoted cell may run over several.
          line: info.lines - (raw.trim().match(/\r\n|\r|\n/g)?.length ?? 0),
          reason: row.reason,
          text: printable(raw.trim()).slice(0, SHOWN),
          month: "value" in hour ? new Date(hour.value * 1000).toISOString().slice(0, 7) : null,
          currency: null,
          amount: null,
        });
      }
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new AppError(
      "FILE_INVALID",
      `${file}:${at + 1}: from here on the quotes do not match, or a row is over ${MOST_BYTES} bytes; write the file again`,
      { cause: error },
    );
  }
  if (rows === 0)
    throw new AppError(
      "FILE_INVALID",
      rejected[0] === undefined
        ? `${file}: a header and no rows; write the file again or remove it`
        : `${file}:${rejected[0].line}: ${rejected[0].reason}; none of the ${rejected.length} rows can be taken, the last good load stays`,
    );
  return { rows, rejected };
}

interface Parsed {
  record: string[];
  raw: string;
  info: { lines: number };
}

function rowOf(
  [hourText = "", driverText = "", consumerText = "", quantityText = ""]: readonly string[],
  fields: number,
  width: number,
  raw: string,
): { value: DriverRow } | { reason: string } {
  if (raw.includes("\ufffd")) return { reason: "the row is not UTF-8" };
  if (fields !== width) return { reason: `the row has ${fields} fields, the header ${width}` };
  const hour = readHour(hourText);
  if ("reason" in hour) return hour;
  const driver = readDriver(driverText);
  if ("reason" in driver) return driver;
  const consumer = readConsumer(consumerText);
  if ("reason" in consumer) return consumer;
  const quantity = readQuantity(quantityText);
  if ("reason" in quantity) return quantity;
  return {
    value: {
      hour: hour.value,
      driver: driver.value,
      consumer: consumer.value,
      quantity: quantity.value,
    },
  };
}
