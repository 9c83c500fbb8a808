import { backup, DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { chmodSync, existsSync, mkdirSync, readdirSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { AppError, asAppError } from "./errors.ts";
import { loadSql } from "./sql.ts";

/**
 * What ran and what people decided: small, transactional, precious. The only file that imports
 * SQLite; each idea's tables and their functions are a module of `register/`. Workers write while the
 * server reads, so a source that failed since the last publish is seen at once.
 */

const MIGRATIONS = new URL("./register/", import.meta.url);
const FILES = readdirSync(MIGRATIONS)
  .filter((name) => name.endsWith(".sql"))
  .toSorted();

/** Values by parameter name, without the `$`. */
export type RegisterParams = Readonly<Record<string, SQLInputValue>>;

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
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Files of `register/` that this register has not had yet, by name. */
function missing(db: DatabaseSync): string[] {
  const made = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'migration'").get();
  if (made === undefined) return FILES;
  const done = db.prepare("SELECT name FROM migration").all() as { name: string }[];
  return FILES.filter((file) => !done.some(({ name }) => name === file));
}

/** Brings the tables up to date; of two processes that do so at once the second finds nothing to do. */
function migrate(db: DatabaseSync): void {
  if (missing(db).length === 0) return;
  inTransaction(db, () => {
    db.exec("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY)");
    for (const name of missing(db)) {
      db.exec(loadSql(new URL(name, MIGRATIONS)));
      db.prepare("INSERT INTO migration VALUES (?)").run(name);
    }
  });
}

function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    // A full disk has rolled back already, and then there is nothing to roll back.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** The register as it was last closed; writes nothing, not even a log. */
function openAsClosed(path: string, error: unknown): DatabaseSync {
  if (!existsSync(path)) throw diskFull(path, error);
  const url = pathToFileURL(path);
  url.searchParams.set("immutable", "1");
  const db = new DatabaseSync(url, { readOnly: true });
  if (missing(db).length === 0) return db;
  db.close();
  throw diskFull(path, error);
}

export class Register {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #readOnly: boolean = false;
  readonly #prepared = new Map<string, StatementSync>();
  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.path = path;
    try {
      this.#db = open(path);
    } catch (error) {
      if (!isDiskFull(path)) throw asAppError(error, path);
      // Opening writes a little. What stood there at the last close can be read all the same.
      this.#db = openAsClosed(path, error);
      this.#readOnly = true;
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) this.#prepared.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }

  /** The rows of a query. */
  rows<T>(sql: string, params: RegisterParams = {}): T[] {
    return this.#statement(sql).all(params) as T[];
  }

  /** Runs one statement that writes, in the open transaction where there is one; gives how many rows it changed. */
  change(sql: string, params: RegisterParams = {}): number {
    return this.#write(() => Number(this.#statement(sql).run(params).changes));
  }

  /** Runs `work` whole or not at all, the only writer meanwhile; inside another it is part of that one. */
  transaction<T>(work: () => T): T {
    if (this.#db.isTransaction) return work();
    return this.#write(() => inTransaction(this.#db, work));
  }

  /** Runs what writes; SQLite's words for a full disk are many. */
  #write<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw this.#readOnly || isDiskFull(this.path) ? diskFull(this.path, error) : error;
    }
  }

  /** Writes the register as of one moment into a new file, while others read and write it. */
  async copyTo(path: string): Promise<void> {
    await backup(this.#db, path);
    chmodSync(path, 0o600);
  }

  /** Puts a copy in a register's place, under its locks: those who have it open see the old one or the new. */
  static async copyOver(from: string, to: string): Promise<void> {
    const source = new DatabaseSync(from);
    try {
      await backup(source, to);
      chmodSync(to, 0o600);
    } finally {
      source.close();
    }
  }

  close(): void {
    this.#db.close();
  }
}
