import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build } from "../../analysis/build.ts";
import { CHECKS } from "../../analysis/method.ts";
import { readConfig } from "../../api/config.ts";
import { homePaths, sha256File } from "../../data/files.ts";
import { type PublishedMonth, readList } from "../../data/published.ts";
import { Register } from "../../data/register.ts";
import { LINE_COLUMNS } from "../../data/line-columns.ts";
import { storedLines } from "../../data/lines.ts";
import { loadSql } from "../../data/sql.ts";
import { openReadOnly, openWriter, type Session, sqlText } from "../../data/warehouse.ts";
import {
  AUGUST,
  command,
  type Company,
  copyCompany,
  FOCUS_UNIT,
  JULY,
  ledgerOf,
  makeCompany,
  published,
  truthOf,
  withLedger,
} from "./company.ts";
import { serveHome } from "./ready.ts";

let root: string;
/** Taken in, never built. */
let loaded: Company;
/** Built and whole. */
let ready: Company;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "apportion-invariants-"));
  loaded = await makeCompany(join(root, "loaded"), "a");
  const ingested = await command(loaded.folder, "ingest");
  if (ingested.code !== 0) throw new Error(ingested.err);
  ready = await copyCompany(loaded, join(root, "ready"));
  const built = await command(ready.folder, "build");
  if (built.code !== 0) throw new Error(built.err);
});
afterAll(async () => rm(root, { recursive: true, force: true }));

let copies = 0;
const fresh = (from: Company) => copyCompany(from, join(root, `copy-${copies++}`));

/** Puts other lines in a unit's file, and the hash of what now lies there into the ledger. */
async function rewriteLines(folder: string, unit: string, sql: (from: string) => string) {
  const part = (await ledgerOf(folder)).find((entry) => entry.unit === unit)?.files[0];
  if (part === undefined) throw new Error(`${unit} has no lines`);
  const other = `${part.path}.other`;
  const engine = await openWriter(join(folder, "other.duckdb"));
  const session = await engine.session();
  const from = `read_parquet(${sqlText(part.path)})`;
  await session.run(`COPY (${sql(from)}) TO ${sqlText(other)} (FORMAT parquet, COMPRESSION zstd)`);
  session.close();
  engine.close();
  await writeFile(part.path, await readFile(other));
  await rm(other);
  await rm(join(folder, "other.duckdb"));
  const sha = await sha256File(part.path);
  await withLedger(folder, async (ledger) => {
    await ledger.run("UPDATE unit_part SET parquet_sha256 = $sha WHERE parquet_sha256 = $old", {
      sha,
      old: part.sha256,
    });
  });
}

/** A rule that owns nothing: every month has new inputs, and the same answers. */
async function touchRules(folder: string): Promise<void> {
  const file = join(folder, "owners.yaml");
  const text = await readFile(file, "utf8");
  await writeFile(file, `${text}  - { team: platform, match: { resourceGroup: "nobody-here" } }\n`);
}

const numbered = (from: string) => from.replace(/\)$/, ", file_row_number = true)");
/** The number of one row of those that fit. */
const SOME_LINE = (from: string, where: string) =>
  `(SELECT min(file_row_number) FROM ${numbered(from)} WHERE ${where})`;

