import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROLLOUTS } from "../../fakes/kubernetes/resources.ts";
import {
  type Cluster,
  controlledBy,
  frozen,
  history,
  makeFolder,
  onLedger,
  PROVIDER,
  scan,
  startCluster,
} from "./bench.ts";

const DAY_1 = "2026-09-01T06:00:00.000Z";
const DAY_2 = "2026-09-02T06:00:00.000Z";
const DAY_3 = "2026-09-03T06:00:00.000Z";

function addNode(cluster: Cluster, name: string, instance: number): void {
  cluster.add("Node", "", name, {
    metadata: {
      name,
      labels: { agentpool: "apps", "node.kubernetes.io/instance-type": "Standard_D4s_v5" },
    },
    spec: {
      providerID: `${PROVIDER}/virtualMachineScaleSets/aks-apps-1-vmss/virtualMachines/${instance}`,
    },
    status: {
      capacity: { cpu: "4", memory: "16Gi", "nvidia.com/gpu": "1" },
      allocatable: { cpu: "3860m", memory: "12900Mi" },
      conditions: [{ type: "Ready", lastHeartbeatTime: "2026-09-01T00:00:00Z" }],
    },
  });
}
const keyOf = (instance: number) =>
  `/subscriptions/s-1/resourcegroups/mc/providers/microsoft.compute/virtualmachinescalesets/aks-apps-1-vmss/virtualmachines/${instance}`;

/** A Deployment, its ReplicaSet and one pod on a node. */
function addApp(cluster: Cluster, namespace: string, app: string, nodeName: string) {
  const template = {
    metadata: { labels: { app } },
    spec: {
      containers: [
        {
          name: "main",
          image: "app:1",
          resources: { requests: { cpu: "250m", memory: "64Mi" }, limits: { memory: "1G" } },
        },
      ],
    },
  };
  const deployment = cluster.add("Deployment", namespace, app, { spec: { replicas: 2, template } });
  const set = cluster.add("ReplicaSet", namespace, `${app}-6f`, {
    metadata: controlledBy(deployment),
  });
  const pod = cluster.add("Pod", namespace, `${app}-6f-x1`, {
    metadata: { ...controlledBy(set), labels: { app } },
    spec: { nodeName, containers: template.spec.containers },
    status: { phase: "Running" },
  });
  return { deployment, set, pod };
}

test("a first scan is valid from creation, and assumed until then; later ones from their instant", async () => {
  const cluster = await startCluster("2026-08-01T00:00:00Z");
  const folder = await makeFolder();
  cluster.add("Namespace", "", "shop", { metadata: { labels: { team: "claims" } } });
  cluster.at = new Date(DAY_1);
  expect(await scan(folder, cluster)).toEqual({
    outcomes: ["prod inventory loaded"],
    problems: [],
    rows: 1,
  });
  cluster.at = new Date("2026-09-02T01:00:00Z");
  cluster.add("Namespace", "", "late");
  cluster.label("Namespace", "", "shop", { team: "sales" });
  cluster.at = new Date(DAY_2);
  await scan(folder, cluster);
  cluster.remove("Namespace", "", "shop");
  cluster.at = new Date(DAY_3);
  await scan(folder, cluster);
  expect(
    (await history(folder, "Namespace")).map((row) => [
      row.name,
      row.from,
      row.to,
      row.assumed,
      row.labels,
    ]),
  ).toEqual([
    ["late", "2026-09-02T01:00:00.000Z", null, DAY_2, {}],
    ["shop", "2026-08-01T00:00:00.000Z", DAY_2, DAY_1, { team: "claims" }],
    ["shop", DAY_2, DAY_3, null, { team: "sales" }],
  ]);
  const freshness = await onLedger(folder, (session) =>
    session.rows(
      "SELECT kind, first_at, last_at, objects FROM inventory_scan WHERE kind = 'Namespace'",
    ),
  );
  expect(freshness).toEqual([{ kind: "Namespace", first_at: DAY_1, last_at: DAY_3, objects: "1" }]);
});

