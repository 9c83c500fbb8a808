import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { WorkloadFacts } from "../../../analysis/findings/recommend/recommend.ts";
import { type Series, SLOT } from "../../../analysis/findings/recommend/series.ts";
import { ROOT } from "../../needs.ts";

/** A level that holds in the stretches it names; of several that hold, the last counts. */
interface Level {
  /** Millicores or MiB. */
  level: number;
  /** Added each day since the process began. */
  perDay?: number;
  /** Hours of the UTC day, half-open. */
  hours?: [from: number, until: number];
  /** 0 is Sunday. */
  weekdays?: number[];
  /** ISO days, half-open. */
  days?: [from: string, until: string];
  /** Each so-many-th sample. */
  every?: number;
  /** Minutes since the process began, half-open. */
  age?: [from: number, until: number];
}

/** A folder of test/cases/shapes: how a workload behaves, and what must be said of it. */
export interface Shape {
  says: string;
  /** Why each number that is expected is the right one. */
  why: string[];
  /** Day after the window's last. */
  until: string;
  /** ISO instant it was first there; the window's beginning unless said. */
  since?: string;
  gone?: string;
  pods?: number;
  /** Pods at each hour of the day, in turn, where they come and go. */
  podsByHour?: number[];
  /** A pod is replaced after so many minutes. */
  lives?: number;
  /** A job's pod starts every so many hours and runs so many minutes. */
  runs?: { everyHours: number; minutes: number };
  /** The process is started anew in its pod every so many hours. */
  restarts?: number;
  cpu: Level[];
  memory: Level[];
  /** Of ten samples in a row so many are missing. */
  missingOfTen?: number;
  /** Days on which nothing of the cluster was measured, half-open. */
  outage?: [from: string, until: string];
  request?: { cpu?: number; memory?: number };
  limit?: { cpu?: number; memory?: number };
  /** From this ISO day on it asks for something else. */
  resized?: { on: string; request: { cpu?: number; memory?: number } };
  /** The HPA's own name and the label that says whose it is, where not as its kind makes them. */
  scaler?: { name: string; labels: Record<string, string> };
  /** Instants at which it was killed for memory. */
  oom?: string[];
  throttledMs?: number;
  facts?: Partial<WorkloadFacts>;
  /** An init container that runs on beside the others. */
  sidecar?: true;
  /** Its tier is the configuration's word for its namespace, not its own. */
  tierByConfiguration?: true;
  expect: Expected;
}

/** Millicores and MiB, but VPA's memory, which is bytes. */
export interface Expected {
  class: string;
  cpu: number | null;
  memory: number | null;
  /** Where it is another than the request. */
  memoryLimit?: number;
  abstainedCpu?: string;
  abstainedMem?: string;
  reasons: string[];
  krr: { cpu: number | null; memory: number | null };
  vpa: { cpu: number; memory: number };
  cpuExceededPpm?: number;
  /** Part of the time above what was asked for then, where a case is about it. */
  cpuExceededNowPpm?: number;
}

const SHAPES = join(ROOT, "test/cases/shapes");
export const DAYS = 28;

/** Every case, by the name of its folder. */
export function shapes(): [string, Shape][] {
  return readdirSync(SHAPES)
    .toSorted()
    .map((name) => [
      name,
      JSON.parse(readFileSync(join(SHAPES, name, "case.json"), "utf8")) as Shape,
    ]);
}

/** A pod's samples. */
export interface PodSamples {
  pod: string;
  began: number;
  ended: number;
  rows: {
    at: number;
    seconds: number;
    cpu: number;
    mem: number;
    oom: number;
    restarts: number;
    throttled: number;
  }[];
}

const time = (iso: string) => Date.parse(iso.includes("T") ? iso : `${iso}T00:00:00Z`) / 1000;

function holds(one: Level, at: number, began: number): boolean {
  const hour = Math.floor(at / 3600) % 24;
  const weekday = (Math.floor(at / 86_400) + 4) % 7;
  const age = (at - began) / 60;
  return (
    (one.hours === undefined || (hour >= one.hours[0] && hour < one.hours[1])) &&
    (one.weekdays?.includes(weekday) ?? true) &&
    (one.every === undefined || (at / SLOT) % one.every === 0) &&
    (one.days === undefined || (at >= time(one.days[0]) && at < time(one.days[1]))) &&
    (one.age === undefined || (age >= one.age[0] && age < one.age[1]))
  );
}

function levelAt(levels: readonly Level[], at: number, began: number): number {
  const found = levels.findLast((one) => holds(one, at, began)) as Level;
  return found.level + (found.perDay ?? 0) * ((at - began) / 86_400);
}

/** The window a case is about, epoch seconds. */
export function windowOf(shape: Shape): { from: number; until: number } {
  const until = time(shape.until);
  return { from: until - DAYS * 86_400, until };
}

