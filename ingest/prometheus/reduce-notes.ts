import type { Labels } from "./labels.ts";
import type { Duplicates, Faults } from "./parts.ts";

/** What a person should know of what was read. */
export interface ReduceNotes {
  samples: number;
  series: Record<string, number>;
  /** Rejected samples by metric, and the first series they were in. */
  rejected: { metric: string; reason: string; samples: number; example: string }[];
  duplicates: { metric: string; what: string; series: number }[];
  /** Pods measured on a node nobody names; their use is in no fact. */
  unplaced: number;
}

/** Collects the notes of a day. */
export class Notes {
  samples = 0;
  unplaced = 0;
  readonly #series = new Map<string, number>();
  readonly #jobs = new Map<string, number>();
  readonly #rejected: ReduceNotes["rejected"] = [];
  readonly #duplicates = new Map<string, Duplicates>();

  series(metric: string): void {
    this.#series.set(metric, (this.#series.get(metric) ?? 0) + 1);
  }

  faults(metric: string, labels: Labels, { infinite, implausible }: Faults): void {
    if (infinite > 0) this.#reject(metric, labels, "±Inf", infinite);
    if (implausible > 0)
      this.#reject(
        metric,
        labels,
        "a counter fell and was at once higher than any node can count",
        implausible,
      );
  }

  #reject(metric: string, labels: Labels, reason: string, samples: number): void {
    const known = this.#rejected.find(
      (entry) => entry.metric === metric && entry.reason === reason,
    );
    if (known !== undefined) known.samples += samples;
    else this.#rejected.push({ metric, reason, samples, example: JSON.stringify(labels) });
  }

  job(metric: string, job: string): void {
    const key = `${metric} ${job}`;
    this.#jobs.set(key, (this.#jobs.get(key) ?? 0) + 1);
  }

  /** Orders jobs that tell the same: kube-state-metrics itself, then who tells most, then by name. */
  rank(metric: string, job: string): number {
    return (
      (/kube-?state|ksm/i.test(job) ? 0 : /opencost|kubecost/i.test(job) ? 1e12 : 1e9) -
      (this.#jobs.get(`${metric} ${job}`) ?? 0)
    );
  }

  duplicates(metric: string): Duplicates {
    let found = this.#duplicates.get(metric);
    if (found === undefined) this.#duplicates.set(metric, (found = new Map()));
    return found;
  }

  /** All of them, in an order that does not depend on who answered first. */
  all(): ReduceNotes {
    const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
    return {
      samples: this.samples,
      series: Object.fromEntries([...this.#series].toSorted(([a], [b]) => text(a, b))),
      rejected: this.#rejected.toSorted(
        (a, b) => text(a.metric, b.metric) || text(a.reason, b.reason),
      ),
      duplicates: [...this.#duplicates]
        .flatMap(([metric, found]) =>
          [...found].map(([what, series]) => ({ metric, what, series })),
        )
        .toSorted((a, b) => text(a.metric, b.metric) || text(a.what, b.what)),
      unplaced: this.unplaced,
    };
  }
}
