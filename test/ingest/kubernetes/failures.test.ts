import { expect, test } from "vitest";
import { KINDS } from "../../../ingest/kubernetes/kinds.ts";
import {
  PROJECT_ROLES,
  ROLLOUTS,
  SCALED,
  SLEEPS,
  USERS,
} from "../../fakes/kubernetes/resources.ts";
import type { Asked, Fault } from "../../fakes/kubernetes/server.ts";
import { type Cluster, frozen, history, makeFolder, scan, startCluster } from "./bench.ts";

const DAY_1 = "2026-09-01T06:00:00.000Z";
const DAY_2 = "2026-09-02T06:00:00.000Z";

/** A cluster with pods in one namespace, scanned once; then everything changes, for a second scan. */
async function scannedOnce(pods: number): Promise<{ cluster: Cluster; folder: string }> {
  const cluster = await startCluster(DAY_1);
  const folder = await makeFolder();
  cluster.add("Namespace", "", "shop");
  cluster.add("Namespace", "", "gone");
  for (let index = 0; index < pods; index++)
    cluster.add("Pod", "shop", `pod-${String(index).padStart(4, "0")}`);
  await scan(folder, cluster);
  cluster.remove("Namespace", "", "gone");
  for (let index = 0; index < pods; index += 2)
    cluster.remove("Pod", "shop", `pod-${String(index).padStart(4, "0")}`);
  cluster.at = new Date(DAY_2);
  return { cluster, folder };
}

const open = async (folder: string, kind: string) =>
  (await history(folder, kind)).filter(({ to }) => to === null).length;

const pods = "/api/v1/pods";
/** A fault from the n-th request for pods on, `times` times. */
function onPods(from: number, times: number, fault: Fault): (asked: Asked) => Fault | undefined {
  let count = 0;
  return ({ path }) => {
    if (path !== pods) return undefined;
    count++;
    return count >= from && count < from + times ? fault : undefined;
  };
}

test("1,200 pods come in pages of 100, of one moment", async () => {
  const cluster = await startCluster(DAY_1);
  const folder = await makeFolder();
  cluster.add("Namespace", "", "shop");
  for (let index = 0; index < 1_200; index++) cluster.add("Pod", "shop", `pod-${index}`);
  // One pod goes while the list is read: it was there at the list's moment.
  cluster.fault = ({ path, query }) => {
    if (path === pods && query["continue"] !== undefined && cluster.asked.length % 5 === 0)
      cluster.store.delete(cluster.store.ofKind("Pod"), `pod-${cluster.asked.length}`, "shop");
    return undefined;
  };
  expect(await scan(folder, cluster, { pageSize: 100 })).toMatchObject({
    rows: 1_201,
    problems: [],
  });
  const asked = cluster.asked.filter(({ path }) => path === pods);
  expect(asked.map(({ query }) => query["limit"])).toEqual(Array(12).fill("100"));
  expect(await open(folder, "Pod")).toBe(1_200);
});

test("a continue token that dies starts the list over, and counts nothing twice", async () => {
  const { cluster, folder } = await scannedOnce(50);
  let compactions = 0;
  cluster.fault = ({ path, query }) => {
    if (path === pods && query["continue"] !== undefined && compactions < 2) {
      compactions++;
      cluster.store.compact();
    }
    return undefined;
  };
  expect(await scan(folder, cluster, { pageSize: 10 })).toMatchObject({ problems: [] });
  expect(compactions).toBe(2);
  expect(await open(folder, "Pod")).toBe(25);
});

test("a token that dies each time leaves the history of that kind", async () => {
  const { cluster, folder } = await scannedOnce(50);
  cluster.fault = ({ path, query }) => {
    if (path === pods && query["continue"] !== undefined) cluster.store.compact();
    return undefined;
  };
  const { problems, outcomes } = await scan(folder, cluster, { pageSize: 10 });
  expect(outcomes).toEqual(["prod inventory/pods failed", "prod inventory loaded"]);
  expect(problems).toEqual([
    expect.stringMatching(/expired 4 times.*larger pageSize.*history of pods stays/),
  ]);
  expect([await open(folder, "Pod"), await open(folder, "Namespace")]).toEqual([50, 1]);
});