/** What a measured cluster would hold of the case. */
export function podsOf(shape: Shape): PodSamples[] {
  const window = windowOf(shape);
  const since = shape.since === undefined ? window.from : time(shape.since);
  const gone = shape.gone === undefined ? window.until : time(shape.gone);
  const spans: [from: number, until: number][] = [];
  if (shape.runs !== undefined)
    for (let at = since; at < gone; at += shape.runs.everyHours * 3600)
      spans.push([at, Math.min(gone, at + shape.runs.minutes * 60)]);
  else if (shape.podsByHour !== undefined) {
    const most = Math.max(...shape.podsByHour);
    for (let pod = 0; pod < most; pod++) {
      let from: number | null = null;
      for (let at = since; at <= gone; at += 3600) {
        const there =
          at < gone && pod < (shape.podsByHour[(at / 3600) % shape.podsByHour.length] as number);
        if (there) from ??= at;
        else if (from !== null) {
          spans.push([from, at]);
          from = null;
        }
      }
    }
  } else
    for (let pod = 0; pod < (shape.pods ?? 1); pod++)
      for (let at = since; at < gone; at += (shape.lives ?? 1e9) * 60)
        spans.push([at, Math.min(gone, at + (shape.lives ?? 1e9) * 60)]);
  const kills = (shape.oom ?? []).map(time);
  return spans.map(([began, ended], index) => {
    const rows: PodSamples["rows"] = [];
    let process = began;
    for (let at = began; at < ended; at += SLOT) {
      const again =
        shape.restarts !== undefined && at > began && (at - began) % (shape.restarts * 3600) === 0;
      const killed = kills.includes(at);
      if (again || killed) process = at;
      if ((at / SLOT) % 10 < (shape.missingOfTen ?? 0)) continue;
      if (shape.outage !== undefined && at >= time(shape.outage[0]) && at < time(shape.outage[1]))
        continue;
      rows.push({
        at,
        seconds: Math.min(SLOT, ended - at),
        cpu: Math.round(levelAt(shape.cpu, at, process) * 1000),
        mem: Math.round(levelAt(shape.memory, at, process) * 1_048_576),
        oom: killed ? 1 : 0,
        restarts: killed || again ? 1 : 0,
        throttled: shape.throttledMs ?? 0,
      });
    }
    return { pod: `pod-${String(index).padStart(5, "0")}`, began, ended, rows };
  });
}

/** What it asked for at a moment; the last of the window unless said. */
export function sizesOf(shape: Shape, at = Infinity) {
  const { resized } = shape;
  const request = resized !== undefined && at >= time(resized.on) ? resized.request : shape.request;
  const milli = (value: number | undefined) => (value === undefined ? -1 : value * 1000);
  const mib = (value: number | undefined) => (value === undefined ? -1 : value * 1_048_576);
  return {
    cpuRequest: milli(request?.cpu),
    memRequest: mib(request?.memory),
    cpuLimit: milli(shape.limit?.cpu),
    memLimit: mib(shape.limit?.memory),
  };
}

/** One pod that used so much CPU, five minutes after five minutes, and a byte of memory. */
export function cpuSeries(cpu: Uint32Array, seconds: Uint16Array): Series {
  const { length } = cpu;
  return {
    from: 0,
    slots: length,
    slot: Uint16Array.from({ length }, (_, slot) => slot),
    seconds,
    cpu,
    mem: new Float64Array(length).fill(1),
    throttled: new Uint32Array(0),
    pods: length === 0 ? [] : [{ pod: "pod", from: 0, until: length }],
    sizes: [],
    events: [],
  };
}

/** The case as a series. */
export function seriesOf(shape: Shape): Series {
  const window = windowOf(shape);
  const pods = podsOf(shape).filter((pod) => pod.rows.length > 0);
  const length = pods.reduce((sum, pod) => sum + pod.rows.length, 0);
  const series: Series = {
    from: window.from,
    slots: (window.until - window.from) / SLOT,
    slot: new Uint16Array(length),
    seconds: new Uint16Array(length),
    cpu: new Uint32Array(length),
    mem: new Float64Array(length),
    throttled: new Uint32Array(shape.throttledMs === undefined ? 0 : length),
    pods: [],
    sizes: [],
    events: [],
  };
  let at = 0;
  for (const { pod, rows } of pods) {
    series.sizes.push({ ...sizesOf(shape, rows[0]?.at), from: at });
    series.pods.push({ pod, from: at, until: at + rows.length });
    for (const row of rows) {
      if (shape.resized !== undefined && row.at === time(shape.resized.on))
        series.sizes.push({ ...sizesOf(shape), from: at });
      series.slot[at] = (row.at - window.from) / SLOT;
      series.seconds[at] = row.seconds;
      series.cpu[at] = row.cpu;
      series.mem[at] = row.mem;
      series.throttled[at] = row.throttled;
      if (row.oom + row.restarts > 0)
        series.events.push({ sample: at, oom: row.oom, restarts: row.restarts });
      at++;
    }
  }
  return series;
}

/** What Kubernetes would say of the case's workload. */
export function factsOf(shape: Shape): WorkloadFacts {
  const window = windowOf(shape);
  const pods = podsOf(shape);
  const begun = Math.min(...pods.map((pod) => pod.began));
  const missing = shape.outage === undefined ? 0 : time(shape.outage[1]) - time(shape.outage[0]);
  return {
    kind: shape.runs === undefined ? "Deployment" : "CronJob",
    tier: "balanced",
    optedOut: false,
    init: false,
    autoscaler: { cpu: "no", mem: "no", other: false },
    managedHeap: false,
    rollout: false,
    expectedSeconds: pods.reduce((sum, pod) => sum + pod.ended - pod.began, 0) - missing,
    clusterCoverage: Math.round((1 - missing / (window.until - begun)) * 1e6),
    runs: shape.runs === undefined ? 0 : pods.length,
    ...shape.facts,
  };
}
