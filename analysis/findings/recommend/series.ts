/** Samples of one container of one workload, all its pods; what every method is given. */

/** Seconds a sample stands for, at most. */
export const SLOT = 300;
export const DAY_SLOTS = 288;
export const HOUR_SLOTS = 12;

/** Requests and limits: microcores and bytes, -1 where there is none. */
export interface Sizes {
  cpuRequest: number;
  memRequest: number;
  cpuLimit: number;
  memLimit: number;
}

/** A pod's samples are [from, until), in time order, one for each five minutes at most. */
export interface PodSpan {
  pod: string;
  from: number;
  until: number;
}

export interface Series {
  /** Epoch seconds of slot 0, a whole UTC day. */
  from: number;
  /** Slots of the window. */
  slots: number;
  slot: Uint16Array;
  /** Observed seconds of the slot. */
  seconds: Uint16Array;
  /** Average over them, microcores. */
  cpu: Uint32Array;
  /** Highest working set, bytes. */
  mem: Float64Array;
  pods: PodSpan[];
  /** What held from a sample on, until the next entry or the pod's end; by sample. */
  sizes: (Sizes & { from: number })[];
  /** Throttled milliseconds; empty where it never was. */
  throttled: Uint32Array;
  /** What happened in a sample, by sample: kills and restarts. */
  events: { sample: number; oom: number; restarts: number }[];
}

export const NO_SIZES: Sizes = { cpuRequest: -1, memRequest: -1, cpuLimit: -1, memLimit: -1 };

/** Whole microcores that a rate rounds to; a counter that ran wild is cut at what a column holds. */
export const MOST_CPU = 4_294_967_295;

/** How many samples a series has. */
export function lengthOf(series: Series): number {
  return series.pods.at(-1)?.until ?? 0;
}

/** Requests and limits that held at a sample. */
export function sizesAt(series: Series, sample: number): Sizes {
  let low = 0;
  let high = series.sizes.length - 1;
  if (high < 0) return NO_SIZES;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((series.sizes[middle]?.from as number) <= sample) low = middle;
    else high = middle - 1;
  }
  return series.sizes[low] ?? NO_SIZES;
}

/** The first sample of [from, until), all of one pod, at or after a slot. */
export function firstFrom(slot: Uint16Array, from: number, until: number, at: number): number {
  let low = from;
  let high = until;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((slot[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The part of a series in [from, until) slots, counted from its own beginning; a copy. */
export function cut(series: Series, from: number, until: number): Series {
  const pods: PodSpan[] = [];
  const sizes: Series["sizes"] = [];
  const events: Series["events"] = [];
  const total = series.pods.reduce((sum, span) => sum + span.until - span.from, 0);
  const cutTo: Series = {
    from: series.from + from * SLOT,
    slots: until - from,
    slot: new Uint16Array(total),
    seconds: new Uint16Array(total),
    cpu: new Uint32Array(total),
    mem: new Float64Array(total),
    throttled: new Uint32Array(series.throttled.length === 0 ? 0 : total),
    pods,
    sizes,
    events,
  };
  let length = 0;
  let setting = 0;
  let event = 0;
  for (const { pod, from: first, until: end } of series.pods) {
    const start = length;
    const begin = firstFrom(series.slot, first, end, from);
    const stop = firstFrom(series.slot, begin, end, until);
    for (let i = begin; i < stop; i++)
      cutTo.slot[length + i - begin] = (series.slot[i] as number) - from;
    for (const key of ["seconds", "cpu", "mem"] as const)
      cutTo[key].set(series[key].subarray(begin, stop), length);
    if (series.throttled.length > 0)
      cutTo.throttled.set(series.throttled.subarray(begin, stop), length);
    length += stop - begin;
    let held: (Sizes & { from: number }) | undefined;
    while ((series.sizes[setting]?.from ?? Infinity) < end) {
      const size = series.sizes[setting++] as Sizes & { from: number };
      if (size.from <= begin) held = size;
      else if (size.from < stop) {
        if (held !== undefined) sizes.push({ ...held, from: start });
        held = undefined;
        sizes.push({ ...size, from: start + size.from - begin });
      }
    }
    if (held !== undefined && stop > begin) sizes.push({ ...held, from: start });
    while ((series.events[event]?.sample ?? Infinity) < end) {
      const one = series.events[event++] as Series["events"][number];
      if (one.sample >= begin && one.sample < stop)
        events.push({ ...one, sample: start + one.sample - begin });
    }
    if (length > start) pods.push({ pod, from: start, until: length });
  }
  return cutTo;
}