const FAULTS: { fault: string; check: string; make: (folder: string) => Promise<void> }[] = [
  {
    fault: "a dropped line",
    check: "attributed-equals-imported",
    make: (folder) =>
      rewriteLines(
        folder,
        FOCUS_UNIT,
        (from) =>
          `SELECT * EXCLUDE (file_row_number) FROM ${numbered(from)} WHERE file_row_number <> ${SOME_LINE(from, "effective_cost > 0")}`,
      ),
  },
  {
    // The actual half of a pair gives its purchases only: this line's amount is nobody's to add up.
    fault: "a dropped line that counts in no sum",
    check: "rows-as-promised",
    make: (folder) =>
      rewriteLines(
        folder,
        "actual-cost ActualCost 2026-07",
        (from) =>
          `SELECT * EXCLUDE (file_row_number) FROM ${numbered(from)} WHERE file_row_number <> ${SOME_LINE(from, "x_charge_type = 'Usage'")}`,
      ),
  },
  {
    fault: "a doubled line",
    check: "attributed-equals-imported",
    make: (folder) =>
      rewriteLines(
        folder,
        FOCUS_UNIT,
        (from) =>
          `SELECT * FROM ${from} UNION ALL SELECT * EXCLUDE (file_row_number) FROM ${numbered(from)} WHERE file_row_number = ${SOME_LINE(from, "effective_cost > 0")}`,
      ),
  },
  {
    fault: "an amount changed by its last digit",
    check: "attributed-equals-imported",
    make: (folder) =>
      rewriteLines(
        folder,
        FOCUS_UNIT,
        (from) =>
          `SELECT * EXCLUDE (file_row_number) REPLACE (CAST(CASE WHEN file_row_number = ${SOME_LINE(from, "effective_cost > 0")} THEN effective_cost + CAST('0.000000000000000001' AS DECIMAL(38,18)) ELSE effective_cost END AS DECIMAL(38,18)) AS effective_cost) FROM ${numbered(from)}`,
      ),
  },
  {
    fault: "list prices that became unknown",
    check: "attributed-equals-imported",
    make: (folder) =>
      rewriteLines(
        folder,
        FOCUS_UNIT,
        (from) =>
          `SELECT * EXCLUDE (file_row_number) REPLACE (CASE WHEN file_row_number = ${SOME_LINE(from, "list_cost = 0")} THEN NULL ELSE list_cost END AS list_cost) FROM ${numbered(from)}`,
      ),
  },
  {
    fault: "a control total that is another",
    check: "attributed-equals-imported",
    make: (folder) =>
      withLedger(folder, async (ledger) => {
        await ledger.run(
          "UPDATE unit_control SET billed = billed + CAST('0.01' AS DECIMAL(38,18)) WHERE unit = $unit",
          { unit: FOCUS_UNIT },
        );
      }),
  },
  {
    fault: "other rows than were promised",
    check: "rows-as-promised",
    make: (folder) =>
      withLedger(folder, async (ledger) => {
        await ledger.run("UPDATE unit SET promised = promised + 1 WHERE unit = $unit", {
          unit: FOCUS_UNIT,
        });
      }),
  },
];

async function month(folder: string, name: string): Promise<PublishedMonth> {
  const found = (await readList(homePaths(folder))).months.find((entry) => entry.month === name);
  if (found === undefined) throw new Error(`${name} is not listed`);
  return found;
}

