import { CLUSTERS } from "./estate.ts";
import { volumesOf } from "./clusters.ts";
import { clusterId } from "./owning.ts";
import {
  EDGE,
  GAPS,
  HANDED_OVER,
  MUTE,
  OVERCOMMIT,
  RECYCLED,
  RELABELLED,
  REMADE,
  UNBILLED,
  UNMOUNTED,
} from "./specials.ts";

/** Something unusual in the clusters, and where a test finds it. Times are epoch seconds. */
export interface Special {
  readonly what: string;
  readonly cluster: string;
  readonly day?: string;
  readonly from?: number;
  readonly until?: number;
  readonly namespace?: string;
  readonly workload?: string;
  readonly pod?: string;
  readonly pool?: string;
  readonly instance?: number;
  readonly volume?: string;
}

const dateOf = (time: number): string => new Date(time * 1000).toISOString().slice(0, 10);

function volume(environment: string, namespace: string): string {
  const cluster = CLUSTERS.find((one) => one.environment === environment);
  return (cluster && volumesOf(cluster).find((one) => one.namespace === namespace)?.name) ?? "";
}

/** An entry of a case that has an environment and times. */
function special(
  what: string,
  where: { readonly environment: string } & Omit<Special, "what" | "cluster">,
): Special {
  const { environment, ...rest } = where;
  const day = rest.day ?? (rest.from === undefined ? undefined : dateOf(rest.from));
  return { what, cluster: clusterId(environment), ...(day === undefined ? {} : { day }), ...rest };
}

/** Every case the sample's clusters hold on purpose. */
export const SPECIALS: readonly Special[] = [
  ...GAPS.map((gap) => special("no samples at all", gap)),
  special("usage of one node missing", MUTE),
  special("use above a node's allocatable", OVERCOMMIT),
  ...RECYCLED.times.map((from) => {
    const { times: _, ...rest } = RECYCLED;
    return special("pod name used again", { ...rest, from });
  }),
  special("bound volume no pod mounts", {
    ...UNMOUNTED,
    volume: volume(UNMOUNTED.environment, UNMOUNTED.namespace),
  }),
  special("namespace with nothing but a volume", {
    environment: "production",
    namespace: "documents-scans",
    volume: volume("production", "documents-scans"),
  }),
  special("volume without a claim", {
    environment: "production",
    namespace: "underwriting-batch",
    volume: volume("production", "underwriting-batch"),
  }),
  special("namespace made again", REMADE),
  special("namespace label changed in the afternoon", RELABELLED),
  special("namespace handed to another team by rule", {
    environment: HANDED_OVER.environment,
    namespace: HANDED_OVER.namespace,
    day: HANDED_OVER.day,
  }),
  special("second load balancer service", EDGE),
  special("node in Kubernetes, not on the bill", {
    environment: UNBILLED.environment,
    pool: UNBILLED.pool,
    instance: UNBILLED.instance,
    day: UNBILLED.date,
  }),
  special("pod label differs from the namespace's", {
    environment: "production",
    namespace: "claims-intake",
    workload: "fraud-check",
  }),
  special("namespace that asks for much and does nothing", {
    environment: "production",
    namespace: "fraud-legacy",
  }),
  special("namespace that asks for much and does nothing", {
    environment: "preproduction",
    namespace: "pricing-sandbox",
  }),
  special("namespace nobody owns, without requests", {
    environment: "production",
    namespace: "temp-migration",
  }),
  special("same namespace in two clusters", { environment: "dev", namespace: "shared-tools" }),
  special("same namespace in two clusters", { environment: "test", namespace: "shared-tools" }),
  special("GPUs", { environment: "production", namespace: "model-serving", pool: "gpu" }),
  special("killed for memory again and again", {
    environment: "production",
    namespace: "model-serving",
    workload: "scorer",
  }),
  special("spot machines taken away", { environment: "production", pool: "spot" }),
  special("jobs of about a minute", {
    environment: "production",
    namespace: "payments-batch",
    workload: "settle",
  }),
  special("node joins in the middle of a day", {
    environment: "production",
    pool: "apps",
    instance: 5,
    day: "2026-07-21",
  }),
  special("node joins in the middle of a day", {
    environment: "production",
    pool: "memory",
    instance: 0,
    day: "2026-07-09",
  }),
  special("node leaves for the weekend and comes back under its number", {
    environment: "dev",
    pool: "apps",
    instance: 1,
    day: "2026-07-06",
  }),
];
