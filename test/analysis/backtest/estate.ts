import { seeded } from "../../../analysis/backtest/answer.ts";
import type { History } from "../../../analysis/backtest/replay.ts";
import { type Series, SLOT } from "../../../analysis/findings/recommend/series.ts";
import { CLUSTERS } from "../../../data/sample/estate.ts";
import { type Pod, Pods } from "../../../data/sample/pods.ts";
import { memory, rate } from "../../../data/sample/values.ts";

/** Histories to replay: a cluster of the sample company, and workloads that are made up of a seed. */

const DAY = 86_400;
const FROM = Date.parse("2026-07-06T00:00:00Z") / 1000;

interface PodHistory {
  pod: string;
  rows: { slot: number; seconds: number; cpu: number; mem: number; killed: boolean }[];
  sizes: { cpuRequest: number; memRequest: number; memLimit: number };
}

function historyOf(pods: readonly PodHistory[], days: number, more: { job: boolean }): History {
  const length = pods.reduce((sum, { rows }) => sum + rows.length, 0);
  const series: Series = {
    from: FROM,
    slots: days * (DAY / SLOT),
    slot: new Uint16Array(length),
    seconds: new Uint16Array(length),
    cpu: new Uint32Array(length),
    mem: new Float64Array(length),
    throttled: new Uint32Array(0),
    pods: [],
    sizes: [],
    events: [],
  };
  let at = 0;
  for (const { pod, rows, sizes } of pods) {
    if (rows.length === 0) continue;
    series.sizes.push({ ...sizes, cpuLimit: -1, from: at });
    series.pods.push({ pod, from: at, until: at + rows.length });
    for (const row of rows) {
      series.slot[at] = row.slot;
      series.seconds[at] = row.seconds;
      series.cpu[at] = row.cpu;
      series.mem[at] = row.mem;
      if (row.killed) series.events.push({ sample: at, oom: 1, restarts: 1 });
      at++;
    }
  }
  return {
    series,
    facts: {
      kind: more.job ? "CronJob" : "Deployment",
      tier: "balanced",
      optedOut: false,
      init: false,
      autoscaler: { cpu: "no", mem: "no", other: false },
      managedHeap: false,
      rollout: false,
      runs: more.job ? pods.length : 0,
    },
    containers: 1,
  };
}

/** Every container of a cluster of the sample company, as its Prometheus would have measured it without gaps. */
export function sampleCluster(environment: string, days: number): History[] {
  const cluster = CLUSTERS.find((one) => one.environment === environment);
  if (cluster === undefined) throw new Error(`no cluster ${environment}`);
  const pods = new Pods(cluster);
  const seen = new Map<string, Pod>();
  for (let day = FROM / DAY; day < FROM / DAY + days; day++)
    // The last day a pod is seen on knows when it ended.
    for (const pod of pods.on(day)) seen.set(pod.uid, pod);
  const containers = new Map<string, { job: boolean; pods: PodHistory[] }>();
  for (const pod of seen.values()) {
    if (pod.node === null) continue;
    for (const running of pod.containers) {
      const { name, cpuRequest, memoryRequest, memoryLimit, restarts } = running.container;
      const key = `${pod.workload.namespace}/${pod.workload.kind}/${pod.workload.name}/${name}`;
      const list = containers.get(key) ?? { job: pod.workload.kind === "CronJob", pods: [] };
      containers.set(key, list);
      const [begin, end] = [Math.max(pod.start, FROM), Math.min(pod.end, FROM + days * DAY)];
      const rows: PodHistory["rows"] = [];
      for (let time = Math.floor(begin / SLOT) * SLOT; time < end; time += SLOT) {
        const until = time + SLOT;
        rows.push({
          slot: (time - FROM) / SLOT,
          seconds: Math.min(until, end) - Math.max(time, begin),
          cpu: rate(running, time / SLOT) * 1000,
          mem: memory(running, time / SLOT) * 1024,
          killed:
            restarts === "killed" &&
            running.starts.some((start, index) => index > 0 && start >= time && start < until),
        });
      }
      list.pods.push({
        pod: pod.uid,
        rows,
        sizes: {
          cpuRequest: (cpuRequest ?? -0.001) * 1000,
          memRequest: (memoryRequest ?? -1 / 1_048_576) * 1_048_576,
          memLimit: (memoryLimit ?? -1 / 1_048_576) * 1_048_576,
        },
      });
    }
  }
  return [...containers.values()].map(({ job, pods }) => historyOf(pods, days, { job }));
}

const KINDS = ["level", "day", "office", "shift", "trend", "bursts", "tail", "walk"] as const;

/** Workloads of all kinds in turn: noise around a level, days, office hours, levels that shift, trends, and so on. */
export function madeUp(seed: number, count: number, days: number): History[] {
  const random = seeded(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: count }, (_, index) => {
    const kind = KINDS[index % KINDS.length];
    const level = 20_000 * 100 ** random();
    const [spread, held] = [0.1 + random() * 0.5, 0.7 + random() * 0.29];
    const [noon, swing, slope] = [random() * 24, 0.3 + random() * 1.5, (random() - 0.3) * 0.03];
    const shifts = Array.from({ length: 4 }, () => ({
      at: random() * days,
      by: Math.exp(normal() * 0.35),
    }));
    const [aDay, height, tail] = [0.5 + random() * 4, 1.5 + random() * 6, 2 + random() * 2];
    const bytes = 6e7 * 50 ** random();
    const rows: PodHistory["rows"] = [];
    let [noise, walk, burst, memoryNoise] = [0, 0, 0, 0];
    for (let slot = 0; slot < days * 288; slot++) {
      noise = held * noise + Math.sqrt(1 - held * held) * normal() * spread;
      memoryNoise = 0.99 * memoryNoise + 0.14 * normal() * 0.06;
      walk = 0.9995 * (walk + normal() * 0.012);
      burst = burst > 0 ? burst - 1 : random() < aDay / 288 ? 12 : 0;
      const [day, hour] = [slot / 288, (slot % 288) / 12];
      const wave = Math.max(0, Math.cos(((hour - noon) / 12) * Math.PI));
      const isWeekend = [0, 6].includes((Math.floor(day) + 1) % 7);
      const factor = {
        level: () => 1,
        day: () => 0.4 + swing * wave,
        office: () => (isWeekend ? 0.2 : 0.3 + 2 * swing * wave * wave),
        shift: () => shifts.reduce((all, { at, by }) => (day >= at ? all * by : all), 1),
        trend: () => Math.max(0.1, 1 + slope * day),
        bursts: () => (burst > 0 ? height : 1),
        tail: () => Math.min(30, (1 - random()) ** (-1 / tail) / 2 + 0.5),
        walk: () => Math.exp(walk),
      }[kind ?? "level"]();
      rows.push({
        slot,
        seconds: SLOT,
        cpu: Math.round(level * Math.exp(noise) * factor),
        mem: Math.round(bytes * Math.exp(memoryNoise)),
        killed: false,
      });
    }
    const sizes = { cpuRequest: -1, memRequest: -1, memLimit: -1 };
    return historyOf([{ pod: "a", rows, sizes }], days, { job: false });
  });
}
