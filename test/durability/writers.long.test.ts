import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, LOCAL_ADMINISTRATOR } from "../../analysis/ask.ts";
import { Snapshots } from "../../api/snapshots.ts";
import { homePaths, readerTemporary } from "../../data/files.ts";
import { toUnits } from "../../data/money.ts";
import { readList } from "../../data/published.ts";
import { Register } from "../../data/register.ts";
import { buildReports } from "../../data/register/reports.ts";
import { cli } from "../home.ts";
import { ROOT } from "../needs.ts";
import {
  command,
  type Company,
  exportJuly,
  JULY,
  makeCompany,
  published,
  totalOf,
  truthOf,
  withLedger,
} from "./company.ts";

let company: Company;
beforeAll(async () => {
  company = await makeCompany(await mkdtemp(join(tmpdir(), "apportion-writers-")), "a");
  const { code, err } = await command(company.folder, "run");
  if (code !== 0) throw new Error(err);
});
afterAll(async () => rm(company.folder, { recursive: true, force: true }));

describe("readers", () => {
  it("hold what they began with until their last request has ended", async () => {
    const paths = homePaths(company.folder);
    const snapshots = await Snapshots.open(paths);
    try {
      const old = snapshots.current;
      const total = async (currency: string) => {
        const [row] = await ask<{ total: string }>(old, "total", LOCAL_ADMINISTRATOR, {
          month: JULY,
          params: { currency, team: null },
        });
        return toUnits(row?.total ?? "");
      };
      const leave = snapshots.enter();
      await exportJuly(company, "b", 1);
      expect((await command(company.folder, "run")).code).toBe(0);
      await snapshots.refresh();
      expect(snapshots.current).not.toBe(old);
      // Between two queries of one request nothing of it is busy.
      await setTimeout(50);
      expect(await total("EUR")).toBe(totalOf(truthOf(company, JULY, "a"), "EUR"));
      leave();
      await setTimeout(50);
      await expect(total("USD")).rejects.toThrow();
    } finally {
      await snapshots.close();
    }
  });

  it("spill into folders of their own, which an ingest leaves alone while they live", async () => {
    const paths = homePaths(company.folder);
    const own = readerTemporary(paths);
    expect(own).not.toBe(readerTemporary(paths));
    const gone = spawnSync(process.execPath, ["-e", ""]).pid;
    const dead = own.replace(`-${process.pid}-`, `-${gone}-`);
    const elsewhere = own.replace(hostname(), "another-host");
    const old = elsewhere.replace(/.{8}$/, "00000000");
    const half = join(paths.tmp, "half-a-load");
    for (const folder of [own, dead, elsewhere, old, half]) {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "spill"), "x");
    }
    const longAgo = new Date(Date.now() - 8 * 86_400_000);
    await utimes(old, longAgo, longAgo);
    expect((await command(company.folder, "ingest")).code).toBe(0);
    expect([own, dead, elsewhere, old, half].map((folder) => existsSync(folder))).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
    for (const folder of [own, elsewhere]) await rm(folder, { recursive: true });
  });
});

describe("the register", () => {
  it("is opened while another process opens, writes and closes it, and while that one is killed", async () => {
    const path = homePaths(company.folder).register;
    const script = `
      const { Register } = await import(${JSON.stringify(join(ROOT, "data/register.ts"))});
      const { monthBuilt } = await import(${JSON.stringify(join(ROOT, "data/register/reports.ts"))});
      for (;;) {
        const register = new Register(${JSON.stringify(path)});
        monthBuilt(register, { month: "2026-07", at: "", published: true, problem: null, checks: "[]" });
        register.close();
        console.log("written");
      }`;
    let opened = 0;
    for (let round = 0; round < 3; round++) {
      const other = spawn(process.execPath, ["--input-type=module", "-e", script]);
      await once(other.stdout, "data");
      for (const end = Date.now() + 300; Date.now() < end; opened++) {
        const register = new Register(path);
        expect(buildReports(register).length).toBeGreaterThan(0);
        register.close();
      }
      other.kill("SIGKILL");
      await once(other, "exit");
    }
    expect(opened).toBeGreaterThan(10);
  });
});

describe("while one process writes", () => {
  it("a second writer is refused with its PID, readers work, and nothing is touched", async () => {
    const config = ["--config", join(company.folder, "apportion.yaml")];
    const before = await readList(homePaths(company.folder));
    await exportJuly(company, "a", 2);
    // This process holds the ledger as an ingest does, in the middle of a transaction.
    await withLedger(company.folder, async (session) => {
      await session.run("BEGIN TRANSACTION");
      await session.run("DELETE FROM unit_control");
      const [run, build] = await Promise.all([cli(["run", ...config]), cli(["build", ...config])]);
      for (const refused of [run, build]) {
        expect(refused.code).toBe(3);
        expect(refused.err).toContain(homePaths(company.folder).work);
        expect(refused.err).toContain(`(PID ${process.pid})`);
        expect(refused.err).toContain("wait for it and run the command again");
        expect(refused.units).toEqual([]);
      }
      const [lines, check, sources] = await Promise.all([
        cli(["export", "lines", "--month", JULY, ...config]),
        cli(["check", ...config]),
        cli(["sources", ...config]),
      ]);
      expect([lines.code, check.code, sources.code]).toEqual([0, 0, 0]);
      expect(lines.out.trimEnd().split("\r\n").length).toBeGreaterThan(2_000);
      expect(check.out).not.toContain("FAILED");
      expect(sources.out).toContain("focus-daily FocusCost 2026-07");
      await session.run("ROLLBACK");
    });
    expect(await readList(homePaths(company.folder))).toEqual(before);
    expect((await command(company.folder, "run")).code).toBe(0);
    expect((await published(company.folder)).get(JULY)).toEqual(truthOf(company, JULY, "a"));
  });
});