test("a list that ends before what it promised closes nothing", async () => {
  const { cluster, folder } = await scannedOnce(50);
  cluster.fault = ({ path, query }) =>
    path === pods && query["continue"] !== undefined
      ? {
          body: '{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}',
        }
      : undefined;
  const { problems } = await scan(folder, cluster, { pageSize: 10 });
  expect(problems).toEqual([expect.stringMatching(/pods: the list ended after 10 of 25 objects/)]);
  expect([await open(folder, "Pod"), await open(folder, "Namespace")]).toEqual([50, 1]);
});

test("a server that dies in the middle of a list keeps what was whole, and says what was not read", async () => {
  const { cluster, folder } = await scannedOnce(50);
  let pages = 0;
  cluster.fault = ({ path }) => {
    if (path === pods && ++pages === 2) void cluster.stop();
    return pages >= 2 ? { breaks: true } : undefined;
  };
  const { problems, outcomes } = await scan(folder, cluster, { pageSize: 10 });
  expect(outcomes).toEqual(["prod inventory/pods failed", "prod inventory loaded"]);
  expect(problems).toEqual([
    expect.stringMatching(
      /^prod-api: cluster prod: http:\/\/127\.0\.0\.1:\d+: the server could not be reached \(.*\); not read, their history stays as it was: pods, persistentvolumes, .*rolebindings, .*projectroletemplatebindings \[SOURCE_UNREADABLE\]$/,
    ),
  ]);
  expect([await open(folder, "Pod"), await open(folder, "Namespace")]).toEqual([50, 1]);

  // It comes back, and the next scan makes up for it.
  cluster.fault = null;
  await cluster.start();
  cluster.at = new Date("2026-09-02T07:00:00Z");
  expect((await scan(folder, cluster)).problems).toEqual([]);
  expect(await open(folder, "Pod")).toBe(25);
});

test("a server that is down from the start changes nothing", async () => {
  const { cluster, folder } = await scannedOnce(4);
  const before = await frozen(folder);
  await cluster.stop();
  const { problems, outcomes } = await scan(folder, cluster);
  expect(outcomes).toEqual(["prod-api failed"]);
  expect(problems).toEqual([
    expect.stringMatching(/could not be reached \(.*ECONNREFUSED.*\) \[SOURCE_UNREADABLE\]$/),
  ]);
  expect(await frozen(folder)).toBe(before);
});

test("a server that recovers is asked again; how long it asks to wait is kept to", async () => {
  const { cluster, folder } = await scannedOnce(4);
  const waits: number[] = [];
  const sleep = (ms: number) => {
    waits.push(ms);
    return Promise.resolve();
  };
  let count = 0;
  cluster.fault = () => {
    count++;
    if (count === 1) return { status: 503 };
    if (count === 2) return { status: 429, headers: { "retry-after": "7" } };
    if (count === 4) return { breaks: true };
    if (count === 6) return { status: 429, headers: { "retry-after": "999999" } };
    return undefined;
  };
  expect((await scan(folder, cluster, { dependencies: { sleep } })).problems).toEqual([]);
  expect(waits).toEqual([1_000, 7_000, 1_000, 30_000]);
});

test("5xx of one kind is that kind's alone", async () => {
  const { cluster, folder } = await scannedOnce(4);
  cluster.fault = onPods(1, 99, {
    status: 500,
    body: '{"kind":"Status","message":"etcdserver: request is too large"}',
  });
  const { problems } = await scan(folder, cluster);
  expect(problems).toEqual([
    expect.stringMatching(
      /pods: HTTP 500: etcdserver: request is too large; the history of pods stays/,
    ),
  ]);
  expect([await open(folder, "Pod"), await open(folder, "Namespace")]).toEqual([4, 1]);
});

