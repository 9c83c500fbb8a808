import { type Node, span } from "./nodes.ts";
import type { Pod } from "./pods.ts";
import type { Scraped } from "./series.ts";
import { MUTE } from "./specials.ts";
import { split, weights } from "./split.ts";
import { BUCKET, DAY } from "./time.ts";

export const IDLE = "__idle__";
export const SYSTEM = "__system__";
export const NO_USAGE_DATA = "__no_usage_data__";
export const CONTROL_PLANE = "__control_plane__";
export const NETWORK = "__network__";
export const UNMOUNTED_DISK = "__unmounted__";

/** A consumer: namespace, kind and name of its workload, or a sentinel alone. */
export function consumer(namespace: string, kind: string, name: string): string {
  return `${namespace}\n${kind}\n${name}`;
}

/** What a unit of each dimension is worth, in millionths of a CPU core: a core, a GiB of memory, a GPU. */
export const WORTH = { cpu: 1_000_000n, memory: 113_636n, gpu: 74_000_000n } as const;
const KIB_OF_GIB = 1_048_576n;
/** Weights of a core-millisecond, a KiB-second and a GPU-millisecond on one scale. */
const SCALE = {
  cpu: WORTH.cpu * KIB_OF_GIB,
  memory: WORTH.memory * 1000n,
  gpu: WORTH.gpu * KIB_OF_GIB,
} as const;
const DIMENSIONS = ["cpu", "memory", "gpu"] as const;
type Dimension = (typeof DIMENSIONS)[number];

/** What a node's day was used by, before the bill says how long it was paid for. Seconds, and hours over the allocatable. */
export interface NodeUse {
  readonly node: Node;
  readonly seen: number;
  readonly covered: number;
  /** Weight of each consumer, idle and system; together they are `covered` × `second`. */
  readonly weights: ReadonlyMap<string, bigint>;
  /** The weight of one second of the whole node. */
  readonly second: bigint;
  readonly overcommitted: readonly { hour: number; dimension: Dimension; permille: number }[];
}

interface Stretch {
  readonly from: number;
  readonly until: number;
}

/** Takes stretches out of a stretch. */
function without(life: Stretch, gaps: readonly Stretch[]): Stretch[] {
  let rest = [life];
  for (const gap of gaps)
    rest = rest
      .flatMap((one) => [
        { from: one.from, until: Math.min(one.until, Math.max(one.from, gap.from)) },
        { from: Math.max(one.from, Math.min(one.until, gap.until)), until: one.until },
      ])
      // What is left empty would double with every gap.
      .filter((one) => one.until > one.from);
  return rest;
}

function overlap(stretches: readonly Stretch[], from: number, until: number): number {
  let sum = 0;
  for (const one of stretches)
    sum += Math.max(0, Math.min(one.until, until) - Math.max(one.from, from));
  return sum;
}

/** The parts of a day of which Prometheus has samples. */
export function upOn(scraped: Scraped, day: number): Stretch[] {
  return without({ from: day * DAY, until: (day + 1) * DAY }, scraped.gaps);
}

/**
 * What used a node on a day (days since 1970), or null when it was not there: for each hour and dimension, system is
 * capacity − allocatable, use is what each container's five minutes took, the larger of request and use times the seconds
 * it ran, and idle is what is left of the allocatable; more than that is scaled down to it.
 */
