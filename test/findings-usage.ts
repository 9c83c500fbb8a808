import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { homePaths } from "../data/files.ts";
import { sqlText } from "../data/warehouse.ts";
import { parquet as writeParquet, USAGE } from "./parquet.ts";
import type { FactKind, FactPart, LandedFile, Loaded, Source, Unit } from "../ingest/source.ts";

/** Usage of a small cluster, the same every hour but for what a workload's shape says. */

export const CLUSTER = "prod";
const SUBSCRIPTION = "/subscriptions/0aaaaaaa-1111-2222-3333-444444444444";
export const SCALE_SET = `${SUBSCRIPTION}/resourceGroups/MC_rg_prod_we/providers/Microsoft.Compute/virtualMachineScaleSets/aks-apps-1-vmss`;
export const CLUSTER_ID = `${SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/prod`;
export const NODES = 3;

export interface UsedPod {
  namespace: string;
  kind: string;
  workload: string;
  node: number;
  /** Millicores and MiB asked for. */
  request: readonly [cpu: number, mem: number];
  /** Millicores used, by the hour of the day. */
  cpu: string;
  /** MiB used, by the hour of the day. */
  mem: string;
  /** Bytes a second, both ways; null: no network metric. */
  bytes: number | null;
  /** Seconds of each five minutes that were observed. */
  seen?: number;
}

/** The facts of one day, each an SQL query; hours `h` count from the day's begin. */
function factsOf(day: string, pods: readonly UsedPod[]): Record<string, string> {
  const start = Date.parse(`${day}T00:00:00Z`) / 1000;
  const node = (index: number) => sqlText(`${SCALE_SET}/virtualMachines/${index}`.toLowerCase());
  const uid = (pod: UsedPod) => sqlText(`${pod.namespace}-${pod.workload}-${pod.node}`);
  const union = (queries: readonly string[]) => queries.join(" UNION ALL ");
  const who = (pod: UsedPod) =>
    `'${CLUSTER}' AS cluster, ${node(pod.node)} AS node, ${sqlText(pod.namespace)} AS namespace, ${uid(pod)} AS pod, ${uid(pod)} AS pod_uid, 'app' AS container`;
  return {
    usage_5m: union(
      pods.map(
        (
          pod,
        ) => `SELECT ${who(pod)}, CAST(${start} + i * 300 AS BIGINT) AS at, CAST(${pod.seen ?? 300} AS INTEGER) AS seconds,
          CAST((${pod.cpu}) * 1000 AS BIGINT) AS cpu_avg, CAST((${pod.cpu}) * 1000 AS BIGINT) AS cpu_max,
          CAST((${pod.mem}) * 1048576 AS BIGINT) AS mem_avg, CAST((${pod.mem}) * 1048576 AS BIGINT) AS mem_max,
          CAST(${pod.request[0] * 1000} AS BIGINT) AS cpu_request, CAST(${pod.request[1] * 1_048_576} AS BIGINT) AS mem_request,
          CAST(NULL AS BIGINT) AS cpu_limit, CAST(NULL AS BIGINT) AS mem_limit, CAST(0 AS BIGINT) AS throttled_ms,
          CAST(0 AS INTEGER) AS oom_kills, CAST(0 AS INTEGER) AS restarts
          FROM (SELECT i AS i, i // 12 AS h FROM range(288) AS r(i))
          ${(pod.seen ?? 300) < 300 ? "WHERE i % 2 = 0" : ""}`,
      ),
    ),
    usage_hour: union(
      pods.map((pod) => {
        const seconds = (pod.seen ?? 300) < 300 ? 1800 : 3600;
        const bytes = (pod.bytes ?? 0) * seconds;
        return `SELECT ${who(pod)}, CAST(${start} + h * 3600 AS BIGINT) AS hour, CAST(${seconds} AS INTEGER) AS seconds,
          CAST((${pod.cpu}) * ${seconds} AS BIGINT) AS cpu_used, CAST(${pod.request[0] * seconds} AS BIGINT) AS cpu_requested,
          CAST(greatest((${pod.cpu}), ${pod.request[0]}) * ${seconds} AS BIGINT) AS cpu_effective,
          CAST((${pod.mem}) * ${seconds} AS BIGINT) AS mem_used, CAST(${pod.request[1] * seconds} AS BIGINT) AS mem_requested,
          CAST(greatest((${pod.mem}), ${pod.request[1]}) * ${seconds} AS BIGINT) AS mem_effective,
          CAST(0 AS BIGINT) AS gpu_requested, CAST(${bytes} AS BIGINT) AS net_rx, CAST(0 AS BIGINT) AS net_tx,
          CAST(0 AS BIGINT) AS throttled_ms, CAST(0 AS INTEGER) AS oom_kills, CAST(0 AS INTEGER) AS restarts
          FROM range(24) AS r(h)`;
      }),
    ),
    node_hour: union(
      Array.from(
        { length: NODES },
        (
          _,
          index,
        ) => `SELECT '${CLUSTER}' AS cluster, CAST(${start} + h * 3600 AS BIGINT) AS hour, ${node(index)} AS node,
          'aks-apps-1-vmss00000${index}' AS node_name, 'apps' AS pool, 'Standard_D4s_v5' AS instance_type,
          CAST(4000 AS BIGINT) AS cpu_capacity, CAST(3860 AS BIGINT) AS cpu_allocatable, CAST(16384 AS BIGINT) AS mem_capacity,
          CAST(14336 AS BIGINT) AS mem_allocatable, CAST(0 AS BIGINT) AS gpu_capacity, CAST(0 AS BIGINT) AS gpu_allocatable,
          CAST(3600 AS INTEGER) AS seen_s, CAST(3600 AS INTEGER) AS covered_s, false AS virtual FROM range(24) AS r(h)`,
      ),
    ),
    pod_day: union(
      pods.map(
        (
          pod,
        ) => `SELECT '${CLUSTER}' AS cluster, '${day}' AS day, ${sqlText(pod.namespace)} AS namespace, ${uid(pod)} AS pod, ${uid(pod)} AS pod_uid,
          ${node(pod.node)} AS node, ${sqlText(pod.kind)} AS workload_kind, ${sqlText(pod.workload)} AS workload, '{}' AS labels, '{}' AS annotations,
          CAST(${start} AS BIGINT) AS from_s, CAST(${start + 86_400} AS BIGINT) AS until_s, CAST(86400 AS INTEGER) AS running_s`,
      ),
    ),
    namespace_day: union(
      [...new Set(pods.map((pod) => pod.namespace))].map(
        (namespace) =>
          `SELECT '${CLUSTER}' AS cluster, '${day}' AS day, ${sqlText(namespace)} AS namespace, '{}' AS labels, '{}' AS annotations, CAST(86400 AS INTEGER) AS seconds`,
      ),
    ),
  };
}

