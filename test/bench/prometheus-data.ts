import { spawnSync } from "node:child_process";
import { createWriteStream, existsSync, readdirSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startPrometheus } from "../ingest/prometheus/real.ts";
import { findProgram } from "../programs.ts";

/**
 * A day of a cluster as Prometheus blocks: containers with one scrape a minute, a tenth of them
 * replaced during the day, and what kube-state-metrics says of them every five minutes.
 */

export const DAY = "2026-08-03";
const START = Date.parse(`${DAY}T00:00:00Z`) / 1000;
const HOUR = 3600;
const BLOCK = 2 * HOUR;
const PODS_A_NODE = 50;
const NAMESPACES = 120;

interface Pod {
  index: number;
  from: number;
  until: number;
  labels: string;
  ksm: string;
  node: number;
}

/** Makes the blocks once; gives the folder for `--storage.tsdb.path`. */
export async function writeBlocks(folder: string, containers: number): Promise<string> {
  const data = join(folder, `prometheus-${containers}`);
  const done = join(data, "complete");
  if (existsSync(done)) return data;
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { recursive: true });
  const pods = makePods(containers);
  const cpu = new Float64Array(pods.length);
  const memory = new Float64Array(pods.length).map((_, index) => 20_000 + (index % 977) * 40);
  const text = join(data, "block.om");
  for (let from = START - BLOCK; from < START + 24 * HOUR; from += BLOCK) {
    await writeBlock(text, pods, cpu, memory, Math.max(from, START - 600), from + BLOCK);
    const made = spawnSync("promtool", ["tsdb", "create-blocks-from", "openmetrics", text, data], {
      encoding: "utf8",
    });
    if (made.status !== 0) throw new Error(made.stderr);
  }
  await writeLater(text, data);
  await rm(text);
  await compacted(folder, data);
  await writeFile(done, "");
  return data;
}

/** Samples of weeks later: Prometheus lets its two newest blocks be, and the day is in neither. */
async function writeLater(text: string, data: string): Promise<void> {
  for (const days of [14, 28]) {
    await writeFile(
      text,
      `# TYPE up gauge\nup{job="later"} 1 ${START + days * 24 * HOUR}\n# EOF\n`,
    );
    spawnSync("promtool", ["tsdb", "create-blocks-from", "openmetrics", text, data]);
  }
}

/** Lets Prometheus join the blocks as it does a day later: it looks once a minute. */
async function compacted(folder: string, data: string): Promise<void> {
  const program = findProgram("Prometheus");
  if (program === null) return;
  const server = await startPrometheus(program, folder, data, []);
  const blocks = () => readdirSync(data).filter((name) => /^[0-9A-Z]{26}$/.test(name)).length;
  try {
    for (let before = blocks(), same = 0; same < 18; same++) {
      await pause(5000);
      if (blocks() !== before) same = 0;
      before = blocks();
    }
  } finally {
    await server.stop();
  }
}

function makePods(containers: number): Pod[] {
  const pods: Pod[] = [];
  const add = (index: number, from: number, until: number) => {
    const node = index % Math.ceil(containers / PODS_A_NODE);
    const nodeName = `aks-apps-31415926-vmss${node.toString(36).padStart(6, "0")}`;
    const uid = `${hex(pods.length, 8)}-1111-4222-8333-${hex(index, 12)}`;
    const id = hex(pods.length * 7919, 16).repeat(4);
    const pod = `service-${index % 500}-${hex(pods.length, 9)}-${hex(index, 5)}`;
    const namespace = `ns-${index % NAMESPACES}`;
    pods.push({
      index,
      from,
      until,
      node,
      ksm: `namespace="${namespace}",pod="${pod}",uid="${uid}",job="kube-state-metrics",instance="10.0.0.9:8080",node="${nodeName}"`,
      labels: `container="app",id="/kubepods/burstable/pod${uid}/${id}",image="registry.example.com/service-${index % 500}:v1",instance="10.1.${node >> 8}.${node & 255}:10250",job="kubelet",metrics_path="/metrics/cadvisor",name="${id}",namespace="${namespace}",node="${nodeName}",pod="${pod}"`,
    });
  };
  for (let index = 0; index < containers; index++) {
    const replaced = index % 10 === 3 ? START + ((index * 7919) % 1440) * 60 : Infinity;
    add(index, -Infinity, replaced);
    if (replaced !== Infinity) add(index, replaced, Infinity);
  }
  return pods;
}

