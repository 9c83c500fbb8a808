import { existsSync, readFileSync } from "node:fs";
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "./errors.ts";
import { type HomePaths, sha256, writeWhole } from "./files.ts";
import type { AuditHead } from "./register/audit.ts";

/**
 * What is published: a list of month files, swapped by rename. A reader holds one list and the
 * immutable files it names, so it never sees half a build.
 */

export type MonthState = "open" | "provisional" | "settled" | "closed";

export interface PublishedMonth {
  month: string;
  /** File name in `published/`; null where an invariant failed before a first publish. */
  file: string | null;
  /** Hash of all that made it: lines, rules, settings, method. Equal means nothing to rebuild. */
  fingerprint: string;
  state: MonthState;
  /** Of a closed month, as readers see it: what it would be were it not closed. */
  builtState?: MonthState;
  /** Names of failed checks; empty when all hold. */
  failed: string[];
  /** True while the figures are those of an earlier build, because the last one broke an invariant. */
  stale: boolean;
  publishedAt: string | null;
  lines: number;
  rejected: number;
  totals: { currency: string; effective: string | null; billed: string | null }[];
  causes: Record<string, string>;
}

/** The file of recommendations and findings, beside the months. */
export interface PublishedFindings {
  file: string;
  /** Hash of all that made it: usage, months, inventory, settings, method. */
  fingerprint: string;
  publishedAt: string;
  /** True while it is that of an earlier build, because the last one could not make it anew. */
  stale: boolean;
  /** Checks that held of it, each with what was looked at; absent of versions before there were any. */
  checks?: { name: string; detail: string }[];
}

export interface PublishedList {
  publishedId: string;
  /** Where the audit log stood, so that one cut later is found; absent in lists of earlier versions. */
  audit?: AuditHead;
  publishedAt: string;
  currency: string;
  months: PublishedMonth[];
  /** Absent in lists of versions before findings; null where there was nothing to make them from. */
  findings?: PublishedFindings | null;
}

export const EMPTY_LIST: PublishedList = {
  publishedId: sha256("empty").slice(0, 32),
  publishedAt: "",
  currency: "",
  months: [],
};

function parseList(text: string, path: string): PublishedList {
  try {
    const list = JSON.parse(text) as PublishedList | null;
    if (typeof list?.publishedId === "string" && Array.isArray(list.months)) return list;
  } catch {
    // Said below.
  }
  throw new AppError(
    "WAREHOUSE_DAMAGED",
    `${path} is damaged; run "apportion build" to publish again`,
  );
}

/** What is published now, for readers. */
export async function readList(paths: HomePaths): Promise<PublishedList> {
  return readListSync(paths);
}

export function readListSync(paths: HomePaths): PublishedList {
  let text: string;
  try {
    text = readFileSync(paths.list, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return EMPTY_LIST;
    throw error;
  }
  return parseList(text, paths.list);
}

/**
 * What was published last, for the builder: where the current list is damaged or gone, the newest one
 * kept, so that building mends it and each month's restatements go on.
 */
export async function readLastList(paths: HomePaths): Promise<PublishedList> {
  try {
    const list = readListSync(paths);
    if (list !== EMPTY_LIST) return list;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  return (await keptLists(paths)).at(-1)?.list ?? EMPTY_LIST;
}

/** The newest file a kept list names for a month and that is still there; null without one. */
export async function earlierFile(paths: HomePaths, month: string): Promise<string | null> {
  for (const { list } of (await keptLists(paths)).toReversed()) {
    const file = list.months.find((entry) => entry.month === month)?.file ?? null;
    if (file !== null && existsSync(join(paths.published, file))) return file;
  }
  return null;
}

/** Kept lists, oldest first; a damaged one is of no use and is left out. */
async function keptLists(paths: HomePaths): Promise<{ name: string; list: PublishedList }[]> {
  const kept: { name: string; list: PublishedList }[] = [];
  for (const name of (await readdir(paths.lists).catch((): string[] => [])).toSorted()) {
    if (!name.endsWith(".json")) continue;
    const path = join(paths.lists, name);
    try {
      kept.push({ name, list: parseList(await readFile(path, "utf8"), path) });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
  }
  return kept;
}

/**
 * Swaps the list. `publishedId` is the hash of its content, so publishing the same again changes no
 * byte. Earlier lists are kept for rollback; files that no kept list names are removed.
 */
export async function publishList(
  paths: HomePaths,
  list: Omit<PublishedList, "publishedId">,
  keep: number,
): Promise<PublishedList> {
  const publishedId = sha256(
    JSON.stringify([
      list.currency,
      list.months.map((month) => ({ ...month, publishedAt: null })),
      ...(list.findings == null ? [] : [{ ...list.findings, publishedAt: null }]),
    ]),
  ).slice(0, 32);
  const before = await readList(paths).catch(() => null);
  if (before?.publishedId === publishedId) {
    await sweepPublished(paths, before, keep);
    return before;
  }
  const next = { publishedId, ...list };
  const text = `${JSON.stringify(next, null, 2)}\n`;
  const name = `${list.publishedAt.replaceAll(/[^0-9]/g, "")}-${publishedId}.json`;
  await writeWhole(join(paths.lists, name), text);
  await writeWhole(paths.list, text);
  await sweepPublished(paths, next, keep);
  return next;
}

/**
 * Keeps the newest `keep` lists, the current one whatever the clock said, and the files they name;
 * everything else is a leftover: of superseded months, or of a build that was killed.
 */
export async function sweepPublished(
  paths: HomePaths,
  current: PublishedList,
  keep: number,
): Promise<void> {
  const lists = await keptLists(paths);
  const newest = new Set(lists.slice(-keep).map((entry) => entry.name));
  const kept = lists.filter(
    (entry) => newest.has(entry.name) || entry.list.publishedId === current.publishedId,
  );
  const names = new Set(kept.map((entry) => entry.name));
  const files = new Set(
    [current, ...kept.map((entry) => entry.list)].flatMap((list) => [
      ...list.months.map((month) => month.file),
      list.findings?.file ?? null,
    ]),
  );
  for (const name of await readdir(paths.lists))
    if (!names.has(name)) await rm(join(paths.lists, name), { force: true });
  for (const name of await readdir(paths.published))
    if ((name.includes(".duckdb") || name.endsWith(".tmp")) && !files.has(name))
      await rm(join(paths.published, name), { force: true });
}
