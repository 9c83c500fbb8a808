import { Arena } from "../../../data/arena.ts";
import { type Held, RUN, sampleLoops, THROTTLED, type Track } from "./hold.ts";
import type { Series, Sizes } from "./series.ts";

/** Samples of a part, some 8 bytes each; a cluster with more is read in parts, two of them at once. */
export const HELD_SAMPLES = 100_000_000;

/** Addresses of the columns of a series; some bytes behind each are written too. */
interface Columns {
  slot: number;
  seconds: number;
  cpu: number;
  mem: number;
  throttled: number;
}

const SLACK = 16;

/**
 * Puts the tracks of what is held together to series, one after another in the order of their keys. The
 * arrays of a series are good until the next one is asked for.
 * @param window epoch seconds of slot 0, and the slots
 * @param keyOf which series a track belongs to; null: none
 */
export function* seriesOf(
  held: Held,
  window: { from: number; slots: number },
  keyOf: (track: Track) => string | null,
): Generator<{ key: string; series: Series; tracks: number[] }> {
  const { runs, tracks } = held;
  const of = (run: number, what: number) => runs[run * RUN.each + what] as number;
  const keys = tracks.map(keyOf);
  const groups = new Map<string, { runs: number[]; samples: number }>();
  for (let run = 0; run * RUN.each < runs.length; run++) {
    const key = keys[of(run, RUN.track)];
    if (key === null || key === undefined) continue;
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { runs: [], samples: 0 }));
    group.runs.push(run);
    group.samples += of(run, RUN.count);
  }
  // Pods by name, then uid, so that whatever order samples came in the answer is one.
  const names = tracks.map(({ pod, podUid }) => `${pod}\n${podUid}`);
  const order = (a: number, b: number) => {
    const [one, two] = [of(a, RUN.track), of(b, RUN.track)];
    return (
      (one === two ? 0 : bytewise(names[one] as string, names[two] as string)) ||
      of(a, RUN.slot) - of(b, RUN.slot) ||
      a - b
    );
  };
  const maker = new SeriesMaker(
    held,
    [...groups.values()].reduce((most, group) => Math.max(most, group.samples), 0),
  );
  for (const [key, group] of [...groups].sort(([a], [b]) => bytewise(a, b))) {
    const mine = group.runs.sort(order);
    yield {
      key,
      series: maker.series(window, mine),
      tracks: [...new Set(mine.map((run) => of(run, RUN.track)))],
    };
  }
}

class SeriesMaker {
  readonly #held: Held;
  readonly #loops;
  readonly #columns: Columns;
  readonly #buffer: ArrayBuffer;
  /** Of each run with events the first of them. */
  readonly #events = new Map<number, number>();

  /** @param most samples of the largest series */
  constructor(held: Held, most: number) {
    this.#held = held;
    const arena = new Arena(held.memory, held.top);
    this.#loops = sampleLoops(held.memory);
    this.#columns = {
      slot: arena.reserve(most * 2 + SLACK),
      seconds: arena.reserve(most * 2 + SLACK),
      cpu: arena.reserve(most * 4 + SLACK),
      mem: arena.reserve(most * 8 + SLACK),
      throttled: arena.reserve(most * 4 + SLACK),
    };
    this.#buffer = arena.buffer;
    for (const [index, { run }] of held.events.entries())
      if (!this.#events.has(run)) this.#events.set(run, index);
  }

  series(window: { from: number; slots: number }, runs: readonly number[]): Series {
    const of = (run: number, what: number) => this.#held.runs[run * RUN.each + what] as number;
    const marked = runs.some((run) => (of(run, RUN.flags) & THROTTLED) !== 0);
    const { slot, seconds, cpu, mem, throttled } = this.#columns;
    const pods: Series["pods"] = [];
    const sizes: Series["sizes"] = [];
    const events: Series["events"] = [];
    let length = 0;
    let track = -1;
    let last = -1;
    let size = -1;
    for (const run of runs) {
      if (of(run, RUN.track) !== track) {
        track = of(run, RUN.track);
        last = -1;
        size = -1;
        pods.push({ pod: (this.#held.tracks[track] as Track).pod, from: length, until: length });
      }
      const address = of(run, RUN.address);
      const count = of(run, RUN.count);
      const flags = of(run, RUN.flags);
      const first = of(run, RUN.slot);
      // Two sources may have measured the same pod: the first of a slot counts.
      const skip = first > last ? 0 : this.#loops.upTo(address, count, flags, first, last);
      if (skip === count) continue;
      // Each pod says what it asks for, nothing too: else it would seem to ask for what the one before did.
      if (of(run, RUN.sizes) !== size) {
        size = of(run, RUN.sizes);
        sizes.push({ ...(this.#held.sizes[size] as Sizes), from: length });
      }
      this.#loops.gather(
        address,
        count,
        flags,
        first,
        skip,
        length,
        slot,
        seconds,
        cpu,
        mem,
        marked ? throttled : 0,
      );
      for (let at = this.#events.get(run) ?? Infinity; at < this.#held.events.length; at++) {
        const event = this.#held.events[at] as Held["events"][number];
        if (event.run !== run) break;
        const { sample, oom, restarts } = event;
        if (sample >= skip) events.push({ sample: length + sample - skip, oom, restarts });
      }
      length += count - skip;
      last = of(run, RUN.last);
      (pods.at(-1) as { until: number }).until = length;
    }
    return {
      ...window,
      slot: new Uint16Array(this.#buffer, slot, length),
      seconds: new Uint16Array(this.#buffer, seconds, length),
      cpu: new Uint32Array(this.#buffer, cpu, length),
      mem: new Float64Array(this.#buffer, mem, length),
      throttled: new Uint32Array(this.#buffer, throttled, marked ? length : 0),
      pods: pods.filter((pod) => pod.until > pod.from),
      sizes,
      events,
    };
  }
}

/** The same order everywhere, whatever the locale. */
export function bytewise(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
