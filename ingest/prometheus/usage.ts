import { instantiate } from "../../data/wasm.ts";
import { type FactSink, USAGE_5M, USAGE_HOUR } from "./facts.ts";
import type { Part } from "./parts.ts";
import { type Container, type Pod, setOf } from "./pods.ts";
import { BUCKET_MS, HOUR_MS, intersect, type Run, union, type Window } from "./runs.ts";

/** What one container's figures are made from; parts are settled. */
export interface Measured {
  pod: Pod;
  container: Container;
  /** When its use was measured. */
  used: Run[];
  /** When it was there, as far as anybody saw: measured, or its requests counted. */
  present: Run[];
  /** When its requests counted: in phase Running, on a node that was measured. */
  reserved: Run[];
  /** The pod's network, on its first container only. */
  received: readonly Part[];
  sent: readonly Part[];
}

/** What is known of a container by five minutes, in the order of `assembly/usage.ts`. */
const INPUT = [
  /** Core-seconds, and cores at most. */
  "cpu",
  "cpuMax",
  /** Byte-milliseconds, and bytes at most. */
  "memory",
  "memoryMax",
  "throttled",
  "restarts",
  "oom",
  "received",
  "sent",
  /** Milliseconds in which its last end was a kill, it was there, and was measured. */
  "killed",
  "there",
  "measured",
  /** The highest request, and request × milliseconds. */
  "cpuRequest",
  "cpuRequested",
  "memoryRequest",
  "memoryRequested",
  "gpuRequested",
  "cpuLimit",
  "memoryLimit",
] as const;
type Input = (typeof INPUT)[number];
const PLACE = Object.fromEntries(INPUT.map((name, place) => [name, place])) as Record<
  Input,
  number
>;

/** Five minutes and hours of a day, each with room for what ends with the day. */
const BUCKETS = (24 * HOUR_MS) / BUCKET_MS + 1;
const HOURS = 25;
const PAGES = 4;

interface Kernel {
  stage(): number;
  five(): number;
  hours(): number;
  hourCount(): number;
  add(figure: number, first: number, count: number): void;
  raise(figure: number, first: number, count: number): void;
  weigh(figure: number, from: number, until: number, value: number): void;
  top(figure: number, from: number, until: number, value: number): void;
  figures(first: number, count: number, origin: number, counted: boolean): number;
}

const memory = new WebAssembly.Memory({ initial: PAGES });
const kernel = instantiate(new URL("./usage.wasm", import.meta.url), memory) as unknown as Kernel;
const staged = new Float64Array(memory.buffer, kernel.stage(), 2 * BUCKETS);
const FIVE = USAGE_5M.map(
  (_, column) => new Float64Array(memory.buffer, kernel.five() + column * BUCKETS * 8, BUCKETS),
);
const HOURLY = USAGE_HOUR.map(
  (_, column) => new Float64Array(memory.buffer, kernel.hours() + column * HOURS * 8, HOURS),
);

/** Writes `usage_5m` and `usage_hour` of one container under the number it has in the sink. */
export function writeUsage(
  measured: Measured,
  number: number,
  window: Window,
  sink: FactSink,
): void {
  const { container, present, reserved } = measured;
  if (present.length === 0) return;
  const { from: origin } = window;
  const cellOf = (at: number) => Math.floor((at - origin) / BUCKET_MS);
  let first = cellOf((present[0] as Run).from);
  let end = cellOf((present.at(-1) as Run).until - 1) + 1;
  const counted: [sum: Input, max: Input | null, parts: readonly Part[]][] = [
    ["cpu", "cpuMax", container.cpu],
    ["memory", "memoryMax", container.memory],
    ["throttled", null, container.throttled],
    ["oom", null, container.oom],
    ["restarts", null, container.restarts],
    ["received", null, measured.received],
    ["sent", null, measured.sent],
  ];
  for (const [, , parts] of counted)
    for (const part of parts) {
      first = Math.min(first, part.first);
      end = Math.max(end, part.first + part.figures.length / 2);
    }
  const start = origin + first * BUCKET_MS;
  for (const [sum, max, parts] of counted)
    for (const { figures, first: from } of parts) {
      staged.set(figures);
      kernel.add(PLACE[sum], from - first, figures.length / 2);
      if (max !== null) kernel.raise(PLACE[max], from - first, figures.length / 2);
    }
  const timed = (name: Input, runs: readonly Run[]) => {
    for (const { from, until } of runs) kernel.weigh(PLACE[name], from - start, until - start, 1);
  };
  timed("there", present);
  timed("measured", measured.used);
  if (container.oomKilled.length > 0)
    timed(
      "killed",
      intersect(union(container.oomKilled), [
        { from: start, until: origin + end * BUCKET_MS, value: 1 },
      ]),
    );
  const tops = (name: Input, runs: readonly Run[]) => {
    for (const { from, until, value } of runs)
      kernel.top(PLACE[name], from - start, until - start, value);
  };
  const weighed = (name: Input, runs: readonly Run[]) => {
    for (const { from, until, value } of runs)
      kernel.weigh(PLACE[name], from - start, until - start, value);
  };
  const request = (resource: string) => intersect(setOf(container.requests, resource), reserved);
  const limit = (resource: string) => intersect(setOf(container.limits, resource), present);
  const cpu = request("cpu");
  const bytes = request("memory");
  tops("cpuRequest", cpu);
  weighed("cpuRequested", cpu);
  tops("memoryRequest", bytes);
  weighed("memoryRequested", bytes);
  weighed("gpuRequested", request("nvidia_com_gpu"));
  tops("cpuLimit", limit("cpu"));
  tops("memoryLimit", limit("memory"));
  const rows = kernel.figures(first, end - first, origin / 1000, container.oom.length > 0);
  const hours = kernel.hourCount();
  if (rows > 0) sink.usage5m(number, FIVE, rows);
  if (hours > 0) sink.usageHour(number, HOURLY, hours);
}