test("owner chains end at the top controller, and a link that is gone is remembered", async () => {
  const cluster = await startCluster(DAY_1);
  const folder = await makeFolder();
  cluster.store.define(ROLLOUTS);
  cluster.add("Namespace", "", "shop");
  addNode(cluster, "aks-apps-1-vmss000003", 3);
  const { set } = addApp(cluster, "shop", "cart", "aks-apps-1-vmss000003");
  const rollout = cluster.add("Rollout", "shop", "pay", { spec: { replicas: 3 } });
  const paySet = cluster.add("ReplicaSet", "shop", "pay-1", { metadata: controlledBy(rollout) });
  cluster.add("Pod", "shop", "pay-1-a", { metadata: controlledBy(paySet) });
  const cron = cluster.add("CronJob", "shop", "nightly", { spec: { schedule: "0 3 * * *" } });
  const job = cluster.add("Job", "shop", "nightly-1", { metadata: controlledBy(cron) });
  cluster.add("Pod", "shop", "nightly-1-z", { metadata: controlledBy(job) });
  const stateful = cluster.add("StatefulSet", "shop", "db", {});
  cluster.add("Pod", "shop", "db-0", { metadata: controlledBy(stateful) });
  cluster.add("Pod", "shop", "alone");
  cluster.add("Pod", "shop", "static", {
    metadata: { ownerReferences: [{ kind: "Node", name: "n", uid: "u", controller: true }] },
  });
  cluster.add("Pod", "shop", "kafka-0", {
    metadata: {
      ownerReferences: [{ kind: "StrimziPodSet", name: "kafka", uid: "u", controller: true }],
    },
  });
  cluster.add("Pod", "shop", "orphan-1-x", {
    metadata: {
      ownerReferences: [{ kind: "ReplicaSet", name: "orphan-1", uid: "never", controller: true }],
    },
  });
  await scan(folder, cluster);
  const owners = async () =>
    Object.fromEntries(
      (await history(folder, "Pod"))
        .filter(({ to }) => to === null)
        .map(({ name, owner }) => [name, owner]),
    );
  const known = {
    alone: "Pod/alone",
    "cart-6f-x1": "Deployment/cart",
    "db-0": "StatefulSet/db",
    "kafka-0": "StrimziPodSet/kafka",
    "nightly-1-z": "CronJob/nightly",
    "orphan-1-x": "ReplicaSet/orphan-1",
    "pay-1-a": "Rollout/pay",
    static: "Pod/static",
  };
  expect(await owners()).toEqual(known);

  // The links go, one by deletion and the others out of sight; new pods of a known set keep its owner.
  cluster.remove("Job", "shop", "nightly-1");
  cluster.add("Pod", "shop", "cart-6f-x2", { metadata: controlledBy(set) });
  cluster.allow("blind", "blind", [
    { verbs: ["list"], apiGroups: ["", "batch"], resources: ["*"] },
  ]);
  cluster.at = new Date(DAY_2);
  await scan(folder, cluster, { token: "blind" });
  expect(await owners()).toEqual({ ...known, "cart-6f-x2": "Deployment/cart" });
  const jobs = await history(folder, "Job");
  expect(jobs.map(({ owner, to }) => [owner, to])).toEqual([["CronJob/nightly", DAY_2]]);
});