const hex = (value: number, width: number) => value.toString(16).padStart(width, "0").slice(-width);

async function writeBlock(
  path: string,
  pods: readonly Pod[],
  cpu: Float64Array,
  memory: Float64Array,
  from: number,
  until: number,
): Promise<void> {
  const out = createWriteStream(path, { highWaterMark: 1 << 20 });
  const put = async (text: string) => {
    if (!out.write(text)) await once(out, "drain");
  };
  const random = xorshift(from);
  const family = async (
    name: string,
    type: string,
    lines: (pod: Pod) => string,
    only: readonly Pod[] = pods,
  ) => {
    await put(`# TYPE ${name} ${type}\n`);
    for (const pod of only) if (pod.from < until && pod.until > from) await put(lines(pod));
  };
  // Scrapes of a node are at its own second of the minute.
  const series = (pod: Pod, name: string, labels: string, step: number, value: () => string) => {
    let text = "";
    const offset = (pod.node * 7) % step;
    for (let at = from + offset; at < until; at += step)
      if (at >= pod.from && at < pod.until) text += `${name}{${labels}} ${value()} ${at}\n`;
    return text;
  };
  await family("container_cpu_usage_seconds", "counter", (pod) =>
    series(pod, "container_cpu_usage_seconds_total", pod.labels, 60, () => {
      cpu[pod.index] = (cpu[pod.index] ?? 0) + random() * 12;
      return (cpu[pod.index] ?? 0).toFixed(9);
    }),
  );
  await family("container_memory_working_set_bytes", "gauge", (pod) =>
    series(pod, "container_memory_working_set_bytes", pod.labels, 60, () => {
      memory[pod.index] = Math.max(100, (memory[pod.index] ?? 0) + (random() - 0.5) * 300);
      return String(Math.floor(memory[pod.index] ?? 0) * 4096);
    }),
  );
  const one = () => "1";
  await family("kube_pod_info", "gauge", (pod) =>
    series(
      pod,
      "kube_pod_info",
      `${pod.ksm},created_by_kind="ReplicaSet",created_by_name="service-${pod.index % 500}-5d4f8"`,
      300,
      one,
    ),
  );
  await family("kube_pod_status_phase", "gauge", (pod) =>
    series(pod, "kube_pod_status_phase", `${pod.ksm},phase="Running"`, 300, one),
  );
  await family(
    "kube_pod_container_resource_requests",
    "gauge",
    (pod) =>
      series(
        pod,
        "kube_pod_container_resource_requests",
        `${pod.ksm},container="app",resource="cpu",unit="core"`,
        300,
        () => "0.1",
      ) +
      series(
        pod,
        "kube_pod_container_resource_requests",
        `${pod.ksm},container="app",resource="memory",unit="byte"`,
        300,
        () => "134217728",
      ),
  );
  const nodes = [...new Map(pods.map((pod) => [pod.node, pod])).values()].map((pod) => ({
    ...pod,
    from: -Infinity,
    until: Infinity,
  }));
  const nodeLabels = (pod: Pod) =>
    `node="aks-apps-31415926-vmss${pod.node.toString(36).padStart(6, "0")}"`;
  await family(
    "kube_node_info",
    "gauge",
    (pod) =>
      series(
        pod,
        "kube_node_info",
        `${nodeLabels(pod)},provider_id="azure:///subscriptions/0000/resourceGroups/mc/providers/Microsoft.Compute/virtualMachineScaleSets/aks-apps-31415926-vmss/virtualMachines/${pod.node}"`,
        300,
        one,
      ),
    nodes,
  );
  for (const what of ["capacity", "allocatable"])
    await family(
      `kube_node_status_${what}`,
      "gauge",
      (pod) =>
        series(
          pod,
          `kube_node_status_${what}`,
          `${nodeLabels(pod)},resource="cpu",unit="core"`,
          300,
          () => "16",
        ) +
        series(
          pod,
          `kube_node_status_${what}`,
          `${nodeLabels(pod)},resource="memory",unit="byte"`,
          300,
          () => "68719476736",
        ),
      nodes,
    );
  await put("# EOF\n");
  out.end();
  await once(out, "finish");
}

/** Numbers in [0, 1), the same every time. */
function xorshift(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}

if (import.meta.main)
  process.stdout.write(
    `${await writeBlocks(process.argv[2] ?? ".", Number(process.argv[3] ?? 5000))}\n`,
  );
