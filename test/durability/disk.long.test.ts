import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readdir, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { homePaths } from "../../data/files.ts";
import { readList } from "../../data/published.ts";
import { readConfig } from "../../api/config.ts";
import { Register } from "../../data/register.ts";
import { isFatal } from "../../data/warehouse.ts";
import { ingest } from "../../ingest/run.ts";
import type { Source } from "../../ingest/source.ts";
import { cli } from "../home.ts";
import {
  command,
  type Company,
  exportJuly,
  FOCUS_UNIT,
  JULY,
  ledgerOf,
  leftovers,
  makeCompany,
  published,
  truthOf,
  UNITS,
  withLedger,
} from "./company.ts";

const MEGABYTE = 1 << 20;

/** Mounts a small disk; null where that is not allowed. */
function mountDisk(megabytes: number): string | null {
  const folder = mkdtempSync(join(tmpdir(), "apportion-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder], {
      stdio: "ignore",
    });
    return folder;
  } catch {
    rmSync(folder, { recursive: true, force: true });
    return null;
  }
}

function unmount(folder: string): void {
  execFileSync("umount", [folder]);
  rmSync(folder, { recursive: true, force: true });
}

const disk = mountDisk(40);
const CI = process.env["CI"] !== undefined && process.env["CI"] !== "";

if (disk === null)
  describe("a full disk (not run: mounting a small disk needs root)", () => {
    if (CI)
      it("needs a disk under CI", () => {
        throw new Error("tmpfs cannot be mounted; run the tests as root");
      });
    else it.skip("is not run", () => {});
  });
else suite(disk);

