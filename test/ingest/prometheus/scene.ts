import {
  type Cell,
  type ContainerName,
  type FactSink,
  type FigureRows,
  type TableKind,
  TABLES,
  USAGE_5M,
  USAGE_HOUR,
} from "../../../ingest/prometheus/facts.ts";
import { METRIC_BY_NAME } from "../../../ingest/prometheus/metrics.ts";
import type { ReduceNotes } from "../../../ingest/prometheus/reduce-notes.ts";
import { Reducer } from "../../../ingest/prometheus/reduce.ts";
import { byText } from "../taken.ts";

export const DAY = "2026-08-03";
/** Seconds. */
export const START = Date.parse(`${DAY}T00:00:00Z`) / 1000;
export const HOUR = 3600;
export const END = START + 24 * HOUR;

/** A series as a test writes it: seconds and values, ascending. */
export interface Series {
  metric: string;
  labels: Record<string, string>;
  samples: readonly (readonly [at: number, value: number])[];
}

/** Samples every `step` seconds of `[from, until)`. */
export function every(
  step: number,
  from: number,
  until: number,
  value: (at: number) => number,
): [number, number][] {
  const samples: [number, number][] = [];
  for (let at = from; at < until; at += step) samples.push([at, value(at)]);
  return samples;
}

export const UIDS = {
  a: "aaaaaaaa-0000-4000-8000-00000000000a",
  b: "bbbbbbbb-0000-4000-8000-00000000000b",
} as const;

export interface PodScene {
  namespace?: string;
  pod: string;
  uid: string;
  node?: string;
  container?: string;
  from?: number;
  until?: number;
  step?: number;
  /** Offset of the scrape within the step. */
  phase?: number;
  /** Cores used. */
  cores?: number;
  /** Bytes used. */
  bytes?: number;
  /** Cores and bytes asked for. */
  request?: { cpu?: number; memory?: number; gpu?: number };
  /** Cores and bytes it may take at most. */
  limit?: { cpu?: number; memory?: number };
  /** Whether cAdvisor's series say the uid in their path. */
  path?: boolean;
  owner?: { kind: string; name: string };
}

/** The series of a pod with one container that uses the same all the time. */
export function podSeries(scene: PodScene): Series[] {
  const { namespace = "shop", pod, uid, node = "node-1", container = "app", step = 60 } = scene;
  const { phase = 0, cores = 0.5, bytes = 100 << 20, path = true } = scene;
  const { request = {}, limit = {} } = scene;
  const from = (scene.from ?? START - 300) + phase;
  const until = scene.until ?? END;
  const cadvisor = {
    namespace,
    pod,
    container,
    node,
    job: "kubelet",
    instance: `${node}:10250`,
    ...(path ? { id: `/kubepods/burstable/pod${uid}/c1`, name: "c1" } : {}),
  };
  const ksm = { namespace, pod, uid, job: "kube-state-metrics", instance: "ksm:8080" };
  const one = every(step, from, until, () => 1);
  const series: Series[] = [
    {
      metric: "container_cpu_usage_seconds_total",
      labels: cadvisor,
      samples: every(step, from, until, (at) => 1000 + (at - from) * cores),
    },
    {
      metric: "container_memory_working_set_bytes",
      labels: cadvisor,
      samples: every(step, from, until, () => bytes),
    },
    {
      metric: "kube_pod_info",
      labels: {
        ...ksm,
        node,
        created_by_kind: scene.owner?.kind ?? "<none>",
        created_by_name: scene.owner?.name ?? "<none>",
      },
      samples: one,
    },
    { metric: "kube_pod_status_phase", labels: { ...ksm, phase: "Running" }, samples: one },
  ];
  for (const [which, resource, unit, amount] of [
    ["requests", "cpu", "core", request.cpu],
    ["requests", "memory", "byte", request.memory],
    ["requests", "nvidia_com_gpu", "integer", request.gpu],
    ["limits", "cpu", "core", limit.cpu],
    ["limits", "memory", "byte", limit.memory],
  ] as const)
    if (amount !== undefined)
      series.push({
        metric: `kube_pod_container_resource_${which}`,
        labels: { ...ksm, node, container, resource, unit },
        samples: every(step, from, until, () => amount),
      });
  return series;
}

export const PROVIDER =
  "azure:///subscriptions/S/resourceGroups/mc/providers/Microsoft.Compute/virtualMachineScaleSets/aks-apps-1-vmss/virtualMachines/3";

/** What the machine of that id is called in facts. */
export const NODE = PROVIDER.toLowerCase().replace("azure://", "");

