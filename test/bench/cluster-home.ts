import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { homePaths, sha256File } from "../../data/files.ts";
import { openLedger } from "../../data/ledger.ts";
import { LINE_COLUMNS, type LineColumn, SQL_TYPES } from "../../data/line-columns.ts";
import { type Session, sqlText } from "../../data/warehouse.ts";
import { monthBounds } from "../../data/period.ts";

/**
 * A home with what an ingest of a cluster's months leaves behind: lines and usage facts as Parquet, and the ledger
 * that names them. Nothing is built.
 */
export interface Size {
  containers: number;
  /** Bill lines of a month; a fifth of them are nodes', 8 to a node's day at 40 lines a container. */
  lines: number;
}

/** Containers of a node, one to a pod; a workload has ten, each on a node of its own. */
const PODS = 30;
const NAMESPACES = 500;
const PARTS = 8;
const SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001";
const GROUP = `${SUBSCRIPTION}/resourceGroups/MC_rg_prod_westeurope/providers/Microsoft.Compute`;
export const SCALE_SET = `${GROUP}/virtualMachineScaleSets/aks-apps-1-vmss`;
const NODE = `lower('${SCALE_SET}/virtualMachines/' || CAST(n AS VARCHAR))`;

export const paths = (folder: string) => homePaths(join(folder, "home"));

/** Writes the configuration and makes the months that are not there yet. @returns the configuration's file */
export async function makeClusterHome(
  folder: string,
  months: readonly string[],
  size: Size,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const config = join(folder, "apportion.yaml");
  await writeFile(
    config,
    `home: ./home
currency: EUR
sources:
  - { type: focus, name: bill, files: "./none/*.csv" }
  - { type: prometheus, name: usage, cluster: prod, url: "http://localhost:1" }
clusters:
  - { name: prod, resourceId: "${SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/prod", environment: production }
owners: ./owners.yaml
checks: { usageCoverage: 0 }
`,
  );
  const teams = Array.from({ length: 40 }, (_, index) => `t${index}`);
  await writeFile(
    join(folder, "owners.yaml"),
    `teams:
${teams.map((team) => `  - { id: ${team}, name: Team ${team}, businessUnit: BU-${team.length} }`).join("\n")}
rules:
${teams.map((team) => `  - { team: ${team}, match: { tag: { team: ${team} } } }`).join("\n")}
${teams.map((team, index) => `  - { team: ${team}, match: { cluster: prod, namespace: ["ns-${index}", "ns-${index}?"] } }`).join("\n")}
  - { team: t0, match: { resourceGroup: "rg-1*" } }
`,
  );
  const home = paths(folder);
  const ledger = await openLedger(home, { memory: "2GB" });
  try {
    for (const month of months) {
      if (existsSync(join(home.lines, `${month}-0.parquet`))) continue;
      await usage(ledger.session, folder, month, size);
      await bill(ledger.session, folder, month, size);
    }
  } finally {
    ledger.close();
  }
  return config;
}

/** Adds a day's lines to a month that is there, as a growing export does: its last part gets another. */
export async function addDay(folder: string, month: string, day: number): Promise<void> {
  const ledger = await openLedger(paths(folder), { memory: "1GB" });
  try {
    const part = `${month}-day-${day}.parquet`;
    const to = join(paths(folder).lines, part);
    const from = sqlText(join(paths(folder).lines, `${month}-0.parquet`));
    await ledger.session.run(
      `COPY (SELECT * REPLACE (CAST('${month}-${String(day).padStart(2, "0")}' AS DATE) AS x_day) FROM read_parquet(${from}) WHERE x_day = CAST('${month}-01' AS DATE)) TO ${sqlText(to)} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 10240)`,
    );
    await ledger.session.run(
      "INSERT INTO unit_part SELECT source, unit, $part, '', '', 0, 'lines/' || $part, $sha, 0 FROM unit WHERE source = 'bill' AND unit = $month",
      { part, sha: await sha256File(to), month },
    );
    await recount(ledger.session, folder, month);
  } finally {
    ledger.close();
  }
}

