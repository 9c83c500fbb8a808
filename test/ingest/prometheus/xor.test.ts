import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32c } from "../../../ingest/prometheus/crc32c.ts";
import { decodeXor, XOR_SLACK } from "../../../ingest/prometheus/xor.ts";
import { encodeXor } from "../../fakes/chunks.ts";

const time = fc.integer({ min: -(2 ** 45), max: 2 ** 45 });
const value = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, 1, 1e300, Infinity, -Infinity, 5e-324),
  fc.integer({ min: 0, max: 2 ** 40 }),
);

function decoded(samples: readonly (readonly [number, number])[]): [number, number][] {
  const chunk = encodeXor(samples);
  const bytes = Buffer.concat([Buffer.from([7, 7, 7]), chunk, Buffer.alloc(XOR_SLACK, 255)]);
  const times = new Float64Array(samples.length + 1);
  const values = new Float64Array(samples.length + 1);
  const end = decodeXor(bytes, 3, 3 + chunk.length, times, values, 0);
  expect(end).toBe(samples.length);
  return Array.from({ length: end }, (_, index) => [times[index] ?? 0, values[index] ?? 0]);
}

describe("XOR chunks", () => {
  it("decode to the samples that were encoded, whatever they are", () => {
    fc.assert(
      fc.property(
        time,
        fc.array(fc.tuple(fc.integer({ min: 0, max: 2 ** 41 }), value), {
          minLength: 1,
          maxLength: 120,
        }),
        (start, steps) => {
          let at = start;
          const samples = steps.map(([step, value]): [number, number] => [(at += step), value]);
          expect(decoded(samples)).toEqual(samples);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("decode regular scrapes of a counter, jitter and all", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 2 }), (jitter) => {
        const samples = jitter.map((ms, index): [number, number] => [
          1_785_715_200_000 + index * 15_000 + ms,
          index * 0.37,
        ]);
        expect(decoded(samples)).toEqual(samples);
      }),
    );
  });

  it("that end before their samples do are refused", () => {
    const chunk = encodeXor(Array.from({ length: 50 }, (_, at) => [at * 60_000, Math.sin(at)]));
    const times = new Float64Array(64);
    for (const cut of [5, 12, 60, chunk.length - 2])
      expect(() => {
        const bytes = Buffer.concat([chunk.subarray(0, cut), Buffer.alloc(400, 255)]);
        decodeXor(bytes, 0, cut, times, times, 0);
      }).toThrow(RangeError);
  });
});

describe("CRC-32C", () => {
  it("is the one of RFC 3720", () => {
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
  });
  it("of a part is that of its bytes", () => {
    const bytes = Buffer.from("xx123456789yy");
    expect(crc32c(bytes, 2, 11)).toBe(0xe3069283);
  });
});
