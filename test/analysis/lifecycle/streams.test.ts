import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readFacts } from "../../../analysis/lifecycle/facts.ts";
import { policyOf } from "../../../analysis/lifecycle/policy.ts";
import { assess } from "../../../analysis/lifecycle/signals.ts";
import { homePaths } from "../../../data/files.ts";
import { type Ledger, openLedger } from "../../../data/ledger.ts";
import { sqlText } from "../../../data/warehouse.ts";
import { KINDS } from "../../../ingest/kubernetes/kinds.ts";

/**
 * Property 2 over what is really stored: a cluster twice, once whole and once with a stream of metrics
 * taken out as a server that does not scrape it leaves it. Through the SQL and the signals.
 */

const NOW = new Date("2026-09-01T06:00:00Z");
const DAYS = 30;
const START = NOW.getTime() / 1000 - DAYS * 86_400;
const HOURS = DAYS * 24;

let folder: string;
let ledger: Ledger;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "apportion-streams-"));
  ledger = await openLedger(homePaths(folder));
  await mkdir(join(homePaths(folder).facts, "usage"), { recursive: true });
});
afterAll(async () => {
  ledger.close();
  await rm(folder, { recursive: true, force: true });
});

/** A container's days: idle but for a stretch of hours. Millicores, MiB, bytes a second of its pod. */
interface Shape {
  namespace: string;
  pod: string;
  kind: string;
  container: string;
  cpu: number;
  memory: number;
  wobble: number;
  network: number;
  /** Of the hours of the window. */
  busyFrom: number;
  busyHours: number;
  busyCpu: number;
  busyNetwork: number;
}

const IDLE: Shape = {
  namespace: "team-0",
  pod: "web",
  kind: "Deployment",
  container: "c0",
  cpu: 2,
  memory: 120,
  wobble: 0,
  network: 100,
  busyFrom: 0,
  busyHours: 0,
  busyCpu: 0,
  busyNetwork: 0,
};

/** What can be missing: a metric of usage, pods and their phases, coverage, a kind of object, its scan. */
const METRICS = ["cpu", "memory", "network", "pods", "phases", "nodes", "kind", "scan"] as const;
interface Taken {
  metric: (typeof METRICS)[number];
  /** Of every pod and container, or of the one with this place in the list. */
  which: number | "all";
  from: number;
  hours: number;
}

/** Idle but for one thing at most: so that what shows it can be what is taken away. */
const container = fc
  .record({
    trouble: fc.constantFrom("none", "none", "cpu", "cpu for hours", "network", "memory", "steady"),
    busyFrom: fc.integer({ min: 0, max: HOURS - 200 }),
    busyHours: fc.constantFrom(2, 20, 200),
  })
  .map(({ trouble, busyFrom, busyHours }) => ({
    cpu: trouble === "cpu" ? 40 : 2,
    memory: 120,
    wobble: trouble === "memory" ? 30 : 0,
    network: trouble === "steady" ? 40_000 : 100,
    busyFrom,
    busyHours: trouble === "network" || trouble === "cpu for hours" ? busyHours : 0,
    busyCpu: trouble === "network" ? 2 : 700,
    busyNetwork: trouble === "network" ? 90_000 : 0,
  }));
const pod = fc.record({
  kind: fc.constantFrom("Deployment", "Deployment", "StatefulSet", "Job", "Pod"),
  containers: fc.array(container, { minLength: 1, maxLength: 2 }),
});
const cluster = fc
  .array(fc.array(pod, { maxLength: 2 }), { minLength: 4, maxLength: 6 })
  .map((namespaces) =>
    namespaces.map((pods, n) =>
      pods.flatMap(({ kind, containers }, p): Shape[] =>
        containers.map((one, c) => ({
          ...one,
          // A pod's network is put on its first container.
          network: c === 0 ? one.network : 0,
          busyNetwork: c === 0 ? one.busyNetwork : 0,
          namespace: `team-${n}`,
          pod: `pod-${n}-${p}`,
          kind,
          container: `c${c}`,
        })),
      ),
    ),
  );
