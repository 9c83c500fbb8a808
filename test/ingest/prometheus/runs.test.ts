import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { intersect, oneValue, type Run, spread, union } from "../../../ingest/prometheus/runs.ts";

/** Short enough that an oracle may look at every instant. */
const LATEST = 40;
const instants = Array.from({ length: LATEST + 1 }, (_, at) => at);
const run = fc
  .tuple(
    fc.integer({ min: 0, max: LATEST - 1 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 0, max: 3 }),
  )
  .map(([from, long, value]): Run => ({ from, until: Math.min(LATEST, from + long), value }));
const runs = fc.array(run, { maxLength: 8 });
const at = (list: readonly Run[], instant: number) =>
  list.filter(({ from, until }) => from <= instant && instant < until);
const apart = (list: readonly Run[]) =>
  list.every(({ from, until }, index) => from < until && (list[index - 1]?.until ?? -1) <= from);

describe("stretches of time", () => {
  it("a union is there wherever any of them is, in order, in as few pieces as can be", () => {
    fc.assert(
      fc.property(runs, (list) => {
        const before = structuredClone(list);
        const joined = union(list);
        expect(list).toEqual(before);
        for (const instant of instants)
          expect(at(joined, instant).length).toBe(Math.min(1, at(list, instant).length));
        for (const [index, { from, value }] of joined.entries()) {
          expect(value).toBe(1);
          expect(joined[index - 1]?.until ?? -1).toBeLessThan(from);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("an intersection is where both are, with the value of the first", () => {
    const sets = fc.tuple(
      runs.map((list) => oneValue(list)),
      runs.map((list) => union(list)),
    );
    let shared = 0;
    fc.assert(
      fc.property(sets, ([list, where]) => {
        const both = intersect(list, where);
        shared += both.length;
        expect(apart(both)).toBe(true);
        for (const instant of instants)
          expect(at(both, instant).map(({ value }) => value)).toEqual(
            at(where, instant).length === 0 ? [] : at(list, instant).map(({ value }) => value),
          );
      }),
      { numRuns: 500 },
    );
    expect(shared).toBeGreaterThan(500);
  });

  it("of values that overlap the one that began later holds, of two that began together the larger", () => {
    fc.assert(
      fc.property(runs, (list) => {
        const one = oneValue(list);
        expect(apart(one)).toBe(true);
        for (const instant of instants) {
          const [latest] = at(list, instant).toSorted(
            (a, b) => b.from - a.from || b.value - a.value,
          );
          expect(at(one, instant).map(({ value }) => value)).toEqual(
            latest === undefined ? [] : [latest.value],
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it("spread over a grid, each cell has what of them lies in it", () => {
    fc.assert(
      fc.property(runs, fc.integer({ min: 1, max: 9 }), (list, cell) => {
        const cells = new Map<number, number>();
        spread(list, 0, cell, (index, ms) => cells.set(index, (cells.get(index) ?? 0) + ms));
        const expected = new Map<number, number>();
        for (const instant of instants)
          for (const _ of at(list, instant)) {
            const index = Math.floor(instant / cell);
            expected.set(index, (expected.get(index) ?? 0) + 1);
          }
        expect(cells).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});