async function usage(session: Session, folder: string, month: string, { containers }: Size) {
  const nodes = Math.ceil(containers / PODS);
  for (const day of daysOf(month)) {
    const start = Date.parse(`${day}T00:00:00Z`) / 1000;
    const all: Record<string, string> = {
      // Every fiftieth hour of a node is asked for more than it has.
      usage_hour: `SELECT 'prod' AS cluster, CAST(${start} + h * 3600 AS BIGINT) AS hour, ${NODE} AS node, 'ns-' || (w % ${NAMESPACES}) AS namespace, 'workload-' || w || '-' || c AS pod,
          printf('%08x-0000-4000-8000-%012x', c, c) AS pod_uid, 'app' AS container, CAST(3600 AS INTEGER) AS seconds, used AS cpu_used, CAST(180000 AS BIGINT) AS cpu_requested,
          greatest(180000, used) AS cpu_effective, mem AS mem_used, CAST(256 * 3600 AS BIGINT) AS mem_requested, greatest(256 * 3600, mem) AS mem_effective, CAST(0 AS BIGINT) AS gpu_requested,
          CAST(hash(c, h, 'rx') % 100000000 AS BIGINT) AS net_rx, CAST(hash(c, h, 'tx') % 100000000 AS BIGINT) AS net_tx, CAST(0 AS BIGINT) AS throttled_ms, CAST(0 AS INTEGER) AS oom_kills, CAST(0 AS INTEGER) AS restarts
        FROM (
          SELECT h AS h, c AS c, c // ${PODS} AS n, c % ${Math.ceil(containers / 10)} AS w,
            CAST(hash(c, h, ${start}) % 300000 AS BIGINT) * CASE WHEN hash(c // ${PODS}, h, ${start}) % 50 = 0 THEN 8 ELSE 1 END AS used,
            CAST(300 * 3600 + hash(c, h) % (200 * 3600) AS BIGINT) AS mem
          FROM range(24) AS hours(h), range(${containers}) AS all_containers(c)
        )`,
      node_hour: `SELECT 'prod' AS cluster, CAST(${start} + h * 3600 AS BIGINT) AS hour, ${NODE} AS node, 'aks-apps-1-vmss' || n AS node_name, 'apps' AS pool, 'Standard_D8s_v5' AS instance_type,
          CAST(8000 AS BIGINT) AS cpu_capacity, CAST(7800 AS BIGINT) AS cpu_allocatable, CAST(32768 AS BIGINT) AS mem_capacity, CAST(29000 AS BIGINT) AS mem_allocatable,
          CAST(0 AS BIGINT) AS gpu_capacity, CAST(0 AS BIGINT) AS gpu_allocatable, CAST(3600 AS INTEGER) AS seen_s, CAST(3600 AS INTEGER) AS covered_s, false AS virtual
        FROM range(24) AS hours(h), range(${nodes}) AS all_nodes(n)`,
      pod_day: `SELECT 'prod' AS cluster, '${day}' AS day, 'ns-' || (w % ${NAMESPACES}) AS namespace, 'workload-' || w || '-' || c AS pod, printf('%08x-0000-4000-8000-%012x', c, c) AS pod_uid, ${NODE} AS node,
          'Deployment' AS workload_kind, 'workload-' || w AS workload, '{"app":"a' || (w % 100) || '"}' AS labels, '{}' AS annotations,
          CAST(${start} AS BIGINT) AS from_s, CAST(${start} + 86400 AS BIGINT) AS until_s, CAST(86400 AS INTEGER) AS running_s
        FROM (SELECT c AS c, c // ${PODS} AS n, c % ${Math.ceil(containers / 10)} AS w FROM range(${containers}) AS all_containers(c))`,
    };
    for (const [kind, sql] of Object.entries(all)) {
      const name = `${kind}-${day}.parquet`;
      const file = join(paths(folder).facts, name);
      const rows = await session.run(`COPY (${sql}) TO ${sqlText(file)} (FORMAT parquet)`);
      await session.run(
        "INSERT INTO unit_fact VALUES ('usage', $day, $kind, 'prod', $day, 'facts/' || $name, $sha, $rows)",
        { day, kind, name, sha: await sha256File(file), rows },
      );
    }
  }
}

