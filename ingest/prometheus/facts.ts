import type { FactKind } from "../source.ts";

/** The facts a cluster-day gives, with the columns of each in the order that rows hold them. */
export type UsageKind = Exclude<FactKind, "driver_hour">;

/** A cell: text, an integer within 2^53, or nothing. */
export type Cell = string | number | boolean | null;

const container = ["node", "namespace", "pod", "pod_uid", "container"] as const;

/** Figures of a container and five minutes; NaN in a request or a limit: it has none. */
export const USAGE_5M = [
  "at",
  "seconds",
  "cpu_avg",
  "cpu_max",
  "mem_avg",
  "mem_max",
  "cpu_request",
  "mem_request",
  "cpu_limit",
  "mem_limit",
  "throttled_ms",
  "oom_kills",
  "restarts",
] as const;

/** Figures of a container and an hour. */
export const USAGE_HOUR = [
  "hour",
  "seconds",
  "cpu_used",
  "cpu_requested",
  "cpu_effective",
  "mem_used",
  "mem_requested",
  "mem_effective",
  "gpu_requested",
  "net_rx",
  "net_tx",
  "throttled_ms",
  "oom_kills",
  "restarts",
] as const;

export const CONTAINER = container;

/** The small tables, row by row; `cluster` is put before them all. */
export const TABLES = {
  node_hour: {
    hour: "BIGINT",
    node: "VARCHAR",
    node_name: "VARCHAR",
    pool: "VARCHAR",
    instance_type: "VARCHAR",
    cpu_capacity: "BIGINT",
    cpu_allocatable: "BIGINT",
    mem_capacity: "BIGINT",
    mem_allocatable: "BIGINT",
    gpu_capacity: "BIGINT",
    gpu_allocatable: "BIGINT",
    seen_s: "INTEGER",
    covered_s: "INTEGER",
    virtual: "BOOLEAN",
  },
  pod_day: {
    day: "VARCHAR",
    namespace: "VARCHAR",
    pod: "VARCHAR",
    pod_uid: "VARCHAR",
    node: "VARCHAR",
    workload_kind: "VARCHAR",
    workload: "VARCHAR",
    labels: "VARCHAR",
    annotations: "VARCHAR",
    from_s: "BIGINT",
    until_s: "BIGINT",
    running_s: "INTEGER",
  },
  namespace_day: {
    day: "VARCHAR",
    namespace: "VARCHAR",
    labels: "VARCHAR",
    annotations: "VARCHAR",
    seconds: "INTEGER",
  },
  volume_day: {
    day: "VARCHAR",
    pv: "VARCHAR",
    volume_handle: "VARCHAR",
    claim_namespace: "VARCHAR",
    claim: "VARCHAR",
    bound_s: "INTEGER",
    workload_kind: "VARCHAR",
    workload: "VARCHAR",
    mounted_s: "INTEGER",
  },
  service_hour: {
    hour: "BIGINT",
    namespace: "VARCHAR",
    service: "VARCHAR",
    seconds: "INTEGER",
  },
} as const satisfies Record<Exclude<UsageKind, "usage_5m" | "usage_hour">, Record<string, string>>;

export type TableKind = keyof typeof TABLES;

export interface ContainerName {
  node: string;
  namespace: string;
  pod: string;
  podUid: string;
  container: string;
}

/** Figures of containers, the rows of each after those of the one before. */
export interface FigureRows {
  /** As `USAGE_5M` or `USAGE_HOUR` lists them; they may be longer than the rows. */
  columns: readonly Float64Array[];
  rows: number;
  /** Numbers of the containers, and how many rows each has. */
  containers: readonly number[];
  lengths: readonly number[];
}

/** Where the reducer puts what it made; figures are copied or written before the call returns. */
export interface FactSink {
  /** Names a container once; its figures carry the number that is given back. */
  container(name: ContainerName): number;
  usage5m(figures: FigureRows): void;
  usageHour(figures: FigureRows): void;
  /** A row as `TABLES[kind]` lists it, without the cluster. */
  row(kind: TableKind, cells: readonly Cell[]): void;
}
