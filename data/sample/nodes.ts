import { dayOf } from "./calendar.ts";
import { type Cluster, type Pool, scaleSetOf } from "./clusters.ts";
import { presence } from "./presence.ts";
import { seedOf } from "./random.ts";
import { DAY } from "./time.ts";

/** What a size of machine has, as Kubernetes sees it: millicores, MiB, GPUs. */
interface Machine {
  readonly cpu: number;
  readonly cpuAllocatable: number;
  readonly memory: number;
  readonly memoryAllocatable: number;
  readonly gpu: number;
}

const MACHINES: Record<string, Machine> = {
  Standard_D4s_v5: {
    cpu: 4000,
    cpuAllocatable: 3860,
    memory: 16_008,
    memoryAllocatable: 13_658,
    gpu: 0,
  },
  Standard_D8s_v5: {
    cpu: 8000,
    cpuAllocatable: 7820,
    memory: 32_098,
    memoryAllocatable: 29_748,
    gpu: 0,
  },
  Standard_E8s_v5: {
    cpu: 8000,
    cpuAllocatable: 7820,
    memory: 64_318,
    memoryAllocatable: 61_968,
    gpu: 0,
  },
  Standard_NC4as_T4_v3: {
    cpu: 4000,
    cpuAllocatable: 3860,
    memory: 28_080,
    memoryAllocatable: 25_730,
    gpu: 1,
  },
};

/** A node of a cluster; the same instance is the same node each time it comes back. `key` is its provider id in lower case. */
export interface Node extends Machine {
  readonly name: string;
  readonly key: string;
  readonly providerId: string;
  readonly pool: Pool;
  readonly instance: number;
  readonly seed: number;
}

/** A stretch of a day in which the same nodes are there, in epoch seconds; `id` names them. */
export interface Segment {
  readonly from: number;
  readonly until: number;
  readonly nodes: readonly Node[];
  readonly id: string;
}

/** Every node a cluster ever has. */
export function nodesOf(cluster: Cluster): Node[] {
  return cluster.pools.flatMap((pool) => {
    const machine = MACHINES[pool.size];
    if (machine === undefined) throw new RangeError(`no such machine: ${pool.size}`);
    const set = scaleSetOf(cluster, pool);
    return pool.joined.map((_, index) => {
      const instance = (pool.first ?? 0) + index;
      const id = `${set.id}/virtualMachines/${instance}`;
      return {
        ...machine,
        name: `${set.name}${instance.toString(36).padStart(6, "0")}`,
        key: id.toLowerCase(),
        providerId: `azure://${id}`,
        pool,
        instance,
        seed: seedOf(`node ${id}`),
      };
    });
  });
}

/** When a node is in Kubernetes on a day, in epoch seconds; null when it is not. */
export function span(
  cluster: Cluster,
  node: Node,
  day: number,
): { from: number; until: number; billed: number } | null {
  const found = presence(cluster.environment, node.pool, node.instance, dayOf(day));
  if (found === null) return null;
  return {
    from: day * DAY + found.from,
    until: day * DAY + found.until,
    billed: found.billed,
  };
}

/** A day cut wherever a node comes or goes. */
export function segmentsOf(cluster: Cluster, nodes: readonly Node[], day: number): Segment[] {
  const spans = nodes.map((node) => ({ node, span: span(cluster, node, day) }));
  const cuts = new Set([day * DAY, (day + 1) * DAY]);
  for (const found of spans)
    if (found.span !== null) cuts.add(found.span.from).add(found.span.until);
  const times = [...cuts].toSorted((a, b) => a - b);
  return times.slice(0, -1).map((from, index) => {
    const present = spans.filter(
      (found) => found.span !== null && found.span.from <= from && from < found.span.until,
    );
    return {
      from,
      until: times[index + 1] ?? from,
      nodes: present.map((found) => found.node),
      id: present.map((found) => found.node.name).join(" "),
    };
  });
}
