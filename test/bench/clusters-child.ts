import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { allocationOf } from "../../analysis/allocation.ts";
import { prepareClusterInputs } from "../../analysis/cluster-inputs.ts";
import { findingsSettings } from "../../analysis/findings/settings.ts";
import { type BuildSettings, type MonthInputs, prepareInputs } from "../../analysis/inputs.ts";
import { runModels } from "../../analysis/models.ts";
import { NO_OWNERS } from "../../analysis/ownership.ts";
import { loadSql } from "../../data/sql.ts";
import { openWriter, type Session, sqlText } from "../../data/warehouse.ts";

/**
 * A month of many containers, in a process of its own:
 *
 *   make FOLDER CONTAINERS LINES   facts and lines as Parquet, once
 *   floor FOLDER                   the same joins as one SQL statement, in DOUBLE, nothing kept
 *   build FOLDER                   the product's models
 */
const [job = "", folder = "", containers = "0", lines = "0"] = process.argv.slice(2);
const DAYS = 30;
const PODS = 30;
const CLUSTER =
  "/subscriptions/s1/resourcegroups/rg/providers/microsoft.containerservice/managedclusters/prod";
const SCALE_SET =
  "/subscriptions/s1/resourceGroups/MC_rg_prod_westeurope/providers/Microsoft.Compute/virtualMachineScaleSets/aks-apps-1-vmss";
const NODE = `lower('${SCALE_SET}/virtualMachines/' || CAST(n AS VARCHAR))`;
const START = Date.parse("2026-08-01T00:00:00Z") / 1000;
const file = (name: string) => sqlText(join(folder, `${name}.parquet`));

const started = performance.now();
const before = process.cpuUsage();
const rows = job === "make" ? await make() : job === "floor" ? await floor() : await build();
const { user, system } = process.cpuUsage(before);
process.stdout.write(
  `${JSON.stringify({ job, rows, wall: (performance.now() - started) / 1e3, cpu: (user + system) / 1e6, mib: process.resourceUsage().maxRSS / 1024 })}\n`,
);

async function opened(): Promise<{ session: Session; close(): Promise<void> }> {
  const work = join(folder, `work-${job}.duckdb`);
  await rm(work, { force: true });
  const engine = await openWriter(work, {
    memory: "2GB",
    threads: 2,
    temp: join(folder, "spill"),
  });
  const session = await engine.session();
  return {
    session,
    async close() {
      session.close();
      engine.close();
      await rm(work, { force: true });
    },
  };
}

