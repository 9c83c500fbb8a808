/**
 * How many nodes of a pool its pods need: what decides whether a smaller request saves money, since a
 * core that is given back is only paid less when a node goes.
 *
 * What is assumed is `ASSUMPTIONS`, and shown with every finding that a re-pack is part of.
 */

/** What a node gives to pods: millicores, MiB, GPUs. */
export interface PoolNode {
  id: string;
  cpu: number;
  mem: number;
  gpu: number;
}

/** A pod by what it asks for. DaemonSets' pods stand once for each node they run on. */
export interface PoolPod {
  workload: string;
  cpu: number;
  mem: number;
  gpu: number;
  /** One on every node, whatever the node is for. */
  daemon: boolean;
  /** The node it must stay on: its disruption budget lets nobody move it. */
  pinned: string | null;
}

export interface PoolLoad {
  nodes: readonly PoolNode[];
  pods: readonly PoolPod[];
  /** The most pods, DaemonSets' included, one node takes. */
  maxPods: number;
  /** The most pods of a workload that share a node; what is not named may share as it fits. */
  together: ReadonlyMap<string, number>;
}

export const ASSUMPTIONS = [
  "pods stay in their node pool, so taints, node selectors and machine sizes keep holding",
  "no node is filled beyond 90 % of what it gives to pods",
  "every node keeps the DaemonSets its pool runs",
  "no node takes more pods than it says it may; unknown, 30 or as many as the fullest node holds today",
  "pods of one workload share a node no more than they do today (anti-affinity, zone spread)",
  "pods whose disruption budget allows no eviction stay where they are, with their node",
  "a pool keeps at least one node",
  "the busiest hour of each of the last seven complete days must fit",
] as const;

/** Parts of a thousand of a node that are filled at most: a scheduler needs room to move pods. */
const FILL = 900;

/**
 * First-fit decreasing (Johnson 1973) in as many dimensions as a node has, largest part of a node
 * first. All nodes of the pool when something does not fit anywhere: then nothing may be given back.
 */
export function nodesNeeded(load: PoolLoad): number {
  const { nodes, maxPods, together } = load;
  if (nodes.length === 0) return 0;
  const daemons = daemonLoad(load.pods);
  const held = new Set(load.pods.flatMap((pod) => pod.pinned ?? []));
  // Nodes that must stay come first, then the largest: what fits there frees the others.
  const bins = nodes
    .toSorted(
      (a, b) =>
        Number(held.has(b.id)) - Number(held.has(a.id)) ||
        b.cpu - a.cpu ||
        b.mem - a.mem ||
        (a.id < b.id ? -1 : 1),
    )
    .map((node) => new Bin(node, daemons, maxPods));
  const byNode = new Map(bins.map((bin) => [bin.id, bin]));
  const loose: PoolPod[] = [];
  for (const pod of load.pods) {
    if (pod.daemon) continue;
    const bin = pod.pinned === null ? undefined : byNode.get(pod.pinned);
    if (bin === undefined) loose.push(pod);
    else bin.put(pod);
  }
  const largest = {
    cpu: Math.max(...nodes.map((node) => node.cpu)),
    mem: Math.max(...nodes.map((node) => node.mem)),
    gpu: Math.max(...nodes.map((node) => node.gpu)),
  };
  const part = (pod: PoolPod) =>
    Math.max(
      pod.cpu / Math.max(1, largest.cpu),
      pod.mem / Math.max(1, largest.mem),
      pod.gpu / Math.max(1, largest.gpu),
    );
  loose.sort(
    (a, b) =>
      part(b) - part(a) ||
      b.cpu - a.cpu ||
      b.mem - a.mem ||
      b.gpu - a.gpu ||
      (a.workload < b.workload ? -1 : 1),
  );
  let from = 0;
  let last: PoolPod | null = null;
  for (const pod of loose) {
    // Where the same pod did not fit a moment ago it does not fit now.
    if (last === null || !same(last, pod)) from = 0;
    last = pod;
    const most = together.get(pod.workload) ?? Number.POSITIVE_INFINITY;
    while (from < bins.length && bins[from]?.takes(pod, most) !== true) from++;
    const bin = bins[from];
    if (bin === undefined) return nodes.length;
    bin.put(pod);
  }
  return Math.max(1, bins.filter((bin) => bin.used).length);
}

function same(a: PoolPod, b: PoolPod): boolean {
  return a.workload === b.workload && a.cpu === b.cpu && a.mem === b.mem && a.gpu === b.gpu;
}

interface Load {
  cpu: number;
  mem: number;
  gpu: number;
  pods: number;
}

/** What a node holds for DaemonSets alone: each once, at its largest. */
function daemonLoad(pods: readonly PoolPod[]): Load {
  const most = new Map<string, Load>();
  for (const pod of pods) {
    if (!pod.daemon) continue;
    const known = most.get(pod.workload);
    most.set(pod.workload, {
      cpu: Math.max(pod.cpu, known?.cpu ?? 0),
      mem: Math.max(pod.mem, known?.mem ?? 0),
      gpu: Math.max(pod.gpu, known?.gpu ?? 0),
      pods: 1,
    });
  }
  const sum = { cpu: 0, mem: 0, gpu: 0, pods: 0 };
  for (const load of most.values()) {
    sum.cpu += load.cpu;
    sum.mem += load.mem;
    sum.gpu += load.gpu;
    sum.pods += load.pods;
  }
  return sum;
}

class Bin {
  readonly id: string;
  used = false;
  #cpu: number;
  #mem: number;
  #gpu: number;
  #pods: number;
  readonly #of = new Map<string, number>();
  constructor(node: PoolNode, daemons: Load, maxPods: number) {
    this.id = node.id;
    this.#cpu = Math.trunc((node.cpu * FILL) / 1000) - daemons.cpu;
    this.#mem = Math.trunc((node.mem * FILL) / 1000) - daemons.mem;
    this.#gpu = node.gpu - daemons.gpu;
    this.#pods = maxPods - daemons.pods;
  }
  takes(pod: PoolPod, most: number): boolean {
    return (
      this.#cpu >= pod.cpu &&
      this.#mem >= pod.mem &&
      this.#gpu >= pod.gpu &&
      this.#pods >= 1 &&
      (this.#of.get(pod.workload) ?? 0) < most
    );
  }
  put(pod: PoolPod): void {
    this.used = true;
    this.#cpu -= pod.cpu;
    this.#mem -= pod.mem;
    this.#gpu -= pod.gpu;
    this.#pods -= 1;
    this.#of.set(pod.workload, (this.#of.get(pod.workload) ?? 0) + 1);
  }
}

/**
 * Nodes that the changes free, at every one of the given hours: those the pods need as they are, less
 * those they need changed. Never below 0: first-fit may need more nodes for less, and that is no debt.
 */
export function nodesFreed(hours: readonly { now: PoolLoad; then: PoolLoad }[]): number {
  if (hours.length === 0) return 0;
  return Math.max(
    0,
    Math.min(...hours.map(({ now, then }) => nodesNeeded(now) - nodesNeeded(then))),
  );
}