/** What is taken: of one container or of all, always, while it was busy, or for some days. */
const choice = fc.record({
  metric: fc.constantFrom(...METRICS, "its own", "its own", "its own", "its own"),
  which: fc.nat(),
  ofAll: fc.constantFrom(false, false, true),
  when: fc.constantFrom("always", "while busy", "while busy", "some days"),
  from: fc.integer({ min: 0, max: 400 }),
});

function takenOf(
  shapes: readonly Shape[],
  chosen: typeof choice extends fc.Arbitrary<infer T> ? T : never,
): Taken {
  const { metric, which, ofAll, when, from } = chosen;
  const index = which % Math.max(shapes.length, 1);
  const shape = shapes[index];
  const own =
    shape === undefined || shape.wobble > 0
      ? "memory"
      : shape.busyNetwork > 0 || shape.network > 100
        ? "network"
        : "cpu";
  const range =
    when === "always" || shape === undefined
      ? [0, HOURS]
      : when === "some days"
        ? [from, 250]
        : [Math.max(shape.busyFrom - 1, 0), shape.busyHours + 2];
  const [start = 0, hours = 0] = range;
  return {
    metric: metric === "its own" ? own : metric,
    which: ofAll ? "all" : index,
    from: start,
    // Of memory no less than shows: its spread alone tells what is missing.
    hours: Math.max(hours, 20),
  };
}

test("2: taking a stream of metrics out of a cluster never adds a candidate", async () => {
  let dormant = 0;
  let lost = 0;
  await fc.assert(
    fc.asyncProperty(
      cluster,
      fc.array(choice, { minLength: 12, maxLength: 12 }),
      async (namespaces, choices) => {
        const streams = choices.map((one) => takenOf(namespaces.flat(), one));
        const [whole = [], ...parts] = await verdicts(namespaces.length, namespaces.flat(), [
          null,
          ...streams,
        ]);
        dormant += whole.length;
        for (const [index, part] of parts.entries()) {
          lost += whole.filter((name) => !part.includes(name)).length;
          expect({
            gone: streams[index],
            added: part.filter((name) => !whole.includes(name)),
          }).toEqual({ gone: streams[index], added: [] });
        }
      },
    ),
    { numRuns: 20 },
  );
  // Enough of them are dormant, and enough of those no longer once a stream is gone.
  expect(dormant).toBeGreaterThan(10);
  expect(lost).toBeGreaterThan(20);
}, 120_000);

test.each<[string, Partial<Shape>, Partial<Taken>]>([
  ["its pods' CPU", { cpu: 900 }, { metric: "cpu" }],
  ["its CPU of the day it was busy", { busyHours: 20, busyCpu: 900 }, { metric: "cpu", hours: 30 }],
  ["that its pod is there", { cpu: 900 }, { metric: "pods" }],
  ["that its pod runs", { cpu: 900 }, { metric: "phases" }],
  ["its memory", { wobble: 30 }, { metric: "memory" }],
  ["its network", { network: 40_000 }, { metric: "network" }],
  [
    "its network of the hours it was busy",
    { busyHours: 20, busyCpu: 2, busyNetwork: 90_000 },
    { metric: "network", hours: 30 },
  ],
])("2: one pod beside an idle one is no calmer without %s", async (_, busy, taken) => {
  const pods = [IDLE, { ...IDLE, pod: "other", ...busy }];
  const gone = { metric: "cpu", which: 1, from: 0, hours: HOURS, ...taken } satisfies Taken;
  expect(await verdicts(1, pods, [null, gone])).toEqual([[], []]);
});

test("a job that runs for weeks is no finished job; one that ended is none of the activity", async () => {
  const job = { ...IDLE, pod: "train", kind: "Job", cpu: 900 };
  expect(await verdicts(1, [IDLE], [null])).toEqual([["team-0"]]);
  expect(await verdicts(1, [IDLE, job], [null])).toEqual([[]]);
});

