import { stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../data/errors.ts";
import { renameDurably, sha256File, syncFile } from "../../data/files.ts";
import {
  type Engine,
  openWriter,
  type Session,
  sqlName,
  sqlText,
  type TableAppender,
} from "../../data/warehouse.ts";
import type { LandedFile } from "../source.ts";
import {
  type Cell,
  CONTAINER,
  type ContainerName,
  type FactSink,
  type TableKind,
  TABLES,
  USAGE_5M,
  USAGE_HOUR,
  type UsageKind,
} from "./facts.ts";

/** Rows kept here before the engine takes them. */
const BATCH = 2048;

/** Columns of numbers that go to the engine a batch at a time. */
class Figures {
  readonly #appender: TableAppender;
  readonly #containers = new Int32Array(BATCH);
  readonly #columns: Float64Array[];
  #batch = 0;
  rows = 0;
  constructor(appender: TableAppender, columns: number) {
    this.#appender = appender;
    this.#columns = Array.from({ length: columns }, () => new Float64Array(BATCH));
  }
  add(container: number, figures: Float64Array): void {
    const at = this.#batch++;
    this.#containers[at] = container;
    for (let column = 0; column < figures.length; column++)
      (this.#columns[column] as Float64Array)[at] = figures[column] as number;
    this.rows++;
    if (this.#batch === BATCH) this.flush();
  }
  flush(): void {
    this.#appender.append([this.#containers, ...this.#columns], this.#batch);
    this.#batch = 0;
  }
  close(): void {
    this.flush();
    this.#appender.close();
  }
}

/** Rows of a small table. */
class Cells {
  readonly #appender: TableAppender;
  #columns: Cell[][];
  rows = 0;
  constructor(appender: TableAppender, columns: number) {
    this.#appender = appender;
    this.#columns = Array.from({ length: columns }, () => []);
  }
  add(cells: readonly Cell[]): void {
    for (const [index, cell] of cells.entries()) this.#columns[index]?.push(cell);
    this.rows++;
    if (this.#columns[0]?.length === BATCH) this.flush();
  }
  flush(): void {
    this.#appender.append(this.#columns, this.#columns[0]?.length ?? 0);
    this.#columns = this.#columns.map(() => []);
  }
  close(): void {
    this.flush();
    this.#appender.close();
  }
}

const staged = (type: string) => (type === "BIGINT" || type === "INTEGER" ? "DOUBLE" : type);

/**
 * Writes the facts of one cluster-day as Parquet. Rows go by the column into an engine in memory,
 * containers by number; their names are put in when the files are written.
 */
export class FactFiles implements FactSink {
  readonly #engine: Engine;
  readonly #session: Session;
  readonly #cluster: string;
  readonly #names: Cells;
  readonly #five: Figures;
  readonly #hour: Figures;
  readonly #tables: Map<TableKind, Cells>;

  private constructor(
    engine: Engine,
    session: Session,
    cluster: string,
    names: Cells,
    five: Figures,
    hour: Figures,
    tables: Map<TableKind, Cells>,
  ) {
    this.#engine = engine;
    this.#session = session;
    this.#cluster = cluster;
    this.#names = names;
    this.#five = five;
    this.#hour = hour;
    this.#tables = tables;
  }

  static async open(cluster: string, temp: string): Promise<FactFiles> {
    const engine = await openWriter(":memory:", { memory: "384MB", threads: 2, temp });
    try {
      const session = await engine.session();
      const list = (columns: readonly string[], type: string) =>
        columns.map((column) => `${sqlName(column)} ${type}`).join(", ");
      await session.run(`CREATE TABLE container (number DOUBLE, ${list(CONTAINER, "VARCHAR")})`);
      await session.run(`CREATE TABLE usage_5m (number INTEGER, ${list(USAGE_5M, "DOUBLE")})`);
      await session.run(`CREATE TABLE usage_hour (number INTEGER, ${list(USAGE_HOUR, "DOUBLE")})`);
      const tables = new Map<TableKind, Cells>();
      for (const [kind, columns] of Object.entries(TABLES)) {
        const types = Object.entries(columns);
        await session.run(
          `CREATE TABLE ${kind} (${types.map(([name, type]) => `${sqlName(name)} ${staged(type)}`).join(", ")})`,
        );
        tables.set(kind as TableKind, new Cells(await session.appender(kind), types.length));
      }
      return new FactFiles(
        engine,
        session,
        cluster,
        new Cells(await session.appender("container"), CONTAINER.length + 1),
        new Figures(await session.appender("usage_5m"), USAGE_5M.length),
        new Figures(await session.appender("usage_hour"), USAGE_HOUR.length),
        tables,
      );
    } catch (error) {
      engine.close();
      throw error;
    }
  }

  container(name: ContainerName): number {
    const number = this.#names.rows;
    const { node, namespace, pod, podUid, container } = name;
    this.#names.add([number, node, namespace, pod, podUid, container]);
    return number;
  }
  usage5m(container: number, figures: Float64Array): void {
    this.#five.add(container, figures);
  }
  usageHour(container: number, figures: Float64Array): void {
    this.#hour.add(container, figures);
  }
  row(kind: TableKind, cells: readonly Cell[]): void {
    const table = this.#tables.get(kind);
    if (table === undefined) throw new AppError("INTERNAL", `no fact table is called ${kind}`);
    table.add(cells);
  }

  /** Writes a file for each kind into `folder`; gives them, and how many rows each holds. */
  async write(folder: string): Promise<(LandedFile & { kind: UsageKind; rows: number })[]> {
    for (const part of [this.#names, this.#five, this.#hour, ...this.#tables.values()])
      part.close();
    const files: (LandedFile & { kind: UsageKind; rows: number })[] = [];
    const cluster = `${sqlText(this.#cluster)} AS cluster`;
    const names = CONTAINER.map((column) => `c.${column} AS ${column}`);
    const figures = (columns: readonly string[]) =>
      columns.map((column) =>
        column.endsWith("_request")
          ? `CAST(CASE WHEN u.${column} < 0 THEN NULL ELSE u.${column} END AS BIGINT) AS ${column}`
          : `CAST(u.${sqlName(column)} AS ${isSmall(column) ? "INTEGER" : "BIGINT"}) AS ${sqlName(column)}`,
      );
    const usage = (kind: string, columns: readonly string[]) => {
      const [time, ...rest] = figures(columns);
      return `SELECT ${[cluster, time, ...names, ...rest].join(", ")} FROM ${kind} AS u JOIN container AS c ON c.number = u.number`;
    };
    const queries: [UsageKind, number, string][] = [
      ["usage_5m", this.#five.rows, usage("usage_5m", USAGE_5M)],
      ["usage_hour", this.#hour.rows, usage("usage_hour", USAGE_HOUR)],
      ...[...this.#tables].map(([kind, { rows }]): [UsageKind, number, string] => [
        kind,
        rows,
        `SELECT ${[cluster, ...Object.entries(TABLES[kind]).map(([column, type]) => `CAST(${sqlName(column)} AS ${type}) AS ${sqlName(column)}`)].join(", ")} FROM ${kind}`,
      ]),
    ];
    for (const [kind, rows, query] of queries) {
      const path = join(folder, `${kind}.parquet`);
      const temporary = `${path}.tmp`;
      const written = await this.#session.run(
        `COPY (${query}) TO ${sqlText(temporary)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
      );
      if (written !== rows)
        throw new AppError(
          "INTERNAL",
          `${path}: ${written} rows were written where ${rows} were made`,
        );
      await syncFile(temporary);
      const sha256 = await sha256File(temporary);
      await renameDurably(temporary, path);
      const { size } = await stat(path);
      files.push({ name: kind, path, sha256, bytes: size, kind, rows });
    }
    return files;
  }

  close(): void {
    this.#session.close();
    this.#engine.close();
  }
}

const SMALL = new Set(["seconds", "oom_kills", "restarts"]);
const isSmall = (column: string) => SMALL.has(column);
