import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../../analysis/ask.ts";
import { LOCAL_ADMINISTRATOR, principalOf } from "../../analysis/principal.ts";
import { CLUSTER_COLUMNS, makeVisible } from "../../analysis/visible.ts";
import type { Showback, Trend, Usage } from "../../api/schemas/showback.ts";
import { homePaths } from "../../data/files.ts";
import { addAmounts, toUnits } from "../../data/money.ts";
import { readListSync } from "../../data/published.ts";
import { openReadOnly, openWriter, sqlText } from "../../data/warehouse.ts";
import { openSnapshot } from "../../analysis/snapshot.ts";
import { billOf, clusterHome } from "../cluster-home.ts";
import { demoHome } from "../demo-home.ts";
import { appOver, type TestApp } from "./server-fixture.ts";

let made: Awaited<ReturnType<typeof clusterHome>>;
let server: TestApp;
beforeAll(async () => {
  made = await clusterHome();
  server = await appOver(made.config);
});
afterAll(async () => {
  await server?.close();
  if (made !== undefined) await rm(made.folder, { recursive: true, force: true });
});

async function get<T>(path: string): Promise<T> {
  const answer = await server.get(path);
  expect(answer.status, answer.text).toBe(200);
  return answer.json() as T;
}
const showback = (query: string) => get<Showback>(`/api/v1/showback?month=2026-08&${query}`);
const units = (texts: Iterable<string>) => toUnits(addAmounts(texts));

const COST_COLUMNS = {
  effective: "EffectiveCost",
  billed: "BilledCost",
  list: "ListCost",
  contracted: "ContractedCost",
} as const;

/** The bill's own sum: read from the CSV's cells, by nobody's code but this. */
const billed = (
  currency: string,
  month = "2026-08",
  cost: keyof typeof COST_COLUMNS = "effective",
) =>
  units(
    billOf(month)
      .filter((line) => line["BillingCurrency"] === currency)
      .map((line) => line[COST_COLUMNS[cost]] || "0"),
  );

