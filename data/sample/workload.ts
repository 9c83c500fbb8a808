/** How a container's CPU use goes over the day. */
export type Shape = "web" | "flat" | "asleep" | "job";

/** Requests, limits and the typical use of a container: millicores, MiB, GPUs; null where none is stated. */
export interface Container {
  readonly name: string;
  readonly cpuRequest: number | null;
  readonly memoryRequest: number | null;
  readonly cpuLimit: number | null;
  readonly memoryLimit: number | null;
  readonly gpu?: number;
  readonly cpu: number;
  readonly memory: number;
  readonly shape: Shape;
  /** In this stretch it uses `cpu` millicores instead. */
  readonly burst?: { readonly from: number; readonly until: number; readonly cpu: number };
  readonly restarts?: "often" | "killed";
}

/** Something that makes pods in a namespace; times are epoch seconds. */
export interface Workload {
  readonly namespace: string;
  readonly kind: "Deployment" | "StatefulSet" | "DaemonSet" | "CronJob";
  readonly name: string;
  /** The pool its pods go to; `memory` falls back to `apps` while there is none. */
  readonly pool: string;
  readonly replicas: number;
  readonly containers: readonly Container[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Every so many days all its pods are replaced. */
  readonly rollout: number;
  readonly ordinal?: number;
  readonly volume?: string;
  readonly claim?: string;
  /** More replicas in these seconds of working days. */
  readonly busy?: { readonly from: number; readonly until: number; readonly more: number };
  readonly cron?: {
    readonly every: number;
    readonly offset: number;
    readonly lasts: number;
    readonly kept: number;
  };
  readonly since?: number;
  readonly until?: number;
  /** Its pods are deleted and made anew at these times. */
  readonly recreated?: readonly number[];
  readonly network?: boolean;
}

/** A container that asks for so much, and uses somewhat less of it. */
export function container(
  name: string,
  cpu: number,
  memory: number,
  more: Partial<Container> = {},
): Container {
  return {
    name,
    cpuRequest: cpu,
    memoryRequest: memory,
    cpuLimit: null,
    memoryLimit: memory * 2,
    cpu: Math.ceil(cpu * 0.6),
    memory: Math.ceil(memory * 0.7),
    shape: "web",
    ...more,
  };
}