test("401 names the credentials and never them themselves", async () => {
  const { cluster, folder } = await scannedOnce(2);
  const before = await frozen(folder);
  const { problems, outcomes } = await scan(folder, cluster, { token: "stolen-or-expired" });
  expect(outcomes).toEqual(["prod-api failed"]);
  expect(problems).toEqual([
    expect.stringMatching(
      /does not accept the credentials \(HTTP 401: Unauthorized\); renew the token/,
    ),
  ]);
  expect(problems.join()).not.toContain("stolen-or-expired");
  expect(cluster.asked.filter(({ user }) => user === null)).toHaveLength(1);
  expect(await frozen(folder)).toBe(before);
});

test("403 on one kind names verb, resource and role, and the others go on", async () => {
  const { cluster, folder } = await scannedOnce(4);
  const rules = KINDS.filter(({ kind }) => kind !== "Pod" && kind !== "Ingress").map(
    ({ group, resource }) => ({
      verbs: ["list"],
      apiGroups: [group],
      resources: [resource],
    }),
  );
  cluster.allow("less", "system:serviceaccount:apportion:apportion-reader", rules);
  const { problems, outcomes } = await scan(folder, cluster, { token: "less" });
  expect(outcomes).toEqual([
    "prod inventory/pods failed",
    "prod inventory/ingresses failed",
    "prod inventory loaded",
  ]);
  expect(problems[0]).toBe(
    'prod-api: cluster prod: not allowed: verb list on resource pods (HTTP 403: pods is forbidden: User "system:serviceaccount:apportion:apportion-reader" cannot list resource "pods" in API group "" at the cluster scope); bind the ClusterRole apportion-reader of deploy/rbac/reader.yaml; the history of pods stays as it was [SOURCE_UNREADABLE]',
  );
  expect(problems[1]).toContain("verb list on resource ingresses.networking.k8s.io");
  expect([await open(folder, "Pod"), await open(folder, "Namespace")]).toEqual([4, 1]);
});

test("a user who may do nothing gets one error, and the history stays", async () => {
  const { cluster, folder } = await scannedOnce(2);
  const before = await frozen(folder);
  cluster.allow("none", "nobody", []);
  const { problems, outcomes } = await scan(folder, cluster, { token: "none" });
  expect(outcomes).toEqual(["prod-api failed"]);
  expect(problems).toEqual([
    expect.stringMatching(/verb list on resource namespaces .*\(and so for all 18 kinds\)/),
  ]);
  expect(await frozen(folder)).toBe(before);
});

test.each([
  [
    "a login page",
    {
      body: "<!DOCTYPE html><html><head><title>Sign in</title></head></html>",
      headers: { "content-type": "text/html" },
    },
    /a web page came back .*HTTP 200, "Sign in".*proxy/,
  ],
  [
    "a login page that claims to be JSON",
    { body: "\n<html>Sign in</html>" },
    /a web page came back/,
  ],
  [
    "a proxy that refuses",
    {
      status: 403,
      body: "<html><title>Blocked</title></html>",
      headers: { "content-type": "text/html" },
    },
    /HTTP 403, "Blocked"/,
  ],
  [
    "plain text",
    { body: "ok", headers: { "content-type": "text/plain" } },
    /text\/plain and not JSON/,
  ],
] as [string, Fault, RegExp][])(
  "%s is told for what it is, and nothing is changed",
  async (_, fault, said) => {
    const { cluster, folder } = await scannedOnce(2);
    const before = await frozen(folder);
    cluster.fault = () => fault;
    const { problems, outcomes } = await scan(folder, cluster);
    expect(outcomes).toEqual(["prod-api failed"]);
    expect(problems[0]).toMatch(said);
    expect(await frozen(folder)).toBe(before);
  },
);

