import { loadSql } from "../../../data/sql.ts";
import type { ColumnChunk, Session } from "../../../data/warehouse.ts";
import { NO_SIZES, type Series, type Sizes } from "./series.ts";

/** Reads a window's five minutes once and hands out one container's series after another. */

/** Samples of a block; all blocks together hold one part of a cluster. */
const BLOCK = 1 << 21;
/** Samples held at once, about 20 bytes each; a cluster with more is read in parts. */
export const HELD_SAMPLES = 120_000_000;

class Block {
  readonly slot = new Uint16Array(BLOCK);
  readonly seconds = new Uint16Array(BLOCK);
  readonly cpu = new Uint32Array(BLOCK);
  readonly peak = new Uint32Array(BLOCK);
  readonly mem = new Float64Array(BLOCK);
}

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

const SAMPLES = new URL("./samples.sql", import.meta.url);
const COLUMN = {
  run: 0,
  slot: 1,
  seconds: 2,
  cpu: 3,
  peak: 4,
  mem: 5,
  throttled: 6,
  ends: 7,
  sizes: 8,
  namespace: 12,
  pod: 13,
  podUid: 14,
  container: 15,
} as const;

/** The samples of one part of a cluster's window, in memory; used again for the next part. */
export class Samples {
  readonly #blocks: Block[] = [];
  #length = 0;
  #runs: Run[] = [];
  readonly tracks: Track[] = [];
  #events: { at: number; throttled: number; ends: number }[] = [];
  /** 1 for each slot of which the part has any sample. */
  present = new Uint8Array(0);
  readonly #known = new Map<bigint, { track: number; sizes: Sizes }>();

  /**
   * Reads `window_usage`.
   * @param window epoch seconds, and the slots between
   */
  async read(
    session: Session,
    window: { from: number; until: number; slots: number },
    part: number,
    parts: number,
    signal: AbortSignal,
  ): Promise<void> {
    this.#length = 0;
    this.#runs = [];
    this.#events = [];
    this.tracks.length = 0;
    this.#known.clear();
    this.present = new Uint8Array(window.slots);
    const places = new Map<string, number>();
    for await (const chunk of session.chunks(loadSql(SAMPLES), {
      window_from: window.from,
      window_until: window.until,
      parts,
      part,
    })) {
      signal.throwIfAborted();
      this.#take(chunk, places);
    }
  }

  get length(): number {
    return this.#length;
  }