function suite(small: string): void {
  describe("a full disk", () => {
    let company: Company;
    let root: string;
    beforeAll(async () => {
      root = mkdtempSync(join(tmpdir(), "apportion-full-"));
      company = await makeCompany(root, "a");
    });
    afterAll(async () => {
      unmount(small);
      await rm(root, { recursive: true, force: true });
    });

    const filler = join(small, "filler");
    /** Leaves so many bytes free. */
    async function leave(bytes: number): Promise<void> {
      await rm(filler, { force: true });
      const { bavail, bsize } = await statfs(small);
      const size = Math.max(1, Math.floor(bavail * bsize - bytes));
      execFileSync("fallocate", ["-l", String(size), filler]);
    }
    /** The company's exports stay where they are, its home goes to the small disk. */
    async function freshHome(): Promise<string> {
      for (const name of await readdir(small)) await rm(join(small, name), { recursive: true });
      const folder = join(small, "home");
      await mkdir(folder);
      const owners = join(folder, "owners.yaml");
      await writeFile(owners, await readFile(join(root, "owners.yaml")));
      await writeFile(
        join(folder, "apportion.yaml"),
        `home: .\ncurrency: EUR\nowners: ./owners.yaml\nsources:\n  - { type: azure-exports, name: billing, location: { directory: ${root}/exports } }\n`,
      );
      return folder;
    }
    const on = (folder: string): Company => ({ ...company, folder });

    it("while taking in: exit 3, the unit and the disk are named, the other units load, and the next run ends it", async () => {
      const folder = await freshHome();
      const config = ["--config", join(folder, "apportion.yaml")];
      // A ledger there is; then room for the small exports and not for July's large one.
      await withLedger(folder, async () => {});
      await leave(12 * MEGABYTE);
      const fits = await cli(["ingest", ...config]);
      expect(fits.code, `room for all: ${fits.err}`).toBe(0);
      await freshHome();
      await withLedger(folder, async () => {});
      await leave(2.2 * MEGABYTE);
      const ingest = await cli(["ingest", ...config]);
      expect(ingest.code).toBe(3);
      const failed = ingest.units.filter((unit) => unit.outcome === "failed");
      expect(failed.map((unit) => unit.unit)).toContain(FOCUS_UNIT);
      expect(new Set(failed.map((unit) => unit.code))).toEqual(new Set(["DISK_FULL"]));
      for (const unit of failed) {
        expect(unit.problem).toContain(unit.unit);
        expect(unit.problem).toContain("disk is full");
        expect(ingest.err).toContain(unit.problem);
      }
      const loaded = ingest.units.filter((unit) => unit.outcome === "loaded");
      expect(loaded.length).toBeGreaterThan(0);
      expect(loaded.length + failed.length).toBe(UNITS);
      // What a failed unit left is gone, so that it does not hold the room the others need.
      await rm(filler);
      expect((await ledgerOf(folder)).map((unit) => unit.unit)).toEqual(
        loaded.map((unit) => unit.unit),
      );
      const next = await cli(["run", ...config]);
      expect({ code: next.code, err: next.err }).toEqual({ code: 0, err: "" });
      expect(
        next.units.filter((unit) => unit.outcome === "unchanged").map((unit) => unit.unit),
      ).toEqual(loaded.map((unit) => unit.unit));
      expect((await published(folder)).get(JULY)).toEqual(truthOf(company, JULY, "a"));
      expect(await leftovers(folder)).toEqual([]);
      const { out } = await cli(["sources", ...config]);
      expect(out).not.toContain("disk is full");
    });

    it("with less and less room: exit 0 or 3, and never a unit lost or half", async () => {
      const codes = new Map<number, number>();
      for (const room of [0, 0.6, 1.2]) {
        const folder = await freshHome();
        await withLedger(folder, async () => {});
        await leave(room * MEGABYTE);
        const { code, err, units } = await command(folder, "ingest");
        codes.set(code, (codes.get(code) ?? 0) + 1);
        expect([0, 3], `${room} MB: ${code} ${err}`).toContain(code);
        if (code === 3) expect(err, `${room} MB`).toMatch(/disk is full/);
        await rm(filler);
        const known = await ledgerOf(folder);
        for (const unit of units.filter((entry) => entry.outcome === "loaded"))
          expect(known.map((entry) => entry.unit)).toContain(unit.unit);
        expect(new Set(known.map((entry) => entry.unit)).size).toBe(known.length);
        const next = await command(folder, "run");
        expect({ code: next.code, err: next.err, room }).toEqual({ code: 0, err: "", room });
        expect((await published(folder)).get(JULY)).toEqual(truthOf(company, JULY, "a"));
        expect(await leftovers(folder)).toEqual([]);
      }
      expect(codes.get(3) ?? 0).toBeGreaterThan(1);
    });

    it("while building: exit 3, the last publish stays, and the next build ends it", async () => {
      const folder = await freshHome();
      const config = ["--config", join(folder, "apportion.yaml")];
      expect((await cli(["run", ...config])).code).toBe(0);
      const before = await readList(homePaths(folder));
      const rules = await readFile(join(folder, "owners.yaml"), "utf8");
      let failures = 0;
      for (const room of [0, 0.4, 1.2]) {
        await writeFile(
          join(folder, "owners.yaml"),
          `${rules}  - { team: platform, match: { resourceGroup: "nobody-${room}" } }\n`,
        );
        await leave(room * MEGABYTE);
        const built = await command(folder, "build");
        if (built.code === 0) continue;
        failures += 1;
        expect(built.code, `${room} MB: ${built.err}`).toBe(3);
        expect(built.err).toContain("disk is full");
        // Readers go on, on the full disk.
        expect((await readList(homePaths(folder))).publishedId).toBe(before.publishedId);
        expect((await published(folder)).get(JULY)).toEqual(truthOf(company, JULY, "a"));
        expect((await command(folder, "check")).code).toBe(0);
        const sources = await command(folder, "sources");
        expect(sources.err).toBe("");
        expect(sources.code).toBe(0);
      }
      expect(failures).toBeGreaterThan(1);
      await rm(filler);
      const next = await cli(["build", ...config]);
      expect({ code: next.code, err: next.err }).toEqual({ code: 0, err: "" });
      expect((await published(folder)).get(JULY)).toEqual(truthOf(company, JULY, "a"));
      expect(await leftovers(folder)).toEqual([]);
    });

    it("an ingest whose engine gave itself up opens it again and goes on with the next unit", async () => {
      const folder = await freshHome();
      const config = readConfig(join(folder, "apportion.yaml"));
      const [exports] = config.sources;
      if (exports === undefined) throw new Error("one source is configured");
      const met: unknown[] = [];
      const source: Source = {
        name: exports.name,
        type: exports.type,
        plan: async (context) => exports.plan(context),
        land: async (unit, context) => exports.land(unit, context),
        async load(unit, landed, context) {
          if (unit.unit !== FOCUS_UNIT) return exports.load(unit, landed, context);
          const { session } = context;
          await session.run("CREATE TEMP TABLE before AS SELECT 1 AS one");
          await session.run("CREATE TABLE ballast AS SELECT hash(range) AS a FROM range(200000)");
          await leave(0.1 * MEGABYTE);
          try {
            await session.run("CHECKPOINT");
          } catch (error) {
            met.push(error);
            throw error;
          } finally {
            await rm(filler);
          }
          throw new Error("the checkpoint found room");
        },
      };
      const register = new Register(homePaths(folder).register);
      const outcomes = new Map<string, string>();
      const result = await ingest({
        home: folder,
        sources: [source],
        register,
        now: () => new Date(process.env["APPORTION_NOW"] ?? ""),
        signal: new AbortController().signal,
        report: {
          progress() {},
          unit: (event) => outcomes.set(event.unit, `${event.outcome} ${event.code}`),
        },
        landingDays: 7,
      });
      register.close();
      expect(met.map(isFatal)).toEqual([true]);
      expect(outcomes.get(FOCUS_UNIT)).toBe("failed DISK_FULL");
      expect(result).toMatchObject({ loaded: UNITS - 1, failed: 1 });
      // Units come in order of name: two of those loaded came after it.
      expect([...outcomes.keys()].indexOf(FOCUS_UNIT)).toBe(2);
      expect((await command(folder, "run")).code).toBe(0);
      expect((await published(folder)).get(JULY)).toEqual(truthOf(company, JULY, "a"));
    });

    it("an engine that gave itself up is opened again, and what was committed is there", async () => {
      const folder = await freshHome();
      expect((await command(folder, "ingest")).code).toBe(0);
      const before = await ledgerOf(folder);
      // A checkpoint that finds no room is fatal to the engine; rows in the log are not lost.
      let fatal: unknown;
      await withLedger(folder, async (session) => {
        await session.run(
          "CREATE TABLE ballast AS SELECT hash(range) AS a, hash(range + 1) AS b FROM range(10)",
        );
        await session.run("CHECKPOINT");
        await session.run(
          "INSERT INTO ballast SELECT hash(range), hash(range * 7) FROM range(60000)",
        );
        await leave(0.1 * MEGABYTE);
        fatal = await session.run("CHECKPOINT").then(
          () => undefined,
          (error: unknown) => error,
        );
        if (fatal !== undefined)
          await expect(session.rows("SELECT count(*) FROM unit")).rejects.toSatisfy(isFatal);
      });
      expect(isFatal(fatal), String(fatal)).toBe(true);
      // Opened anew on the disk that is still full.
      const rows = await withLedger(folder, async (session) =>
        session.one<{ n: string }>("SELECT count(*) AS n FROM ballast"),
      );
      expect(rows.n).toBe("60010");
      expect(await ledgerOf(folder)).toEqual(before);
      await rm(filler);
      await exportJuly(company, "b", 1);
      expect((await command(folder, "run")).code).toBe(0);
      expect((await published(folder)).get(JULY)).toEqual(truthOf(on(folder), JULY, "b"));
    });
  });
}
