import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { homePaths, sha256 } from "../../data/files.ts";
import { readListSync } from "../../data/published.ts";
import { Register } from "../../data/register.ts";
import { auditRows, verifyRegister } from "../../data/register/audit.ts";
import { statements } from "../../data/register/statements.ts";
import { type StatementManifest, withClosed } from "../../data/statements.ts";
import { command, flip } from "../durability/company.ts";
import { csvRows, LINES, makeBooks, MONTH, RESTATED, run, sumOf, writeBill } from "./books.ts";

const COLUMNS = { EffectiveCost: "EffectiveCostChange", BilledCost: "BilledCostChange" } as const;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "apportion-close-"));
});
afterAll(async () => rm(root, { recursive: true, force: true }));

const order = (a: string, b: string) => (a < b ? -1 : 1);

let made = 0;
async function books(more = "checks: { settledAfterDays: 0 }\n"): Promise<string> {
  const folder = await makeBooks(join(root, `${made++}`), more);
  await run(folder, "run");
  return folder;
}

const file = (folder: string, name: string) => join(folder, "home/statements", MONTH, name);
const manifestsOf = (folder: string): StatementManifest[] => {
  const register = new Register(homePaths(join(folder, "home")).register);
  try {
    expect(verifyRegister(register).broken).toBe(null);
    return statements(register);
  } finally {
    register.close();
  }
};
const close = (folder: string, ...args: string[]) =>
  command(folder, "close", "--month", MONTH, ...args);
const statement = (folder: string, ...args: string[]) =>
  run(folder, "export", "statement", "--month", MONTH, "-o", join(folder, "out.csv"), ...args).then(
    () => readFile(join(folder, "out.csv")),
  );

