import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type HomePaths, homePaths } from "../../data/files.ts";
import { readList } from "../../data/published.ts";
import { openWriter } from "../../data/warehouse.ts";
import {
  AUGUST,
  command,
  type Company,
  exportJuly,
  flip,
  FOCUS_UNIT,
  JULY,
  ledgerOf,
  published,
  truthOf,
  UNITS,
} from "./company.ts";
import { readyCompany, serveHome } from "./ready.ts";

const { fresh } = readyCompany("damage");

const july = async (paths: HomePaths) =>
  join(
    paths.published,
    (await readList(paths)).months.find((entry) => entry.month === JULY)?.file ?? "",
  );

describe("a damaged work.duckdb", () => {
  /** Does what the message says, and holds the result against what was there before. */
  async function moveAwayAndRun(company: Company, before: Awaited<ReturnType<typeof ledgerOf>>) {
    const paths = homePaths(company.folder);
    const list = await readList(paths);
    // Before anything is taken in again, a build must not take the empty ledger for the truth.
    for (const name of ["work.duckdb", "work.duckdb.wal"])
      if (existsSync(join(company.folder, name)))
        await rename(join(company.folder, name), join(company.folder, `${name}.damaged`));
    const early = await command(company.folder, "build");
    expect(early.code).toBe(4);
    expect(early.err).toMatch(/holds no export and 2 months are published; they stay/);
    expect((await readList(paths)).publishedId).toBe(list.publishedId);

    const ran = await command(company.folder, "run");
    expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: "" });
    expect(ran.units.filter((unit) => unit.outcome === "loaded")).toHaveLength(UNITS);
    const strip = (units: typeof before) => units.map(({ files: _, ...unit }) => unit);
    expect(strip(await ledgerOf(company.folder))).toEqual(strip(before));
    // The same bytes: nothing to publish.
    expect((await readList(paths)).publishedId).toBe(list.publishedId);
    expect((await command(company.folder, "check")).code).toBe(0);
  }

  it("a flipped bit in its log is refused by name, with what to do, and doing it restores all", async () => {
    const company = await fresh();
    const before = await ledgerOf(company.folder);
    const { work } = homePaths(company.folder);
    // A log stays where a process was killed before its checkpoint.
    const engine = await openWriter(work);
    const session = await engine.session();
    await session.run("SET checkpoint_threshold = '1GB'");
    await session.run("CREATE TABLE filler AS SELECT range AS n FROM range(20000)");
    const log = await readFile(`${work}.wal`);
    const file = await readFile(work);
    session.close();
    engine.close();
    await writeFile(work, file);
    await writeFile(`${work}.wal`, log);
    expect(log.length).toBeGreaterThan(10_000);
    await flip(`${work}.wal`);
    for (const name of ["ingest", "build", "run"]) {
      const { code, err } = await command(company.folder, name);
      expect(code).toBe(4);
      expect(err).toContain("WAREHOUSE_DAMAGED");
      expect(err).toContain(work);
      expect(err).toContain('move the file away with its .wal and run "apportion run"');
    }
    // Readers do not need it.
    expect((await command(company.folder, "check")).code).toBe(0);
    expect((await published(company.folder)).get(JULY)).toEqual(truthOf(company, JULY, "a"));
    await moveAwayAndRun(company, before);
  });

  it("flipped bits in it are refused or harmless, never another figure", async () => {
    const company = await fresh();
    const before = await ledgerOf(company.folder);
    const { work } = homePaths(company.folder);
    const whole = await readFile(work);
    await exportJuly(company, "b", 1);
    let refused = 0;
    let harmless = 0;
    // The header, then one byte of every block that holds something.
    const places = [4_100, 8_300];
    for (let at = 12_288 + 5_000; at < whole.length; at += 524_288) places.push(at);
    for (const place of places) {
      const copy = await fresh(company);
      const path = homePaths(copy.folder).work;
      await flip(path, place);
      const { code, err } = await command(copy.folder, "run");
      if (code === 0) {
        harmless += 1;
        expect((await published(copy.folder)).get(JULY), `byte ${place}`).toEqual(
          truthOf(company, JULY, "b"),
        );
      } else {
        refused += 1;
        expect({ code, place }).toEqual({ code: 4, place });
        expect(err).toContain("WAREHOUSE_DAMAGED");
        expect(err).toContain(`${path}: `);
        expect((await published(copy.folder)).get(JULY)).toEqual(truthOf(company, JULY, "a"));
      }
      await rm(copy.folder, { recursive: true, force: true });
    }
    expect(refused).toBeGreaterThan(0);
    expect(refused + harmless).toBe(places.length);
    // And the way out, from a damaged block.
    const { folder } = await fresh();
    await writeFile(homePaths(folder).work, "not a database at all".repeat(1_000));
    const { code, err } = await command(folder, "run");
    expect(code).toBe(4);
    expect(err).toContain("WAREHOUSE_DAMAGED");
    await moveAwayAndRun({ ...company, folder }, before);
  });

  it("is restored from what was landed where the exports are gone, and no landing is pruned", async () => {
    const company = await fresh();
    const before = await ledgerOf(company.folder);
    const list = await readList(homePaths(company.folder));
    await rm(join(company.folder, "work.duckdb"));
    await rename(join(company.folder, "exports"), join(company.folder, "gone"));
    // An age ago, as far as retention is concerned.
    const config = join(company.folder, "apportion.yaml");
    await writeFile(config, `${await readFile(config, "utf8")}retention: { landing: 0d }\n`);
    const ran = await command(company.folder, "run");
    expect(ran.code).toBe(3);
    expect(ran.err).toContain("exports: the folder cannot be read");
    expect(ran.units.filter((unit) => unit.outcome === "loaded")).toHaveLength(UNITS);
    expect(
      (await ledgerOf(company.folder)).map((unit) => [unit.unit, unit.rows, unit.effective]),
    ).toEqual(before.map((unit) => [unit.unit, unit.rows, unit.effective]));
    expect((await readList(homePaths(company.folder))).publishedId).toBe(list.publishedId);
    // The exports are back: known, and nothing is loaded twice.
    await rename(join(company.folder, "gone"), join(company.folder, "exports"));
    const again = await command(company.folder, "run");
    expect(again.code).toBe(0);
    expect(again.units.map((unit) => unit.outcome)).toEqual(Array(UNITS).fill("unchanged"));
    expect((await command(company.folder, "sources", "--format", "json")).out).not.toContain(
      "cannot be read",
    );
  });
});