test("a pod that moves is another pod; a node's name that comes again is another node", async () => {
  const cluster = await startCluster(DAY_1);
  const folder = await makeFolder();
  cluster.add("Namespace", "", "shop");
  addNode(cluster, "aks-apps-1-vmss000003", 3);
  addNode(cluster, "aks-apps-1-vmss000004", 4);
  const pod = (nodeName: string) => ({ spec: { nodeName } });
  cluster.add("Pod", "shop", "db-0", pod("aks-apps-1-vmss000003"));
  cluster.add("Pod", "shop", "done", {
    ...pod("aks-apps-1-vmss000004"),
    status: { phase: "Succeeded" },
  });
  cluster.add("Pod", "shop", "waiting");
  cluster.add("Pod", "shop", "lost", pod("AKS-Gone"));
  await scan(folder, cluster);

  cluster.remove("Pod", "shop", "db-0");
  cluster.add("Pod", "shop", "db-0", pod("aks-apps-1-vmss000004"));
  cluster.change("Pod", "shop", "waiting", (object) => ({
    ...object,
    ...pod("aks-apps-1-vmss000003"),
  }));
  // Scaled in and out again: the name comes back with another machine behind it.
  cluster.remove("Node", "", "aks-apps-1-vmss000004");
  addNode(cluster, "aks-apps-1-vmss000004", 9);
  cluster.at = new Date(DAY_2);
  await scan(folder, cluster);

  const pods = await history(folder, "Pod");
  expect(pods.map(({ name, from, to, node }) => [name, from, to, node])).toEqual([
    ["db-0", DAY_1, DAY_2, keyOf(3)],
    // Created in the very second of the first scan, seen by the second.
    ["db-0", DAY_1, null, keyOf(9)],
    ["done", DAY_1, null, keyOf(4)],
    ["lost", DAY_1, null, "name:aks-gone"],
    ["waiting", DAY_1, DAY_2, null],
    ["waiting", DAY_2, null, keyOf(3)],
  ]);
  expect(new Set(pods.filter(({ name }) => name === "db-0").map(({ uid }) => uid)).size).toBe(2);
  const [three, ...four] = await history(folder, "Node");
  expect(three?.spec).toEqual({
    created: DAY_1,
    providerId: `${PROVIDER}/virtualMachineScaleSets/aks-apps-1-vmss/virtualMachines/3`,
    pool: "apps",
    instanceType: "Standard_D4s_v5",
    capacity: { cpuMillicores: 4000, gpus: 1, memoryBytes: 17179869184 },
    allocatable: { cpuMillicores: 3860, memoryBytes: 13526630400 },
  });
  expect(four.map(({ node, to }) => [node, to])).toEqual([
    [keyOf(4), DAY_2],
    [keyOf(9), null],
  ]);
});

test("a namespace made again under its name is another row", async () => {
  const cluster = await startCluster("2026-08-01T00:00:00Z");
  const folder = await makeFolder();
  const first = cluster.add("Namespace", "", "shop", { metadata: { labels: { team: "a" } } });
  cluster.at = new Date(DAY_1);
  await scan(folder, cluster);
  cluster.remove("Namespace", "", "shop");
  cluster.at = new Date("2026-09-01T12:00:00Z");
  const second = cluster.add("Namespace", "", "shop", { metadata: { labels: { team: "a" } } });
  cluster.at = new Date(DAY_2);
  await scan(folder, cluster);
  expect((await history(folder, "Namespace")).map(({ uid, from, to }) => [uid, from, to])).toEqual([
    [first.metadata.uid, "2026-08-01T00:00:00.000Z", DAY_2],
    [second.metadata.uid, "2026-09-01T12:00:00.000Z", null],
  ]);
});

test("what only controllers write opens no row", async () => {
  const cluster = await startCluster(DAY_1);
  const folder = await makeFolder();
  cluster.add("Namespace", "", "shop");
  addNode(cluster, "n1", 1);
  addApp(cluster, "shop", "cart", "n1");
  await scan(folder, cluster);
  const before = await frozen(folder);
  cluster.change("Node", "", "n1", (object) => ({
    ...object,
    metadata: { ...object.metadata, annotations: { "node.alpha.kubernetes.io/ttl": "15" } },
    status: {
      ...(object["status"] as object),
      conditions: [{ type: "Ready", lastHeartbeatTime: "2026-09-01T23:00:00Z" }],
      images: [{ names: ["x"] }],
    },
  }));
  cluster.change("Pod", "shop", "cart-6f-x1", (object) => ({
    ...object,
    status: { phase: "Running", containerStatuses: [{ name: "main", restartCount: 4 }] },
  }));
  cluster.change("Deployment", "shop", "cart", (object) => ({
    ...object,
    metadata: {
      ...object.metadata,
      annotations: {
        "deployment.kubernetes.io/revision": "7",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
      },
      managedFields: [{ manager: "kubectl" }],
    },
    status: { readyReplicas: 1, observedGeneration: 4 },
  }));
  // The same labels in another order.
  cluster.label("Node", "", "n1", {
    "node.kubernetes.io/instance-type": "Standard_D4s_v5",
    agentpool: "apps",
  });
  cluster.at = new Date(DAY_2);
  expect((await scan(folder, cluster)).outcomes).toEqual(["prod inventory loaded"]);
  expect(await frozen(folder)).toBe(before);

  cluster.change("Deployment", "shop", "cart", (object) => ({
    ...object,
    spec: { ...(object["spec"] as object), replicas: 5 },
  }));
  cluster.at = new Date(DAY_3);
  await scan(folder, cluster);
  expect(
    (await history(folder, "Deployment")).map(({ spec, to }) => [spec["replicas"], to]),
  ).toEqual([
    [2, DAY_3],
    [5, null],
  ]);
});