let number = 0;

/** The namespaces that are dormant in clusters of these shapes, each without what was taken of it. */
async function verdicts(
  namespaces: number,
  shapes: readonly Shape[],
  streams: readonly (Taken | null)[],
): Promise<string[][]> {
  const { session } = ledger;
  const at = NOW.toISOString();
  const run = number++;
  for (const table of ["inventory", "inventory_scan", "unit_fact"])
    await session.run(`DELETE FROM ${table}`);
  const clusters = streams.map((gone, index) => ({ name: `c${index}`, gone }));
  const needed = KINDS.filter(({ custom }) => custom !== true);
  const scans = clusters.flatMap(({ name, gone }) =>
    needed
      .map(({ kind }, index) => ({
        name,
        kind,
        isGone: gone !== null && gone.from % needed.length === index,
      }))
      .filter(({ isGone }) => !(isGone && gone?.metric === "kind"))
      .map(({ kind, isGone }) => [
        name,
        kind,
        isGone && gone?.metric === "scan" ? "2026-08-29T00:00:00.000Z" : at,
      ]),
  );
  await session.run(
    `INSERT INTO inventory_scan SELECT 'api', c, k, '2026-01-01T00:00:00.000Z', t, 1 FROM (VALUES ${values(scans)}) AS v (c, k, t)`,
  );
  const objects = clusters.flatMap(({ name }) => [
    ...Array.from({ length: namespaces }, (_, n) => [name, "Namespace", "", `team-${n}`]),
    ...shapes
      .filter((one) => one.container === "c0")
      .map((shape) => [name, "Pod", shape.namespace, shape.pod]),
  ]);
  await session.run(
    `INSERT INTO inventory
     SELECT 'api', c, k, ns, n, 'u-' || n, '2026-01-02T00:00:00.000Z', NULL, NULL, '{}', '{}', NULL, NULL, NULL, '{"created":"2025-01-01T00:00:00.000Z"}'
     FROM (VALUES ${values(objects)}) AS v (c, k, ns, n)`,
  );
  for (const kind of ["node_hour", "pod_day", "usage_hour"] as const) {
    const file = `facts/usage/${run}-${kind}.parquet`;
    const all = clusters.map(({ name, gone }) => selects(name, shapes, gone)[kind]);
    await session.run(
      `COPY (${all.join(" UNION ALL ")}) TO ${sqlText(join(folder, file))} (FORMAT parquet)`,
    );
    await session.run(
      "INSERT INTO unit_fact VALUES ('usage', 'u', $kind, 'c0', '2026-09-01', $file, '', 1)",
      { kind, file },
    );
  }
  const facts = await readFacts(session, {
    home: folder,
    now: NOW,
    days: DAYS,
    sources: ["api", "usage"],
    clusters: clusters.map(({ name }) => name),
  });
  expect(facts).toHaveLength(namespaces * clusters.length);
  return clusters.map(({ name }) =>
    facts
      .filter((one) => one.cluster === name && assess(one, policyOf({}), at).verdict === "dormant")
      .map((one) => one.name),
  );
}

const values = (rows: readonly (readonly string[])[]) =>
  rows.map((cells) => `(${cells.map(sqlText).join(", ")})`).join(", ");