describe("a damaged file of lines", () => {
  for (const kind of ["a flipped bit", "gone"] as const)
    it(`${kind}: is caught before the build, by unit; ingest --again loads it from what was landed`, async () => {
      const company = await fresh();
      const { folder } = company;
      const [unit] = (await ledgerOf(folder)).filter((entry) => entry.unit === FOCUS_UNIT);
      const path = unit?.files[0]?.path ?? "";
      if (kind === "gone") await rm(path);
      else await flip(path);
      // Nothing to build: the month is as it was.
      expect((await command(folder, "build")).code).toBe(0);
      const owners = join(folder, "owners.yaml");
      await writeFile(
        owners,
        `${await readFile(owners, "utf8")}  - { team: platform, match: { resourceGroup: "nobody-here" } }\n`,
      );
      const before = await readList(homePaths(folder));
      const built = await command(folder, "build");
      expect(built.code).toBe(4);
      expect(built.err).toContain(path);
      expect(built.err).toContain(FOCUS_UNIT);
      expect(built.err).toContain('run "apportion ingest --again billing"');
      const after = await readList(homePaths(folder));
      expect(after.months.map(({ month, stale }) => ({ month, stale }))).toEqual([
        { month: JULY, stale: true },
        { month: AUGUST, stale: false },
      ]);
      expect(after.months[0]?.file).toBe(before.months[0]?.file);
      // The other month went on.
      expect(after.months[1]?.file).not.toBe(before.months[1]?.file);
      expect((await command(folder, "check")).code).toBe(1);

      // From what was landed: the exports are not looked at for it.
      await rename(join(folder, "exports"), join(folder, "gone"));
      const again = await command(folder, "ingest", "--again", "billing");
      expect(again.code).toBe(3);
      expect(again.units.filter((entry) => entry.outcome === "loaded")).toHaveLength(UNITS);
      await rename(join(folder, "gone"), join(folder, "exports"));
      const mended = await command(folder, "build");
      expect({ code: mended.code, err: mended.err }).toEqual({ code: 0, err: "" });
      expect((await published(folder)).get(JULY)).toEqual(truthOf(company, JULY, "a"));
      expect((await command(folder, "check")).code).toBe(0);
    });

  it("ingest --again fetches anew what was landed and is damaged", async () => {
    const company = await fresh();
    const { folder } = company;
    // Copied exports are other files: take them as met, so that their own landings are the loaded ones.
    await command(folder, "run");
    const { landing } = homePaths(folder);
    const damaged: string[] = [];
    for (const entry of await readdir(landing, { recursive: true, withFileTypes: true }))
      if (entry.name.startsWith("00000.")) {
        damaged.push(join(entry.parentPath, entry.name));
        await flip(join(entry.parentPath, entry.name));
      }
    expect(damaged.length).toBeGreaterThanOrEqual(UNITS);
    const again = await command(folder, "ingest", "--again");
    expect({ code: again.code, err: again.err }).toEqual({ code: 0, err: "" });
    expect(again.units.filter((entry) => entry.outcome === "loaded")).toHaveLength(UNITS);
    expect((await command(folder, "build")).code).toBe(0);
    expect((await published(folder)).get(JULY)).toEqual(truthOf(company, JULY, "a"));
  });
});