test("two clusters with equal names stay apart, and so do two sources of one", async () => {
  const [one, two] = [await startCluster(DAY_1), await startCluster(DAY_1)];
  const folder = await makeFolder();
  for (const cluster of [one, two]) cluster.add("Namespace", "", "shop");
  await scan(folder, one, { name: "one-api", cluster: "one" });
  await scan(folder, two, { name: "two-api", cluster: "two" });
  two.remove("Namespace", "", "shop");
  two.at = new Date(DAY_2);
  await scan(folder, two, { name: "two-api", cluster: "two" });
  expect((await history(folder)).map(({ cluster, name, to }) => [cluster, name, to])).toEqual([
    ["one", "shop", null],
    ["two", "shop", DAY_2],
  ]);
});

test("the same scan twice changes nothing, and one instant is scanned once", async () => {
  const cluster = await startCluster(DAY_1);
  const folder = await makeFolder();
  cluster.add("Namespace", "", "shop");
  await scan(folder, cluster);
  cluster.label("Namespace", "", "shop", { team: "x" });
  cluster.at = new Date(DAY_2);
  await scan(folder, cluster);
  const before = await frozen(folder);
  const calls = cluster.asked.length;
  expect((await scan(folder, cluster)).outcomes).toEqual(["prod inventory unchanged"]);
  expect(await scan(folder, cluster, { again: true })).toMatchObject({
    outcomes: ["prod inventory loaded"],
    problems: [],
  });
  expect(cluster.asked.length).toBe(calls);
  expect(await frozen(folder)).toBe(before);
  // A clock that was set back.
  cluster.remove("Namespace", "", "shop");
  cluster.at = new Date(DAY_1);
  await scan(folder, cluster);
  expect(await frozen(folder)).toBe(before);
});

test("a lost ledger is made again from every scan that is still landed", async () => {
  const cluster = await startCluster("2026-08-01T00:00:00Z");
  const folder = await makeFolder();
  cluster.add("Namespace", "", "shop", { metadata: { labels: { team: "a" } } });
  for (const [at, team] of [
    [DAY_1, "a"],
    [DAY_2, "b"],
    [DAY_3, "c"],
  ] as const) {
    cluster.label("Namespace", "", "shop", { team });
    cluster.at = new Date(at);
    await scan(folder, cluster);
  }
  const before = await frozen(folder);
  for (const name of await readdir(join(folder, "home")))
    if (name.startsWith("work.duckdb")) await rm(join(folder, "home", name));
  // With the cluster gone too.
  await cluster.stop();
  cluster.at = new Date("2026-09-03T07:00:00Z");
  const { outcomes, problems } = await scan(folder, cluster);
  expect(outcomes).toEqual(["prod-api failed", "prod inventory loaded"]);
  expect(problems).toHaveLength(1);
  expect(await frozen(folder)).toBe(before);
});

