import { AppError } from "../../data/errors.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Labels } from "./labels.ts";
import type { Matcher, Metric } from "./metrics.ts";
import { selector } from "./probe.ts";
import type { Reducer } from "./reduce.ts";
import { broken, isHtml, refused, TooMuch } from "./refused.ts";
import { BUCKET_MS, type Run, type Window } from "./runs.ts";
import { halved } from "./shards.ts";

/**
 * For servers without remote read: one metric and one statistic a query, five minutes a step. The
 * windows are fitted to the scrape interval, so that what a counter grew between two scrapes is
 * counted once and in the bucket of the later scrape, as samples would have said it.
 */

export interface RangeOptions {
  window: Window;
  interval: { cadvisor: number; ksm: number };
  /** How much is asked for at once; a refusal lowers it for all queries that follow. */
  pace: Pace;
  signal: AbortSignal;
  timeoutMs: number;
  /** Told of each answer. */
  asked: (query: string, bytes: number) => void;
}

/** Most points of a series in one query. */
export interface Pace {
  points: number;
}

/** A query about what a selector gives. */
type Query = (what: string) => string;

/** A figure per bucket and series; NaN where the server gave none. */
type Table = Map<string, { labels: Labels; values: Float64Array }>;

const SMALLEST_MS = 2 * BUCKET_MS;

/** Reads one metric of one shard into the reducer. */
export async function readMetric(
  endpoint: Endpoint,
  metric: Metric,
  matchers: readonly Matcher[],
  reducer: Reducer,
  options: RangeOptions,
): Promise<void> {
  const ask = (query: Query) =>
    askDay(endpoint, query, metric.name, [...metric.where, ...matchers], options);
  if (metric.from === "cadvisor") {
    if (metric.kind === "gauge") await readMemory(metric.name, ask, reducer, options);
    else await readCounter(metric.name, ask, reducer, options);
    return;
  }
  // What only is there, or grows by whole steps, needs no average: how often it was seen tells when.
  const statistic =
    metric.kind === "gauge" || metric.kind === "counter"
      ? "last_over_time"
      : metric.name === "kube_pod_status_phase"
        ? "sum_over_time"
        : "count_over_time";
  for (const { labels, values } of (await ask((what) => `${statistic}(${what}[300s])`)).values())
    asSamples(metric, labels, values, reducer, options);
}

const seconds = (ms: number) => `${Math.round(ms / 1000)}s`;

/** Memory: averages and maxima, and how many samples there were to say when it was there. */
async function readMemory(
  name: string,
  ask: (query: Query) => Promise<Table>,
  reducer: Reducer,
  { window, interval }: RangeOptions,
): Promise<void> {
  const counts = await ask((what) => `count_over_time(${what}[300s])`);
  const averages = await ask((what) => `avg_over_time(${what}[300s])`);
  const maxima = await ask((what) => `max_over_time(${what}[300s])`);
  for (const [key, { labels, values }] of counts) {
    const runs = presence(values, interval.cadvisor, window);
    if (runs.length === 0) continue;
    const average = averages.get(key)?.values;
    const maximum = maxima.get(key)?.values;
    const held = heldMs(runs, window, values.length);
    const figures = {
      first: 0,
      figures: joined(
        held.map((ms, bucket) => ms * finite(average?.[bucket])),
        held.map((_, bucket) => finite(maximum?.[bucket])),
      ),
      runs,
    };
    reducer.buckets(name, labels, figures, infinite(average));
  }
}