describe("a damaged publish", () => {
  it("a missing month: serve and the commands say what to do, and doing it brings back the same", async () => {
    const company = await fresh();
    const { folder } = company;
    const paths = homePaths(folder);
    const list = await readList(paths);
    await rm(await july(paths));
    for (const args of [["check"], ["export", "statement", "--month", JULY]]) {
      const { code, err } = await command(folder, ...(args as [string, ...string[]]));
      expect(code).toBe(4);
      expect(err).toContain(await july(paths));
      expect(err).toContain('is missing; run "apportion build"');
    }
    await expect(serveHome(paths.home)).rejects.toMatchObject({ code: "WAREHOUSE_DAMAGED" });
    expect((await command(folder, "build")).code).toBe(0);
    expect((await readList(paths)).publishedId).toBe(list.publishedId);
    expect((await published(folder)).get(JULY)).toEqual(truthOf(company, JULY, "a"));
    await (await serveHome(paths.home)).close();
  });

  it("a missing month keeps what is known of its restatements", async () => {
    const company = await fresh();
    const { folder } = company;
    const paths = homePaths(folder);
    await exportJuly(company, "b", 1);
    await command(folder, "run");
    const server = await serveHome(paths.home);
    const before = (await (
      await fetch(`${server.address}/api/v1/reconciliation?month=${JULY}`)
    ).json()) as { restatements: unknown[] };
    await server.close();
    expect(before.restatements.length).toBeGreaterThan(0);
    await rm(await july(paths));
    expect((await command(folder, "build")).code).toBe(0);
    const again = await serveHome(paths.home);
    const after = (await (
      await fetch(`${again.address}/api/v1/reconciliation?month=${JULY}`)
    ).json()) as { restatements: unknown[] };
    await again.close();
    expect(after.restatements).toEqual(before.restatements);
  });

  it("flipped bits in a month are refused by name or harmless; removing it and building mends it", async () => {
    const company = await fresh();
    const { folder } = company;
    const paths = homePaths(folder);
    const file = await july(paths);
    const whole = await readFile(file);
    const statement = join(folder, "statement.csv");
    const args = ["statement", "--month", JULY, "-o", statement];
    expect((await command(folder, "export", ...args)).code).toBe(0);
    const right = await readFile(statement, "utf8");
    expect(right.split("\r\n").length).toBeGreaterThan(10);
    let refused = 0;
    const { size } = await stat(file);
    const places = [4_100];
    for (let at = 12_288 + 5_000; at < size; at += 262_144) places.push(at);
    for (const place of places) {
      await writeFile(file, whole);
      await flip(file, place);
      const { code, err } = await command(folder, "export", ...args);
      if (code === 0) {
        expect(await readFile(statement, "utf8")).toBe(right);
        continue;
      }
      refused += 1;
      expect({ code, place }).toEqual({ code: 4, place });
      expect(err, `byte ${place}`).toContain(file);
      expect(err).toContain('remove it and run "apportion build"');
    }
    expect(refused).toBeGreaterThan(0);
    await rm(file);
    expect((await command(folder, "build")).code).toBe(0);
    expect((await published(folder)).get(JULY)).toEqual(truthOf(company, JULY, "a"));
  });

  it("a damaged list: readers say what to do, build mends it from the lists that are kept", async () => {
    const company = await fresh();
    const { folder } = company;
    const paths = homePaths(folder);
    const list = await readList(paths);
    const whole = await readFile(paths.list, "utf8");
    for (const text of [whole.slice(0, 300), "", "null", '{"months": 3}', "\u0000".repeat(900)]) {
      await writeFile(paths.list, text);
      for (const name of ["check", "sources", "doctor"]) {
        const { code, err } = await command(folder, name);
        expect(code, name).toBe(4);
        expect(err).toContain(paths.list);
        expect(err).toContain('run "apportion build"');
      }
      await expect(serveHome(paths.home)).rejects.toMatchObject({ code: "WAREHOUSE_DAMAGED" });
      const built = await command(folder, "build");
      expect({ code: built.code, err: built.err }).toEqual({ code: 0, err: "" });
      // Where the audit log stood when the list was written is another by then.
      expect({ ...(await readList(paths)), audit: list.audit }).toEqual(list);
    }
    // With no list left at all the months are built anew.
    await rm(paths.list);
    await rm(paths.lists, { recursive: true });
    expect((await command(folder, "build")).code).toBe(0);
    expect((await published(folder)).get(JULY)).toEqual(truthOf(company, JULY, "a"));
  });

  it("a server that runs keeps answering from the last publish while a new one cannot be opened", async () => {
    const company = await fresh();
    const paths = homePaths(company.folder);
    const server = await serveHome(paths.home);
    try {
      const whole = await readFile(paths.list, "utf8");
      await writeFile(paths.list, "half a li");
      await server.refresh();
      expect((await fetch(`${server.address}/readyz`)).status).toBe(503);
      expect((await fetch(`${server.address}/api/v1/showback?month=${JULY}`)).status).toBe(200);
      await writeFile(paths.list, whole);
      await server.refresh();
      expect((await fetch(`${server.address}/readyz`)).status).toBe(200);
    } finally {
      await server.close();
    }
  });
});
