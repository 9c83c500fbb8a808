import type { Allocation, Paid } from "./allocation.ts";

/** Whole numbers as the facts hold them: core-ms, MiB-s, GPU-ms, bytes. */
export interface Usage {
  cpuUsed: bigint;
  cpuRequested: bigint;
  cpuEffective: bigint;
  memUsed: bigint;
  memRequested: bigint;
  memEffective: bigint;
  gpuRequested: bigint;
  netRx: bigint;
  netTx: bigint;
}

export function zeroUsage(): Usage {
  return {
    cpuUsed: 0n,
    cpuRequested: 0n,
    cpuEffective: 0n,
    memUsed: 0n,
    memRequested: 0n,
    memEffective: 0n,
    gpuRequested: 0n,
    netRx: 0n,
    netTx: 0n,
  };
}

/**
 * The one place where money becomes a float: OpenCost's shape has no other number. Rounded half away
 * from zero to five places, from the exact amount.
 */
export function openCostFloat(units: bigint): number {
  const step = 10n ** 13n;
  const half = step / 2n;
  const rounded = units < 0n ? -((-units + half) / step) : (units + half) / step;
  return Number(rounded) / 100_000;
}

const round = (value: number) => Math.round(value * 100_000) / 100_000;
const MIB = 1_048_576;

/** Start and end of a step, RFC 3339. */
export interface Span {
  start: string;
  end: string;
  minutes: number;
}

/** An allocation in the fields and order of OpenCost's answer. */
export function openCostAllocation(allocation: Allocation, span: Span): object {
  const { usage, key, properties } = allocation;
  const hours = span.minutes / 60;
  const cores = (milliseconds: bigint) => Number(milliseconds) / 3_600_000;
  const byteHours = (mib: bigint) => (Number(mib) * MIB) / 3600;
  const costs = costFields(allocation);
  const efficiency = efficiencies(usage);
  return {
    name: key,
    properties,
    window: { start: span.start, end: span.end },
    start: span.start,
    end: span.end,
    minutes: span.minutes,
    cpuCores: round(cores(usage.cpuEffective) / hours),
    cpuCoreRequestAverage: round(cores(usage.cpuRequested) / hours),
    cpuCoreUsageAverage: round(cores(usage.cpuUsed) / hours),
    cpuCoreHours: round(cores(usage.cpuEffective)),
    cpuCost: costs("cpu"),
    cpuCostAdjustment: costs("cpu", true),
    cpuCostIdle: 0,
    cpuEfficiency: efficiency.cpu,
    gpuCount: round(cores(usage.gpuRequested) / hours),
    gpuRequestAverage: round(cores(usage.gpuRequested) / hours),
    gpuHours: round(cores(usage.gpuRequested)),
    gpuCost: costs("gpu"),
    gpuCostAdjustment: costs("gpu", true),
    gpuCostIdle: 0,
    networkTransferBytes: Number(usage.netTx),
    networkReceiveBytes: Number(usage.netRx),
    networkCost: costs("network"),
    networkCrossZoneCost: 0,
    networkCrossRegionCost: 0,
    networkInternetCost: 0,
    networkCostAdjustment: costs("network", true),
    loadBalancerCost: costs("loadBalancer"),
    loadBalancerCostAdjustment: costs("loadBalancer", true),
    pvBytes: 0,
    pvByteHours: 0,
    pvCost: costs("pv"),
    pvs: null,
    pvCostAdjustment: costs("pv", true),
    ramBytes: round(byteHours(usage.memEffective) / hours),
    ramByteRequestAverage: round(byteHours(usage.memRequested) / hours),
    ramByteUsageAverage: round(byteHours(usage.memUsed) / hours),
    ramByteHours: round(byteHours(usage.memEffective)),
    ramCost: costs("ram"),
    ramCostAdjustment: costs("ram", true),
    ramCostIdle: 0,
    ramEfficiency: efficiency.ram,
    externalCost: 0,
    // What is shared was never at a list price of its own: it stands as it was paid.
    sharedCost: paid(allocation, "shared"),
    totalCost: totalOf(allocation),
    totalEfficiency: efficiency.both(allocation),
  };
}

/** The shorter form of `/allocation/summary`: costs with their adjustments in them. */
export function openCostSummary(allocation: Allocation, span: Span): object {
  const hours = span.minutes / 60;
  const { usage } = allocation;
  const efficiency = efficiencies(usage);
  return {
    name: allocation.key,
    start: span.start,
    end: span.end,
    cpuCoreRequestAverage: round(Number(usage.cpuRequested) / 3_600_000 / hours),
    cpuCoreUsageAverage: round(Number(usage.cpuUsed) / 3_600_000 / hours),
    cpuCost: paid(allocation, "cpu"),
    gpuRequestAverage: round(Number(usage.gpuRequested) / 3_600_000 / hours),
    gpuCost: paid(allocation, "gpu"),
    networkCost: paid(allocation, "network"),
    loadBalancerCost: paid(allocation, "loadBalancer"),
    pvCost: paid(allocation, "pv"),
    ramByteRequestAverage: round((Number(usage.memRequested) * MIB) / 3600 / hours),
    ramByteUsageAverage: round((Number(usage.memUsed) * MIB) / 3600 / hours),
    ramCost: paid(allocation, "ram"),
    sharedCost: paid(allocation, "shared"),
    externalCost: 0,
    totalCost: totalOf(allocation),
    totalEfficiency: efficiency.both(allocation),
  };
}

/** The list cost of a part, and what was really paid beyond it (below it: negative). */
function costFields({ cost }: Allocation) {
  return (part: Paid, adjustment = false): number | null => {
    if (cost === null) return null;
    const { effective, list } = cost[part];
    return openCostFloat(adjustment ? effective - list : list);
  };
}

function paid({ cost }: Allocation, part: Paid): number | null {
  return cost === null ? null : openCostFloat(cost[part].effective);
}

function totalOf({ cost }: Allocation): number | null {
  if (cost === null) return null;
  return openCostFloat(Object.values(cost).reduce((sum, part) => sum + part.effective, 0n));
}

/** Used of requested, as OpenCost has it: use without a request is fully efficient. */
function efficiencies(usage: Usage) {
  const of = (used: bigint, requested: bigint) =>
    requested > 0n ? round(Number(used) / Number(requested)) : used > 0n ? 1 : 0;
  const [cpu, ram] = [of(usage.cpuUsed, usage.cpuRequested), of(usage.memUsed, usage.memRequested)];
  return {
    cpu,
    ram,
    both({ cost }: Allocation): number {
      if (cost === null) return 0;
      const [c, r] = [openCostFloat(cost.cpu.effective), openCostFloat(cost.ram.effective)];
      return c + r === 0 ? 0 : round((cpu * c + ram * r) / (c + r));
    },
  };
}
