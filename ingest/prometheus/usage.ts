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

  #figures(measured: Measured, window: Window): void {
    const kernel = this.#kernel;
    const { container, present, reserved } = measured;
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
        this.#staged.set(figures);
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
    kernel.figures(first, end - first, origin / 1000, container.oom.length > 0);
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
