import { copyFile, link, mkdir, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { TokenCredential } from "@azure/identity";
import { AppError } from "../../data/errors.ts";
import { homePaths, renameDurably, sha256, syncFile, writeWhole } from "../../data/files.ts";
import { finishLanding, landingFolder, readLanded, startLanding } from "../landing.ts";
import type {
  Examined,
  FactKind,
  FactPart,
  LandedFile,
  Loaded,
  Plan,
  Source,
  SourceContext,
  Unit,
  UnitProblem,
} from "../source.ts";
import type { PrometheusConfig } from "./config.ts";
import { type DayRead, type DayRecord, readRecord, RECORD_FILE } from "./record.ts";
import { readRecorded, recordedDays } from "./recorded.ts";
import { Reducer } from "./reduce.ts";
import type { Window } from "./runs.ts";
import { openServer, type Server } from "./server.ts";
import { type FactFile, FactFiles } from "./write.ts";

/** A day of a cluster. */
export interface PrometheusUnit extends Unit {
  readonly day: string;
  /** ISO time up to which samples are in it; the day's end, or the last full hour of today. */
  readonly until: string;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
// What is scraped is not at once to be read, and a remote write is slower still.
const SETTLED_MS = 5 * 60_000;
/** Of what is landed; another number lands every day anew. */
const FORMAT = "prometheus 1";

/** What the absence of a metric costs, and what to do; of others only columns stay empty. */
const WITHOUT: Readonly<Record<string, string>> = {
  kube_pod_labels:
    "rules by label see no pod; start kube-state-metrics with --metric-labels-allowlist=pods=[*]",
  kube_namespace_labels:
    "rules by label see no namespace; start kube-state-metrics with --metric-labels-allowlist=namespaces=[*]",
  kube_node_info: "nodes are joined to the bill by name alone; scrape kube-state-metrics",
  kube_node_status_capacity: "nodes cannot be divided; scrape kube-state-metrics",
  kube_pod_container_resource_requests:
    "requests are taken for nothing, and only use counts; scrape kube-state-metrics",
  kube_pod_owner: "pods stand for themselves and not for workloads; scrape kube-state-metrics",
};

/**
 * Usage of one cluster from a Prometheus-compatible server, or from samples written down. What is
 * landed is not raw: the samples stay in Prometheus, and a landing holds the facts they were reduced to
 * (Parquet) and a record of what was asked and seen. A rebuild therefore needs no server.
 * @param folder what `recorded` and secrets are relative to
 */
export function prometheusSource(
  config: PrometheusConfig,
  folder: string,
  credential?: TokenCredential,
): Source<PrometheusUnit> {
  const { name, cluster } = config;
  if ((config.url === undefined) === (config.recorded === undefined))
    throw new AppError(
      "CONFIG_INVALID",
      `source ${name}: give "url" for a server or "recorded" for a folder, one of the two`,
    );
  const recorded = config.recorded === undefined ? null : resolve(folder, config.recorded);
  const servers = new WeakMap<SourceContext, Server>();
  const serverFor = (context: SourceContext): Server => {
    const known = servers.get(context);
    if (known !== undefined) return known;
    const opened = openServer(config, folder, context, credential);
    servers.set(context, opened);
    return opened;
  };
  const asked = sha256(
    JSON.stringify([config.clusterLabel ?? null, config.scrapeInterval ?? null]),
  );
  const unitOf = (day: string, until: number, version: string, bytes: number): PrometheusUnit => {
    const iso = new Date(until).toISOString();
    return {
      unit: `${cluster} ${day}`,
      run: null,
      submittedAt: iso,
      months: [day.slice(0, 7)],
      days: { from: day, until: dayOf(startOf(day) + DAY_MS) },
      fingerprint: `${FORMAT} ${cluster} ${day} ${iso} ${version}`,
      bytes,
      day,
      until: iso,
    };
  };

  return {
    name,
    type: config.type,

    async plan(context): Promise<Plan<PrometheusUnit>> {
      if (recorded !== null) {
        const days = await recordedDays(recorded, name);
        return {
          units: days.map(({ day, version, bytes }) =>
            unitOf(day, startOf(day) + DAY_MS, version, bytes),
          ),
          problems: [],
        };
      }
      const server = serverFor(context);
      const now = context.now().getTime();
      const problems: UnitProblem[] = [];
      const first = await server.firstDay(now, config.days ?? 400);
      if (first === null)
        throw new AppError(
          "SOURCE_UNREADABLE",
          `${server.place}: no container was measured in the last ${config.days ?? 400} days; check the address, "tenant" and "clusterLabel"`,
        );
      const skewed = server.skewProblem();
      if (skewed !== null) problems.push({ unit: "clock", error: skewed });
      const units: PrometheusUnit[] = [];
      for (let start = startOf(first); start < now; start += DAY_MS) {
        const settled = Math.floor((now - SETTLED_MS) / HOUR_MS) * HOUR_MS;
        const until = Math.min(start + DAY_MS, settled);
        if (until > start) units.push(unitOf(dayOf(start), until, asked.slice(0, 8), 0));
      }
      return { units, problems };
    },

    async examine(context): Promise<Examined> {
      if (recorded !== null) return { found: `recorded samples in ${recorded}`, lacking: [] };
      const server = serverFor(context);
      const at = context.now().getTime() - SETTLED_MS;
      const { version, rung, why, interval } = await server.capabilities(at);
      const missing = await server.lacking(Object.keys(WITHOUT), at);
      return {
        found: `${version === null ? "a server that does not say its version" : `Prometheus ${version}`}, read by ${rung === "remote-read" ? "remote read" : `range queries (${why ?? ""})`}, scraped every ${interval.cadvisor / 1000} s`,
        lacking: missing.map((metric) => `no ${metric}: ${WITHOUT[metric]}`),
        labels: !(missing.includes("kube_pod_labels") && missing.includes("kube_namespace_labels")),
      };
    },

    async land(unit, context): Promise<LandedFile[]> {
      const run = landingFolder(context.home, name, unit.unit, unit.fingerprint);
      const before = await readLanded(run);
      if (before !== null) return before;
      await startLanding(run);
      const window: Window = { from: startOf(unit.day), until: Date.parse(unit.until) };
      const { day } = unit;
      const { read, files } =
        recorded === null
          ? await serverFor(context).read(day, window, run)
          : await readFolder(recorded, cluster, day, window, run, context.signal);
      const record: DayRecord = {
        format: "apportion/prometheus/1",
        source: name,
        cluster,
        day,
        until: unit.until,
        ...read,
        rows: Object.fromEntries(files.map((file) => [file.kind, file.rows])),
      };
      const text = `${JSON.stringify(record, null, 2)}\n`;
      const path = join(run, `${RECORD_FILE}.json`);
      await writeWhole(path, text);
      const landed: LandedFile[] = [
        { name: RECORD_FILE, path, sha256: sha256(text), bytes: Buffer.byteLength(text) },
        ...files.map(({ name, path, sha256, bytes }) => ({ name, path, sha256, bytes })),
      ];
      await finishLanding(run, unit, landed);
      return landed;
    },

    async load(unit, landed, context): Promise<Loaded> {
      const record = await readRecord(landed, `${name}: ${unit.unit}`);
      if (record.cluster !== cluster || record.day !== unit.day)
        throw new AppError(
          "FILE_INVALID",
          `${name}: what was landed is about ${record.cluster} ${record.day}, not ${unit.unit}; land it again`,
        );
      const into = join(homePaths(context.home).facts, name);
      await mkdir(into, { recursive: true, mode: 0o700 });
      const facts: FactPart[] = [];
      for (const [kind, rows] of Object.entries(record.rows)) {
        const file = landed.find((candidate) => candidate.name === kind);
        // Five minutes go after their time; the hours beside them stay.
        if (file === undefined && kind === "usage_5m") continue;
        if (file === undefined)
          throw new AppError("FILE_INVALID", `${name}: ${unit.unit}: no landed ${kind}`);
        if (rows === 0) continue;
        const parquet = join(into, `${kind}-${file.sha256.slice(0, 32)}.parquet`);
        await place(file.path, parquet);
        facts.push({
          kind: kind as FactKind,
          cluster,
          day: unit.day,
          parquet,
          parquetSha256: file.sha256,
          rows,
        });
      }
      return {
        dataset: "Usage",
        scope: null,
        exportName: null,
        rows: facts.reduce((sum, part) => sum + part.rows, 0),
        promised: null,
        parts: [],
        controls: [],
        rejected: record.rejected.map((entry) => ({
          file: entry.metric,
          line: null,
          reason: `${entry.samples} samples: ${entry.reason}`,
          text: entry.example,
          month: null,
          currency: null,
          amount: null,
        })),
        subAccounts: [],
        stated: [],
        facts,
        coverage: record.coverage,
      };
    },
  };
}

async function readFolder(
  folder: string,
  cluster: string,
  day: string,
  window: Window,
  into: string,
  signal: AbortSignal,
): Promise<{ read: DayRead; files: FactFile[] }> {
  const path = join(folder, `${day}.jsonl.gz`);
  const facts = new FactFiles(cluster, into);
  try {
    let reducer: Reducer | undefined;
    const step = await readRecorded(
      path,
      { cluster, day },
      (seconds) => {
        const interval = { cadvisor: seconds * 1000, ksm: seconds * 1000 };
        reducer = new Reducer({ day, window, interval }, facts);
        return reducer;
      },
      signal,
    );
    reducer?.endShard();
    const { coverage, notes } = (reducer as Reducer).end();
    const { size } = await stat(path);
    const read = {
      server: { address: path, version: null, rung: "recorded", why: null },
      intervals: { cadvisor: step * 1000, ksm: step * 1000 },
      missing: [],
      requests: [{ what: path, shard: "all namespaces", bytes: size }],
      ...notes,
      coverage,
    };
    return { read, files: await facts.finish() };
  } finally {
    facts.close();
  }
}

/** A landed file under a second name; where that cannot be, its copy. */
async function place(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  try {
    await link(from, to);
  } catch {
    const temporary = `${to}.tmp`;
    await copyFile(from, temporary);
    await syncFile(temporary);
    await renameDurably(temporary, to);
  }
}

const startOf = (day: string) => Date.parse(`${day}T00:00:00Z`);
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