/** A counter: what it grew in each bucket and, of CPU, the highest rate between two scrapes. */
async function readCounter(
  name: string,
  ask: (query: Query) => Promise<Table>,
  reducer: Reducer,
  { window, interval }: RangeOptions,
): Promise<void> {
  const apart = interval.cadvisor;
  const wide = BUCKET_MS + apart;
  const counts = await ask((what) => `count_over_time(${what}[300s])`);
  const rates = await ask((what) => `rate(${what}[${seconds(wide)}])`);
  const maxima =
    name === "container_cpu_usage_seconds_total"
      ? await ask(
          (what) =>
            `max_over_time(irate(${what}[${seconds(apart * 2.5)}])[300s:${seconds(apart)}])`,
        )
      : null;
  for (const [key, { labels, values }] of counts) {
    const rate = rates.get(key)?.values;
    const maximum = maxima?.get(key)?.values;
    const sum = values.map((count, bucket) => {
      const perSecond = finite(rate?.[bucket]);
      if (!(count > 0) || perSecond === 0) return 0;
      // The server stretches what it saw by half an interval on each open side; we take that back.
      const before = bucket === 0 || (values[bucket - 1] as number) > 0;
      const after = bucket === values.length - 1 || (values[bucket + 1] as number) > 0;
      const seen = before ? (after ? BUCKET_MS : count * apart) : Math.max(0, count - 1) * apart;
      return (perSecond * (wide / 1000) * seen) / (seen + apart);
    });
    const runs = presence(values, apart, window);
    if (runs.length === 0) continue;
    const figures = {
      first: 0,
      figures: joined(
        sum,
        sum.map((_, bucket) => finite(maximum?.[bucket]) / 1000),
      ),
      runs: name === "container_cpu_usage_seconds_total" ? runs : [],
    };
    reducer.buckets(name, labels, figures, infinite(rate));
  }
}

/** Sums and maxima as `Part.figures` has them. */
function joined(sum: Float64Array, max: Float64Array): Float64Array {
  const figures = new Float64Array(sum.length * 2);
  figures.set(sum);
  figures.set(max, sum.length);
  return figures;
}

const finite = (value: number | undefined): number =>
  value === undefined || !Number.isFinite(value) ? 0 : value;

/** How many figures a sample of ±Inf made useless; of NaN the server says no figure at all. */
const infinite = (values: Float64Array | undefined): number =>
  values?.reduce((count, value) => count + (Math.abs(value) === Infinity ? 1 : 0), 0) ?? 0;

/**
 * When a series was there, from the number of its samples in each bucket: before a bucket without
 * any it ended, after one it began.
 */
export function presence(counts: Float64Array, apart: number, window: Window): Run[] {
  const runs: Run[] = [];
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const count = counts[bucket] as number;
    if (!(count > 0)) continue;
    const start = window.from + bucket * BUCKET_MS;
    const end = Math.min(start + BUCKET_MS, window.until);
    const length = Math.min(end - start, count * apart);
    const begins = bucket > 0 && !((counts[bucket - 1] as number) > 0);
    const ends = bucket < counts.length - 1 && !((counts[bucket + 1] as number) > 0);
    const from = begins ? end - length : start;
    const until = ends && !begins ? start + length : end;
    const last = runs.at(-1);
    if (last !== undefined && last.until === from) last.until = until;
    else runs.push({ from, until, value: 1 });
  }
  return runs;
}

function heldMs(runs: readonly Run[], window: Window, buckets: number): Float64Array {
  const held = new Float64Array(buckets);
  for (const run of runs)
    for (let from = run.from; from < run.until;) {
      const bucket = Math.floor((from - window.from) / BUCKET_MS);
      const until = Math.min(run.until, window.from + (bucket + 1) * BUCKET_MS);
      held[bucket] = (held[bucket] ?? 0) + until - from;
      from = until;
    }
  return held;
}

/** Gives a series of kube-state-metrics as the samples that its figures stand for. */
function asSamples(
  metric: Metric,
  labels: Labels,
  values: Float64Array,
  reducer: Reducer,
  { window, interval }: RangeOptions,
): void {
  const times: number[] = [];
  const given: number[] = [];
  const named = { ...labels, __name__: metric.name };
  if (metric.kind !== "state") {
    for (const [bucket, value] of values.entries()) {
      if (Number.isNaN(value)) continue;
      const from = window.from + bucket * BUCKET_MS;
      for (let at = from; at < from + BUCKET_MS; at += interval.ksm) {
        times.push(at);
        given.push(value);
      }
    }
  } else
    for (const run of presence(values, interval.ksm, window))
      for (let at = run.from; at < run.until; at += interval.ksm) {
        times.push(at);
        given.push(1);
      }
  if (times.length > 0)
    reducer.samples(
      metric.name,
      named,
      Float64Array.from(times),
      Float64Array.from(given),
      times.length,
    );
}

