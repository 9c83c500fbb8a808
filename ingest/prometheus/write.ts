import { join } from "node:path";
import { type ColumnData, type ParquetColumn, ParquetWriter } from "../../data/parquet.ts";
import type { LandedFile } from "../source.ts";
import {
  type Cell,
  CONTAINER,
  type ContainerName,
  type FactSink,
  type FigureRows,
  type TableKind,
  TABLES,
  USAGE_5M,
  USAGE_HOUR,
  type UsageKind,
} from "./facts.ts";

/** Rows kept in memory before they are written as a group; what engines like. */
const GROUP = 40_960;

/** Texts of a group, each once, and which of them each has; -1: none. */
function placed<T>(list: readonly T[], textOf: (item: T) => string | null) {
  const dictionary: string[] = [];
  const places = new Map<string, number>();
  const indices = new Int32Array(list.length);
  for (let at = 0; at < list.length; at++) {
    const text = textOf(list[at] as T);
    let place = text === null ? -1 : places.get(text);
    if (place === undefined) {
      place = dictionary.push(text as string) - 1;
      places.set(text as string, place);
    }
    indices[at] = place;
  }
  return { dictionary, indices };
}

/** The figures of containers: cluster and time, the container's names, then the rest. */
class Figures {
  readonly #writer: ParquetWriter;
  readonly #cluster: string;
  readonly #names: readonly ContainerName[];
  /** What came in pieces, until it is a group: the containers, each with the number of its rows. */
  #containers: number[] = [];
  #lengths: number[] = [];
  /** Made for the first piece. */
  #columns: readonly Float64Array[] = [];
  readonly #figures: number;
  readonly #group: number;
  #rows = 0;

  constructor(
    path: string,
    cluster: string,
    names: readonly ContainerName[],
    figures: readonly string[],
    group: number,
  ) {
    const column = (name: string): ParquetColumn => ({
      name,
      type: SMALL.has(name) ? "INTEGER" : "BIGINT",
      optional: name.endsWith("_request") || name.endsWith("_limit"),
    });
    const text = (name: string): ParquetColumn => ({ name, type: "VARCHAR", optional: false });
    const [time = "", ...rest] = figures;
    this.#writer = new ParquetWriter(path, [
      text("cluster"),
      column(time),
      ...CONTAINER.map(text),
      ...rest.map(column),
    ]);
    this.#cluster = cluster;
    this.#names = names;
    this.#group = group;
    this.#figures = figures.length;
  }

  add(given: FigureRows): void {
    if (this.#rows === 0 && given.rows > this.#group / 2) return this.#write(given);
    if (this.#columns.length === 0)
      this.#columns = Array.from({ length: this.#figures }, () => new Float64Array(this.#group));
    let row = 0;
    for (const [index, container] of given.containers.entries()) {
      const until = row + (given.lengths[index] as number);
      while (row < until) {
        const some = Math.min(until - row, this.#group - this.#rows);
        for (const [place, column] of given.columns.entries())
          this.#columns[place]?.set(column.subarray(row, row + some), this.#rows);
        this.#containers.push(container);
        this.#lengths.push(some);
        this.#rows += some;
        row += some;
        if (this.#rows === this.#group) this.#flush();
      }
    }
  }

  #flush(): void {
    const [columns, rows] = [this.#columns, this.#rows];
    const [containers, lengths] = [this.#containers, this.#lengths];
    this.#rows = 0;
    this.#containers = [];
    this.#lengths = [];
    this.#write({ columns, rows, containers, lengths });
  }

  /** Writes a row group. */
  #write({ columns, rows, containers, lengths: given }: FigureRows): void {
    if (rows === 0) return;
    const lengths = new Int32Array(given);
    const names = containers.map((container) => this.#names[container] as ContainerName);
    const texts = (of: (name: ContainerName) => string): ColumnData => ({
      ...placed(names, of),
      lengths,
    });
    const [time, ...rest] = columns;
    this.#writer.group(
      [
        texts(() => this.#cluster),
        time as Float64Array,
        texts((name) => name.node),
        texts((name) => name.namespace),
        texts((name) => name.pod),
        texts((name) => name.podUid),
        texts((name) => name.container),
        ...rest,
      ],
      rows,
    );
  }

  finish() {
    this.#flush();
    return this.#writer.finish();
  }
  close(): void {
    this.#writer.close();
  }
}

/** Rows of a small table. */
class Table {
  readonly #writer: ParquetWriter;
  readonly #columns: readonly ParquetColumn[];
  #rows: (readonly Cell[])[] = [];
  readonly #cluster: string;

  constructor(path: string, cluster: string, columns: Readonly<Record<string, string>>) {
    this.#cluster = cluster;
    this.#columns = [
      { name: "cluster", type: "VARCHAR", optional: false },
      ...Object.entries(columns).map(([name, type]): ParquetColumn => ({
        name,
        type: type as ParquetColumn["type"],
        optional: true,
      })),
    ];
    this.#writer = new ParquetWriter(path, this.#columns);
  }

  add(cells: readonly Cell[]): void {
    this.#rows.push([this.#cluster, ...cells]);
    if (this.#rows.length === GROUP / 8) this.#flush();
  }

  #flush(): void {
    const rows = this.#rows;
    this.#rows = [];
    this.#writer.group(
      this.#columns.map(({ type }, index): ColumnData => {
        if (type === "VARCHAR")
          return placed(rows, (row) => {
            const cell = row[index] ?? null;
            return cell === null ? null : String(cell);
          });
        const numbers = new Float64Array(rows.length);
        for (let at = 0; at < rows.length; at++) {
          const cell = rows[at]?.[index] ?? null;
          numbers[at] = cell === null ? Number.NaN : Number(cell);
        }
        return numbers;
      }),
      rows.length,
    );
  }

  finish() {
    this.#flush();
    return this.#writer.finish();
  }
  close(): void {
    this.#writer.close();
  }
}

