import fc from "fast-check";
import { expect, it } from "vitest";
import { SortedCpu } from "../../../analysis/findings/recommend/sorted.ts";

/** The definition, second by second: a list of every second's value, and the one at the rank. */
function plainly(samples: readonly (readonly [value: number, seconds: number])[], percent: number) {
  const seconds = samples.flatMap(([value, count]) => Array.from({ length: count }, () => value));
  seconds.sort((a, b) => a - b);
  return seconds[Math.ceil((percent * seconds.length) / 100) - 1] ?? null;
}

const sample = fc.tuple(
  fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 4_294_967_295 })),
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
        sorted.clear();
        sorted.addRange(cpu, seconds, 0, middle, counted);
        sorted.addRange(cpu, seconds, middle, samples.length, counted);
        const of = samples
          .filter(([, , counts]) => counts)
          .map(([value, time]) => [value, time] as const);
        expect(sorted.quantile(percent)).toBe(plainly(of, percent));
      },
    ),
    { numRuns: 400 },
  );
});