test("volumes, claims, services, ingresses, quotas, limits, budgets and bindings bring their facts", async () => {
  const cluster = await startCluster(DAY_1);
  const folder = await makeFolder();
  cluster.add("Namespace", "", "shop");
  cluster.add("PersistentVolume", "", "pvc-1", {
    spec: {
      capacity: { storage: "128Gi" },
      csi: { driver: "disk.csi.azure.com", volumeHandle: "/subscriptions/S/disks/PVC-1" },
      storageClassName: "managed-csi",
      persistentVolumeReclaimPolicy: "Delete",
      claimRef: { namespace: "shop", name: "data-db-0", uid: "c-1" },
    },
    status: { phase: "Bound" },
  });
  cluster.add("PersistentVolumeClaim", "shop", "data-db-0", {
    spec: {
      volumeName: "pvc-1",
      storageClassName: "managed-csi",
      resources: { requests: { storage: "100Gi" } },
    },
    status: { phase: "Bound" },
  });
  cluster.add("Service", "shop", "web", {
    spec: {
      type: "LoadBalancer",
      selector: { app: "web" },
      ports: [{ port: 443, protocol: "TCP" }],
    },
    status: { loadBalancer: { ingress: [{ ip: "20.1.2.3" }] } },
  });
  cluster.add("Ingress", "shop", "web", {
    spec: {
      ingressClassName: "nginx",
      rules: [
        {
          host: "shop.example",
          http: {
            paths: [
              {
                path: "/",
                pathType: "Prefix",
                backend: { service: { name: "web", port: { number: 443 } } },
              },
            ],
          },
        },
      ],
    },
  });
  cluster.add("HorizontalPodAutoscaler", "shop", "cart", {
    spec: {
      scaleTargetRef: { kind: "Deployment", name: "cart" },
      minReplicas: 2,
      maxReplicas: 9,
      metrics: [
        {
          type: "Resource",
          resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
        },
      ],
    },
  });
  cluster.add("ResourceQuota", "shop", "team", {
    spec: { hard: { "requests.cpu": "4", "limits.memory": "8Gi", pods: "20" } },
  });
  cluster.add("LimitRange", "shop", "defaults", {
    spec: {
      limits: [
        {
          type: "Container",
          default: { cpu: "1" },
          defaultRequest: { cpu: "100m", memory: "64Mi" },
        },
      ],
    },
  });
  cluster.add("PodDisruptionBudget", "shop", "cart", {
    spec: { minAvailable: "50%", selector: { matchLabels: { app: "cart" } } },
  });
  cluster.add("RoleBinding", "shop", "owners", {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "admin" },
    subjects: [{ kind: "User", name: "ann@example.com", apiGroup: "rbac.authorization.k8s.io" }],
  });
  cluster.add("Secret", "shop", "token", { data: { password: "aHVudGVyMg==" } });
  await scan(folder, cluster);
  const facts = Object.fromEntries(
    (await history(folder)).map(({ kind, spec: { created: _, ...spec } }) => [kind, spec]),
  );
  expect(facts).toEqual({
    Namespace: {},
    PersistentVolume: {
      driver: "disk.csi.azure.com",
      volumeHandle: "/subscriptions/s/disks/pvc-1",
      storageClass: "managed-csi",
      capacityBytes: 137438953472,
      reclaimPolicy: "Delete",
      phase: "Bound",
      claimNamespace: "shop",
      claim: "data-db-0",
      claimUid: "c-1",
    },
    PersistentVolumeClaim: {
      volume: "pvc-1",
      storageClass: "managed-csi",
      requestedBytes: 107374182400,
      phase: "Bound",
    },
    Service: {
      type: "LoadBalancer",
      addresses: ["20.1.2.3"],
      selector: { app: "web" },
      ports: ["443/TCP"],
    },
    Ingress: { class: "nginx", hosts: ["shop.example"], services: ["web"] },
    HorizontalPodAutoscaler: {
      targetKind: "Deployment",
      target: "cart",
      min: 2,
      max: 9,
      metrics: [{ type: "Resource", name: "cpu", utilization: 70 }],
    },
    ResourceQuota: {
      hard: { "limits.memoryBytes": 8589934592, pods: 20, "requests.cpuMillicores": 4000 },
    },
    LimitRange: {
      limits: [
        {
          type: "Container",
          default: { cpuMillicores: 1000 },
          defaultRequest: { cpuMillicores: 100, memoryBytes: 67108864 },
        },
      ],
    },
    PodDisruptionBudget: { minAvailable: "50%", selector: { app: "cart" } },
    RoleBinding: {
      roleKind: "ClusterRole",
      role: "admin",
      subjects: [{ kind: "User", name: "ann@example.com" }],
    },
  });
  expect(cluster.asked.filter(({ path }) => /secrets|configmaps/.test(path))).toEqual([]);
});
