import { setImmediate } from "node:timers/promises";
import { ParquetReader, type RowGroup, type Runs } from "../../../data/parquet-read.ts";
import { MOST_CPU, NO_SIZES, type Series, type Sizes, SLOT } from "./series.ts";

/** Reads a window's five minutes once and hands out one container's series after another. */

/** Samples of a block; all blocks together hold one part of a cluster. */
const BLOCK = 1 << 21;
/** Samples held at once, about 20 bytes each; a cluster with more is read in parts. */
export const HELD_SAMPLES = 120_000_000;

class Block {
  readonly slot = new Uint16Array(BLOCK);
  readonly seconds = new Uint16Array(BLOCK);
  readonly cpu = new Uint32Array(BLOCK);
  readonly mem = new Float64Array(BLOCK);
}
const BLOCK_COLUMNS = ["slot", "seconds", "cpu", "mem"] as const;

/** A container of a pod, whatever its requests. */
export interface Track {
  namespace: string;
  pod: string;
  podUid: string;
  container: string;
}

interface Run {
  track: number;
  sizes: Sizes;
  /** Places of its samples, and the slot of the first. */
  from: number;
  until: number;
  slot: number;
}

/** Which part of the namespaces, and of how many. */
export interface Part {
  part: number;
  of: number;
}

const TEXTS = ["namespace", "pod", "pod_uid", "container"] as const;
const SIZES = ["cpu_request", "mem_request", "cpu_limit", "mem_limit"] as const;
const MARKS = ["throttled_ms", "oom_kills", "restarts"] as const;