/** A source that brings these pods' usage for each of the days. */
export function usageSource(
  home: string,
  days: readonly string[],
  pods: readonly UsedPod[],
): Source {
  const units = days.map((day): Unit => ({
    unit: `${CLUSTER} ${day}`,
    run: null,
    submittedAt: null,
    months: [day.slice(0, 7)],
    fingerprint: "1",
    bytes: 1,
  }));
  return {
    name: "usage",
    type: "prometheus",
    plan: async () => ({ units, problems: [] }),
    async land(unit): Promise<LandedFile[]> {
      const folder = join(home, "landing", "usage", unit.unit.replace(" ", "-"));
      await mkdir(folder, { recursive: true });
      const path = join(folder, "facts.json");
      await writeFile(path, unit.unit);
      const sha256 = createHash("sha256").update(unit.unit).digest("hex");
      return [{ name: "facts.json", path, sha256, bytes: unit.unit.length }];
    },
    async load(unit, _landed, { session }): Promise<Loaded> {
      const [cluster = "", day = ""] = unit.unit.split(" ");
      const folder = join(homePaths(home).facts, "usage");
      await mkdir(folder, { recursive: true });
      const facts: FactPart[] = [];
      for (const [kind, query] of Object.entries(factsOf(day, pods))) {
        const parquet = join(folder, `${cluster}-${day}-${kind}.parquet`);
        // Five minutes are read past the engine, and so are written as ingest writes them.
        if (kind === "usage_5m") await writeParquet(parquet, USAGE, await session.rows(query));
        else await session.run(`COPY (${query}) TO ${sqlText(parquet)} (FORMAT parquet)`);
        const { rows } = await session.one<{ rows: string }>(
          `SELECT count(*) AS rows FROM read_parquet(${sqlText(parquet)})`,
        );
        const parquetSha256 = createHash("sha256")
          .update(await readFile(parquet))
          .digest("hex");
        facts.push({
          kind: kind as FactKind,
          cluster,
          day,
          parquet,
          parquetSha256,
          rows: Number(rows),
        });
      }
      return {
        dataset: "usage",
        scope: null,
        exportName: null,
        rows: 0,
        promised: null,
        parts: [],
        controls: [],
        rejected: [],
        subAccounts: [],
        stated: [],
        facts,
      };
    },
  };
}
