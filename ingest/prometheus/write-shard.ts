import type { FactSink } from "./facts.ts";
import type { Nodes } from "./nodes.ts";
import type { Notes } from "./reduce-notes.ts";
import { type Container, nodeOf, type Owner, type Pod, runningOf } from "./pods.ts";
import { HOUR_MS, intersect, length, type Run, spread, union, type Window } from "./runs.ts";
import type { ShardState } from "./shard-state.ts";
import type { UsageRows } from "./usage.ts";

/** Where the facts of a shard go, and what of the cluster they need. */
export interface Writing {
  day: string;
  window: Window;
  nodes: Nodes;
  notes: Notes;
  sink: FactSink;
  usage: UsageRows;
}

/** A pod that was there, with the workload above it and when it ran. */
export interface WrittenPod {
  pod: Pod;
  workload: Owner;
  running: readonly Run[];
}

/** Writes what is about one pod; null where it was not there. */
export function writePod(pod: Pod, shard: ShardState, writing: Writing): WrittenPod | null {
  const { day, nodes, sink, notes } = writing;
  const containers = [...pod.containers.values()];
  const measured =
    containers.length === 1 ? (containers[0]?.used ?? []) : union(containers.flatMap(usedRuns));
  const lived = union([...pod.seen, ...pod.running, ...measured]);
  const [begin] = lived;
  if (begin === undefined) return null;
  const name = nodeOf(pod);
  if (name === "" && measured.length > 0) notes.unplaced += 1;
  const node = name === "" ? null : nodes.key(name, begin.from);
  const running = runningOf(pod, measured);
  // Of what nobody measured nothing is known: requests count while the node was measured.
  const reserved = intersect(running, name === "" ? measured : nodes.covered(name));
  const workload = shard.topOwner(pod);
  const end = lived.at(-1) as Run;
  sink.row("pod_day", [
    day,
    pod.namespace,
    pod.name,
    pod.uid,
    node,
    workload.kind,
    workload.name,
    pod.labels.json(),
    pod.annotations.json(),
    Math.floor(begin.from / 1000),
    Math.ceil(end.until / 1000),
    Math.round(length(running) / 1000),
  ]);
  shard.namespace(pod.namespace).seen.push(...lived);
  if (node !== null) writeContainers(pod, node, reserved, writing);
  return { pod, workload, running };
}

const usedRuns = ({ used }: Container) => used;

function writeContainers(pod: Pod, node: string, reserved: Run[], writing: Writing): void {
  const { window, sink, usage } = writing;
  const containers = [...pod.containers.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  let networked = pod.hostNetwork;
  for (const container of containers) {
    const { used } = container;
    const asked: Run[] = [];
    for (const runs of container.requests.values()) asked.push(...runs);
    const present = union([...used, ...intersect(union(asked), reserved)]);
    if (present.length === 0) continue;
    const number = sink.container({
      node,
      namespace: pod.namespace,
      pod: pod.name,
      podUid: pod.uid,
      container: container.name,
    });
    const first = !networked;
    networked = true;
    const received = first ? pod.received : [];
    const sent = first ? pod.sent : [];
    const all = { pod, container, used, present, reserved, received, sent };
    usage.write(all, number, window);
  }
}

export function writeNamespaces(shard: ShardState, { day, sink }: Writing): void {
  for (const [name, namespace] of [...shard.namespaces].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    sink.row("namespace_day", [
      day,
      name,
      namespace.labels.json(),
      namespace.annotations.json(),
      Math.round(length(union(namespace.seen)) / 1000),
    ]);
}

export function writeServices(shard: ShardState, { window, sink }: Writing): void {
  const { from } = window;
  for (const [, service] of [...shard.services].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const hours = new Float64Array(24);
    spread(union(service.runs), from, HOUR_MS, (hour, ms) => {
      hours[hour] = (hours[hour] ?? 0) + ms;
    });
    for (const [hour, ms] of hours.entries())
      if (ms > 0)
        sink.row("service_hour", [
          from / 1000 + hour * 3600,
          service.namespace,
          service.name,
          Math.round(ms / 1000),
        ]);
  }
}
