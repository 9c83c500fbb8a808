import { clusterNames, type Volume, volumesOf } from "./clusters.ts";
import type { Cluster } from "./clusters.ts";
import { guid, hex } from "./random.ts";
import { type Work, Works } from "./work.ts";
import { span } from "./nodes.ts";
import { Pods, type Pod, type Running } from "./pods.ts";
import { type Gap, GAPS, MUTE } from "./specials.ts";
import { BUCKET, DAY } from "./time.ts";
import {
  type Namespace,
  namespacesOf,
  type Service,
  servicesOf,
  type Workload,
} from "./workloads.ts";

export type Labels = readonly (readonly [name: string, value: string])[];

/**
 * A series in one day. It has a sample at each scrape from `from` to before `until` (epoch seconds) outside the gaps.
 * `value` is the sample's value times `scale`, an integer; a number where it does not change.
 */
export interface Series {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly labels: Labels;
  readonly from: number;
  readonly until: number;
  readonly value: number | ((time: number) => number);
  readonly scale: 1 | 1000;
}

/** Where a series has no samples; samples at both ends of a stretch are there. */
export type Silence = readonly { readonly from: number; readonly until: number }[];

const PHASES = ["Running", "Pending", "Succeeded", "Failed", "Unknown"] as const;
const MIB = 1_048_576;
const PLAIN = {};
/** Bytes on the network for each core-millisecond. */
const RECEIVED = 1000;
const SENT = 2000;

/** Kubernetes and its usage as Prometheus sees a cluster. `gaps` are its outages, of which those of other clusters do not count. */
export class Scraped {
  readonly cluster: Cluster;
  readonly pods: Pods;
  readonly works = new Works();
  readonly gaps: readonly Gap[];
  readonly namespaces: readonly Namespace[];
  readonly services: readonly Service[];
  readonly volumes: readonly Volume[];
  /** Some servers keep cAdvisor's `id`, so that a restarted container is another series; some drop it. */
  readonly #ids: boolean;

  constructor(cluster: Cluster, gaps: readonly Gap[] = GAPS) {
    this.cluster = cluster;
    this.pods = new Pods(cluster);
    this.gaps = gaps.filter((gap) => gap.environment === cluster.environment);
    this.namespaces = namespacesOf(cluster);
    this.services = servicesOf(cluster);
    this.volumes = volumesOf(cluster);
    this.#ids = ["production", "preproduction"].includes(cluster.environment);
  }

  get name(): string {
    return clusterNames(this.cluster.environment).name;
  }

  /** Whether Prometheus holds samples of a time at all. */
  up(time: number): boolean {
    return !this.gaps.some((gap) => gap.from < time && time < gap.until);
  }

  /** All series of a day (days since 1970), one pod after the other. */
  day(day: number): Series[] {
    const all: Series[] = [];
    const add = (
      name: string,
      labels: Labels,
      life: { from: number; until: number },
      value: Series["value"],
      more: Partial<Pick<Series, "type" | "scale">> = PLAIN,
    ): void => {
      if (life.until <= life.from) return;
      all.push({
        name,
        labels,
        from: life.from,
        until: life.until,
        value,
        type: more.type ?? "gauge",
        scale: more.scale ?? 1,
      });
    };
    const pods = this.pods.on(day);
    for (const pod of pods) {
      this.#podSeries(pod, day, add);
      if (pod.node !== null && pod.start < (day + 1) * DAY && pod.end > day * DAY - BUCKET)
        for (const container of pod.containers) this.#usageSeries(pod, container, day, add);
    }
    this.#setSeries(pods, day, add);
    this.#objectSeries(day, add);
    return all;
  }

  /** Lets go of what was remembered about earlier days. */
  forget(before: number): void {
    this.pods.forget(before);
    this.works.forget(before);
  }