async function bill(session: Session, folder: string, month: string, size: Size): Promise<void> {
  const days = daysOf(month).length;
  const nodes = Math.ceil(size.containers / PODS);
  const euros = (salt: string) =>
    `CAST(hash(i, '${salt}') % 100000000000000000 AS DECIMAL(18,0)) * CAST(0.0000000000000001 AS DECIMAL(18,16))`;
  const given = {
    billed_cost: `CASE WHEN i % 10 = 3 THEN 0 ELSE ${euros("effective")} END`,
    effective_cost: euros("effective"),
    list_cost: euros("list"),
    contracted_cost: `CASE WHEN i % 2 = 0 THEN ${euros("effective")} ELSE ${euros("contracted")} END`,
    billing_account_id: "'/providers/Microsoft.Billing/billingAccounts/1234567'",
    billing_account_name: "'Company'",
    billing_account_type: "'Billing Account'",
    billing_currency: "'EUR'",
    billing_period_start: `TIMESTAMP '${month}-01'`,
    billing_period_end: `TIMESTAMP '${monthBounds(month).end}'`,
    charge_category: "'Usage'",
    charge_frequency: "'Usage-Based'",
    charge_description: "service || ' meter ' || (i % 40)",
    charge_period_start: "CAST(day AS TIMESTAMP)",
    charge_period_end: "CAST(day + 1 AS TIMESTAMP)",
    consumed_quantity: "CASE WHEN service = 'Virtual Machines' THEN 24 ELSE i % 1000 END",
    consumed_unit: "CASE WHEN service = 'Virtual Machines' THEN 'Hours' ELSE 'GB' END",
    list_unit_price: "CAST(0.192 AS DECIMAL(18,3))",
    pricing_category: "'Standard'",
    pricing_quantity: "CASE WHEN service = 'Virtual Machines' THEN 24 ELSE i % 1000 END",
    pricing_unit: "'1 Hour'",
    provider_name: "'Microsoft'",
    publisher_name: "'Microsoft'",
    region_id: "'westeurope'",
    region_name: "'West Europe'",
    resource_id: `CASE WHEN of_node THEN '${SCALE_SET}' ELSE '${SUBSCRIPTION}/resourceGroups/rg-' || (r % 900) || '/providers/Microsoft.Sql/servers/server-' || r END`,
    resource_name: "CASE WHEN of_node THEN 'aks-apps-1-vmss' ELSE 'server-' || r END",
    service_category: "'Compute'",
    service_name: "service",
    sku_id: "'sku-' || (i % 400)",
    sub_account_id: `'${SUBSCRIPTION}'`,
    sub_account_name: "'Production'",
    tags: `CASE WHEN of_node THEN '{"aks-managed-poolName":"apps"}' ELSE '{"env":"prod","team":"t' || (r % 60) || '"}' END`,
    x_month: `'${month}'`,
    x_day: "day",
    x_dataset: "'FocusCost'",
    x_sku_details: `CASE WHEN of_node THEN '{"VMName":"aks-apps-1-vmss_' || n || '"}' END`,
    x_sku_meter_category: "service",
  } satisfies Partial<Record<LineColumn, string>>;
  // Plain lines are of 20,000 resources; days go round, so that every node has its lines on every day.
  const rows = `SELECT i, of_node, k % ${nodes} AS n, hash(i, 'resource') % 20000 AS r, DATE '${month}-01' + CAST(i % ${days} AS INTEGER) AS day,
      CASE WHEN NOT of_node THEN CASE WHEN i % 3 = 0 THEN 'SQL Database' ELSE 'Storage' END
        WHEN (k // ${nodes}) % 8 = 0 THEN 'Virtual Machines' WHEN (k // ${nodes}) % 8 = 1 THEN 'Microsoft Defender for Cloud' ELSE 'Bandwidth' END AS service
    FROM (SELECT i AS i, (i // ${days}) % 5 = 0 AS of_node, i // ${days} // 5 AS k FROM range({from}, {to}) AS all_lines(i))`;
  const per = Math.ceil(size.lines / PARTS);
  await session.run(
    "INSERT INTO unit SELECT 'bill', $month, 'focus', 'FocusCost', NULL, NULL, NULL, '2026-09-08T00:00:00Z', $month, $month, [$month], 0, NULL, 0, 0, '2026-09-08T00:00:00Z', NULL",
    { month },
  );
  for (let part = 0; part < PARTS; part++) {
    const name = `${month}-${part}.parquet`;
    const file = join(paths(folder).lines, name);
    const from = rows
      .replace("{from}", String(part * per))
      .replace("{to}", String(Math.min(size.lines, (part + 1) * per)));
    const count = await session.run(
      `COPY (SELECT ${(Object.keys(given) as (keyof typeof given)[])
        .map(
          (column) => `CAST(${given[column]} AS ${SQL_TYPES[LINE_COLUMNS[column]]}) AS ${column}`,
        )
        .join(
          ", ",
        )} FROM (${from})) TO ${sqlText(file)} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 10240)`,
    );
    await session.run(
      "INSERT INTO unit_part VALUES ('bill', $month, $name, '', '', 0, 'lines/' || $name, $sha, $count)",
      { month, name, sha: await sha256File(file), count },
    );
  }
  await recount(session, folder, month);
}

/** Control totals and hashes of what lies there now. */
async function recount(session: Session, folder: string, month: string): Promise<void> {
  const files = sqlText(join(paths(folder).lines, `${month}-*.parquet`));
  await session.run("DELETE FROM unit_control WHERE source = 'bill' AND unit = $month", { month });
  await session.run(
    `INSERT INTO unit_control SELECT 'bill', $month, $month, billing_currency, count(*), sum(billed_cost), sum(effective_cost), sum(list_cost), sum(contracted_cost), 0, 0, 0, 0, 0, 0, 0, 0, 0
     FROM read_parquet(${files}) GROUP BY billing_currency`,
    { month },
  );
  await session.run(
    `UPDATE unit SET rows = (SELECT sum(rows) FROM unit_control AS c WHERE c.unit = $month AND c.source = 'bill'),
       content_hash = (SELECT md5(string_agg(parquet_sha256, ' ' ORDER BY parquet)) FROM unit_part AS p WHERE p.unit = $month AND p.source = 'bill')
     WHERE source = 'bill' AND unit = $month`,
    { month },
  );
}

function daysOf(month: string): string[] {
  const { start, end } = monthBounds(month);
  const days: string[] = [];
  for (
    let at = Date.parse(`${start}T00:00:00Z`);
    at < Date.parse(`${end}T00:00:00Z`);
    at += 86_400_000
  )
    days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}