/**
 * A query's figures for each bucket of the window: asked in halves where the whole is too much, of its
 * time first and then of its namespaces.
 */
async function askDay(
  endpoint: Endpoint,
  query: Query,
  name: string,
  matchers: readonly Matcher[],
  options: RangeOptions,
): Promise<Table> {
  const { window, pace } = options;
  const buckets = Math.ceil((window.until - window.from) / BUCKET_MS);
  const table: Table = new Map();
  const part = async (which: readonly Matcher[], first: number, end: number): Promise<void> => {
    for (let from = first; from < end;) {
      const until = Math.min(end, from + pace.points);
      const asked = query(selector(name, which));
      try {
        await askPart(endpoint, asked, from, until, buckets, table, options);
        from = until;
      } catch (error) {
        if (!(error instanceof TooMuch)) throw error;
        const points = until - from;
        if (points * BUCKET_MS > SMALLEST_MS) {
          pace.points = Math.min(pace.points, Math.ceil(points / 2));
          continue;
        }
        const halves = halved(which);
        if (halves === null)
          throw new AppError(
            "SOURCE_UNREADABLE",
            `${error.message}, even for ${points} points of ${asked}; raise the server's limits, or give it less to do at once with "concurrency: 1"`,
            { cause: error },
          );
        for (const half of halves) await part(half, from, until);
        from = until;
      }
    }
  };
  await part(matchers, 0, buckets);
  return table;
}

interface Matrix {
  status?: string;
  data?: { result?: { metric: Record<string, string>; values: [number, string][] }[] };
}

/** Asks for the points of some buckets: each at the bucket's end less a millisecond. */
async function askPart(
  endpoint: Endpoint,
  query: string,
  first: number,
  end: number,
  buckets: number,
  table: Table,
  options: RangeOptions,
): Promise<void> {
  const { window, signal, timeoutMs } = options;
  const at = (bucket: number) => window.from + (bucket + 1) * BUCKET_MS - 1;
  const answer = await endpoint.post("/api/v1/query_range", {
    body: new URLSearchParams({
      query,
      start: (at(first) / 1000).toFixed(3),
      end: (at(end - 1) / 1000).toFixed(3),
      step: String(BUCKET_MS / 1000),
      // VictoriaMetrics moves the points to whole steps without it.
      nocache: "1",
    }).toString(),
    headers: { "content-type": "application/x-www-form-urlencoded" },
    signal,
    timeoutMs,
  });
  const pieces: Buffer[] = [];
  try {
    for await (const piece of answer) pieces.push(piece as Buffer);
  } catch (error) {
    if (signal.aborted) throw error;
    throw broken(endpoint.place, error);
  }
  const text = Buffer.concat(pieces).toString("utf8");
  options.asked(query, text.length);
  const contentType = answer.headers["content-type"] ?? "";
  const said = { status: 200, contentType, body: text.slice(0, 65_536) };
  if (isHtml(said)) throw refused(endpoint.place, endpoint.azure, said);
  let matrix: Matrix;
  try {
    matrix = JSON.parse(text) as Matrix;
  } catch (error) {
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${endpoint.place}: the answer to ${query} is cut or is not JSON (${text.length} bytes); run the command again, and look at what is between us and the server`,
      { cause: error },
    );
  }
  for (const { metric, values } of matrix.data?.result ?? []) {
    const { __name__: _, ...labels } = metric;
    const key = keyOf(labels);
    let row = table.get(key);
    if (row === undefined) {
      row = { labels, values: new Float64Array(buckets).fill(Number.NaN) };
      table.set(key, row);
    }
    for (const [time, value] of values) {
      const bucket = Math.round((time * 1000 + 1 - window.from) / BUCKET_MS) - 1;
      if (bucket >= 0 && bucket < buckets) row.values[bucket] = numberOf(value);
    }
  }
}

/** As Prometheus writes it: `+Inf` is no number to JavaScript. */
const numberOf = (value: string): number => Number(value.replace(/^([+-])Inf$/, "$1Infinity"));

const keyOf = (labels: Record<string, string>): string =>
  JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