  #usageSeries(pod: Pod, container: Running, day: number, add: Add): void {
    const work = this.works.on(pod, container, day);
    const { workload } = pod;
    const first = day * DAY - BUCKET;
    const life = { from: Math.max(first, pod.start), until: pod.end };
    const base: Labels = [
      ["namespace", workload.namespace],
      ["pod", pod.name],
      ["container", container.container.name],
      ["node", pod.node?.name ?? ""],
      ["uid", pod.uid],
    ];
    const used = (time: number): number => usedBy(work, container, first, time);
    const present = container.starts
      .map((start, index) => ({ start, until: container.starts[index + 1] ?? pod.end }))
      .filter((one) => one.until > first && one.start <= (day + 1) * DAY)
      .map((one) => ({ ...one, before: this.works.by(pod, container, one.start) }));
    const counters = (name: string, of: (used: number) => number): void => {
      const counter = { type: "counter", scale: 1000 } as const;
      if (this.#ids)
        for (const one of present)
          add(
            name,
            [...base, ["id", containerId(pod, container, one.start)]],
            { from: Math.max(first, one.start), until: one.until },
            (time) => of(used(time) - one.before),
            counter,
          );
      else
        add(
          name,
          base,
          life,
          (time) => {
            const one = present.findLast((instance) => instance.start <= time);
            return of(used(time) - (one?.before ?? 0));
          },
          counter,
        );
    };
    counters("container_cpu_usage_seconds_total", (millis) => millis);
    if (container.container.cpuLimit !== null)
      counters(
        "container_cpu_cfs_throttled_seconds_total",
        (millis) => Math.floor(millis / 2400) * 100,
      );
    for (const one of this.#ids ? present : [{ start: pod.start, until: pod.end }])
      add(
        "container_memory_working_set_bytes",
        this.#ids ? [...base, ["id", containerId(pod, container, one.start)]] : base,
        { from: Math.max(day * DAY, one.start), until: one.until },
        (time) => (work.memory[Math.floor((time - first) / BUCKET)] ?? 0) * 1024,
      );
    if (container.container.restarts === "killed")
      add(
        "container_oom_events_total",
        base,
        life,
        (time) => container.starts.filter((start) => start <= time).length - 1,
        { type: "counter" },
      );
    if (workload.network === true && container === pod.containers[0]) {
      const labels: Labels = [
        ...base.filter(([name]) => name !== "container"),
        ["interface", "eth0"],
      ];
      const bytes = { type: "counter" } as const;
      add(
        "container_network_receive_bytes_total",
        labels,
        life,
        (time) => used(time) * RECEIVED,
        bytes,
      );
      add(
        "container_network_transmit_bytes_total",
        labels,
        life,
        (time) => used(time) * SENT,
        bytes,
      );
    }
  }

  #podSeries(pod: Pod, day: number, add: Add): void {
    const { workload } = pod;
    const begin = day * DAY;
    const life = { from: Math.max(begin, pod.start), until: pod.forgotten };
    const base: Labels = [
      ["namespace", workload.namespace],
      ["pod", pod.name],
      ["uid", pod.uid],
    ];
    const [kind, owner] = controllerOf(pod);
    const node = pod.node?.name ?? "";
    add(
      "kube_pod_info",
      [...base, ["node", node], ["created_by_kind", kind], ["created_by_name", owner]],
      life,
      1,
    );
    add(
      "kube_pod_owner",
      [...base, ["owner_kind", kind], ["owner_name", owner], ["owner_is_controller", "true"]],
      life,
      1,
    );
    for (const phase of PHASES)
      add("kube_pod_status_phase", [...base, ["phase", phase]], life, phaseValue(pod, phase, life));
    add("kube_pod_labels", [...base, ...mangled("label", workload.labels)], life, 1);
    if (workload.annotations !== undefined)
      add(
        "kube_pod_annotations",
        [...base, ...mangled("annotation", workload.annotations)],
        life,
        1,
      );
    if (workload.claim !== undefined)
      add(
        "kube_pod_spec_volumes_persistentvolumeclaims_info",
        [...base, ["volume", "data"], ["persistentvolumeclaim", workload.claim]],
        life,
        1,
      );
    if (workload.kind === "CronJob")
      add(
        "kube_job_owner",
        [
          ["namespace", workload.namespace],
          ["job_name", pod.controller],
          ["owner_kind", "CronJob"],
          ["owner_name", workload.name],
          ["owner_is_controller", "true"],
        ],
        life,
        1,
      );
    for (const running of pod.containers) {
      const { container } = running;
      const labels: Labels = [...base, ["container", container.name]];
      const resource = (
        name: string,
        value: number | null | undefined,
        kind: string,
        unit: string,
        scale: 1 | 1000,
      ): void => {
        if (value !== null && value !== undefined)
          add(name, [...labels, ["node", node], ["resource", kind], ["unit", unit]], life, value, {
            scale,
          });
      };
      const requests = "kube_pod_container_resource_requests";
      const limits = "kube_pod_container_resource_limits";
      resource(requests, container.cpuRequest, "cpu", "core", 1000);
      resource(requests, bytes(container.memoryRequest), "memory", "byte", 1);
      resource(requests, container.gpu, "nvidia_com_gpu", "integer", 1);
      resource(limits, container.cpuLimit, "cpu", "core", 1000);
      resource(limits, bytes(container.memoryLimit), "memory", "byte", 1);
      resource(limits, container.gpu, "nvidia_com_gpu", "integer", 1);
      const { starts } = running;
      add(
        "kube_pod_container_status_restarts_total",
        labels,
        { from: Math.max(begin - BUCKET, pod.start), until: pod.forgotten },
        starts.length === 1 ? 0 : (time) => starts.filter((start) => start <= time).length - 1,
        { type: "counter" },
      );
      const again = starts[1];
      if (again !== undefined && container.restarts === "killed")
        add(
          "kube_pod_container_status_last_terminated_reason",
          [...labels, ["reason", "OOMKilled"]],
          { from: Math.max(begin, again), until: pod.forgotten },
          1,
        );
    }
  }

