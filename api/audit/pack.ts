import { readFile } from "node:fs/promises";
import { ask, LOCAL_ADMINISTRATOR, type QueryName } from "../../analysis/ask.ts";
import { openStatement, type Snapshot } from "../../analysis/snapshot.ts";
import { type ArchiveEntry, archiveBytes } from "../../data/archive.ts";
import { canonicalJson } from "../../data/canonical.ts";
import { csvRecord } from "../../data/csv.ts";
import { AppError } from "../../data/errors.ts";
import { type HomePaths, sha256 } from "../../data/files.ts";
import type { Register } from "../../data/register.ts";
import { type AuditRow, auditRows } from "../../data/register/audit.ts";
import { manifestText } from "../../data/register/statements.ts";
import { readStatement, type StatementManifest, statementPath } from "../../data/statements.ts";
import { PACK_README } from "./readme.ts";

/** The file of a pack that holds every other file's SHA-256, as `sha256sum -c` reads it. */
export const SUMS = "SHA256SUMS";
export const TRAIL = "trail.tsv";

const DIFFS = { diff: "diff.csv", diffLines: "diff-lines.csv" } as const;

/**
 * What an external auditor asks for about one statement, in one archive: the same bytes whenever it is
 * packed. All of it comes from what was closed: the statement's files, its answers, and the audit log up to
 * its close.
 */
export async function packStatement(
  paths: HomePaths,
  register: Register,
  manifest: StatementManifest,
  signal: AbortSignal,
): Promise<Buffer> {
  const { month, number } = manifest;
  const files: Record<string, string | Uint8Array> = {
    "README.txt": PACK_README,
    [`statement/${number}.csv`]: readStatement(paths, manifest),
    [`statement/${number}.json`]: manifestText(manifest),
    [TRAIL]: trailText(auditRows(register), manifest),
  };
  for (const [file, ending] of Object.entries(DIFFS))
    if (manifest.files[file as keyof typeof DIFFS] !== undefined)
      files[`statement/${number}.${ending}`] = await readFile(
        statementPath(paths, month, number, file as keyof typeof DIFFS),
      );
  const snapshot = await openStatement(paths, manifest, { size: 1, threads: 1 });
  try {
    const csv = async (name: QueryName) => csvOf(await rowsOf(snapshot, name, month, signal));
    files["sources.csv"] = await csv("pack-units");
    files["control-totals.csv"] = await csv("pack-controls");
    files["reconciliation.csv"] = await csv("reconciliation");
    files["checks.csv"] = await csv("checks");
    const causes = await rowsOf<{ name: string; text: string }>(
      snapshot,
      "pack-causes",
      month,
      signal,
    );
    for (const { name, text } of causes)
      files[name === "method" ? "method.md" : `made-from/${name}.json`] = text;
  } finally {
    await snapshot.pool.close();
  }
  return packBytes(files, manifest.closedAt);
}

/** The archive of some files and their sums; deterministic. */
export async function packBytes(
  files: Readonly<Record<string, string | Uint8Array>>,
  at: string,
): Promise<Buffer> {
  const entries = Object.entries(files).map(([name, content]): ArchiveEntry => ({
    name,
    content: typeof content === "string" ? Buffer.from(content) : content,
  }));
  return archiveBytes([...entries, { name: SUMS, content: Buffer.from(sumsText(entries)) }], at);
}

function sumsText(entries: readonly ArchiveEntry[]): string {
  return entries
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, content }) => `${sha256(content as Uint8Array)}  ${name}\n`)
    .join("");
}

/**
 * The audit log up to the statement's close, a row a line: its hash, and what the hash is of where the row
 * is about this month. Other rows' contents are not this auditor's; their hashes keep the chain whole.
 */
function trailText(rows: readonly AuditRow[], manifest: StatementManifest): string {
  const { month, number } = manifest;
  const end = rows.findIndex(
    ({ action, subject, details }) =>
      action === "statement.close" &&
      subject === `month:${month}` &&
      (JSON.parse(details) as { number: number }).number === number,
  );
  if (end < 0)
    throw new AppError(
      "AUDIT_BROKEN",
      `the audit log does not know that ${month} was closed as no. ${number}; run "apportion audit --verify"`,
    );
  return rows
    .slice(0, end + 1)
    .map((row) => `${row.hash}\t${isAbout(row, month) ? hashedText(row) : `- ${row.before}`}\n`)
    .join("");
}

/** The text whose SHA-256 a row's hash is. */
export function hashedText(row: AuditRow): string {
  const { n, at, actor, role, action, subject, details, before } = row;
  return canonicalJson([n, at, actor, role, action, subject, details, before]);
}

function isAbout({ subject, action, details }: AuditRow, month: string): boolean {
  if (subject === `month:${month}`) return true;
  if (action !== "build.publish") return false;
  const { months } = JSON.parse(details) as { months: { month: string }[] };
  return months.some((entry) => entry.month === month);
}

async function rowsOf<T = Record<string, unknown>>(
  snapshot: Snapshot,
  name: QueryName,
  month: string,
  signal: AbortSignal,
): Promise<T[]> {
  return ask<T>(snapshot, name, LOCAL_ADMINISTRATOR, { month }, signal);
}

/** Rows as CSV; a table without rows is said to be one. */
function csvOf(rows: readonly Record<string, unknown>[]): string {
  const [first] = rows;
  if (first === undefined) return csvRecord(["nothing"]);
  const columns = Object.keys(first);
  return [
    csvRecord(columns),
    ...rows.map((row) => csvRecord(columns.map((column) => plain(row[column])))),
  ].join("");
}

/** Decimals without trailing zeros; of any number of digits, so not through `plainAmount`. */
function plain(value: unknown): unknown {
  if (typeof value !== "string" || !/^-?\d+\.\d+$/.test(value)) return value;
  return value.replace(/0+$/, "").replace(/\.$/, "");
}
