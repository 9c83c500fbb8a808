import { type Cluster, INGRESS, volumesOf } from "./clusters.ts";
import { pick } from "./random.ts";
import { SPECIAL_WORKLOADS } from "./special-workloads.ts";
import { RECYCLED, UNMOUNTED } from "./specials.ts";
import { PRODUCT_TEAMS } from "./teams.ts";
import { type Container, container, type Workload } from "./workload.ts";

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
        cpu: Math.ceil(cpu * heavy * 0.8),
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
    containers: [container("job", Math.ceil(60 * heavy), Math.ceil(64 * heavy), { shape: "job" })],
  });
  const some = [
    nightly("policy-admin", 1, 5400, 2000),
    // Too short for a scrape every five minutes, beside something that is not.
    short("payments", "settle", 3600, 450, 90),
    {
      ...job,
      kind: "Deployment",
      namespace: "payments-batch",
      name: "ledger",
      pool: "apps",
      replicas: 1,
      rollout: 6,
      containers: [container("app", Math.ceil(500 * heavy), Math.ceil(1024 * heavy))],
      labels: { app: "ledger" },
    } as const,
  ];
  if (!production) return some;
  return [
    ...some,
    nightly("data-platform", 4, 9000, 2500),
    nightly("claims", 22, 3600, 1500),
    nightly("fraud", 23, 5400, 1000),
    short("payments", "rates", 1800, 300, 200),
  ];
}
