import { toUnits } from "../../data/money.ts";
import { type Field, type Filter, type Properties, propertiesOf } from "./filter.ts";
import { type Usage, zeroUsage } from "./shape.ts";

/** Rows of `allocation-cost.sql` and `allocation-usage.sql`. */
export interface CostRow {
  step: number;
  cluster: string;
  namespace: string;
  kind: string;
  workload: string;
  bucket: string;
  team: string;
  paidFor: string;
  effective: string;
  list: string;
}
export type UsageRow = Omit<CostRow, "bucket" | "paidFor" | "effective" | "list" | "team"> & {
  team: string | null;
} & Record<keyof Usage, string>;

export const PAID = ["cpu", "ram", "gpu", "pv", "network", "loadBalancer", "shared"] as const;
export type Paid = (typeof PAID)[number];

/** What one key cost in a step, in 10^-18 of the currency, and what it used. */
export interface Allocation {
  key: string;
  properties: Partial<Properties>;
  /** Null where nothing was billed. */
  cost: Record<Paid, { effective: bigint; list: bigint }> | null;
  usage: Usage;
}

/** ppm of a core for a core-millisecond, a MiB-second and a GPU-millisecond, times 1,024,000. */
const WORTH = { cpu: 1_024_000n, mem: 113_636n, gpu: 75_776_000n };
const UNALLOCATED = "__unallocated__";
const IDLE = "__idle__";

export interface Wish {
  aggregate: readonly Field[];
  filter: Filter;
  includeIdle: boolean;
  shareIdle: boolean;
}

/**
 * One step's allocations. Idle is shared before anything is filtered out, so that what a filter hides
 * still takes its part (OpenCost's #1124 gives it to those who stay).
 */
export function allocationsOf(
  costs: readonly CostRow[],
  usages: readonly UsageRow[],
  wish: Wish,
): Allocation[] {
  const rows = finest(costs, usages);
  const kept = wish.shareIdle ? shareIdle(rows) : rows;
  const answer = new Map<string, Allocation>();
  for (const row of kept) {
    if (row.bucket === IDLE && !wish.includeIdle) continue;
    if (!wish.filter.matches(row.properties)) continue;
    const key = keyOf(row, wish.aggregate);
    const held = answer.get(key);
    if (held === undefined)
      answer.set(key, {
        key,
        properties: shown(row, wish.aggregate),
        cost: row.cost,
        usage: row.usage,
      });
    else {
      held.cost =
        held.cost === null
          ? row.cost
          : row.cost === null
            ? held.cost
            : sumCost(held.cost, row.cost);
      held.usage = sumUsage(held.usage, row.usage);
    }
  }
  return [...answer.values()];
}

interface Finest {
  properties: Properties;
  /** A sentinel, or "" for a namespace's own. */
  bucket: string;
  cost: Allocation["cost"];
  usage: Usage;
}

function finest(costs: readonly CostRow[], usages: readonly UsageRow[]): Finest[] {
  const rows = new Map<string, Finest>();
  const row = (of: Omit<UsageRow, keyof Usage>, bucket: string): Finest => {
    const team = of.team === null || of.team === "__unowned__" ? "" : of.team;
    const properties = propertiesOf({ ...of, team });
    const key = JSON.stringify([properties, bucket]);
    const held = rows.get(key);
    if (held !== undefined) return held;
    const made = { properties, bucket, cost: null, usage: zeroUsage() };
    rows.set(key, made);
    return made;
  };
  const worth = new Map<string, Usage>();
  for (const usage of usages) {
    const own = row(usage, "");
    own.usage = sumUsage(own.usage, unitsOf(usage));
    worth.set(usage.cluster, sumUsage(worth.get(usage.cluster) ?? zeroUsage(), unitsOf(usage)));
  }
  for (const cost of costs) {
    const own = row(cost, cost.bucket);
    // Capacity nobody used is divided as the cluster's used capacity is.
    const by = cost.bucket === "" ? own.usage : (worth.get(cost.cluster) ?? zeroUsage());
    const parts = partsOf(cost, by);
    own.cost = own.cost === null ? parts : sumCost(own.cost, parts);
  }
  return [...rows.values()];
}

