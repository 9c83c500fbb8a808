import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openCluster } from "../../../../ingest/kubernetes/client.ts";
import { readBackup, writeBackup } from "../../../../ingest/kubernetes/lifecycle/backup.ts";
import { lookAt } from "../../../../ingest/kubernetes/lifecycle/look.ts";
import {
  carryOut,
  quarantineSteps,
  releaseSteps,
} from "../../../../ingest/kubernetes/lifecycle/quarantine.ts";
import { removeNamespace } from "../../../../ingest/kubernetes/lifecycle/remove.ts";
import { restoreNamespace } from "../../../../ingest/kubernetes/lifecycle/restore.ts";
import { backupKey } from "../../../../ingest/kubernetes/lifecycle/seal.ts";
import { BUILT_IN, ROLLOUTS } from "../../../fakes/kubernetes/resources.ts";
import { FakeCluster } from "../../../fakes/kubernetes/server.ts";

const NOW = new Date("2026-09-01T10:00:00Z");
const SIGNAL = new AbortController().signal;
const KEY = backupKey("a key of at least thirty-two characters");
const WIDGET = {
  group: "example.com",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  namespaced: true,
};

/** A namespace with one of everything that matters, in a cluster with custom kinds. */
async function setUp() {
  const cluster = await new FakeCluster({
    resources: [...BUILT_IN, ROLLOUTS, WIDGET],
    now: () => NOW,
  }).start();
  const folder = await mkdtemp(join(tmpdir(), "apportion-backup-"));
  onTestFinished(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const { store } = cluster;
  const put = (kind: string, name: string, more: object = {}, meta: object = {}) =>
    store.create(store.ofKind(kind), {
      metadata: {
        name,
        ...(kind === "Namespace" || kind === "PersistentVolume" ? {} : { namespace: "old-shop" }),
        ...meta,
      },
      ...more,
    });
  put("Namespace", "old-shop", {}, { labels: { team: "shop" } });
  put("Namespace", "neighbour");
  const template = {
    metadata: { labels: { app: "web" } },
    spec: { containers: [{ name: "web", image: "web:1", unknownField: { kept: 1.5 } }] },
  };
  put(
    "Deployment",
    "web",
    { spec: { replicas: 3, template } },
    { annotations: { note: "=HYPERLINK(1)" } },
  );
  put("Deployment", "off", { spec: { replicas: 0, template } });
  put("StatefulSet", "db", { spec: { replicas: 1, template } });
  put("Rollout", "canary", { spec: { replicas: 2, template } });
  put("DaemonSet", "agent", { spec: { template } });
  put("CronJob", "nightly", { spec: { schedule: "0 3 * * *" } });
  put("CronJob", "never", { spec: { schedule: "0 3 * * *", suspend: true } });
  put("Secret", "password", { type: "Opaque", data: { password: "aHVudGVyMg==" } });
  put("ConfigMap", "kube-root-ca.crt", { data: { ca: "x" } });
  put("ConfigMap", "settings", { data: { a: "1" } });
  put("Service", "web", { spec: { clusterIP: "10.0.0.7", ports: [{ port: 80 }] } });
  put("PersistentVolume", "pv-1", {
    spec: { persistentVolumeReclaimPolicy: "Delete", claimRef: { name: "data", uid: "u" } },
  });
  put("PersistentVolumeClaim", "data", { spec: { volumeName: "pv-1" } });
  put("Widget", "thing", { spec: { size: 7, nested: { any: ["thing"] } } });
  put(
    "Pod",
    "web-1",
    { status: { phase: "Running" } },
    {
      ownerReferences: [
        { controller: true, kind: "ReplicaSet", name: "web", uid: "u", apiVersion: "apps/v1" },
      ],
    },
  );
  const file = join(folder, "kubeconfig");
  await writeFile(file, cluster.kubeconfig());
  const client = await openCluster("test", { kubeconfig: file, context: null });
  onTestFinished(() => client.close());
  const get = (kind: string, name: string) =>
    store.get(
      store.ofKind(kind),
      name,
      kind === "Namespace" || kind === "PersistentVolume" ? "" : "old-shop",
    );
  return {
    cluster,
    store,
    put,
    get,
    client,
    folder,
    look: (name = "old-shop") => lookAt(client, name, NOW, SIGNAL),
    place: { folder, cluster: "prod", key: KEY },
  };
}

type World = Awaited<ReturnType<typeof setUp>>;

/** All that stands in a namespace, but what the server adds. */
function content({ store }: World): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (const resource of store.resources.filter(({ namespaced }) => namespaced)) {
    const { items } = store.list(resource, { namespace: "old-shop" }) as {
      items: { metadata: Record<string, unknown> }[];
    };
    for (const object of items) {
      const { uid: _u, resourceVersion: _r, creationTimestamp: _c, ...metadata } = object.metadata;
      // A server keeps no empty map.
      const text = JSON.stringify({ ...object, metadata }).replaceAll(
        /,?"(?:annotations|nodeSelector)":\{\}/g,
        "",
      );
      all[`${resource.kind}/${String(metadata["name"])}`] = JSON.parse(text.replaceAll("{,", "{"));
    }
  }
  return structuredClone(all);
}

