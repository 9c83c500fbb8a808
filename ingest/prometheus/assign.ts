import type { Part } from "./parts.ts";
import { containerOf, type ContainerParts, nodeOf, ownerOf, type Pod, type Pods } from "./pods.ts";
import { addRuns, BUCKET_MS, type Run, union, type Window } from "./runs.ts";

/**
 * Gives what was measured to the pods it is about. cAdvisor's series may say a uid, or hold one in
 * the runtime's path; else name, node and time must do: a recycled name is another pod.
 */
export function assign(measured: Iterable<ContainerParts>, pods: Pods, window: Window): void {
  for (const parts of measured) {
    const candidates = candidatesOf(parts, pods);
    const [only] = candidates;
    if (candidates.length === 1 && only !== undefined) give(only.pod, parts);
    else for (const { pod, from, until } of candidates) give(pod, cut(parts, from, until, window));
  }
}

interface Candidate {
  pod: Pod;
  from: number;
  until: number;
}

function candidatesOf(parts: ContainerParts, pods: Pods): Candidate[] {
  const whole = (pod: Pod): Candidate[] => [{ pod, from: -Infinity, until: Infinity }];
  const known = parts.uid === "" ? undefined : pods.byKey.get(parts.uid);
  if (known !== undefined) return whole(known);
  const here = pods.named(parts.namespace, parts.pod).filter((pod) => {
    if (pod.seen.length === 0) return false;
    // A static pod's path holds the hash of its file, a uid that the API does not know.
    if (parts.uid !== "" && ownerOf(pod)?.kind !== "Node") return false;
    const node = nodeOf(pod);
    return parts.node === "" || node === "" || node === parts.node;
  });
  const [only] = here;
  if (here.length === 1 && only !== undefined) return whole(only);
  if (only === undefined) return whole(pods.get(parts.namespace, parts.pod, parts.uid, parts.node));
  const lives = here
    .map((pod) => ({ pod, runs: union(pod.seen) }))
    .toSorted(
      (a, b) =>
        (a.runs[0] as Run).from - (b.runs[0] as Run).from || (a.pod.uid < b.pod.uid ? -1 : 1),
    );
  return lives.map(({ pod, runs }, index) => ({
    pod,
    from: index === 0 ? -Infinity : (runs[0] as Run).from,
    until: lives[index + 1]?.runs[0]?.from ?? Infinity,
  }));
}

function give(pod: Pod, parts: ContainerParts): void {
  const { cpu, memory, throttled, oom } = parts;
  if (parts.node !== "") {
    for (const { runs } of cpu) addRuns(pod.nodes, parts.node, runs);
    for (const { runs } of memory) addRuns(pod.nodes, parts.node, runs);
  }
  pod.received.push(...parts.received);
  pod.sent.push(...parts.sent);
  if (parts.container === "") return;
  if (cpu.length + memory.length + throttled.length + oom.length === 0) return;
  const container = containerOf(pod, parts.container);
  container.cpu.push(...cpu);
  container.memory.push(...memory);
  container.throttled.push(...throttled);
  container.oom.push(...oom);
}

/** What of a container's parts lies in a stretch of time. */
function cut(parts: ContainerParts, from: number, until: number, window: Window): ContainerParts {
  const all = (list: readonly Part[]) =>
    list.map((part) => within(part, from, until, window)).filter((part) => part !== null);
  return {
    ...parts,
    cpu: all(parts.cpu),
    memory: all(parts.memory),
    throttled: all(parts.throttled),
    oom: all(parts.oom),
    received: all(parts.received),
    sent: all(parts.sent),
  };
}

/** What of a part lies in a stretch of time, to the five minutes; null where nothing does. */
function within(part: Part, from: number, until: number, window: Window): Part | null {
  const runs = part.runs
    .map((run) => ({ ...run, from: Math.max(run.from, from), until: Math.min(run.until, until) }))
    .filter((run) => run.until > run.from);
  if (runs.length === 0) return null;
  const inside = (index: number) => {
    const middle = window.from + (part.first + index + 0.5) * BUCKET_MS;
    return middle >= from && middle < until;
  };
  const buckets = part.figures.length / 2;
  return {
    ...part,
    runs,
    figures: part.figures.map((value, index) => (inside(index % buckets) ? value : 0)),
  };
}
