import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "./errors.ts";
import { type HomePaths, sha256, writeWhole } from "./files.ts";
import type { MonthState, PublishedList } from "./published.ts";
import type { AuditHead } from "./register/audit.ts";

/** A statement as it was closed: `statements/<month>/<n>.*`, never changed, never pruned. */

/** Something about a month that finance should know before it is booked. */
export interface OpenQuestion {
  kind: "state" | "stale" | "check" | "unowned" | "coverage" | "rejected" | "source";
  /** True: it is closed over this only with a reason. */
  blocks: boolean;
  text: string;
  currency: string | null;
  /** Decimal text, where it is about money. */
  amount: string | null;
}

/** Sums of a currency in plain decimal text. */
export interface Amounts {
  currency: string;
  effective: string;
  billed: string;
  list: string;
}

/** What a statement is, and what it was made from; `<n>.json` is this, in canonical JSON. */
export interface StatementManifest {
  month: string;
  number: number;
  closedAt: string;
  closedBy: string;
  role: string;
  /** Why it was closed over open questions; null where it needed no reason. */
  reason: string | null;
  /** The month's state when it was closed. */
  state: MonthState;
  policy: string;
  method: string;
  publishedId: string;
  /** Hash of all that made the figures, and of its parts: import, usage, rules, configuration, method. */
  fingerprint: string;
  causes: Record<string, string>;
  totals: Amounts[];
  questions: OpenQuestion[];
  /** SHA-256 of each file of the statement, by what it is. */
  files: Partial<Record<StatementFile, string>>;
  /** What it changes against the statement before; null for the first. */
  change: Amounts[] | null;
  /** Hash of the figures alone, without number and state: equal means nothing was restated. */
  figures: string;
  /** Where the audit log stood when it was made. */
  audit: AuditHead;
}

/** Endings of a statement's files: the CSV, the month's answers, what changed by entry, line and team. */
export const STATEMENT_FILES = {
  statement: "csv",
  answers: "duckdb",
  diff: "diff.csv",
  diffLines: "diff-lines.csv",
  diffTeams: "diff.json",
} as const;
export type StatementFile = keyof typeof STATEMENT_FILES;

/** Where a file of a statement lies; `manifest` is `<n>.json`. */
export function statementPath(
  paths: HomePaths,
  month: string,
  number: number,
  file: StatementFile | "manifest" | "sum",
): string {
  const ending =
    file === "manifest" ? "json" : file === "sum" ? "csv.sha256" : STATEMENT_FILES[file];
  return join(paths.statements, month, `${number}.${ending}`);
}

/** The bytes of a statement's CSV, which are those that were closed; STATEMENT_DAMAGED where they are not. */
export function readStatement(paths: HomePaths, manifest: StatementManifest): Buffer {
  const path = statementPath(paths, manifest.month, manifest.number, "statement");
  const bytes = existsSync(path) ? readFileSync(path) : null;
  if (bytes === null || sha256(bytes) !== manifest.files.statement)
    throw new AppError(
      "STATEMENT_DAMAGED",
      `${path} is ${bytes === null ? "missing" : "not as it was closed"}; bring it back with "apportion restore"`,
    );
  return bytes;
}

interface ClosedMonths {
  [month: string]: number;
}

/** The file of `published/` that names the closed months. */
export const CLOSED = "closed.json";
const closedPath = (paths: HomePaths) => join(paths.published, CLOSED);

/** Tells readers which months are closed, without a build: a small file made from the register. */
export async function writeClosed(
  paths: HomePaths,
  manifests: readonly StatementManifest[],
): Promise<void> {
  const closed: ClosedMonths = {};
  for (const { month, number } of manifests) closed[month] = Math.max(number, closed[month] ?? 0);
  const sorted = Object.fromEntries(
    Object.entries(closed).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  const text = `${JSON.stringify(sorted)}\n`;
  const path = closedPath(paths);
  if (manifests.length === 0 && !existsSync(path)) return;
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) await writeWhole(path, text);
}

/**
 * The list as readers see it: closed months say so. Its id follows the closes, so that what a browser
 * or a cache holds of before is not taken for what is now.
 */
export function withClosed(paths: HomePaths, list: PublishedList): PublishedList {
  let text: string;
  try {
    text = readFileSync(closedPath(paths), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return list;
    throw error;
  }
  const closed = parseClosed(text);
  if (!list.months.some(({ month }) => closed[month] !== undefined)) return list;
  return {
    ...list,
    publishedId: sha256(`${list.publishedId} ${text}`).slice(0, 32),
    months: list.months.map((entry) =>
      closed[entry.month] === undefined
        ? entry
        : { ...entry, state: "closed" as const, builtState: entry.state },
    ),
  };
}

/** Made from the register by every build and close: a damaged one closes nothing and is written anew. */
function parseClosed(text: string): ClosedMonths {
  try {
    const closed = JSON.parse(text) as ClosedMonths | null;
    return typeof closed === "object" && closed !== null ? closed : {};
  } catch {
    return {};
  }
}