/** Reads runs from the first row to the last. */
class Cursor<T> {
  readonly #runs: Runs<T>;
  #run = 0;
  constructor(runs: Runs<T>) {
    this.#runs = runs;
  }
  at(row: number): T {
    while ((this.#runs.starts[this.#run + 1] ?? Infinity) <= row) this.#run++;
    return this.#runs.values[this.#run] as T;
  }
}

/** A column of a row group by its name; one that was not written yet when the day landed says nothing. */
class Columns {
  readonly #file: ParquetReader;
  readonly #group: RowGroup;
  constructor(file: ParquetReader, group: RowGroup) {
    this.#file = file;
    this.#group = group;
  }
  texts(name: (typeof TEXTS)[number]): Runs<string> {
    const place = this.#file.place(name);
    if (place === null) throw this.#file.damaged(`it has no column ${name}`);
    return this.#group.texts(place);
  }
  runs(name: string, nothing: number): Runs<number> {
    const place = this.#file.place(name);
    return place === null ? { starts: [0], values: [nothing] } : this.#group.runs(place, nothing);
  }
  numbers(name: string, into: Float64Array): void {
    const place = this.#file.place(name);
    if (place === null) into.fill(0, 0, this.#group.rows);
    else this.#group.numbers(place, into, 0);
  }
}

/** What happened in samples, in the order of their places; columns that grow. */
class Events {
  length = 0;
  at = new Float64Array(1024);
  throttled = new Uint32Array(1024);
  ends = new Uint32Array(1024);
  add(at: number, throttled: number, oom: number, restarts: number): void {
    if (this.length === this.at.length) this.#grow();
    this.at[this.length] = at;
    this.throttled[this.length] = Math.min(throttled, MOST_CPU);
    this.ends[this.length++] = Math.min(oom, 65_535) * 65_536 + Math.min(restarts, 65_535);
  }
  #grow(): void {
    const { at, throttled, ends } = this;
    this.at = new Float64Array(at.length * 2);
    this.throttled = new Uint32Array(at.length * 2);
    this.ends = new Uint32Array(at.length * 2);
    this.at.set(at);
    this.throttled.set(throttled);
    this.ends.set(ends);
  }
  /** The first at or after a place. */
  firstFrom(place: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.at[middle] as number) < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The samples of one part of a cluster's window, in memory; used again for the next part. */
export class Samples {
  readonly #blocks: Block[] = [];
  #length = 0;
  #runs: Run[] = [];
  readonly tracks: Track[] = [];
  readonly #events = new Events();
  /** 1 for each slot of which the part has any sample. */
  present = new Uint8Array(0);
  readonly #places = new Map<string, number>();
  // Of the group that is read; used again for the next.
  #numbers = new Float64Array(0);
  #marks = new Uint8Array(0);
  #texts: Cursor<string>[] = [];
  #sizes: Cursor<number>[] = [];
  #kept: [start: number, until: number, place: number][] = [];

  /**
   * @param files `usage_5m` of the window; where two measured one pod, the first counts
   * @param window epoch seconds, and the slots between
   */
  async read(
    files: readonly string[],
    window: { from: number; slots: number },
    part: Part,
    signal: AbortSignal,
  ): Promise<void> {
    this.#length = 0;
    this.#runs = [];
    this.#events.length = 0;
    this.tracks.length = 0;
    this.#places.clear();
    this.present = new Uint8Array(window.slots);
    for (const path of files) {
      const file = new ParquetReader(path);
      for (const group of file.groups)
        this.#take(new Columns(file, group), group.rows, window, part);
      await setImmediate();
      signal.throwIfAborted();
    }
  }

  get length(): number {
    return this.#length;
  }

  /** Puts the rows of a group that are of this part into a block, run by run. */
  #take(columns: Columns, rows: number, window: { from: number; slots: number }, part: Part): void {
    // A group is never divided: what is left of a block stays empty.
    if ((this.#length % BLOCK) + rows > BLOCK) this.#length += BLOCK - (this.#length % BLOCK);
    const index = Math.floor(this.#length / BLOCK);
    if (index === this.#blocks.length) this.#blocks.push(new Block());
    const block = this.#blocks[index] as Block;
    const first = this.#length % BLOCK;
    const begins = this.#begins(columns, rows);
    columns.numbers("mem_max", block.mem.subarray(first));
    if (this.#numbers.length < rows) this.#numbers = new Float64Array(rows);
    const numbers = this.#numbers;
    columns.numbers("cpu_avg", numbers);
    const { cpu } = block;
    for (let row = 0; row < rows; row++) {
      const used = numbers[row] as number;
      cpu[first + row] = used > MOST_CPU ? MOST_CPU : used;
    }
    const seconds = columns.runs("seconds", 0);
    for (const [run, start] of seconds.starts.entries())
      block.seconds.fill(
        Math.min(seconds.values[run] as number, SLOT),
        first + start,
        first + (seconds.starts[run + 1] ?? rows),
      );
    columns.numbers("at", numbers);
    this.#place(block, index * BLOCK + first, numbers, begins, rows, window, part);
    this.#mark(columns, rows);
  }

  /** Where a row is of another container, or of other sizes, than the one before. */
  #begins(columns: Columns, rows: number): Uint8Array {
    if (this.#marks.length < rows) this.#marks = new Uint8Array(rows);
    const begins = this.#marks.fill(0, 0, rows);
    const marked = <T>(runs: Runs<T>) => {
      for (const start of runs.starts) begins[start] = 1;
      return new Cursor(runs);
    };
    this.#texts = TEXTS.map((name) => marked(columns.texts(name)));
    this.#sizes = SIZES.map((name) => marked(columns.runs(name, -1)));
    return begins;
  }

  /**
   * Finds runs: rows of one container under one set of sizes, in time order. Rows of other parts, and
   * of times outside the window, are moved over.
   */
  #place(
    block: Block,
    base: number,
    times: Float64Array,
    begins: Uint8Array,
    rows: number,
    window: { from: number; slots: number },
    { part, of }: Part,
  ): void {
    const { from, slots } = window;
    const first = base % BLOCK;
    const { present } = this;
    const { slot: places } = block;
    this.#kept = [];
    let length = 0;
    let isOurs = false;
    for (let row = 0; row < rows;) {
      if (begins[row] === 1)
        isOurs = of === 1 || partOf((this.#texts[0] as Cursor<string>).at(row), of) === part;
      const start = row;
      let last = -1;
      if (isOurs)
        do {
          const slot = ((times[row] as number) - from) / SLOT;
          if (slot <= last || slot >= slots) break;
          last = slot;
          present[slot] = 1;
          places[first + row++] = slot;
        } while (row < rows && begins[row] === 0);
      if (row === start) row++;
      else {
        this.#keep(block, first, start, row, base + length);
        length += row - start;
      }
    }
    this.#length = base + length;
  }

  /** Puts rows [start, until) of the group to their place, as one run. */
  #keep(block: Block, first: number, start: number, until: number, place: number): void {
    if (first + start !== place % BLOCK)
      for (const name of BLOCK_COLUMNS)
        block[name].copyWithin(place % BLOCK, first + start, first + until);
    this.#kept.push([start, until, place]);
    const [cpuRequest = -1, memRequest = -1, cpuLimit = -1, memLimit = -1] = this.#sizes.map(
      (sizes) => sizes.at(start),
    );
    this.#runs.push({
      track: this.#track(start),
      sizes: { cpuRequest, memRequest, cpuLimit, memLimit },
      from: place,
      until: place + until - start,
      slot: block.slot[place % BLOCK] as number,
    });
  }

  /** Notes what happened in the rows that were kept. */
  #mark(columns: Columns, rows: number): void {
    const marks = MARKS.map((name) => columns.runs(name, 0));
    const at = marks.map(() => 0);
    // Of each column the run of anything at or after the row before; rows one after another over them all.
    let kept = 0;
    for (let row = -1; ;) {
      let next = rows;
      for (const [kind, { starts, values }] of marks.entries()) {
        let run = at[kind] as number;
        while (run < starts.length && (values[run] === 0 || (starts[run + 1] ?? rows) <= row + 1))
          run++;
        at[kind] = run;
        if (run < starts.length) next = Math.min(next, Math.max(starts[run] as number, row + 1));
      }
      if (next === rows) return;
      row = next;
      while ((this.#kept[kept]?.[1] ?? Infinity) <= row) kept++;
      const [start, , place] = this.#kept[kept] ?? [Infinity, 0, 0];
      if (row < start) continue;
      const [throttled = 0, oom = 0, restarts = 0] = marks.map(({ starts, values }, kind) => {
        const run = at[kind] as number;
        return (starts[run] ?? Infinity) <= row ? (values[run] as number) : 0;
      });
      this.#events.add(place + row - start, throttled, oom, restarts);
    }
  }

  #track(row: number): number {
    const [namespace = "", pod = "", podUid = "", container = ""] = this.#texts.map((texts) =>
      texts.at(row),
    );
    const key = `${podUid}\n${container}`;
    let track = this.#places.get(key);
    if (track === undefined) {
      track = this.tracks.push({ namespace, pod, podUid, container }) - 1;
      this.#places.set(key, track);
    }
    return track;
  }

  /**
   * Puts tracks together to series, one after another in the order of their keys. The arrays of a
   * series are good until the next one is asked for.
   * @param keyOf which series a track belongs to; null: none
   */
  *series(
    window: { from: number; slots: number },
    keyOf: (track: Track) => string | null,
  ): Generator<{ key: string; series: Series; tracks: number[] }> {
    const keys = this.tracks.map(keyOf);
    const groups = new Map<string, Run[]>();
    for (const run of this.#runs) {
      const key = keys[run.track];
      if (key === null || key === undefined) continue;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [run]);
      else group.push(run);
    }
    const scratch = new Scratch();
    for (const key of [...groups.keys()].toSorted(bytewise)) {
      const runs = (groups.get(key) as Run[]).toSorted(
        (a, b) => this.#order(a.track, b.track) || a.slot - b.slot || a.from - b.from,
      );
      groups.delete(key);
      const tracks = [...new Set(runs.map((run) => run.track))];
      yield { key, series: this.#series(window, runs, scratch), tracks };
    }
  }

  /** Pods by name, then uid, so that whatever order samples came in the answer is one. */
  #order(a: number, b: number): number {
    if (a === b) return 0;
    const [one, two] = [this.tracks[a] as Track, this.tracks[b] as Track];
    return bytewise(`${one.pod}\n${one.podUid}`, `${two.pod}\n${two.podUid}`);
  }

  #series(window: { from: number; slots: number }, runs: readonly Run[], scratch: Scratch): Series {
    const most = runs.reduce((sum, run) => sum + run.until - run.from, 0);
    scratch.reserve(most);
    const series: Series = {
      from: window.from,
      slots: window.slots,
      slot: scratch.slot,
      seconds: scratch.seconds,
      cpu: scratch.cpu,
      mem: scratch.mem,
      pods: [],
      sizes: [],
      events: [],
    };
    let length = 0;
    let track = -1;
    let last = -1;
    let held: Sizes = NO_SIZES;
    for (const run of runs) {
      if (run.track !== track) {
        track = run.track;
        last = -1;
        held = NO_SIZES;
        series.pods.push({
          pod: (this.tracks[track] as Track).pod,
          from: length,
          until: length,
        });
      }
      const block = this.#blocks[Math.floor(run.from / BLOCK)] as Block;
      let from = run.from;
      // Two sources may have measured the same pod: the first of a slot counts.
      while (from < run.until && (block.slot[from % BLOCK] as number) <= last) from++;
      if (from === run.until) continue;
      if (!isSame(run.sizes, held)) {
        series.sizes.push({ ...run.sizes, from: length });
        held = run.sizes;
      }
      const first = from % BLOCK;
      const end = first + run.until - from;
      for (const name of BLOCK_COLUMNS)
        scratch[name].set(block[name].subarray(first, end) as Float64Array, length);
      const events = this.#events;
      for (let event = events.firstFrom(from); event < events.length; event++) {
        const at = events.at[event] as number;
        if (at >= run.until) break;
        const ends = events.ends[event] as number;
        series.events.push({
          sample: length + at - from,
          oom: ends >>> 16,
          restarts: ends & 65_535,
          throttled: events.throttled[event] as number,
        });
      }
      length += run.until - from;
      last = block.slot[end - 1] as number;
      (series.pods.at(-1) as { until: number }).until = length;
    }
    series.pods = series.pods.filter((pod) => pod.until > pod.from);
    return series;
  }
}

/** Arrays that grow to the largest series. */
class Scratch {
  slot = new Uint16Array(0);
  seconds = new Uint16Array(0);
  cpu = new Uint32Array(0);
  mem = new Float64Array(0);
  reserve(length: number): void {
    if (length <= this.slot.length) return;
    const size = Math.ceil(length * 1.25);
    this.slot = new Uint16Array(size);
    this.seconds = new Uint16Array(size);
    this.cpu = new Uint32Array(size);
    this.mem = new Float64Array(size);
  }
}

function isSame(one: Sizes, two: Sizes): boolean {
  return (
    one.cpuRequest === two.cpuRequest &&
    one.memRequest === two.memRequest &&
    one.cpuLimit === two.cpuLimit &&
    one.memLimit === two.memLimit
  );
}

/** Which of so many parts a namespace is in (FNV-1a). */
function partOf(namespace: string, of: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < namespace.length; index++)
    hash = Math.imul(hash ^ namespace.charCodeAt(index), 0x01000193) >>> 0;
  return hash % of;
}

/** The same order everywhere, whatever the locale. */
export function bytewise(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
