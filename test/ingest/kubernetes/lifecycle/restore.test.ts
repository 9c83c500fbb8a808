import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ClusterClient, openCluster } from "../../../../ingest/kubernetes/client.ts";
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

/** Property 7: a restored backup has every field that is not runtime state, whatever happened before. */

const NOW = new Date("2026-09-01T10:00:00Z");
const SIGNAL = new AbortController().signal;
const NAME = "old-shop";
const WIDGET = {
  group: "example.com",
  version: "v1beta2",
  kind: "Widget",
  plural: "widgets",
  namespaced: true,
};

let cluster: FakeCluster;
let client: ClusterClient;
let folder: string;

beforeAll(async () => {
  cluster = await new FakeCluster({
    resources: [...BUILT_IN, ROLLOUTS, WIDGET],
    now: () => NOW,
  }).start();
  folder = await mkdtemp(join(tmpdir(), "apportion-restore-"));
  await writeFile(join(folder, "kubeconfig"), cluster.kubeconfig());
  client = await openCluster("test", { kubeconfig: join(folder, "kubeconfig"), context: null });
});
afterAll(async () => {
  await client.close();
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Whatever a test left behind goes, so that one failure is one failure. */
afterEach(() => {
  cluster.fault = null;
  clear();
});

function clear(): void {
  const { store } = cluster;
  if (JSON.stringify(store.list(store.ofKind("Namespace"))).includes(`"${NAME}"`)) {
    store.delete(store.ofKind("Namespace"), NAME);
    unlock();
  }
}

type Json = Record<string, unknown>;
interface Given {
  kind: string;
  name: string;
  body: Json;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  finalizers: string[];
  /** The place in the list of an object that owns this one, without controlling it. */
  owner: number | null;
}

const text = fc.oneof(
  fc.string({ maxLength: 12, unit: "grapheme" }),
  fc.constantFrom("=1+1", "<b>", "a\nb", "\u202e", "", "0", "null", "1e400"),
);
const marks = fc.dictionary(
  fc.constantFrom("app", "example.org/note", "x".repeat(63), `${"d.".repeat(120)}io/k`),
  text,
  { maxKeys: 3 },
);
// What JSON holds, but for null: a server keeps none.
const anything = fc
  .object({
    maxDepth: 3,
    maxKeys: 4,
    key: fc.string({ minLength: 1, maxLength: 8 }),
    values: [fc.boolean(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), text],
  })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json);
const template = fc.record({ labels: marks, spec: anything }).map(({ labels, spec }) => ({
  metadata: { labels },
  spec: { ...spec, containers: [{ name: "main", image: "x:1" }] },
}));
const optional = <T>(key: string, value: fc.Arbitrary<T>) =>
  fc.option(value, { nil: undefined }).map((one) => (one === undefined ? {} : { [key]: one }));
const scaled = fc
  .tuple(optional("replicas", fc.nat({ max: 5 })), template)
  .map(([replicas, pod]): Json => ({ spec: { ...replicas, template: pod } }));
const BODIES: Readonly<Record<string, fc.Arbitrary<Json>>> = {
  ConfigMap: fc
    .dictionary(fc.string({ minLength: 1, maxLength: 9 }), text)
    .map((data) => ({ data })),
  Secret: fc
    .tuple(fc.constantFrom("Opaque", "kubernetes.io/tls"), marks)
    .map(([type, data]) => ({ type, data })),
  Deployment: scaled,
  StatefulSet: scaled,
  ReplicaSet: scaled,
  Rollout: scaled,
  DaemonSet: fc
    .tuple(template, optional("nodeSelector", fc.constant({ disk: "ssd" })))
    .map(([pod, selector]) => ({
      spec: { template: { ...pod, spec: { ...pod.spec, ...selector } } },
    })),
  CronJob: optional("suspend", fc.boolean()).map((suspend) => ({
    spec: { schedule: "0 3 * * *", ...suspend },
  })),
  Service: optional("clusterIP", fc.constant("None")).map((address) => ({
    spec: { ...address, ports: [{ port: 80, nodePort: 30_080 }] },
  })),
  Role: anything.map((more) => ({ rules: [more] })),
  RoleBinding: text.map((name) => ({ subjects: [{ kind: "User", name }] })),
  PersistentVolumeClaim: anything.map((spec) => ({ spec })),
  Widget: fc.tuple(anything, anything).map(([spec, more]) => ({ spec, more })),
};

const objects: fc.Arbitrary<Given[]> = fc
  .array(
    fc.constantFrom(...Object.keys(BODIES)).chain((kind) =>
      fc.record({
        kind: fc.constant(kind),
        body: BODIES[kind] as fc.Arbitrary<Json>,
        labels: marks,
        annotations: marks,
        finalizers: fc.constantFrom<string[]>([], [], [], ["example.org/keep"]),
        owner: fc.option(fc.nat({ max: 9 }), { freq: 2 }),
      }),
    ),
    { minLength: 1, maxLength: 10 },
  )
  .map((all) => all.map((one, index) => ({ ...one, name: `n${index}` })));

/** What happens before it goes, in any order. */
const events = fc.array(
  fc.constantFrom(
    "sleep",
    "wake",
    "sleep in a dry run",
    "back up",
    "delete in a dry run",
    "status",
  ),
  { maxLength: 6 },
);

const put = ({ kind, name, body, labels, annotations, finalizers }: Given) => {
  const { store } = cluster;
  return store.create(store.ofKind(kind), {
    metadata: {
      name,
      namespace: NAME,
      labels,
      annotations,
      ...(finalizers.length === 0 ? {} : { finalizers }),
    },
    ...structuredClone(body),
  });
};

/** All that stands in the namespace, without what a server adds, owners by name. */
function content(): Record<string, unknown> {
  const { store } = cluster;
  const all: Record<string, unknown> = {};
  const names = new Map<string, string>();
  const found = store.resources
    .filter(({ namespaced }) => namespaced)
    .flatMap((resource) => (store.list(resource, { namespace: NAME }) as { items: Json[] }).items);
  for (const { kind, metadata } of found) {
    const { uid, name } = metadata as { uid: string; name: string };
    names.set(uid, `${String(kind)}/${name}`);
  }
  for (const object of found) {
    const { uid, resourceVersion, creationTimestamp, ownerReferences, ...metadata } = object[
      "metadata"
    ] as Json & { ownerReferences?: { uid: string }[] };
    const { status, ...rest } = object;
    const key = names.get(String(uid)) ?? "";
    all[key] = withoutEmptyMaps({
      ...rest,
      metadata: {
        ...metadata,
        owners: ownerReferences?.map((one) => ({ ...one, uid: names.get(one.uid) ?? "nobody" })),
      },
    });
    expect([resourceVersion, creationTimestamp]).not.toContain(undefined);
    expect(status === undefined || key !== "").toBe(true);
  }
  return JSON.parse(JSON.stringify(all)) as Record<string, unknown>;
}

/** A server keeps no empty map of labels, annotations or node selectors. */
function withoutEmptyMaps(object: Json): Json {
  const copy = structuredClone(object) as {
    metadata: Json;
    spec?: { template?: { spec?: Json } };
  } & Json;
  const pod = copy.spec?.template?.spec;
  for (const [map, keys] of [
    [copy.metadata, ["labels", "annotations"]],
    [pod ?? {}, ["nodeSelector"]],
  ] as const)
    for (const key of keys)
      if (map[key] !== undefined && Object.keys(map[key] as Json).length === 0) delete map[key];
  return copy;
}

const look = () => lookAt(client, NAME, NOW, SIGNAL);
const place = () => ({
  folder,
  cluster: "prod",
  key: backupKey("a key of at least thirty-two characters"),
});

async function happen(event: string): Promise<void> {
  const { store } = cluster;
  switch (event) {
    case "sleep":
      await carryOut(client, quarantineSteps(await look()), false, SIGNAL);
      return;
    case "sleep in a dry run":
      await carryOut(client, quarantineSteps(await look()), true, SIGNAL);
      return;
    case "wake":
      await carryOut(client, releaseSteps(await look()), false, SIGNAL);
      return;
    case "back up":
      await writeBackup(client, await look(), place(), SIGNAL);
      return;
    case "delete in a dry run":
      await removeNamespace(client, await look(), { isDryRun: true, waitMs: 0, signal: SIGNAL });
      return;
    case "status":
      for (const one of (await look()).kinds.flatMap((kind) => kind.objects))
        store.update(
          store.ofKind(one.kind),
          one.metadata.name,
          NAME,
          (object) => ({ ...object, status: { observedGeneration: 7 } }),
          { part: "status" },
        );
  }
}

/** Takes the namespace away. */
async function remove(): Promise<void> {
  await removeNamespace(client, await look(), { isDryRun: false, waitMs: 0, signal: SIGNAL });
  unlock();
  expect(content()).toEqual({});
}

/** Takes finalizers off, as their controllers would. */
function unlock(): void {
  const { store } = cluster;
  for (const resource of store.resources.filter(({ namespaced }) => namespaced))
    for (const { metadata } of (
      store.list(resource, { namespace: NAME }) as {
        items: Given[] & { metadata: { name: string } }[];
      }
    ).items)
      store.update(resource, metadata.name, NAME, (object) => ({
        ...object,
        metadata: { ...object.metadata, finalizers: [] },
      }));
}

test("7: a restored backup has every field that is not runtime state", async () => {
  const { store } = cluster;
  await fc.assert(
    fc.asyncProperty(objects, events, marks, async (given, happened, labels) => {
      clear();
      const home = store.create(store.ofKind("Namespace"), {
        metadata: { name: NAME, labels, annotations: { "field.cattle.io/creatorId": "u-1" } },
      });
      const made = given.map(put);
      for (const [index, { owner, kind, name }] of given.entries()) {
        const by = owner === null || owner === index ? undefined : made[owner];
        if (by === undefined) continue;
        store.update(store.ofKind(kind), name, NAME, (object) => ({
          ...object,
          metadata: {
            ...object.metadata,
            ownerReferences: [
              {
                apiVersion: by.apiVersion,
                kind: by.kind,
                name: by.metadata.name,
                uid: by.metadata.uid,
              },
            ],
          },
        }));
      }
      const before = content();
      for (const event of happened) await happen(event);
      const seen = await look();
      const backup = await writeBackup(client, seen, place(), SIGNAL);
      expect(backup.problems).toEqual([]);
      await remove();

      const kept = await readBackup(place(), backup.path, backup.sha256);
      const { uid } = await restoreNamespace(client, kept, { isDryRun: false, signal: SIGNAL });
      expect(content()).toEqual(before);
      const again = store.get(store.ofKind("Namespace"), NAME);
      expect([again.metadata.uid, again.metadata.labels ?? {}]).toEqual([uid, labels]);
      expect(uid).not.toBe(home.metadata.uid);
      // Rancher's mark of the creator is read, and never written; nothing of ours is left behind.
      expect(again.metadata.annotations ?? {}).toEqual({});
      await remove();
    }),
    { numRuns: 25 },
  );
}, 120_000);

describe("a restore", () => {
  const plain = (
    kind: string,
    name: string,
    body: Json = {},
    owner: number | null = null,
  ): Given => ({
    kind,
    name,
    body,
    labels: {},
    annotations: {},
    finalizers: [],
    owner,
  });
  const prepare = async (...given: Given[]) => {
    const { store } = cluster;
    store.create(store.ofKind("Namespace"), { metadata: { name: NAME } });
    given.map(put);
    const backup = await writeBackup(client, await look(), place(), SIGNAL);
    return { backup, kept: () => readBackup(place(), backup.path, backup.sha256) };
  };
  const restore = async (kept: Awaited<ReturnType<typeof readBackup>>) =>
    restoreNamespace(client, kept, { isDryRun: false, signal: SIGNAL });

  test("that was refused an object makes the others, says so, and goes on where it stopped", async () => {
    const { kept } = await prepare(
      plain("ConfigMap", "a"),
      plain("Widget", "b"),
      plain("Role", "c"),
    );
    await remove();
    cluster.fault = ({ method, path }) =>
      method === "POST" && path.endsWith("/widgets")
        ? { status: 422, body: '{"message":"denied by policy"}' }
        : undefined;
    await expect(restore(await kept())).rejects.toThrow(
      /1 of 3 objects were not made again \(Widget b: HTTP 422: denied by policy\)/,
    );
    expect(Object.keys(content()).toSorted()).toEqual(["ConfigMap/a", "Role/c"]);
    cluster.fault = null;
    const { uid } = await restore(await kept());
    expect(Object.keys(content()).toSorted()).toEqual(["ConfigMap/a", "Role/c", "Widget/b"]);
    const home = cluster.store.get(cluster.store.ofKind("Namespace"), NAME);
    expect([home.metadata.uid, home.metadata.annotations ?? {}]).toEqual([uid, {}]);
    await remove();
  });

  test("into a namespace that somebody else made under the same name is refused, and changes nothing", async () => {
    const { kept } = await prepare(plain("ConfigMap", "a"));
    await remove();
    const { store } = cluster;
    store.create(store.ofKind("Namespace"), {
      metadata: { name: NAME, labels: { team: "other" } },
    });
    await expect(restore(await kept())).rejects.toMatchObject({ kind: "conflict" });
    expect(content()).toEqual({});
    await remove();
  });

  test("makes claims and secrets of an operator again, which would make others", async () => {
    const { store } = cluster;
    const { kept } = await prepare(plain("Widget", "db", { spec: { size: 1 } }));
    const db = store.get(store.ofKind("Widget"), "db", NAME);
    const owned = (kind: string, name: string, body: Json) =>
      store.create(store.ofKind(kind), {
        metadata: {
          name,
          namespace: NAME,
          ownerReferences: [
            {
              apiVersion: db.apiVersion,
              kind: db.kind,
              name: "db",
              uid: db.metadata.uid,
              controller: true,
            },
          ],
        },
        ...body,
      });
    owned("Secret", "db-password", { data: { p: "aHVudGVyMg==" } });
    owned("PersistentVolumeClaim", "db-data", { spec: { volumeName: "pv-9" } });
    owned("ConfigMap", "db-made-again", {});
    store.create(store.ofKind("PersistentVolume"), {
      metadata: { name: "pv-9" },
      spec: { persistentVolumeReclaimPolicy: "Delete", claimRef: { name: "db-data", uid: "u" } },
    });
    expect(await kept()).toHaveLength(2);
    const backup = await writeBackup(client, await look(), place(), SIGNAL);
    await remove();
    await restore(await readBackup(place(), backup.path, backup.sha256));
    expect(Object.keys(content()).toSorted()).toEqual([
      "PersistentVolumeClaim/db-data",
      "Secret/db-password",
      "Widget/db",
    ]);
    expect(store.get(store.ofKind("Secret"), "db-password", NAME)["data"]).toEqual({
      p: "aHVudGVyMg==",
    });
    const made = store.get(store.ofKind("Widget"), "db", NAME).metadata.uid;
    expect(
      store.get(store.ofKind("PersistentVolumeClaim"), "db-data", NAME).metadata["ownerReferences"],
    ).toMatchObject([{ uid: made, controller: true }]);
    const volume = store.get(store.ofKind("PersistentVolume"), "pv-9")["spec"] as Json;
    expect(volume).toMatchObject({
      persistentVolumeReclaimPolicy: "Retain",
      claimRef: { name: "db-data" },
    });
    expect((volume["claimRef"] as Json)["uid"]).toBeUndefined();
    await remove();
  });

  test("and all before it: Rancher's cascade finds nothing of ours, its mark of the creator is never written", async () => {
    const { store } = cluster;
    const creator = "field.cattle.io/creatorId";
    store.create(store.ofKind("Namespace"), {
      metadata: {
        name: NAME,
        annotations: { [creator]: "u-abc12", "field.cattle.io/projectId": "c-1:p-2" },
      },
    });
    put({
      ...plain("Deployment", "web", { spec: { replicas: 1 } }),
      annotations: { [creator]: "u-abc12" },
    });
    const before = cluster.asked.length;
    for (const event of ["sleep", "wake", "sleep", "delete in a dry run"]) await happen(event);
    const backup = await writeBackup(client, await look(), place(), SIGNAL);
    await remove();
    await restore(await readBackup(place(), backup.path, backup.sha256));
    const writes = cluster.asked
      .slice(before)
      .filter(({ method, query }) => method !== "GET" && query["dryRun"] !== "All");
    expect(writes.length).toBeGreaterThan(8);
    expect(JSON.stringify(writes.map(({ body }) => body))).not.toContain("creatorId");
    expect(writes.filter(({ path }) => path.includes("cattle.io"))).toEqual([]);
    // The project is known of: only who made it is not said in Rancher's own words.
    expect(store.get(store.ofKind("Namespace"), NAME).metadata.annotations).toEqual({
      "field.cattle.io/projectId": "c-1:p-2",
    });
    await remove();
  });

  test("of a deletion whose answer was lost: what was done is known to be done", async () => {
    const { kept } = await prepare(plain("ConfigMap", "a"));
    const before = await look();
    const { store } = cluster;
    cluster.fault = ({ method, query }) => {
      if (method !== "DELETE" || query["dryRun"] === "All") return undefined;
      store.delete(store.ofKind("Namespace"), NAME);
      return { breaks: true };
    };
    const removal = await removeNamespace(client, before, {
      isDryRun: false,
      waitMs: 500,
      signal: SIGNAL,
    });
    expect(removal.held).toBeNull();
    cluster.fault = null;
    await restore(await kept());
    cluster.fault = ({ method, query }) =>
      method === "DELETE" && query["dryRun"] !== "All" ? { breaks: true } : undefined;
    await expect(
      removeNamespace(client, await look(), { isDryRun: false, waitMs: 0, signal: SIGNAL }),
    ).rejects.toMatchObject({ kind: "unreachable" });
    cluster.fault = null;
    expect(Object.keys(content())).toEqual(["ConfigMap/a"]);
    await remove();
  });
});
