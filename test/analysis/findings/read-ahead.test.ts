import { truncateSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Asked, Part } from "../../../analysis/findings/recommend/hold.ts";
import { seriesOf } from "../../../analysis/findings/recommend/read.ts";
import { ReadAhead } from "../../../analysis/findings/recommend/read-ahead.ts";
import { cut, type Series, sizesAt, SLOT } from "../../../analysis/findings/recommend/series.ts";
import { withFolder } from "../../home.ts";
import { parquet, USAGE } from "../../parquet.ts";

const FROM = Date.parse("2026-08-03T00:00:00Z") / 1000;
const SLOTS = 3 * 288;
const MANY = 1e9;

/** What is known of a sample, as it was measured and as a series says it. */
interface Sample {
  pod: string;
  slot: number;
  seconds: number;
  cpu: number;
  mem: number;
  throttled: number;
  oom: number;
  restarts: number;
  memLimit: number;
}

/** Of each pod and day some samples: whole five minutes and pages, or not; gaps, throttling and kills, or none. */
interface PodDay {
  pod: number;
  begin: number;
  steps: number[];
  isWhole: boolean;
  isPaged: boolean;
  isThrottled: boolean;
  kill: number | null;
  memLimit: number | null;
}
const days = fc.array(
  fc.array(
    fc.record<PodDay>({
      pod: fc.nat({ max: 5 }),
      begin: fc.nat({ max: 280 }),
      steps: fc.array(fc.constantFrom(1, 1, 1, 2, 7), { minLength: 1, maxLength: 30 }),
      isWhole: fc.boolean(),
      isPaged: fc.boolean(),
      isThrottled: fc.boolean(),
      kill: fc.option(fc.nat({ max: 29 })),
      memLimit: fc.option(fc.constantFrom(2 ** 28, 2 ** 30)),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  { minLength: 1, maxLength: 3 },
);

function samplesOf(runs: readonly PodDay[], day: number): Sample[] {
  const seen = new Set<number>();
  return runs.flatMap(({ pod, begin, steps, isWhole, isPaged, isThrottled, kill, memLimit }) => {
    // A pod is measured once a day.
    if (seen.has(pod)) return [];
    seen.add(pod);
    let slot = begin;
    return steps.flatMap((step, index): Sample[] => {
      slot += step;
      if (slot >= 288) return [];
      return [
        {
          pod: `pod-${pod}`,
          slot: day * 288 + slot,
          seconds: isWhole ? SLOT : 1 + ((index * 37) % SLOT),
          cpu: (index * 1_234_567 + pod) % 4_000_000_000,
          mem: 2 ** 20 * (index + 1) + (isPaged ? 4096 * pod : 1),
          throttled: isThrottled ? index * 11 : 0,
          oom: index === kill ? 1 : 0,
          restarts: index === kill ? 2 : 0,
          memLimit: memLimit ?? -1,
        },
      ];
    });
  });
}

const namespaceOf = (pod: string) => `ns-${Number(pod.slice(4)) % 3}`;

const rowOf = ({ pod, slot, seconds, cpu, mem, throttled, oom, restarts, memLimit }: Sample) => ({
  cluster: "prod",
  at: FROM + slot * SLOT,
  node: "node",
  namespace: namespaceOf(pod),
  pod,
  pod_uid: `uid-${pod}`,
  container: "app",
  seconds,
  cpu_avg: cpu,
  cpu_max: cpu,
  mem_avg: mem,
  mem_max: mem,
  cpu_request: null,
  mem_request: null,
  cpu_limit: null,
  mem_limit: memLimit < 0 ? null : memLimit,
  throttled_ms: throttled,
  oom_kills: oom,
  restarts,
});

/** The samples of a series, with what held for each. */
function listed(series: Series, first: number): Sample[] {
  return series.pods.flatMap(({ pod, from, until }) =>
    Array.from({ length: until - from }, (_, index): Sample => {
      const i = from + index;
      const event = series.events.find(({ sample }) => sample === i);
      return {
        pod,
        slot: first + (series.slot[i] as number),
        seconds: series.seconds[i] as number,
        cpu: series.cpu[i] as number,
        mem: series.mem[i] as number,
        throttled: series.throttled[i] ?? 0,
        oom: event?.oom ?? 0,
        restarts: event?.restarts ?? 0,
        memLimit: sizesAt(series, i).memLimit,
      };
    }),
  );
}

/** Every sample that the parts hold, a namespace's pods together; by whole series, or by what is cut of them. */
async function readBy(
  asked: readonly Asked[],
  samples: number,
  { waitMs = 0, isCut = false } = {},
): Promise<Sample[][]> {
  const ahead = new ReadAhead(asked, samples, new AbortController().signal);
  try {
    const parts: Sample[][] = [];
    for (const { from, slots } of asked) {
      const held = await ahead.next();
      // Long enough for the thread to have read on.
      if (waitMs > 0) await setTimeout(waitMs);
      const part: Sample[] = [];
      // A series is good until the next one is asked for.
      for (const { series } of seriesOf(held, { from, slots }, (track) => track.namespace))
        if (isCut)
          for (const day of [0, 1, 2])
            part.push(...listed(cut(series, day * 288, day * 288 + 288), day * 288));
        else part.push(...listed(series, 0));
      parts.push(part);
    }
    return parts;
  } finally {
    await ahead.close();
  }
}

const askedOf = (files: readonly string[], of: number): Asked[] =>
  Array.from({ length: of }, (_, part): Part => ({ part, of })).map((part) => ({
    files,
    from: FROM,
    slots: SLOTS,
    part,
  }));

const inOrder = (samples: readonly Sample[]) =>
  samples.toSorted((a, b) => (a.pod < b.pod ? -1 : a.pod > b.pod ? 1 : a.slot - b.slot));

it("what is held is every sample that was measured, in whatever parts", async () => {
  await fc.assert(
    fc.asyncProperty(days, fc.integer({ min: 1, max: 3 }), (runs, of) =>
      withFolder(async (folder) => {
        const samples = runs.map(samplesOf);
        const files: string[] = [];
        for (const [day, list] of samples.entries()) {
          if (list.length === 0) continue;
          files.push(join(folder, `${day}.parquet`));
          await parquet(files.at(-1) as string, USAGE, list.map(rowOf));
        }
        const parts = await readBy(askedOf(files, of), 0);
        expect(inOrder(parts.flat())).toEqual(inOrder(samples.flat()));
        const cuts = await readBy(askedOf(files, of), 0, { isCut: true });
        expect(inOrder(cuts.flat())).toEqual(inOrder(samples.flat()));
        const places = parts.flatMap((part, place) =>
          [...new Set(part.map(({ pod }) => namespaceOf(pod)))].map((name) => [name, place]),
        );
        // A namespace is in one part alone.
        expect(new Set(places.map(([name]) => name)).size).toBe(places.length);
      }),
    ),
    { numRuns: 40 },
  );
});

it("a thread hands out the same parts in order, more of them than are held at once", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "day.parquet");
    const runs = Array.from({ length: 6 }, (_, pod) => ({
      pod,
      begin: pod,
      steps: [1, 1, 2, 1],
      isWhole: pod % 2 === 0,
      isPaged: pod % 3 === 0,
      isThrottled: pod > 3,
      kill: pod === 1 ? 2 : null,
      memLimit: pod === 2 ? 2 ** 28 : null,
    }));
    await parquet(file, USAGE, samplesOf(runs, 0).map(rowOf));
    const asked = askedOf([file], 5);
    const plain = await readBy(asked, 0);
    expect(plain.flat()).toHaveLength(24);
    expect(await readBy(asked, MANY, { waitMs: 100 })).toEqual(plain);
  });
});

it("a file that is cut short is said as by whom reads it without a thread", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "day.parquet");
    const [run] = [{ pod: 1, begin: 0, steps: [1, 1], isWhole: true, isPaged: true }];
    const rows = samplesOf([{ ...run, isThrottled: false, kill: null, memLimit: null }], 0);
    await parquet(file, USAGE, rows.map(rowOf));
    truncateSync(file, (await stat(file)).size - 9);
    for (const samples of [0, MANY])
      await expect(readBy(askedOf([file], 2), samples)).rejects.toMatchObject({
        code: "WAREHOUSE_DAMAGED",
        message: expect.stringContaining(file),
      });
  });
});
