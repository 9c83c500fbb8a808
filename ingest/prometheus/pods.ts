import { HeldLabels, label, type Labels } from "./labels.ts";
import type { Part } from "./parts.ts";
import { oneValue, type Run, union } from "./runs.ts";

/** What all series of a container say, before it is known which pod of that name each is about. */
export interface ContainerParts {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The pod's uid where the series says it; empty where it does not. */
  readonly uid: string;
  /** The node's name where the series says it. */
  readonly node: string;
  readonly cpu: Part[];
  readonly memory: Part[];
  readonly throttled: Part[];
  readonly oom: Part[];
  readonly received: Part[];
  readonly sent: Part[];
}

/** A container of one pod, what it asked for and what it may take at most. */
export interface Container {
  readonly name: string;
  cpu: Part[];
  memory: Part[];
  throttled: Part[];
  oom: Part[];
  restarts: Part[];
  readonly requests: Map<string, Run[]>;
  readonly limits: Map<string, Run[]>;
  readonly oomKilled: Run[];
  /** When anybody measured it; known when its parts are settled. */
  used: Run[];
}

export interface Owner {
  readonly kind: string;
  readonly name: string;
}

export interface Pod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Names of the nodes it was said to be on, with when; empty before it was scheduled. */
  readonly nodes: Map<string, Run[]>;
  readonly seen: Run[];
  readonly running: Run[];
  readonly labels: HeldLabels;
  readonly annotations: HeldLabels;
  readonly owners: Map<string, { owner: Owner; from: number }>;
  readonly claims: Map<string, Run[]>;
  readonly containers: Map<string, Container>;
  received: Part[];
  sent: Part[];
  hostNetwork: boolean;
  phaseKnown: boolean;
}

/** The pods of a shard, by uid; a uid is a pod's only name that is never given twice. */
export class Pods {
  readonly byKey = new Map<string, Pod>();
  readonly #byName = new Map<string, Pod[]>();

  /** The pod that a series of kube-state-metrics is about. */
  of(labels: Labels): Pod {
    const namespace = label(labels, "namespace");
    const name = label(labels, "pod");
    const node = label(labels, "node");
    const uid = label(labels, "uid");
    return this.get(namespace, name, uid, node);
  }

  get(namespace: string, name: string, uid: string, node: string): Pod {
    const full = `${namespace}/${name}`;
    let key = uid;
    if (key === "") {
      const alone = this.#byName.get(full)?.filter((pod) => pod.uid.startsWith("name:"));
      // Series without a node belong to the one that has it.
      if (node === "" && alone !== undefined && alone.length > 0) return alone[0] as Pod;
      key = `name:${full}@${node}`;
    }
    let pod = this.byKey.get(key);
    if (pod === undefined) {
      pod = {
        uid: key,
        namespace,
        name,
        nodes: new Map(),
        seen: [],
        running: [],
        labels: new HeldLabels(),
        annotations: new HeldLabels(),
        owners: new Map(),
        claims: new Map(),
        containers: new Map(),
        received: [],
        sent: [],
        hostNetwork: false,
        phaseKnown: false,
      };
      this.byKey.set(key, pod);
      this.#byName.set(full, [...(this.#byName.get(full) ?? []), pod]);
    }
    return pod;
  }

  named(namespace: string, name: string): readonly Pod[] {
    return this.#byName.get(`${namespace}/${name}`) ?? [];
  }
}

export function containerOf(pod: Pod, name: string): Container {
  let container = pod.containers.get(name);
  if (container === undefined) {
    container = {
      name,
      cpu: [],
      memory: [],
      throttled: [],
      oom: [],
      restarts: [],
      requests: new Map(),
      limits: new Map(),
      oomKilled: [],
      used: [],
    };
    pod.containers.set(name, container);
  }
  return container;
}

/** When anybody measured a container. */
export function usedOf({ cpu, memory }: Container): Run[] {
  const [first, second] = [cpu[0], memory[0]];
  // Mostly both were measured together, throughout.
  if (cpu.length === 1 && memory.length === 1 && first?.runs.length === 1) {
    const [run, other] = [first.runs[0] as Run, second?.runs[0]];
    if (second?.runs.length === 1 && other?.from === run.from && other.until === run.until)
      return [{ from: run.from, until: run.until, value: 1 }];
  }
  return union([...cpu, ...memory].flatMap(({ runs }) => runs));
}

/** The pod's node: the one it was longest said to be on. A pod never moves; a new one takes its name. */
export function nodeOf(pod: Pod): string {
  if (pod.nodes.size === 1) return pod.nodes.keys().next().value ?? "";
  let best = { name: "", ms: -1 };
  for (const [name, runs] of pod.nodes) {
    if (name === "") continue;
    const ms = union(runs).reduce((sum, run) => sum + run.until - run.from, 0);
    if (ms > best.ms || (ms === best.ms && name < best.name)) best = { name, ms };
  }
  return best.name;
}

/** The owner said last. */
export function ownerOf(pod: Pod): Owner | undefined {
  let best: { owner: Owner; from: number; key: string } | undefined;
  for (const [key, { owner, from }] of pod.owners)
    if (best === undefined || from > best.from || (from === best.from && key < best.key))
      best = { owner, from, key };
  return best?.owner;
}

/** When it ran: in phase Running, or, where no phase is known, when it was measured. */
export function runningOf(pod: Pod, measured: readonly Run[]): Run[] {
  return pod.phaseKnown ? union(pod.running) : union(measured);
}

/**
 * The uid that a runtime path holds: `/kubepods/burstable/pod<uid>/…` of cgroup v1 and
 * `…-pod<uid with underscores>.slice/…` of v2.
 */
export function uidOfPath(path: string): string {
  const found =
    /pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12})/.exec(path);
  return found?.[1]?.replaceAll("_", "-") ?? "";
}

/** Runs of one value each, of one resource's requests or limits; zero is none. */
export function setOf(
  sizes: ReadonlyMap<string, readonly Run[]>,
  resource: string,
): readonly Run[] {
  const runs = sizes.get(resource);
  return runs === undefined ? NO_RUNS : oneValue(runs).filter((run) => run.value > 0);
}
const NO_RUNS: readonly Run[] = [];