  /** A ReplicaSet is there as long as one of its pods is. */
  #setSeries(pods: readonly Pod[], day: number, add: Add): void {
    const sets = new Map<
      string,
      { workload: Workload; name: string; from: number; until: number }
    >();
    for (const { workload, controller, start, forgotten } of pods) {
      if (workload.kind !== "Deployment") continue;
      const key = `${workload.namespace}/${controller}`;
      const known = sets.get(key);
      sets.set(key, {
        workload,
        name: controller,
        from: Math.max(day * DAY, Math.min(known?.from ?? Infinity, start)),
        until: Math.max(known?.until ?? 0, forgotten),
      });
    }
    for (const { workload, name, from, until } of sets.values())
      add(
        "kube_replicaset_owner",
        [
          ["namespace", workload.namespace],
          ["replicaset", name],
          ["owner_kind", "Deployment"],
          ["owner_name", workload.name],
          ["owner_is_controller", "true"],
        ],
        { from, until },
        1,
      );
  }

  #objectSeries(day: number, add: Add): void {
    const begin = day * DAY;
    const whole = { from: begin, until: Infinity };
    for (const node of this.pods.nodes) {
      const life = span(this.cluster, node, day);
      if (life === null) continue;
      const until = life.until === begin + DAY ? Infinity : life.until;
      const there = { from: life.from, until };
      const { pool } = node;
      add(
        "kube_node_info",
        [
          ["node", node.name],
          ["provider_id", node.providerId],
          ["kubelet_version", "v1.34.2"],
          ["os_image", "Ubuntu 24.04.3 LTS"],
        ],
        there,
        1,
      );
      add(
        "kube_node_labels",
        [
          ["node", node.name],
          ["label_agentpool", pool.name],
          ["label_kubernetes_azure_com_agentpool", pool.name],
          ["label_node_kubernetes_io_instance_type", pool.size],
          ["label_topology_kubernetes_io_region", "westeurope"],
          ...(pool.spot === true
            ? ([["label_kubernetes_azure_com_scalesetpriority", "spot"]] as const)
            : []),
        ],
        there,
        1,
      );
      for (const [name, cpu, memory] of [
        ["kube_node_status_capacity", node.cpu, node.memory],
        ["kube_node_status_allocatable", node.cpuAllocatable, node.memoryAllocatable],
      ] as const) {
        const labelled = (resource: string, unit: string): Labels => [
          ["node", node.name],
          ["resource", resource],
          ["unit", unit],
        ];
        add(name, labelled("cpu", "core"), there, cpu, { scale: 1000 });
        add(name, labelled("memory", "byte"), there, memory * MIB);
        add(name, labelled("pods", "integer"), there, 110);
        if (node.gpu > 0) add(name, labelled("nvidia_com_gpu", "integer"), there, node.gpu);
      }
    }
    for (const namespace of this.namespaces) {
      const named: Labels = [["namespace", namespace.name]];
      namespace.labels.forEach(({ from, labels }, index) => {
        const next = namespace.labels[index + 1]?.from ?? namespace.until ?? Infinity;
        if (next <= begin || from >= begin + DAY) return;
        const life = { from: Math.max(begin, from), until: next };
        add("kube_namespace_labels", [...named, ...mangled("label", labels)], life, 1);
      });
      const until = namespace.until ?? Infinity;
      if (until > begin && namespace.created < begin + DAY)
        add(
          "kube_namespace_created",
          named,
          { from: Math.max(begin, namespace.created), until },
          namespace.created,
        );
    }
    for (const volume of this.volumes) {
      add(
        "kube_persistentvolume_info",
        [
          ["persistentvolume", volume.name],
          ["storageclass", "managed-csi"],
          ["csi_driver", "disk.csi.azure.com"],
          ["csi_volume_handle", volume.disk.id],
        ],
        whole,
        1,
      );
      if (volume.released !== true)
        add(
          "kube_persistentvolumeclaim_info",
          [
            ["namespace", volume.namespace],
            ["persistentvolumeclaim", volume.claim],
            ["storageclass", "managed-csi"],
            ["volumename", volume.name],
          ],
          whole,
          1,
        );
    }
    const services = [
      { namespace: "default", service: "kubernetes", type: "ClusterIP", from: 0 },
      { namespace: "kube-system", service: "kube-dns", type: "ClusterIP", from: 0 },
      ...this.services.map((service) => ({ ...service, type: "LoadBalancer" })),
    ];
    for (const { namespace, service, type, from } of services) {
      if (from >= begin + DAY) continue;
      const life = { from: Math.max(begin, from), until: Infinity };
      const named: Labels = [
        ["namespace", namespace],
        ["service", service],
        ["uid", guid(`service ${this.cluster.environment} ${namespace}/${service}`)],
      ];
      add("kube_service_info", named, life, 1);
      add("kube_service_spec_type", [...named, ["type", type]], life, 1);
    }
  }

  /** When a series has no samples: the outages, and for the usage on a node whose kubelet was silent that time too. */
  silence(series: Series): Silence {
    if (!series.name.startsWith("container_") || this.cluster.environment !== MUTE.environment)
      return this.gaps;
    const node = series.labels.find(([name]) => name === "node")?.[1];
    return node === this.#mute() ? [...this.gaps, MUTE] : this.gaps;
  }

  #mute(): string | undefined {
    return this.pods.nodes.find(
      (node) => node.pool.name === MUTE.pool && node.instance === MUTE.instance,
    )?.name;
  }
}

