import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BacktestAnswer } from "../../../analysis/backtest/answer.ts";
import { above, weekOf } from "../../../analysis/backtest/methods.ts";
import { cut, type Series, sizesAt, SLOT } from "../../../analysis/findings/recommend/series.ts";
import { cli, withFolder } from "../../home.ts";
import { factsOf, seriesOf, shapes, sizesOf } from "../findings/shape.ts";

const START = Date.parse("2026-07-06T00:00:00Z") / 1000;
const HEAD = "timestamp,workload,cpu,memory,request";

/** Samples each five minutes of a workload; cores and bytes. */
function csv(workload: string, days: number, of: (hour: number, slot: number) => number): string {
  const lines: string[] = [];
  for (let slot = 0; slot < days * 288; slot++)
    lines.push(
      `${new Date((START + slot * 300) * 1000).toISOString()},${workload},${of(Math.floor(slot / 12), slot)},${300 * 1_048_576},1`,
    );
  return lines.join("\n");
}

async function backtest(content: string, ...more: string[]) {
  return withFolder(async (folder) => {
    const file = join(folder, "series.csv");
    await writeFile(file, content);
    return cli(["backtest", "--series", file, ...more]);
  });
}

describe("backtest --series", () => {
  it("scores every method on the week after, over all weeks the history holds", async () => {
    // Half a core, and two cores for an hour each night: 4.2 % of the time.
    const nightly = csv("nightly", 42, (hour) => (hour % 24 === 2 ? 2 : 0.5));
    const flat = csv("flat", 42, () => 0.25);
    const { code, out, err } = await backtest(`${HEAD}\n${nightly}\n${flat}\n`, "--format", "json");
    expect([code, err]).toEqual([0, ""]);
    const answer = JSON.parse(out) as BacktestAnswer;
    expect(answer).toMatchObject({
      days: 28,
      origins: ["2026-08-03", "2026-08-10"],
      workloads: 2,
      weeks: 4,
      answered: { cpu: 4, memory: 4 },
    });
    const by = Object.fromEntries(answer.methods.map((method) => [method.method, method]));
    // The night's hour is 1/24 of one of two workloads' time.
    expect(by["krr-simple"]?.cpu.samplesOver.value).toBeCloseTo(1 / 48, 9);
    expect(by["vpa-target"]?.cpu.samplesOver.value).toBeCloseTo(1 / 48, 9);
    expect(by["apportion"]?.cpu.samplesOver.value).toBe(0);
    // What is short in each of 14 nights: KRR asks for 0.5 of 2 cores.
    expect(by["krr-simple"]?.cpu.unmetCoreHours).toBeCloseTo(14 * 1.5, 6);
    // Ours: 2.2 and 0.275 cores asked, 0.5625 and 0.25 used.
    expect(by["apportion"]?.cpu.slack.value).toBeCloseTo(1 - (0.5625 + 0.25) / (2.2 + 0.275), 9);
    expect(by["apportion"]?.memory).toMatchObject({ weeksOver: { value: 0 } });
    expect(by["apportion"]?.churn).toEqual({
      cpu: 0,
      cpuOverTenth: 0,
      memory: 0,
      memoryOverTenth: 0,
    });
    for (const gate of answer.gates.filter(
      ({ figure, at }) => figure === "weeksOver" && at === "ours",
    ))
      expect([gate.against, gate.holds]).toEqual([gate.against, true]);
  });
  it("answers the same twice, in a table for people", async () => {
    const content = `${HEAD}\n${csv("a", 35, (hour) => 0.1 + (hour % 24) / 50)}\n`;
    const [one, two] = [await backtest(content), await backtest(content)];
    expect(one.out).toBe(two.out);
    expect(one.out).toContain("weeks from 2026-08-03\n");
    expect(one.out).toMatch(/^apportion +100\.0 %/m);
  });
  it.each([
    ["timestamp,workload,cpu\n", "series.csv:1: no column memory"],
    [`${HEAD}\nyesterday,a,1,1,1\n`, 'series.csv:2: timestamp "yesterday"'],
    [
      `${HEAD}\n2026-08-01T00:00:00Z,a,much,1,1\n`,
      'series.csv:2: cpu "much" is not a number of cores',
    ],
    [`${HEAD}\n2026-08-01T00:00:00Z,a,1,-1,1\n`, 'series.csv:2: memory "-1"'],
    [`${HEAD}\n`, "a header and no rows"],
  ])("refuses %j by its place", async (content, message) => {
    const { code, err } = await backtest(content);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
  it("says what is missing of a history that is too short", async () => {
    const { code, err } = await backtest(`${HEAD}\n${csv("a", 20, () => 1)}\n`);
    expect(code).toBe(2);
    expect(err).toContain("a history of 28 days and a week after them");
  });
});

describe("a week's score", () => {
  /** By going through all samples. */
  function plainly(series: Series, request: number) {
    let seconds = 0;
    let unmet = 0;
    for (const { from, until } of series.pods)
      for (let i = from; i < until; i++) {
        const over = (series.cpu[i] as number) - request;
        if (over <= 0) continue;
        seconds += series.seconds[i] as number;
        unmet += over * (series.seconds[i] as number);
      }
    return { seconds, unmet };
  }
  it("is that of every sample by itself, whatever is asked for", () => {
    const all = shapes().map(([, shape]) => seriesOf(shape));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: all.length - 1 }),
        fc.integer({ min: 0, max: 21 }),
        fc.integer({ min: 0, max: 3_000_000 }),
        (index, day, request) => {
          const week = cut(all[index] as Series, day * 288, (day + 7) * 288);
          expect(above(weekOf(week), request)).toEqual(plainly(week, request));
        },
      ),
      { numRuns: 100 },
    );
  });
  it("of a part of a series has the samples, sizes and events of that part", () => {
    for (const [name, shape] of shapes()) {
      const series = seriesOf(shape);
      const part = cut(series, 5 * 288, 21 * 288);
      const inPart = (sample: number) => {
        const slot = series.slot[sample] as number;
        return slot >= 5 * 288 && slot < 21 * 288;
      };
      const count = series.pods.reduce((sum, { from, until }) => {
        for (let i = from; i < until; i++) sum += inPart(i) ? 1 : 0;
        return sum;
      }, 0);
      expect([name, part.pods.at(-1)?.until ?? 0]).toEqual([name, count]);
      expect(part.events.length).toBe(series.events.filter(({ sample }) => inPart(sample)).length);
      // A pod's first sample says its sizes, and where they change another does.
      const changes = shape.resized === undefined ? [] : [(14 - 5) * 288];
      expect(part.sizes.map(({ from }) => from)).toEqual(
        [...part.pods.map(({ from }) => from), ...changes].toSorted((a, b) => a - b),
      );
      for (const { from } of part.sizes)
        expect(sizesAt(part, from)).toMatchObject(
          sizesOf(shape, part.from + (part.slot[from] as number) * SLOT),
        );
      expect(factsOf(shape).expectedSeconds).toBeGreaterThan(0);
    }
  });
});
