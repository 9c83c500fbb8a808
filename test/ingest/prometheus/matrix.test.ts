import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MatrixReader, type MatrixSeries } from "../../../ingest/prometheus/matrix.ts";

/** What is read of an answer that comes in pieces of some size. */
function read(answer: string, piece: number): { series: MatrixSeries[]; around: string } {
  const series: MatrixSeries[] = [];
  const reader = new MatrixReader((one) => void series.push(one));
  const bytes = Buffer.from(answer);
  for (let at = 0; at < bytes.length; at += piece) reader.take(bytes.subarray(at, at + piece));
  return { series, around: reader.around() };
}

/** Texts that look like what JSON is made of. */
const text = fc.oneof(
  fc.string({
    unit: fc.constantFrom('"', "\\", "{", "}", "[", "]", ",", ":", "a", "ä", "🦊", "\n"),
  }),
  fc.string(),
);
const series = fc.record({
  metric: fc.dictionary(text, text, { maxKeys: 4, noNullPrototype: true }),
  values: fc.array(fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), text), {
    maxLength: 4,
  }),
});
const answer = fc
  .record({
    status: fc.constant("success"),
    warnings: fc.option(fc.array(text, { maxLength: 3 }), { nil: undefined }),
    infos: fc.option(fc.array(fc.array(fc.array(text))), { nil: undefined }),
    data: fc.record({
      resultType: fc.constant("matrix"),
      result: fc.array(series, { maxLength: 5 }),
    }),
    // Objects as deep as series are, in no array.
    stats: fc.option(fc.constant({ samples: { peak: { n: 1 }, steps: [[1, 2]] } }), {
      nil: undefined,
    }),
  })
  .map((whole) => JSON.parse(JSON.stringify(whole)) as typeof whole);

describe("an answer to a range query, read series by series", () => {
  it("is what it is read whole, whatever its texts and wherever it is cut on its way", () => {
    fc.assert(
      fc.property(
        answer,
        fc.constantFrom(0, 1, 3),
        fc.integer({ min: 1, max: 300 }),
        fc.boolean(),
        (whole, spaces, piece, backwards) => {
          const fields = Object.entries(whole);
          const sent = Object.fromEntries(backwards ? fields.toReversed() : fields);
          const { series: found, around } = read(JSON.stringify(sent, null, spaces), piece);
          expect(found).toEqual(whole.data.result);
          const zeros = { ...whole, data: { ...whole.data, result: found.map(() => 0) } };
          expect(JSON.parse(around)).toEqual(zeros);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("is no JSON when its end is missing, and what is whole of it was given", () => {
    fc.assert(
      fc.property(answer, fc.nat(), fc.integer({ min: 1, max: 300 }), (whole, cut, piece) => {
        const text = JSON.stringify(whole);
        const bytes = Buffer.from(text);
        const short = bytes.subarray(0, cut % bytes.length).toString("latin1");
        const { series: found, around } = read(short, piece);
        expect(() => JSON.parse(around) as unknown).toThrow(SyntaxError);
        expect(found.length).toBeLessThanOrEqual(whole.data.result.length);
      }),
      { numRuns: 300 },
    );
  });

  it("says so where a series is no JSON", () => {
    const broken = '{"status":"success","data":{"result":[{"metric":{},"values":[[1,"2"],]}]}}';
    expect(() => read(broken, 10)).toThrow(SyntaxError);
  });
});