describe("showback inside clusters", () => {
  for (const policy of ["configured", "keep", "proportional", "even"] as const)
    for (const by of ["cluster", "namespace", "team"] as const)
      it(`by ${by} under ${policy} adds up to the bill`, async () => {
        const { data, meta } = await showback(`by=${by}&policy=${policy}`);
        expect(meta.policy).toBe(policy);
        expect(units(data.map((row) => row.cost))).toBe(billed("EUR"));
        expect(toUnits(meta.total ?? "")).toBe(billed("EUR"));
        for (const row of data)
          expect(units([row.direct, row.shared, row.idle]), row.key).toBe(toUnits(row.cost));
      });

  // Whose a cost is may change with the policy; what it adds up to may not, in any month, currency or measure.
  for (const month of ["2026-07", "2026-08"])
    for (const currency of new Set(billOf(month).map((line) => line["BillingCurrency"] ?? "")))
      it(`${month} in ${currency} adds up in every measure under every policy`, async () => {
        for (const cost of Object.keys(COST_COLUMNS) as (keyof typeof COST_COLUMNS)[])
          for (const policy of ["configured", "keep", "proportional", "even"])
            for (const by of ["namespace", "team"]) {
              const { data } = await get<Showback>(
                `/api/v1/showback?month=${month}&currency=${currency}&cost=${cost}&policy=${policy}&by=${by}`,
              );
              expect(units(data.map((row) => row.cost)), `${cost} ${policy} ${by}`).toBe(
                billed(currency, month, cost),
              );
            }
      });

  it("by namespace names namespaces by cluster, sentinels and what is outside clusters", async () => {
    const { data } = await showback("by=namespace&policy=keep");
    expect(data.map((row) => row.key).toSorted()).toEqual([
      "",
      "dev/__control_plane__",
      "dev/__idle__",
      "dev/__no_usage_data__",
      "dev/__system__",
      "dev/shop",
      "prod/__control_plane__",
      "prod/__idle__",
      "prod/__network__",
      "prod/__system__",
      "prod/jobs",
      "prod/kube-system",
      "prod/lab",
      "prod/shop",
    ]);
    expect(data.find((row) => row.key === "")?.name).toBe("Outside clusters");
    expect(data.find((row) => row.key === "dev/__idle__")?.name).toBe("Idle capacity");
    expect(data.find((row) => row.key === "prod/shop")?.name).toBe("shop");
  });

  it("passes idle on under the configured policy and keeps it under keep", async () => {
    const kept = await showback("by=namespace&cluster=prod&policy=keep");
    const passed = await showback("by=namespace&cluster=prod");
    const idle = (answer: Showback) => answer.data.find((row) => row.key === "prod/__idle__");
    expect(toUnits(idle(kept)?.cost ?? "0")).toBeGreaterThan(0n);
    expect(idle(passed)).toBeUndefined();
    expect(units(passed.data.map((row) => row.idle))).toBeGreaterThan(0n);
    // What the configuration keeps stays in view.
    expect(passed.data.map((row) => row.key)).toContain("prod/__network__");
    expect(toUnits(passed.meta.total ?? "")).toBe(toUnits(kept.meta.total ?? ""));
    expect(units(passed.data.map((row) => row.cost))).toBe(toUnits(passed.meta.total ?? ""));
  });

  it("by workload stands before redistribution, adds up and says so", async () => {
    const { data, meta } = await showback("by=workload");
    expect(meta.policy).toBe("keep");
    expect(units(data.map((row) => row.cost))).toBe(billed("EUR"));
    const shop = await showback("by=workload&cluster=prod&namespace=shop");
    expect(shop.data.map((row) => row.key).toSorted()).toEqual([
      "prod/shop",
      "prod/shop/Deployment/reports",
      "prod/shop/Deployment/web",
      "prod/shop/StatefulSet/db",
    ]);
    const namespace = await showback("by=namespace&cluster=prod&namespace=shop&policy=keep");
    expect(units(shop.data.map((row) => row.cost))).toBe(toUnits(namespace.data[0]?.cost ?? ""));
    expect(toUnits(shop.meta.total ?? "")).toBe(toUnits(namespace.data[0]?.cost ?? ""));
  });

  it("by day and by service can be narrowed to a namespace", async () => {
    const { data: whole } = await showback("by=namespace&cluster=prod&namespace=shop");
    for (const by of ["day", "service", "team"]) {
      const { data } = await showback(`by=${by}&cluster=prod&namespace=shop`);
      expect(units(data.map((row) => row.cost)), by).toBe(toUnits(whole[0]?.cost ?? ""));
    }
  });

  it("says how much of the node time has usage data", async () => {
    const clusters = await showback("by=cluster");
    expect(clusters.meta.coverage).toBe("0.875");
    expect(clusters.data.find((row) => row.key === "dev")?.coverage).toBe("0.5");
    expect((await showback("by=namespace&cluster=dev")).meta.coverage).toBe("0.5");
    expect((await showback("by=namespace&cluster=prod")).meta.coverage).toBe("1");
  });

  it("gives every month its clusters' cost in the trend, whatever the policy", async () => {
    for (const policy of ["configured", "keep", "even"]) {
      const { data } = await get<Trend>(`/api/v1/showback/trend?by=cluster&policy=${policy}`);
      const august = data.filter((row) => row.month === "2026-08");
      expect(units(august.map((row) => row.cost)), policy).toBe(billed("EUR"));
      expect(data.map((row) => row.month)).toContain("2026-07");
    }
  });

  it("answers what was asked for and used, by day and by workload", async () => {
    const days = await get<Usage>("/api/v1/usage?month=2026-08&cluster=prod&namespace=jobs");
    expect(days.data.map((row) => row.key)).toEqual(["2026-08-01", "2026-08-02", "2026-08-03"]);
    const [first] = days.data;
    // Three hours at 3.2 cores where 3 were asked for.
    expect(first?.cpuUsed).toBe(3 * 3600 * 3200);
    expect(first?.cpuRequested).toBe(3 * 3600 * 3000);
    expect(first?.cpuEffective).toBe(first?.cpuUsed);
    const workloads = await get<Usage>("/api/v1/usage?month=2026-08&cluster=prod&by=workload");
    expect(workloads.data.map((row) => row.key)).toContain("prod/shop/StatefulSet/db");
  });
});

