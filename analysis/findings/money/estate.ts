import { toUnits } from "../../../data/money.ts";
import type { Session } from "../../../data/warehouse.ts";
import type { Account } from "../ledger/ledger.ts";
import { paperOf, type PoolCost } from "./worth.ts";

/** What clusters cost, read once: pools, what workloads paid on them, and what their containers asked for. */

export interface PoolWorth extends PoolCost {
  cluster: string;
  pool: string;
  currency: string;
  /** Weight of a millicore and of a MiB, per second. */
  millicore: bigint;
  mib: bigint;
}

export interface ContainerOnPool {
  pool: string;
  container: string;
  seconds: bigint;
  /** Core-milliseconds and MiB-seconds asked for. */
  cpu: bigint;
  mem: bigint;
}

export interface WorkloadWorth {
  cluster: string;
  namespace: string;
  kind: string;
  workload: string;
  team: string;
  currency: string;
  /** Its share of nodes over the window, in 10^-18. */
  compute: bigint;
  containers: ContainerOnPool[];
}

export interface Estate {
  pools: ReadonlyMap<string, PoolWorth>;
  workloads: ReadonlyMap<string, WorkloadWorth>;
}

export const poolKey = (cluster: string, pool: string) => `${cluster}/${pool}`;
export const workloadKey = (cluster: string, namespace: string, kind: string, workload: string) =>
  `${cluster}/${namespace}/${kind}/${workload}`;
export const computeAccount = (key: string) => `compute:${key}`;

/**
 * Reads it from the prepared tables. Money of a cluster is that of its main currency: a second one on
 * the same nodes is rare, and left out it makes findings worth less, never more.
 */
export async function readEstate(session: Session): Promise<Estate> {
  const currencies = new Map<string, string>();
  const pools = new Map<string, PoolWorth>();
  const costs = await session.rows<Record<string, string>>(
    `SELECT c.*, v.millicore AS millicore, v.mib AS mib
     FROM pool_cost AS c JOIN pool_value AS v ON v.cluster = c.cluster AND v.pool = c.pool
     ORDER BY CAST(c.cost AS HUGEINT) DESC, c.cluster, c.pool, c.currency`,
  );
  for (const row of costs) {
    const { cluster = "", pool = "", currency = "" } = row;
    const main = currencies.get(cluster) ?? currency;
    currencies.set(cluster, main);
    if (currency !== main) continue;
    const whole = (name: string) => BigInt(row[name] ?? "0");
    pools.set(poolKey(cluster, pool), {
      cluster,
      pool,
      currency,
      cost: whole("cost"),
      hourly: whole("hourly"),
      hourlySeconds: whole("hourly_s"),
      seconds: whole("seconds"),
      value: whole("value"),
      millicore: whole("millicore"),
      mib: whole("mib"),
    });
  }
  const workloads = new Map<string, WorkloadWorth>();
  const paid = await session.rows<Record<string, string>>(
    `SELECT cluster AS cluster, namespace AS namespace, workload_kind AS kind, workload AS workload, currency AS currency, team AS team, compute AS compute
     FROM workload_cost WHERE workload <> ''`,
  );
  for (const row of paid) {
    const { cluster = "", namespace = "", kind = "", workload = "", currency = "" } = row;
    if (currencies.get(cluster) !== currency) continue;
    workloads.set(workloadKey(cluster, namespace, kind, workload), {
      cluster,
      namespace,
      kind,
      workload,
      team: row["team"] ?? "__unowned__",
      currency,
      compute: toUnits(row["compute"] ?? "0"),
      containers: [],
    });
  }
  const ran = await session.rows<Record<string, string>>(
    "SELECT * FROM container_pool ORDER BY cluster, namespace, workload_kind, workload, container, pool",
  );
  for (const row of ran) {
    const { cluster = "", namespace = "", workload_kind = "", workload = "" } = row;
    workloads.get(workloadKey(cluster, namespace, workload_kind, workload))?.containers.push({
      pool: poolKey(cluster, row["pool"] ?? ""),
      container: row["container"] ?? "",
      seconds: BigInt(row["seconds"] ?? "0"),
      cpu: BigInt(row["cpu_requested"] ?? "0"),
      mem: BigInt(row["mem_requested"] ?? "0"),
    });
  }
  return { pools, workloads };
}

/** The accounts of workloads' share of nodes; what of it ends is for the pool's nodes to say. */
export function computeAccounts(estate: Estate): Map<string, Account> {
  return new Map(
    [...estate.workloads].map(([key, { compute }]) => [
      computeAccount(key),
      { cost: compute, hourly: 0n },
    ]),
  );
}

const MIB = 1_048_576n;

/**
 * Paper saving of giving back so many microcores and bytes for every second a container ran, pool by
 * pool. Each resource for itself: what one gives back may pay for what the other takes.
 */
export function paperOfChange(
  estate: Estate,
  workload: WorkloadWorth,
  container: string,
  change: { cpu: bigint; mem: bigint },
): { pool: string; paper: bigint; extra: bigint }[] {
  return workload.containers
    .filter((one) => one.container === container)
    .flatMap((one) => {
      const pool = estate.pools.get(one.pool);
      if (pool === undefined) return [];
      const value =
        ((change.cpu * pool.millicore) / 1000n + (change.mem * pool.mib) / MIB) * one.seconds;
      return [{ pool: one.pool, paper: paperOf(pool, value), extra: paperOf(pool, -value) }];
    });
}

/** Paper saving of a workload that goes: all it asked for, pool by pool. */
export function paperOfAll(
  estate: Estate,
  workload: WorkloadWorth,
): { pool: string; paper: bigint }[] {
  const values = new Map<string, bigint>();
  for (const one of workload.containers) {
    const pool = estate.pools.get(one.pool);
    if (pool === undefined) continue;
    const value = one.cpu * pool.millicore + one.mem * pool.mib;
    values.set(one.pool, (values.get(one.pool) ?? 0n) + value);
  }
  return [...values].flatMap(([key, value]) => {
    const pool = estate.pools.get(key);
    return pool === undefined ? [] : [{ pool: key, paper: paperOf(pool, value) }];
  });
}
