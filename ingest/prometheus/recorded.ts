import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { AppError, firstLine } from "../../data/errors.ts";
import { parseDay } from "../../data/period.ts";
import type { SampleSink } from "./reduce.ts";

/**
 * Samples written down, a day a file: the form `demo` uses, so that it needs no server. The first
 * line says what follows; every other is a series of values a step apart, or one value that stayed.
 */

const Header = Compile(
  Type.Object({
    recorded: Type.Literal(1),
    cluster: Type.String(),
    day: Type.String(),
    step: Type.Integer({ minimum: 1, maximum: 300 }),
  }),
);
const Recorded = Type.Object({
  metric: Type.Record(Type.String(), Type.String()),
  start: Type.Integer(),
  step: Type.Integer({ minimum: 1 }),
  values: Type.Optional(Type.Array(Type.Union([Type.Number(), Type.Null()]))),
  count: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
  value: Type.Optional(Type.Number()),
});
type Recorded = Static<typeof Recorded>;
const isRecorded = Compile(Recorded);

const FILE = /^(\d{4}-\d{2}-\d{2})\.jsonl\.gz$/;

export interface RecordedDay {
  day: string;
  path: string;
  bytes: number;
  /** Changes when the file does. */
  version: string;
}

/** The days a folder holds. */
export async function recordedDays(folder: string, name: string): Promise<RecordedDay[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${name}: ${folder} cannot be read (${(error as NodeJS.ErrnoException).code}); check "recorded"`,
      { cause: error },
    );
  }
  const days: RecordedDay[] = [];
  for (const file of names.toSorted()) {
    const day = FILE.exec(file)?.[1];
    if (day === undefined) continue;
    parseDay(day, join(folder, file));
    const path = join(folder, file);
    const { size, mtimeMs } = await stat(path);
    days.push({ day, path, bytes: size, version: `${size} ${Math.round(mtimeMs)}` });
  }
  if (days.length === 0)
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${name}: ${folder} holds no YYYY-MM-DD.jsonl.gz; check "recorded"`,
    );
  return days;
}

/**
 * Reads a day's file into the sink, whole or not at all.
 * @returns seconds between its samples
 */
export async function readRecorded(
  path: string,
  expected: { cluster: string; day: string },
  begin: (step: number) => SampleSink,
  signal: AbortSignal,
): Promise<number> {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  const gunzip = createGunzip();
  let failed: Error | undefined;
  const lines = createInterface({ input: file.pipe(gunzip), crlfDelay: Infinity });
  const stop = (error: Error) => {
    failed ??= error;
    gunzip.destroy();
    file.destroy();
    lines.close();
  };
  file.on("error", stop);
  gunzip.on("error", stop);
  signal.addEventListener("abort", () => stop(signal.reason as Error), { once: true });
  let number = 0;
  let step = 0;
  let sink: SampleSink | undefined;
  let times = new Float64Array(2048);
  let values = new Float64Array(2048);
  const invalid = (what: string) =>
    new AppError("FILE_INVALID", `${path}:${number}: ${what}; record the day again`);
  for await (const line of lines) {
    number++;
    let parsed: unknown;
    try {
      parsed = JSON.parse(line);
    } catch (error) {
      if (failed !== undefined) break;
      throw invalid(`is not JSON (${firstLine((error as Error).message)})`);
    }
    if (sink === undefined) {
      if (!Header.Check(parsed))
        throw invalid('the first line is not {"recorded":1,"cluster":…,"day":…,"step":…}');
      if (parsed.cluster !== expected.cluster || parsed.day !== expected.day)
        throw invalid(
          `is about ${parsed.cluster} ${parsed.day}, not ${expected.cluster} ${expected.day}`,
        );
      step = parsed.step;
      sink = begin(step);
      continue;
    }
    if (!isRecorded.Check(parsed)) throw invalid("is not a series");
    const series: Recorded = parsed;
    const count = series.values?.length ?? series.count ?? 0;
    if (count > times.length) {
      times = new Float64Array(count * 2);
      values = new Float64Array(count * 2);
    }
    let taken = 0;
    for (let index = 0; index < count; index++) {
      const value = series.values === undefined ? (series.value ?? null) : series.values[index];
      if (value === null || value === undefined) continue;
      times[taken] = (series.start + index * series.step) * 1000;
      values[taken++] = value;
    }
    sink.samples(series.metric["__name__"] ?? "", series.metric, times, values, taken);
  }
  signal.throwIfAborted();
  if (failed !== undefined)
    throw new AppError(
      "FILE_INVALID",
      `${path}: cannot be unpacked (${firstLine(failed.message)}); record the day again`,
      { cause: failed },
    );
  if (sink === undefined) throw invalid("is empty");
  return step;
}
