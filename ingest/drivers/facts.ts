import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../data/errors.ts";
import { homePaths, renameDurably, sha256, sha256File, syncFile } from "../../data/files.ts";
import { loadSql } from "../../data/sql.ts";
import { type Session, sqlText, type TableAppender } from "../../data/warehouse.ts";
import type { FactPart } from "../source.ts";

/** A quantity of one hour: seconds since 1970, millionths. */
export interface DriverRow {
  hour: number;
  driver: string;
  consumer: string;
  quantity: bigint;
}

const AT_ONCE = 2_048;

/** Rows of a unit on their way to Parquet, a file a day; rows of one hour and consumer add up. */
export class DriverRows {
  readonly #session: Session;
  readonly #appender: TableAppender;
  #hours: bigint[] = [];
  #drivers: string[] = [];
  #consumers: string[] = [];
  #quantities: bigint[] = [];
  rows = 0;

  private constructor(session: Session, appender: TableAppender) {
    this.#session = session;
    this.#appender = appender;
  }

  static async open(session: Session): Promise<DriverRows> {
    await session.run(
      "CREATE OR REPLACE TEMP TABLE driver_row (hour BIGINT, driver VARCHAR, consumer VARCHAR, quantity BIGINT)",
    );
    return new DriverRows(session, await session.appender("driver_row"));
  }

  add(row: DriverRow): void {
    this.#hours.push(BigInt(row.hour));
    this.#drivers.push(row.driver);
    this.#consumers.push(row.consumer);
    this.#quantities.push(row.quantity);
    this.rows += 1;
    if (this.#hours.length === AT_ONCE) this.#flush();
  }

  #flush(): void {
    const columns = [this.#hours, this.#drivers, this.#consumers, this.#quantities];
    if (this.#hours.length > 0) this.#appender.append(columns, this.#hours.length);
    this.#hours = [];
    this.#drivers = [];
    this.#consumers = [];
    this.#quantities = [];
  }

  /** Writes the days' files below `facts/` and gives them; nothing is written twice. */
  async finish(place: { home: string; source: string; unit: string }): Promise<FactPart[]> {
    this.#flush();
    this.#appender.close();
    const session = this.#session;
    const paths = homePaths(place.home);
    const [huge] = await session.rows<{ driver: string; consumer: string; hour: string }>(
      loadSql(new URL("./too-large.sql", import.meta.url)),
    );
    if (huge !== undefined)
      throw new AppError(
        "FILE_INVALID",
        `${place.unit}: what ${huge.consumer} has of ${huge.driver} in the hour ${huge.hour} adds up to more than can be stored; count in a larger unit`,
      );
    const days = await session.rows<{ day: string; rows: string }>(
      loadSql(new URL("./days.sql", import.meta.url)),
    );
    const tmp = join(paths.tmp, randomUUID());
    const into = join(paths.facts, place.source);
    await mkdir(tmp, { recursive: true, mode: 0o700 });
    await mkdir(into, { recursive: true, mode: 0o700 });
    const unit = sha256(place.unit).slice(0, 8);
    try {
      const parts: FactPart[] = [];
      for (const { day, rows } of days) {
        const out = join(tmp, "day.parquet");
        await session.run(
          `COPY (${loadSql(new URL("./day.sql", import.meta.url))}) TO ${sqlText(out)} (FORMAT parquet, COMPRESSION zstd)`,
          { day },
        );
        await syncFile(out);
        const parquetSha256 = await sha256File(out);
        // Two units may hold the same day's bytes, and one may go while the other stays.
        const parquet = join(into, `driver_hour-${unit}-${parquetSha256.slice(0, 32)}.parquet`);
        await renameDurably(out, parquet);
        const count = Number(rows);
        parts.push({ kind: "driver_hour", cluster: "", day, parquet, parquetSha256, rows: count });
      }
      return parts;
    } finally {
      await rm(tmp, { recursive: true, force: true });
      await session.run("DROP TABLE IF EXISTS driver_row");
    }
  }
}
