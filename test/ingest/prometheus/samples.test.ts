import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChunkedReader } from "../../../ingest/prometheus/chunked.ts";
import type { Labels } from "../../../ingest/prometheus/labels.ts";
import {
  type Fold,
  MovedSeries,
  Samples,
  type SeriesFigures,
} from "../../../ingest/prometheus/samples.ts";
import { crc32c, frame } from "../../fakes/chunks.ts";
import { counter, type Figures, gauge, state } from "./fold-oracle.ts";

const START = 1_785_715_200_000;
const MINUTE = 60_000;
const samples = new Samples();

type Sample = [at: number, value: number];

/** What samples come to that are sent as chunks of some sizes, in pieces of some size. */
function streamed(
  fold: Fold,
  window: { from: number; until: number },
  chunks: readonly Sample[][],
  piece: number,
): SeriesFigures[] {
  const given: SeriesFigures[] = [];
  const reader = new ChunkedReader(
    "usage",
    { samples, folds: [fold], window },
    {
      series: (_metric, _labels, figures) =>
        void given.push({ ...figures, figures: figures.figures.slice() }),
    },
  );
  const half = Math.ceil(chunks.length / 2);
  const labels = { __name__: "m", pod: "a" };
  // The second series is a twin, under other labels: nothing of the first may be left in it.
  const bytes = Buffer.concat([
    frame([{ labels, chunks: chunks.slice(0, half) }]),
    frame([
      { labels, chunks: chunks.slice(half) },
      { labels: { ...labels, pod: "b" }, chunks },
    ]),
  ]);
  for (let at = 0; at < bytes.length; at += piece) reader.take(bytes.subarray(at, at + piece));
  reader.end();
  return given;
}

/** Times that grow by what scrapes are apart, with jitter and outages, and values of every kind. */
const step = fc.oneof(
  { weight: 20, arbitrary: fc.constant(MINUTE) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 2 * MINUTE }) },
  { weight: 2, arbitrary: fc.integer({ min: 4 * MINUTE, max: 30 * MINUTE }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 ** 37 }) },
);
const value = fc.oneof(
  { weight: 8, arbitrary: fc.constant(null) },
  { weight: 8, arbitrary: fc.double({ min: 0, max: 1e6, noNaN: true }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 3 }) },
  // Doubles of chance are mostly next to nothing: a counter that falls from them fell by nothing.
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 1_000_000 }) },
  { weight: 1, arbitrary: fc.double() },
  {
    weight: 1,
    arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, -0, -1, 5e-324, 1e300),
  },
);
const series = fc
  .tuple(
    fc.integer({ min: -90 * MINUTE, max: 20 * MINUTE }),
    fc.array(fc.tuple(step, value), { minLength: 1, maxLength: 150 }),
  )
  .map(([late, steps]): Sample[] => {
    let at = START + late;
    let said = 7;
    // Nothing new is what most scrapes say.
    return steps.map(([step, value]) => [(at += step), (said = value ?? said)]);
  });
const cut = (all: readonly Sample[], sizes: readonly number[]): Sample[][] => {
  const chunks: Sample[][] = [];
  let size = 0;
  for (let at = 0; at < all.length; at += chunks.at(-1)?.length ?? 1)
    chunks.push(all.slice(at, at + (sizes[size++ % sizes.length] ?? 1)));
  return chunks;
};