const writes = ({ cluster }: World) =>
  cluster.asked.filter(({ method, query }) => method !== "GET" && query["dryRun"] !== "All");

test("the whole life: asleep, awake, asleep, backed up, deleted, restored", async () => {
  const world = await setUp();
  const { client, place } = world;
  const before = content(world);
  const first = await world.look();

  const slept = await carryOut(client, quarantineSteps(first), false, SIGNAL);
  expect(slept.map(({ object, change }) => `${object}: ${change}`)).toEqual([
    "Deployment web: replicas 3 to 0",
    "StatefulSet db: replicas 1 to 0",
    "DaemonSet agent: kept off all nodes",
    "CronJob nightly: suspended",
    "Rollout canary: replicas 2 to 0",
    "Namespace old-shop: marked as quarantined",
  ]);
  expect(world.get("Deployment", "web")["spec"]).toMatchObject({ replicas: 0 });
  expect(world.get("CronJob", "nightly")["spec"]).toMatchObject({ suspend: true });
  const asleep = await world.look();
  expect(asleep.contentHash).toBe(first.contentHash);

  await carryOut(client, releaseSteps(asleep), false, SIGNAL);
  expect(content(world)).toEqual(before);

  await carryOut(client, quarantineSteps(await world.look()), false, SIGNAL);
  const look = await world.look();
  const backup = await writeBackup(client, look, place, SIGNAL);
  expect(backup).toMatchObject({ problems: [], objects: 15, contentHash: first.contentHash });

  const removal = await removeNamespace(client, await world.look(), {
    isDryRun: false,
    waitMs: 2_000,
    signal: SIGNAL,
  });
  expect(removal.held).toBeNull();
  expect(content(world)).toEqual({});
  expect(() => world.get("Namespace", "old-shop")).toThrow(/not found/);
  expect(world.get("Namespace", "neighbour").metadata.name).toBe("neighbour");
  expect(world.get("PersistentVolume", "pv-1")["spec"]).toMatchObject({
    persistentVolumeReclaimPolicy: "Retain",
  });

  const kept = await readBackup(place, backup.path, backup.sha256);
  const { uid } = await restoreNamespace(client, kept, { isDryRun: false, signal: SIGNAL });
  expect(uid).toBe(world.get("Namespace", "old-shop").metadata.uid);
  expect(world.get("Namespace", "old-shop").metadata.labels).toEqual({ team: "shop" });
  // Property 7: every field that is not runtime state, and nothing else.
  const wanted = { ...before };
  delete wanted["Pod/web-1"];
  delete wanted["ConfigMap/kube-root-ca.crt"];
  const service = wanted["Service/web"] as { spec: { clusterIP?: string } };
  delete service.spec.clusterIP;
  expect(content(world)).toEqual(wanted);
});

test("a dry run says what then happens, and changes nothing", async () => {
  const world = await setUp();
  const before = JSON.stringify(content(world));
  const dry = await carryOut(world.client, quarantineSteps(await world.look()), true, SIGNAL);
  expect(writes(world)).toEqual([]);
  expect(JSON.stringify(content(world))).toBe(before);
  expect(await carryOut(world.client, quarantineSteps(await world.look()), false, SIGNAL)).toEqual(
    dry,
  );

  const would = await removeNamespace(world.client, await world.look(), {
    isDryRun: true,
    waitMs: 0,
    signal: SIGNAL,
  });
  expect(world.get("Namespace", "old-shop").metadata.deletionTimestamp).toBeUndefined();
  expect(world.get("PersistentVolume", "pv-1")["spec"]).toMatchObject({
    persistentVolumeReclaimPolicy: "Delete",
  });
  const backup = await writeBackup(world.client, await world.look(), world.place, SIGNAL);
  const did = await removeNamespace(world.client, await world.look(), {
    isDryRun: false,
    waitMs: 2_000,
    signal: SIGNAL,
  });
  expect(did.steps).toEqual(would.steps);

  const kept = await readBackup(world.place, backup.path, backup.sha256);
  const restoring = await restoreNamespace(world.client, kept, { isDryRun: true, signal: SIGNAL });
  expect(content(world)).toEqual({});
  expect(
    (await restoreNamespace(world.client, kept, { isDryRun: false, signal: SIGNAL })).steps,
  ).toEqual(restoring.steps);
});