describe("a month with a violated invariant", () => {
  for (const { fault, check, make } of FAULTS)
    it(`${fault}: ${check} fails, the last answers stay, the others go on`, async () => {
      const { folder } = await fresh(ready);
      const company = { ...ready, folder };
      const before = await readList(homePaths(folder));
      await make(folder);
      await touchRules(folder);
      const built = await command(folder, "build");
      expect(built.code).toBe(1);
      expect(built.err).toContain(`${JULY}: `);
      expect(built.err).toContain(`${check}: `);
      expect(built.err).toContain("its last published answers stay");
      expect(built.err).not.toContain(AUGUST);

      const july = await month(folder, JULY);
      expect(july).toMatchObject({ stale: true, file: before.months[0]?.file });
      expect(july.failed).toContain(check);
      const august = await month(folder, AUGUST);
      expect(august).toMatchObject({ stale: false, failed: [] });
      expect(august.file).not.toBe(before.months[1]?.file);
      const answers = await published(folder);
      expect(answers.get(JULY)).toEqual(truthOf(company, JULY, "a"));
      expect(answers.get(AUGUST)).toEqual(truthOf(company, AUGUST, "a"));

      const checked = await command(folder, "check");
      expect(checked.code).toBe(1);
      expect(checked.out).toMatch(new RegExp(`${JULY}\\s+FAILED\\s+${check}`));
      expect(checked.out).not.toMatch(new RegExp(`${AUGUST}\\s+FAILED`));
    });

  it("is mended by loading the source again", async () => {
    const { folder } = await fresh(ready);
    await FAULTS[0]?.make(folder);
    await touchRules(folder);
    expect((await command(folder, "build")).code).toBe(1);
    expect((await command(folder, "check", "--month", AUGUST)).code).toBe(0);
    expect((await command(folder, "ingest", "--again", "billing")).code).toBe(0);
    expect((await command(folder, "build")).code).toBe(0);
    expect(await month(folder, JULY)).toMatchObject({ stale: false, failed: [] });
    expect((await published(folder)).get(JULY)).toEqual(truthOf(ready, JULY, "a"));
    expect((await command(folder, "check")).code).toBe(0);
  });

  it("is marked no more when its inputs are those of its figures again", async () => {
    const { folder } = await fresh(ready);
    const rules = await readFile(join(folder, "owners.yaml"), "utf8");
    const fault = FAULTS.find((entry) => entry.fault === "other rows than were promised");
    await fault?.make(folder);
    await touchRules(folder);
    expect((await command(folder, "build")).code).toBe(1);
    expect((await month(folder, JULY)).stale).toBe(true);
    await withLedger(folder, async (ledger) => {
      await ledger.run("UPDATE unit SET promised = promised - 1 WHERE unit = $unit", {
        unit: FOCUS_UNIT,
      });
    });
    await writeFile(join(folder, "owners.yaml"), rules);
    expect((await command(folder, "build")).code).toBe(0);
    expect(await month(folder, JULY)).toMatchObject({ stale: false, failed: [] });
  });

  it("is told by the API: checkFailed, the problem, and the checks that failed", async () => {
    const { folder } = await fresh(ready);
    await FAULTS[0]?.make(folder);
    await touchRules(folder);
    expect((await command(folder, "build")).code).toBe(1);
    await served(folder, async (ask) => {
      const sources = await ask("/api/v1/sources");
      const july = (sources["months"] as Record<string, unknown>[])[0];
      expect(july).toMatchObject({ month: JULY, checkFailed: true, published: true });
      expect(july?.["problem"]).toContain("attributed-equals-imported");
      const showback = await ask(`/api/v1/showback?month=${JULY}`);
      expect(showback["meta"]).toMatchObject({ month: JULY, checkFailed: true });
      const { checks } = await ask(`/api/v1/reconciliation?month=${JULY}`);
      expect((checks as { ok: boolean; name: string }[]).filter((row) => !row.ok)).toContainEqual(
        expect.objectContaining({ name: "attributed-equals-imported" }),
      );
      const august = await ask(`/api/v1/showback?month=${AUGUST}`);
      expect(august["meta"]).toMatchObject({ checkFailed: false });
    });
  });

  it("never published before, is listed without figures", async () => {
    const { folder } = await fresh(loaded);
    await FAULTS[0]?.make(folder);
    const built = await command(folder, "build");
    expect(built.code).toBe(1);
    expect(built.err).toContain("it is not published");
    expect(await month(folder, JULY)).toMatchObject({ file: null, totals: [], lines: 0 });
    expect([...(await published(folder)).keys()]).toEqual([AUGUST]);
    const checked = await command(folder, "check");
    expect(checked.code).toBe(1);
    expect(checked.out).toMatch(/2026-07\s+FAILED\s+attributed-equals-imported/);
    expect((await command(folder, "export", "statement", "--month", JULY)).code).toBe(2);
    await served(folder, async (ask) => {
      const sources = await ask("/api/v1/sources");
      expect((sources["months"] as unknown[])[0]).toMatchObject({
        month: JULY,
        checkFailed: true,
        published: false,
        totals: [],
      });
      expect(await ask(`/api/v1/showback?month=${JULY}`)).toMatchObject({ code: "MONTH_UNKNOWN" });
    });
  });

  it("ownership that names a team twice on one day doubles no line unseen", async () => {
    const { folder } = await fresh(ready);
    const config = readConfig(join(folder, "apportion.yaml"));
    const { ownership } = config.build;
    const [team] = ownership.teams.filter((entry) => entry.team === "platform");
    if (team === undefined) throw new Error("the sample has a team platform");
    const register = new Register(homePaths(folder).register);
    try {
      const { months } = await build({
        home: folder,
        settings: {
          ...config.build,
          ownership: { ...ownership, teams: [...ownership.teams, team] },
        },
        register,
        now: () => new Date(process.env["APPORTION_NOW"] ?? ""),
        signal: new AbortController().signal,
        month: JULY,
        progress() {},
      });
      const failed = months[0]?.checks.filter((check) => !check.ok).map((check) => check.name);
      expect(months[0]?.outcome).toBe("kept");
      expect(failed).toContain("line-has-one-owner");
      expect(failed).toContain("attributed-equals-imported");
    } finally {
      register.close();
    }
    expect((await published(folder)).get(JULY)).toEqual(truthOf(ready, JULY, "a"));
  });
});

