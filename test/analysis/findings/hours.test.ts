import fc from "fast-check";
import { expect, it } from "vitest";
import { HOUR_FIELDS, unpackHours } from "../../../analysis/findings/hours.ts";
import { keptBytes, rules } from "../../../analysis/findings/placed.ts";

const MOST_HOURS = 60;
const numbers = keptBytes(MOST_HOURS * 4);
const out = keptBytes(HOUR_FIELDS.length * (MOST_HOURS * 4 + 8));

it("hours come back from their packing as they were, but those without a pod", () => {
  const figure = fc.oneof(
    fc.constant(-1),
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: -1, max: 2_147_483_647 }),
  );
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: MOST_HOURS })
        .chain((hours) =>
          fc.tuple(
            fc.array(fc.nat({ max: 3 }), { minLength: hours, maxLength: hours }),
            ...HOUR_FIELDS.slice(1).map(() =>
              fc.array(figure, { minLength: hours, maxLength: hours }),
            ),
          ),
        ),
      (columns) => {
        let end = out.byteOffset;
        for (const column of columns) {
          new Int32Array(numbers.buffer, numbers.byteOffset, column.length).set(column);
          end = rules.pack(numbers.byteOffset, column.length, end);
        }
        const packed = out.slice(0, end - out.byteOffset);
        const hours = columns[0].length;
        const expected = columns[0].flatMap((pods, hour) =>
          pods === 0
            ? []
            : [
                {
                  hour: 500_000 + hour,
                  ...Object.fromEntries(
                    HOUR_FIELDS.map((field, place) => [field, columns[place]?.[hour]]),
                  ),
                },
              ],
        );
        expect(unpackHours(packed, 500_000, hours)).toEqual(expected);
        expect(() => unpackHours(packed.subarray(0, packed.length - 1), 500_000, hours)).toThrow(
          /end before their throttledMs/,
        );
      },
    ),
    { numRuns: 200 },
  );
});
