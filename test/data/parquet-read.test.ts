import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParquetReader, type Runs } from "../../data/parquet-read.ts";
import { sqlText } from "../../data/warehouse.ts";
import { withFolder } from "../home.ts";
import { sql } from "../ingest/taken.ts";
import { parquet } from "../parquet.ts";

const COLUMNS = {
  text: "VARCHAR",
  small: "INTEGER",
  large: "BIGINT",
  long: "BIGINT",
  wild: "BIGINT",
} as const;

const MOST = Number.MAX_SAFE_INTEGER - 1;
/** Each run of rows holds one of everything: long runs become dictionaries, short ones differences. */
const run = fc.record({
  rows: fc.integer({ min: 1, max: 60 }),
  text: fc.oneof(fc.constantFrom("", "a", "b"), fc.string({ unit: "binary", maxLength: 80 })),
  small: fc.integer(),
  large: fc.option(fc.integer({ min: -MOST, max: MOST })),
  step: fc.oneof(fc.constant(0), fc.integer({ min: -(2 ** 31), max: 2 ** 31 }), fc.integer()),
});

const spread = <T>({ starts, values }: Runs<T>, rows: number): T[] =>
  starts.flatMap((start, index) =>
    Array.from({ length: (starts[index + 1] ?? rows) - start }, () => values[index] as T),
  );

describe("columns of what is written here", () => {
  it("are what the engine reads, as numbers and as runs", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 20 }), fc.nat(), (runs, seed) =>
        withFolder(async (folder) => {
          const path = join(folder, "x.parquet");
          let long = 0;
          let chance = seed;
          const rows = runs.flatMap(({ rows: count, text, small, large, step }) =>
            Array.from({ length: count }, () => {
              long += step;
              chance = (Math.imul(chance, 1_103_515_245) + 12_345) >>> 0;
              return { text, small, large, long, wild: chance - 2 ** 31 };
            }),
          );
          await parquet(path, COLUMNS, rows);
          const engine = await sql(
            `SELECT * FROM read_parquet(${sqlText(path)}, file_row_number = true) ORDER BY file_row_number`,
          );
          const file = new ParquetReader(path);
          const into = file.room.arena.reserve(rows.length * 8);
          expect(file.groups.map((group) => group.rows)).toEqual([rows.length]);
          const [group] = file.groups;
          const place = (name: string) => file.place(name) as number;
          const texts = group!.texts(place("text"));
          const values = texts.words.map((word) => texts.text(word));
          expect(spread({ starts: texts.starts, values }, rows.length)).toEqual(
            engine.map((row) => row["text"]),
          );
          for (const name of ["small", "large", "long", "wild"] as const) {
            group!.numbers(place(name), into, -1);
            const read = new Float64Array(file.room.arena.buffer, into, rows.length);
            const expected = engine.map((row) => (row[name] === null ? -1 : Number(row[name])));
            expect([...read]).toEqual(expected);
            expect(spread(group!.runs(place(name), -1), rows.length)).toEqual(expected);
          }
          expect(file.place("none")).toBeNull();
          file.close();
        }),
      ),
      { numRuns: 60 },
    );
  });

  it("are refused where the file is another's, or cut short", async () => {
    await withFolder(async (folder) => {
      const other = join(folder, "other.parquet");
      await sql(`COPY (SELECT 1 AS x) TO ${sqlText(other)} (FORMAT parquet)`);
      expect(() => new ParquetReader(other)).toThrow(/not written by this program/);
      const path = join(folder, "x.parquet");
      await parquet(path, { x: "INTEGER" }, [{ x: 1 }]);
      const bytes = readFileSync(path);
      writeFileSync(path, bytes.subarray(0, bytes.length - 9));
      expect(() => new ParquetReader(path)).toThrow(/does not end as a Parquet file does/);
    });
  });
});
