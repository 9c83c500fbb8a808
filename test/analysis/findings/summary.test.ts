import fc from "fast-check";
import { expect, it } from "vitest";
import { place, settledOf } from "../../../analysis/findings/placed.ts";
import { Vpa } from "../../../analysis/findings/peers/vpa.ts";
import { leaks } from "../../../analysis/findings/recommend/shape.ts";
import { NO_SIZES, type Series, SLOT } from "../../../analysis/findings/recommend/series.ts";
import { summarise } from "../../../analysis/findings/recommend/summary.ts";

/** What the loops over samples count, beside the same counted plainly. */

const DAYS = 28;
const SLOTS = DAYS * 288;

/** Pods one after another and beside one another, with gaps, part-time samples and throttling. */
const seriesOf = fc
  .record({
    pods: fc.array(
      fc.record({
        from: fc.integer({ min: 0, max: SLOTS - 1 }),
        length: fc.integer({ min: 1, max: 900 }),
        gap: fc.integer({ min: 2, max: 40 }),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    level: fc.integer({ min: 0, max: 4_000_000_000 }),
    spread: fc.integer({ min: 1, max: 200_000_000 }),
    throttled: fc.boolean(),
    seed: fc.nat(),
  })
  .map(({ pods, level, spread, throttled, seed }) => {
    let chance = seed;
    const next = (under: number) => {
      chance = (Math.imul(chance, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((chance / 2 ** 32) * under);
    };
    const samples = pods.map(({ from, length, gap }) =>
      Array.from({ length }, (_, index) => from + index + Math.floor(index / gap)).filter(
        (slot) => slot < SLOTS,
      ),
    );
    const length = samples.reduce((sum, { length }) => sum + length, 0);
    const series: Series = {
      from: Date.parse("2026-08-03T00:00:00Z") / 1000,
      slots: SLOTS,
      slot: Uint16Array.from(samples.flat()),
      seconds: Uint16Array.from({ length }, () => (next(4) === 0 ? next(SLOT + 1) : SLOT)),
      cpu: Uint32Array.from({ length }, () => Math.min(4_294_967_295, level + next(spread))),
      mem: Float64Array.from({ length }, () => 2 ** 20 * (next(64) + 1) + next(4096)),
      throttled: throttled ? Uint32Array.from({ length }, () => next(90_000)) : new Uint32Array(0),
      pods: [],
      sizes: [{ ...NO_SIZES, cpuRequest: 100_000, from: 0 }],
      events: [],
    };
    let from = 0;
    for (const [index, { length }] of samples.entries()) {
      series.pods.push({ pod: `pod-${index}`, from, until: from + length });
      if (next(2) === 0)
        series.events.push({ sample: from + next(length), oom: next(2), restarts: 1 });
      from += length;
    }
    return series;
  });

const numbers = (list: ArrayLike<number>) => Array.from(list);

it("hours and totals are those of every sample by itself", () => {
  fc.assert(
    fc.property(seriesOf, (series) => {
      const summary = summarise(series, true);
      const settled = settledOf(summary.placed);
      const plain = {
        pods: Array.from({ length: SLOTS / 12 }, () => new Set<number>()),
        seconds: new Map<number, number>(),
        cpuSum: new Map<number, number>(),
        cpuMax: new Map<number, number>(),
        memMax: new Map<number, number>(),
        throttled: new Map<number, number>(),
        alive: new Map<number, number>(),
      };
      const plus = (map: Map<number, number>, key: number, value: number) =>
        map.set(key, (map.get(key) ?? 0) + value);
      const most = (map: Map<number, number>, key: number, value: number) =>
        map.set(key, Math.max(map.get(key) ?? 0, value));
      let cpuMax = 0;
      for (const [index, { from, until }] of series.pods.entries())
        for (let i = from; i < until; i++) {
          const slot = series.slot[i] as number;
          const hour = Math.floor(slot / 12);
          const [seconds, cpu] = [series.seconds[i] as number, series.cpu[i] as number];
          plain.pods[hour]?.add(index);
          plus(plain.seconds, hour, seconds);
          plus(plain.cpuSum, hour, seconds * cpu);
          most(plain.cpuMax, hour, cpu);
          most(plain.memMax, hour, series.mem[i] as number);
          plus(plain.throttled, hour, series.throttled[i] ?? 0);
          plus(plain.alive, slot, 1);
          if (seconds > 0 && settled[i] === 1) cpuMax = Math.max(cpuMax, cpu);
        }
      const { hours } = summary;
      expect(numbers(hours.pods)).toEqual(plain.pods.map((pods) => pods.size));
      for (const name of ["seconds", "cpuSum", "cpuMax", "memMax", "throttled"] as const)
        expect(numbers(hours[name])).toEqual(
          plain.pods.map((_, hour) => plain[name].get(hour) ?? 0),
        );
      const total = (map: Map<number, number>) => [...map.values()].reduce((a, b) => a + b, 0);
      expect(summary.seconds).toBe(total(plain.seconds));
      expect(summary.throttledMs).toBe(total(plain.throttled));
      expect(summary.cpuMax).toBe(cpuMax);
      expect(summary.memMax).toBe(Math.max(...series.mem));
      expect(summary.replicasMax).toBe(Math.max(...plain.alive.values()));
    }),
    { numRuns: 40 },
  );
});

it("VPA says of many samples what it says of one after another", () => {
  fc.assert(
    fc.property(seriesOf, (series) => {
      const [many, single] = [new Vpa(), new Vpa()];
      const placed = place(series);
      for (const { from, until } of series.pods) {
        many.begin();
        single.begin();
        many.cpuRange(placed, series, from, until);
        many.memoryRange(placed, series, from, until);
        for (let i = from; i < until; i++) {
          const time = series.from + (series.slot[i] as number) * SLOT;
          const minutes = Math.max(1, Math.round((series.seconds[i] as number) / 60));
          single.cpu(series.cpu[i] as number, time, minutes);
          single.memory(series.mem[i] as number, time);
        }
      }
      expect(many.answer(1)).toEqual(single.answer(1));
    }),
    { numRuns: 60 },
  );
});

it("a leak is one whichever hours its pods begin in, and none where the process begins again", () => {
  const days = 10;
  const length = days * 288;
  const grown = (since: (slot: number) => number): Series => ({
    from: 0,
    slots: length,
    slot: Uint16Array.from({ length }, (_, slot) => slot),
    seconds: new Uint16Array(length).fill(SLOT),
    cpu: new Uint32Array(length),
    mem: Float64Array.from({ length }, (_, slot) => 2 ** 26 + since(slot) * 2 ** 14),
    throttled: new Uint32Array(0),
    pods: [{ pod: "pod", from: 0, until: length }],
    sizes: [],
    events: [],
  });
  const whole = grown((slot) => slot);
  expect(leaks(whole)).toBe(true);
  const again = grown((slot) => slot % 144);
  again.events = Array.from({ length: length / 144 - 1 }, (_, index) => ({
    sample: (index + 1) * 144,
    oom: 0,
    restarts: 1,
  }));
  expect(leaks(again)).toBe(false);
});
