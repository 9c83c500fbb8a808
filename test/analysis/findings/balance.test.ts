import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { burstOf } from "../../../analysis/findings/recommend/bursts.ts";
import { cpuAt } from "../../../analysis/findings/recommend/recommend.ts";
import { DAY_SLOTS, type Series, SLOT } from "../../../analysis/findings/recommend/series.ts";
import { summarise } from "../../../analysis/findings/recommend/summary.ts";

const DAYS = 14;

/** Fourteen days of one pod; microcores of each five minutes, repeated as often as needed. */
function seriesOf(cpu: readonly number[]): Series {
  const slots = DAYS * DAY_SLOTS;
  const slot = Uint16Array.from({ length: slots }, (_, index) => index);
  return {
    from: 1_785_542_400,
    slots,
    slot,
    seconds: new Uint16Array(slots).fill(SLOT),
    cpu: Uint32Array.from(slot, (index) => cpu[index % cpu.length] as number),
    mem: new Float64Array(slots).fill(1e8),
    throttled: new Uint32Array(0),
    pods: [{ pod: "a", from: 0, until: slots }],
    sizes: [],
    events: [],
  };
}

const at = (
  cpu: readonly number[],
  dearer = 1,
  tier: "saver" | "balanced" | "critical" = "balanced",
) => cpuAt(summarise(seriesOf(cpu), false), tier)(dearer);

const more = (value: number) => Math.ceil((value * 110) / 100);

/** The rule as docs/findings.md says it, sample by sample. */
function costOf(request: number, cpu: readonly number[], dear: number): number {
  const { slot, cpu: used } = seriesOf(cpu);
  const last = (DAYS - 2) * DAY_SLOTS;
  const share = (index: number) =>
    0.75 / slot.length + (index >= last ? 0.25 / (2 * DAY_SLOTS) : 0);
  let [shortage, over, mean] = [0, 0, 0];
  used.forEach((value, index) => {
    for (const [level, part] of [
      [value, 0.95],
      [more(value), 0.05],
    ] as const) {
      const weight = share(index) * part;
      mean += weight * level;
      if (level > request) {
        shortage += weight * (level - request);
        over += weight;
      }
    }
  });
  const minute = dear * dear * Math.sqrt(mean * 100_000);
  return request + dear * 20 * shortage + minute * (3 * over + (over > 0.04 ? 2 : 0));
}

const use = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 300_000 }),
    fc.integer({ min: 0, max: 4_000_000 }),
    fc.constant(50_000),
  ),
  { minLength: 1, maxLength: 40 },
);

describe("a CPU request", () => {
  it("costs least, with the shortage it leaves, of all that was used and could have been asked for", () => {
    fc.assert(
      fc.property(use, fc.constantFrom(0.3, 1, 2.5), (cpu, dear) => {
        const chosen = costOf(at(cpu, dear), cpu, dear);
        const others = [...new Set(cpu)].flatMap((value) => [value, more(value)]);
        const least = Math.min(...others.map((request) => costOf(request, cpu, dear)));
        // Buckets are a 128th wide: what is used is known to that, and so is what it costs.
        expect(chosen).toBeLessThanOrEqual(least * (1 + 3 / 128) + 2);
      }),
      { numRuns: 150 },
    );
  });

  it("is no less where a shortage is dearer, and never above what the margin makes of the highest use", () => {
    fc.assert(
      fc.property(use, fc.double({ min: 0.05, max: 5, noNaN: true }), (cpu, dear) => {
        const request = at(cpu, dear);
        expect(at(cpu, dear * 1.5)).toBeGreaterThanOrEqual(request);
        expect(request).toBeLessThanOrEqual(more(Math.max(...cpu)));
      }),
      { numRuns: 150 },
    );
  });

  it("of one level is that level with the tier's margin, whatever its size", () => {
    for (const level of [1_000, 100_000, 4_000_000, 30_000_000]) {
      expect(at([level], 1, "saver")).toBe((level * 105) / 100);
      expect(at([level])).toBe(more(level));
      expect(at([level], 1, "critical")).toBe((level * 125) / 100);
    }
  });

  it("takes what a core buys: a near level for the last percent of time, not a far one", () => {
    // 3 % of the time at 115 m beside 100 m, and at 900 m.
    const rare = (level: number) =>
      Array.from({ length: 100 }, (_, index) => (index < 3 ? level : 100_000));
    expect(at(rare(115_000))).toBe(115_000);
    expect(at(rare(900_000))).toBe(110_000);
    expect(at(rare(900_000), 1, "critical")).toBeGreaterThan(110_000);
  });

  it("of nothing is nothing", () => {
    expect(at([0])).toBe(0);
  });
});

describe("a scheduled burst", () => {
  /** Fourteen days at 100 m, and at 1000 m for each hour named, counted from the window's beginning. */
  const bursts = (hours: readonly number[]) => {
    const high = new Set(hours);
    const series = seriesOf(
      Array.from({ length: DAYS * DAY_SLOTS }, (_, slot) =>
        high.has(Math.floor(slot / 12)) ? 1_000_000 : 100_000,
      ),
    );
    return burstOf(series, summarise(series, false), 110_000);
  };

  it("keeps to hours of the day; what comes at any hour as often is none", () => {
    const nights = Array.from({ length: DAYS }, (_, day) => day * 24 + 2);
    expect(bursts(nights)).toEqual({ kind: "scheduled-burst", cpu: 1_000_000 });
    // Every fifth hour: each hour of the day is high on three days or two.
    expect(bursts(Array.from({ length: 67 }, (_, index) => index * 5))).toBeNull();
    // A night among bursts at any hour, at six times their rate.
    const rare = Array.from({ length: 24 }, (_, hour) => ((hour * 3) % DAYS) * 24 + hour);
    expect(bursts([...rare, ...nights])).toMatchObject({ kind: "scheduled-burst" });
  });
});
