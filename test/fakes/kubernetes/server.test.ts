import {
  ApiException,
  AppsV1Api,
  AuthorizationV1Api,
  BatchV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
  Watch,
} from "@kubernetes/client-node";
import { expect, onTestFinished, test } from "vitest";
import { ROLLOUTS } from "./resources.ts";
import { FakeCluster } from "./server.ts";

async function connected(token?: string) {
  const cluster = await new FakeCluster({ now: () => new Date("2026-09-01T00:00:00Z") }).start();
  onTestFinished(() => cluster.stop());
  const config = new KubeConfig();
  config.loadFromString(cluster.kubeconfig(token));
  return {
    cluster,
    config,
    core: config.makeApiClient(CoreV1Api),
    apps: config.makeApiClient(AppsV1Api),
  };
}

/** The status of a refused call: `409 Conflict`. */
async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "accepted";
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    const text: unknown = error.body;
    const body = (typeof text === "string" ? JSON.parse(text) : {}) as { reason?: string };
    return `${error.code} ${body.reason ?? ""}`.trim();
  }
}

const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);

test("create, get, patch, update and delete as the real client does them", async () => {
  const { core } = await connected();
  const made = await core.createNamespace({
    body: { metadata: { name: "shop", labels: { a: "1" } } },
  });
  expect(made.metadata).toMatchObject({
    name: "shop",
    labels: { a: "1" },
    creationTimestamp: new Date("2026-09-01T00:00:00Z"),
  });
  expect(await refusal(core.createNamespace({ body: { metadata: { name: "shop" } } }))).toBe(
    "409 AlreadyExists",
  );
  expect(await refusal(core.readNamespace({ name: "none" }))).toBe("404 NotFound");
  const patched = await core.patchNamespace(
    { name: "shop", body: { metadata: { labels: { a: null, b: "2" } } } },
    merge,
  );
  expect(patched.metadata?.labels).toEqual({ b: "2" });
  expect(Number(patched.metadata?.resourceVersion)).toBeGreaterThan(
    Number(made.metadata?.resourceVersion),
  );
  const same = await core.patchNamespace(
    { name: "shop", body: { metadata: { labels: { b: "2" } } } },
    merge,
  );
  expect(same.metadata?.resourceVersion).toBe(patched.metadata?.resourceVersion);
  expect(await refusal(core.replaceNamespace({ name: "shop", body: made }))).toBe("409 Conflict");
  const steps = [{ op: "add", path: "/metadata/annotations", value: { "x/y": "1" } }];
  const stepped = await core.patchNamespace({ name: "shop", body: steps });
  expect(stepped.metadata?.annotations).toEqual({ "x/y": "1" });
  expect(
    await refusal(
      core.createNamespacedPod({ namespace: "none", body: { metadata: { name: "p" } } }),
    ),
  ).toBe("404 NotFound");
});

test("delete keeps to preconditions, dry run and finalizers", async () => {
  const { core } = await connected();
  await core.createNamespace({ body: { metadata: { name: "shop" } } });
  const pod = await core.createNamespacedPod({
    namespace: "shop",
    body: { metadata: { name: "p", finalizers: ["x/hold"] } },
  });
  const at = { name: "p", namespace: "shop" };
  const uid = pod.metadata?.uid ?? "";
  expect(
    await refusal(core.deleteNamespacedPod({ ...at, body: { preconditions: { uid: "other" } } })),
  ).toBe("409 Conflict");
  expect(
    await refusal(
      core.deleteNamespacedPod({ ...at, body: { preconditions: { uid, resourceVersion: "1" } } }),
    ),
  ).toBe("409 Conflict");
  await core.deleteNamespacedPod({ ...at, dryRun: "All" });
  expect((await core.readNamespacedPod(at)).metadata?.deletionTimestamp).toBeUndefined();
  await core.deleteNamespacedPod({ ...at, body: { preconditions: { uid } } });
  expect((await core.readNamespacedPod(at)).metadata?.deletionTimestamp).toBeInstanceOf(Date);
  await core.patchNamespacedPod({ ...at, body: { metadata: { finalizers: null } } }, merge);
  expect(await refusal(core.readNamespacedPod(at))).toBe("404 NotFound");
  await core.createNamespacedPod({
    namespace: "shop",
    dryRun: "All",
    body: { metadata: { name: "dry" } },
  });
  expect((await core.listPodForAllNamespaces()).items).toEqual([]);
});

