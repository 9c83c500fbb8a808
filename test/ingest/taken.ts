import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ask, LOCAL_ADMINISTRATOR } from "../../analysis/ask.ts";
import { build, type BuildResult } from "../../analysis/build.ts";
import { openSnapshot } from "../../analysis/snapshot.ts";
import { readConfig } from "../../api/config.ts";
import { writeExport } from "../../api/exports.ts";
import { homePaths } from "../../data/files.ts";
import { openLedger } from "../../data/ledger.ts";
import { storedLines } from "../../data/lines.ts";
import { Register } from "../../data/register.ts";
import { openWriter } from "../../data/warehouse.ts";
import { ingest, type IngestResult } from "../../ingest/run.ts";
import type { Source } from "../../ingest/source.ts";
import { writeConfig } from "../home.ts";
import { csvRows } from "./oracle.ts";

/** Takes in and builds in this process, as the commands do; many bills in the time of one start. */

export const NOW = new Date("2026-09-20T12:00:00Z");

export interface Event {
  source: string;
  unit: string;
  outcome: string;
  rows: number;
  rejected: number;
  problem: string | null;
  code: string | null;
}

export interface Taken extends IngestResult {
  events: Event[];
}

export interface TakeOptions {
  /** YAML lines under `sources:`; the default reads `exports/`. */
  sources?: string;
  since?: string;
  until?: string;
  now?: Date;
  /** Names of the sources that are read; all of them unless said. */
  only?: readonly string[];
  /** Puts another source in a configured one's place. */
  wrap?: (source: Source) => Source;
}

/** `ingest` over a folder's configuration, which is written here. */
export async function take(folder: string, options: TakeOptions = {}): Promise<Taken> {
  const config = readConfig(await writeConfig(folder, "", options.sources));
  const register = new Register(homePaths(config.home).register);
  const events: Event[] = [];
  try {
    const result = await ingest({
      home: config.home,
      sources: config.sources
        .filter(({ name }) => options.only?.includes(name) ?? true)
        .map((source) => options.wrap?.(source) ?? source),
      register,
      now: () => options.now ?? NOW,
      signal: new AbortController().signal,
      report: { progress() {}, unit: (event) => events.push(event) },
      since: options.since,
      until: options.until,
      landingDays: 7,
    });
    return { ...result, events };
  } finally {
    register.close();
  }
}

/** `build` over the configuration that `take` wrote. */
export async function publish(folder: string): Promise<BuildResult> {
  const config = readConfig(join(folder, "apportion.yaml"));
  const register = new Register(homePaths(config.home).register);
  try {
    return await build({
      home: config.home,
      settings: config.build,
      register,
      now: () => NOW,
      signal: new AbortController().signal,
      progress() {},
    });
  } finally {
    register.close();
  }
}

export type StoredLine = Record<string, string | null>;

/** Every Parquet file of lines a home holds. */
export const linesOf = (folder: string) =>
  readdirSync(join(folder, "home/lines"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".parquet"))
    .map((name) => join(folder, "home/lines", name));

/** Stored lines of all Parquet files of a home, read by an engine of its own. */
export async function stored(folder: string, columns = "*", rest = ""): Promise<StoredLine[]> {
  const files = linesOf(folder);
  if (files.length === 0) return [];
  return sql(`SELECT ${columns} FROM ${storedLines(files)} ${rest}`);
}

/** Rows of a statement run on an empty engine in memory. */
export async function sql(text: string): Promise<StoredLine[]> {
  const engine = await openWriter(":memory:");
  try {
    const session = await engine.session();
    try {
      return await session.rows<StoredLine>(text);
    } finally {
      session.close();
    }
  } finally {
    engine.close();
  }
}

/** Rows of the ledger. */
export async function ledger(folder: string, text: string): Promise<StoredLine[]> {
  const opened = await openLedger(homePaths(join(folder, "home")));
  try {
    return await opened.session.rows<StoredLine>(text);
  } finally {
    opened.close();
  }
}

export interface Published {
  reconciliation: StoredLine[];
  statement: Record<string, string>[];
  checks: StoredLine[];
  lines: StoredLine[];
}

/** What a month's readers get: its reconciliation, its statement CSV and its checks. */
export async function published(folder: string, month: string): Promise<Published> {
  const snapshot = await openSnapshot(homePaths(join(folder, "home")));
  try {
    let statement = "";
    await writeExport("statement", snapshot, LOCAL_ADMINISTRATOR, { month }, async (text) => {
      statement += text;
    });
    const question = { month };
    return {
      reconciliation: await ask(snapshot, "reconciliation", LOCAL_ADMINISTRATOR, question),
      checks: await ask(snapshot, "checks", LOCAL_ADMINISTRATOR, question),
      lines: await ask(snapshot, "lines", LOCAL_ADMINISTRATOR, { month, params: { team: null } }),
      statement: csvRows(statement),
    };
  } finally {
    await snapshot.pool.close();
  }
}

/** Orders by what stands there as text, whatever it is. */
export const byText = (a: unknown, b: unknown): number => {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
};