/** `PODS` containers a node, 500 namespaces, a workload for every ten; a fifth of the lines are nodes'. */
async function make(): Promise<number> {
  if (existsSync(join(folder, "usage_hour.parquet"))) return 0;
  const { session, close } = await opened();
  const nodes = Math.ceil(Number(containers) / PODS);
  const out = async (name: string, sql: string) =>
    session.run(`COPY (${sql}) TO ${file(name)} (FORMAT parquet)`);
  const day = (seconds: string) =>
    `CAST(CAST(make_timestamp((${seconds}) * 1000000) AS DATE) AS VARCHAR)`;
  const made = await out(
    "usage_hour",
    `SELECT 'prod' AS cluster, ${START} + h * 3600 AS hour, ${NODE} AS node, 'ns-' || (c % 500) AS namespace, 'pod-' || c AS pod, 'uid-' || c AS pod_uid, 'app' AS container,
       CAST(3600 AS INTEGER) AS seconds, hash(c, h) % 300000 AS cpu_used, 180000 AS cpu_requested, CAST(greatest(180000, hash(c, h) % 300000) AS BIGINT) AS cpu_effective,
       CAST(400 * 3600 AS BIGINT) AS mem_used, CAST(256 * 3600 AS BIGINT) AS mem_requested, CAST(400 * 3600 AS BIGINT) AS mem_effective, CAST(0 AS BIGINT) AS gpu_requested,
       CAST(0 AS BIGINT) AS net_rx, CAST(0 AS BIGINT) AS net_tx, CAST(0 AS BIGINT) AS throttled_ms, CAST(0 AS INTEGER) AS oom_kills, CAST(0 AS INTEGER) AS restarts
     FROM (SELECT h AS h, c AS c, c // ${PODS} AS n FROM range(${DAYS * 24}) AS hours(h), range(${containers}) AS all_containers(c))`,
  );
  await out(
    "node_hour",
    `SELECT 'prod' AS cluster, ${START} + h * 3600 AS hour, ${NODE} AS node, 'node-' || n AS node_name, 'apps' AS pool, 'Standard_D8s_v5' AS instance_type,
       CAST(8000 AS BIGINT) AS cpu_capacity, CAST(7800 AS BIGINT) AS cpu_allocatable, CAST(32768 AS BIGINT) AS mem_capacity, CAST(29000 AS BIGINT) AS mem_allocatable,
       CAST(0 AS BIGINT) AS gpu_capacity, CAST(0 AS BIGINT) AS gpu_allocatable, CAST(3600 AS INTEGER) AS seen_s, CAST(3600 AS INTEGER) AS covered_s, false AS virtual
     FROM range(${DAYS * 24}) AS hours(h), range(${nodes}) AS all_nodes(n)`,
  );
  await out(
    "pod_day",
    `SELECT 'prod' AS cluster, ${day(`${START} + d * 86400`)} AS day, 'ns-' || (c % 500) AS namespace, 'pod-' || c AS pod, 'uid-' || c AS pod_uid, ${NODE} AS node,
       'Deployment' AS workload_kind, 'workload-' || (c // 10) AS workload, '{"app":"a' || (c % 100) || '"}' AS labels, '{}' AS annotations,
       ${START} + d * 86400 AS from_s, ${START} + (d + 1) * 86400 AS until_s, CAST(86400 AS INTEGER) AS running_s
     FROM (SELECT d AS d, c AS c, c // ${PODS} AS n FROM range(${DAYS}) AS all_days(d), range(${containers}) AS all_containers(c))`,
  );
  await out(
    "line",
    `SELECT i AS line_id, CAST(DATE '2026-08-01' + CAST(i % ${DAYS} AS INTEGER) AS DATE) AS x_day, (i // ${DAYS}) % ${nodes} AS n, i % 5 = 0 AS of_node, i
     FROM range(${lines}) AS all_lines(i)`,
  );
  await close();
  return made;
}

function lineColumns(): string {
  const ofNode = `CASE WHEN of_node THEN '${SCALE_SET}' ELSE '/subscriptions/s1/resourceGroups/rg-' || (i % 900) || '/providers/Microsoft.Sql/servers/s-' || (i % 20000) END`;
  return `line_id AS line_id, x_day AS x_day, '2026-08' AS x_month, 'EUR' AS billing_currency, ${ofNode} AS resource_id,
    CAST((hash(i) % 100000000) AS DECIMAL(18,0)) * CAST(0.00000001 AS DECIMAL(18,8)) AS effective_cost, CAST((hash(i) % 100000000) AS DECIMAL(18,0)) * CAST(0.00000001 AS DECIMAL(18,8)) AS billed_cost,
    CAST((hash(i + 7) % 100000000) AS DECIMAL(18,0)) * CAST(0.00000001 AS DECIMAL(18,8)) AS list_cost,
    CASE WHEN of_node THEN CASE WHEN i % 10 = 0 THEN 'Virtual Machines' ELSE 'Bandwidth' END ELSE 'SQL Database' END AS service,
    CASE WHEN of_node THEN '{"VMName":"aks-apps-1-vmss_' || n || '"}' END AS x_sku_details`;
}

/** Node-hours first, one join after: what a person would write by hand, inexact and without any trace. */
async function floor(): Promise<number> {
  const { session, close } = await opened();
  const row = await session.one<{ n: string }>(
    `WITH node AS (
       SELECT node AS node, CAST(make_timestamp(hour * 1000000) AS DATE) AS day, hour AS hour, cpu_capacity * 3600.0 AS cpu, mem_capacity * 3600.0 AS mem FROM read_parquet(${file("node_hour")})
     ),
     pod AS (
       SELECT u.node AS node, n.day AS day, u.namespace AS namespace, u.pod_uid AS pod_uid, sum(u.cpu_effective / n.cpu + u.mem_effective / n.mem) / 48 AS part
       FROM read_parquet(${file("usage_hour")}) AS u JOIN node AS n ON n.node = u.node AND n.hour = u.hour
       GROUP BY ALL
     ),
     workload AS (
       SELECT p.node AS node, p.day AS day, p.namespace AS namespace, d.workload AS workload, sum(p.part) AS part
       FROM pod AS p JOIN read_parquet(${file("pod_day")}) AS d ON d.pod_uid = p.pod_uid AND CAST(d.day AS DATE) = p.day
       GROUP BY ALL
     ),
     cost AS (
       SELECT x_day AS day, lower(resource_id) || '/virtualmachines/' || regexp_extract(x_sku_details, '_(\\d+)"', 1) AS node, service AS service, CAST(effective_cost AS DOUBLE) AS effective, CAST(billed_cost AS DOUBLE) AS billed, CAST(list_cost AS DOUBLE) AS list
       FROM (SELECT ${lineColumns()} FROM read_parquet(${file("line")})) WHERE x_sku_details IS NOT NULL
     )
     SELECT count(*) AS n FROM (
       SELECT c.day, c.service, w.namespace, w.workload, sum(c.effective * w.part), sum(c.billed * w.part), sum(c.list * w.part)
       FROM cost AS c JOIN workload AS w ON w.node = c.node AND w.day = c.day
       GROUP BY ALL
     )`,
  );
  await close();
  return Number(row.n);
}

