import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadSql } from "../../data/sql.ts";
import { type Engine, openWriter, type Session } from "../../data/warehouse.ts";

/** The macros that divide, against the whole numbers of JavaScript. */
let engine: Engine;
let session: Session;
beforeAll(async () => {
  engine = await openWriter(":memory:");
  session = await engine.session();
  await session.script(loadSql(new URL("../../analysis/models/05-macros.sql", import.meta.url)));
});
afterAll(() => {
  session.close();
  engine.close();
});

const WHOLE = 10n ** 12n;

/** `sql` over rows of whole numbers, named a, b, c … and given as HUGEINT. */
async function of(sql: string, rows: readonly (readonly bigint[])[]): Promise<bigint[]> {
  const names = ["a", "b", "c", "d"].slice(0, rows[0]?.length ?? 0);
  const values = names.map((_, at) => rows.map((row) => String(row[at])));
  const found = await session.rows<{ value: string }>(
    `SELECT ${sql} AS value FROM (SELECT ${names.map((name) => `CAST(unnest($${name}) AS HUGEINT) AS ${name}`).join(", ")})`,
    Object.fromEntries(names.map((name, at) => [name, values[at] ?? []])),
  );
  return found.map(({ value }) => BigInt(value));
}

/** Two numbers, the first at most the second; often where a quotient is whole, or all but. */
const upTo = (most: bigint) =>
  fc
    .tuple(fc.bigInt(1n, most), fc.bigInt(0n, most), fc.integer({ min: -1, max: 1 }), fc.nat(3))
    .map(([whole, part, off, how]): [bigint, bigint] => {
      const near = how === 0 ? whole : how === 1 ? 0n : part % (whole + 1n);
      // The least number whose quotient of 10^12 is not less than that of `near`, and its neighbours.
      const edge = how === 2 ? (((near * WHOLE) / whole) * whole + WHOLE - 1n) / WHOLE : near;
      const moved = edge + BigInt(off);
      return [moved < 0n ? 0n : moved > whole ? whole : moved, whole];
    });

it("a scaled weight is weight × 10^12 ÷ whole, rounded down, for all that a month can weigh", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(upTo(10n ** 26n - 1n), upTo(10n ** 14n), upTo(10n ** 6n)), {
        minLength: 50,
        maxLength: 200,
      }),
      async (rows) => {
        expect(await of("scaled_weight(a, b)", rows)).toEqual(
          rows.map(([weight, whole]) => (weight * WHOLE) / whole),
        );
      },
    ),
    { numRuns: 100 },
  );
});

it("use scaled to what a node can give is use × limit ÷ load, rounded down", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(upTo(2n ** 45n), fc.bigInt(0n, 2n ** 49n - 1n)), {
        minLength: 50,
        maxLength: 200,
      }),
      async (given) => {
        const rows = given.map(([[use, load], limit]) => [use, limit, load]);
        expect(await of("part_of(a, b, c)", rows)).toEqual(
          rows.map(([use = 0n, limit = 0n, load = 1n]) => (use * limit) / load),
        );
      },
    ),
    { numRuns: 100 },
  );
});

it("a share lies between two running parts, and by known digits is the same", async () => {
  const share = fc
    .tuple(
      fc.bigInt(1n, WHOLE),
      fc.bigInt(-(10n ** 38n) + 1n, 10n ** 38n - 1n),
      fc.bigInt(),
      fc.bigInt(),
    )
    .map(([whole, units, one, two]): [bigint, bigint, bigint, bigint] => {
      const ends = [one, two].map((end) => (end < 0n ? -end : end) % (whole + 1n));
      const [before = 0n, mark = 0n] = ends.toSorted((x, y) => (x < y ? -1 : 1));
      return [units, whole, mark, before];
    });
  const times = "CAST(times_whole(abs(a), CAST(b AS BIGINT)) * sign_of(a) AS HUGEINT)";
  const rest = "CAST(left_over(abs(a), CAST(b AS BIGINT)) * sign_of(a) AS BIGINT)";
  const [whole, mark, before] = ["b", "c", "d"].map((name) => `CAST(${name} AS BIGINT)`);
  await fc.assert(
    fc.asyncProperty(fc.array(share, { minLength: 50, maxLength: 200 }), async (rows) => {
      const expected = rows.map(([units, whole, mark, before]) => {
        const size = units < 0n ? -units : units;
        const part = (size * mark) / whole - (size * before) / whole;
        return units < 0n ? -part : part;
      });
      expect(
        await of(`share_of(${times}, ${rest}, ${mark} - ${before}, ${mark}, ${whole})`, rows),
      ).toEqual(expected);
      expect(
        await of(
          `share_of_digits(${times}, ${rest}, ${mark} - ${before}, ${mark} // 1000000, ${mark} % 1000000, ${before} // 1000000, ${before} % 1000000, ${whole})`,
          rows,
        ),
      ).toEqual(expected);
    }),
    { numRuns: 100 },
  );
});