describe("closing a settled month", () => {
  let folder: string;
  let first: Buffer;
  beforeAll(async () => {
    folder = await books();
  });

  it("lists the open questions first; a dry run writes nothing", async () => {
    const { code, err } = await close(folder, "--dry-run");
    expect(code).toBe(0);
    expect(err).toMatch(/note +7\.77 EUR +on __unowned__/);
    expect(manifestsOf(folder)).toEqual([]);
    expect(await readdir(join(folder, "home/statements"))).toEqual([]);
  });

  it("makes statement 1: the bill to the last digit, its hash beside it, 0600", async () => {
    const live = csvRows(await statement(folder));
    expect(live.map((row) => [row["StatementNumber"], row["State"]])).toEqual(
      live.map(() => ["", "settled"]),
    );
    const { code, out } = await close(folder);
    expect(code).toBe(0);
    expect(out).toContain(`${MONTH} is closed as no. 1: 14.670000000000000001 EUR, 99.99 USD`);
    first = await readFile(file(folder, "1.csv"));
    const rows = csvRows(first);
    expect(rows).toEqual(live.map((row) => ({ ...row, StatementNumber: "1", State: "closed" })));
    expect(rows.map((row) => row["Team"] ?? "").toSorted(order)).toEqual([
      "__unowned__",
      "claims",
      "data",
      "data",
    ]);
    expect(sumOf(rows, "EffectiveCost", "EUR")).toBe(14_670_000_000_000_000_001n);
    expect(await readFile(file(folder, "1.csv.sha256"), "utf8")).toBe(`${sha256(first)}  1.csv\n`);
    for (const name of await readdir(file(folder, ".")))
      expect((await stat(file(folder, name))).mode & 0o777).toBe(0o600);
    const [manifest] = manifestsOf(folder);
    expect(manifest).toMatchObject({
      month: MONTH,
      number: 1,
      closedAt: "2026-09-20T12:00:00.000Z",
      reason: null,
      state: "settled",
      change: null,
    });
    expect(sha256(await readFile(file(folder, "1.json")))).toBe(
      closeRows(folder).at(-1)?.["manifest"],
    );
  });

  it("is pulled again byte for byte, whole or a team of it; --live is today's view", async () => {
    expect(await statement(folder)).toEqual(first);
    expect(await statement(folder, "--number", "1")).toEqual(first);
    const team = (await statement(folder, "--team", "data")).toString();
    expect(first.toString()).toContain(team.slice(team.indexOf("\r\n") + 2, -2).split("\r\n")[0]);
    expect(csvRows(team)).toEqual(csvRows(first).filter((row) => row["Team"] === "data"));
    expect(csvRows(await statement(folder, "--live"))[0]).toMatchObject({
      StatementNumber: "",
      State: "settled",
    });
    const refused = async (...args: string[]) =>
      (await command(folder, "export", "statement", "--month", MONTH, ...args)).err;
    expect(await refused("--number", "2")).toMatch(/no statement no\. 2; there are 1/);
    expect(await refused("--number", "1", "--live")).toMatch(/give one/);
    expect(await refused("--team", "nobody")).toMatch(/team "nobody" has no cost in statement 1/);
    // Who took which money out; what was refused took none.
    const register = new Register(homePaths(join(folder, "home")).register);
    const read = auditRows(register).filter(({ action }) => action === "export.read");
    register.close();
    expect(new Set(read.map(({ actor }) => actor.slice(0, 6)))).toEqual(new Set(["local:"]));
    expect(read.map(({ details }) => JSON.parse(details) as object)).toEqual([
      { export: "statement", team: null, number: null, live: false },
      { export: "statement", team: null, number: null, live: false },
      { export: "statement", team: null, number: 1, live: false },
      { export: "statement", team: "data", number: null, live: false },
      { export: "statement", team: null, number: null, live: true },
    ]);
  });

  it("makes no second statement of the same figures", async () => {
    const { code, out } = await close(folder);
    expect(code).toBe(0);
    expect(out).toContain("nothing was restated since");
    expect(manifestsOf(folder)).toHaveLength(1);
  });

  it("says closed where readers look, under another id, and builds change nothing of it", async () => {
    const paths = homePaths(join(folder, "home"));
    const built = readListSync(paths);
    const seen = withClosed(paths, built);
    expect(seen.months[0]).toMatchObject({ state: "closed", builtState: "settled" });
    expect(seen.publishedId).not.toBe(built.publishedId);
    await run(folder, "build");
    expect(readListSync(paths)).toEqual(built);
    expect(withClosed(paths, readListSync(paths))).toEqual(seen);
  });

  it("restated and closed again is no. 2, whose diff adds up to the difference, and no. 1 stays", async () => {
    await writeBill(folder, RESTATED);
    await run(folder, "run");
    expect(await statement(folder)).toEqual(first);
    const { code, out } = await close(folder);
    expect(code).toBe(0);
    expect(out).toContain("against no. 1: 4.450000000000000002 EUR");
    const second = csvRows(await statement(folder));
    expect(await readFile(file(folder, "1.csv"))).toEqual(first);
    const before = csvRows(first);
    for (const name of ["2.diff.csv", "2.diff-lines.csv"]) {
      const diff = csvRows(await readFile(file(folder, name)));
      for (const currency of ["EUR", "USD"])
        for (const [column, change] of Object.entries(COLUMNS))
          expect(sumOf(diff, change, currency)).toBe(
            sumOf(second, column, currency) - sumOf(before, column, currency),
          );
    }
    const diff = csvRows(await readFile(file(folder, "2.diff.csv")));
    expect(
      diff.map((row) => [
        row["Team"],
        row["ServiceName"],
        row["ResourceId"]?.split("/").at(-1),
        row["EffectiveCostBefore"],
        row["EffectiveCost"],
        row["EffectiveCostChange"],
      ]),
    ).toEqual([
      [
        "claims",
        "Storage",
        "a",
        "10.000000000000000001",
        "10.000000000000000003",
        "0.000000000000000002",
      ],
      ["claims", "Virtual Machines", "b", "0.2", "0.1", "-0.1"],
      ["data", "Storage", "d", "-3.3", "0", "3.3"],
      ["data", "Storage", "f", "0", "1.25", "1.25"],
    ]);
    expect(diff[3]?.["ChargeDescription"]).toBe("Correction, =1+1");
    const teams = JSON.parse(await readFile(file(folder, "2.diff.json"), "utf8")) as object;
    expect(teams).toMatchObject({
      from: 1,
      to: 2,
      change: [{ currency: "EUR", effective: "4.450000000000000002" }],
    });
  });

  it("a change of owner alone is a statement too, and its diff adds up to nothing", async () => {
    const owners = join(folder, "owners.yaml");
    const text = await readFile(owners, "utf8");
    await writeFile(owners, text.replace("CC-1", "CC-9"));
    await run(folder, "build");
    const { out } = await close(folder);
    expect(out).toContain("against no. 2: other owners, the same totals");
    const diff = csvRows(await readFile(file(folder, "3.diff.csv")));
    expect(new Set(diff.map((row) => row["CostCenter"]))).toEqual(new Set(["CC-1", "CC-9"]));
    expect(sumOf(diff, "EffectiveCostChange", "EUR")).toBe(0n);
    expect(csvRows(await readFile(file(folder, "3.diff-lines.csv")))).toEqual([]);
    expect(await readFile(file(folder, "1.csv"))).toEqual(first);
  });

  it("a damaged statement is refused by name and not given out", async () => {
    await flip(file(folder, "1.csv"));
    const { code, err } = await command(
      folder,
      "export",
      "statement",
      "--month",
      MONTH,
      "--number",
      "1",
    );
    expect(code).toBe(1);
    expect(err).toContain(file(folder, "1.csv"));
    await flip(file(folder, "1.csv"));
    expect(await statement(folder, "--number", "1")).toEqual(first);
  });

  function closeRows(of: string): Record<string, unknown>[] {
    const register = new Register(homePaths(join(of, "home")).register);
    try {
      return auditRows(register, { subject: `month:${MONTH}` })
        .filter(({ action }) => action === "statement.close")
        .map(({ details }) => JSON.parse(details) as Record<string, unknown>);
    } finally {
      register.close();
    }
  }
});

