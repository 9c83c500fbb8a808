import { DatabaseSync } from "node:sqlite";
import { chmodSync, existsSync, mkdirSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { AppError, asAppError } from "./errors.ts";

/**
 * What ran and what people decided: small, transactional, precious. The only file that imports
 * SQLite. Workers write while the server reads, so a source that failed since the last publish is
 * seen at once.
 */

export interface UnitReport {
  source: string;
  type: string;
  unit: string;
  run: string | null;
  months: string[];
  state: "loaded" | "failed" | "refused" | "vanished";
  rows: number;
  rejected: number;
  rejectedAmount: { currency: string; amount: string }[];
  submittedAt: string | null;
  at: string;
  problem: string | null;
  code: string | null;
}

export interface SourceReport {
  name: string;
  type: string;
  lastSuccess: string | null;
  lastAttempt: string | null;
  failingSince: string | null;
  problem: string | null;
}

export interface RejectedReport {
  source: string;
  unit: string;
  file: string;
  line: number | null;
  reason: string;
  text: string;
  currency: string | null;
  amount: string | null;
}

export interface BuildReport {
  month: string;
  at: string;
  published: boolean;
  problem: string | null;
  checks: string;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS source_report (
  name TEXT PRIMARY KEY, type TEXT NOT NULL, last_success TEXT, last_attempt TEXT,
  failing_since TEXT, problem TEXT);
CREATE TABLE IF NOT EXISTS unit_report (
  source TEXT NOT NULL, unit TEXT NOT NULL, report TEXT NOT NULL, PRIMARY KEY (source, unit));
CREATE TABLE IF NOT EXISTS rejected_report (
  source TEXT NOT NULL, unit TEXT NOT NULL, report TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS rejected_by_unit ON rejected_report (source, unit);
CREATE TABLE IF NOT EXISTS build_report (month TEXT PRIMARY KEY, report TEXT NOT NULL);
`;

/**
 * Writes a report, or not: on a full disk the register cannot be written either. The work it is about
 * has been done and told, and the next run reports it anew.
 */
export function noted(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (asAppError(error).code !== "DISK_FULL") throw error;
  }
}

const ROOM = 1 << 17;

function isDiskFull(path: string): boolean {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize < ROOM;
}

function diskFull(path: string, error: unknown): AppError {
  return new AppError(
    "DISK_FULL",
    `${path}: the disk is full; free space and run the command again`,
    { cause: error },
  );
}

function open(path: string): DatabaseSync {
  // From the first statement on: opening itself may meet another process that recovers or closes it.
  const db = new DatabaseSync(path, { timeout: 5_000 });
  try {
    chmodSync(path, 0o600);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    db.exec(SCHEMA);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The register as it was last closed; writes nothing, not even a log. */
function openAsClosed(path: string, error: unknown): DatabaseSync {
  if (!existsSync(path)) throw diskFull(path, error);
  const url = pathToFileURL(path);
  url.searchParams.set("immutable", "1");
  const db = new DatabaseSync(url, { readOnly: true });
  const made = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'build_report'").get();
  if (made !== undefined) return db;
  db.close();
  throw diskFull(path, error);
}

export class Register {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #readOnly: boolean = false;
  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#path = path;
    try {
      this.#db = open(path);
    } catch (error) {
      if (!isDiskFull(path)) throw asAppError(error, path);
      // Opening writes a little. What stood there at the last close can be read all the same.
      this.#db = openAsClosed(path, error);
      this.#readOnly = true;
    }
  }

  /** Runs what writes; SQLite's words for a full disk are many. */
  #write(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw this.#readOnly || isDiskFull(this.#path) ? diskFull(this.#path, error) : error;
    }
  }

  #transaction(work: () => void): void {
    this.#write(() => this.#inTransaction(work));
  }

  #inTransaction(work: () => void): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#db.exec("COMMIT");
    } catch (error) {
      // A full disk has rolled back already, and then there is nothing to roll back.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  /** Records how a source's last reading went; the first failure's time is kept until it works again. */
  sourceRead(name: string, type: string, at: string, problem: string | null): void {
    this.#write(() =>
      this.#db
        .prepare(
          `INSERT INTO source_report VALUES ($name, $type, $success, $at, $since, $problem)
         ON CONFLICT (name) DO UPDATE SET type = $type, last_attempt = $at, problem = $problem,
           last_success = coalesce($success, last_success),
           failing_since = CASE WHEN $problem IS NULL THEN NULL ELSE coalesce(failing_since, $at) END`,
        )
        .run({
          name,
          type,
          at,
          success: problem === null ? at : null,
          since: problem === null ? null : at,
          problem,
        }),
    );
  }

  /** Records a unit; of its rejected rows the first `keep` are shown, all are counted. */
  unitRead(report: UnitReport, rejected: readonly RejectedReport[], keep = 200): void {
    this.#transaction(() => {
      const { source, unit } = report;
      this.#db
        .prepare("INSERT OR REPLACE INTO unit_report VALUES (?, ?, ?)")
        .run(source, unit, JSON.stringify(report));
      if (report.state !== "loaded") return;
      this.#db
        .prepare("DELETE FROM rejected_report WHERE source = ? AND unit = ?")
        .run(source, unit);
      const insert = this.#db.prepare("INSERT INTO rejected_report VALUES (?, ?, ?)");
      for (const row of rejected.slice(0, keep)) insert.run(source, unit, JSON.stringify(row));
    });
  }

  monthBuilt(report: BuildReport): void {
    this.#write(() =>
      this.#db
        .prepare("INSERT OR REPLACE INTO build_report VALUES (?, ?)")
        .run(report.month, JSON.stringify(report)),
    );
  }

  /** Forgets reports of sources that are configured no more. */
  keepSources(names: readonly string[]): void {
    const list = JSON.stringify(names);
    this.#transaction(() => {
      for (const [table, column] of [
        ["source_report", "name"],
        ["unit_report", "source"],
        ["rejected_report", "source"],
      ] as const)
        this.#db
          .prepare(`DELETE FROM ${table} WHERE ${column} NOT IN (SELECT value FROM json_each(?))`)
          .run(list);
    });
  }

  sources(): SourceReport[] {
    return this.#db
      .prepare(
        `SELECT name, type, last_success AS lastSuccess, last_attempt AS lastAttempt,
           failing_since AS failingSince, problem FROM source_report ORDER BY name`,
      )
      .all() as unknown as SourceReport[];
  }

  /** Forgets units of a source that are neither there nor loaded any more. */
  keepUnits(source: string, units: readonly string[]): void {
    const list = JSON.stringify(units);
    this.#transaction(() => {
      for (const table of ["unit_report", "rejected_report"])
        this.#db
          .prepare(
            `DELETE FROM ${table} WHERE source = ? AND unit NOT IN (SELECT value FROM json_each(?))`,
          )
          .run(source, list);
    });
  }

  units(): UnitReport[] {
    return this.#reports<UnitReport>("SELECT report FROM unit_report ORDER BY source, unit");
  }

  rejected(limit: number): RejectedReport[] {
    return this.#reports<RejectedReport>(
      `SELECT report FROM rejected_report ORDER BY source, unit, rowid LIMIT ${Math.trunc(limit)}`,
    );
  }

  builds(): BuildReport[] {
    return this.#reports<BuildReport>("SELECT report FROM build_report ORDER BY month");
  }

  #reports<T>(sql: string): T[] {
    return this.#db
      .prepare(sql)
      .all()
      .map((row) => JSON.parse((row as { report: string }).report) as T);
  }

  close(): void {
    this.#db.close();
  }
}
