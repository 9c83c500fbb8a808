import { AppError } from "../../data/errors.ts";
import type { PrometheusClient } from "./client.ts";
import type { Endpoint } from "./endpoint.ts";
import { type Matcher, METRICS } from "./metrics.ts";
import { ChunkedReader } from "./chunked.ts";
import { remoteRead } from "./remote-read.ts";
import { BUCKET_MS, HOUR_MS } from "./runs.ts";
import { Samples } from "./samples.ts";

/** What a server has, found by asking it. */
export interface Capabilities {
  version: string | null;
  /** How samples are read: the best that it answers. */
  rung: "remote-read" | "query-range";
  /** Why not the better one; null where it is. */
  why: string | null;
  /** Whether one request of remote read may ask several questions. */
  several: boolean;
  /** Milliseconds between scrapes. */
  interval: { cadvisor: number; ksm: number };
  /** How many containers were measured in each namespace. */
  sizes: ReadonlyMap<string, number>;
}

/** Intervals people configure; what is counted is taken for the nearest. */
const USUAL = [1, 5, 10, 15, 20, 30, 45, 60, 90, 120, 150, 180, 240, 300];
// Less than half an hour by a second, so that no sample on both ends is counted.
const COUNTED_S = 1799;

export interface ProbeOptions {
  signal: AbortSignal;
  cluster: readonly Matcher[];
  /** Seconds, where the configuration says. */
  scrapeInterval: number | undefined;
  /** A time at which there is data. */
  at: number;
  concurrency: number;
}

/** A PromQL selector. */
export function selector(name: string, matchers: readonly Matcher[]): string {
  const inside = matchers.map(([label, type, value]) => `${label}${type}${JSON.stringify(value)}`);
  return inside.length === 0 ? name : `${name}{${inside.join(",")}}`;
}

/** Asks what is there; refuses a server without what usage cannot do without, naming it. */
export async function probe(
  endpoint: Endpoint,
  client: PrometheusClient,
  options: ProbeOptions,
): Promise<Capabilities> {
  const { cluster, at } = options;
  const version = await client.version();
  const series = new Map<string, number>();
  const namespaces = new Map<string, number>();
  // To count the series of the other metrics would cost the server as much as to read some of them.
  const sizes = METRICS.filter((metric) => metric.needed || metric.name === "kube_pod_info");
  await pooled(sizes, options.concurrency, async (metric) => {
    const which = selector(metric.name, [...metric.where, ...cluster]);
    const bySize = metric.name === "container_memory_working_set_bytes";
    const counts = await client.instant(`count${bySize ? " by (namespace) " : ""}(${which})`, at);
    for (const { labels, value } of counts) {
      series.set(metric.name, (series.get(metric.name) ?? 0) + value);
      if (bySize) namespaces.set(labels["namespace"] ?? "", value);
    }
  });
  const needed = sizes.filter((metric) => metric.needed && !series.has(metric.name));
  if (needed.length > 0)
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${endpoint.place}: no ${needed.map((metric) => metric.name).join(", no ")}${cluster.length > 0 ? ` with ${cluster.map(([name, , value]) => `${name}="${value}"`).join(", ")}` : ""} at ${new Date(at).toISOString()}; let it scrape the kubelets' cAdvisor, and check "clusterLabel"`,
    );
  const spacing = async (name: string): Promise<number> => {
    if (options.scrapeInterval !== undefined) return options.scrapeInterval * 1000;
    if (!series.has(name)) return 60_000;
    // A few hours, so that one outage does not look like a longer interval; kube-system, since it is small.
    const of = (where: readonly Matcher[]) =>
      `max(count_over_time(${selector(name, [...where, ...cluster])}[${COUNTED_S}s]))`;
    const small = await client.range(
      of([["namespace", "=", "kube-system"]]),
      at - 6 * HOUR_MS,
      at,
      HOUR_MS / 2,
    );
    const most = Math.max(0, ...small.flatMap(({ points }) => points.map(({ value }) => value)));
    const [whole] = most > 0 ? [] : await client.instant(of([]), at);
    return intervalOf(Math.max(most, whole?.value ?? 0), name, endpoint.place);
  };
  const interval = {
    cadvisor: await spacing("container_cpu_usage_seconds_total"),
    ksm: await spacing(series.has("kube_pod_info") ? "kube_pod_info" : "kube_node_info"),
  };
  const [smallest] = [...namespaces].reduce((a, b) => (b[1] < a[1] ? b : a), ["", Infinity]);
  const { why, several } = endpoint.azure
    ? { why: "Azure Monitor has no remote read", several: false }
    : await streams(endpoint, smallest, options);
  return {
    version,
    rung: why === null ? "remote-read" : "query-range",
    why,
    several,
    interval,
    sizes: namespaces,
  };
}

/** Milliseconds between scrapes, from how many samples half an hour held. */
export function intervalOf(samples: number, name: string, place: string): number {
  const apart = (COUNTED_S + 1) / samples;
  if (!(apart <= 365))
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${place}: ${name} has ${samples} samples in half an hour; scrape it at least every five minutes`,
    );
  const nearest = USUAL.toSorted(
    (a, b) => Math.abs(Math.log(a / apart)) - Math.abs(Math.log(b / apart)),
  );
  return (nearest[0] ?? 60) * 1000;
}

/**
 * Whether streamed remote read works, else why it does not; and whether it answers both of two questions.
 * @param namespace one with containers
 */
async function streams(
  endpoint: Endpoint,
  namespace: string,
  { cluster, at, signal }: ProbeOptions,
): Promise<Pick<Capabilities, "why" | "several">> {
  // As far back as the count looked that found the namespace.
  const window = { from: at - BUCKET_MS, until: at };
  const query = {
    ...window,
    matchers: [
      ["__name__", "=", "container_memory_working_set_bytes"] as const,
      ["namespace", "=", namespace] as const,
      ...cluster,
    ],
  };
  const fold = { kind: "gauge", hold: 0, most: Infinity } as const;
  const reading = { samples: new Samples(), folds: [fold, fold], window };
  try {
    const { answered } = await remoteRead(
      endpoint,
      [query, query],
      new ChunkedReader(endpoint.place, reading, { series() {} }),
      { signal, timeoutMs: 30_000 },
    );
    return { why: null, several: answered === 2 };
  } catch (error) {
    if (signal.aborted) throw error;
    return { why: error instanceof Error ? error.message : String(error), several: false };
  }
}

/** Works through a list, some at a time; the first error ends it. */
export async function pooled<T>(
  list: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let stopped = false;
  const run = async () => {
    while (next < list.length && !stopped)
      try {
        await work(list[next++] as T);
      } catch (error) {
        stopped = true;
        throw error;
      }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: atOnce }, run));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
