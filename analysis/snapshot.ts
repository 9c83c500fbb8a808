import { join, relative } from "node:path";
import { AppError } from "../data/errors.ts";
import { type HomePaths, readerTemporary } from "../data/files.ts";
import { Pool, type PoolOptions } from "../data/pool.ts";
import { type PublishedList, type PublishedMonth, readList } from "../data/published.ts";
import { type StatementManifest, statementPath, withClosed } from "../data/statements.ts";
import { openReadOnly } from "../data/warehouse.ts";
import { FINDINGS_FILE, makeVisibleFindings } from "./findings/visible.ts";
import { makeVisible } from "./visible.ts";

/**
 * One published list, open: every month's file attached read-only, behind `visible_*` macros that
 * take the caller's scope. A new publish is a new snapshot; the old one ends with its last query.
 */
export interface Snapshot {
  list: PublishedList;
  pool: Pool;
  /** Month to the schema its macros stand in; the closed table of the `{{month}}` slot. */
  schemas: Readonly<Record<string, string>>;
  /** Where a file the list names lies. */
  pathOf(file: string): string;
  /** Answers given before; a publish never changes, so neither do they. */
  answers: Answers;
}

// About 30 MB at most: rows of these answers are around 500 bytes.
const KEPT_ROWS = 60_000;
const KEPT_ANSWER = 2_000;

/** The latest answers of one publish, by query text, parameters and scope. */
export class Answers {
  readonly #rows = new Map<string, readonly unknown[]>();
  #size = 0;
  get(key: string): readonly unknown[] | undefined {
    const rows = this.#rows.get(key);
    if (rows === undefined) return undefined;
    this.#rows.delete(key);
    this.#rows.set(key, rows);
    return rows;
  }
  set(key: string, rows: readonly unknown[]): void {
    if (rows.length > KEPT_ANSWER || this.#rows.has(key)) return;
    this.#rows.set(key, rows);
    this.#size += rows.length + 1;
    for (const [oldest, old] of this.#rows) {
      if (this.#size <= KEPT_ROWS) break;
      this.#rows.delete(oldest);
      this.#size -= old.length + 1;
    }
  }
}

export interface SnapshotOptions extends PoolOptions {
  memory?: string;
  threads?: number;
  /** Most that queries may write to disk together. */
  spill?: string;
}

/** Opens what is published now; a publish in between, which may remove what the list named, is met by looking again. */
export async function openSnapshot(
  paths: HomePaths,
  options: SnapshotOptions = {},
): Promise<Snapshot> {
  for (;;) {
    const list = withClosed(paths, await readList(paths));
    try {
      return await openList(paths, options, list);
    } catch (error) {
      if (withClosed(paths, await readList(paths)).publishedId === list.publishedId) throw error;
    }
  }
}

/** A closed statement's answers, open as a publish of that month alone. */
export async function openStatement(
  paths: HomePaths,
  manifest: StatementManifest,
  options: SnapshotOptions = {},
): Promise<Snapshot> {
  const { month, fingerprint, state, causes, closedAt, publishedId } = manifest;
  const answers = statementPath(paths, month, manifest.number, "answers");
  const entry: PublishedMonth = {
    month,
    file: relative(paths.published, answers),
    fingerprint,
    state: "closed",
    builtState: state,
    failed: [],
    stale: false,
    publishedAt: closedAt,
    lines: 0,
    rejected: 0,
    totals: manifest.totals,
    causes,
  };
  return openList(paths, options, {
    publishedId,
    publishedAt: closedAt,
    currency: manifest.totals[0]?.currency ?? "",
    months: [entry],
  });
}

async function openList(
  paths: HomePaths,
  options: SnapshotOptions,
  published: PublishedList,
): Promise<Snapshot> {
  const months = published.months.filter((month) => month.file !== null);
  const findings = published.findings ?? null;
  const engine = await openReadOnly(
    [
      ...months.map((month) => ({
        name: catalogOf(month.month),
        path: join(paths.published, month.file as string),
      })),
      ...(findings === null
        ? []
        : [{ name: FINDINGS_FILE, path: join(paths.published, findings.file) }]),
    ],
    {
      memory: options.memory ?? "512MB",
      threads: options.threads ?? 2,
      temp: readerTemporary(paths),
      ...(options.spill === undefined ? {} : { spill: options.spill }),
    },
    async (session) => {
      await makeVisible(
        session,
        months.map(({ month }) => ({ month, catalog: catalogOf(month), schema: schemaOf(month) })),
      );
      await makeVisibleFindings(session, findings !== null);
    },
  );
  return {
    list: published,
    pool: await Pool.open(engine, options),
    answers: new Answers(),
    pathOf: (file) => join(paths.published, file),
    schemas: Object.fromEntries(months.map((month) => [month.month, schemaOf(month.month)])),
  };
}

const catalogOf = (month: string) => `m_${month.replace("-", "_")}`;
const schemaOf = (month: string) => `s_${month.replace("-", "_")}`;

/** The entry of a month, or the newest published; MONTH_UNKNOWN and NOTHING_PUBLISHED say what to do. */
export function monthOf(snapshot: Snapshot, asked: string | undefined): PublishedMonth {
  const months = snapshot.list.months.filter((month) => month.file !== null);
  const newest = months.at(-1);
  if (newest === undefined)
    throw new AppError(
      "NOTHING_PUBLISHED",
      'nothing is published yet; run "apportion run" to ingest and build, or "apportion demo" to look around',
    );
  if (asked === undefined) return newest;
  const found = months.find((month) => month.month === asked);
  if (found === undefined)
    throw new AppError(
      "MONTH_UNKNOWN",
      `month ${asked} is not published; there are ${months[0]?.month} to ${newest.month}`,
    );
  return found;
}
