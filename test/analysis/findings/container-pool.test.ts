import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadSql } from "../../../data/sql.ts";
import { type Engine, openWriter, type Session } from "../../../data/warehouse.ts";

/**
 * What containers asked for, pool by pool, is added up for whole nodes and pods at once where nothing changes in
 * the window; said again here hour by hour, with plain maps, over nodes that vanish and come back and change
 * their pool, and pods that are of another workload the next day, of two on one day, or of none that is known.
 */
const HOUR = 3600;
const DAYS = [20_000, 20_001, 20_002];
/** A day before the window and one behind it: facts of nodes and pods are there, and do not count. */
const WINDOW = [DAYS[0], DAYS[1]];

interface NodeHour {
  node: number;
  hour: number;
  pool: string;
  virtual: boolean;
}
interface PodDay {
  pod: number;
  day: number;
  kind: string | null;
  workload: string | null;
  running: number;
}
interface Use {
  node: number;
  pod: number;
  container: string;
  hour: number;
  seconds: number;
  cpu: number;
  mem: number;
}

/** Few, so that something runs in the hour that a node is not seen, and on both sides of it. */
const hours = fc.constantFrom(0, 7, 23, 24, 31, 47, 48, 71);
/** Mostly there from one hour to another, with a hole now and then, a second pool, or none. */
const nodeHours = fc
  .tuple(
    ...[0, 1, 2].map((node) =>
      fc.record({
        node: fc.constant(node),
        span: fc.oneof(
          fc.tuple(hours, hours),
          fc.constant<[number, number]>([0, DAYS.length * 24 - 1]),
        ),
        hole: fc.option(hours, { freq: 2 }),
        changes: fc.option(hours, { freq: 2 }),
        then: fc.constantFrom("apps", "batch", ""),
        virtual: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
      }),
    ),
  )
  .map((nodes) =>
    nodes.flatMap(({ node, span, hole, changes, then, virtual }): NodeHour[] => {
      const [from, until] = [Math.min(...span), Math.max(...span)];
      return Array.from({ length: until - from + 1 }, (_, at) => from + at)
        .filter((hour) => hour !== hole)
        .map((hour) => ({
          node,
          hour,
          pool: changes !== null && hour >= changes ? then : "apps",
          virtual,
        }));
    }),
  );
/** Half the pods are what they are for good, but for a day that may be silent; of the others each day says something else, or nothing. */
const podDays = fc
  .tuple(
    fc.option(fc.integer({ min: 0, max: DAYS.length - 1 })),
    fc.array(
      fc.record({
        pod: fc.integer({ min: 0, max: 3 }),
        day: fc.integer({ min: 0, max: DAYS.length - 1 }),
        kind: fc.constantFrom("Deployment", "Deployment", "Job", null),
        workload: fc.constantFrom("shop", "shop", "cart", null),
        running: fc.integer({ min: 1, max: 86_400 }),
      }),
      { maxLength: 8 },
    ),
  )
  .map(([silent, some]): PodDay[] => [
    ...some.filter((one) => one.pod < 2 || one.running % 8 === 0),
    ...[2, 3].flatMap((pod) =>
      DAYS.map((_, day) => ({
        pod,
        day,
        kind: "Deployment",
        workload: pod === 3 && day === silent ? null : "shop",
        running: 90_000,
      })),
    ),
  ]);
const uses = fc.array(
  fc.record({
    node: fc.integer({ min: 0, max: 2 }),
    pod: fc.integer({ min: 0, max: 3 }),
    container: fc.constantFrom("app", "proxy"),
    hour: hours,
    seconds: fc.integer({ min: 1, max: HOUR }),
    cpu: fc.integer({ min: 0, max: 1e12 }),
    mem: fc.integer({ min: 0, max: 1e12 }),
  }),
  { maxLength: 40 },
);

const nodeName = (node: number) => `node-${node}`;
const at = (hour: number) => (DAYS[0] as number) * 86_400 + hour * HOUR;
const dayOf = (hour: number) => Math.floor(hour / 24);
const date = (day: number) =>
  new Date((DAYS[day] as number) * 86_400_000).toISOString().slice(0, 10);

