import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Problem } from "../../api/schemas/common.ts";
import { FINDING_CHECKS } from "../../analysis/findings/checks.ts";
import type { FindingDetail, FindingRow, Findings } from "../../api/schemas/findings.ts";
import type { Backtest } from "../../api/schemas/backtest.ts";
import { addAmounts, toUnits } from "../../data/money.ts";
import { Register } from "../../data/register.ts";
import { verifyRegister } from "../../data/register/audit.ts";
import { homePaths } from "../../data/files.ts";
import { FindingsHome, STREAMS, THINGS } from "../findings-home.ts";
import { cli } from "../home.ts";
import { appOver, type TestApp } from "./server-fixture.ts";

const ENV = { APPORTION_NOW: "2026-09-02T06:00:00Z", TZ: "Pacific/Chatham" };

describe("findings by command and API", () => {
  let home: FindingsHome;
  let server: TestApp;
  let rows: FindingRow[] = [];
  const run = (...args: string[]) =>
    cli(["findings", ...args, "--config", home.config], { env: ENV });
  const get = async <T>(url: string) => (await server.get(url)).json() as T;
  const idOf = (thing: keyof typeof THINGS) =>
    rows.find((row) => row.subject === THINGS[thing].toLowerCase())?.id ?? "";
  beforeAll(async () => {
    home = await FindingsHome.make();
    await home.bill(Object.values(STREAMS).flat());
    server = await appOver(home.config, null, { now: home.now });
    rows = (await get<Findings>("/api/v1/findings")).data;
  }, 90_000);
  afterAll(async () => {
    await server?.close();
    await home?.remove();
  });

  it("lists the open ones, most to save first, each with owner, evidence, money and since", () => {
    expect(rows).toHaveLength(8);
    const worth = rows.map((row) => toUnits(row.realisable));
    expect(worth).toEqual(worth.toSorted((a, b) => (a < b ? 1 : a > b ? -1 : 0)));
    for (const row of rows) {
      expect(row.teamName).not.toBe("");
      expect(row.evidence).not.toEqual([]);
      expect(toUnits(row.paper)).toBeGreaterThan(0n);
      expect(row.since).toMatch(/^2026-\d\d-\d\d$/);
      expect(row.action).not.toBe("");
    }
  });

  it("sums by kind what it lists, and pages through all of it once", async () => {
    const { sums } = await get<Findings>("/api/v1/findings");
    expect(sums.reduce((count, sum) => count + sum.findings, 0)).toBe(rows.length);
    expect(addAmounts(sums.map((sum) => sum.realisable))).toBe(
      addAmounts(rows.map((row) => row.realisable)),
    );
    const ids: string[] = [];
    for (let cursor: string | null = "0"; cursor !== null;) {
      const page: Findings = await get(`/api/v1/findings?limit=3&cursor=${cursor}`);
      ids.push(...page.data.map((row) => row.id));
      cursor = page.meta.next;
    }
    expect(ids).toEqual(rows.map((row) => row.id));
  });

  it("narrows by kind, team, text and state, and refuses what it does not know", async () => {
    const kinds = async (query: string) =>
      (await get<Findings>(`/api/v1/findings?${query}`)).data.map((row) => row.kind);
    expect(await kinds("kind=empty-plan")).toEqual(["empty-plan"]);
    expect(new Set(await kinds("team=app"))).toEqual(
      new Set(["replaced-server", "stopped-server", "unused-commitment"]),
    );
    expect(await kinds("q=DATA-77")).toEqual(["left-behind"]);
    expect(await kinds("state=claimed")).toEqual(["left-behind"]);
    expect(await kinds("currency=USD")).toEqual([]);
    for (const query of ["kind=nonsense", "state=gone", "x=1", "currency=euro"]) {
      const answer = await server.get(`/api/v1/findings?${query}`);
      expect(answer.status, query).toBe(400);
    }
    const none = await server.get("/api/v1/findings/0000000000000000");
    expect([none.status, (none.json() as Problem).code]).toEqual([404, "FINDING_UNKNOWN"]);
  });

  it("were checked before they were published, and check says so", async () => {
    const { out, code } = await cli(["check", "--format", "json", "--config", home.config], {
      env: ENV,
    });
    const { data } = JSON.parse(out) as {
      data: { month: string; name: string; ok: boolean; detail: string }[];
    };
    expect(code).toBe(0);
    const said = data.filter(({ month }) => month === "findings");
    expect(said.map(({ name, ok, detail }) => [name, ok, detail])).toEqual(
      Object.keys(FINDING_CHECKS).map((name) => [name, true, "9 findings, 0 containers"]),
    );
  }, 60_000);

  it("has no backtest of a company without five weeks of usage, and says so", async () => {
    expect(await get<Backtest>("/api/v1/backtest")).toMatchObject({ data: null, meta: {} });
    expect((await server.get("/api/v1/backtest?days=3")).status).toBe(400);
  });

  it("shows what a thing cost by day", async () => {
    const { data } = await get<FindingDetail>(`/api/v1/findings/${idOf("older")}`);
    expect(data.days).toHaveLength(60);
    expect(data.days.at(-1)?.day).toBe("2026-08-31");
    const month = data.days.slice(-30).map((day) => day.cost);
    expect(toUnits(addAmounts(month))).toBe(toUnits(data.finding.cost));
    expect([data.hours, data.recommendation, data.patch]).toEqual([[], null, null]);
  });

  it("writes them as table, JSON and CSV, the same ones, and fails above an amount", async () => {
    const json = JSON.parse((await run("--format", "json")).out) as Findings;
    expect(json.data).toEqual(rows);
    const csv = parse((await run("--format", "csv")).out, { columns: true }) as Record<
      string,
      string
    >[];
    expect(csv.map((row) => row["Id"])).toEqual(rows.map((row) => row.id));
    expect(toUnits(addAmounts(csv.map((row) => row["RealisableSaving"] ?? "")))).toBe(
      toUnits(addAmounts(rows.map((row) => row.realisable))),
    );
    const table = await run("--team", "web");
    expect(table.out).toMatch(/plan-b/);
    expect(table.out).not.toMatch(/app-v1/);
    const total = addAmounts(rows.map((row) => row.realisable));
    expect((await run("--fail-above", total)).code).toBe(0);
    const over = await run("--fail-above", "100");
    expect([over.code, over.err]).toEqual([
      1,
      expect.stringContaining("more than --fail-above 100"),
    ]);
    expect((await run("--fail-above", "much")).code).toBe(2);
    expect((await run("--kind", "nonsense")).code).toBe(2);
  }, 90_000);

  it("are dismissed with a reason until a day, on record, and come back", async () => {
    const id = idOf("older");
    const post = (url: string, payload: object = {}) =>
      server.app.inject({ method: "POST", url, headers: { host: "127.0.0.1" }, payload });
    const url = `/api/v1/findings/${id}`;
    const reason = "its successor is not trusted yet";
    for (const body of [
      { reason, until: "2026-09-01" },
      { reason, until: "2028-01-01" },
      { reason, until: "2026-02-30" },
      { until: "2026-10-01" },
    ])
      expect((await post(`${url}/dismiss`, body)).statusCode, JSON.stringify(body)).toBe(400);
    expect((await post(`${url}/dismiss`, { reason, until: "2026-10-01" })).statusCode).toBe(200);
    const open = await get<Findings>("/api/v1/findings");
    expect(open.data.map((row) => row.id)).not.toContain(id);
    const [gone] = (await get<Findings>("/api/v1/findings?state=dismissed")).data;
    expect(gone).toMatchObject({ id, dismissed: { reason, until: "2026-10-01", by: "local" } });
    // A build later it is still dismissed, and when its time is up it is open again.
    await home.bill(Object.values(STREAMS).flat());
    expect((await run("--state", "dismissed", "--format", "json")).out).toContain(id);
    const later = await cli(["findings", "--format", "json", "--config", home.config], {
      env: { ...ENV, APPORTION_NOW: "2026-10-02T00:00:00Z" },
    });
    expect(later.out).toContain(id);
    expect((await run("reopen", id)).code).toBe(0);
    expect((await get<Findings>("/api/v1/findings")).data.map((row) => row.id)).toContain(id);
    const usage = await run("dismiss", id, "--until", "2026-10-01");
    expect([usage.code, usage.err]).toEqual([2, expect.stringContaining("--reason")]);
    const register = new Register(homePaths(home.home).register);
    try {
      const actions = register.rows<{ action: string; subject: string }>(
        "SELECT action, subject FROM audit ORDER BY n",
      );
      expect(actions).toEqual([
        { action: "finding.dismiss", subject: `finding:${id}` },
        { action: "finding.reopen", subject: `finding:${id}` },
      ]);
      expect(verifyRegister(register).broken).toBeNull();
    } finally {
      register.close();
    }
  }, 90_000);
});
