import { type Cluster, INGRESS, volumesOf } from "./clusters.ts";
import { pick } from "./random.ts";
import { PRODUCT_TEAMS } from "./teams.ts";
import {
  EDGE,
  HANDED_OVER,
  OVERCOMMIT,
  RECYCLED,
  RELABELLED,
  REMADE,
  UNMOUNTED,
} from "./specials.ts";

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

/** A namespace; `labels` are in force from their time on, the first ones from the beginning. */
export interface Namespace {
  readonly name: string;
  readonly created: number;
  readonly until?: number;
  readonly labels: readonly {
    readonly from: number;
    readonly labels: Readonly<Record<string, string>>;
  }[];
}

const SYSTEM_NAMESPACES = ["default", "ingress-nginx", "kube-system", "monitoring"];
const BEGIN = Date.parse("2024-03-05T08:00:00Z") / 1000;

function container(
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

/** All workloads of a cluster, in a fixed order. */
export function workloadsOf(cluster: Cluster): Workload[] {
  const { environment } = cluster;
  return [
    ...systemWorkloads(environment === "production"),
    ...PRODUCT_TEAMS.flatMap((team) => teamWorkloads(cluster, team)),
    ...cronJobs(environment === "production"),
    ...(SPECIAL_WORKLOADS[environment] ?? []),
  ];
}

function systemWorkloads(production: boolean): Workload[] {
  const system = { namespace: "kube-system", labels: {}, pool: "system", replicas: 1, rollout: 12 };
  const every = { ...system, kind: "DaemonSet", pool: "*", rollout: 14 } as const;
  const deployment = { ...system, kind: "Deployment" } as const;
  const flat = { shape: "flat" } as const;
  return [
    { ...every, name: "kube-proxy", containers: [container("kube-proxy", 100, 64, flat)] },
    {
      ...every,
      name: "azure-cns",
      containers: [container("cns-container", 40, 250, { ...flat, cpu: 9 })],
    },
    {
      ...every,
      name: "ama-metrics-node",
      containers: [
        container("prometheus-collector", 70, 180, { ...flat, cpu: 95 }),
        container("addon-token-adapter", 10, 30, { ...flat, cpu: 1 }),
      ],
    },
    ...(production
      ? [
          {
            ...every,
            name: "nvidia-device-plugin",
            pool: "gpu",
            containers: [container("device-plugin", 50, 128, { ...flat, cpu: 4 })],
          },
        ]
      : []),
    {
      ...deployment,
      name: "coredns",
      replicas: 2,
      containers: [container("coredns", 100, 70, { cpu: 25 })],
    },
    {
      ...deployment,
      name: "metrics-server",
      containers: [container("metrics-server", 44, 55, flat)],
    },
    {
      ...deployment,
      name: "konnectivity-agent",
      containers: [container("konnectivity-agent", 20, 20, flat)],
    },
    {
      ...deployment,
      namespace: "monitoring",
      name: "kube-state-metrics",
      containers: [container("kube-state-metrics", 50, 190, flat)],
    },
    {
      ...deployment,
      namespace: INGRESS.namespace,
      name: INGRESS.service,
      pool: "apps",
      replicas: production ? 3 : 1,
      network: true,
      containers: [
        container("controller", production ? 400 : 100, 256, { cpu: production ? 330 : 25 }),
      ],
    },
  ];
}

/** A number from low to high that belongs to a name, in steps. */
function between(name: string, low: number, high: number, step: number): number {
  return low + pick(name, Math.floor((high - low) / step) + 1) * step;
}

function sized(name: string, production: boolean, more: Partial<Container> = {}): Container {
  const scale = production ? 1 : 0.25;
  const cpu = Math.round(between(`cpu ${name}`, 160, 520, 40) * scale);
  const memory = Math.round(between(`memory ${name}`, 512, 1536, 128) * scale);
  return container("app", cpu, memory, {
    // Some use far less than they ask for, some more.
    cpu: Math.ceil((cpu * between(`use ${name}`, 6, 126, 4)) / 100),
    memory: Math.ceil((memory * between(`fill ${name}`, 30, 115, 5)) / 100),
    cpuLimit: pick(`limit ${name}`, 3) === 0 ? cpu * 2 : null,
    ...more,
  });
}

function teamWorkloads(cluster: Cluster, team: string): Workload[] {
  const { environment } = cluster;
  const production = environment === "production";
  const found: Workload[] = [];
  for (const volume of volumesOf(cluster)) {
    if (volume.team !== team || volume.mountedBy === undefined) continue;
    const { service, ordinal } = volume.mountedBy;
    const key = `${environment} ${volume.namespace} ${service}`;
    found.push({
      namespace: volume.namespace,
      kind: "StatefulSet",
      name: service,
      pool: service === "events" && production ? "memory" : "apps",
      replicas: 1,
      ordinal,
      volume: volume.name,
      claim: volume.claim,
      containers: [sized(key, production, { shape: "flat" })],
      labels: { app: service },
      rollout: between(`rollout ${key}`, 5, 10, 1),
      ...(is(UNMOUNTED, environment, volume.namespace, service) ? { until: UNMOUNTED.from } : {}),
      ...(is(RECYCLED, environment, volume.namespace, service)
        ? { recreated: RECYCLED.times }
        : {}),
    });
  }
  const services = production ? ["api", "intake", "gateway"] : ["api"];
  for (const service of services) {
    const key = `${environment} ${team} web ${service}`;
    if (service === "gateway" && pick(key, 3) === 0) continue;
    found.push({
      namespace: `${team}-${service}`,
      kind: "Deployment",
      name: `${team}-${service}`,
      pool: "apps",
      replicas: production && service === "api" ? 2 : 1,
      ...(production && service === "api" && pick(`busy ${key}`, 2) === 0
        ? { busy: { from: 25_200, until: 61_200, more: 1 } }
        : {}),
      containers: [
        sized(key, production, pick(`crash ${key}`, 9) === 0 ? { restarts: "often" } : {}),
        ...(pick(`side ${key}`, 4) === 0
          ? [container("proxy", 20, 48, { cpuRequest: null, memoryRequest: null, cpu: 8 })]
          : []),
      ],
      labels: { app: `${team}-${service}`, tier: "web" },
      rollout: between(`rollout ${key}`, 3, 9, 1),
      network: service === "gateway",
    });
  }
  return found;
}

function is(
  special: { environment: string; namespace: string; workload: string },
  environment: string,
  namespace: string,
  workload: string,
): boolean {
  return (
    special.environment === environment &&
    special.namespace === namespace &&
    special.workload === workload
  );
}

function cronJobs(production: boolean): Workload[] {
  const job = { kind: "CronJob", pool: production ? "spot" : "apps", replicas: 0, rollout: 1 };
  const heavy = production ? 1 : 0.15;
  const nightly = (team: string, hour: number, lasts: number, cpu: number): Workload => ({
    ...job,
    kind: "CronJob",
    namespace: `${team}-batch`,
    name: "nightly",
    labels: { app: "nightly" },
    cron: { every: 86_400, offset: hour * 3600, lasts, kept: 7200 },
    containers: [
      container("job", Math.ceil(cpu * heavy), Math.ceil(2048 * heavy), {
        shape: "job",
        cpu: Math.ceil(cpu * heavy * 1.3),
      }),
    ],
  });
  const short = (
    team: string,
    name: string,
    every: number,
    offset: number,
    lasts: number,
  ): Workload => ({
    ...job,
    kind: "CronJob",
    pool: "apps",
    namespace: `${team}-batch`,
    name,
    labels: { app: name },
    cron: { every, offset, lasts, kept: 600 },
    containers: [
      container("job", Math.ceil(200 * heavy), Math.ceil(256 * heavy), { shape: "job" }),
    ],
  });
  const some = [nightly("policy-admin", 1, 5400, 2000), short("payments", "settle", 3600, 450, 90)];
  if (!production) return some;
  return [
    ...some,
    nightly("data-platform", 4, 9000, 2500),
    nightly("claims", 22, 3600, 1500),
    nightly("fraud", 23, 5400, 1000),
    short("payments", "rates", 1800, 300, 200),
  ];
}

const SPECIAL_WORKLOADS: Record<string, readonly Workload[]> = {
  production: [
    {
      namespace: OVERCOMMIT.namespace,
      kind: "Deployment",
      name: OVERCOMMIT.workload,
      pool: "apps",
      replicas: 1,
      containers: [
        container("app", 1000, 2048, {
          shape: "flat",
          burst: { from: OVERCOMMIT.from, until: OVERCOMMIT.until, cpu: 6830 },
        }),
      ],
      labels: { app: OVERCOMMIT.workload },
      rollout: 9,
    },
    // The pod says another team than its namespace.
    {
      namespace: "claims-intake",
      kind: "Deployment",
      name: "fraud-check",
      pool: "apps",
      replicas: 1,
      containers: [container("app", 600, 1024)],
      labels: { app: "fraud-check", team: "fraud" },
      annotations: { note: 'asks "is it true?" 🦊\nand waits' },
      rollout: 8,
    },
    {
      namespace: HANDED_OVER.namespace,
      kind: "Deployment",
      name: "scorer",
      pool: "gpu",
      replicas: 1,
      containers: [
        container("model", 2000, 12_288, { gpu: 1, cpu: 1400, cpuLimit: 3000, restarts: "killed" }),
      ],
      labels: { app: "scorer" },
      rollout: 6,
    },
    {
      namespace: HANDED_OVER.namespace,
      kind: "Deployment",
      name: "trainer",
      pool: "gpu",
      replicas: 1,
      containers: [container("model", 1500, 8192, { gpu: 1, cpu: 900, shape: "flat" })],
      labels: { app: "trainer" },
      rollout: 7,
      since: Date.parse("2026-08-11T09:00:00Z") / 1000,
    },
    // Asks for much and does nothing.
    {
      namespace: "fraud-legacy",
      kind: "Deployment",
      name: "scoring",
      pool: "apps",
      replicas: 2,
      containers: [container("app", 1000, 2048, { shape: "asleep", cpu: 1, memory: 60 })],
      labels: { app: "scoring" },
      rollout: 14,
    },
    // No rule knows it, and it asks for nothing.
    {
      namespace: "temp-migration",
      kind: "Deployment",
      name: "copier",
      pool: "apps",
      replicas: 1,
      containers: [
        container("copier", 0, 0, {
          cpuRequest: null,
          memoryRequest: null,
          memoryLimit: null,
          cpu: 240,
          memory: 900,
          shape: "flat",
        }),
      ],
      labels: { app: "copier" },
      rollout: 14,
    },
    {
      namespace: "data-platform-events",
      kind: "StatefulSet",
      name: "cache",
      pool: "memory",
      replicas: 2,
      containers: [container("cache", 500, 8192, { cpu: 380, memory: 7900, shape: "flat" })],
      labels: { app: "cache" },
      rollout: 10,
    },
    {
      namespace: "pricing-batch",
      kind: "Deployment",
      name: "simulation",
      pool: "spot",
      replicas: 2,
      containers: [container("worker", 1200, 4096, { cpu: 1500, cpuLimit: 1700, shape: "job" })],
      labels: { app: "simulation" },
      rollout: 4,
    },
  ],
  preproduction: [
    {
      namespace: "pricing-sandbox",
      kind: "Deployment",
      name: "notebook",
      pool: "apps",
      replicas: 1,
      containers: [container("notebook", 800, 4096, { shape: "asleep", cpu: 1, memory: 110 })],
      labels: { app: "notebook" },
      rollout: 14,
    },
    {
      namespace: RELABELLED.namespace,
      kind: "Deployment",
      name: "engine",
      pool: "apps",
      replicas: 2,
      containers: [container("engine", 300, 512)],
      labels: { app: "engine" },
      rollout: 6,
    },
  ],
  test: [
    {
      namespace: REMADE.namespace,
      kind: "Deployment",
      name: "preview",
      pool: "apps",
      replicas: 1,
      containers: [container("app", 100, 256)],
      labels: { app: "preview" },
      rollout: 6,
      until: REMADE.until,
    },
    {
      namespace: REMADE.namespace,
      kind: "Deployment",
      name: "preview",
      pool: "apps",
      replicas: 1,
      containers: [container("app", 100, 256)],
      labels: { app: "preview" },
      rollout: 6,
      since: REMADE.from,
    },
    tools("broker"),
  ],
  dev: [tools("claims")],
};

/** The namespace `shared-tools` is in two clusters, and not the same team's. */
function tools(team: string): Workload {
  return {
    namespace: "shared-tools",
    kind: "Deployment",
    name: "mailcatcher",
    pool: "apps",
    replicas: 1,
    containers: [container("app", 60, 128)],
    labels: { app: "mailcatcher", purpose: `tests of ${team}` },
    rollout: 10,
  };
}

const TOOLS: Record<string, string> = { dev: "claims", test: "broker" };

/** The namespaces of a cluster by name, with the labels a rule may look at. Some say their team, some leave it to their name. */
export function namespacesOf(cluster: Cluster): Namespace[] {
  const { environment } = cluster;
  const names = new Set(SYSTEM_NAMESPACES);
  for (const workload of workloadsOf(cluster)) names.add(workload.namespace);
  for (const volume of volumesOf(cluster))
    if (volume.released !== true) names.add(volume.namespace);
  return [...names].toSorted().flatMap((name): Namespace[] => {
    const created = BEGIN + pick(`created ${environment} ${name}`, 500) * 86_400;
    const plain = { from: created, labels: { "kubernetes.io/metadata.name": name } };
    const told = (team: string, from = created): Namespace["labels"][number] => ({
      from,
      labels: { ...plain.labels, team },
    });
    if (environment === REMADE.environment && name === REMADE.namespace)
      return [
        { name, created, until: REMADE.until, labels: [told("claims")] },
        { name, created: REMADE.from, labels: [told("underwriting", REMADE.from)] },
      ];
    if (environment === RELABELLED.environment && name === RELABELLED.namespace)
      return [{ name, created, labels: [told("underwriting"), told("pricing", RELABELLED.from)] }];
    const tools = name === "shared-tools" ? TOOLS[environment] : undefined;
    if (tools !== undefined) return [{ name, created, labels: [told(tools)] }];
    const team = PRODUCT_TEAMS.find((id) => name.startsWith(`${id}-`));
    const labelled = team !== undefined && pick(`labelled ${environment} ${name}`, 5) < 2;
    return [{ name, created, labels: [labelled ? told(team) : plain] }];
  });
}

/** A service of type LoadBalancer, from a time on. */
export interface Service {
  readonly namespace: string;
  readonly service: string;
  readonly from: number;
}

/** The services of a cluster that have a load balancer. */
export function servicesOf(cluster: Cluster): Service[] {
  const { environment } = cluster;
  const ingress = { ...INGRESS, from: BEGIN };
  return environment === EDGE.environment
    ? [ingress, { namespace: EDGE.namespace, service: EDGE.service, from: EDGE.from }]
    : [ingress];
}
