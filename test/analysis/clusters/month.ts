import { allocationOf, type AllocationConfig, type Cluster } from "../../../analysis/allocation.ts";
import { prepareClusterInputs } from "../../../analysis/cluster-inputs.ts";
import { findingsSettings } from "../../../analysis/findings/settings.ts";
import {
  type BuildSettings,
  type MonthInputs,
  prepareInputs,
  WORD_HASH,
} from "../../../analysis/inputs.ts";
import { runModels } from "../../../analysis/models.ts";
import { NO_OWNERS, type Ownership } from "../../../analysis/ownership.ts";
import { loadSql } from "../../../data/sql.ts";
import { openWriter, type Param, type Session, sqlText } from "../../../data/warehouse.ts";
import type { Static } from "typebox";

/** A month made in memory from lines and facts given as rows: the models themselves, without files. */

export const CLUSTER: Cluster = {
  name: "prod",
  resourceId:
    "/subscriptions/s1/resourcegroups/rg/providers/microsoft.containerservice/managedclusters/prod",
  subscription: "/subscriptions/s1",
  nodeGroup: "mc\\_rg\\_prod\\_%",
  environment: "production",
};
export const SCALE_SET =
  "/subscriptions/s1/resourceGroups/MC_rg_prod_westeurope/providers/Microsoft.Compute/virtualMachineScaleSets/aks-apps-1-vmss";
export const nodeId = (instance: number) =>
  `${SCALE_SET}/virtualMachines/${instance}`.toLowerCase();

export interface Line {
  resource: string;
  day: string;
  effective: string;
  billed?: string | null;
  list?: string | null;
  service?: string;
  details?: string;
  tags?: string;
  hours?: string;
  currency?: string;
}

export type Facts = Partial<Record<string, Record<string, Param>[]>>;

export interface Estate {
  lines: readonly Line[];
  facts: Facts;
  ownership?: Ownership;
  allocation?: Static<typeof AllocationConfig>;
  clusters?: Cluster[];
  inventory?: Record<string, Param>[];
}

/** Runs the models over an estate and hands the session to `use`. */
export async function withMonth<T>(
  estate: Estate,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const engine = await openWriter(":memory:", { memory: "1GB", threads: 2 });
  const session = await engine.session();
  try {
    const inputs: MonthInputs = {
      month: "2026-08",
      units: [],
      facts: [],
      fingerprint: "",
      causes: {},
      texts: {},
    };
    const settings: BuildSettings = {
      currency: "EUR",
      sources: ["api"],
      ownership: estate.ownership ?? NO_OWNERS,
      clusters: estate.clusters ?? [CLUSTER],
      allocation: allocationOf(estate.allocation ?? {}),
      environmentTags: ["environment"],
      tolerance: { rows: 0, amount: "0", azureDrift: "0", usageCoverage: 0 },
      settledAfterDays: 6,
      keepLists: 1,
      findings: findingsSettings({}),
    };
    await session.script("ATTACH ':memory:' AS answers");
    await session.script("ATTACH ':memory:' AS work");
    await session.script("USE work");
    await session.script(
      loadSql(new URL("../../../data/migrations/004-inventory.sql", import.meta.url)),
    );
    for (const row of estate.inventory ?? [])
      await session.run(
        `INSERT INTO inventory BY NAME SELECT ${Object.keys(row)
          .map((name) => `$${name} AS ${name}`)
          .join(", ")}`,
        row,
      );
    await prepareInputs(session, inputs, settings);
    await prepareClusterInputs(session, inputs, settings);
    await session.run("CREATE TEMP TABLE given_line AS SELECT * FROM month_line");
    for (const [index, line] of estate.lines.entries())
      await session.run(
        `INSERT INTO given_line BY NAME SELECT $id AS line_id, $resource AS resource_id, CAST($day AS DATE) AS x_day, '2026-08' AS x_month, $currency AS billing_currency,
           CAST($effective AS DECIMAL(38,18)) AS effective_cost, CAST($billed AS DECIMAL(38,18)) AS billed_cost, CAST($list AS DECIMAL(38,18)) AS list_cost,
           $service AS service, $service AS service_name, $details AS x_sku_details, $tags AS tags, 'Usage' AS charge_category,
           CAST($hours AS DECIMAL(38,18)) AS consumed_quantity, 'Hours' AS consumed_unit, 'FocusCost' AS x_dataset, false AS paired, false AS x_pair,
           's1' AS sub_account_id, 'test' AS x_source, 'test' AS x_unit, 'Microsoft' AS provider_name,
           hash(lower($resource), $tags, $service) AS owner_hash`,
        {
          id: index,
          resource: line.resource,
          day: line.day,
          currency: line.currency ?? "EUR",
          effective: line.effective,
          billed: line.billed === undefined ? line.effective : line.billed,
          list: line.list ?? null,
          service: line.service ?? "Virtual Machines",
          details: line.details ?? null,
          tags: line.tags ?? null,
          hours: line.hours ?? "0",
        },
      );
    await session.run(
      `CREATE OR REPLACE TEMP VIEW month_line AS SELECT * REPLACE (${WORD_HASH} AS word_hash) FROM given_line`,
    );
    for (const [kind, rows = []] of Object.entries(estate.facts)) {
      await session.run(`CREATE TEMP TABLE given_${kind} AS SELECT * FROM ${kind}`);
      const columns = await session.rows<{ name: string; type: string }>(
        `SELECT column_name AS name, column_type AS type FROM (DESCRIBE ${kind})`,
      );
      const shape = JSON.stringify([
        Object.fromEntries(columns.map(({ name, type }) => [name, type])),
      ]);
      await session.run(
        `INSERT INTO given_${kind} BY NAME SELECT unnest(r) FROM (SELECT unnest(from_json($rows, ${sqlText(shape)})) AS r)`,
        { rows: JSON.stringify(rows) },
      );
      await session.run(`CREATE OR REPLACE TEMP VIEW ${kind} AS SELECT * FROM given_${kind}`);
    }
    await session.script("USE answers");
    await runModels(session, "2026-08");
    return await use(session);
  } finally {
    session.close();
    engine.close();
  }
}