/** A pod of the namespace "shop" that asks for less than it uses. */
export const web = (more: Partial<PodScene> = {}): Series[] =>
  podSeries({ pod: "web-1", uid: UIDS.a, request: { cpu: 0.25, memory: 64 << 20 }, ...more });

/** The series of a node with 4 cores and 16 GiB. */
export function nodeSeries(
  node = "node-1",
  provider = PROVIDER,
  step = 60,
  from = START - 300,
  until = END,
): Series[] {
  const ksm = { node, job: "kube-state-metrics", instance: "ksm:8080" };
  const at = (value: number) => every(step, from, until, () => value);
  return [
    { metric: "kube_node_info", labels: { ...ksm, provider_id: provider }, samples: at(1) },
    {
      metric: "kube_node_status_capacity",
      labels: { ...ksm, resource: "cpu", unit: "core" },
      samples: at(4),
    },
    {
      metric: "kube_node_status_capacity",
      labels: { ...ksm, resource: "memory", unit: "byte" },
      samples: at(16 * 2 ** 30),
    },
    {
      metric: "kube_node_status_allocatable",
      labels: { ...ksm, resource: "cpu", unit: "core" },
      samples: at(3.86),
    },
  ];
}

export type Fact = Record<string, string | number | boolean | null>;

/** Facts as rows in memory. */
export class Collected implements FactSink {
  readonly names: ContainerName[] = [];
  readonly five: Fact[] = [];
  readonly hours: Fact[] = [];
  readonly tables: Record<TableKind, Fact[]> = {
    node_hour: [],
    pod_day: [],
    namespace_day: [],
    volume_day: [],
    service_hour: [],
  };
  coverage = 0;
  notes!: ReduceNotes;

  container(name: ContainerName): number {
    return this.names.push(name) - 1;
  }
  usage5m(figures: FigureRows): void {
    this.five.push(...this.#facts(USAGE_5M, figures));
  }
  usageHour(figures: FigureRows): void {
    this.hours.push(...this.#facts(USAGE_HOUR, figures));
  }
  #facts(names: readonly string[], { columns, containers, lengths }: FigureRows): Fact[] {
    let next = 0;
    return containers.flatMap((container, place) =>
      Array.from({ length: lengths[place] ?? 0 }, () => {
        const row = next++;
        return {
          ...this.names[container],
          ...Object.fromEntries(
            names.map((name, index) => [name, columns[index]?.[row] ?? Number.NaN]),
          ),
        };
      }),
    );
  }
  row(kind: TableKind, cells: readonly Cell[]): void {
    const columns = Object.keys(TABLES[kind]);
    if (columns.length !== cells.length) throw new Error(`${kind} has ${columns.length} columns`);
    this.tables[kind].push(
      Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? null])),
    );
  }
}

export interface ReduceScene {
  from?: number;
  until?: number;
  /** Seconds between scrapes. */
  interval?: number;
  /** Another group of namespaces, after the first. */
  next?: readonly Series[];
}

/** Reduces series as one shard: those of the cluster first, in the order given. */
export function reduce(series: readonly Series[], scene: ReduceScene = {}): Collected {
  const { from = START, until = END, interval = 60 } = scene;
  const facts = new Collected();
  const ms = interval * 1000;
  const reducer = new Reducer(
    {
      day: DAY,
      window: { from: from * 1000, until: until * 1000 },
      interval: { cadvisor: ms, ksm: ms },
    },
    facts,
  );
  for (const shard of [series, ...(scene.next === undefined ? [] : [scene.next])]) {
    const clusterFirst = shard.toSorted((a, b) => order(a.metric) - order(b.metric));
    for (const { metric, labels, samples } of clusterFirst) {
      const seen = samples.filter(([at]) => at >= from - 300 && at < until);
      reducer.samples(
        metric,
        { __name__: metric, ...labels },
        Float64Array.from(seen, ([at]) => at * 1000),
        Float64Array.from(seen, ([, value]) => value),
        seen.length,
      );
    }
    reducer.endShard();
  }
  const { coverage, notes } = reducer.end();
  facts.coverage = coverage;
  facts.notes = notes;
  return facts;
}

/** All that was written, in one order. */
export function everything(series: readonly Series[], scene: ReduceScene = {}) {
  const { names, five, hours, tables, coverage } = reduce(series, scene);
  return {
    names: names.toSorted(byText),
    five: five.toSorted(byText),
    hours: hours.toSorted(byText),
    tables,
    coverage,
  };
}

const order = (metric: string) => (METRIC_BY_NAME.get(metric)?.scope === "cluster" ? 0 : 1);

export const sum = (facts: readonly Fact[], column: string): number =>
  facts.reduce((total, fact) => total + Number(fact[column]), 0);
