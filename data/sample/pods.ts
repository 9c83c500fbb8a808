import { dayOf } from "./calendar.ts";
import type { Cluster } from "./clusters.ts";
import { guid, hex, mix, seedOf } from "./random.ts";
import { type Node, nodesOf, type Segment, segmentsOf } from "./nodes.ts";
import { candidates, place, roomFor, type Slot } from "./placement.ts";
import { BUCKET, DAY } from "./time.ts";
import { type Worker, workerOf } from "./values.ts";
import type { Workload } from "./workload.ts";
import { workloadsOf } from "./workloads.ts";

/** A container of a pod; it was started at each of `starts`, the first time with its pod. */
export interface Running extends Worker {
  readonly starts: readonly number[];
}

/**
 * A pod. It runs from `start` to before `end`, and Kubernetes knows it until `forgotten`; both are Infinity when that is
 * after the day asked for. A pod without a node is pending.
 */
export interface Pod {
  readonly uid: string;
  readonly name: string;
  readonly workload: Workload;
  readonly node: Node | null;
  readonly start: number;
  readonly end: number;
  readonly forgotten: number;
  readonly containers: readonly Running[];
  /** The ReplicaSet or Job between the pod and its workload. */
  readonly controller: string;
}

interface Run {
  readonly key: string;
  readonly node: Node | null;
  readonly start: number;
  readonly end: number;
  readonly epoch: number;
}

/** Who runs where in a cluster, by day. Everything follows from the day's number, whatever days were asked for before. */
export class Pods {
  readonly cluster: Cluster;
  readonly nodes: readonly Node[];
  readonly workloads: readonly Workload[];
  readonly #slots: readonly Slot[];
  readonly #jobs: readonly Workload[];
  readonly #segments = new Map<number, readonly Segment[]>();
  readonly #places = new Map<string, Map<Slot, Node>>();
  readonly #runs = new Map<Slot, Map<number, readonly Run[]>>();
  readonly #pods = new Map<string, Pod>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.nodes = nodesOf(cluster);
    this.workloads = workloadsOf(cluster);
    this.#jobs = this.workloads.filter((workload) => workload.cron !== undefined);
    this.#slots = this.workloads
      .filter((workload) => workload.cron === undefined)
      .flatMap((workload) => this.#slotsOf(workload))
      // A DaemonSet's pods go first, as their priority is.
      .toSorted((a, b) => Number(a.node === undefined) - Number(b.node === undefined));
  }

  /** The stretches of a day between which nodes come and go. */
  segments(day: number): readonly Segment[] {
    let found = this.#segments.get(day);
    if (found === undefined)
      this.#segments.set(day, (found = segmentsOf(this.cluster, this.nodes, day)));
    return found;
  }

  /** The pods that run, wait or are remembered on a day (days since 1970). */
  on(day: number): Pod[] {
    const pods = this.#slots.flatMap((slot) =>
      this.#runsOf(slot, day).map((run) => this.#pod(slot, run)),
    );
    return [...pods, ...this.#jobs.flatMap((workload) => this.#jobPods(workload, day))];
  }