function selects(
  cluster: string,
  shapes: readonly Shape[],
  gone: Taken | null,
): Record<"node_hour" | "pod_day" | "usage_hour", string> {
  const hour = `(h - ${START}) // 3600`;
  const isGone = (metric: Taken["metric"], index: string) =>
    gone?.metric !== metric
      ? "false"
      : `((${hour}) >= ${gone.from} AND (${hour}) < ${gone.from + gone.hours}${gone.which === "all" ? "" : ` AND ${index} = ${gone.which}`})`;
  const rows = shapes.map((s, index) =>
    [index, ...Object.values(s)]
      .map((cell) => (typeof cell === "number" ? String(cell) : sqlText(cell)))
      .join(", "),
  );
  const names = Object.keys(shapes[0] ?? {}).join(", ");
  // One shape that matches nothing, where a cluster has none.
  const table =
    rows.length === 0
      ? "(SELECT 0 AS i, 'x' AS namespace, 'x' AS pod, 'Pod' AS kind, 'c0' AS container, 1 AS cpu, 1 AS memory, 0 AS wobble, 1 AS network, 0 AS busyFrom, 0 AS busyHours, 0 AS busyCpu, 0 AS busyNetwork) AS s"
      : `(VALUES ${rows.map((row) => `(${row})`).join(", ")}) AS s (i, ${names})`;
  const hours = `(SELECT CAST(unnest(generate_series(${START}, ${START + (HOURS - 1) * 3600}, 3600)) AS BIGINT) AS h)`;
  const isBusy = `((${hour}) >= busyFrom AND (${hour}) < busyFrom + busyHours)`;
  const kindOf = "CASE WHEN kind = 'Pod' THEN pod ELSE 'w-' || pod END";
  return {
    node_hour: `SELECT ${sqlText(cluster)} AS cluster, h AS hour, 'n1' AS node, 'n1' AS node_name, 'p' AS pool, 'D4' AS instance_type, 4000 AS cpu_capacity, 3900 AS cpu_allocatable, 16000 AS mem_capacity, 14000 AS mem_allocatable, 0 AS gpu_capacity, 0 AS gpu_allocatable, 3600 AS seen_s, CASE WHEN ${isGone("nodes", "0")} THEN 0 ELSE 3600 END AS covered_s, false AS virtual FROM ${hours}`,
    pod_day: `SELECT ${sqlText(cluster)} AS cluster, strftime(make_timestamp(h * 1000000), '%Y-%m-%d') AS day, namespace, pod, 'uid-' || pod AS pod_uid, 'n1' AS node, kind AS workload_kind, ${kindOf} AS workload, '{}' AS labels, '{}' AS annotations, h AS from_s, h + 86400 AS until_s, CASE WHEN ${isGone("phases", "i")} THEN 0 ELSE 86400 END AS running_s
      FROM ${table}, ${hours} WHERE container = 'c0' AND (${hour}) % 24 = 0 AND NOT ${isGone("pods", "i")}
      -- The cluster's own pods, so that no day is without any.
      UNION ALL SELECT ${sqlText(cluster)}, strftime(make_timestamp(h * 1000000), '%Y-%m-%d'), 'kube-system', 'dns', 'uid-dns', 'n1', 'Deployment', 'dns', '{}', '{}', h, h + 86400, 86400
      FROM ${hours} WHERE (${hour}) % 24 = 0 AND NOT (${gone?.which === "all" ? isGone("pods", "0") : "false"})`,
    usage_hour: `SELECT ${sqlText(cluster)} AS cluster, h AS hour, 'n1' AS node, namespace, pod, 'uid-' || pod AS pod_uid, container, 3600 AS seconds,
        CASE WHEN ${isGone("cpu", "i")} THEN 0 WHEN ${isBusy} THEN busyCpu * 3600 ELSE cpu * 3600 END AS cpu_used, 360000 AS cpu_requested, 0 AS cpu_effective,
        CASE WHEN ${isGone("memory", "i")} THEN 0 ELSE (memory + wobble * ((${hour}) % 2)) * 3600 END AS mem_used, 0 AS mem_requested, 0 AS mem_effective, 0 AS gpu_requested,
        CASE WHEN ${isGone("network", "i")} THEN 0 WHEN ${isBusy} AND busyNetwork > 0 THEN busyNetwork * 3600 ELSE network * 3600 END AS net_rx, 0 AS net_tx, 0 AS throttled_ms, 0 AS oom_kills, 0 AS restarts
      FROM ${table}, ${hours}`,
  };
}