type Add = (
  name: string,
  labels: Labels,
  life: { from: number; until: number },
  value: Series["value"],
  more?: Partial<Pick<Series, "type" | "scale">>,
) => void;

function bytes(mebibytes: number | null): number | null {
  return mebibytes === null ? null : mebibytes * MIB;
}

function containerId(pod: Pod, container: Running, start: number): string {
  return `/kubepods/burstable/pod${pod.uid}/${hex(`${pod.uid} ${container.container.name} ${start}`, 12)}`;
}

/** Core-milliseconds a container had used by a time of a day, restarts not counted. */
function usedBy(work: Work, container: Running, first: number, time: number): number {
  const index = Math.floor((time - first) / BUCKET);
  const start = Math.max(first + index * BUCKET, container.began);
  return (work.used[index] ?? 0) + (work.rates[index] ?? 0) * Math.max(0, time - start);
}

/** What made a pod, as `kube_pod_info` says it: a ReplicaSet, a Job, or the workload itself. */
function controllerOf(pod: Pod): [kind: string, name: string] {
  const { kind } = pod.workload;
  if (kind === "Deployment") return ["ReplicaSet", pod.controller];
  return kind === "CronJob" ? ["Job", pod.controller] : [kind, pod.controller];
}

function phaseValue(
  pod: Pod,
  phase: (typeof PHASES)[number],
  life: { from: number; until: number },
): Series["value"] {
  const before = pod.node === null ? "Pending" : "Running";
  if (pod.end === pod.forgotten || pod.end >= life.until) return phase === before ? 1 : 0;
  if (phase !== before && phase !== "Succeeded") return 0;
  if (pod.end <= life.from) return phase === "Succeeded" ? 1 : 0;
  return (time) => ((phase === before) === time < pod.end ? 1 : 0);
}

/** Labels or annotations under the names that kube-state-metrics gives them. */
function mangled(prefix: string, values: Readonly<Record<string, string>>): Labels {
  return Object.entries(values).map(
    ([key, value]) => [`${prefix}_${key.replace(/[^a-zA-Z0-9_]/g, "_")}`, value] as const,
  );
}