const SMALL = new Set(["seconds", "oom_kills", "restarts"]);

/** A file of facts, whole. */
export interface FactFile extends LandedFile {
  kind: UsageKind;
  rows: number;
}

/** Writes the facts of one cluster-day as Parquet, a file a kind; memory holds a group of rows. */
export class FactFiles implements FactSink {
  readonly #folder: string;
  readonly #names: ContainerName[] = [];
  readonly #five: Figures;
  readonly #hour: Figures;
  readonly #tables: ReadonlyMap<TableKind, Table>;

  /** @param folder where the files go; it is there */
  constructor(cluster: string, folder: string) {
    this.#folder = folder;
    this.#five = new Figures(this.#path("usage_5m"), cluster, this.#names, USAGE_5M, GROUP);
    this.#hour = new Figures(this.#path("usage_hour"), cluster, this.#names, USAGE_HOUR, GROUP / 8);
    this.#tables = new Map(
      Object.entries(TABLES).map(([kind, columns]) => [
        kind as TableKind,
        new Table(this.#path(kind as TableKind), cluster, columns),
      ]),
    );
  }

  #path(kind: UsageKind): string {
    return join(this.#folder, `${kind}.parquet`);
  }

  container(name: ContainerName): number {
    return this.#names.push(name) - 1;
  }
  usage5m(figures: FigureRows): void {
    this.#five.add(figures);
  }
  usageHour(figures: FigureRows): void {
    this.#hour.add(figures);
  }
  row(kind: TableKind, cells: readonly Cell[]): void {
    this.#tables.get(kind)?.add(cells);
  }

  /** Ends the files; gives them, and how many rows each holds. */
  async finish(): Promise<FactFile[]> {
    // At once: each waits for the disk.
    return await Promise.all(
      this.#all().map(async ([kind, file]): Promise<FactFile> => {
        const { rows, bytes, sha256 } = await file.finish();
        return { name: kind, path: this.#path(kind), sha256, bytes, kind, rows };
      }),
    );
  }

  #all(): [UsageKind, Figures | Table][] {
    return [["usage_5m", this.#five], ["usage_hour", this.#hour], ...this.#tables];
  }

  close(): void {
    for (const [, file] of this.#all()) file.close();
  }
}
