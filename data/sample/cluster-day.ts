import { dayOf } from "./calendar.ts";
import type { ClusterPart, Line } from "./model.ts";
import type { Pod } from "./pods.ts";
import type { Scraped } from "./series.ts";
import {
  consumer,
  CONTROL_PLANE,
  IDLE,
  NETWORK,
  NO_USAGE_DATA,
  type NodeUse,
  nodeUse,
  UNMOUNTED_DISK,
  upOn,
} from "./shares.ts";
import { split, type Weights, weights } from "./split.ts";
import { DAY } from "./time.ts";

const HOUR_UNITS = 100_000_000n;

/** A part of a line: who it is for, and how much of both measures, in 1e-18. */
export interface Share {
  readonly consumer: string;
  readonly effective: bigint;
  readonly billed: bigint;
}

/**
 * How a cluster's lines of one day are split. Where the ledger leaves room:
 * lines of a cluster's nodes, volumes, balancers and addresses are split by what used them, whatever their service, so
 * Defender for a node follows the node and Defender for the cluster is `__control_plane__`;
 * `billed_s` is rounded to a whole second; `not_joined` looks at the union of the seconds any node was seen;
 * lines that name a pool only are split over its nodes by seen seconds first, then each part as its node;
 * a load balancer's day is 24 equal hours, each shared evenly by the LoadBalancer services seen at any time in it, an
 * hour without one is `__network__`; the share of a service is its namespace's and no workload's;
 * a volume's observed bound seconds are its whole, and one that Kubernetes knows without a claim is `__unmounted__`
 * whatever the tags of its disk say; on a day without any sample the bill's tags name its namespace, and
 * no mount is known.
 */
export class ClusterDay {
  readonly #scraped: Scraped;
  readonly #day: number;
  readonly #pods: readonly Pod[];
  readonly uses: readonly NodeUse[];
  readonly #billed = new Map<string, number>();
  readonly #weights = new Map<string, Weights>();