export function nodeUse(
  scraped: Scraped,
  node: Node,
  day: number,
  pods: readonly Pod[],
): NodeUse | null {
  const life = span(scraped.cluster, node, day);
  if (life === null) return null;
  const present = without(life, scraped.gaps);
  const mute =
    scraped.cluster.environment === MUTE.environment &&
    node.pool.name === MUTE.pool &&
    node.instance === MUTE.instance;
  const covered = mute ? present.flatMap((one) => without(one, [MUTE])) : present;
  const used = new Map<string, Record<Dimension, Float64Array>>();
  for (const pod of pods) {
    if (pod.node !== node || pod.end <= day * DAY || pod.start >= (day + 1) * DAY) continue;
    const key = consumer(pod.workload.namespace, pod.workload.kind, pod.workload.name);
    let sums = used.get(key);
    if (sums === undefined)
      used.set(
        key,
        (sums = {
          cpu: new Float64Array(24),
          memory: new Float64Array(24),
          gpu: new Float64Array(24),
        }),
      );
    addPod(scraped, pod, day, covered, sums);
  }
  const weight = new Map<string, bigint>();
  const put = (key: string, dimension: Dimension, amount: number): void => {
    if (amount > 0) weight.set(key, (weight.get(key) ?? 0n) + BigInt(amount) * SCALE[dimension]);
  };
  const overcommitted: { hour: number; dimension: Dimension; permille: number }[] = [];
  const has = {
    cpu: [node.cpu, node.cpuAllocatable],
    memory: [node.memory * 1024, node.memoryAllocatable * 1024],
    gpu: [node.gpu * 1000, node.gpu * 1000],
  } as const;
  for (let hour = 0; hour < 24; hour++) {
    const start = day * DAY + hour * 3600;
    const seconds = overlap(covered, start, start + 3600);
    if (seconds === 0) continue;
    for (const dimension of DIMENSIONS) {
      const [capacity, allocatable] = has[dimension];
      let sum = 0;
      for (const sums of used.values()) sum += sums[dimension][hour] ?? 0;
      put(SYSTEM, dimension, (capacity - allocatable) * seconds);
      const room = allocatable * seconds;
      if (sum <= room) {
        put(IDLE, dimension, room - sum);
        for (const [key, sums] of used) put(key, dimension, sums[dimension][hour] ?? 0);
        continue;
      }
      overcommitted.push({ hour: start, dimension, permille: Math.floor((sum * 1000) / room) });
      const shares = weights(
        new Map([...used].map(([key, sums]) => [key, BigInt(sums[dimension][hour] ?? 0)])),
      );
      const scaled = split(BigInt(room), shares);
      shares.keys.forEach((key, index) => put(key, dimension, Number(scaled[index] ?? 0n)));
    }
  }
  return {
    node,
    seen: overlap(present, life.from, life.until),
    covered: overlap(covered, life.from, life.until),
    weights: weight,
    second:
      BigInt(node.cpu) * SCALE.cpu +
      BigInt(node.memory * 1024) * SCALE.memory +
      BigInt(node.gpu * 1000) * SCALE.gpu,
    overcommitted,
  };
}

function addPod(
  scraped: Scraped,
  pod: Pod,
  day: number,
  covered: readonly Stretch[],
  sums: Record<Dimension, Float64Array>,
): void {
  const begin = day * DAY;
  for (const running of pod.containers) {
    const { container } = running;
    const work = scraped.works.on(pod, running, day);
    const request = container.cpuRequest ?? 0;
    const memory = (container.memoryRequest ?? 0) * 1024;
    for (const one of covered) {
      const from = Math.max(one.from, pod.start);
      const until = Math.min(one.until, pod.end, begin + DAY);
      for (
        let index = Math.floor((from - begin) / BUCKET);
        index * BUCKET + begin < until;
        index++
      ) {
        const start = begin + index * BUCKET;
        const seconds = Math.min(start + BUCKET, until) - Math.max(start, from);
        const hour = Math.floor(index / 12);
        const { cpu, memory: held, gpu } = sums;
        cpu[hour] = (cpu[hour] ?? 0) + Math.max(request, work.rates[index + 1] ?? 0) * seconds;
        held[hour] = (held[hour] ?? 0) + Math.max(memory, work.memory[index + 1] ?? 0) * seconds;
        if (container.gpu !== undefined)
          gpu[hour] = (gpu[hour] ?? 0) + container.gpu * 1000 * seconds;
      }
    }
  }
}