describe("who sees only a team", () => {
  const data = principalOf({ name: "someone", roles: ["viewer"], teams: ["data"] });
  it("sees their consumers, their shares and the lines those came from, and nothing else", async () => {
    const snapshot = await openSnapshot(homePaths(made.home));
    try {
      await snapshot.pool.with(undefined, async (session) => {
        const seen = async (sql: string) =>
          session.rows<Record<string, string>>(sql, { scope: ["data"] });
        const consumers = await seen(
          "SELECT DISTINCT c.namespace AS ns, c.workload AS w FROM s_2026_08.visible_consumer($scope) AS c ORDER BY ALL",
        );
        expect(consumers.map((row) => `${row["ns"]}/${row["w"]}`)).toEqual([
          "jobs/nightly",
          "shop/reports",
        ]);
        expect(
          await seen(
            "SELECT DISTINCT c.workload AS w FROM s_2026_08.visible_weight($scope) AS s JOIN s_2026_08.visible_consumer(NULL) AS c ON c.consumer_id = s.consumer_id ORDER BY 1",
          ),
        ).toEqual([{ w: "nightly" }, { w: "reports" }]);
        // jobs was the shop team's until the second of August.
        expect(
          await seen(
            "SELECT min(s.day)::VARCHAR AS first FROM s_2026_08.visible_weight($scope) AS h JOIN s_2026_08.visible_split(NULL) AS s ON s.split_id = h.split_id JOIN s_2026_08.visible_consumer(NULL) AS c ON c.consumer_id = h.consumer_id WHERE c.namespace = 'jobs'",
          ),
        ).toEqual([{ first: "2026-08-02" }]);
        for (const table of [
          "node_day",
          "split",
          "cluster_line",
          "split_line",
          "usage_day",
          "spend_workload",
          "allocation_day",
        ]) {
          const [whole] = await session.rows<{ n: string }>(
            `SELECT count(*) AS n FROM s_2026_08.visible_${table}(NULL)`,
          );
          const [part] = await seen(`SELECT count(*) AS n FROM s_2026_08.visible_${table}($scope)`);
          expect(Number(part?.["n"]), table).toBeGreaterThan(0);
          expect(Number(part?.["n"]), table).toBeLessThan(Number(whole?.n));
        }
        expect(
          await seen("SELECT DISTINCT cluster AS c FROM s_2026_08.visible_cluster_line($scope)"),
        ).toEqual([{ c: "prod" }]);
      });
      const rows = await ask<{ key: string }>(snapshot, "showback-workload", data, {
        month: "2026-08",
        params: { currency: "EUR", team: null, limit: 100, offset: 0 },
      });
      expect(rows.map((row) => row.key).toSorted()).toEqual([
        "prod/jobs/CronJob/nightly",
        "prod/shop/Deployment/reports",
      ]);
    } finally {
      await snapshot.pool.close();
    }
  });
});

describe("a month published before weights had marks", () => {
  it("gets the marks that a build gives it", async () => {
    const { copyFile } = await import("node:fs/promises");
    const paths = homePaths(made.home);
    const file = readListSync(paths).months.find((month) => month.month === "2026-08")?.file ?? "";
    const now = join(paths.published, file);
    const old = join(made.folder, "without-marks.duckdb");
    await copyFile(now, old);
    const engine = await openWriter(old);
    const session = await engine.session();
    await session.script("ALTER TABLE weight DROP COLUMN mark");
    session.close();
    engine.close();
    const [known = [], given = []] = await Promise.all([now, old].map(marksOf));
    expect(known.length).toBeGreaterThan(20);
    expect(given).toEqual(known);
  });

  async function marksOf(path: string, place: number) {
    let rows: unknown[] = [];
    const month = { month: "2026-08", catalog: `m${place}`, schema: `s${place}` };
    const engine = await openReadOnly([{ name: month.catalog, path }], {}, async (session) => {
      await makeVisible(session, [month]);
      rows = await session.rows(
        `SELECT split_id AS split_id, consumer_id AS consumer_id, weight AS weight, mark AS mark
         FROM ${month.schema}.visible_weight(CAST(NULL AS VARCHAR[])) ORDER BY split_id, consumer_id`,
      );
    });
    engine.close();
    return rows;
  }
});