test("a namespace takes its content along, and waits for what is held", async () => {
  const { core } = await connected();
  await core.createNamespace({ body: { metadata: { name: "shop" } } });
  await core.createNamespacedConfigMap({ namespace: "shop", body: { metadata: { name: "free" } } });
  await core.createNamespacedConfigMap({
    namespace: "shop",
    body: { metadata: { name: "held", finalizers: ["x/hold"] } },
  });
  await core.deleteNamespace({ name: "shop" });
  const dying = await core.readNamespace({ name: "shop" });
  expect([dying.status?.phase, dying.metadata?.deletionTimestamp]).toEqual([
    "Terminating",
    expect.any(Date),
  ]);
  expect(
    (await core.listNamespacedConfigMap({ namespace: "shop" })).items.map(
      ({ metadata }) => metadata?.name,
    ),
  ).toEqual(["held"]);
  expect(
    await refusal(
      core.createNamespacedConfigMap({ namespace: "shop", body: { metadata: { name: "late" } } }),
    ),
  ).toBe("403 Forbidden");
  await core.patchNamespacedConfigMap(
    { name: "held", namespace: "shop", body: { metadata: { finalizers: null } } },
    merge,
  );
  expect(await refusal(core.readNamespace({ name: "shop" }))).toBe("404 NotFound");
});

test("lists are paged, of one moment, selected by label, and expire", async () => {
  const { cluster, core } = await connected();
  await core.createNamespace({ body: { metadata: { name: "shop" } } });
  for (const [index, app] of ["a", "b", "a", "c", "a"].entries())
    await core.createNamespacedPod({
      namespace: "shop",
      body: { metadata: { name: `p${index}`, labels: { app } } },
    });
  const first = await core.listPodForAllNamespaces({ limit: 2 });
  expect([first.items.length, first.metadata?.remainingItemCount]).toEqual([2, 3]);
  await core.deleteNamespacedPod({ name: "p2", namespace: "shop" });
  const next = { limit: 2, _continue: first.metadata?.["_continue"] ?? "" };
  const second = await core.listPodForAllNamespaces(next);
  expect(second.items.map(({ metadata }) => metadata?.name)).toEqual(["p2", "p3"]);
  cluster.store.compact();
  expect(await refusal(core.listPodForAllNamespaces(next))).toBe("410 Expired");
  for (const [labelSelector, names] of [
    ["app=a", ["p0", "p4"]],
    ["app!=a", ["p1", "p3"]],
    ["app in (b,c)", ["p1", "p3"]],
    ["app notin (a), app", ["p1", "p3"]],
    ["!app", []],
  ] as const) {
    const { items } = await core.listNamespacedPod({ namespace: "shop", labelSelector });
    expect(items.map(({ metadata }) => metadata?.name)).toEqual(names);
  }
});

test("scale and status are parts of their own", async () => {
  const { cluster, core, apps } = await connected();
  await core.createNamespace({ body: { metadata: { name: "shop" } } });
  const selector = { matchLabels: { app: "web" } };
  const template = { metadata: { labels: { app: "web" } } };
  await apps.createNamespacedDeployment({
    namespace: "shop",
    body: { metadata: { name: "web" }, spec: { replicas: 3, selector, template } },
  });
  const at = { name: "web", namespace: "shop" };
  expect((await apps.readNamespacedDeploymentScale(at)).spec?.replicas).toBe(3);
  await apps.patchNamespacedDeploymentScale({ ...at, body: { spec: { replicas: 0 } } }, merge);
  const scaled = await apps.readNamespacedDeployment(at);
  expect([scaled.spec?.replicas, scaled.spec?.selector]).toEqual([0, selector]);
  await apps.patchNamespacedDeployment({ ...at, body: { status: { readyReplicas: 9 } } }, merge);
  expect((await apps.readNamespacedDeployment(at)).status).toBeUndefined();
  await apps.patchNamespacedDeploymentStatus(
    { ...at, body: { status: { readyReplicas: 9 } } },
    merge,
  );
  expect((await apps.readNamespacedDeployment(at)).status?.readyReplicas).toBe(9);
  expect(cluster.store.list(cluster.store.ofKind("Deployment"))).toMatchObject({
    items: [{ spec: { replicas: 0 } }],
  });
});