test.each([
  [
    "half of its JSON, as if whole",
    { body: '{"kind":"PodList","metadata":{},"items":[{"meta' },
    /pods: the answer is not whole JSON/,
  ],
  [
    "no list",
    { body: '{"kind":"Status","status":"Success"}' },
    /pods: the answer is JSON but not a list/,
  ],
  [
    "null for items",
    { body: '{"kind":"PodList","metadata":{},"items":null}' },
    /pods: the answer is JSON but not a list/,
  ],
  ["no such kind", { status: 404 }, /the cluster serves no pods of the version that is read/],
] as [string, Fault, RegExp][])("%s leaves the history of that kind", async (_, fault, said) => {
  const { cluster, folder } = await scannedOnce(4);
  cluster.fault = onPods(1, 99, fault);
  const { problems, outcomes } = await scan(folder, cluster);
  expect(outcomes).toEqual(["prod inventory/pods failed", "prod inventory loaded"]);
  expect(problems[0]).toMatch(said);
  expect([await open(folder, "Pod"), await open(folder, "Namespace")]).toEqual([4, 1]);
});

test("a page cut off on the wire is asked for again", async () => {
  const { cluster, folder } = await scannedOnce(4);
  cluster.fault = onPods(1, 1, { truncateAt: 60 });
  expect((await scan(folder, cluster)).problems).toEqual([]);
  expect(await open(folder, "Pod")).toBe(2);
});

test("a slow server has a deadline", async () => {
  const { cluster, folder } = await scannedOnce(4);
  cluster.fault = onPods(1, 99, { delayMs: 3_000 });
  const limits = { deadlineMs: 150 };
  const { problems } = await scan(folder, cluster, { dependencies: { limits } });
  expect(problems).toEqual([
    expect.stringMatching(
      /no whole answer within 1 s; check the network, or set a smaller pageSize; not read, .*: pods, /,
    ),
  ]);
  expect(cluster.asked.filter(({ path }) => path === pods)).toHaveLength(1 + 3);
  expect([await open(folder, "Pod"), await open(folder, "Namespace")]).toEqual([4, 1]);
});

test("a scan that is stopped leaves no half of itself", async () => {
  const { cluster, folder } = await scannedOnce(4);
  const before = await frozen(folder);
  const stop = new AbortController();
  cluster.fault = ({ path }) => {
    if (path === pods) stop.abort(new Error("stopped"));
    return path === pods ? { delayMs: 500 } : undefined;
  };
  await expect(scan(folder, cluster, { signal: stop.signal })).rejects.toThrow();
  expect(await frozen(folder)).toBe(before);
  cluster.fault = null;
  expect((await scan(folder, cluster)).problems).toEqual([]);
  expect(await open(folder, "Pod")).toBe(2);
});

test.each([
  [-300_000, /its clock is (299|30[01]) s behind ours; set both by NTP/],
  [300_000, /its clock is (299|30[01]) s ahead of ours/],
])("a clock that is off by %i ms is named, and the scan goes on", async (off, said) => {
  const { cluster, folder } = await scannedOnce(4);
  cluster.fault = () => ({ headers: { date: new Date(Date.now() + off).toUTCString() } });
  const { problems, outcomes } = await scan(folder, cluster);
  expect(outcomes).toEqual(["prod inventory/clock failed", "prod inventory loaded"]);
  expect(problems).toEqual([expect.stringMatching(said)]);
  expect(await open(folder, "Pod")).toBe(2);
});

test("an object of a clock that is ahead begins when it is first seen, not in our future", async () => {
  const cluster = await startCluster("2026-09-01T09:00:00Z");
  const folder = await makeFolder();
  cluster.add("Namespace", "", "shop");
  cluster.at = new Date(DAY_1);
  await scan(folder, cluster);
  expect((await history(folder, "Namespace")).map(({ from, to }) => [from, to])).toEqual([
    [DAY_1, null],
  ]);
});

test("sizes that are NaN or infinite are none, and their neighbours stay", async () => {
  const cluster = await startCluster(DAY_1);
  const folder = await makeFolder();
  for (const [index, cpu] of ["NaN", "Inf", "+Inf", "-Inf", "Infinity", "1e999"].entries())
    cluster.add("Node", "", `node-${index}`, { status: { capacity: { cpu, memory: "64Gi" } } });
  cluster.add("Node", "", "sound", { status: { capacity: { cpu: "4", memory: "64Gi" } } });
  expect((await scan(folder, cluster)).problems).toEqual([]);
  const nodes = await history(folder, "Node");
  expect(nodes).toHaveLength(7);
  for (const { name, spec } of nodes)
    expect([name, spec["capacity"]]).toEqual([
      name,
      name === "sound"
        ? { cpuMillicores: 4000, memoryBytes: 64 * 2 ** 30 }
        : { memoryBytes: 64 * 2 ** 30 },
    ]);
});

