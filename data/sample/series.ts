import { type Cluster, clusterNames, type Volume, volumesOf } from "./clusters.ts";
import { type Namespace, namespacesOf, type Service, servicesOf } from "./namespaces.ts";
import { objectSeries } from "./object-series.ts";
import { podSeries, setSeries } from "./pod-series.ts";
import { type Pod, Pods, type Running } from "./pods.ts";
import { hex } from "./random.ts";
import type { Add, Labels, Series, Silence } from "./samples.ts";
import { type Gap, GAPS, MUTE } from "./specials.ts";
import { BUCKET, DAY } from "./time.ts";
import { type Work, Works } from "./work.ts";

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
      podSeries(pod, day, add);
      if (pod.node !== null && pod.start < (day + 1) * DAY && pod.end > day * DAY - BUCKET)
        for (const container of pod.containers) this.#usageSeries(pod, container, day, add);
    }
    setSeries(pods, day, add);
    objectSeries(this, day, add);
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

function containerId(pod: Pod, container: Running, start: number): string {
  return `/kubepods/burstable/pod${pod.uid}/${hex(`${pod.uid} ${container.container.name} ${start}`, 12)}`;
}

/** Core-milliseconds a container had used by a time of a day, restarts not counted. */
function usedBy(work: Work, container: Running, first: number, time: number): number {
  const index = Math.floor((time - first) / BUCKET);
  const start = Math.max(first + index * BUCKET, container.began);
  return (work.used[index] ?? 0) + (work.rates[index] ?? 0) * Math.max(0, time - start);
}