describe("a month published before clusters were attributed", () => {
  it("opens, and answers as if it had none", async () => {
    const { list } = await olderHome();
    const snapshot = await openSnapshot(list);
    try {
      const admin = LOCAL_ADMINISTRATOR;
      const params = { currency: "EUR", limit: 100, offset: 0, team: null };
      const old = await ask<{ key: string }>(snapshot, "showback", admin, {
        month: "2026-07",
        key: "cluster",
        params,
      });
      expect(old.map((row) => row.key)).toEqual([""]);
      const trend = await ask<{ month: string }>(snapshot, "trend", admin, {
        key: "cluster",
        params: { currency: "EUR", team: null, first: "2026-07", last: "2026-08" },
      });
      expect(new Set(trend.map((row) => row.month))).toEqual(new Set(["2026-07", "2026-08"]));
      const workloads = await ask(snapshot, "showback-workload", admin, {
        month: "2026-07",
        params,
      });
      expect(workloads).toHaveLength(1);
    } finally {
      await snapshot.pool.close();
    }
  });

  /** A copy of the home in which July's file is as the version before wrote it. */
  async function olderHome() {
    const { cp } = await import("node:fs/promises");
    const folder = join(made.folder, "older");
    await cp(made.home, folder, { recursive: true });
    const list = homePaths(folder);
    const file = readListSync(list).months.find((month) => month.month === "2026-07")?.file ?? "";
    const engine = await openWriter(join(list.published, file));
    const session = await engine.session();
    for (const table of Object.keys(CLUSTER_COLUMNS)) await session.script(`DROP TABLE ${table}`);
    for (const table of ["spend", "spend_month"]) {
      await session.script(`DELETE FROM ${table} WHERE policy IS NOT NULL`);
      for (const column of ["policy", "cluster", "namespace"])
        await session.script(`ALTER TABLE ${table} DROP COLUMN ${column}`);
    }
    await session.script("ALTER TABLE spend_resource DROP COLUMN policy");
    // Lines were one table then.
    await session.script("CREATE TABLE whole_line AS SELECT * EXCLUDE (x_cluster) FROM line");
    await session.script("DROP VIEW line");
    for (const part of ["fact", "word", "resource", "owner"])
      await session.script(`DROP TABLE line_${part}`);
    await session.script("ALTER TABLE whole_line RENAME TO line");
    session.close();
    engine.close();
    return { list };
  }
});

it("the list of cluster tables is what a build publishes", async () => {
  const { home } = await demoHome();
  for (const folder of [home, made.home]) {
    const paths = homePaths(folder);
    const file = readListSync(paths).months.at(-1)?.file ?? "";
    const engine = await openReadOnly([{ name: "m", path: join(paths.published, file) }], {});
    const session = await engine.session();
    const rows = await session.rows<{ t: string; c: string; type: string }>(
      `SELECT table_name AS t, column_name AS c, data_type AS type FROM duckdb_columns() WHERE database_name = ${sqlText("m")} ORDER BY table_name, column_index`,
    );
    session.close();
    engine.close();
    for (const [table, columns] of Object.entries(CLUSTER_COLUMNS))
      expect(
        Object.fromEntries(rows.filter((row) => row.t === table).map((row) => [row.c, row.type])),
        table,
      ).toEqual(columns);
  }
});