  #slotsOf(workload: Workload): Slot[] {
    const room = roomFor(workload.containers);
    const slot = (number: number, node?: Node): Slot => {
      const id = `${workload.namespace}/${workload.kind}/${workload.name}/${node?.name ?? number}`;
      return {
        workload,
        number,
        id,
        seed: seedOf(`${this.cluster.environment} ${id}`),
        ...room,
        ...(node === undefined ? {} : { node }),
      };
    };
    if (workload.kind === "DaemonSet")
      return candidates(workload, this.nodes).map((node, index) => slot(index, node));
    const replicas = workload.replicas + (workload.busy?.more ?? 0);
    return Array.from({ length: replicas }, (_, index) => slot(index));
  }

  #place(segment: Segment): Map<Slot, Node> {
    let found = this.#places.get(segment.id);
    if (found === undefined)
      this.#places.set(segment.id, (found = place(this.#slots, segment.nodes)));
    return found;
  }

  #runsOf(slot: Slot, day: number): readonly Run[] {
    let days = this.#runs.get(slot);
    if (days === undefined) this.#runs.set(slot, (days = new Map()));
    let found = days.get(day);
    if (found === undefined) days.set(day, (found = this.#makeRuns(slot, day)));
    return found;
  }

  #makeRuns(slot: Slot, day: number): Run[] {
    const begin = day * DAY;
    const end = begin + DAY;
    const pieces = this.#pieces(slot, day);
    const runs: Run[] = [];
    pieces.forEach((piece, index) => {
      if (piece.key === "") return;
      const next = pieces[index + 1];
      const start = piece.from === begin ? this.#since(slot, day, piece.key) : piece.from;
      let last = Infinity;
      if (next === undefined) {
        if (this.#pieces(slot, day + 1)[0]?.key !== piece.key) last = end;
      } else last = next.from;
      runs.push({ key: piece.key, node: piece.node, start, end: last, epoch: piece.epoch });
    });
    return runs;
  }

  /** Since when a slot has held the pod it holds at the begin of a day. Every pod is replaced after some days, so this ends. */
  #since(slot: Slot, day: number, key: string): number {
    const known = this.#runs
      .get(slot)
      ?.get(day - 1)
      ?.at(-1);
    if (known !== undefined) return known.end === Infinity ? known.start : day * DAY;
    const last = this.#pieces(slot, day - 1).at(-1);
    if (last?.key !== key) return day * DAY;
    return last.from === (day - 1) * DAY ? this.#since(slot, day - 1, key) : last.from;
  }

  /** The stretches of a day in which a slot holds the same pod; an empty key is none. */
  #pieces(slot: Slot, day: number): Piece[] {
    const { workload } = slot;
    const begin = day * DAY;
    const end = begin + DAY;
    const seed = seedOf(`${this.cluster.environment} ${workload.namespace}/${workload.name}`);
    const turn = Math.floor((day + (seed % 97)) / workload.rollout);
    const rolls = (day + (seed % 97)) % workload.rollout === 0;
    // At some time of the working day.
    const rolled = begin + 28_800 + (mix(seed, turn) % 90) * BUCKET;
    const weekday = dayOf(day).weekday;
    const busy =
      workload.busy !== undefined && weekday > 0 && weekday < 6 ? workload.busy : undefined;
    const extra = slot.number >= workload.replicas && workload.kind !== "DaemonSet";
    const cuts = new Set(this.segments(day).map((segment) => segment.from));
    if (rolls) cuts.add(rolled);
    if (extra && busy !== undefined) cuts.add(begin + busy.from).add(begin + busy.until);
    for (const time of [workload.since, workload.until, ...(workload.recreated ?? [])])
      if (time !== undefined && begin < time && time < end) cuts.add(time);
    const pieces: Piece[] = [];
    for (const from of [...cuts].toSorted((a, b) => a - b)) {
      const epoch = rolls && from < rolled ? turn - 1 : turn;
      const active =
        (workload.since === undefined || from >= workload.since) &&
        (workload.until === undefined || from < workload.until) &&
        (!extra ||
          (busy !== undefined && begin + busy.from <= from && from < begin + busy.until)) &&
        (slot.node === undefined || this.#present(slot.node, day, from));
      const node = active ? this.#nodeAt(slot, day, from) : null;
      const made = (workload.recreated ?? []).filter((time) => time <= from).length;
      const key = active ? `${epoch} ${made} ${node?.name ?? "-"}` : "";
      if (pieces.at(-1)?.key === key) continue;
      pieces.push({ from, key, node, epoch });
    }
    return pieces;
  }

  #segmentAt(day: number, time: number): Segment | undefined {
    return this.segments(day).findLast((segment) => segment.from <= time);
  }

  #present(node: Node, day: number, time: number): boolean {
    return this.#segmentAt(day, time)?.nodes.includes(node) === true;
  }

  #nodeAt(slot: Slot, day: number, time: number): Node | null {
    const segment = this.#segmentAt(day, time);
    return (segment && this.#place(segment).get(slot)) ?? null;
  }

  #pod(slot: Slot, run: Run): Pod {
    const { workload } = slot;
    const environment = this.cluster.environment;
    const identity = `${environment} ${slot.id} ${run.start} ${run.node?.name ?? "-"}`;
    const known = this.#pods.get(identity);
    if (known?.end === run.end) return known;
    const suffix = hex(identity, 5);
    const revision = hex(
      `${environment} ${workload.namespace}/${workload.name} ${workload.since ?? 0} ${run.epoch}`,
      10,
    );
    const controller =
      workload.kind === "Deployment" ? `${workload.name}-${revision}` : workload.name;
    const name =
      workload.kind === "StatefulSet"
        ? `${workload.name}-${(workload.ordinal ?? 0) + slot.number}`
        : `${controller}-${suffix}`;
    const uid = known?.uid ?? guid(`pod ${identity}`);
    const pod: Pod = {
      uid,
      name,
      workload,
      node: run.node,
      start: run.start,
      end: run.end,
      forgotten: run.end,
      containers: containersOf(uid, workload, run.start, run.end),
      controller,
    };
    this.#pods.set(identity, pod);
    return pod;
  }

  #jobPods(workload: Workload, day: number): Pod[] {
    const { cron } = workload;
    if (cron === undefined) return [];
    const begin = day * DAY;
    const end = begin + DAY;
    const pods: Pod[] = [];
    const longest = cron.lasts * 1.3 + cron.kept;
    const first = Math.ceil((begin - longest - cron.offset) / cron.every);
    for (let turn = first; turn * cron.every + cron.offset < end; turn++) {
      const start = turn * cron.every + cron.offset;
      const pod = this.#jobPod(workload, cron, start);
      if (pod !== null && pod.forgotten > begin) pods.push(pod);
    }
    return pods;
  }

  #jobPod(workload: Workload, cron: NonNullable<Workload["cron"]>, start: number): Pod | null {
    const environment = this.cluster.environment;
    const job = `${workload.name}-${Math.floor(start / 60)}`;
    const identity = `${environment} ${workload.namespace}/${job}`;
    const known = this.#pods.get(identity);
    if (known !== undefined) return known;
    const seed = seedOf(identity);
    const day = Math.floor(start / DAY);
    const nodes = candidates(workload, this.#segmentAt(day, start)?.nodes ?? []);
    const node = nodes[seed % Math.max(1, nodes.length)];
    if (node === undefined) return null;
    const lasts = Math.floor((cron.lasts * (700 + (mix(seed, 1) % 600))) / 1000);
    const wanted = start + (lasts > 1200 ? Math.floor(lasts / BUCKET) * BUCKET : lasts);
    const end = Math.min(wanted, this.#leaves(node, start, wanted));
    const uid = guid(`pod ${identity}`);
    const pod: Pod = {
      uid,
      name: `${job}-${hex(identity, 5)}`,
      workload,
      node,
      start,
      end,
      forgotten: end === wanted ? end + cron.kept : end,
      containers: containersOf(uid, workload, start, end),
      controller: job,
    };
    this.#pods.set(identity, pod);
    return pod;
  }

  /** When a node goes away between two times; the later one when it stays. */
  #leaves(node: Node, from: number, until: number): number {
    for (let day = Math.floor(from / DAY); day * DAY < until; day++)
      for (const segment of this.segments(day))
        if (segment.until > from && segment.from < until && !segment.nodes.includes(node))
          return Math.max(from, segment.from);
    return until;
  }

  /** Lets go of what was remembered about days before this one. */
  forget(before: number): void {
    for (const days of this.#runs.values())
      for (const day of days.keys()) if (day < before) days.delete(day);
    for (const [identity, pod] of this.#pods)
      if (pod.forgotten < before * DAY) this.#pods.delete(identity);
    for (const day of this.#segments.keys()) if (day < before) this.#segments.delete(day);
  }
}

interface Piece {
  readonly from: number;
  readonly key: string;
  readonly node: Node | null;
  readonly epoch: number;
}

/** Containers that restart do so after some hours, again and again. */
function containersOf(uid: string, workload: Workload, start: number, end: number): Running[] {
  return workload.containers.map((container) => {
    const worker = workerOf(uid, container, start);
    const starts = [start];
    const seldom = container.restarts === undefined && mix(worker.seed, 7) % 24 === 0;
    if (container.restarts !== undefined || seldom) {
      const most = seldom ? 1 : 100;
      let time = start;
      for (let count = 1; count <= most; count++) {
        time += 14_400 + (mix(worker.seed, count) % 36_000);
        if (time >= Math.min(end, start + 20 * DAY)) break;
        starts.push(time);
      }
    }
    return { ...worker, starts };
  });
}