test("discovery lists every kind, custom ones too, and any of them can be used by it", async () => {
  const { cluster, config, core } = await connected();
  cluster.store.define(ROLLOUTS);
  await core.createNamespace({ body: { metadata: { name: "shop" } } });
  const objects = KubernetesObjectApi.makeApiClient(config);
  const rollout = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Rollout",
    metadata: { name: "pay", namespace: "shop" },
  };
  await objects.create(rollout);
  expect((await objects.list("argoproj.io/v1alpha1", "Rollout")).items).toHaveLength(1);
  const custom = config.makeApiClient(CustomObjectsApi);
  const place = {
    group: "argoproj.io",
    version: "v1alpha1",
    namespace: "shop",
    plural: "rollouts",
  };
  expect(await custom.listNamespacedCustomObject(place)).toMatchObject({
    kind: "RolloutList",
    items: [{ kind: "Rollout" }],
  });
  const { resources } = await core.getAPIResources();
  expect(resources.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["pods", "pods/status", "secrets"]),
  );
});

test("a watch brings what happens from a version on, and 410 for one that is forgotten", async () => {
  const { cluster, config, core } = await connected();
  const before = String(cluster.store.version);
  await core.createNamespace({ body: { metadata: { name: "early" } } });
  const seen: string[] = [];
  const watch = async (resourceVersion: string, events: number) => {
    const done = Promise.withResolvers<void>();
    const hear = (type: string, object: { metadata?: { name?: string }; code?: number }) => {
      seen.push(`${type} ${object.metadata?.name ?? object.code}`);
      if (seen.length >= events) done.resolve();
    };
    const stop = await new Watch(config).watch(
      "/api/v1/namespaces",
      { resourceVersion },
      hear,
      () => done.resolve(),
    );
    return { done: done.promise, stop };
  };
  const live = await watch(before, 3);
  await core.patchNamespace({ name: "early", body: { metadata: { labels: { a: "1" } } } }, merge);
  await core.deleteNamespace({ name: "early" });
  await live.done;
  live.stop.abort();
  expect(seen.slice(0, 3)).toEqual(["ADDED early", "MODIFIED early", "MODIFIED early"]);
  cluster.store.compact();
  seen.length = 0;
  await (
    await watch(before, 1)
  ).done;
  expect(seen).toEqual(["ERROR 410"]);
});

test("who is unknown gets 401, who may not gets 403, and who asks is told", async () => {
  const { cluster, config, core } = await connected("reader");
  expect(await refusal(core.listNamespace())).toBe("401");
  cluster.allow("reader", "reader", [
    { verbs: ["list"], apiGroups: ["batch"], resources: ["jobs"] },
    { verbs: ["get"], apiGroups: [""], resources: ["pods"], namespaces: ["shop"] },
  ]);
  expect(await refusal(core.listNamespace())).toBe("403 Forbidden");
  expect(await refusal(core.readNamespacedPod({ name: "p", namespace: "other" }))).toBe(
    "403 Forbidden",
  );
  expect(await refusal(core.readNamespacedPod({ name: "p", namespace: "shop" }))).toBe(
    "404 NotFound",
  );
  const batch = config.makeApiClient(BatchV1Api);
  expect((await batch.listJobForAllNamespaces()).items).toEqual([]);
  const custom = config.makeApiClient(CustomObjectsApi);
  expect(
    await refusal(
      custom.listClusterCustomObject({
        group: "argoproj.io",
        version: "v1alpha1",
        plural: "rollouts",
      }),
    ),
  ).toBe("403 Forbidden");
  const authorization = config.makeApiClient(AuthorizationV1Api);
  const may = async (verb: string) => {
    const resourceAttributes = { verb, group: "batch", resource: "jobs" };
    const body = { spec: { resourceAttributes } };
    return (await authorization.createSelfSubjectAccessReview({ body })).status?.allowed;
  };
  expect([await may("list"), await may("delete")]).toEqual([true, false]);
});
