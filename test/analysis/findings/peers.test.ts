import { describe, expect, it } from "vitest";
import {
  DecayingHistogram,
  exponentialBuckets,
  linearBuckets,
} from "../../../analysis/findings/peers/histogram.ts";
import {
  krrCpu,
  krrMemory,
  krrSimple,
  krrSimpleLimit,
  POINTS_OF_SAMPLE,
} from "../../../analysis/findings/peers/krr.ts";
import { place } from "../../../analysis/findings/placed.ts";
import { SortedCpu } from "../../../analysis/findings/recommend/sorted.ts";
import {
  confidenceFactor,
  cpuBucket,
  Vpa,
  type VpaAnswer,
} from "../../../analysis/findings/peers/vpa.ts";
import { compare } from "../../../analysis/findings/recommend/compared.ts";
import { cpuSeries, seriesOf } from "./shape.ts";

/** The check values that upstream's own tests and issues publish; the sources are named at each. */

const MIB = 1_048_576;
const DAY = 86_400;
const START = Date.parse("2026-08-03T00:00:00Z") / 1000;

/** One-minute samples of a container that uses what `of` says; memory in bytes. */
function vpaOf(
  days: number,
  of: (time: number) => { cpu: number; memory: number },
  containers = 1,
): VpaAnswer {
  const vpa = new Vpa();
  vpa.begin();
  for (let time = 0; time < days * DAY; time += 60) {
    const { cpu, memory } = of(time);
    vpa.cpu(cpu, START + time, 1);
    vpa.memory(memory, START + time);
  }
  return vpa.answer(containers) as VpaAnswer;
}

const m = (millicores: number) => millicores * 1000;

describe("VPA's histograms", () => {
  it("have exponential buckets as in histogram_options_test.go", () => {
    const options = exponentialBuckets(500, 40, 1.5);
    expect(options.count).toBe(6);
    [0, 40, 100, 190, 325, 527.5].forEach((start, index) =>
      expect(options.start(index)).toBeCloseTo(start, 9),
    );
    expect([39.99, 40, 100, 900].map((value) => options.find(value))).toEqual([0, 1, 2, 5]);
  });
  it("have 176 buckets for CPU and for memory, whose last ones begin where the reference says", () => {
    const cpu = exponentialBuckets(1000, 0.01, 1.05);
    const memory = exponentialBuckets(1e12, 1e7, 1.05);
    expect([cpu.count, memory.count]).toEqual([176, 176]);
    expect(cpu.start(175)).toBeCloseTo(1021.109, 3);
    expect(Math.trunc(memory.start(175))).toBe(1_021_109_408_904);
    expect(Math.trunc(memory.start(20))).toBe(330_659_541);
  });
  it("are found without a logarithm just as with it, at both sides of every start", () => {
    const cpu = exponentialBuckets(1000, 0.01, 1.05);
    const near = Array.from({ length: cpu.count }, (_, bucket) => {
      const start = Math.ceil(cpu.start(bucket) * 1e6);
      return [start - 1_025, start - 1, start, start + 1, start + 1_025];
    }).flat();
    const values = [...near, 4_294_967_295].filter((value) => value >= 0);
    expect(values.map((value) => cpuBucket(value))).toEqual(
      values.map((value) => cpu.find(value / 1e6)),
    );
  });
  it("forget by half in a half-life, as in decaying_histogram_test.go", () => {
    const histogram = new DecayingHistogram(linearBuckets(10, 1), 3600);
    for (const value of [1, 2, 3, 4]) histogram.add(value, value, START + (value - 1) * 3600);
    const at = (p: number) => histogram.percentile(p);
    expect([at(0.02), at(0.1), at(0.34), at(0.35)]).toEqual([2, 3, 4, 5]);
  });
  it("answer the same after they were renormalised", () => {
    const histogram = new DecayingHistogram(linearBuckets(10, 1), 3600);
    histogram.add(9, 1, START - 150 * 3600);
    for (const value of [1, 2, 3, 4]) histogram.add(value, value, START + (value - 1) * 3600);
    expect(histogram.percentile(0.34)).toBe(4);
    expect(histogram.percentile(1)).toBe(5);
  });
  it("know nothing before the first sample", () => {
    expect(new DecayingHistogram(linearBuckets(10, 1), 3600).percentile(0.5)).toBe(0);
    expect(new Vpa().answer(1)).toBeNull();
  });
});

