import { assign } from "./assign.ts";
import type { SeriesSink } from "./chunked.ts";
import type { FactSink } from "./facts.ts";
import { label, type Labels } from "./labels.ts";
import { type Metric, METRIC_BY_NAME } from "./metrics.ts";
import { Nodes } from "./nodes.ts";
import { Cells, type Part, type PartName, settle } from "./parts.ts";
import { containerOf, nodeOf, type Pod, uidOfPath, usedOf } from "./pods.ts";
import { Notes, type ReduceNotes } from "./reduce-notes.ts";
import type { Window } from "./runs.ts";
import { type Fold, Samples, type SeriesFigures } from "./samples.ts";
import { ShardState, takeState } from "./shard-state.ts";
import { UsageRows } from "./usage.ts";
import { Volumes } from "./volumes.ts";
import { writeNamespaces, writePod, writeServices } from "./write-shard.ts";

/** Where series are put that came as samples; the arrays are the giver's again when it returns. */
export interface SampleSink {
  /**
   * One whole series.
   * @param times milliseconds, growing; from one scrape before the day on
   * @param values NaN where the server says that the series ended
   */
  samples(
    metric: string,
    labels: Labels,
    times: Float64Array,
    values: Float64Array,
    count: number,
  ): void;
}

export interface ReducerOptions {
  day: string;
  window: Window;
  /** Milliseconds between scrapes, by where a metric comes from. */
  interval: { cadvisor: number; ksm: number };
}

/**
 * From series of samples to the facts of a cluster-day. Pure: the same series in any order give the
 * same facts. Series of the whole cluster come first, then shard after shard of namespaces, each
 * closed by `endShard`; memory holds one shard.
 */
export class Reducer implements SeriesSink, SampleSink {
  readonly #options: ReducerOptions;
  readonly #sink: FactSink;
  readonly #cluster: { nodes: Nodes; volumes: Volumes };
  readonly #notes = new Notes();
  readonly #cells = new Cells();
  #samples: Samples | undefined;
  readonly #usage: UsageRows;
  #shard = new ShardState();

  constructor(options: ReducerOptions, sink: FactSink) {
    this.#options = options;
    this.#sink = sink;
    this.#usage = UsageRows.to(sink);
    this.#cluster = { nodes: new Nodes(options.window), volumes: new Volumes() };
  }

  samples(
    metric: string,
    labels: Labels,
    times: Float64Array,
    values: Float64Array,
    count: number,
  ): void {
    const known = METRIC_BY_NAME.get(metric);
    if (known === undefined || count === 0) return;
    const { window, interval } = this.#options;
    this.#samples ??= new Samples();
    const fold = foldOf(known, interval);
    this.series(metric, labels, this.#samples.series(fold, window, times, values, count));
  }

  series(metric: string, labels: Labels, series: SeriesFigures): void {
    const known = METRIC_BY_NAME.get(metric);
    if (known === undefined) return;
    this.#notes.samples += series.samples;
    this.#notes.series(metric);
    this.#notes.faults(metric, labels, series);
    const { runs } = series;
    if (kindOf(known) === "state") {
      // What a node is called in the bill is known from just before the day, too.
      if (runs.length > 0) takeState(this.#shard, this.#cluster, metric, labels, runs);
      else if (metric === "kube_node_info") this.#cluster.nodes.info(labels, runs);
      return;
    }
    if (runs.length === 0) return;
    const part: Part = {
      id: known.from === "cadvisor" ? lifeOf(metric, labels) : "",
      job: labels["job"] ?? "",
      origin: originOf(labels),
      first: series.first,
      figures: this.#cells.copy(series.figures),
      runs,
    };
    if (known.from === "cadvisor") this.#place(metric, labels, part);
    else this.#restarts(metric, labels, part);
  }

  /**
   * Takes a series of cAdvisor of which the server gave figures by five minutes, not samples.
   * @param infinite figures left out since a sample was ±Inf
   */
  buckets(
    metric: string,
    labels: Labels,
    figures: Omit<Part, keyof PartName>,
    infinite: number,
  ): void {
    this.#notes.series(metric);
    this.#notes.faults(metric, labels, { infinite, implausible: 0 });
    this.#place(metric, labels, {
      id: lifeOf(metric, labels),
      job: labels["job"] ?? "",
      origin: originOf(labels),
      ...figures,
    });
  }

