import type { FindingsContext } from "../context.ts";
import { knownTo } from "../../inputs.ts";
import type { Taken } from "../ledger/ledger.ts";
import { poolKey, workloadKey } from "./estate.ts";
import { nodesFreed, type PoolLoad, type PoolPod } from "./repack.ts";
import type { Change } from "./containers.ts";

/** Which nodes of each pool go when what the findings ask for is done. */

interface PodRow {
  cluster: string;
  pool: string;
  hour: string;
  node: string;
  namespace: string;
  workload_kind: string;
  workload: string;
  pod_uid: string;
  container: string;
  labels: string | null;
  cpu: number;
  mem: number;
  gpu: number;
}

interface NodeRow {
  cluster: string;
  pool: string;
  hour: string;
  node: string;
  cpu: number;
  mem: number;
  gpu: number;
}

interface Budget {
  cluster: string;
  namespace: string;
  spec: { minAvailable?: number | string; maxUnavailable?: number | string; selector?: unknown };
}

/** The smallest default of AKS (Azure CNI, a subnet address a pod), where nothing says more. */
const LEAST_MAX_PODS = 30;

/** What is to be done: workloads that go, by key, and containers whose requests change, by `key/container`. */
export interface Changes {
  gone: ReadonlySet<string>;
  requests: ReadonlyMap<string, Change>;
}

/** What is known of pools' busiest hours: who ran where, what nodes give, and what limits moving. */
export interface PoolsSeen {
  pods: readonly PodRow[];
  nodes: readonly NodeRow[];
  budgets: readonly Budget[];
  /** The fewest pods any node of a cluster takes, where it is known. */
  limits: ReadonlyMap<string, number>;
}

/** Nodes freed by pool, for the pools that some finding claims of. */
export async function freedNodes(
  context: FindingsContext,
  taken: readonly Taken[],
  changes: Changes,
): Promise<Map<string, number>> {
  const asked = new Set(
    taken.flatMap(({ claims }) =>
      claims.flatMap((claim) => (claim.pool !== null && claim.paper > 0n ? claim.pool : [])),
    ),
  );
  const { session } = context;
  const seen = {
    pods: await session.rows<PodRow>("SELECT * FROM pool_pod ORDER BY ALL"),
    nodes: await session.rows<NodeRow>("SELECT * FROM pool_node ORDER BY ALL"),
    budgets: await readBudgets(context),
    limits: await readPodLimits(context),
  };
  return freedOf(seen, asked, changes);
}

/** The same of what was read. @param asked pools to look at, `cluster/pool` */
export function freedOf(
  { pods, nodes, budgets, limits }: PoolsSeen,
  asked: ReadonlySet<string>,
  changes: Changes,
): Map<string, number> {
  const hourOf = (row: { cluster: string; pool: string; hour: string }) =>
    `${poolKey(row.cluster, row.pool)}\n${row.hour}`;
  const podsAt = Map.groupBy(pods, hourOf);
  const hours = Map.groupBy(Map.groupBy(nodes, hourOf), ([key]) => key.split("\n")[0] ?? "");
  const freed = new Map<string, number>();
  for (const [pool, list] of hours) {
    if (!asked.has(pool)) continue;
    const limit = limits.get(pool.split("/")[0] ?? "");
    freed.set(
      pool,
      nodesFreed(
        list.map(([key, there]) => {
          const rows = podsAt.get(key) ?? [];
          const onNode = Map.groupBy(podIds(rows), (one) => one.node);
          const fullest = Math.max(0, ...[...onNode.values()].map((of) => of.length));
          const load = (pods: PoolPod[]): PoolLoad => ({
            nodes: there.map(({ node, cpu, mem, gpu }) => ({ id: node, cpu, mem, gpu })),
            pods,
            maxPods: limit ?? Math.max(fullest, LEAST_MAX_PODS),
            together: togetherNow(rows),
          });
          return {
            now: load(podsOf(rows, budgets, null)),
            then: load(podsOf(rows, budgets, changes)),
          };
        }),
      ),
    );
  }
  return freed;
}

/** One entry a pod. */
function podIds(rows: readonly PodRow[]): PodRow[] {
  return [...new Map(rows.map((row) => [row.pod_uid, row])).values()];
}

/** The most pods of each workload that share a node. */
function togetherNow(rows: readonly PodRow[]): Map<string, number> {
  const counts = new Map<string, number>();
  const most = new Map<string, number>();
  for (const row of podIds(rows)) {
    const key = workloadKey(row.cluster, row.namespace, row.workload_kind, row.workload);
    const count = (counts.get(`${key}\n${row.node}`) ?? 0) + 1;
    counts.set(`${key}\n${row.node}`, count);
    most.set(key, Math.max(count, most.get(key) ?? 0));
  }
  return most;
}