describe("VPA's recommendation", () => {
  it("widens with little confidence as in estimator_test.go", () => {
    const confidence = Math.min((8 * 120) / DAY, 9 / 1440);
    expect(confidence).toBe(0.00625);
    expect(3.14 * confidenceFactor(confidence, 0.1, 2)).toBeCloseTo(907.46, 2);
    expect([confidenceFactor(0, 1, 1), confidenceFactor(0, 0.001, -2)]).toEqual([1e14, 0]);
  });
  it("of 0.1 core and 300 MiB for a week is 126 m and 380258472 B, between its bounds", () => {
    const { cpu, memory } = vpaOf(7, () => ({ cpu: m(100), memory: 300 * MIB }));
    expect(cpu).toEqual({ target: m(126), lower: m(125), upper: m(144) });
    expect(memory).toEqual({
      target: 380_258_472,
      lower: 380_149_839,
      upper: 434_586_500,
    });
  });
  it("of next to nothing is its floor, divided by the containers of the pod", () => {
    const of = () => ({ cpu: m(3), memory: 40 * MIB });
    const one = vpaOf(2, of);
    expect([one.cpu.target, one.memory.target]).toEqual([m(25), 262_144_000]);
    const two = vpaOf(2, of, 2);
    expect([two.cpu.target, two.memory.target]).toEqual([m(12), 131_072_000]);
    expect(vpaOf(2, of, 3).memory.target).toBe(87_381_333);
  });
  it("after a kill is made of the larger of request and use, and a fifth", () => {
    const vpa = new Vpa();
    vpa.begin();
    vpa.cpu(m(100), START, 1);
    vpa.memory(480 * MIB, START);
    vpa.oom(512 * MIB, START + 60);
    expect(vpa.answer(1)?.memory.target).toBe(764_046_746);
    // Of a large one a fifth is more than 100 MiB, of a small one it is less: 4096 × 1.2 and 300 + 100 MiB.
    const killed = (request: number) => {
      const one = new Vpa();
      one.begin();
      one.cpu(m(100), START, 1);
      one.oom(request * MIB, START);
      return one.answer(1)?.memory.target;
    };
    expect([killed(4096), killed(300)]).toEqual([6_117_462_922, 511_772_986]);
  });
  it.each([
    [2, 1168],
    [3, 1168],
    [3.25, 1168],
    [3.5, 63],
  ])("of a core for ten days, %s days idle later, is %s m", (idle, target) => {
    const { cpu } = vpaOf(10 + idle, (time) => ({
      cpu: time < 10 * DAY ? m(1000) : m(50),
      memory: 300 * MIB,
    }));
    expect(cpu.target).toBe(m(target));
  });
  it("forgets 2 GiB in three and a quarter days", () => {
    const after = (idle: number) =>
      vpaOf(10 + idle, (time) => ({
        cpu: m(50),
        memory: time < 10 * DAY ? 2048 * MIB : 250 * MIB,
      })).memory.target;
    expect(after(3.25)).toBe(323_522_422);
    expect(after(2)).toBeGreaterThan(2048 * MIB);
  });
  it("forgets what was not seen for 3.32 half-lives, 80 hours", () => {
    const after = (hours: number) =>
      vpaOf(14 + hours / 24, (time) => ({
        cpu: time < 14 * DAY ? m(1000) : m(50),
        memory: 300 * MIB,
      })).cpu.target;
    expect([after(79.5), after(80)]).toEqual([m(1168), m(63)]);
  });
  it("does not see what is less than a tenth of the time", () => {
    const each = (minutes: number) =>
      vpaOf(14, (time) => ({
        cpu: time % 3600 < minutes * 60 ? m(1000) : m(50),
        memory: 300 * MIB,
      })).cpu.target;
    expect([each(5), each(7)]).toEqual([m(63), m(1168)]);
  });
  it("merges the pods of a workload: the typical sample decides, not the worst pod", () => {
    const vpa = new Vpa();
    for (const level of [50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 1000]) {
      vpa.begin();
      for (let time = 0; time < DAY; time += 60) vpa.cpu(m(level), START + time, 1);
      vpa.memory(300 * MIB, START);
    }
    expect(vpa.answer(1)?.cpu.target).toBe(m(63));
  });
  it("counts memory by the highest of 24 hours, and a kill older than that not at all", () => {
    const of = (kill: number | null) => {
      const vpa = new Vpa();
      vpa.begin();
      vpa.cpu(m(100), START, 1);
      // One high minute a day is all of memory there is to see.
      for (let time = 0; time < 3 * DAY; time += 60)
        vpa.memory((time % DAY === 600 ? 300 : 100) * MIB, START + time);
      if (kill !== null) vpa.oom(512 * MIB, START + kill);
      return vpa.answer(1)?.memory.target;
    };
    expect(of(null)).toBe(380_258_472);
    // Killed in the second day, told after samples of the third.
    expect(of(DAY + 3600)).toBe(380_258_472);
    expect(of(3 * DAY - 60)).toBe(764_046_746);
  });
  it("says the same of five-minute averages", () => {
    const series = seriesOf({
      says: "",
      why: [],
      until: "2026-08-31",
      since: "2026-08-24",
      cpu: [{ level: 100 }],
      memory: [{ level: 300 }],
      expect: {
        class: "steady",
        cpu: null,
        memory: null,
        reasons: [],
        krr: { cpu: 100, memory: 345 },
        vpa: { cpu: 126, memory: 380_258_472 },
      },
    });
    const { krr, krrLimit, vpa } = compare(series, { cpu: false, memory: false }, 1);
    expect(vpa).toEqual({
      cpu: { target: m(126), lower: m(125), upper: m(144) },
      memory: { target: 380_258_472, lower: 380_149_839, upper: 434_586_500 },
    });
    expect([krr.cpu, krr.memory]).toEqual([m(100), 345 * MIB]);
    expect(krrLimit).toEqual({ request: m(100), limit: m(100) });
  });
  it.each([1, 2.5])("does not see a core for %s hours each night, by midnight", (hours) => {
    const { cpu } = vpaOf(14, (time) => ({
      cpu: time % DAY < hours * 3600 ? m(1000) : m(50),
      memory: 300 * MIB,
    }));
    expect(cpu.target).toBe(m(63));
  });
});

