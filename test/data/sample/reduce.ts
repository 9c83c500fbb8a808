import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

interface Line {
  metric: Record<string, string>;
  start: number;
  step: number;
  values?: (number | null)[];
  count?: number;
  value?: number;
}

/** A day's recorded samples: each series once, as times and values. */
export interface RecordedSeries {
  name: string;
  labels: Record<string, string>;
  samples: Map<number, number>;
}

/** Reads a recorded file; throws when a series is in it twice or the header is missing. */
export function readRecorded(path: string): {
  header: { recorded: number; cluster: string; day: string; step: number };
  series: RecordedSeries[];
} {
  const [first = "", ...lines] = gunzipSync(readFileSync(path)).toString().trimEnd().split("\n");
  const seen = new Set<string>();
  const series = lines.map((text) => {
    const line = JSON.parse(text) as Line;
    const { __name__: name = "", ...labels } = line.metric;
    const key = JSON.stringify(line.metric);
    if (seen.has(key)) throw new Error(`twice: ${key}`);
    seen.add(key);
    const samples = new Map<number, number>();
    const count = line.values?.length ?? line.count ?? 0;
    for (let index = 0; index < count; index++) {
      const value = line.values === undefined ? line.value : line.values[index];
      if (value !== null && value !== undefined) samples.set(line.start + index * line.step, value);
    }
    return { name, labels, samples };
  });
  return { header: JSON.parse(first) as never, series };
}

/**
 * What the namespaces of a cluster take of each node in one day, as fractions of what it is worth: a plain reading of
 * recorded samples that shares nothing with the generator. A sample holds for five minutes.
 */
export function namespaceShares(
  series: readonly RecordedSeries[],
  begin: number,
): Map<string, Map<string, number>> {
  const requests = new Map<string, number>();
  const capacity = new Map<string, number>();
  for (const { name, labels, samples } of series) {
    const value = samples.values().next().value ?? 0;
    if (name === "kube_pod_container_resource_requests")
      requests.set(`${labels["uid"]} ${labels["container"]} ${labels["resource"]}`, value);
    if (name === "kube_node_status_capacity")
      capacity.set(`${labels["node"]} ${labels["resource"]}`, value);
  }
  const worth = { cpu: 1, memory: 0.113636 / 2 ** 30, gpu: 74 };
  const nodes = new Map<string, Map<string, number>>();
  const add = (labels: Record<string, string>, amount: number): void => {
    const node = labels["node"] ?? "";
    const whole =
      ((capacity.get(`${node} cpu`) ?? 0) * worth.cpu +
        (capacity.get(`${node} memory`) ?? 0) * worth.memory +
        (capacity.get(`${node} nvidia_com_gpu`) ?? 0) * worth.gpu) *
      86_400;
    let shares = nodes.get(node);
    if (shares === undefined) nodes.set(node, (shares = new Map()));
    const namespace = labels["namespace"] ?? "";
    shares.set(namespace, (shares.get(namespace) ?? 0) + amount / whole);
  };
  const increases = new Map<string, number>();
  for (const { name, labels, samples } of series)
    if (name === "container_cpu_usage_seconds_total")
      for (const [time, value] of samples) {
        const next = samples.get(time + 300);
        if (next !== undefined)
          increases.set(
            `${labels["uid"]} ${labels["container"]} ${time}`,
            next < value ? next : next - value,
          );
      }
  for (const { name, labels, samples } of series) {
    if (name !== "container_memory_working_set_bytes") continue;
    const container = `${labels["uid"]} ${labels["container"]}`;
    const asked = (resource: string): number => requests.get(`${container} ${resource}`) ?? 0;
    for (const [time, value] of samples) {
      if (time < begin) continue;
      const increase = increases.get(`${container} ${time}`) ?? 0;
      add(labels, Math.max(increase, asked("cpu") * 300) * worth.cpu);
      add(labels, Math.max(value, asked("memory")) * 300 * worth.memory);
      add(labels, asked("nvidia_com_gpu") * 300 * worth.gpu);
    }
  }
  return nodes;
}
