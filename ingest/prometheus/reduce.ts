import { assign } from "./assign.ts";
import type { FactSink } from "./facts.ts";
import { HeldLabels, label, type Labels } from "./labels.ts";
import { METRIC_BY_NAME } from "./metrics.ts";
import { Nodes } from "./nodes.ts";
import {
  counterPart,
  cpuPart,
  type Duplicates,
  type Faults,
  gaugePart,
  type Part,
  type PartName,
  settle,
} from "./parts.ts";
import {
  type Container,
  containerOf,
  type ContainerParts,
  nodeOf,
  type Owner,
  ownerOf,
  type Pod,
  Pods,
  runningOf,
  uidOfPath,
} from "./pods.ts";
import {
  HOUR_MS,
  intersect,
  length,
  type Run,
  runsOf,
  spread,
  union,
  type Window,
} from "./runs.ts";
import { writeUsage } from "./usage.ts";
import { Claims, Volumes } from "./volumes.ts";

/** Where a rung puts the series it read; the arrays are its own and are used again. */
export interface SeriesSink {
  /**
   * One whole series.
   * @param times milliseconds, growing; from one scrape before the day on
   * @param values NaN where the server says that the series ended
   */
  series(
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

/** What a person should know of what was read. */
export interface ReduceNotes {
  samples: number;
  series: Record<string, number>;
  /** Rejected samples by metric, and the first series they were in. */
  rejected: { metric: string; reason: string; samples: number; example: string }[];
  duplicates: { metric: string; what: string; series: number }[];
  unplaced: number;
}

interface NamespaceDay {
  labels: HeldLabels;
  annotations: HeldLabels;
  seen: Run[];
}

/** What is known of the shard being read. */
interface Shard {
  pods: Pods;
  measured: Map<string, ContainerParts>;
  namespaces: Map<string, NamespaceDay>;
  claims: Claims;
  services: Map<string, { namespace: string; name: string; runs: Run[] }>;
  owners: Map<string, { owner: Owner; from: number }>;
}

/**
 * From series of samples to the facts of a cluster-day. Pure: the same series in any order give the
 * same facts. Series of the whole cluster come first, then shard after shard of namespaces, each
 * closed by `endShard`; memory holds one shard.
 */
export class Reducer implements SeriesSink {
  readonly #options: ReducerOptions;
  readonly #sink: FactSink;
  readonly #nodes: Nodes;
  readonly #volumes = new Volumes();
  #shard: Shard = newShard();
  readonly #jobs = new Map<string, number>();
  readonly #duplicates = new Map<string, Duplicates>();
  readonly #notes: ReduceNotes = {
    samples: 0,
    series: {},
    rejected: [],
    duplicates: [],
    unplaced: 0,
  };

  constructor(options: ReducerOptions, sink: FactSink) {
    this.#options = options;
    this.#sink = sink;
    this.#nodes = new Nodes(options.window);
  }

  series(
    metric: string,
    labels: Labels,
    times: Float64Array,
    values: Float64Array,
    count: number,
  ): void {
    const known = METRIC_BY_NAME.get(metric);
    if (known === undefined || count === 0) return;
    const notes = this.#notes;
    notes.samples += count;
    notes.series[metric] = (notes.series[metric] ?? 0) + 1;
    if (known.from === "cadvisor") this.#cadvisor(metric, labels, times, values, count);
    else if (known.kind === "counter") this.#restarts(metric, labels, times, values, count);
    else {
      const { window, interval } = this.#options;
      const runs = runsOf(times, values, count, interval.ksm, window);
      let infinite = 0;
      for (let j = 0; j < count; j++) if (Math.abs(values[j] as number) === Infinity) infinite++;
      if (infinite > 0) this.#reject(metric, labels, "±Inf", infinite);
      // What a node is called in the bill is known from just before the day, too.
      if (runs.length > 0) this.#state(metric, labels, runs);
      else if (metric === "kube_node_info") this.#nodes.info(labels, runs);
    }
  }

  #reject(metric: string, labels: Labels, reason: string, samples: number): void {
    const known = this.#notes.rejected.find(
      (entry) => entry.metric === metric && entry.reason === reason,
    );
    if (known !== undefined) known.samples += samples;
    else this.#notes.rejected.push({ metric, reason, samples, example: JSON.stringify(labels) });
  }

  #part(
    make: typeof counterPart,
    metric: string,
    id: string,
    labels: Labels,
    times: Float64Array,
    values: Float64Array,
    count: number,
    hold: number,
  ): Part | null {
    const faults: Faults = { infinite: 0, implausible: 0 };
    const job = labels["job"] ?? "";
    const name = { id, job, origin: originOf(labels) };
    const part = make(name, times, values, count, hold, this.#options.window, faults);
    if (faults.infinite > 0) this.#reject(metric, labels, "±Inf", faults.infinite);
    if (faults.implausible > 0)
      this.#reject(
        metric,
        labels,
        "a counter fell and was at once higher than any node can count",
        faults.implausible,
      );
    return part;
  }

  #cadvisor(
    metric: string,
    labels: Labels,
    times: Float64Array,
    values: Float64Array,
    count: number,
  ): void {
    const make =
      metric === "container_memory_working_set_bytes"
        ? gaugePart
        : metric === "container_cpu_usage_seconds_total"
          ? cpuPart
          : counterPart;
    const { cadvisor } = this.#options.interval;
    const life = lifeOf(metric, labels);
    const part = this.#part(make, metric, life, labels, times, values, count, cadvisor);
    if (part !== null) this.#place(metric, labels, part);
  }

  /** Takes a series of cAdvisor of which the server gave figures by five minutes, not samples. */
  buckets(metric: string, labels: Labels, figures: Omit<Part, keyof PartName>): void {
    const notes = this.#notes;
    notes.series[metric] = (notes.series[metric] ?? 0) + 1;
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
    this.#countJob(metric, part.job);
    parts[CADVISOR[metric] as keyof typeof CADVISOR_PARTS].push(part);
  }

  #restarts(
    metric: string,
    labels: Labels,
    times: Float64Array,
    values: Float64Array,
    count: number,
  ): void {
    const { ksm } = this.#options.interval;
    const part = this.#part(counterPart, metric, "", labels, times, values, count, ksm);
    if (part === null) return;
    this.#countJob(metric, part.job);
    const pod = this.#shard.pods.of(labels);
    containerOf(pod, label(labels, "container")).restarts.push(part);
  }

  #countJob(metric: string, job: string): void {
    const key = `${metric} ${job}`;
    this.#jobs.set(key, (this.#jobs.get(key) ?? 0) + 1);
  }

  /** One series of kube-state-metrics that says what was so when. */
  #state(metric: string, labels: Labels, runs: Run[]): void {
    const shard = this.#shard;
    const first = (runs[0] as Run).from;
    switch (metric) {
      case "kube_node_info":
        return this.#nodes.info(labels, runs);
      case "kube_node_labels":
        return this.#nodes.labels(labels, runs);
      case "kube_node_status_capacity":
        return this.#nodes.size("capacity", labels, runs);
      case "kube_node_status_allocatable":
        return this.#nodes.size("allocatable", labels, runs);
      case "kube_persistentvolume_info":
        return this.#volumes.info(labels, runs);
      case "kube_persistentvolumeclaim_info":
        return shard.claims.info(labels, runs);
      case "kube_replicaset_owner":
        return owned(shard, labels, `ReplicaSet/${labels["replicaset"] ?? ""}`, first);
      case "kube_job_owner":
        return owned(shard, labels, `Job/${labels["job_name"] ?? ""}`, first);
      case "kube_service_spec_type": {
        const namespace = label(labels, "namespace");
        const name = label(labels, "service");
        const key = `${namespace}/${name}`;
        const known = shard.services.get(key);
        if (known !== undefined) known.runs.push(...runs);
        else if (labels["type"] === "LoadBalancer")
          shard.services.set(key, { namespace, name, runs });
        return;
      }
      case "kube_namespace_created":
      case "kube_namespace_labels":
      case "kube_namespace_annotations": {
        const namespace = namespaceOf(shard, label(labels, "namespace"));
        namespace.seen.push(...runs);
        namespace.labels.add(labels, "label_", runs);
        namespace.annotations.add(labels, "annotation_", runs);
        return;
      }
      default:
        this.#podState(metric, labels, runs, first);
    }
  }

  #podState(metric: string, labels: Labels, runs: Run[], first: number): void {
    const pod = this.#shard.pods.of(labels);
    const on = runs.filter((run) => run.value > 0);
    switch (metric) {
      case "kube_pod_info": {
        const node = label(labels, "node");
        pod.nodes.set(node, [...(pod.nodes.get(node) ?? []), ...runs]);
        pod.seen.push(...runs);
        if (labels["host_network"] === "true") pod.hostNetwork = true;
        const kind = labels["created_by_kind"] ?? "";
        if (kind !== "" && kind !== "<none>")
          // What `kube_pod_owner` says of the controller comes before.
          addOwner(pod, { kind, name: labels["created_by_name"] ?? "" }, first - HOUR_MS * 48);
        return;
      }
      case "kube_pod_status_phase":
        pod.phaseKnown = true;
        if (labels["phase"] === "Running") pod.running.push(...on);
        return;
      case "kube_pod_owner": {
        const kind = labels["owner_kind"] ?? "";
        if (kind !== "" && kind !== "<none>")
          addOwner(pod, { kind, name: labels["owner_name"] ?? "" }, first);
        return;
      }
      case "kube_pod_labels":
        return pod.labels.add(labels, "label_", runs);
      case "kube_pod_annotations":
        return pod.annotations.add(labels, "annotation_", runs);
      case "kube_pod_spec_volumes_persistentvolumeclaims_info": {
        const claim = labels["persistentvolumeclaim"] ?? "";
        pod.claims.set(claim, [...(pod.claims.get(claim) ?? []), ...runs]);
        return;
      }
      case "kube_pod_container_resource_requests":
      case "kube_pod_container_resource_limits": {
        const container = containerOf(pod, label(labels, "container"));
        const sizes = metric.endsWith("_limits") ? container.limits : container.requests;
        const resource = labels["resource"] ?? "";
        sizes.set(resource, [...(sizes.get(resource) ?? []), ...runs]);
        return;
      }
      case "kube_pod_container_status_last_terminated_reason":
        if (labels["reason"] === "OOMKilled")
          containerOf(pod, label(labels, "container")).oomKilled.push(...on);
    }
  }

  /** Closes a shard of namespaces: writes its facts and forgets it. */
  endShard(): void {
    const shard = this.#shard;
    this.#shard = newShard();
    assign(shard.measured.values(), shard.pods, this.#options.window);
    shard.measured.clear();
    const rank = this.#rank();
    const pods = [...shard.pods.byKey.values()].toSorted((a, b) => (a.uid < b.uid ? -1 : 1));
    const settled = (metric: string, parts: readonly Part[]) => {
      if (parts.length < 2) return [...parts];
      let found = this.#duplicates.get(metric);
      if (found === undefined) this.#duplicates.set(metric, (found = new Map()));
      return settle(parts, (job) => rank(metric, job), found);
    };
    for (const pod of pods) {
      for (const container of pod.containers.values()) {
        container.cpu = settled("container_cpu_usage_seconds_total", container.cpu);
        container.memory = settled("container_memory_working_set_bytes", container.memory);
        container.throttled = settled(
          "container_cpu_cfs_throttled_seconds_total",
          container.throttled,
        );
        container.oom = settled("container_oom_events_total", container.oom);
        const restarts = settled("kube_pod_container_status_restarts_total", container.restarts);
        container.restarts.splice(0, container.restarts.length, ...restarts);
      }
      pod.received = settled("container_network_receive_bytes_total", pod.received);
      pod.sent = settled("container_network_transmit_bytes_total", pod.sent);
      const node = nodeOf(pod);
      if (node === "") continue;
      for (const container of pod.containers.values())
        this.#nodes.cover(node, measuredRuns(container));
    }
    const known = pods.map((pod) => this.#writePod(pod, shard)).filter((pod) => pod !== null);
    shard.claims.write(this.#options.day, known, this.#volumes, this.#sink);
    this.#writeNamespaces(shard);
    this.#writeServices(shard);
  }

  /** Orders jobs that tell the same: kube-state-metrics itself, then who tells most, then by name. */
  #rank(): (metric: string, job: string) => number {
    const jobs = this.#jobs;
    return (metric, job) =>
      (/kube-?state|ksm/i.test(job) ? 0 : /opencost|kubecost/i.test(job) ? 1e12 : 1e9) -
      (jobs.get(`${metric} ${job}`) ?? 0);
  }

  #writePod(pod: Pod, shard: Shard): { pod: Pod; workload: Owner; running: readonly Run[] } | null {
    const { day } = this.#options;
    const measured = union([...pod.containers.values()].flatMap(measuredRuns));
    const lived = union([...pod.seen, ...pod.running, ...measured]);
    const [begin] = lived;
    if (begin === undefined) return null;
    const name = nodeOf(pod);
    if (name === "" && measured.length > 0) this.#notes.unplaced += 1;
    const node = name === "" ? null : this.#nodes.key(name, begin.from);
    const running = runningOf(pod, measured);
    // Of what nobody measured nothing is known: requests count while the node was measured.
    const reserved = intersect(running, name === "" ? measured : this.#nodes.covered(name));
    const workload = topOwner(pod, shard);
    const end = lived.at(-1) as Run;
    this.#sink.row("pod_day", [
      day,
      pod.namespace,
      pod.name,
      pod.uid,
      node,
      workload.kind,
      workload.name,
      pod.labels.json(),
      pod.annotations.json(),
      Math.floor(begin.from / 1000),
      Math.ceil(end.until / 1000),
      Math.round(length(running) / 1000),
    ]);
    namespaceOf(shard, pod.namespace).seen.push(...lived);
    const containers = [...pod.containers.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    let networked = pod.hostNetwork;
    for (const container of containers) {
      const used = union(measuredRuns(container));
      const asked = union([...container.requests.values()].flat());
      const present = union([...used, ...intersect(asked, reserved)]);
      if (present.length === 0 || node === null) continue;
      const number = this.#sink.container({
        node,
        namespace: pod.namespace,
        pod: pod.name,
        podUid: pod.uid,
        container: container.name,
      });
      const first = !networked;
      networked = true;
      writeUsage(
        {
          pod,
          container,
          used,
          present,
          reserved,
          received: first ? pod.received : [],
          sent: first ? pod.sent : [],
        },
        number,
        this.#options.window,
        this.#sink,
      );
    }
    return { pod, workload, running };
  }

  #writeNamespaces(shard: Shard): void {
    for (const [name, namespace] of [...shard.namespaces].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      this.#sink.row("namespace_day", [
        this.#options.day,
        name,
        namespace.labels.json(),
        namespace.annotations.json(),
        Math.round(length(union(namespace.seen)) / 1000),
      ]);
  }

  #writeServices(shard: Shard): void {
    const { from } = this.#options.window;
    for (const [, service] of [...shard.services].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      const hours = new Float64Array(24);
      spread(union(service.runs), from, HOUR_MS, (hour, ms) => {
        hours[hour] = (hours[hour] ?? 0) + ms;
      });
      for (const [hour, ms] of hours.entries())
        if (ms > 0)
          this.#sink.row("service_hour", [
            from / 1000 + hour * 3600,
            service.namespace,
            service.name,
            Math.round(ms / 1000),
          ]);
    }
  }

  /** Writes what is about the whole cluster; gives the seconds covered over all nodes, and the notes. */
  end(): { coverage: number; notes: ReduceNotes } {
    const coverage = this.#nodes.write(this.#sink);
    this.#volumes.write(this.#options.day, this.#sink);
    for (const [metric, found] of this.#duplicates)
      for (const [what, series] of found) this.#notes.duplicates.push({ metric, what, series });
    return { coverage, notes: this.#notes };
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

function newShard(): Shard {
  return {
    pods: new Pods(),
    measured: new Map(),
    namespaces: new Map(),
    claims: new Claims(),
    services: new Map(),
    owners: new Map(),
  };
}

function namespaceOf(shard: Shard, name: string): NamespaceDay {
  let namespace = shard.namespaces.get(name);
  if (namespace === undefined) {
    namespace = { labels: new HeldLabels(), annotations: new HeldLabels(), seen: [] };
    shard.namespaces.set(name, namespace);
  }
  return namespace;
}

function owned(shard: Shard, labels: Labels, child: string, from: number): void {
  const kind = labels["owner_kind"] ?? "";
  if (kind === "" || kind === "<none>") return;
  const key = `${label(labels, "namespace")}/${child}`;
  const owner = { kind, name: labels["owner_name"] ?? "" };
  const known = shard.owners.get(key);
  if (
    known === undefined ||
    from > known.from ||
    (from === known.from && owner.name < known.owner.name)
  )
    shard.owners.set(key, { owner, from });
}

function addOwner(pod: Pod, owner: Owner, from: number): void {
  const key = `${owner.kind}/${owner.name}`;
  const known = pod.owners.get(key);
  if (known === undefined || from > known.from) pod.owners.set(key, { owner, from });
}

/** The controller on top: a ReplicaSet's Deployment, a Job's CronJob; a pod alone is its own. */
function topOwner(pod: Pod, shard: Shard): Owner {
  let owner = ownerOf(pod);
  if (owner === undefined) return { kind: "Pod", name: pod.name };
  // A mirror pod of a node's own file has the node above it, which is nobody's workload.
  if (owner.kind === "Node") return { kind: "Pod", name: pod.name };
  for (let depth = 0; depth < 4; depth++) {
    const above: Owner | undefined = shard.owners.get(
      `${pod.namespace}/${owner.kind}/${owner.name}`,
    )?.owner;
    if (above === undefined) break;
    owner = above;
  }
  return owner;
}

const isNetwork = (metric: string) => metric.startsWith("container_network_");

/** Which of its container's lives a series is about: the runtime's id, or a pod's interface. */
function lifeOf(metric: string, labels: Labels): string {
  if (isNetwork(metric)) return labels["interface"] ?? "";
  const name = labels["name"] ?? "";
  return name === "" ? (labels["id"] ?? "") : name;
}

const measuredRuns = (container: Container): Run[] =>
  [...container.cpu, ...container.memory].flatMap((part) => part.runs);

const hostOf = (instance: string) => instance.replace(/:\d+$/, "");

/** What tells two series of one thing apart, besides what they are about. */
function originOf(labels: Labels): string {
  const { instance = "", metrics_path: path = "", service = "", endpoint = "" } = labels;
  const replica = labels["prometheus_replica"] ?? labels["replica"] ?? labels["prometheus"] ?? "";
  return [instance, path, service, endpoint, replica].join("\u0000");
}
