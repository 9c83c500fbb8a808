import { parse } from "csv-parse/sync";
import { AppError, printable } from "../../data/errors.ts";

/** A person as a directory knows them, with the addresses in the clear: never written to a file. */
export interface Person {
  email: string;
  /** Other names of the same person: user principal name, object id. */
  aliases: string[];
  manager: string | null;
  team: string | null;
  /** Days `YYYY-MM-DD`, half-open; null: always, or still. */
  validFrom: string | null;
  validTo: string | null;
}

const COLUMNS = ["email", "manager", "team", "valid_from", "valid_to"] as const;
const DAY = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;

/** Reads `email,manager,team,valid_from,valid_to`, and `aliases` (separated by spaces) where it is there. */
export function readPeople(text: string, file: string): Person[] {
  const invalid = (line: number, what: string) =>
    new AppError("FILE_INVALID", `${file}:${line}: ${what}; correct it and run the ingest again`);
  let records: string[][];
  try {
    records = parse(text, {
      bom: true,
      skip_empty_lines: true,
      trim: true,
      relax_column_count: true,
    });
  } catch (error) {
    throw invalid(1, `is not CSV (${(error as Error).message})`);
  }
  const [header = [], ...rows] = records;
  const places = new Map(header.map((name, index) => [name.toLowerCase(), index]));
  for (const column of COLUMNS)
    if (!places.has(column)) throw invalid(1, `the column "${column}" is missing`);
  return rows.map((row, index) => {
    const line = index + 2;
    const cell = (name: string) => row[places.get(name) ?? -1] ?? "";
    const email = cell("email");
    if (!/^[^\s@]+@[^\s@]+$/.test(email))
      throw invalid(line, `"${printable(email)}" is not an e-mail address`);
    for (const name of ["valid_from", "valid_to"])
      if (cell(name) !== "" && !DAY.test(cell(name)))
        throw invalid(line, `${name} "${printable(cell(name))}" is not a day as YYYY-MM-DD`);
    return {
      email,
      aliases: cell("aliases").split(/\s+/).filter(Boolean),
      manager: cell("manager") || null,
      team: cell("team") || null,
      validFrom: cell("valid_from") || null,
      validTo: cell("valid_to") || null,
    };
  });
}