  #take(chunk: ColumnChunk, places: Map<string, number>): void {
    const { rows } = chunk;
    const hashes = chunk.numbers(COLUMN.run) as BigUint64Array;
    const slots = chunk.numbers(COLUMN.slot) as Uint16Array;
    const throttled = chunk.numbers(COLUMN.throttled) as Uint32Array;
    const ends = chunk.numbers(COLUMN.ends) as Uint32Array;
    // Compared as halves: a bigint a row would be most of the work.
    const halves = new Uint32Array(hashes.buffer, hashes.byteOffset, rows * 2);
    for (let begin = 0; begin < rows;) {
      const inBlock = this.#length % BLOCK;
      if (inBlock === 0 && this.#length / BLOCK === this.#blocks.length)
        this.#blocks.push(new Block());
      const block = this.#blocks[Math.floor(this.#length / BLOCK)] as Block;
      const end = Math.min(rows, begin + BLOCK - inBlock);
      const put = (into: keyof Block, column: number) =>
        block[into].set(chunk.numbers(column).subarray(begin, end) as Float64Array, inBlock);
      put("slot", COLUMN.slot);
      put("seconds", COLUMN.seconds);
      put("cpu", COLUMN.cpu);
      put("peak", COLUMN.peak);
      put("mem", COLUMN.mem);
      const shift = this.#length - begin;
      let start = begin;
      for (let row = begin; row < end; row++) {
        const slot = slots[row] as number;
        this.present[slot] = 1;
        if (((throttled[row] as number) | (ends[row] as number)) !== 0)
          this.#events.push({
            at: row + shift,
            throttled: throttled[row] as number,
            ends: ends[row] as number,
          });
        const next = row + 1;
        // A run is in time order: what comes back earlier begins another.
        if (
          next === end ||
          halves[next * 2] !== halves[row * 2] ||
          halves[next * 2 + 1] !== halves[row * 2 + 1] ||
          (slots[next] as number) <= slot
        ) {
          this.#runs.push({
            ...this.#kind(chunk, hashes[start] as bigint, start, places),
            from: start + shift,
            until: next + shift,
            slot: slots[start] as number,
          });
          start = next;
        }
      }
      this.#length += end - begin;
      begin = end;
    }
  }

  #kind(
    chunk: ColumnChunk,
    hash: bigint,
    row: number,
    places: Map<string, number>,
  ): { track: number; sizes: Sizes } {
    const known = this.#known.get(hash);
    if (known !== undefined) return known;
    const text = (column: number) => String(chunk.cell(column, row) ?? "");
    const size = (index: number) => {
      const value = chunk.cell(COLUMN.sizes + index, row);
      return value === null ? -1 : Number(value);
    };
    const podUid = text(COLUMN.podUid);
    const container = text(COLUMN.container);
    const key = `${podUid}\n${container}`;
    let track = places.get(key);
    if (track === undefined) {
      track = this.tracks.length;
      this.tracks.push({
        namespace: text(COLUMN.namespace),
        pod: text(COLUMN.pod),
        podUid,
        container,
      });
      places.set(key, track);
    }
    const found = {
      track,
      sizes: { cpuRequest: size(0), memRequest: size(1), cpuLimit: size(2), memLimit: size(3) },
    };
    this.#known.set(hash, found);
    return found;
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
    const events = this.#events.toSorted((a, b) => a.at - b.at);
    const scratch = new Scratch();
    for (const key of [...groups.keys()].toSorted(bytewise)) {
      const runs = (groups.get(key) as Run[]).toSorted(
        (a, b) => this.#order(a.track, b.track) || a.slot - b.slot || a.from - b.from,
      );
      groups.delete(key);
      const tracks = [...new Set(runs.map((run) => run.track))];
      yield { key, series: this.#series(window, runs, events, scratch), tracks };
    }
  }

  /** Pods by name, then uid, so that whatever order samples came in the answer is one. */
  #order(a: number, b: number): number {
    if (a === b) return 0;
    const [one, two] = [this.tracks[a] as Track, this.tracks[b] as Track];
    return bytewise(`${one.pod}\n${one.podUid}`, `${two.pod}\n${two.podUid}`);
  }

  #series(
    window: { from: number; slots: number },
    runs: readonly Run[],
    events: readonly { at: number; throttled: number; ends: number }[],
    scratch: Scratch,
  ): Series {
    const most = runs.reduce((sum, run) => sum + run.until - run.from, 0);
    scratch.reserve(most);
    const series: Series = {
      from: window.from,
      slots: window.slots,
      slot: scratch.slot,
      seconds: scratch.seconds,
      cpu: scratch.cpu,
      peak: scratch.peak,
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
      if (run.sizes !== held) {
        series.sizes.push({ ...run.sizes, from: length });
        held = run.sizes;
      }
      const first = from % BLOCK;
      const end = first + run.until - from;
      for (const name of ["slot", "seconds", "cpu", "peak", "mem"] as const)
        scratch[name].set(block[name].subarray(first, end) as Float64Array, length);
      for (let event = firstAt(events, from); ; event++) {
        const found = events[event];
        if (found === undefined || found.at >= run.until) break;
        series.events.push({
          sample: length + found.at - from,
          oom: found.ends >>> 16,
          restarts: found.ends & 65_535,
          throttled: found.throttled,
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
  peak = new Uint32Array(0);
  mem = new Float64Array(0);
  reserve(length: number): void {
    if (length <= this.slot.length) return;
    const size = Math.ceil(length * 1.25);
    this.slot = new Uint16Array(size);
    this.seconds = new Uint16Array(size);
    this.cpu = new Uint32Array(size);
    this.peak = new Uint32Array(size);
    this.mem = new Float64Array(size);
  }
}

/** The first event at or after a place. */
function firstAt(events: readonly { at: number }[], at: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle]?.at as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The same order everywhere, whatever the locale. */
export function bytewise(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
