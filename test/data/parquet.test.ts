import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../data/files.ts";
import { type ParquetColumn, ParquetWriter } from "../../data/parquet.ts";
import { sqlText } from "../../data/warehouse.ts";
import { withFolder } from "../home.ts";
import { sql } from "../ingest/taken.ts";

const COLUMNS: ParquetColumn[] = [
  { name: "small", type: "INTEGER", optional: false },
  { name: "large", type: "BIGINT", optional: true },
  { name: "yes", type: "BOOLEAN", optional: true },
  { name: "text", type: "VARCHAR", optional: true },
  // More columns than a short list of the footer holds.
  ...Array.from({ length: 14 }, (_, index): ParquetColumn => ({
    name: `c${index}`,
    type: "BIGINT",
    optional: false,
  })),
];

const row = fc.record({
  small: fc.integer(),
  large: fc.option(
    fc.integer({ min: Number.MIN_SAFE_INTEGER + 1, max: Number.MAX_SAFE_INTEGER - 1 }),
  ),
  yes: fc.option(fc.boolean()),
  text: fc.option(
    fc.oneof(fc.constantFrom("", "a", "b"), fc.string({ unit: "binary", maxLength: 300 })),
  ),
});

describe("Parquet that is written here", () => {
  it("is read by the engine as it was written, whatever it holds", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { maxLength: 400 }), { maxLength: 4 }), (groups) =>
        withFolder(async (folder) => {
          const path = join(folder, "x.parquet");
          const writer = new ParquetWriter(path, COLUMNS);
          for (const rows of groups) {
            const texts = [
              ...new Set(rows.map(({ text }) => text).filter((text) => text !== null)),
            ];
            const numbers = (of: (one: (typeof rows)[number]) => number | boolean | null) =>
              Float64Array.from(rows, (one) => {
                const value = of(one);
                return value === null ? Number.NaN : Number(value);
              });
            writer.group(
              [
                numbers(({ small }) => small),
                numbers(({ large }) => large),
                numbers(({ yes }) => yes),
                {
                  dictionary: texts,
                  indices: Int32Array.from(rows, ({ text }) =>
                    text === null ? -1 : texts.indexOf(text),
                  ),
                },
                ...Array.from({ length: 14 }, () => numbers(({ small }) => small)),
              ],
              rows.length,
            );
          }
          const written = await writer.finish();
          expect(written.sha256).toBe(sha256(readFileSync(path)));
          const all = groups.flat();
          expect(written.rows).toBe(all.length);
          const back = await sql(
            `SELECT small, large, yes, text, c13, typeof(small) AS t1, typeof(large) AS t2, typeof(yes) AS t3, typeof(text) AS t4 FROM read_parquet(${sqlText(path)}, file_row_number = true) ORDER BY file_row_number`,
          );
          for (const [index, one] of all.entries()) {
            const got = back[index] ?? {};
            expect(Number(got["small"])).toBe(one.small);
            expect(Number(got["c13"])).toBe(one.small);
            expect(got["large"]).toBe(one.large === null ? null : String(one.large));
            expect(got["yes"]).toBe(one.yes);
            expect(got["text"]).toBe(one.text);
            expect([got["t1"], got["t2"], got["t3"], got["t4"]]).toEqual([
              "INTEGER",
              "BIGINT",
              "BOOLEAN",
              "VARCHAR",
            ]);
          }
          // The range of a row group lets the engine leave it out, and must not leave out too much.
          for (const { small } of all.slice(0, 3)) {
            const [found] = await sql(
              `SELECT count(*) AS n FROM read_parquet(${sqlText(path)}) WHERE small = ${small}`,
            );
            expect(Number(found?.["n"])).toBe(all.filter((one) => one.small === small).length);
          }
        }),
      ),
      { numRuns: 25 },
    );
  });

  it("numbers of every look are read as they were written, and text told by runs", async () => {
    const walk = (least: number, most: number) =>
      fc
        .tuple(
          fc.integer({ min: -(2 ** 51), max: 2 ** 51 }),
          fc.array(fc.integer({ min: least, max: most }), { minLength: 1, maxLength: 700 }),
        )
        .map(([start, steps]) => {
          let at = start;
          return steps.map((step) => (at += step));
        });
    const wide = fc
      .tuple(
        fc.integer({ min: -(2 ** 51), max: 2 ** 51 }),
        fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 700 }),
      )
      .map(([start, over]) => over.map((more) => start + more));
    const runs = fc
      .array(fc.tuple(fc.option(fc.integer()), fc.integer({ min: 1, max: 90 })), { minLength: 1 })
      .map((list) => list.flatMap(([value, length]) => Array<number | null>(length).fill(value)));
    const numbers = fc.oneof(walk(300, 300), walk(-40, 1e6), wide, runs);
    await fc.assert(
      fc.asyncProperty(numbers, fc.integer({ min: 1, max: 50 }), (values, length) =>
        withFolder(async (folder) => {
          const path = join(folder, "x.parquet");
          const writer = new ParquetWriter(path, [
            { name: "number", type: "BIGINT", optional: true },
            { name: "text", type: "VARCHAR", optional: true },
          ]);
          const lengths: number[] = [];
          for (let row = 0; row < values.length; row += length)
            lengths.push(Math.min(length, values.length - row));
          const texts = {
            dictionary: ["a", "b", "c"],
            indices: Int32Array.from(lengths, (_, index) => (index % 4) - 1),
            lengths: Int32Array.from(lengths),
          };
          const column = Float64Array.from(values, (value) => value ?? Number.NaN);
          writer.group([column, texts], values.length);
          await writer.finish();
          const back = await sql(
            `SELECT number, text FROM read_parquet(${sqlText(path)}, file_row_number = true) ORDER BY file_row_number`,
          );
          expect(back).toEqual(
            values.map((value, row) => ({
              number: value === null ? null : String(value),
              text: [null, "a", "b", "c"][Math.floor(row / length) % 4] ?? null,
            })),
          );
        }),
      ),
      { numRuns: 40 },
    );
  });

  it("a page larger than is written at once comes after what waits, and is hashed with it", () =>
    withFolder(async (folder) => {
      const rows = 70_000;
      const path = join(folder, "x.parquet");
      const column = (name: string) => ({ name, type: "BIGINT" as const, optional: false });
      const writer = new ParquetWriter(path, [column("small"), column("large"), column("last")]);
      // No two alike, too far apart for differences, and nothing that packing would find.
      const wild = Float64Array.from({ length: rows }, (_, row) =>
        Number(BigInt.asUintN(52, BigInt(row) * 0x9e3779b97f4a7c15n)),
      );
      const small = Float64Array.from({ length: rows }, (_, row) => Math.floor(row / 1000));
      writer.group([small, wild, small], rows);
      const written = await writer.finish();
      const bytes = readFileSync(path);
      expect(written).toEqual({
        rows,
        bytes: bytes.length,
        sha256: sha256(bytes),
      });
      expect(bytes.length).toBeGreaterThan(300_000);
      const [read] = await sql(
        `SELECT count(*) AS n, sum(large) AS large, sum(small) AS small, sum(last) AS last, count(DISTINCT large) AS different FROM ${sqlText(path)}`,
      );
      const sum = (list: Float64Array) => String(list.reduce((all, one) => all + BigInt(one), 0n));
      expect(read).toEqual({
        n: String(rows),
        large: sum(wild),
        small: sum(small),
        last: sum(small),
        different: String(rows),
      });
    }));

  it.each([200, 300, 70_000])("places among %i texts are as wide as they must be", (count) =>
    withFolder(async (folder) => {
      const path = join(folder, "x.parquet");
      const writer = new ParquetWriter(path, [{ name: "t", type: "VARCHAR", optional: false }]);
      const dictionary = Array.from({ length: count }, (_, index) => `text ${index}`);
      const indices = Int32Array.from(dictionary, (_, index) => (index * 7) % count);
      writer.group([{ dictionary, indices }], count);
      await writer.finish();
      const back = await sql(`SELECT t FROM read_parquet(${sqlText(path)})`);
      expect(back.map((row) => row["t"])).toEqual(
        [...indices].map((index) => dictionary[index] as string),
      );
    }),
  );

  it("refuses a number that would be cut", () =>
    withFolder(async (folder) => {
      const writer = new ParquetWriter(join(folder, "x.parquet"), COLUMNS.slice(0, 1));
      for (const bad of [2 ** 31, -(2 ** 31) - 1, Infinity])
        expect(() => writer.group([Float64Array.of(bad)], 1)).toThrow(/does not fit/);
      writer.close();
    }));
});
