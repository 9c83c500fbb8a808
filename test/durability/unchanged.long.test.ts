import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { homePaths } from "../../data/files.ts";
import { readList } from "../../data/published.ts";
import {
  AUGUST,
  command,
  type Company,
  exportJuly,
  JULY,
  keepRun,
  leftovers,
  published,
  treeOf,
  truthOf,
  UNITS,
  withLedger,
} from "./company.ts";
import { readyCompany } from "./ready.ts";

const TABLES = [
  "unit",
  "unit_part",
  "unit_control",
  "unit_sub_account",
  "unit_run",
  "quarantine",
  "stated_total",
];

const { fresh } = readyCompany("unchanged");

/** All that a run that changed nothing leaves as it was, to the byte, the time and the inode. */
async function stateOf(company: Company) {
  const paths = homePaths(company.folder);
  return {
    list: await readList(paths),
    published: await treeOf(paths.published),
    lines: await treeOf(paths.lines),
    landing: await treeOf(paths.landing),
    rows: await withLedger(company.folder, async (session) =>
      Promise.all(
        TABLES.map(async (table) => [
          table,
          await session.rows(`SELECT * FROM ${table} ORDER BY ALL`),
        ]),
      ),
    ),
  };
}

describe("a run with nothing new", () => {
  it("changes nothing: no byte, no row, no published id", async () => {
    const company = await fresh();
    // The copied exports have other times and inodes: the same bytes, met again.
    await command(company.folder, "run");
    const before = await stateOf(company);
    expect(before.list.months.map((month) => month.month)).toEqual([JULY, AUGUST]);
    expect(before.published.size).toBe(5);
    expect(before.lines.size).toBe(UNITS);
    const { code, units, err } = await command(company.folder, "run");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(units.map((unit) => unit.outcome)).toEqual(Array(UNITS).fill("unchanged"));
    expect(await stateOf(company)).toEqual(before);
  });

  it("build, twice more, changes nothing", async () => {
    const company = await fresh();
    const before = await stateOf(company);
    for (const _ of [1, 2]) expect((await command(company.folder, "build")).code).toBe(0);
    expect((await command(company.folder, "build", "--month", JULY)).code).toBe(0);
    expect(await stateOf(company)).toEqual(before);
  });

  it("takes the same bytes under a new run id as met before, and settled stays settled", async () => {
    const company = await fresh();
    const before = await stateOf(company);
    expect(before.list.months.map((month) => month.state)).toEqual(["settled", "settled"]);
    // Yesterday, which would be inside the days that settle a month.
    const run = await exportJuly(company, "a", 40 * 1440);
    const { code, units } = await command(company.folder, "run");
    expect(code).toBe(0);
    expect(units.map((unit) => unit.outcome)).toEqual(Array(UNITS).fill("unchanged"));
    const after = await stateOf(company);
    expect(after.list).toEqual(before.list);
    expect(after.published).toEqual(before.published);
    expect(after.lines).toEqual(before.lines);
    const { out } = await command(company.folder, "sources", "--format", "json");
    expect(out).toContain(run);
    // And is known the next time without being read.
    const again = await stateOf(company);
    await command(company.folder, "run");
    expect(await stateOf(company)).toEqual(again);
  });

  it("rebuilds the month that changed and no other", async () => {
    const company = await fresh();
    const before = await stateOf(company);
    await exportJuly(company, "b", 1);
    const { code, units } = await command(company.folder, "run");
    expect(code).toBe(0);
    expect(units.filter((unit) => unit.outcome === "loaded").map((unit) => unit.unit)).toEqual([
      "focus-daily FocusCost 2026-07",
    ]);
    const after = await stateOf(company);
    expect(after.list.publishedId).not.toBe(before.list.publishedId);
    const file = (state: typeof before, month: string) =>
      state.list.months.find((entry) => entry.month === month)?.file ?? "";
    expect(file(after, AUGUST)).toBe(file(before, AUGUST));
    expect(after.published.get(file(after, AUGUST))).toBe(
      before.published.get(file(after, AUGUST)),
    );
    expect(file(after, JULY)).not.toBe(file(before, JULY));
    // The month as it was before stays for the list that names it.
    expect(after.published.get(file(before, JULY))).toBe(before.published.get(file(before, JULY)));
    const lines = [...before.lines].filter(([name, what]) => after.lines.get(name) === what);
    expect(lines).toHaveLength(UNITS - 1);
    expect(await leftovers(company.folder)).toEqual([]);
  });

  it("tells the checks of a month built alone from those of the others, which stay", async () => {
    const company = await fresh();
    await exportJuly(company, "b", 1);
    await command(company.folder, "ingest");
    expect((await command(company.folder, "build", "--month", AUGUST)).code).toBe(0);
    expect((await published(company.folder)).get(JULY)).toEqual(truthOf(company, JULY, "a"));
    expect((await command(company.folder, "build", "--month", JULY)).code).toBe(0);
    const all = await published(company.folder);
    expect(all.get(JULY)).toEqual(truthOf(company, JULY, "b"));
    expect(all.get(AUGUST)).toEqual(truthOf(company, AUGUST, "a"));
  });
});

describe("a bill that goes back to what it was", () => {
  it("overwrites no file of a kept list, and what changed adds up to nothing", async () => {
    const company = await fresh();
    const paths = homePaths(company.folder);
    const before = await treeOf(paths.published);
    for (const [minute, version] of (["b", "a"] as const).entries()) {
      await keepRun(company, await exportJuly(company, version, minute + 1));
      expect((await command(company.folder, "run")).code).toBe(0);
      expect((await published(company.folder)).get(JULY)).toEqual(truthOf(company, JULY, version));
    }
    const after = await treeOf(paths.published);
    for (const [name, what] of before)
      if (name.endsWith(".duckdb")) expect(after.get(name), name).toBe(what);
    const list = await readList(paths);
    expect(new Set(list.months.map((month) => month.file)).size).toBe(2);
    expect(before.has(list.months[0]?.file ?? "")).toBe(false);
  });

  it("keeps the published files under a clock that stands still and one list kept", async () => {
    const company = await fresh();
    const config = join(company.folder, "apportion.yaml");
    await writeFile(config, `${await readFile(config, "utf8")}retention: { lists: 1 }\n`);
    // Lists are named by time and id: at one time their order says nothing of their age.
    for (let minute = 1; minute <= 3; minute++) {
      const version = minute % 2 === 1 ? "b" : "a";
      await exportJuly(company, version, minute);
      expect((await command(company.folder, "run")).code).toBe(0);
      expect((await published(company.folder)).get(JULY)).toEqual(truthOf(company, JULY, version));
    }
    expect(await leftovers(company.folder)).toEqual([]);
  });
});
