import { chmodSync, existsSync } from "node:fs";
import {
  DuckDBDataChunk,
  DuckDBInstance,
  LIST,
  VARCHAR,
  blobValue,
  listValue,
  type DuckDBAppender,
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  type DuckDBType,
  type DuckDBValue,
} from "@duckdb/node-api";
import { AppError, asAppError, firstLine } from "./errors.ts";

/**
 * The only file that imports the engine. Opening one file twice in a process loses data silently
 * (the second instance drops the lock), so every open goes through here.
 */

export type Param = string | number | bigint | boolean | null | readonly string[];
export type Params = Readonly<Record<string, Param>>;
/** Decimals, big integers and dates arrive as text; nothing passes through a float. */
export type Row = Record<string, unknown>;

export interface EngineOptions {
  memory?: string;
  threads?: number;
  /** Spill folder. */
  temp?: string;
  /** Folders SQL may read and write; everything else is closed, and so is the configuration. */
  folders?: readonly string[];
  /** Most that queries may write to `temp` together, such as `4GB`; the disk, unless said. */
  spill?: string;
}

function bind(params: Params): {
  values: Record<string, DuckDBValue>;
  types: Record<string, DuckDBType>;
} {
  const values: Record<string, DuckDBValue> = {};
  const types: Record<string, DuckDBType> = {};
  for (const [name, value] of Object.entries(params)) {
    if (Array.isArray(value)) {
      values[name] = listValue(value as string[]);
      types[name] = LIST(VARCHAR);
    } else values[name] = value as DuckDBValue;
  }
  return { values, types };
}

/** One connection; statements on it run one after another. */
export class Session {
  readonly #connection: DuckDBConnection;
  /** Statements by their text, oldest first; planning costs more than running on small tables. */
  readonly #prepared = new Map<string, DuckDBPreparedStatement>();
  readonly #keep: number;
  constructor(connection: DuckDBConnection, keep = 0) {
    this.#connection = connection;
    this.#keep = keep;
  }