  #place(metric: string, labels: Labels, part: Part): void {
    const container = isNetwork(metric) ? "" : label(labels, "container");
    const pod = label(labels, "pod");
    if (pod === "" || container === "POD" || (container === "" && !isNetwork(metric))) return;
    const uid = label(labels, "uid") || (labels["pod_uid"] ?? "") || uidOfPath(labels["id"] ?? "");
    const node = label(labels, "node") || hostOf(labels["instance"] ?? "");
    const namespace = label(labels, "namespace");
    const key = `${namespace}/${pod}/${container}/${uid}/${node}`;
    const { measured } = this.#shard;
    let parts = measured.get(key);
    if (parts === undefined) {
      parts = {
        namespace,
        pod,
        container,
        uid,
        node,
        cpu: [],
        memory: [],
        throttled: [],
        oom: [],
        received: [],
        sent: [],
      };
      measured.set(key, parts);
    }
    this.#notes.job(metric, part.job);
    parts[CADVISOR[metric] as keyof typeof CADVISOR_PARTS].push(part);
  }

  #restarts(metric: string, labels: Labels, part: Part): void {
    this.#notes.job(metric, part.job);
    const pod = this.#shard.pods.of(labels);
    containerOf(pod, label(labels, "container")).restarts.push(part);
  }

  /** Closes a shard of namespaces: writes its facts and forgets it. */
  endShard(): void {
    const shard = this.#shard;
    const { nodes, volumes } = this.#cluster;
    this.#shard = new ShardState();
    assign(shard.measured.values(), shard.pods, this.#options.window);
    shard.measured.clear();
    const pods = [...shard.pods.byKey.values()].toSorted((a, b) => (a.uid < b.uid ? -1 : 1));
    for (const pod of pods) {
      this.#settle(pod);
      const node = nodeOf(pod);
      for (const container of pod.containers.values()) {
        container.used = usedOf(container);
        if (node !== "") nodes.cover(node, container.used);
      }
    }
    const { day, window } = this.#options;
    const [sink, usage] = [this.#sink, this.#usage];
    const writing = { day, window, nodes, notes: this.#notes, sink, usage };
    const known = pods.map((pod) => writePod(pod, shard, writing)).filter((pod) => pod !== null);
    shard.claims.write(day, known, volumes, this.#sink);
    writeNamespaces(shard, writing);
    writeServices(shard, writing);
    this.#cells.reuse();
  }

  /** Leaves out what two jobs tell of the same. */
  #settle(pod: Pod): void {
    const settled = (metric: string, parts: Part[]): Part[] =>
      parts.length < 2
        ? parts
        : settle(parts, (job) => this.#notes.rank(metric, job), this.#notes.duplicates(metric));
    for (const container of pod.containers.values()) {
      container.cpu = settled(CADVISOR_PARTS.cpu, container.cpu);
      container.memory = settled(CADVISOR_PARTS.memory, container.memory);
      container.throttled = settled(CADVISOR_PARTS.throttled, container.throttled);
      container.oom = settled(CADVISOR_PARTS.oom, container.oom);
      container.restarts = settled("kube_pod_container_status_restarts_total", container.restarts);
    }
    pod.received = settled(CADVISOR_PARTS.received, pod.received);
    pod.sent = settled(CADVISOR_PARTS.sent, pod.sent);
  }

  /** Writes what is about the whole cluster; gives the seconds covered over all nodes, and the notes. */
  end(): { coverage: number; notes: ReduceNotes } {
    this.#usage.end();
    const coverage = this.#cluster.nodes.write(this.#sink);
    this.#cluster.volumes.write(this.#options.day, this.#sink);
    return { coverage, notes: this.#notes.all() };
  }
}

const CADVISOR_PARTS = {
  cpu: "container_cpu_usage_seconds_total",
  memory: "container_memory_working_set_bytes",
  throttled: "container_cpu_cfs_throttled_seconds_total",
  oom: "container_oom_events_total",
  received: "container_network_receive_bytes_total",
  sent: "container_network_transmit_bytes_total",
} as const;
const CADVISOR: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(CADVISOR_PARTS).map(([part, metric]) => [metric, part]),
);

// More cores than any node has: a counter that slipped back, not a restart.
const MOST_PER_MS = 2;

/** How samples become figures: what cAdvisor counts and weighs by five minutes, else when it was so. */
const kindOf = ({ kind, from }: Metric): Fold["kind"] =>
  kind === "counter" ? "counter" : from === "cadvisor" ? "gauge" : "state";

export const foldOf = (metric: Metric, interval: ReducerOptions["interval"]): Fold => ({
  kind: kindOf(metric),
  hold: interval[metric.from],
  most: metric.name === CADVISOR_PARTS.cpu ? MOST_PER_MS : Infinity,
});

const isNetwork = (metric: string) => metric.startsWith("container_network_");

/** Which of its container's lives a series is about: the runtime's id, or a pod's interface. */
function lifeOf(metric: string, labels: Labels): string {
  if (isNetwork(metric)) return labels["interface"] ?? "";
  const name = labels["name"] ?? "";
  return name === "" ? (labels["id"] ?? "") : name;
}

const hostOf = (instance: string) => instance.replace(/:\d+$/, "");

/** What tells two series of one thing apart, besides what they are about. */
function originOf(labels: Labels): string {
  const { instance = "", metrics_path: path = "", service = "", endpoint = "" } = labels;
  const replica = labels["prometheus_replica"] ?? labels["replica"] ?? labels["prometheus"] ?? "";
  return [instance, path, service, endpoint, replica].join("\u0000");
}
