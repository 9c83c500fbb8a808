import fc from "fast-check";
import { expect, it } from "vitest";
import { place, settledOf } from "../../../analysis/findings/placed.ts";
import { SortedCpu } from "../../../analysis/findings/recommend/sorted.ts";
import { cpuSeries } from "./shape.ts";

/** The definition, second by second: a list of every second's value, and the one at the rank. */
function plainly(samples: readonly (readonly [value: number, seconds: number])[], percent: number) {
  const seconds = samples.flatMap(([value, count]) => Array.from({ length: count }, () => value));
  seconds.sort((a, b) => a - b);
  return seconds[Math.ceil((percent * seconds.length) / 100) - 1] ?? null;
}

const sample = fc.tuple(
  fc.oneof(
    fc.integer({ min: 0, max: 50 }),
    // All in one bucket, in which the answer is found by time.
    fc.integer({ min: 1_000_000, max: 1_000_050 }),
    fc.integer({ min: 0, max: 4_294_967_295 }),
  ),
  fc.integer({ min: 0, max: 30 }),
  fc.boolean(),
);

it("a quantile is the smallest measured value that so much of the counted time is at or under", () => {
  const sorted = new SortedCpu();
  fc.assert(
    fc.property(
      fc.array(sample, { maxLength: 60 }),
      fc.integer({ min: 1, max: 100 }),
      (samples, percent) => {
        const cpu = Uint32Array.from(samples, ([value]) => value);
        const seconds = Uint16Array.from(samples, ([, time]) => time);
        const counted = Uint8Array.from(samples, ([, , counts]) => (counts ? 1 : 0));
        const middle = Math.floor(samples.length / 2);
        const placed = place(cpuSeries(cpu, seconds));
        settledOf(placed).set(counted);
        sorted.begin(placed);
        sorted.add(0, middle, true);
        sorted.add(middle, samples.length, true);
        const of = samples
          .filter(([, , counts]) => counts)
          .map(([value, time]) => [value, time] as const);
        expect(sorted.quantile(percent)).toBe(plainly(of, percent));
      },
    ),
    { numRuns: 400 },
  );
});

it("a rank's sample is that of the sorted list, whatever bucket it is in and how full that is", () => {
  const sorted = new SortedCpu();
  const level = fc.integer({ min: 0, max: 4_294_967_295 });
  fc.assert(
    fc.property(
      // Few levels many times: a bucket holds hundreds, equal ones among them.
      fc.array(fc.tuple(level, fc.integer({ min: 1, max: 200 }), fc.nat({ max: 40 })), {
        minLength: 1,
        maxLength: 8,
      }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 5 }),
      (levels, parts, points) => {
        const values = levels.flatMap(([value, count, step]) =>
          Array.from({ length: count }, (_, index) =>
            Math.min(4_294_967_295, value + ((index * 7919) % 41) * step),
          ),
        );
        const cpu = Uint32Array.from(values);
        sorted.begin(place(cpuSeries(cpu, new Uint16Array(values.length).fill(300))));
        sorted.add(0, values.length, false);
        const list = values
          .flatMap((value) => Array.from({ length: points }, () => value))
          .toSorted((a, b) => a - b);
        for (const part of parts) {
          const rank = part * (list.length - 1);
          const [low = 0, high = 0] = [list[Math.floor(rank)], list[Math.ceil(rank)]];
          expect(sorted.interpolated(part, points)).toBe(
            low + (high - low) * (rank - Math.floor(rank)),
          );
        }
      },
    ),
    { numRuns: 200 },
  );
});

it("where a part of the time ends exactly with a sample, the quantile is that one and not the next", () => {
  // All in one bucket: steps of a microcore at a core.
  const cpu = Uint32Array.from({ length: 10 }, (_, index) => 1_000_000 + index);
  const sorted = new SortedCpu();
  sorted.begin(place(cpuSeries(cpu, new Uint16Array(10).fill(300))));
  sorted.add(0, 10, false);
  expect([10, 50, 51, 100].map((percent) => sorted.quantile(percent))).toEqual([
    1_000_000, 1_000_004, 1_000_005, 1_000_009,
  ]);
});