  async #statement(sql: string): Promise<DuckDBPreparedStatement> {
    const known = this.#prepared.get(sql);
    if (known !== undefined) {
      this.#prepared.delete(sql);
      this.#prepared.set(sql, known);
      return known;
    }
    return this.#connection.prepare(sql);
  }

  /** Keeps a statement for its next use, or ends it; one that failed is never kept. */
  #release(sql: string, statement: DuckDBPreparedStatement, failed: boolean): void {
    if (failed || this.#keep === 0) {
      this.#prepared.delete(sql);
      statement.destroySync();
      return;
    }
    this.#prepared.set(sql, statement);
    for (const [oldest, old] of this.#prepared) {
      if (this.#prepared.size <= this.#keep) break;
      this.#prepared.delete(oldest);
      old.destroySync();
    }
  }

  /** Runs one statement. Several in one text are refused, parameters or not. */
  async run(sql: string, params: Params = {}): Promise<number> {
    if (Object.keys(params).length === 0) {
      // Without values nothing needs preparing, and what is prepared is planned twice.
      const { count } = await this.#connection.extractStatements(sql);
      if (count !== 1) throw new AppError("INTERNAL", `one statement was expected, not ${count}`);
      return (await this.#connection.run(sql)).rowsChanged;
    }
    const statement = await this.#connection.prepare(sql);
    try {
      const { values, types } = bind(params);
      statement.bind(values, types);
      return (await statement.run()).rowsChanged;
    } finally {
      statement.destroySync();
    }
  }

  /** Runs our own SQL of several statements (migrations, macros); takes no values. */
  async script(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }

  async rows<T = Row>(sql: string, params: Params = {}): Promise<T[]> {
    const statement = await this.#statement(sql);
    let failed = true;
    try {
      const { values, types } = bind(params);
      statement.bind(values, types);
      const reader = await statement.runAndReadAll();
      failed = false;
      return reader.getRowObjectsJson() as T[];
    } finally {
      this.#release(sql, statement, failed);
    }
  }

  async one<T = Row>(sql: string, params: Params = {}): Promise<T> {
    const [row] = await this.rows<T>(sql, params);
    if (row === undefined) throw new AppError("INTERNAL", "a query that gives one row gave none");
    return row;
  }

  /** Rows in batches as the engine makes them; memory does not grow with the answer. */
  async *stream(sql: string, params: Params = {}): AsyncGenerator<Row[]> {
    const statement = await this.#connection.prepare(sql);
    try {
      const { values, types } = bind(params);
      statement.bind(values, types);
      const result = await statement.stream();
      for await (const rows of result.yieldRowObjectJson()) yield rows as Row[];
    } finally {
      statement.destroySync();
    }
  }

  /** As `stream`, by the column: nothing is made of a row that nobody asks for. */
  async *chunks(sql: string, params: Params = {}): AsyncGenerator<ColumnChunk> {
    const statement = await this.#connection.prepare(sql);
    try {
      const { values, types } = bind(params);
      statement.bind(values, types);
      const result = await statement.stream();
      for (;;) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) return;
        yield new ColumnChunk(chunk);
      }
    } finally {
      statement.destroySync();
    }
  }

  /**
   * All or nothing. The engine answers COMMIT with success after a failed statement and rolls back,
   * so any error rolls back and throws here, and `verify` reads back what must now be there.
   */
  async transaction<T>(work: () => Promise<T>, verify?: () => Promise<boolean>): Promise<T> {
    await this.run("BEGIN TRANSACTION");
    let result: T;
    try {
      result = await work();
    } catch (error) {
      await this.run("ROLLBACK").catch(() => {});
      throw error;
    }
    await this.run("COMMIT");
    if (verify !== undefined && !(await verify()))
      throw new AppError("WAREHOUSE_DAMAGED", "a committed unit cannot be read back; run it again");
    return result;
  }

  /** Rows by the column into a table, past SQL; `close` it before the table is read. */
  async appender(table: string): Promise<TableAppender> {
    return new TableAppender(await this.#connection.createAppender(table));
  }

  interrupt(): void {
    this.#connection.interrupt();
  }
  close(): void {
    for (const statement of this.#prepared.values()) statement.destroySync();
    this.#prepared.clear();
    this.#connection.closeSync();
  }
}

/** Numbers as the engine keeps them; a column that may hold NULL is read cell by cell. */
export type Numbers = Uint16Array | Uint32Array | Int32Array | Float64Array | BigUint64Array;

/** Some rows of an answer, by the column; its arrays are good until the next chunk is asked for. */
export class ColumnChunk {
  readonly #chunk: DuckDBDataChunk;
  readonly rows: number;
  constructor(chunk: DuckDBDataChunk) {
    this.#chunk = chunk;
    this.rows = chunk.rowCount;
  }
  /** The numbers of a USMALLINT, UINTEGER, INTEGER, DOUBLE or UBIGINT column without NULLs. */
  numbers(column: number): Numbers {
    return (this.#chunk.getColumnVector(column) as unknown as { items: Numbers }).items;
  }
  /** One cell: text, number or bigint; null. */
  cell(column: number, row: number): string | number | bigint | null {
    return this.#chunk.getColumnVector(column).getItem(row) as string | number | bigint | null;
  }
}

/** What the engine takes at once. */
const CHUNK_ROWS = 2048;

type Appended = DuckDBValue | readonly string[] | Uint8Array;

function appended(value: Appended): DuckDBValue {
  if (value instanceof Uint8Array) return blobValue(value);
  return Array.isArray(value) ? listValue(value as string[]) : (value as DuckDBValue);
}

/** Appends whole columns: of an INTEGER or DOUBLE column as an array of numbers, of others as values, bytes or lists of text. */
export class TableAppender {
  readonly #appender: DuckDBAppender;
  readonly #types: DuckDBType[];
  constructor(appender: DuckDBAppender) {
    this.#appender = appender;
    this.#types = Array.from({ length: appender.columnCount }, (_, column) =>
      appender.columnType(column),
    );
  }

  /** @param rows how many of each column are taken, from its beginning */
  append(
    columns: readonly (Float64Array | Int32Array | readonly Appended[])[],
    rows: number,
  ): void {
    for (let from = 0; from < rows; from += CHUNK_ROWS) {
      const until = Math.min(rows, from + CHUNK_ROWS);
      const chunk = DuckDBDataChunk.create(this.#types, until - from);
      for (const [index, column] of columns.entries()) {
        if (Array.isArray(column)) {
          const values = (column as readonly Appended[]).slice(from, until).map(appended);
          chunk.setColumnValues(index, values);
          continue;
        }
        const numbers = column as Float64Array | Int32Array;
        const vector = chunk.getColumnVector(index) as unknown as {
          items: Float64Array | Int32Array;
          flush(): void;
        };
        vector.items.set(numbers.subarray(from, until));
        vector.flush();
      }
      this.#appender.appendDataChunk(chunk);
    }
  }

  close(): void {
    this.#appender.closeSync();
  }
}

/** An open engine: a file with one writer, or `:memory:` with read-only files attached. */
export class Engine {
  readonly #instance: DuckDBInstance;
  readonly #path: string;
  constructor(instance: DuckDBInstance, path: string) {
    this.#instance = instance;
    this.#path = path;
  }
  /** @param keep how many prepared statements it may keep; none where tables come and go */
  async session(keep = 0): Promise<Session> {
    return new Session(await this.#instance.connect(), keep);
  }
  close(): void {
    OPEN.delete(this.#path);
    this.#instance.closeSync();
  }
}

const OPEN = new Set<string>();

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
/** An SQL text literal, for the few places that take no parameter (ATTACH, COPY, read_csv). */
export const sqlText = quoted;
/** An SQL identifier. */
export const sqlName = (name: string) => `"${name.replaceAll('"', '""')}"`;

async function create(path: string, options: EngineOptions): Promise<Engine> {
  if (path !== ":memory:" && OPEN.has(path))
    throw new AppError("INTERNAL", `${path} is already open in this process`);
  const config: Record<string, string> = {
    autoload_known_extensions: "false",
    autoinstall_known_extensions: "false",
    allow_community_extensions: "false",
    preserve_insertion_order: "false",
    memory_limit: options.memory ?? "1GB",
    threads: String(options.threads ?? 2),
  };
  if (options.temp !== undefined) config["temp_directory"] = options.temp;
  let instance: DuckDBInstance;
  try {
    instance = await DuckDBInstance.create(path, config);
  } catch (error) {
    throw openError(path, error);
  }
  if (path !== ":memory:") {
    OPEN.add(path);
    // The engine makes files for everybody to read.
    chmodSync(path, 0o600);
  }
  const engine = new Engine(instance, path);
  try {
    const session = await engine.session();
    await session.run("SET GLOBAL TimeZone = 'UTC'");
    // Given on opening it is shown by the engine and held by nothing: 280 MB were written under 32 MB.
    if (options.spill !== undefined)
      await session.run(`SET GLOBAL max_temp_directory_size = ${quoted(options.spill)}`);
    // Looking whether texts would shrink by these takes half the time of writing a line; a dictionary does.
    if (path !== ":memory:")
      await session.run("SET GLOBAL disabled_compression_methods = 'fsst,dict_fsst,zstd'");
    if (options.folders !== undefined) await lock(session, options.folders);
    session.close();
    return engine;
  } catch (error) {
    engine.close();
    throw error;
  }
}

/** Closes the engine to everything outside `folders`, in the one order that works. */
async function lock(session: Session, folders: readonly string[]): Promise<void> {
  if (folders.length > 0)
    await session.script(
      `SET allowed_directories = [${folders.map((dir) => quoted(`${dir}/`)).join(", ")}]`,
    );
  await session.script("SET enable_external_access = false");
  await session.script("SET lock_configuration = true");
}

function openError(path: string, error: unknown): AppError {
  const message = error instanceof Error ? error.message : String(error);
  if (/Could not set lock|Conflicting lock/i.test(message)) {
    const pid = /PID (\d+)/.exec(message)?.[1];
    return new AppError(
      "WRITER_BUSY",
      `${path}: another process${pid === undefined ? "" : ` (PID ${pid})`} is writing; wait for it and run the command again`,
      { cause: error },
    );
  }
  if (isDamage(error)) return damagedWork(path, error);
  return asAppError(error, path);
}

/** True where the engine found bytes on disk that it did not write. */
export function isDamage(error: unknown): boolean {
  const message = error instanceof Error ? error.message : String(error);
  return /checksum|corrupt|not a valid DuckDB|deserializ/i.test(message);
}

/** True where a block of a database file is not what was written; unlike a damaged file of somebody else's. */
export function isBlockDamage(error: unknown): boolean {
  const message = error instanceof Error ? error.message : String(error);
  return /corrupt database file|computed checksum|corrupt WAL/i.test(message);
}

/** True where a query needed more memory, or more of the disk for what memory does not hold, than it may. */
export function isOutgrown(error: unknown): boolean {
  const message = error instanceof Error ? error.message : String(error);
  return message.startsWith("Out of Memory Error");
}

/** What to do about a damaged `work.duckdb`. */
export function damagedWork(path: string, error: unknown): AppError {
  const message = error instanceof Error ? error.message : String(error);
  return new AppError(
    "WAREHOUSE_DAMAGED",
    `${path}: ${firstLine(message)}; move the file away with its .wal and run "apportion run": it is rebuilt from what was landed`,
    { cause: error },
  );
}

/** What to do about a damaged published month. */
export function damagedMonth(path: string, error: unknown): AppError {
  return new AppError(
    "WAREHOUSE_DAMAGED",
    `${path} is damaged; remove it and run "apportion build": the month is published again`,
    { cause: error },
  );
}

/** Opens a file for its one writer. A second writer, here or elsewhere, is refused. */
export async function openWriter(path: string, options: EngineOptions = {}): Promise<Engine> {
  return create(path, options);
}

/** A file a name is given to in SQL. */
export interface Attachment {
  name: string;
  path: string;
}

/**
 * A locked engine over read-only files: nothing can be written, read or loaded beyond them.
 * `prepare` makes macros and views before the lock.
 */
export async function openReadOnly(
  files: readonly Attachment[],
  options: EngineOptions,
  prepare?: (session: Session) => Promise<void>,
): Promise<Engine> {
  const { folders: _, ...unlocked } = options;
  const engine = await create(":memory:", { spill: "4GB", ...unlocked });
  try {
    const session = await engine.session();
    for (const file of files) {
      if (!existsSync(file.path))
        throw new AppError(
          "WAREHOUSE_DAMAGED",
          `${file.path} is missing; run "apportion build" to publish the month again`,
        );
      try {
        await session.script(`ATTACH ${quoted(file.path)} AS ${sqlName(file.name)} (READ_ONLY)`);
      } catch (error) {
        throw isDamage(error) ? damagedMonth(file.path, error) : error;
      }
    }
    await prepare?.(session);
    await lock(session, []);
    session.close();
    return engine;
  } catch (error) {
    engine.close();
    throw error instanceof AppError ? error : openError("published", error);
  }
}

/** True where the engine gave up itself (a full disk in a checkpoint): close it and open again. */
export function isFatal(error: unknown): boolean {
  const message = error instanceof Error ? error.message : String(error);
  return /FATAL|database has been invalidated/i.test(message);
}
