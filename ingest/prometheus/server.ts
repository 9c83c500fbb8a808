import type { TokenCredential } from "@azure/identity";
import { AppError } from "../../data/errors.ts";
import type { SourceContext } from "../source.ts";
import { openClient } from "./client.ts";
import type { PrometheusConfig } from "./config.ts";
import { openEndpoint } from "./endpoint.ts";
import { type Matcher, type Metric, METRICS } from "./metrics.ts";
import { type Capabilities, pooled, probe, selector } from "./probe.ts";
import { readMetric } from "./query-range.ts";
import type { DayRead } from "./record.ts";
import { Reducer } from "./reduce.ts";
import { type Reduced, ReduceThreads } from "./reduce-thread.ts";
import { remoteRead } from "./remote-read.ts";
import { BUCKET_MS, HOUR_MS, type Window } from "./runs.ts";
import { type Shard, shardsOf } from "./shards.ts";
import { type FactFile, FactFiles } from "./write.ts";

/** One Prometheus-compatible server during one run of the pipeline. */
export interface Server {
  readonly place: string;
  /** The first day, not more than so many back, on which a container's node was there. */
  firstDay(now: number, days: number): Promise<string | null>;
  /** What it has, found by asking; `firstDay` is asked first. */
  capabilities(at: number): Promise<Capabilities>;
  /** Which of these metrics it does not have at a time. */
  lacking(metrics: readonly string[], at: number): Promise<string[]>;
  /** What is wrong with a clock, ours or the server's; null while they agree. */
  skewProblem(): AppError | null;
  /**
   * Reads a day and writes its facts.
   * @param folder where they go; it is there
   */
  read(day: string, window: Window, folder: string): Promise<{ read: DayRead; files: FactFile[] }>;
}

/** A day to read, and how. */
interface Reading extends Capabilities {
  day: string;
  window: Window;
  folder: string;
  shards: Promise<readonly Shard[]>;
}

/** What came of a day, and what was asked for it. */
interface DayOf {
  reduced: Reduced;
  requests: DayRead["requests"];
}

const DAY_MS = 86_400_000;
// Azure takes 32 days in a query.
const LOOK_DAYS = 30;
const MOST_SKEW_MS = 60_000;
const TIMEOUT_MS = 120_000;
/** Series of one metric that are held at once: samples are small, a day's JSON is not. */
const SHARD_SERIES = { "remote-read": 1_200, "query-range": 600 } as const;
/** Where one request asks for many metrics, and a group more costs little: its facts are written while the next is read. */
const SMALL_SHARD = 300;