/** Serves a home in this process and asks it. */
async function served(
  folder: string,
  use: (ask: (path: string) => Promise<Record<string, unknown>>) => Promise<void>,
): Promise<void> {
  const server = await serveHome(folder);
  try {
    await use(async (path) => {
      const answer = await fetch(`${server.address}${path}`);
      return (await answer.json()) as Record<string, unknown>;
    });
  } finally {
    await server.close();
  }
}

/** Faults no import can make: the answers of a published month, spoiled by hand, under the check itself. */
describe("a check over spoiled answers", () => {
  async function checked(name: string, spoil: readonly string[]): Promise<unknown[]> {
    const july = await month(ready.folder, JULY);
    const path = join(homePaths(ready.folder).published, july.file ?? "");
    let rows: unknown[] = [];
    const engine = await openReadOnly([{ name: "july", path }], {}, async (session: Session) => {
      await session.script(
        loadSql(new URL("../../analysis/models/05-macros.sql", import.meta.url)),
      );
      // The sample's lines are no cluster's here; the checks of clusters have their own faults.
      await session.run(
        "CREATE TABLE cluster_spend (currency VARCHAR, team VARCHAR, billed DECIMAL(38,18), effective DECIMAL(38,18), list DECIMAL(38,18), contracted DECIMAL(38,18))",
      );
      for (const table of [
        "line",
        "line_word",
        "line_owner",
        "cluster_line",
        "weight",
        "spend",
        "spend_month",
        "spend_resource",
      ])
        await session.run(`CREATE TABLE ${table} AS SELECT * FROM july.main.${table}`);
      // What was imported, as many lines as there are: only ownership is in question here.
      await session.run(
        "CREATE TABLE month_line AS SELECT *, false AS paired FROM line WHERE x_adjustment IS NULL",
      );
      await session.run("CREATE TABLE owner_key AS SELECT 1 AS owner_hash UNION ALL SELECT 2");
      for (const statement of spoil) await session.run(statement);
      rows = await session.rows(
        loadSql(new URL(`../../analysis/checks/${name}.sql`, import.meta.url)),
      );
    });
    engine.close();
    return rows;
  }
  const oks = async (name: string, spoil: readonly string[]) =>
    (await checked(name, spoil)).map((row) => (row as { ok: boolean }).ok);

  for (const table of ["spend", "spend_month", "spend_resource"])
    it(`answers-equal-lines sees ${table} one digit off, and a row too few`, async () => {
      expect(await oks("answers-equal-lines", [])).toEqual([true, true]);
      const one = `(SELECT min(rowid) FROM ${table} WHERE currency = 'EUR' AND effective > 0)`;
      expect(
        await oks("answers-equal-lines", [
          `UPDATE ${table} SET effective = effective + CAST('0.000000000000000001' AS DECIMAL(38,18)) WHERE rowid = ${one}`,
        ]),
      ).toEqual([false, true]);
      expect(
        await oks("answers-equal-lines", [`DELETE FROM ${table} WHERE rowid = ${one}`]),
      ).toEqual([false, true]);
    });

  it("line-has-one-owner sees a line without owner, a line too many, and two keys under one hash", async () => {
    expect(await oks("line-has-one-owner", [])).toEqual([true]);
    for (const spoil of [
      "UPDATE line SET x_team = NULL WHERE rowid = 0",
      "UPDATE line SET x_match = NULL WHERE rowid = 0",
      "UPDATE line SET x_bucket = NULL WHERE rowid = 0",
      "INSERT INTO line SELECT * FROM line WHERE rowid = 0",
      "DELETE FROM line WHERE rowid = 0",
      "INSERT INTO owner_key SELECT 1",
      "INSERT INTO line_word SELECT * FROM line_word WHERE rowid = 0",
      "INSERT INTO line_owner SELECT * FROM line_owner WHERE rowid = 0",
    ])
      expect(await oks("line-has-one-owner", [spoil]), spoil).toEqual([false]);
  });

  it("a published line says what its file says, column by column", async () => {
    const parts = (await ledgerOf(ready.folder)).flatMap(({ files }) =>
      files.map(({ path }) => path),
    );
    const july = await month(ready.folder, JULY);
    // Amounts of a legacy pair are chosen between its halves; the totals' checks are about those.
    const columns = Object.keys(LINE_COLUMNS).filter(
      (column) => !/^x_rounded_|^(billed|effective)_cost$|^resource_type$/.test(column),
    );
    const engine = await openWriter(":memory:");
    const session = await engine.session();
    await session.script(
      `ATTACH ${sqlText(join(homePaths(ready.folder).published, july.file ?? ""))} AS july (READ_ONLY)`,
    );
    const published = `SELECT ${columns.join(", ")} FROM july.main.line WHERE x_adjustment IS NULL`;
    const stored = `SELECT ${columns.join(", ")} FROM ${storedLines(parts)} WHERE x_month = ${sqlText(JULY)}`;
    const [lines, other] = [published, `(${published}) EXCEPT ALL (${stored})`].map(
      async (sql) => (await session.one<{ n: string }>(`SELECT count(*) AS n FROM (${sql})`)).n,
    );
    expect(Number(await lines)).toBeGreaterThan(100);
    expect(await other).toBe("0");
    session.close();
    engine.close();
  });

  it("every invariant has been broken here by at least one fault", () => {
    const broken = new Set([
      ...FAULTS.map((entry) => entry.check),
      "answers-equal-lines",
      "line-has-one-owner",
      // test/analysis/clusters.test.ts
      "shares-equal-lines",
      "node-days-add-up",
      "redistribution-cancels",
    ]);
    expect([...broken].toSorted()).toEqual(
      CHECKS.filter((check) => check.kind === "invariant")
        .map((check) => check.name)
        .toSorted(),
    );
  });
});

