import { createReadStream } from "node:fs";
import { parse } from "csv-parse";
import { AppError } from "../../data/errors.ts";
import type { WorkloadFacts } from "../findings/recommend/recommend.ts";
import { DAY_SLOTS, MOST_CPU, NO_SIZES, type Series, SLOT } from "../findings/recommend/series.ts";
import type { Tier } from "../findings/settings.ts";
import type { History } from "./replay.ts";

/**
 * A series a user brings: CSV with a header and the columns `timestamp` (ISO 8601 or epoch seconds),
 * `workload`, `cpu` (cores), `memory` (bytes), and if they like `request` (cores) and `pod`. Samples of
 * one five minutes are one: the average of CPU and the most of memory. Where samples are further apart
 * than that, each holds until the next one is due.
 */
const COLUMNS = ["timestamp", "workload", "cpu", "memory"] as const;
const OPTIONAL = ["request", "pod"] as const;

const FACTS: Omit<WorkloadFacts, "expectedSeconds" | "clusterCoverage"> = {
  kind: "Deployment",
  tier: "balanced",
  optedOut: false,
  init: false,
  autoscaler: null,
  managedHeap: null,
  rollout: false,
  runs: 0,
};

/** Slots of a pod: time as slots since 1970, sums and counts. */
interface PodSlots {
  slots: number[];
  cpu: number[];
  count: number[];
  mem: number[];
  request: number;
}

/** Reads the file; histories by workload, all over one window of whole days. */
export async function readSeriesFile(file: string, tier: Tier): Promise<History[]> {
  const workloads = new Map<string, Map<string, PodSlots>>();
  const parser = createReadStream(file).pipe(
    parse({
      bom: true,
      columns: (header: string[]) => headerOf(file, header),
      skip_empty_lines: true,
      info: true,
    }),
  );
  let step = Infinity;
  let lastKey = "";
  let lastTime = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: Record<string, string>;
      info: { lines: number };
    }>) {
      const at = `${file}:${info.lines}`;
      const time = timeOf(at, record["timestamp"] ?? "");
      const workload = record["workload"] ?? "";
      const pod = record["pod"] ?? "";
      const cpu = Math.min(MOST_CPU, Math.round(numberOf(at, "cpu", record["cpu"]) * 1e6));
      const mem = numberOf(at, "memory", record["memory"]);
      const key = `${workload}\n${pod}`;
      if (key === lastKey && time > lastTime) step = Math.min(step, time - lastTime);
      lastKey = key;
      lastTime = time;
      put(workloads, workload, pod, Math.floor(time / SLOT), cpu, mem, requestOf(at, record));
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new AppError(
      "BAD_PARAMETER",
      code === "ENOENT"
        ? `--series ${file}: there is no such file`
        : `--series ${file}: ${message}`,
      { cause: error },
    );
  }
  if (workloads.size === 0)
    throw new AppError("BAD_PARAMETER", `--series ${file}: it has a header and no rows`);
  const hold = Number.isFinite(step) ? Math.max(1, Math.round(step / SLOT)) : 1;
  return historiesOf(workloads, hold, tier);
}

function headerOf(file: string, header: readonly string[]): string[] {
  const names = header.map((name) => name.trim().toLowerCase());
  const missing = COLUMNS.filter((name) => !names.includes(name));
  if (missing.length > 0)
    throw new AppError(
      "BAD_PARAMETER",
      `--series ${file}:1: no column ${missing.join(", ")}; it needs ${COLUMNS.join(", ")} and may have ${OPTIONAL.join(", ")}`,
    );
  return names;
}

function timeOf(at: string, text: string): number {
  const time = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text) / 1000;
  // Milliseconds since 1970 would be some day in the year 50,000.
  if (Number.isNaN(time) || time > 1e11)
    throw new AppError(
      "BAD_PARAMETER",
      `${at}: timestamp "${text}" is neither an ISO 8601 time nor epoch seconds`,
    );
  return time;
}