  constructor(scraped: Scraped, day: number, lines: readonly Line[]) {
    this.#scraped = scraped;
    this.#day = day;
    this.#pods = scraped.pods.on(day);
    this.uses = scraped.pods.nodes
      .map((node) => nodeUse(scraped, node, day, this.#pods))
      .filter((use) => use !== null);
    const hours = new Map<string, bigint>();
    for (const { charge, quantity } of lines)
      if (charge.part?.kind === "node" && charge.part.compute) {
        const key = nodeKey(charge.part.pool, charge.part.instance);
        hours.set(key, (hours.get(key) ?? 0n) + quantity);
      }
    for (const [key, quantity] of hours)
      this.#billed.set(
        key,
        Math.min(DAY, Number((quantity * 3600n + HOUR_UNITS / 2n) / HOUR_UNITS)),
      );
  }

  /** Seconds billed, seen and covered, over all nodes; only what is billed counts as covered. */
  coverage(): { billedSeconds: number; seenSeconds: number; coveredSeconds: number } {
    let [billedSeconds, seenSeconds, coveredSeconds] = [0, 0, 0];
    for (const seconds of this.#billed.values()) billedSeconds += seconds;
    for (const use of this.uses) {
      seenSeconds += use.seen;
      coveredSeconds += Math.min(use.covered, this.#billedOf(use));
    }
    return { billedSeconds, seenSeconds, coveredSeconds };
  }

  /** The shares of one of the day's lines. */
  shares(line: Line, part: ClusterPart): Share[] {
    const { effective, billed } = line;
    if (part.kind !== "pool") return sharesOf(effective.value, billed.value, this.#by(part));
    // Its nodes first, then each as a node.
    const uses = this.uses.filter((use) => use.node.pool.name === part.pool && use.seen > 0);
    if (uses.length === 0)
      return [{ consumer: NO_USAGE_DATA, effective: effective.value, billed: billed.value }];
    const seen = weights(
      new Map(uses.map((use) => [nodeKey(part.pool, use.node.instance), BigInt(use.seen)])),
    );
    const parts = sharesOf(effective.value, billed.value, seen);
    return parts.flatMap((share) => {
      const use = uses.find((one) => nodeKey(part.pool, one.node.instance) === share.consumer);
      return use === undefined
        ? []
        : sharesOf(share.effective, share.billed, this.#nodeWeights(use));
    });
  }

  #by(part: ClusterPart): Weights {
    const key = JSON.stringify(part);
    let found = this.#weights.get(key);
    if (found === undefined) this.#weights.set(key, (found = this.#makeWeights(part)));
    return found;
  }

  #makeWeights(part: ClusterPart): Weights {
    if (part.kind === "plane") return all(CONTROL_PLANE);
    if (part.kind === "service") return all(consumer(part.namespace, "", ""));
    if (part.kind === "balancer") return this.#balancer();
    if (part.kind === "volume") return this.#volume(part.volume);
    if (part.kind !== "node") return all(NETWORK);
    const use = this.uses.find(
      ({ node }) => node.pool.name === part.pool && node.instance === part.instance,
    );
    return use === undefined ? all(NO_USAGE_DATA) : this.#nodeWeights(use);
  }

  #nodeWeights(use: NodeUse): Weights {
    const key = nodeKey(use.node.pool.name, use.node.instance);
    let found = this.#weights.get(key);
    if (found === undefined) this.#weights.set(key, (found = this.#makeNode(use)));
    return found;
  }

  #makeNode(use: NodeUse): Weights {
    const whole = Math.max(this.#billedOf(use), use.seen);
    if (whole === 0) return all(NO_USAGE_DATA);
    const of = new Map(use.weights);
    const put = (key: string, seconds: number): void => {
      if (seconds > 0) of.set(key, (of.get(key) ?? 0n) + BigInt(seconds) * use.second);
    };
    const seen = upOn(this.#scraped, this.#day).reduce((sum, one) => sum + one.until - one.from, 0);
    put(seen * 100 >= DAY * 99 ? IDLE : NO_USAGE_DATA, whole - use.seen);
    put(NO_USAGE_DATA, use.seen - use.covered);
    return weights(of);
  }

  #billedOf(use: NodeUse): number {
    return this.#billed.get(nodeKey(use.node.pool.name, use.node.instance)) ?? 0;
  }

  #balancer(): Weights {
    const up = upOn(this.#scraped, this.#day);
    const of = new Map<string, bigint>();
    const { services } = this.#scraped;
    // Divides by any number of services up to 16.
    const one = 720_720n;
    for (let hour = 0; hour < 24; hour++) {
      const from = this.#day * DAY + hour * 3600;
      const until = from + 3600;
      const there = services.filter((service) =>
        up.some(
          (stretch) => Math.max(stretch.from, service.from, from) < Math.min(stretch.until, until),
        ),
      );
      const keys =
        there.length === 0 ? [NETWORK] : there.map(({ namespace }) => consumer(namespace, "", ""));
      for (const key of keys) of.set(key, (of.get(key) ?? 0n) + one / BigInt(keys.length));
    }
    return weights(of);
  }

  #volume(name: string): Weights {
    const volume = this.#scraped.volumes.find((one) => one.name === name);
    if (volume === undefined) throw new RangeError(`no such volume: ${name}`);
    const up = upOn(this.#scraped, this.#day);
    const bound = up.reduce((sum, one) => sum + one.until - one.from, 0);
    // Released: Kubernetes knows the volume, and no claim of it.
    if (volume.released === true && bound > 0) return all(UNMOUNTED_DISK);
    const unmounted = consumer(volume.namespace, "", "");
    if (bound === 0) return all(unmounted);
    const of = new Map<string, bigint>();
    let mounted = 0;
    for (const pod of this.#pods) {
      if (pod.workload.volume !== name || pod.node === null) continue;
      const seconds = up.reduce(
        (sum, one) =>
          sum + Math.max(0, Math.min(one.until, pod.end) - Math.max(one.from, pod.start)),
        0,
      );
      const key = consumer(pod.workload.namespace, pod.workload.kind, pod.workload.name);
      of.set(key, (of.get(key) ?? 0n) + BigInt(seconds));
      mounted += seconds;
    }
    if (mounted < bound) of.set(unmounted, BigInt(bound - mounted));
    return weights(of);
  }

  get date(): string {
    return dayOf(this.#day).date;
  }
}

function nodeKey(pool: string, instance: number): string {
  return `${pool} ${instance}`;
}

function all(key: string): Weights {
  return { keys: [key], parts: [1n], sum: 1n };
}

function sharesOf(effective: bigint, billed: bigint, by: Weights): Share[] {
  const one = split(effective, by);
  const two = billed === effective ? one : split(billed, by);
  return by.keys.map((key, index) => ({
    consumer: key,
    effective: one[index] ?? 0n,
    billed: two[index] ?? 0n,
  }));
}
