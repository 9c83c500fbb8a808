import { readFile, readdir, rm } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "./errors.ts";
import { type HomePaths, sha256, writeWhole } from "./files.ts";

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

export interface PublishedList {
  publishedId: string;
  publishedAt: string;
  currency: string;
  months: PublishedMonth[];
}

export const EMPTY_LIST: PublishedList = {
  publishedId: sha256("empty").slice(0, 32),
  publishedAt: "",
  currency: "",
  months: [],
};

function parseList(text: string, path: string): PublishedList {
  try {
    return JSON.parse(text) as PublishedList;
  } catch (error) {
    throw new AppError(
      "WAREHOUSE_DAMAGED",
      `${path} is damaged; run "apportion build" to publish again`,
      { cause: error },
    );
  }
}

export async function readList(paths: HomePaths): Promise<PublishedList> {
  try {
    return parseList(await readFile(paths.list, "utf8"), paths.list);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return EMPTY_LIST;
    throw error;
  }
}

export function readListSync(paths: HomePaths): PublishedList {
  try {
    return parseList(readFileSync(paths.list, "utf8"), paths.list);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return EMPTY_LIST;
    throw error;
  }
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
    JSON.stringify([list.currency, list.months.map((month) => ({ ...month, publishedAt: null }))]),
  ).slice(0, 32);
  const before = await readList(paths);
  if (before.publishedId === publishedId) return before;
  const next = { publishedId, ...list };
  const text = `${JSON.stringify(next, null, 2)}\n`;
  const name = `${list.publishedAt.replaceAll(/[^0-9]/g, "")}-${publishedId}.json`;
  await writeWhole(join(paths.lists, name), text);
  await writeWhole(paths.list, text);
  await prune(paths, keep);
  return next;
}

async function prune(paths: HomePaths, keep: number): Promise<void> {
  const lists = (await readdir(paths.lists)).filter((name) => name.endsWith(".json")).toSorted();
  for (const name of lists.slice(0, -keep)) await rm(join(paths.lists, name));
  const named = new Set<string>();
  for (const name of lists.slice(-keep))
    for (const month of parseList(await readFile(join(paths.lists, name), "utf8"), name).months)
      if (month.file !== null) named.add(month.file);
  for (const name of await readdir(paths.published))
    if (name.includes(".duckdb") && !named.has(name)) await rm(join(paths.published, name));
}