describe("KRR", () => {
  const sorted = (values: readonly number[]) => {
    const cpu = new SortedCpu();
    const seconds = new Uint16Array(values.length).fill(300);
    cpu.begin(place(cpuSeries(Uint32Array.from(values), seconds)));
    cpu.add(0, values.length, false);
    return cpu;
  };
  const pod = (values: readonly number[], seconds = values.length * 300, memory = 100 * MIB) => ({
    p95: sorted(values).interpolated(0.95, POINTS_OF_SAMPLE),
    memory,
    seconds,
  });
  const no = { cpu: false, memory: false };
  const nights = (hours: number) =>
    Array.from({ length: 14 * 288 }, (_, index) => (index % 288 < hours * 12 ? m(1000) : m(50)));

  it("interpolates linearly at rank p(n-1), as Prometheus and numpy do", () => {
    expect(sorted([0, 10]).interpolated(0.95, 1)).toBeCloseTo(9.5, 12);
    expect(sorted([4, 2, 1, 3]).interpolated(0.5, 1)).toBe(2.5);
    expect(sorted([7]).interpolated(0.95, 1)).toBe(7);
    expect(sorted([]).interpolated(0.95, 1)).toBe(0);
    // Of the 24 points of half an hour four are at ten, of 20 samples' 80 four: rank 75.05 is between 0 and 10.
    expect(sorted([0, 0, 10, 0, 0, 0]).interpolated(0.95, 4)).toBe(10);
    expect(sorted([10, ...Array.from({ length: 19 }, () => 0)]).interpolated(0.95, 4)).toBeCloseTo(
      0.5,
      9,
    );
  });
  it("rounds up to millicores and MiB, with floors", () => {
    expect([1, 10_000, 50_000, 50_001, 50_999].map(krrCpu)).toEqual([
      10_000, 10_000, 50_000, 51_000, 51_000,
    ]);
    expect(krrMemory(1)).toBe(100 * MIB);
    expect(krrMemory(200 * MIB)).toBe(230 * MIB);
    expect(krrMemory(200 * MIB + 1)).toBe(231 * MIB);
  });
  it("simple says 50 m of an hour at a core each night, and 1000 m of two and a half", () => {
    expect(krrSimple([pod(nights(1))], no).cpu).toBe(m(50));
    expect(krrSimple([pod(nights(2.5))], no).cpu).toBe(m(1000));
  });
  it("does not see what is less than a twentieth of the time, 72 minutes a day", () => {
    const cpu = (hours: number) => krrSimple([pod(nights(hours))], no).cpu;
    expect([cpu(70 / 60), cpu(75 / 60)]).toEqual([m(50), m(1000)]);
  });
  it("asks for 100 points of all pods together, so a pod of one sample may decide", () => {
    expect(krrSimple([pod(nights(0)), pod([m(700)], 75)], no).cpu).toBe(m(700));
  });
  it("simple_limit says P66 and P96 of all pods' samples", () => {
    // Of a hundred: 70 at 10 m, 27 at 20, 3 at 30; ranks 65.34 and 95.04.
    const all = sorted(
      Array.from({ length: 100 }, (_, i) => (i < 70 ? m(10) : i < 97 ? m(20) : m(30))),
    );
    const at = (p: number) => all.interpolated(p, 1);
    expect(krrSimpleLimit(at, true)).toEqual({ request: m(10), limit: m(20) });
    const steps = sorted(Array.from({ length: 101 }, (_, i) => m(100 + i)));
    expect(krrSimpleLimit((p) => steps.interpolated(p, 1), true)).toEqual({
      request: m(166),
      limit: m(196),
    });
  });
  it("simple lets one pod of 25 minutes decide; simple_limit does not", () => {
    const short = [m(900), m(900), m(900), m(900), m(900)];
    const answer = krrSimple([pod(nights(0)), pod(short)], no);
    expect(answer.cpu).toBe(m(900));
    const all = sorted([...nights(0), ...short]);
    const at = (p: number) => all.interpolated(p, POINTS_OF_SAMPLE);
    expect(krrSimpleLimit(at, true)).toEqual({ request: m(50), limit: m(50) });
    expect(krrSimpleLimit(at, false)).toBeNull();
  });
  it("does not answer without data, under 100 points of 75 seconds, or under an HPA", () => {
    expect(krrSimple([], no)).toMatchObject({ cpu: null, cpuUnknown: "no-data" });
    expect(krrSimple([pod([m(1)], 99 * 75)], no).memoryUnknown).toBe("not-enough-data");
    expect(krrSimple([pod([m(1)], 100 * 75)], no).cpuUnknown).toBeNull();
    expect(krrSimple([pod(nights(1))], { cpu: true, memory: false })).toMatchObject({
      cpu: null,
      cpuUnknown: "hpa",
      memory: 115 * MIB,
      memoryUnknown: null,
    });
  });
});
