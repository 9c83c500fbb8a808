import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  END,
  every,
  everything,
  HOUR,
  nodeSeries,
  podSeries,
  reduce,
  type Series,
  START,
  sum,
  UIDS,
  web,
} from "./scene.ts";

describe("properties", () => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: 30, max: 90 }), fc.double({ noNaN: true, min: 0, max: 50 })),
    { minLength: 10, maxLength: 400 },
  );
  const counter = (list: readonly (readonly [number, number])[]): [number, number][] => {
    let at = START - 60;
    let value = 17;
    return list.map(([step, grown]) => [(at += step), (value += grown)]);
  };
  const withCpu = (samples: Series["samples"]) =>
    [...nodeSeries(), ...web()].map((one) =>
      one.metric === "container_cpu_usage_seconds_total" ? { ...one, samples } : one,
    );

  it("the hours of a counter add up to its own difference", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const samples = counter(list);
        const before = samples.findLast(([at]) => at < START) ?? samples[0];
        const delta = (samples.at(-1)?.[1] ?? 0) - (before?.[1] ?? 0);
        const { hours } = reduce(withCpu(samples));
        expect(Math.abs(sum(hours, "cpu_used") - delta * 1000)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 100 },
    );
  });

  it("cutting the day anywhere changes nothing", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 287 }), (list, cut) => {
        const series = withCpu(counter(list));
        const at = START + cut * 300;
        const whole = reduce(series);
        const first = reduce(series, { until: at });
        const second = reduce(series, { from: at });
        for (const column of ["cpu_used", "cpu_requested", "mem_used", "seconds"])
          expect(
            Math.abs(
              sum(first.hours, column) + sum(second.hours, column) - sum(whole.hours, column),
            ),
            column,
          ).toBeLessThanOrEqual(24);
        const key = (fact: object) => JSON.stringify(fact);
        const parts = new Set([...first.five, ...second.five].map(key));
        const differ = whole.five.filter((fact) => !parts.has(key(fact)));
        // Whole units of a running total begin anew at the cut: an average may differ by one.
        for (const fact of differ) {
          const twin = [...first.five, ...second.five].find((other) => other["at"] === fact["at"]);
          expect(Math.abs(Number(twin?.["cpu_avg"]) - Number(fact["cpu_avg"]))).toBeLessThan(200);
          expect({ ...twin, cpu_avg: 0 }).toEqual({ ...fact, cpu_avg: 0 });
        }
      }),
      { numRuns: 50 },
    );
  });

  it("the order of series changes nothing", () => {
    const noon = START + 12 * HOUR;
    const series = [
      ...nodeSeries(),
      ...web(),
      ...web({ pod: "db-0", uid: UIDS.b, until: noon, path: false }),
      ...web({ pod: "db-0", uid: UIDS.b.replace("b", "c"), from: noon, path: false, cores: 2 }),
    ];
    const expected = everything(series);
    fc.assert(
      fc.property(fc.shuffledSubarray(series, { minLength: series.length }), (shuffled) => {
        expect(everything(shuffled)).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });
});

describe("more containers than rows are collected for at once", () => {
  it("have each their own day", () => {
    const count = 230;
    const uid = (index: number) => UIDS.a.slice(0, -4) + String(index).padStart(4, "0");
    const pods = Array.from({ length: count }, (_, index) =>
      podSeries({
        pod: `p-${index}`,
        uid: uid(index),
        step: 300,
        bytes: (index + 1) << 20,
        cores: index / 1000,
      }),
    ).flat();
    const { five, hours } = reduce([...nodeSeries(), ...pods], { interval: 300 });
    expect(five).toHaveLength(count * 288);
    expect(hours).toHaveLength(count * 24);
    for (const [index, rows] of [...Map.groupBy(five, (row) => row["pod"])].map(
      ([pod, rows]) => [Number(String(pod).slice(2)), rows] as const,
    )) {
      expect(rows.map((row) => row["at"])).toEqual(
        every(300, START, END, () => 0).map(([at]) => at),
      );
      expect(new Set(rows.map((row) => row["mem_max"]))).toEqual(new Set([(index + 1) << 20]));
      expect(new Set(rows.map((row) => row["cpu_avg"]))).toEqual(new Set([index * 1000]));
    }
    for (const row of hours)
      expect(row["mem_used"]).toBe((Number(String(row["pod"]).slice(2)) + 1) * 3600);
  });
});
