import { instantiate } from "../../data/wasm.ts";
import { type FactSink, type FigureRows, USAGE_5M, USAGE_HOUR } from "./facts.ts";
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

/** Five minutes of a day, with room for what ends with the day, and the most hours it can touch. */
const BUCKETS = (24 * HOUR_MS) / BUCKET_MS + 1;
const HOURS = 25;
const PAGES = 80;

interface Kernel {
  stage(): number;
  five(): number;
  hours(): number;
  fiveCount(): number;
  hourCount(): number;
  fiveRoom(): number;
  hourRoom(): number;
  clearFives(): void;
  clearHours(): void;
  add(figure: number, first: number, count: number): void;
  raise(figure: number, first: number, count: number): void;
  weigh(figure: number, from: number, until: number, value: number): void;
  top(figure: number, from: number, until: number, value: number): void;
  figures(first: number, count: number, origin: number, counted: boolean): void;
}

/** Rows that are being collected. */
interface Collecting {
  columns: readonly Float64Array[];
  containers: number[];
  lengths: number[];
  rows: number;
  room: number;
}

/** Those that serve nobody now: each has a memory, which takes longer to make than a small day to reduce. */
const spare: UsageRows[] = [];

/** Makes `usage_5m` and `usage_hour`, container after container, and gives them to a sink many at a time. */
export class UsageRows {
  #sink: FactSink | undefined;
  readonly #kernel: Kernel;
  readonly #staged: Float64Array;
  readonly #five: Collecting;
  readonly #hour: Collecting;
  /**
   * Of the container that is reckoned: its first bucket, when that begins, and the bucket after its last. Not
   * closures: made anew for each container they were a fifth of all garbage.
   */
  #first = 0;
  #start = 0;
  #end = 0;

  /** Rows that go to a sink. */
  static to(sink: FactSink): UsageRows {
    const rows = spare.pop() ?? new UsageRows();
    rows.#sink = sink;
    return rows;
  }

  private constructor() {
    const memory = new WebAssembly.Memory({ initial: PAGES });
    const url = new URL("./usage.wasm", import.meta.url);
    const kernel = instantiate(url, memory) as unknown as Kernel;
    const collecting = (names: readonly string[], at: number, room: number): Collecting => ({
      columns: names.map(
        (_, column) => new Float64Array(memory.buffer, at + column * room * 8, room),
      ),
      containers: [],
      lengths: [],
      rows: 0,
      room,
    });
    this.#kernel = kernel;
    this.#staged = new Float64Array(memory.buffer, kernel.stage(), 2 * BUCKETS);
    this.#five = collecting(USAGE_5M, kernel.five(), kernel.fiveRoom());
    this.#hour = collecting(USAGE_HOUR, kernel.hours(), kernel.hourRoom());
  }

  /** Makes the rows of one container under the number it has in the sink. */
  write(measured: Measured, number: number, window: Window): void {
    const { present } = measured;
    if (present.length === 0) return;
    if (this.#five.rows + BUCKETS > this.#five.room) this.#giveFives();
    if (this.#hour.rows + HOURS > this.#hour.room) this.#giveHours();
    this.#figures(measured, window);
    note(this.#five, number, this.#kernel.fiveCount());
    note(this.#hour, number, this.#kernel.hourCount());
  }

  /** Gives the sink what was not given yet, and serves another. */
  end(): void {
    this.#giveFives();
    this.#giveHours();
    this.#sink = undefined;
    spare.push(this);
  }

  #giveFives(): void {
    if (this.#five.rows > 0) this.#sink?.usage5m(taken(this.#five));
    this.#kernel.clearFives();
  }

  #giveHours(): void {
    if (this.#hour.rows > 0) this.#sink?.usageHour(taken(this.#hour));
    this.#kernel.clearHours();
  }

  #figures(measured: Measured, { from: origin }: Window): void {
    const { container, present, reserved, received, sent, used } = measured;
    const { cpu, memory, throttled, oom, restarts } = container;
    this.#first = Math.floor(((present[0] as Run).from - origin) / BUCKET_MS);
    this.#end = Math.floor(((present.at(-1) as Run).until - 1 - origin) / BUCKET_MS) + 1;
    for (const parts of [cpu, memory, throttled, oom, restarts, received, sent]) this.#span(parts);
    this.#start = origin + this.#first * BUCKET_MS;
    this.#count(cpu, PLACE.cpu, PLACE.cpuMax);
    this.#count(memory, PLACE.memory, PLACE.memoryMax);
    this.#count(throttled, PLACE.throttled);
    this.#count(oom, PLACE.oom);
    this.#count(restarts, PLACE.restarts);
    this.#count(received, PLACE.received);
    this.#count(sent, PLACE.sent);
    this.#time(present, PLACE.there);
    this.#time(used, PLACE.measured);
    if (container.oomKilled.length > 0) {
      const day = { from: this.#start, until: origin + this.#end * BUCKET_MS, value: 1 };
      this.#time(intersect(union(container.oomKilled), [day]), PLACE.killed);
    }
    const { requests, limits } = container;
    const cpuRequest = intersect(setOf(requests, "cpu"), reserved);
    const memoryRequest = intersect(setOf(requests, "memory"), reserved);
    this.#top(cpuRequest, PLACE.cpuRequest);
    this.#weigh(cpuRequest, PLACE.cpuRequested);
    this.#top(memoryRequest, PLACE.memoryRequest);
    this.#weigh(memoryRequest, PLACE.memoryRequested);
    this.#weigh(intersect(setOf(requests, "nvidia_com_gpu"), reserved), PLACE.gpuRequested);
    this.#top(intersect(setOf(limits, "cpu"), present), PLACE.cpuLimit);
    this.#top(intersect(setOf(limits, "memory"), present), PLACE.memoryLimit);
    this.#kernel.figures(this.#first, this.#end - this.#first, origin / 1000, oom.length > 0);
  }

  /** Widens the buckets that are reckoned to those of parts. */
  #span(parts: readonly Part[]): void {
    for (const part of parts) {
      this.#first = Math.min(this.#first, part.first);
      this.#end = Math.max(this.#end, part.first + part.figures.length / 2);
    }
  }

  #count(parts: readonly Part[], sum: number, max?: number): void {
    for (const { figures, first } of parts) {
      this.#staged.set(figures);
      this.#kernel.add(sum, first - this.#first, figures.length / 2);
      if (max !== undefined) this.#kernel.raise(max, first - this.#first, figures.length / 2);
    }
  }

  #time(runs: readonly Run[], place: number): void {
    for (const { from, until } of runs)
      this.#kernel.weigh(place, from - this.#start, until - this.#start, 1);
  }

  #weigh(runs: readonly Run[], place: number): void {
    for (const { from, until, value } of runs)
      this.#kernel.weigh(place, from - this.#start, until - this.#start, value);
  }

  #top(runs: readonly Run[], place: number): void {
    for (const { from, until, value } of runs)
      this.#kernel.top(place, from - this.#start, until - this.#start, value);
  }
}

function note(collecting: Collecting, container: number, rows: number): void {
  if (rows === collecting.rows) return;
  collecting.containers.push(container);
  collecting.lengths.push(rows - collecting.rows);
  collecting.rows = rows;
}

function taken(collecting: Collecting): FigureRows {
  const { columns, containers, lengths, rows } = collecting;
  collecting.containers = [];
  collecting.lengths = [];
  collecting.rows = 0;
  return { columns, containers, lengths, rows };
}