function numberOf(at: string, name: string, text: string | undefined): number {
  const value = Number(text);
  if (text === undefined || text.trim() === "" || !Number.isFinite(value) || value < 0)
    throw new AppError(
      "BAD_PARAMETER",
      `${at}: ${name} "${text ?? ""}" is not a number of ${name === "memory" ? "bytes" : "cores"}`,
    );
  return value;
}

function requestOf(at: string, record: Readonly<Record<string, string>>): number {
  const text = record["request"];
  return text === undefined || text === "" ? -1 : Math.round(numberOf(at, "request", text) * 1e6);
}

function put(
  workloads: Map<string, Map<string, PodSlots>>,
  workload: string,
  pod: string,
  slot: number,
  cpu: number,
  mem: number,
  request: number,
): void {
  let pods = workloads.get(workload);
  if (pods === undefined) workloads.set(workload, (pods = new Map()));
  let found = pods.get(pod);
  if (found === undefined)
    pods.set(pod, (found = { slots: [], cpu: [], count: [], mem: [], request: -1 }));
  found.request = request;
  const last = found.slots.length - 1;
  if (found.slots[last] === slot) {
    found.cpu[last] = (found.cpu[last] as number) + cpu;
    found.count[last] = (found.count[last] as number) + 1;
    found.mem[last] = Math.max(found.mem[last] as number, mem);
    return;
  }
  found.slots.push(slot);
  found.cpu.push(cpu);
  found.count.push(1);
  found.mem.push(mem);
}

function historiesOf(
  workloads: Map<string, Map<string, PodSlots>>,
  hold: number,
  tier: Tier,
): History[] {
  let first = Infinity;
  let last = -Infinity;
  for (const pods of workloads.values())
    for (const { slots } of pods.values())
      for (const slot of slots) {
        if (slot < first) first = slot;
        if (slot > last) last = slot;
      }
  // Whole UTC days, since hours of the day and the day's end are what the rules speak of.
  const from = Math.floor(first / DAY_SLOTS) * DAY_SLOTS;
  const slots = Math.ceil((last + 1 - from) / DAY_SLOTS) * DAY_SLOTS;
  if (slots > 65_535)
    throw new AppError(
      "BAD_PARAMETER",
      `--series: the file spans ${slots / DAY_SLOTS} days; 227 are the most`,
    );
  return [...workloads.values()].map((pods) => ({
    series: seriesOf(pods, from, slots, hold),
    facts: { ...FACTS, tier },
    containers: 1,
  }));
}

function seriesOf(pods: Map<string, PodSlots>, from: number, slots: number, hold: number): Series {
  const most = [...pods.values()].reduce((sum, pod) => sum + pod.slots.length * hold, 0);
  const series: Series = {
    from: from * SLOT,
    slots,
    slot: new Uint16Array(most),
    seconds: new Uint16Array(most).fill(SLOT),
    cpu: new Uint32Array(most),
    mem: new Float64Array(most),
    pods: [],
    sizes: [],
    throttled: new Uint32Array(0),
    events: [],
  };
  let at = 0;
  for (const [pod, found] of pods) {
    const begin = at;
    const order = found.slots.map((_, index) => index);
    order.sort((a, b) => (found.slots[a] as number) - (found.slots[b] as number));
    for (const [place, index] of order.entries()) {
      const slot = found.slots[index] as number;
      const next = found.slots[order[place + 1] ?? -1] ?? Infinity;
      for (let held = 0; held < hold && slot + held < next && slot + held < from + slots; held++) {
        series.slot[at] = slot + held - from;
        series.cpu[at] = Math.round((found.cpu[index] as number) / (found.count[index] as number));
        series.mem[at] = found.mem[index] as number;
        at++;
      }
    }
    series.sizes.push({ ...NO_SIZES, cpuRequest: found.request, from: begin });
    if (at > begin) series.pods.push({ pod, from: begin, until: at });
  }
  return series;
}