async function build(): Promise<number> {
  const { session, close } = await opened();
  const inputs: MonthInputs = {
    month: "2026-08",
    units: [],
    facts: ["usage_hour", "node_hour", "pod_day"].map((kind) => ({
      kind,
      path: join(folder, `${kind}.parquet`),
      sha256: "",
    })),
    fingerprint: "",
    causes: {},
    texts: {},
  };
  const settings: BuildSettings = {
    currency: "EUR",
    sources: [],
    ownership: {
      ...NO_OWNERS,
      teams: ["t1", "t2"].map((team) => ({
        team,
        from: "0001-01-01",
        until: "9999-12-31",
        name: team,
        businessUnit: "",
        costCenter: "",
      })),
      rules: [
        {
          order: 1,
          team: "t1",
          from: "0001-01-01",
          until: "9999-12-31",
          text: "rule 1",
          conditions: [{ key: "namespace", name: "", patterns: ["ns-1%"] }],
        },
      ],
    },
    clusters: [
      {
        name: "prod",
        resourceId: CLUSTER,
        subscription: "/subscriptions/s1",
        nodeGroup: "mc\\_rg\\_prod\\_%",
        environment: "production",
      },
    ],
    allocation: allocationOf({}),
    environmentTags: ["environment"],
    tolerance: { rows: 0, amount: "0", azureDrift: "0", usageCoverage: 0 },
    settledAfterDays: 6,
    keepLists: 1,
    findings: findingsSettings({}),
  };
  const answers = join(folder, "answers.duckdb");
  await rm(answers, { force: true });
  await session.script(`ATTACH ${sqlText(answers)} AS answers`);
  await session.script("ATTACH ':memory:' AS work");
  await session.script("USE work");
  await session.script(
    loadSql(new URL("../../data/migrations/004-inventory.sql", import.meta.url)),
  );
  await prepareInputs(session, inputs, settings);
  await prepareClusterInputs(session, inputs, settings);
  const columns = await session.rows<{ name: string; type: string }>(
    "SELECT column_name AS name, column_type AS type FROM (DESCRIBE month_line)",
  );
  const given = new Set([
    "line_id",
    "x_day",
    "x_month",
    "billing_currency",
    "resource_id",
    "effective_cost",
    "billed_cost",
    "list_cost",
    "service",
    "x_sku_details",
  ]);
  const fixed: Record<string, string> = {
    owner_hash: "hash(lower(resource_id), service)",
    paired: "false",
    x_pair: "false",
    charge_category: "'Usage'",
    consumed_unit: "'Hours'",
    consumed_quantity: "24",
    sub_account_id: "'s1'",
    service_name: "service",
  };
  await session.run(
    `CREATE OR REPLACE TEMP VIEW month_line AS SELECT ${columns
      .map(({ name, type }) =>
        given.has(name)
          ? `CAST(${name} AS ${type}) AS ${name}`
          : `CAST(${fixed[name] ?? "NULL"} AS ${type}) AS ${name}`,
      )
      .join(", ")} FROM (SELECT ${lineColumns()} FROM read_parquet(${file("line")}))`,
  );
  await session.script("USE answers");
  await runModels(session, "2026-08");
  await session.script("CHECKPOINT answers");
  const { n } = await session.one<{ n: string }>("SELECT count(*) AS n FROM share");
  await session.script("USE work");
  await close();
  return Number(n);
}