/** What a cost was paid for; compute falls to CPU, memory and GPU by their worth, to the last unit. */
function partsOf(cost: CostRow, usage: Usage): NonNullable<Allocation["cost"]> {
  const whole = { effective: toUnits(cost.effective), list: toUnits(cost.list) };
  const parts = zeroCost();
  const direct: Record<string, Paid> = {
    volume: "pv",
    network: "network",
    "load-balancer": "loadBalancer",
    "control-plane": "shared",
  };
  const place = direct[cost.paidFor];
  if (place !== undefined) return { ...parts, [place]: whole };
  const weights = {
    ram: usage.memEffective * WORTH.mem,
    gpu: usage.gpuRequested * WORTH.gpu,
  };
  const sum = usage.cpuEffective * WORTH.cpu + weights.ram + weights.gpu;
  const part = (measure: "effective" | "list", weight: bigint) =>
    sum === 0n ? 0n : (whole[measure] * weight) / sum;
  const both = (weight: bigint) => ({
    effective: part("effective", weight),
    list: part("list", weight),
  });
  const [ram, gpu] = [both(weights.ram), both(weights.gpu)];
  return {
    ...parts,
    ram,
    gpu,
    cpu: {
      effective: whole.effective - ram.effective - gpu.effective,
      list: whole.list - ram.list - gpu.list,
    },
  };
}

/** Each cluster's idle by what its allocations cost, left-over units to the largest. */
function shareIdle(rows: readonly Finest[]): Finest[] {
  const kept = rows.filter((row) => row.bucket !== IDLE).map((row) => ({ ...row }));
  for (const idle of rows.filter((row) => row.bucket === IDLE)) {
    const takers = kept.filter(
      (row) => row.bucket === "" && row.properties.cluster === idle.properties.cluster,
    );
    const weighed = takers
      .map((row) => ({ row, weight: positive(total(row.cost)) }))
      .filter(({ weight }) => weight > 0n)
      .toSorted((a, b) => (a.weight < b.weight ? 1 : -1));
    const whole = weighed.reduce((sum, { weight }) => sum + weight, 0n);
    if (whole === 0n) {
      kept.push(idle);
      continue;
    }
    const amount = total(idle.cost);
    let left = amount;
    const shares = weighed.map(({ row, weight }) => {
      const share = (amount * weight) / whole;
      left -= share;
      return { row, share };
    });
    for (const [place, { row, share }] of shares.entries()) {
      const effective = share + (place === 0 ? left : 0n);
      row.cost = sumCost(row.cost ?? zeroCost(), {
        ...zeroCost(),
        shared: { effective, list: effective },
      });
    }
  }
  return kept;
}

function keyOf(row: Finest, aggregate: readonly Field[]): string {
  if (row.bucket !== "")
    return aggregate.includes("cluster") ? `${row.properties.cluster}/${row.bucket}` : row.bucket;
  return aggregate.map((field) => row.properties[field] || UNALLOCATED).join("/") || "all";
}

/** Properties that all of a key's rows share. */
function shown(row: Finest, aggregate: readonly Field[]): Partial<Properties> {
  return Object.fromEntries(
    aggregate
      .filter((field) => row.bucket === "" || field === "cluster")
      .map((field) => [field, row.properties[field] || UNALLOCATED]),
  );
}

/** Σ of what was really paid. */
export function total(cost: Allocation["cost"]): bigint {
  return cost === null ? 0n : PAID.reduce((sum, part) => sum + cost[part].effective, 0n);
}

const positive = (units: bigint) => (units > 0n ? units : 0n);

function zeroCost(): NonNullable<Allocation["cost"]> {
  return Object.fromEntries(PAID.map((part) => [part, { effective: 0n, list: 0n }])) as NonNullable<
    Allocation["cost"]
  >;
}

function sumCost(
  a: NonNullable<Allocation["cost"]>,
  b: NonNullable<Allocation["cost"]>,
): NonNullable<Allocation["cost"]> {
  return Object.fromEntries(
    PAID.map((part) => [
      part,
      { effective: a[part].effective + b[part].effective, list: a[part].list + b[part].list },
    ]),
  ) as NonNullable<Allocation["cost"]>;
}

function unitsOf(row: Record<keyof Usage, string>): Usage {
  const usage = zeroUsage();
  for (const name of Object.keys(usage) as (keyof Usage)[]) usage[name] = BigInt(row[name]);
  return usage;
}

function sumUsage(a: Usage, b: Usage): Usage {
  const sum = zeroUsage();
  for (const name of Object.keys(sum) as (keyof Usage)[]) sum[name] = a[name] + b[name];
  return sum;
}