describe("rejected rows", () => {
  it("over the tolerance: published and marked, build 0, check 1; within it check 0", async () => {
    const company = await fresh(loaded);
    const { folder } = company;
    const exports = join(folder, "exports/sandbox/usage-daily/20260801-20260831");
    const [run = ""] = await readdir(exports);
    const file = join(exports, run, "part_0_0001.csv");
    const text = await readFile(file, "utf8");
    // The same length, so that the manifest's promise of bytes holds.
    const day = /\r\n(?:[^\r\n]*?)(\d{2}\/\d{2}\/\d{4}|\d{4}-\d{2}-\d{2})/.exec(text)?.[1] ?? "";
    expect(day).not.toBe("");
    await writeFile(file, text.replace(day, "x".repeat(day.length)));

    const ran = await command(folder, "run");
    expect(ran.code).toBe(0);
    expect(ran.units.find((unit) => unit.rejected > 0)).toMatchObject({
      unit: "usage-daily Usage 2026-08",
      rejected: 1,
      rows: 470,
    });
    expect(ran.err).toContain("published, but quarantine: 1 rows rejected");
    expect(await month(folder, AUGUST)).toMatchObject({
      stale: false,
      failed: ["quarantine"],
      rejected: 1,
      lines: 470,
    });
    const checked = await command(folder, "check");
    expect(checked.code).toBe(1);
    expect(checked.out).toMatch(/2026-08\s+FAILED\s+quarantine/);
    await served(folder, async (ask) => {
      const answer = await ask(`/api/v1/showback?month=${AUGUST}`);
      expect(answer["meta"]).toMatchObject({ checkFailed: true });
    });

    const config = join(folder, "apportion.yaml");
    const plain = await readFile(config, "utf8");
    const tolerate = async (rows: number, amount: string) => {
      await writeFile(
        config,
        `${plain}checks: { quarantineTolerance: { rows: ${rows}, amount: "${amount}" } }\n`,
      );
      expect((await command(folder, "build")).code).toBe(0);
      return (await command(folder, "check")).code;
    };
    expect(await tolerate(1, "0")).toBe(1);
    expect(await tolerate(1, "100")).toBe(0);
    expect((await month(folder, AUGUST)).failed).toEqual([]);
  });
});
