import { setImmediate } from "node:timers/promises";
import { Arena } from "../../../data/arena.ts";
import {
  PageRoom,
  ParquetReader,
  type RowGroup,
  type Runs,
  type TextRuns,
} from "../../../data/parquet-read.ts";
import { instantiate } from "../../../data/wasm.ts";
import { type Sizes, SLOT } from "./series.ts";

/**
 * Reads the five minutes of one part of a cluster's window into memory, run by run: rows of one container
 * under one set of sizes, in time order. Knows nothing of workloads, so that a thread can do it.
 */

/** A container of a pod, whatever its requests. */
export interface Track {
  namespace: string;
  pod: string;
  podUid: string;
  container: string;
}

/** Which part of the namespaces, and of how many. */
export interface Part {
  part: number;
  of: number;
}

/** What is read: files of `usage_5m`; where two measured one pod, the first counts. */
export interface Asked {
  files: readonly string[];
  /** Epoch seconds of slot 0, and how many slots. */
  from: number;
  slots: number;
  part: Part;
}

/** The numbers of a run, in `runs` of `Held`: slots are its first and its last. */
export const RUN = {
  track: 0,
  sizes: 1,
  address: 2,
  count: 3,
  flags: 4,
  slot: 5,
  last: 6,
  each: 7,
} as const;
/** In the flags of a run: some of it was throttled. */
export const THROTTLED = 8;
/** Bytes of a sample at most. */
const WIDEST = 20;

/** A part of a cluster's samples in memory; all but the memory is plain and can be sent. */
export interface Held {
  memory: WebAssembly.Memory;
  /** What lies above is free. */
  top: number;
  tracks: Track[];
  sizes: Sizes[];
  /** Of each run the numbers of `RUN`, in the order they were read. */
  runs: Float64Array;
  /** What happened, by run and by sample of it. */
  events: { run: number; sample: number; oom: number; restarts: number }[];
  /** 1 for each slot of which the part has any sample. */
  present: Uint8Array;
  samples: number;
}

/** The loops of `assembly/shared/samples.ts`. */
export interface SampleLoops {
  firstSlot(): number;
  lastSlot(): number;
  survey(
    row: number,
    until: number,
    times: number,
    seconds: number,
    bytes: number,
    throttled: number,
    from: number,
    slots: number,
    present: number,
  ): number;
  keep(
    row: number,
    count: number,
    flags: number,
    times: number,
    seconds: number,
    cpu: number,
    bytes: number,
    throttled: number,
    from: number,
    out: number,
  ): number;
  upTo(run: number, count: number, flags: number, begin: number, slot: number): number;
  gather(
    run: number,
    count: number,
    flags: number,
    begin: number,
    skip: number,
    at: number,
    slot: number,
    seconds: number,
    cpu: number,
    bytes: number,
    throttled: number,
  ): void;
}

export const sampleLoops = (memory: WebAssembly.Memory): SampleLoops =>
  instantiate(new URL("../samples.wasm", import.meta.url), memory) as unknown as SampleLoops;

const NUMBERS = ["at", "cpu_avg", "mem_max", "throttled_ms"] as const;

