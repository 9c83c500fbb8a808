import { parse } from "csv-parse/sync";
import { csvCell } from "../../data/csv.ts";
import { AppError } from "../../data/errors.ts";
import type { HomePaths } from "../../data/files.ts";
import { Register } from "../../data/register.ts";
import { statements } from "../../data/register/statements.ts";
import { readStatement, type StatementManifest } from "../../data/statements.ts";

/** A month's statement of a number, or its latest; null where it was never closed. STATEMENT_UNKNOWN names what there is. */
export function findStatement(
  paths: HomePaths,
  month: string,
  number?: number,
): StatementManifest | null {
  const register = new Register(paths.register);
  try {
    const all = statements(register, month);
    if (number === undefined) return all.at(-1) ?? null;
    const found = all.find((manifest) => manifest.number === number);
    if (found !== undefined) return found;
    throw new AppError(
      "STATEMENT_UNKNOWN",
      `${month} has no statement no. ${number}; ${all.length === 0 ? "it is not closed" : `there are ${all.map((one) => one.number).join(", ")}`}`,
    );
  } finally {
    register.close();
  }
}

/**
 * A statement's CSV as it was closed, byte for byte; cut to `teams`, its header and their records, as
 * they stand. TEAM_UNKNOWN where the one team that was asked for has none.
 */
export function statementBytes(
  paths: HomePaths,
  manifest: StatementManifest,
  teams: readonly string[] | null,
  asked?: string,
): Buffer {
  const bytes = readStatement(paths, manifest);
  if (teams === null && asked === undefined) return bytes;
  const shown = asked === undefined ? teams : (teams ?? [asked]).filter((team) => team === asked);
  const [head = "", ...records] = csvRecords(bytes.toString("utf8"));
  const cells = (record: string) => (parse(record) as string[][])[0] ?? [];
  const column = cells(head).indexOf("Team");
  const wanted = new Set(shown?.map((team) => cells(csvCell(team))[0]));
  const own = records.filter((record) => wanted.has(cells(record)[column]));
  if (own.length === 0 && asked !== undefined)
    throw new AppError(
      "TEAM_UNKNOWN",
      `team "${asked}" has no cost in statement ${manifest.number} of ${manifest.month}`,
    );
  return Buffer.from([head, ...own].join(""));
}

/** A CSV's records as they stand, line end included; one within quotes ends none. */
function csvRecords(text: string): string[] {
  return text.match(/(?:[^"\n]|"[^"]*")*\n/g) ?? [];
}