describe("series of chunks come to what their samples come to", () => {
  const holds = { counter: 0, gauge: 0, state: 0 };
  it.each(["counter", "gauge", "state"] as const)("%s, to the last bit", (kind) => {
    fc.assert(
      fc.property(
        series,
        fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.constantFrom(15_000, MINUTE, 5 * MINUTE),
        fc.integer({ min: 1, max: 288 }),
        fc.constantFrom(1e-3, 2, Infinity),
        (all, sizes, piece, hold, buckets, most) => {
          const window = { from: START, until: START + buckets * 5 * MINUTE - 7 };
          const asked = {
            times: all.map(([at]) => at),
            values: all.map(([, value]) => value),
            hold,
            window,
          };
          const expected =
            kind === "counter"
              ? counter(asked, most)
              : kind === "gauge"
                ? gauge(asked)
                : state(asked);
          holds[kind] += expected.runs.length;
          const given = streamed({ kind, hold, most }, window, cut(all, sizes), piece);
          expect(given).toHaveLength(2);
          for (const one of given) expect(plain(one)).toEqual({ ...expected, samples: all.length });
          const whole = samples.series(
            { kind, hold, most },
            window,
            Float64Array.from(asked.times),
            Float64Array.from(asked.values),
            all.length,
          );
          expect(plain(whole)).toEqual({ ...expected, samples: all.length });
        },
      ),
      { numRuns: 300 },
    );
    expect(holds[kind]).toBeGreaterThan(50);
  });

  it("of answers to several questions, each as its question has it, though they bear the same labels", () => {
    const question = fc.record({
      kind: fc.constantFrom("counter" as const, "gauge" as const, "state" as const),
      hold: fc.constantFrom(15_000, MINUTE, 5 * MINUTE),
      most: fc.constantFrom(1e-9, Infinity),
      answers: fc.array(series, { maxLength: 2 }),
    });
    const window = { from: START, until: START + 30 * 5 * MINUTE };
    let followed = 0;
    fc.assert(
      fc.property(
        fc.array(question, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 5000 }),
        (questions, piece) => {
          const given: SeriesFigures[] = [];
          const reader = new ChunkedReader(
            "usage",
            { samples, folds: questions, window },
            { series: (_m, _l, one) => void given.push({ ...one, figures: one.figures.slice() }) },
          );
          // The last of one question's and the first of the next one's are both pod 0's.
          const frames = questions.flatMap(({ answers }, index) =>
            answers.map((all, pod) => {
              const labels = { __name__: "m", pod: String((index + pod) % 2) };
              return frame([{ labels, chunks: cut(all, [40]) }], undefined, index);
            }),
          );
          const bytes = Buffer.concat(frames);
          for (let at = 0; at < bytes.length; at += piece)
            reader.take(bytes.subarray(at, at + piece));
          const { answered } = reader.end();
          expect(answered).toBe(questions.findLastIndex(({ answers }) => answers.length > 0) + 1);
          const expected = questions.flatMap(({ kind, hold, most, answers }) =>
            answers.map((all) => {
              const times = all.map(([at]) => at);
              const asked = { times, values: all.map(([, value]) => value), hold, window };
              const fold = { counter: () => counter(asked, most), gauge, state }[kind];
              return { ...fold(asked), samples: all.length };
            }),
          );
          expect(given.map(plain)).toEqual(expected);
          if (
            new Set(questions.filter((one) => one.answers.length > 0).map((one) => one.kind)).size >
            1
          )
            followed++;
        },
      ),
      { numRuns: 300 },
    );
    expect(followed).toBeGreaterThan(50);
  });

  it("of blocks that overlap no sample is taken twice", () => {
    const all = Array.from({ length: 60 }, (_, j): Sample => [START + j * MINUTE, j * j]);
    const window = { from: START, until: START + 60 * MINUTE };
    const fold = { kind: "counter", hold: MINUTE, most: Infinity } as const;
    const [apart] = streamed(fold, window, [all.slice(0, 30), all.slice(30)], 4096);
    const [overlapping] = streamed(
      fold,
      window,
      [all.slice(0, 40), all.slice(20, 50), all.slice(10, 30), all.slice(30)],
      4096,
    );
    expect(plain(overlapping as SeriesFigures)).toEqual(plain(apart as SeriesFigures));
    expect(overlapping?.samples).toBe(60);
  });

  it("of samples that are more than memory was made for", () => {
    const count = 200_000;
    const times = Float64Array.from({ length: count }, (_, j) => START + j * 400);
    const values = Float64Array.from({ length: count }, (_, j) => j % 1000);
    const window = { from: START, until: START + 1440 * MINUTE };
    const fold = { kind: "state", hold: MINUTE, most: Infinity } as const;
    const { runs } = samples.series(fold, window, times, values, count);
    expect(runs).toHaveLength(count);
    expect(runs[77_777]).toEqual({
      from: START + 77_777 * 400,
      until: START + 77_778 * 400,
      value: 777,
    });
  });
});

function plain(series: SeriesFigures): Figures & { samples: number } {
  const { first, figures, runs, infinite, implausible, samples } = series;
  const buckets = figures.length / 2;
  const [sum, max] = [[...figures.subarray(0, buckets)], [...figures.subarray(buckets)]];
  return { first, sum, max, runs, infinite, implausible, samples };
}

describe("the checksum that the frames of tests have", () => {
  it("is CRC-32C of RFC 3720", () => {
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
  });
});

describe("labels, told by number", () => {
  const fold = { kind: "state", hold: MINUTE, most: Infinity } as const;
  const window = { from: START, until: START + 60 * MINUTE };
  const named = (labels: Record<string, string>) => ({ labels, chunks: [[[START, 1] as Sample]] });
  const room = (bytes: number) => new ArrayBuffer(Math.ceil(bytes / 8) * 8);
  const send = (into: Samples, stream: number, all: readonly Record<string, string>[]) => {
    for (const labels of all) into.take(stream, frame([named(labels)]), () => {});
  };

  it("are those that were sent, of more series than there was room for, here and moved", () => {
    const all = Array.from({ length: 12_000 }, (_, index) => ({
      __name__: "m",
      pod: `pod-${index}`,
      uid: `${index % 7}`.repeat(index % 40),
      " 🦊": index % 2 === 0 ? "" : `ä${index % 100}`,
    }));
    const here = new Samples();
    const there = new Samples();
    const moved = new MovedSeries();
    const [found, also]: [Labels[], Labels[]] = [[], []];
    const streams = [here, there].map((one) => one.open([fold], window)) as [number, number];
    for (let from = 0; from < all.length; from += 500) {
      send(here, streams[0], all.slice(from, from + 500));
      send(there, streams[1], all.slice(from, from + 500));
      here.each(({ labels }) => void found.push(labels));
      const buffer = room(there.done);
      moved.each(there.move(buffer), ({ labels }) => void also.push(labels));
    }
    here.end(streams[0]);
    here.each(({ labels }) => void found.push(labels));
    there.end(streams[1]);
    moved.each(there.move(room(there.done)), ({ labels }) => void also.push(labels));
    expect(found).toEqual(all);
    expect(also).toEqual(all);
  });

  it("begin anew when they were forgotten", () => {
    const here = new Samples();
    const found: Labels[] = [];
    for (const pod of ["a", "b", "a"]) {
      const stream = here.open([fold], window);
      send(here, stream, [{ __name__: pod, pod }]);
      here.end(stream);
      here.each(({ labels }) => void found.push(labels));
      here.forget();
    }
    expect(found).toEqual(["a", "b", "a"].map((pod) => ({ __name__: pod, pod })));
  });
});
