import { readFile } from "node:fs/promises";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import { AppError } from "../../data/errors.ts";
import type { LandedFile } from "../source.ts";

export const RECORD_FILE = "record";

/** What a day's landing says of how it was made; the samples themselves stay in Prometheus. */
export const DayRecord = Type.Object({
  format: Type.Literal("apportion/prometheus/1"),
  source: Type.String(),
  cluster: Type.String(),
  day: Type.String(),
  /** Samples before this instant are in it; a later one is a growing day's next answer. */
  until: Type.String(),
  server: Type.Object({
    address: Type.String(),
    version: Type.Union([Type.String(), Type.Null()]),
    rung: Type.String(),
    why: Type.Union([Type.String(), Type.Null()]),
  }),
  intervals: Type.Object({ cadvisor: Type.Number(), ksm: Type.Number() }),
  missing: Type.Array(Type.String()),
  requests: Type.Array(
    Type.Object({ what: Type.String(), shard: Type.String(), bytes: Type.Number() }),
  ),
  samples: Type.Number(),
  series: Type.Record(Type.String(), Type.Number()),
  rejected: Type.Array(
    Type.Object({
      metric: Type.String(),
      reason: Type.String(),
      samples: Type.Number(),
      example: Type.String(),
    }),
  ),
  duplicates: Type.Array(
    Type.Object({ metric: Type.String(), what: Type.String(), series: Type.Number() }),
  ),
  /** Pods measured on a node nobody names; their use is in no fact. */
  unplaced: Type.Number(),
  /** Seconds of container usage covered, over all nodes. */
  coverage: Type.Number(),
  /** Rows by kind of fact. */
  rows: Type.Record(Type.String(), Type.Number()),
});
export type DayRecord = Static<typeof DayRecord>;

/** What a rung gives for it. */
export type DayRead = Omit<DayRecord, "format" | "source" | "cluster" | "day" | "until" | "rows">;

/** Reads the record among a day's landed files. */
export async function readRecord(landed: readonly LandedFile[], place: string): Promise<DayRecord> {
  const file = landed.find(({ name }) => name === RECORD_FILE);
  if (file === undefined)
    throw new AppError("FILE_INVALID", `${place}: nothing says what was landed; land it again`);
  const value: unknown = JSON.parse(await readFile(file.path, "utf8"));
  if (!Value.Check(DayRecord, value))
    throw new AppError("FILE_INVALID", `${file.path}: is no record of a day; land it again`);
  return value;
}
