import { mix } from "./random.ts";
import type { Node } from "./nodes.ts";
import type { Container, Workload } from "./workload.ts";

/** A place that a workload keeps filled with a pod; `node` only for the pods of a DaemonSet. */
export interface Slot {
  readonly workload: Workload;
  readonly number: number;
  readonly id: string;
  readonly seed: number;
  readonly node?: Node;
  readonly cpu: number;
  readonly memory: number;
}

/** The room containers need on a node, millicores and MiB: what they ask for or use in their busy hours, so that nodes are not overrun by chance. */
export function roomFor(containers: readonly Container[]): { cpu: number; memory: number } {
  let [cpu, memory] = [0, 0];
  for (const container of containers) {
    const busy = (container.cpu * (container.shape === "web" ? 19 : 11)) / 10;
    cpu += Math.max(container.cpuRequest ?? 0, busy);
    memory += Math.max(container.memoryRequest ?? 0, container.memory);
  }
  return { cpu, memory };
}

/** The nodes that a workload's pods may go to. */
export function candidates(workload: Workload, nodes: readonly Node[]): readonly Node[] {
  if (workload.pool === "*") return nodes;
  const own = nodes.filter((node) => node.pool.name === workload.pool);
  return own.length > 0 || workload.pool !== "memory"
    ? own
    : nodes.filter((node) => node.pool.name === "apps");
}

/**
 * Puts slots on nodes: each on the one it likes best among those with room for it, so that few move when a
 * node comes or goes. A slot without room anywhere has no entry: its pod is pending.
 */
export function place(slots: readonly Slot[], nodes: readonly Node[]): Map<Slot, Node> {
  const free = new Map(
    nodes.map((node) => [
      node,
      {
        cpu: node.cpuAllocatable * 0.96,
        memory: node.memoryAllocatable * 0.96,
        gpu: node.gpu,
      },
    ]),
  );
  const placed = new Map<Slot, Node>();
  for (const slot of slots) {
    const gpu = slot.workload.containers.reduce((sum, one) => sum + (one.gpu ?? 0), 0);
    let best: Node | undefined;
    let rank = -1;
    for (const node of slot.node === undefined ? candidates(slot.workload, nodes) : [slot.node]) {
      const room = free.get(node);
      const liking = mix(slot.seed, node.seed);
      if (room === undefined || liking <= rank) continue;
      if (room.cpu < slot.cpu || room.memory < slot.memory || room.gpu < gpu) continue;
      best = node;
      rank = liking;
    }
    const room = best && free.get(best);
    if (best === undefined || room === undefined) continue;
    room.cpu -= slot.cpu;
    room.memory -= slot.memory;
    room.gpu -= gpu;
    placed.set(slot, best);
  }
  return placed;
}
