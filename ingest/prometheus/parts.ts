import { BUCKET_MS, type Run } from "./runs.ts";

/**
 * What one series says, by five-minute bucket. A container that restarted has several, and so has
 * one that two jobs scrape: `settle` tells them apart.
 */
export interface Part {
  /** Which of a container's lives: its runtime id, or the network interface. */
  readonly id: string;
  readonly job: string;
  /** All other labels that tell series of one thing apart. */
  readonly origin: string;
  /** The first bucket that has figures. */
  readonly first: number;
  /**
   * Two for each bucket, first all sums, then all maxima. Counter: the increase, and the highest per
   * millisecond between two scrapes. Gauge: value × milliseconds, and the highest value.
   */
  readonly figures: Float64Array;
  /** When it was seen. */
  readonly runs: Run[];
}

export type PartName = Pick<Part, "id" | "job" | "origin">;

/** What was wrong with samples, by reason. */
export interface Faults {
  infinite: number;
  implausible: number;
}

const PIECE = 1 << 16;

/**
 * Memory for the figures of series, cut from large pieces which are used again for the next shard:
 * tens of thousands of arrays of their own cost more than what is put into them, and so does fresh memory.
 */
export class Cells {
  readonly #pieces: Float64Array[] = [];
  #piece = 0;
  #cut = 0;

  copy(figures: Float64Array): Float64Array {
    const { length } = figures;
    if (length > PIECE) return figures.slice();
    if (this.#cut + length > PIECE) {
      this.#piece++;
      this.#cut = 0;
    }
    const from = (this.#pieces[this.#piece] ??= new Float64Array(PIECE));
    const copied = from.subarray(this.#cut, (this.#cut += length));
    copied.set(figures);
    return copied;
  }

  /** Takes all of it back: nobody may look at parts made before. */
  reuse(): void {
    this.#piece = 0;
    this.#cut = 0;
  }
}

/** Which of two jobs is kept where both say the same, and how often the other was left out. */
export type Duplicates = Map<string, number>;

/**
 * Of series that say the same of the same life over the same time one is kept: first by `rank` of its
 * job, then by name. Different lives, and one life told by turns, are added: a restarted container's
 * use is the sum of its series, never their average.
 */
export function settle(
  parts: readonly Part[],
  rank: (job: string) => number,
  duplicates: Duplicates,
): Part[] {
  if (parts.length < 2) return [...parts];
  const sorted = parts.toSorted(
    (a, b) =>
      rank(a.job) - rank(b.job) ||
      text(a.job, b.job) ||
      text(a.id, b.id) ||
      text(a.origin, b.origin) ||
      (a.runs[0]?.from ?? 0) - (b.runs[0]?.from ?? 0),
  );
  const kept: Part[] = [];
  for (const part of sorted) {
    const twin = kept.find((other) => other.id === part.id && overlap(other.runs, part.runs));
    if (twin === undefined) kept.push(part);
    else {
      const name = `${twin.job} kept, ${part.job} left out`;
      duplicates.set(name, (duplicates.get(name) ?? 0) + 1);
    }
  }
  return kept;
}

const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

// Two tellers that take turns may both be there for a scrape or two.
function overlap(a: readonly Run[], b: readonly Run[]): boolean {
  let shared = 0;
  for (const left of a)
    for (const right of b)
      shared += Math.max(0, Math.min(left.until, right.until) - Math.max(left.from, right.from));
  return shared > BUCKET_MS;
}