test("another namespace of the same name, or one that changed since, is not deleted nor scaled", async () => {
  const world = await setUp();
  const look = await world.look();
  world.store.update(world.store.ofKind("Namespace"), "old-shop", "", (object) => ({
    ...object,
    metadata: { ...object.metadata, labels: { team: "new" } },
  }));
  const remove = () =>
    removeNamespace(world.client, look, { isDryRun: false, waitMs: 0, signal: SIGNAL });
  await expect(remove()).rejects.toMatchObject({ kind: "conflict" });
  world.store.delete(world.store.ofKind("Namespace"), "old-shop");
  world.put("Namespace", "old-shop");
  world.put("Deployment", "web", { spec: { replicas: 5 } });
  await expect(remove()).rejects.toMatchObject({ kind: "conflict" });
  await expect(carryOut(world.client, quarantineSteps(look), false, SIGNAL)).rejects.toMatchObject({
    kind: "conflict",
  });
  expect(world.get("Deployment", "web")["spec"]).toMatchObject({ replicas: 5 });
  expect(writes(world)).toEqual([]);
});

test("a kind that cannot be read, and a group that does not answer, make a backup incomplete", async () => {
  const world = await setUp();
  world.cluster.fault = ({ path, method }) =>
    method === "GET" && path.endsWith("/secrets")
      ? { status: 403, body: '{"message":"no"}' }
      : undefined;
  const one = await writeBackup(world.client, await world.look(), world.place, SIGNAL);
  expect(one.problems).toEqual([expect.stringMatching(/^secrets: HTTP 403/)]);
  world.cluster.fault = ({ path }) =>
    path === "/apis/example.com/v1" ? { status: 404, body: '{"message":"gone"}' } : undefined;
  const two = await writeBackup(world.client, await world.look(), world.place, SIGNAL);
  expect(two.problems).toEqual([expect.stringMatching(/^discovery of \/apis\/example.com\/v1/)]);
});

test("what a restore would not be allowed to write makes a backup incomplete", async () => {
  const world = await setUp();
  world.cluster.fault = ({ path, method, query }) =>
    method === "PUT" && query["dryRun"] === "All" && path.endsWith("/widgets/thing")
      ? { status: 422, body: '{"message":"spec.size: too large"}' }
      : undefined;
  const backup = await writeBackup(world.client, await world.look(), world.place, SIGNAL);
  expect(backup.problems).toEqual([
    "Widget thing would not be restored: HTTP 422: spec.size: too large",
  ]);
});

test("a continue token that dies starts the list over; nothing is lost or twice", async () => {
  const world = await setUp();
  for (let index = 0; index < 1_200; index++) world.put("ConfigMap", `many-${index}`);
  let compacted = false;
  world.cluster.fault = ({ path, query }) => {
    if (!compacted && path.endsWith("/configmaps") && query["continue"] !== undefined) {
      compacted = true;
      world.store.compact();
    }
    return undefined;
  };
  const look = await world.look();
  expect(compacted).toBe(true);
  const maps = look.kinds.find(({ kind }) => kind.kind === "ConfigMap")?.objects ?? [];
  expect(new Set(maps.map(({ metadata }) => metadata.name)).size).toBe(1_202);
  expect(maps).toHaveLength(1_202);
});

test("a finalizer holds it and is told, never taken off", async () => {
  const world = await setUp();
  world.put("ConfigMap", "held", {}, { finalizers: ["example.com/keep"] });
  const removal = await removeNamespace(world.client, await world.look(), {
    isDryRun: false,
    waitMs: 100,
    signal: SIGNAL,
  });
  expect(removal.held).toBe("finalizer example.com/keep of ConfigMap held");
  expect(world.get("ConfigMap", "held").metadata.finalizers).toEqual(["example.com/keep"]);
  expect(world.cluster.asked.some(({ path }) => path.endsWith("/finalize"))).toBe(false);
});

test("secrets are unreadable without the key, and any changed byte of a backup is found", async () => {
  const world = await setUp();
  const backup = await writeBackup(world.client, await world.look(), world.place, SIGNAL);
  const folder = join(world.place.folder, backup.path);
  for (const name of await readdir(folder)) {
    const bytes = await readFile(join(folder, name));
    expect(bytes.includes("aHVudGVyMg")).toBe(false);
    const changed = Buffer.from(bytes);
    changed[Math.floor(changed.length / 2)] = (changed[Math.floor(changed.length / 2)] ?? 0) ^ 1;
    await writeFile(join(folder, name), changed);
    await expect(readBackup(world.place, backup.path, backup.sha256)).rejects.toMatchObject({
      code: "FILE_INVALID",
    });
    await writeFile(join(folder, name), bytes);
  }
  const other = { ...world.place, key: backupKey("another key of thirty-two characters") };
  await expect(readBackup(other, backup.path, backup.sha256)).rejects.toThrow(/key is another one/);
  expect(await readBackup(world.place, backup.path, backup.sha256)).toHaveLength(15);
});

test("a refusal in the dry run of a quarantine leaves every workload as it was", async () => {
  const world = await setUp();
  const before = content(world);
  world.cluster.fault = ({ path, method }) =>
    method === "PATCH" && path.endsWith("/cronjobs/nightly")
      ? { status: 403, body: '{"message":"no"}' }
      : undefined;
  await expect(
    carryOut(world.client, quarantineSteps(await world.look()), false, SIGNAL),
  ).rejects.toMatchObject({ kind: "refused" });
  expect(content(world)).toEqual(before);
});