/** Reads numbers of runs from the first row to the last. */
class Cursor {
  readonly #starts: readonly number[];
  readonly #values: readonly number[];
  #run = 0;
  constructor(starts: readonly number[], values: readonly number[]) {
    this.#starts = starts;
    this.#values = values;
  }
  at(row: number): number {
    while ((this.#starts[this.#run + 1] ?? Infinity) <= row) this.#run++;
    return this.#values[this.#run] as number;
  }
}

/** The same of texts. */
class Texts {
  readonly #runs: TextRuns;
  readonly #words: Cursor;
  #word = -1;
  #text = "";
  constructor(runs: TextRuns) {
    this.#runs = runs;
    this.#words = new Cursor(runs.starts, runs.words);
  }
  at(row: number): string {
    const word = this.#words.at(row);
    if (word !== this.#word) {
      this.#word = word;
      this.#text = this.#runs.text(word);
    }
    return this.#text;
  }
}

/** Whose the rows of a group are, and what they ask for. */
interface Named {
  namespace: Texts;
  pod: Texts;
  podUid: Texts;
  container: Texts;
  cpuRequest: Cursor;
  memRequest: Cursor;
  cpuLimit: Cursor;
  memLimit: Cursor;
}

/** A column of a row group by its name; one that was not written yet when the day landed says nothing. */
class Columns {
  readonly #file: ParquetReader;
  readonly group: RowGroup;
  constructor(file: ParquetReader, group: RowGroup) {
    this.#file = file;
    this.group = group;
  }
  texts(name: string): TextRuns {
    const place = this.#file.place(name);
    if (place === null) throw this.#file.damaged(`it has no column ${name}`);
    return this.group.texts(place);
  }
  runs(name: string, nothing: number): Runs<number> {
    const place = this.#file.place(name);
    return place === null ? { starts: [0], values: [nothing] } : this.group.runs(place, nothing);
  }
  numbers(name: string, into: number): void {
    const { rows } = this.group;
    const place = this.#file.place(name);
    if (place === null) new Float64Array(this.#file.room.arena.buffer, into, rows).fill(0);
    else this.group.numbers(place, into, 0);
  }
}

/** Reads one part after another into the same memory: what was held before is gone. */
export class PartReader {
  readonly #arena = new Arena();
  readonly #room = new PageRoom(this.#arena);
  readonly #loops = sampleLoops(this.#arena.memory);
  readonly #bottom = this.#arena.top;
  /** Addresses of a group's columns, and rows that fit. */
  #lanes: number[] = [];
  #rows = 0;
  #tracks: Track[] = [];
  #places = new Map<string, number>();
  #sizes: Sizes[] = [];
  #sizesBy = new Map<string, number>();
  #runs = new Float64Array(RUN.each * 1024);
  #length = 0;
  #events: Held["events"] = [];
  #present = 0;
  #samples = 0;

  async read(asked: Asked, signal?: AbortSignal): Promise<Held> {
    this.#arena.release(this.#bottom);
    this.#room.reset();
    this.#rows = 0;
    this.#tracks = [];
    this.#places.clear();
    this.#sizes = [];
    this.#sizesBy.clear();
    this.#length = 0;
    this.#events = [];
    this.#samples = 0;
    this.#present = this.#arena.reserve(asked.slots);
    new Uint8Array(this.#arena.buffer, this.#present, asked.slots).fill(0);
    for (const path of asked.files) {
      const file = new ParquetReader(path, this.#room);
      try {
        for (const group of file.groups) this.#take(new Columns(file, group), asked);
      } finally {
        file.close();
      }
      await setImmediate();
      signal?.throwIfAborted();
    }
    return {
      memory: this.#arena.memory,
      top: this.#arena.top,
      tracks: this.#tracks,
      sizes: this.#sizes,
      runs: this.#runs.slice(0, this.#length * RUN.each),
      events: this.#events,
      present: new Uint8Array(this.#arena.buffer, this.#present, asked.slots).slice(),
      samples: this.#samples,
    };
  }

  /** Finds the runs of a group. Rows of other parts, and of times outside the window, are moved over. */
  #take(columns: Columns, { from, slots, part: { part, of } }: Asked): void {
    const { rows } = columns.group;
    this.#widen(rows);
    const [times = 0, cpu = 0, bytes = 0, throttled = 0, seconds = 0] = this.#lanes;
    const starts = new Set<number>([rows]);
    const noted = <T extends { starts: number[] }>(runs: T) => {
      for (const start of runs.starts) starts.add(start);
      return runs;
    };
    const texts = (name: string) => new Texts(noted(columns.texts(name)));
    const size = (name: string) => {
      const runs = noted(columns.runs(name, -1));
      return new Cursor(runs.starts, runs.values);
    };
    const named: Named = {
      namespace: texts("namespace"),
      pod: texts("pod"),
      podUid: texts("pod_uid"),
      container: texts("container"),
      cpuRequest: size("cpu_request"),
      memRequest: size("mem_request"),
      cpuLimit: size("cpu_limit"),
      memLimit: size("mem_limit"),
    };
    this.#seconds(columns, seconds);
    for (const [lane, name] of NUMBERS.entries())
      columns.numbers(name, this.#lanes[lane] as number);
    const kept: [start: number, until: number][] = [];
    const first = this.#length;
    let row = 0;
    for (const until of [...starts].sort((a, b) => a - b)) {
      if (row < until && of > 1 && partOf(named.namespace.at(row), of) !== part) row = until;
      while (row < until) {
        const found = this.#loops.survey(
          row,
          until,
          times,
          seconds,
          bytes,
          throttled,
          from,
          slots,
          this.#present,
        );
        const [count, flags] = [found & 0xfffffff, found >>> 28];
        if (count === 0) {
          row++;
          continue;
        }
        const address = this.#arena.reserve((count + 8) * WIDEST);
        const end = this.#loops.keep(
          row,
          count,
          flags,
          times,
          seconds,
          cpu,
          bytes,
          throttled,
          from,
          address,
        );
        this.#arena.release(end >>> 0);
        this.#keep(named, row, [address, count, flags]);
        kept.push([row, row + count]);
        row += count;
      }
    }
    this.#mark(columns, kept, first);
  }

  /** Makes room for the columns of so many rows. */
  #widen(rows: number): void {
    if (rows <= this.#rows) return;
    this.#rows = rows;
    this.#lanes = NUMBERS.map(() => this.#arena.reserve(rows * 8));
    this.#lanes.push(this.#arena.reserve(rows * 2));
  }

  #seconds(columns: Columns, into: number): void {
    const { rows } = columns.group;
    const lane = new Uint16Array(this.#arena.buffer, into, rows);
    const { starts, values } = columns.runs("seconds", 0);
    for (const [run, start] of starts.entries())
      lane.fill(Math.min(values[run] as number, SLOT), start, starts[run + 1] ?? rows);
  }

  #keep(
    named: Named,
    row: number,
    [address, count, flags]: readonly [address: number, count: number, flags: number],
  ): void {
    const [podUid, container] = [named.podUid.at(row), named.container.at(row)];
    const key = `${podUid}\n${container}`;
    let track = this.#places.get(key);
    if (track === undefined) {
      const [namespace, pod] = [named.namespace.at(row), named.pod.at(row)];
      track = this.#tracks.push({ namespace, pod, podUid, container }) - 1;
      this.#places.set(key, track);
    }
    const { cpuRequest, memRequest, cpuLimit, memLimit } = named;
    const [a, b, c, d] = [
      cpuRequest.at(row),
      memRequest.at(row),
      cpuLimit.at(row),
      memLimit.at(row),
    ];
    const asked = `${a} ${b} ${c} ${d}`;
    let size = this.#sizesBy.get(asked);
    if (size === undefined) {
      size = this.#sizes.push({ cpuRequest: a, memRequest: b, cpuLimit: c, memLimit: d }) - 1;
      this.#sizesBy.set(asked, size);
    }
    const at = this.#length++ * RUN.each;
    if (at === this.#runs.length) {
      const more = new Float64Array(at * 2);
      more.set(this.#runs);
      this.#runs = more;
    }
    const runs = this.#runs;
    runs[at + RUN.track] = track;
    runs[at + RUN.sizes] = size;
    runs[at + RUN.address] = address;
    runs[at + RUN.count] = count;
    runs[at + RUN.flags] = flags;
    runs[at + RUN.slot] = this.#loops.firstSlot();
    runs[at + RUN.last] = this.#loops.lastSlot();
    this.#samples += count;
  }

  /** Notes kills and restarts of rows that were kept, the first of which made run `first`. */
  #mark(columns: Columns, kept: readonly [start: number, until: number][], first: number): void {
    const found = new Map<number, { oom: number; restarts: number }>();
    for (const [kind, name] of [
      ["oom", "oom_kills"],
      ["restarts", "restarts"],
    ] as const) {
      const { starts, values } = columns.runs(name, 0);
      for (const [run, start] of starts.entries()) {
        const value = Math.min(values[run] as number, 65_535);
        if (value === 0) continue;
        const until = starts[run + 1] ?? columns.group.rows;
        for (let row = start; row < until; row++) {
          const event = found.get(row) ?? { oom: 0, restarts: 0 };
          event[kind] = value;
          found.set(row, event);
        }
      }
    }
    let run = 0;
    for (const [row, event] of [...found].sort(([a], [b]) => a - b)) {
      while ((kept[run]?.[1] ?? Infinity) <= row) run++;
      const start = kept[run]?.[0] ?? Infinity;
      if (row >= start) this.#events.push({ run: first + run, sample: row - start, ...event });
    }
  }
}

/** Which of so many parts a namespace is in (FNV-1a). */
function partOf(namespace: string, of: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < namespace.length; index++)
    hash = Math.imul(hash ^ namespace.charCodeAt(index), 0x01000193) >>> 0;
  return hash % of;
}