/** Pods with the sum of their containers' requests, as they are or with the changes done. */
function podsOf(
  rows: readonly PodRow[],
  budgets: readonly Budget[],
  changes: Changes | null,
): PoolPod[] {
  const held = heldPods(rows, budgets);
  const pods = new Map<string, PoolPod>();
  for (const row of rows) {
    const workload = workloadKey(row.cluster, row.namespace, row.workload_kind, row.workload);
    if (changes?.gone.has(workload) === true) continue;
    const change = changes?.requests.get(`${workload}/${row.container}`);
    const pod = pods.get(row.pod_uid) ?? {
      workload,
      cpu: 0,
      mem: 0,
      gpu: 0,
      daemon: row.workload_kind === "DaemonSet",
      pinned: held.has(row.pod_uid) ? row.node : null,
    };
    pods.set(row.pod_uid, pod);
    // A first request is no change of what is packed today: nothing was asked for and nothing is given back.
    pod.cpu +=
      change?.cpu == null || row.cpu === 0 ? row.cpu : Math.ceil(Number(change.cpu) / 1000);
    pod.mem +=
      change?.mem == null || row.mem === 0 ? row.mem : Math.ceil(Number(change.mem) / 1_048_576);
    pod.gpu += row.gpu;
  }
  return [...pods.values()];
}

/** Pods that a disruption budget lets nobody evict. */
function heldPods(rows: readonly PodRow[], budgets: readonly Budget[]): Set<string> {
  const held = new Set<string>();
  if (budgets.length === 0) return held;
  const all = podIds(rows);
  for (const { cluster, namespace, spec } of budgets) {
    const selector = Object.entries((spec.selector ?? {}) as Record<string, string>);
    const covered = all.filter((pod) => {
      // One without labels to go by covers its namespace, as an empty selector does.
      if (pod.cluster !== cluster || pod.namespace !== namespace) return false;
      const labels = JSON.parse(pod.labels ?? "{}") as Record<string, string>;
      return selector.every(
        ([name, value]) => (labels[name] ?? labels[name.replaceAll(/[^\w]/g, "_")]) === value,
      );
    });
    if (!mayEvict(spec, covered.length)) for (const pod of covered) held.add(pod.pod_uid);
  }
  return held;
}

function mayEvict({ minAvailable, maxUnavailable }: Budget["spec"], pods: number): boolean {
  const count = (value: number | string, round: (x: number) => number) =>
    typeof value === "string" && value.endsWith("%")
      ? round((Number.parseInt(value, 10) * pods) / 100)
      : Number(value);
  if (maxUnavailable !== undefined) return count(maxUnavailable, Math.ceil) > 0;
  if (minAvailable !== undefined) return pods - count(minAvailable, Math.ceil) > 0;
  return true;
}

/** Disruption budgets in force; without the Kubernetes source there are none to know of. */
async function readBudgets({ session, settings }: FindingsContext): Promise<Budget[]> {
  const rows = await session.rows<{ cluster: string; namespace: string; spec: string }>(
    `SELECT cluster AS cluster, namespace AS namespace, spec AS spec FROM work.inventory
     WHERE kind = 'PodDisruptionBudget' AND valid_to IS NULL
       AND list_contains($sources, source) AND list_contains($clusters, cluster)
     ORDER BY cluster, namespace, name`,
    knownTo(settings),
  );
  return rows.map((row) => ({ ...row, spec: JSON.parse(row.spec) as Budget["spec"] }));
}

/** The fewest pods any node of a cluster takes by its own word; clusters that were never scanned are absent. */
async function readPodLimits({ session, settings }: FindingsContext): Promise<Map<string, number>> {
  const rows = await session.rows<{ cluster: string; pods: number }>(
    `SELECT cluster AS cluster, CAST(min(CAST((spec ->> '$.allocatable.pods') AS BIGINT)) AS INTEGER) AS pods FROM work.inventory
     WHERE kind = 'Node' AND valid_to IS NULL AND (spec ->> '$.allocatable.pods') IS NOT NULL
       AND list_contains($sources, source) AND list_contains($clusters, cluster)
     GROUP BY cluster`,
    knownTo(settings),
  );
  return new Map(rows.map((row) => [row.cluster, row.pods]));
}