describe("closing what is not ready", () => {
  it("a month that may still move is refused, and forced only with a reason that is kept", async () => {
    const folder = await books("checks: { settledAfterDays: 365 }\n");
    const refused = await close(folder);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/BLOCKS +the month is provisional/);
    expect(refused.err).toMatch(/2026-08 is not ready to be closed: the month is provisional/);
    expect((await close(folder, "--dry-run")).code).toBe(1);
    expect((await close(folder, "--force")).err).toMatch(/say why with --reason/);
    expect((await close(folder, "--reason", "x")).err).toMatch(/goes with --force/);
    expect(manifestsOf(folder)).toEqual([]);
    expect((await close(folder, "--force", "--reason", "quarter end")).code).toBe(0);
    expect(manifestsOf(folder)[0]).toMatchObject({ reason: "quarter end", state: "provisional" });
  });

  it("a month with rejected rows beyond the tolerance is refused, and says what is rejected", async () => {
    const folder = await books();
    await writeBill(folder, [...LINES, { BilledCost: "1,5" }]);
    await command(folder, "run");
    const { code, err } = await close(folder);
    expect(code).toBe(1);
    expect(err).toMatch(/BLOCKS +EUR +quarantine fails: 1 rows rejected/);
    expect(err).toMatch(/note +1 rows could not be read/);
  });

  it("a month that is not published is unknown", async () => {
    const folder = await books();
    const { code, err } = await command(folder, "close", "--month", "2020-01");
    expect(code).toBe(2);
    expect(err).toContain("2020-01");
  });
});

describe("two who close at once", () => {
  it("make one statement", async () => {
    const folder = await books();
    const both = await Promise.all([close(folder), close(folder)]);
    expect(both.map(({ code }) => code).toSorted((a, b) => a - b)).toEqual([0, 1]);
    expect(both.map(({ err }) => err).join("")).toContain("was closed as no. 1 meanwhile");
    expect(manifestsOf(folder)).toHaveLength(1);
    expect((await readdir(file(folder, "."))).toSorted()).toEqual(
      ["1.csv", "1.csv.sha256", "1.duckdb", "1.json"].toSorted(),
    );
  });
});