export const second = (day: string, hour: number) =>
  Date.parse(`${day}T00:00:00Z`) / 1000 + hour * 3600;

/** A node seen for an hour; 4 cores, 16 GiB, a tenth reserved, unless said. */
export function nodeHour(
  instance: number,
  day: string,
  hour: number,
  other: Record<string, Param> = {},
): Record<string, Param> {
  return {
    cluster: "prod",
    hour: second(day, hour),
    node: nodeId(instance),
    node_name: `aks-apps-1-vmss00000${instance}`,
    pool: "apps",
    instance_type: "Standard_D4s_v5",
    cpu_capacity: 4000,
    cpu_allocatable: 3600,
    mem_capacity: 16384,
    mem_allocatable: 14336,
    gpu_capacity: 0,
    gpu_allocatable: 0,
    seen_s: 3600,
    covered_s: 3600,
    virtual: false,
    ...other,
  };
}

/** A pod's hour: effective core-milliseconds and MiB-seconds. */
export function podHour(
  instance: number,
  day: string,
  hour: number,
  pod: { namespace: string; pod: string; cpu: number; mem: number; gpu?: number },
): Record<string, Param> {
  return {
    cluster: "prod",
    hour: second(day, hour),
    node: nodeId(instance),
    namespace: pod.namespace,
    pod: pod.pod,
    pod_uid: `uid-${pod.namespace}-${pod.pod}`,
    container: "app",
    seconds: 3600,
    cpu_used: pod.cpu,
    cpu_requested: pod.cpu,
    cpu_effective: pod.cpu,
    mem_used: pod.mem,
    mem_requested: pod.mem,
    mem_effective: pod.mem,
    gpu_requested: pod.gpu ?? 0,
    net_rx: 0,
    net_tx: 0,
    throttled_ms: 0,
    oom_kills: 0,
    restarts: 0,
  };
}

/** A line of compute time of one instance of the scale set, as FOCUS writes it. */
export function nodeLine(instance: number, day: string, effective: string, hours = "24"): Line {
  return {
    resource: SCALE_SET,
    day,
    effective,
    hours,
    details: `{"VMName":"aks-apps-1-vmss_${instance}","VCPUs":4}`,
  };
}

/** Σ effective cost by who took it: `namespace/kind/name` or the sentinel. */
export async function costs(session: Session): Promise<Record<string, string>> {
  const rows = await session.rows<{ key: string; cost: string }>(
    `SELECT CASE WHEN namespace = '' THEN bucket ELSE concat_ws('/', namespace, nullif(workload_kind, ''), nullif(workload, ''), nullif(bucket, 'direct')) END AS key,
       sum(effective) AS cost
     FROM cluster_spend GROUP BY ALL HAVING sum(effective) <> 0 ORDER BY 1`,
  );
  return Object.fromEntries(rows.map((row) => [row.key, row.cost]));
}