/** @param credential in place of what the environment signs in with */
export function openServer(
  config: PrometheusConfig,
  folder: string,
  context: SourceContext,
  credential?: TokenCredential,
): Server {
  const endpoint = openEndpoint(config, folder, credential);
  const client = openClient(endpoint, context.signal);
  const { place } = endpoint;
  const threads = new ReduceThreads(place);
  const concurrency = config.concurrency ?? 2;
  const cluster: Matcher[] =
    config.clusterLabel === undefined
      ? []
      : [[config.clusterLabel.name, "=", config.clusterLabel.value]];
  let capabilities: Promise<Capabilities> | undefined;
  let lastSeen: number | undefined;

  const seen = async (metric: string, from: number, until: number): Promise<number[]> => {
    const found = await client.range(`count(${selector(metric, cluster)})`, from, until, HOUR_MS);
    return found.flatMap(({ points }) => points.map(({ at }) => at));
  };

  return {
    place,

    async firstDay(now, days) {
      const earliest = Math.floor(now / DAY_MS) * DAY_MS - (days - 1) * DAY_MS;
      let first: number | null = null;
      for (const metric of ["kube_node_info", "container_cpu_usage_seconds_total"]) {
        // Newest first: what is older than a stretch without any data is not looked for.
        for (let until = now; until > earliest; until -= LOOK_DAYS * DAY_MS) {
          const from = Math.max(earliest, until - LOOK_DAYS * DAY_MS + 1);
          const times = await seen(metric, from, until);
          if (times.length === 0 && first !== null) break;
          for (const at of times) {
            first = Math.min(first ?? at, at);
            lastSeen = Math.max(lastSeen ?? at, at);
          }
        }
        if (first !== null) break;
      }
      return first === null ? null : new Date(first).toISOString().slice(0, 10);
    },

    skewProblem() {
      const skew = endpoint.skew();
      if (Math.abs(skew) <= MOST_SKEW_MS) return null;
      const seconds = Math.round(Math.abs(skew) / 1000);
      return new AppError(
        "SOURCE_UNREADABLE",
        `${place}: its clock is ${seconds} s ${skew > 0 ? "ahead of" : "behind"} ours; set both by NTP, or usage of the current hour is cut wrongly`,
      );
    },

    async lacking(metrics, at) {
      const missing: string[] = [];
      await pooled(metrics, concurrency, async (metric) => {
        const query = `group(${selector(metric, cluster)})`;
        if ((await client.instant(query, lastSeen ?? at)).length === 0) missing.push(metric);
      });
      return missing.toSorted();
    },

    capabilities(at) {
      capabilities ??= probe(endpoint, client, {
        signal: context.signal,
        cluster,
        scrapeInterval: config.scrapeInterval,
        at: lastSeen ?? at,
        concurrency,
      }).then((found) => {
        if (found.rung === "remote-read") threads.prepare();
        return found;
      });
      return capabilities;
    },

    async read(day, window, folder) {
      const found = await this.capabilities(window.until - 1);
      // Asked for while what is about the whole cluster is read.
      const most = found.several ? SMALL_SHARD : SHARD_SERIES[found.rung];
      const shards = shardsOf(client, window, found.sizes, most, cluster);
      shards.catch(() => {});
      const reading = { day, window, folder, shards, ...found };
      const { reduced, requests } =
        found.rung === "remote-read" ? await streamed(reading) : await queried(reading);
      const { files, notes, coverage } = reduced;
      return {
        files,
        read: {
          server: {
            address: endpoint.url,
            version: found.version,
            rung: found.rung,
            why: found.why,
          },
          intervals: found.interval,
          missing: METRICS.map(({ name }) => name).filter((name) => !(name in notes.series)),
          requests,
          ...notes,
          coverage,
        },
      };
    },
  };

  /**
   * Asks for all metrics of the cluster, then shard after shard for those of its namespaces: one in a
   * request, or, where it may have several, all of them in as many requests as run at once.
   */
  async function each(
    { day, shards, several }: Reading,
    ask: (metrics: readonly Metric[], shard: Shard) => Promise<void>,
    endShard: () => Promise<void> | void,
  ): Promise<void> {
    const of = (scope: Metric["scope"]) => METRICS.filter((metric) => metric.scope === scope);
    const round = async (shard: Shard, metrics: readonly Metric[]) => {
      let done = 0;
      const requests = dealt(metrics, several ? concurrency : metrics.length);
      await pooled(requests, concurrency, async (some) => {
        await ask(some, shard);
        done += some.length;
        context.progress(`${config.name}: ${day}, ${shard.name}`, done, metrics.length);
      });
    };
    await round({ name: "the cluster", matchers: [] }, of("cluster"));
    // The long ones first: the others are asked for beside them.
    const namespaced = of("namespace").toSorted((a, b) => Number(b.needed) - Number(a.needed));
    for (const shard of await shards) {
      await round(shard, namespaced);
      await endShard();
    }
  }

  async function streamed(reading: Reading): Promise<DayOf> {
    const { day, window, folder, interval } = reading;
    const { signal } = context;
    const requests: DayRead["requests"] = [];
    return await threads.use(async (reducing) => {
      await reducing.begin({ day, window, interval, cluster: config.cluster, folder });
      await each(
        reading,
        async (metrics, shard) => {
          const queries = metrics.map(({ name, where }) => ({
            from: window.from - BUCKET_MS,
            until: window.until - 1,
            matchers: [["__name__", "=", name] as const, ...where, ...shard.matchers, ...cluster],
          }));
          const into = reducing.stream(metrics);
          const { bytes } = await remoteRead(endpoint, queries, into, {
            signal,
            timeoutMs: TIMEOUT_MS,
          });
          const what = metrics.map(({ name }) => name).join(" ");
          requests.push({ what, shard: shard.name, bytes });
        },
        // Written while the next shard is on its way; where that fails, the next request does.
        () => void reducing.endShard().catch(() => {}),
      );
      return { reduced: await reducing.finish(), requests };
    });
  }

  async function queried(reading: Reading): Promise<DayOf> {
    const { day, window, folder, interval } = reading;
    const facts = new FactFiles(config.cluster, folder);
    const requests: DayRead["requests"] = [];
    try {
      const reducer = new Reducer({ day, window, interval }, facts);
      const pace = { points: Infinity };
      await each(
        reading,
        async (metrics, shard) => {
          for (const metric of metrics)
            await readMetric(endpoint, metric, [...shard.matchers, ...cluster], reducer, {
              window,
              interval,
              pace,
              signal: context.signal,
              timeoutMs: TIMEOUT_MS,
              asked: (what, bytes) => requests.push({ what, shard: shard.name, bytes }),
            });
        },
        () => reducer.endShard(),
      );
      const ended = reducer.end();
      return { reduced: { ...ended, files: await facts.finish() }, requests };
    } finally {
      facts.close();
    }
  }
}

/** Deals a list out to so many, by turns. */
const dealt = <T>(list: readonly T[], hands: number): T[][] =>
  Array.from({ length: Math.min(hands, list.length) }, (_, hand) =>
    list.filter((_item, index) => index % hands === hand),
  );
