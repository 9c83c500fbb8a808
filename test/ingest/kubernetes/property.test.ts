import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Session } from "../../../data/warehouse.ts";
import { LIST_LIMITS } from "../../../ingest/kubernetes/list.ts";
import { kubernetesSource } from "../../../ingest/kubernetes/source.ts";
import type { SourceContext } from "../../../ingest/source.ts";
import type { Fault } from "../../fakes/kubernetes/server.ts";
import { Cluster, historyOf, type InventoryRow, makeFolder, onLedger, PROVIDER } from "./bench.ts";

/** What may happen between two scans, to one of a few names. */
const step = fc.record({
  what: fc.constantFrom("add", "remove", "label", "again", "spec"),
  kind: fc.constantFrom("Namespace", "Pod", "Node"),
  which: fc.nat({ max: 3 }),
  value: fc.nat({ max: 2 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
/** How the next scan goes: of pods nothing, half, or all after a restart; or nothing at all. */
const trouble = fc.constantFrom("none", "none", "none", "refused", "short", "expired", "down");
type Trouble = typeof trouble extends fc.Arbitrary<infer T> ? T : never;
const days = fc.array(fc.tuple(fc.array(step, { maxLength: 8 }), trouble), {
  minLength: 1,
  maxLength: 6,
});

const KINDS = ["Namespace", "Node", "Pod"];

function take(cluster: Cluster, { what, kind, which, value }: Step): void {
  const namespace = kind === "Pod" ? "home" : "";
  const name = `${kind.toLowerCase()}-${which}`;
  const more = {
    metadata: { labels: { value: String(value) } },
    spec:
      kind === "Pod"
        ? { nodeName: `node-${value}` }
        : { providerID: `${PROVIDER}/${which}-${value}` },
  };
  const isThere = cluster.store.list(cluster.store.ofKind(kind), {}) as {
    items: { metadata: { name: string } }[];
  };
  const found = isThere.items.some(({ metadata }) => metadata.name === name);
  if (what === "add" && !found) cluster.add(kind, namespace, name, more);
  if (!found) return;
  if (what === "remove" || what === "again") cluster.remove(kind, namespace, name);
  if (what === "again") cluster.add(kind, namespace, name, more);
  if (what === "label") cluster.label(kind, namespace, name, { value: String(value) });
  if (what === "spec" && kind === "Node")
    cluster.change(kind, "", name, (object) => ({
      ...object,
      spec: { unschedulable: value === 1 },
    }));
}

function faultOf(
  cluster: Cluster,
  how: Trouble,
): ((asked: { path: string; query: Record<string, string> }) => Fault | undefined) | null {
  let expirations = 0;
  if (how === "none") return null;
  return ({ path, query }) => {
    if (how === "down") return { breaks: true };
    if (path !== "/api/v1/pods") return undefined;
    if (how === "refused") return { status: 403 };
    if (query["continue"] === undefined) return undefined;
    if (how === "expired" && expirations++ === 0) cluster.store.compact();
    return how === "short" ? { body: '{"kind":"PodList","metadata":{},"items":[]}' } : undefined;
  };
}

/** What the store holds of a kind, as text to compare. */
function stored(cluster: Cluster, kind: string): string[] {
  const list = cluster.store.list(cluster.store.ofKind(kind), {}) as {
    items: {
      metadata: { uid: string; name: string; labels?: object };
      spec?: { unschedulable?: boolean };
    }[];
  };
  return list.items
    .map(
      ({ metadata, spec }) =>
        `${metadata.uid} ${metadata.name} ${JSON.stringify(metadata.labels ?? {})} ${spec?.unschedulable ?? false}`,
    )
    .toSorted();
}

const told = (rows: readonly InventoryRow[], kind: string): string[] =>
  rows
    .filter((row) => row.kind === kind)
    .map(
      (row) =>
        `${row.uid} ${row.name} ${JSON.stringify(row.labels)} ${row.spec["unschedulable"] === true}`,
    )
    .toSorted();

test("whatever happens between scans and to them, the history is what the scans saw", async () => {
  const folder = await makeFolder();
  let runs = 0;
  await onLedger(folder, async (session) => {
    await fc.assert(
      fc.asyncProperty(days, async (script) => {
        const cluster = await new Cluster("2026-09-01T00:00:00Z").start();
        try {
          await play(session, folder, cluster, `run-${++runs}`, script);
        } finally {
          await cluster.stop();
        }
      }),
      { numRuns: Number(process.env["APPORTION_RUNS"] ?? 15) },
    );
  });
}, 240_000);

async function play(
  session: Session,
  folder: string,
  cluster: Cluster,
  name: string,
  script: readonly [Step[], Trouble][],
): Promise<void> {
  cluster.add("Namespace", "", "home");
  const kubeconfig = join(folder, `${name}.kubeconfig`);
  await writeFile(kubeconfig, cluster.kubeconfig());
  const home = join(folder, "home");
  await mkdir(home, { recursive: true });
  const source = kubernetesSource(
    { type: "kubernetes", name, cluster: "prod", pageSize: 1 },
    { kubeconfig, context: null },
    { limits: LIST_LIMITS, sleep: () => Promise.resolve() },
  );
  const context: SourceContext = {
    home,
    now: () => cluster.at,
    progress() {},
    signal: new AbortController().signal,
  };
  const rowsNow = async () => (await historyOf(session)).filter((row) => row.source === name);
  const seen: { at: string; kind: string; objects: string[] }[] = [];
  const last = new Map<string, string[]>();
  const scans: (() => Promise<void>)[] = [];
  for (const [day, [steps, how]] of script.entries()) {
    for (const [minute, one] of steps.entries()) {
      cluster.at = new Date(Date.UTC(2026, 8, 1 + day, 1, minute));
      take(cluster, one);
    }
    cluster.at = new Date(Date.UTC(2026, 8, 1 + day, 6));
    cluster.fault = faultOf(cluster, how);
    const plan = await source.plan(context).catch(() => null);
    expect(plan === null).toBe(how === "down");
    const isHalf = (plan?.problems ?? []).length > 0;
    for (const unit of plan?.units ?? []) {
      const landed = await source.land(unit, context);
      const write = async () => {
        const loaded = await source.load(unit, landed, { ...context, session });
        await session.transaction(async () => loaded.write?.(session));
      };
      scans.push(write);
      // Twice, as after a kill between the commit and its report.
      await write();
      await write();
      for (const kind of KINDS) {
        if (kind === "Pod" && isHalf) continue;
        const objects = stored(cluster, kind);
        seen.push({ at: cluster.at.toISOString(), kind, objects });
        last.set(kind, objects);
      }
    }
    const rows = await rowsNow();
    for (const kind of KINDS)
      expect(
        told(
          rows.filter(({ to }) => to === null),
          kind,
        ),
      ).toEqual(last.get(kind) ?? []);
  }
  const rows = await rowsNow();
  // Scans that were overtaken say nothing any more.
  for (const write of scans) await write();
  expect(await rowsNow()).toEqual(rows);
  for (const { at, kind, objects } of seen) {
    const then = rows.filter(({ from, to }) => from <= at && (to === null || to > at));
    expect(told(then, kind), `${kind} at ${at}`).toEqual(objects);
  }
  for (const stretches of Map.groupBy(rows, ({ kind, uid }) => `${kind} ${uid}`).values())
    for (const [index, row] of stretches.toSorted((a, b) => (a.from < b.from ? -1 : 1)).entries()) {
      const next = stretches.toSorted((a, b) => (a.from < b.from ? -1 : 1))[index + 1];
      expect(row.to === null || row.from < row.to).toBe(true);
      // An object that came back may leave a gap; it never overlaps itself.
      if (next !== undefined) expect(row.to !== null && row.to <= next.from).toBe(true);
    }
}