test("pages that lead in a circle end", async () => {
  const { cluster, folder } = await scannedOnce(4);
  cluster.fault = ({ path }) =>
    path === pods
      ? { body: '{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"again"},"items":[]}' }
      : undefined;
  const { problems } = await scan(folder, cluster);
  expect(problems).toEqual([expect.stringMatching(/pods: the pages of the list do not end/)]);
  expect(await open(folder, "Pod")).toBe(4);
});

test("names, labels and annotations of any text are kept as they are", async () => {
  const cluster = await startCluster(DAY_1);
  const folder = await makeFolder();
  const hostile = {
    newline: "a\nb\r\n",
    quote: `it's "quoted" \\ ; DROP TABLE inventory;--`,
    emoji: "🧾 Ünïcode \u202e",
    nul: "a\u0000b",
    long: "x".repeat(4_096),
    html: "<script>alert(1)</script>",
    formula: "=1+1",
    "with/slash.and space": "",
  };
  cluster.add("Namespace", "", 'it\'s "ns"\n🧾', {
    metadata: { labels: hostile, annotations: { ...hostile, longer: "x".repeat(4_097) } },
  });
  cluster.add("Namespace", "", "surrogate", { metadata: { labels: { half: "\ud83e" } } });
  cluster.add("Namespace", "", "n".repeat(4_096));
  await scan(folder, cluster);
  const rows = await history(folder, "Namespace");
  expect(rows.map(({ name }) => name)).toEqual(['it\'s "ns"\n🧾', "n".repeat(4_096), "surrogate"]);
  expect(rows[0]?.labels).toEqual(hostile);
  expect(rows[0]?.annotations).toEqual(hostile);
  expect(rows[2]?.labels).toEqual({ half: "\ufffd" });
  const before = await frozen(folder);
  cluster.at = new Date(DAY_2);
  await scan(folder, cluster);
  expect(await frozen(folder)).toBe(before);
});

test("objects without labels, spec, status or even metadata are read", async () => {
  const cluster = await startCluster(DAY_1);
  const folder = await makeFolder();
  for (const resource of [ROLLOUTS, SLEEPS, SCALED, USERS, PROJECT_ROLES])
    cluster.store.define(resource);
  cluster.fault = ({ path }) => {
    const kind = KINDS.find(({ resource }) => path.endsWith(`/${resource}`));
    if (kind === undefined) return undefined;
    const items = [
      { metadata: { name: "bare", uid: `${kind.kind}-1` } },
      {
        metadata: {
          name: "nulls",
          uid: `${kind.kind}-2`,
          labels: null,
          annotations: null,
          ownerReferences: null,
        },
        spec: null,
        status: null,
      },
      { metadata: { name: "anonymous" }, spec: {}, status: {} },
      {},
    ];
    return {
      body: JSON.stringify({ kind: `${kind.kind}List`, apiVersion: "v1", metadata: {}, items }),
    };
  };
  expect(await scan(folder, cluster)).toMatchObject({ problems: [], rows: KINDS.length * 4 });
  const rows = await history(folder);
  expect(rows).toHaveLength(KINDS.length * 4);
  expect(new Set(rows.map(({ from }) => from))).toEqual(new Set([DAY_1]));
});

test("an object that two pages hold is one", async () => {
  const cluster = await startCluster(DAY_1);
  const folder = await makeFolder();
  const item = { metadata: { name: "twin", uid: "u-1" } };
  cluster.fault = ({ path, query }) =>
    path === "/api/v1/namespaces"
      ? {
          body: JSON.stringify({
            kind: "NamespaceList",
            metadata: query["continue"] === undefined ? { continue: "more" } : {},
            items: [item],
          }),
        }
      : undefined;
  await scan(folder, cluster);
  expect(await history(folder, "Namespace")).toHaveLength(1);
});
