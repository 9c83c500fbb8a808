import { join } from "node:path";
import { AppError } from "../data/errors.ts";
import { type HomePaths, readerTemporary } from "../data/files.ts";
import { Pool, type PoolOptions } from "../data/pool.ts";
import { type PublishedList, type PublishedMonth, readList } from "../data/published.ts";
import { openReadOnly, type Session, sqlName } from "../data/warehouse.ts";

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

/** Tables with a team column: cut to the caller's scope. */
const BY_TEAM = {
  spend: "team",
  spend_month: "team",
  spend_resource: "team",
  line: "x_team",
  restatement: "team",
  team_version: "team",
} as const;
/** Tables about the whole company: empty for a caller with a scope, since totals leak by subtraction. */
const WHOLE = ["imported", "repair", "stated", "check_result", "rejected", "month_unit"] as const;

export const NOTHING = "nothing";
const EVERY = "every";

export interface SnapshotOptions extends PoolOptions {
  memory?: string;
  threads?: number;
}

/** Opens what is published now; a publish in between, which may remove what the list named, is met by looking again. */
export async function openSnapshot(
  paths: HomePaths,
  options: SnapshotOptions = {},
): Promise<Snapshot> {
  for (;;) {
    const list = await readList(paths);
    try {
      return await openList(paths, options, list);
    } catch (error) {
      if ((await readList(paths)).publishedId === list.publishedId) throw error;
    }
  }
}

async function openList(
  paths: HomePaths,
  options: SnapshotOptions,
  published: PublishedList,
): Promise<Snapshot> {
  const months = published.months.filter((month) => month.file !== null);
  const engine = await openReadOnly(
    months.map((month) => ({
      name: catalogOf(month),
      path: join(paths.published, month.file as string),
    })),
    {
      memory: options.memory ?? "512MB",
      threads: options.threads ?? 2,
      temp: readerTemporary(paths),
    },
    async (session) => makeMacros(session, months),
  );
  return {
    list: published,
    pool: await Pool.open(engine, options),
    answers: new Answers(),
    pathOf: (file) => join(paths.published, file),
    schemas: Object.fromEntries(months.map((month) => [month.month, schemaOf(month.month)])),
  };
}

const catalogOf = (month: PublishedMonth) => `m_${month.month.replace("-", "_")}`;
const schemaOf = (month: string) => `s_${month.replace("-", "_")}`;

async function makeMacros(session: Session, months: readonly PublishedMonth[]): Promise<void> {
  const first = months[0];
  if (first === undefined) return;
  const macros = async (schema: string, source: (table: string) => string) => {
    await session.script(`CREATE SCHEMA ${schema}`);
    for (const [table, column] of Object.entries(BY_TEAM))
      await session.script(
        `CREATE MACRO ${schema}.visible_${table}(scope) AS TABLE SELECT * FROM ${source(table)} WHERE scope IS NULL OR list_contains(scope, ${column})`,
      );
    for (const table of WHOLE)
      await session.script(
        `CREATE MACRO ${schema}.visible_${table}(scope) AS TABLE SELECT * FROM ${source(table)} WHERE scope IS NULL`,
      );
  };
  for (const month of months)
    await macros(schemaOf(month.month), (table) => `${sqlName(catalogOf(month))}.main.${table}`);
  await macros(
    NOTHING,
    (table) => `(SELECT * FROM ${sqlName(catalogOf(first))}.main.${table} LIMIT 0)`,
  );
  const union = months
    .map((month) => `SELECT * FROM ${sqlName(catalogOf(month))}.main.spend_month`)
    .join(" UNION ALL ");
  await session.script(`CREATE SCHEMA ${EVERY}`);
  await session.script(
    `CREATE MACRO ${EVERY}.visible_spend_month(scope) AS TABLE SELECT * FROM (${union}) WHERE scope IS NULL OR list_contains(scope, team)`,
  );
}

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