function plainly(nodes: NodeHour[], pods: PodDay[], used: Use[]): string[] {
  const sums = new Map<string, [number, number, number]>();
  for (const use of used) {
    const seen = nodes.find((one) => one.node === use.node && one.hour === use.hour);
    if (seen === undefined || seen.virtual || seen.pool === "") continue;
    if (!WINDOW.includes(DAYS[dayOf(use.hour)])) continue;
    const longest = (what: "kind" | "workload") =>
      pods
        .filter((one) => one.pod === use.pod && one.day === dayOf(use.hour) && one[what] !== null)
        .toSorted((a, b) => b.running - a.running)[0]?.[what];
    const key = [
      seen.pool,
      longest("kind") ?? "Pod",
      longest("workload") ?? `pod-${use.pod}`,
      use.container,
    ].join(" ");
    const [seconds, cpu, mem] = sums.get(key) ?? [0, 0, 0];
    sums.set(key, [seconds + use.seconds, cpu + use.cpu, mem + use.mem]);
  }
  return [...sums].map(([key, sum]) => [key, ...sum].join(" ")).toSorted();
}

let engine: Engine;
let session: Session;
beforeAll(async () => {
  engine = await openWriter(":memory:", {});
  session = await engine.session();
  await session.script(loadSql(new URL("../../../analysis/models/05-macros.sql", import.meta.url)));
});
afterAll(() => {
  session.close();
  engine.close();
});

async function table(name: string, columns: string, rows: (string | number | boolean | null)[][]) {
  const text = (cell: string | number | boolean | null) =>
    typeof cell === "string" ? `'${cell}'` : String(cell);
  await session.script(`CREATE OR REPLACE TEMP TABLE ${name} (${columns})`);
  if (rows.length > 0)
    await session.run(
      `INSERT INTO ${name} VALUES ${rows.map((row) => `(${row.map(text).join(", ")})`).join(", ")}`,
    );
}

it("what containers asked for on a pool is what they asked for hour by hour", async () => {
  let odd = 0;
  let steady = 0;
  await fc.assert(
    fc.asyncProperty(nodeHours, podDays, uses, async (nodes, days, used) => {
      // No two rows of a pod's day are of the same length: which one counts would be open.
      const pods = days.filter(
        (one, index) =>
          days.findIndex(
            (other) =>
              other.pod === one.pod && other.day === one.day && other.running === one.running,
          ) === index,
      );
      await table("span", "window_from DATE, until DATE", [[date(0), date(1)]]);
      await table(
        "node_hour",
        "cluster VARCHAR, hour BIGINT, node VARCHAR, pool VARCHAR, virtual BOOLEAN",
        nodes.map((one) => ["prod", at(one.hour), nodeName(one.node), one.pool, one.virtual]),
      );
      await table(
        "pod_day",
        "cluster VARCHAR, day VARCHAR, pod_uid VARCHAR, workload_kind VARCHAR, workload VARCHAR, running_s INTEGER",
        pods.map((one) => [
          "prod",
          date(one.day),
          `uid-${one.pod}`,
          one.kind,
          one.workload,
          one.running,
        ]),
      );
      await table(
        "window_usage_hour",
        "cluster VARCHAR, hour BIGINT, node VARCHAR, namespace VARCHAR, pod VARCHAR, pod_uid VARCHAR, container VARCHAR, seconds INTEGER, cpu_requested BIGINT, mem_requested BIGINT",
        used
          .filter((one) => dayOf(one.hour) <= 1)
          .map((one) => [
            "prod",
            at(one.hour),
            nodeName(one.node),
            "web",
            `pod-${one.pod}`,
            `uid-${one.pod}`,
            one.container,
            one.seconds,
            one.cpu,
            one.mem,
          ]),
      );
      for (const name of [
        "pool_node_hour",
        "node_steady",
        "pod_steady",
        "container_use",
        "container_steady",
        "container_pool",
      ])
        await session.run(
          `CREATE OR REPLACE TEMP TABLE ${name} AS ${loadSql(new URL(`../../../analysis/findings/worth/${name}.sql`, import.meta.url))}`,
        );
      const rows = await session.rows<Record<string, string>>("SELECT * FROM container_pool");
      const found = rows.map((row) =>
        [
          row["pool"],
          row["workload_kind"],
          row["workload"],
          row["container"],
          row["seconds"],
          row["cpu_requested"],
          row["mem_requested"],
        ].join(" "),
      );
      expect(found.toSorted()).toEqual(plainly(nodes, pods, used));
      const counts = await session.one<{ all: string; steady: string }>(
        `SELECT (SELECT count(*) FROM container_use) AS "all", (SELECT count(*) FROM container_steady) AS steady`,
      );
      steady += Number(counts.steady);
      odd += Number(counts.all) - Number(counts.steady);
    }),
    { numRuns: 80 },
  );
  // Both ways were taken.
  expect(steady).toBeGreaterThan(20);
  expect(odd).toBeGreaterThan(20);
});
