import { HANDED_OVER, OVERCOMMIT, RELABELLED, REMADE } from "./specials.ts";
import { container, type Workload } from "./workload.ts";

/** Workloads that show one thing each, by environment. */
export const SPECIAL_WORKLOADS: Record<string, readonly Workload[]> = {
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
          burst: { from: OVERCOMMIT.from, until: OVERCOMMIT.until, cpu: 6680 },
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
      // Probed, and nothing more.
      network: true,
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
      // Probed, and nothing more.
      network: true,
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
