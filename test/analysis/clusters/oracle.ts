import type { Param } from "../../../data/warehouse.ts";
import type { Facts, Line } from "./month.ts";

/**
 * The division of node lines written a second time, from docs/method.md and not from the models: plain
 * loops over integers. Gives Σ effective cost (units of 1e-18) by namespace or sentinel.
 */
const CPU = 1_000_000n;
const GIB = 113_636n;
const GPU = 74_000_000n;
const SCALE = 1_000_000_000_000n;

const big = (value: Param | undefined) => BigInt(Number(value ?? 0));
const least = (a: bigint, b: bigint) => (a < b ? a : b);

export interface NodeLine {
  node: string;
  day: string;
  units: bigint;
  billedSeconds: bigint;
}

export function dividedNodes(lines: readonly NodeLine[], facts: Facts): Map<string, bigint> {
  const total = new Map<string, bigint>();
  for (const [key, ofDay] of Map.groupBy(lines, (line) => `${line.day} ${line.node}`)) {
    const [day = "", node = ""] = key.split(" ");
    const start = Date.parse(`${day}T00:00:00Z`) / 1000;
    const isHour = (row: Record<string, Param>) =>
      row["node"] === node && Number(row["hour"]) >= start && Number(row["hour"]) < start + 86_400;
    const seenHours = (facts["node_hour"] ?? []).filter(isHour);
    const billed = least(
      86_400n,
      ofDay.reduce((sum, line) => sum + line.billedSeconds, 0n),
    );
    const seen = seenHours.reduce((sum, row) => sum + big(row["seen_s"]), 0n);
    const covered = seenHours.reduce(
      (sum, row) => sum + least(big(row["covered_s"]), big(row["seen_s"])),
      0n,
    );
    const whole = billed > seen ? billed : seen;
    const watched = watchedSeconds(facts, start);
    const valueOf = (row: Record<string, Param>) =>
      big(row["cpu_capacity"]) * CPU * 1024n +
      big(row["mem_capacity"]) * GIB * 1000n +
      big(row["gpu_capacity"]) * 1000n * GPU * 1024n;
    const value = seenHours.reduce((most, row) => (valueOf(row) > most ? valueOf(row) : most), 1n);
    const weights = new Map<string, bigint>();
    const add = (consumer: string, weight: bigint) =>
      weights.set(consumer, (weights.get(consumer) ?? 0n) + weight);
    let idle = covered * value;
    for (const hour of seenHours) {
      const seconds = least(big(hour["covered_s"]), big(hour["seen_s"]));
      const reserved =
        ((big(hour["cpu_capacity"]) - big(hour["cpu_allocatable"])) * CPU * 1024n +
          (big(hour["mem_capacity"]) - big(hour["mem_allocatable"])) * GIB * 1000n +
          (big(hour["gpu_capacity"]) - big(hour["gpu_allocatable"])) * 1000n * GPU * 1024n) *
        seconds;
      const scaled = (reserved * value) / valueOf(hour);
      add("__system__", scaled);
      idle -= scaled;
      const pods = (facts["usage_hour"] ?? []).filter(
        (row) => row["node"] === node && row["hour"] === hour["hour"],
      );
      const fit = (column: string, limit: bigint) => {
        const used = pods.reduce((sum, row) => sum + big(row[column]), 0n);
        return (amount: bigint) => (used > limit ? (amount * limit) / used : amount);
      };
      const cpu = fit("cpu_effective", big(hour["cpu_allocatable"]) * seconds);
      const mem = fit("mem_effective", big(hour["mem_allocatable"]) * seconds);
      const gpu = fit("gpu_requested", big(hour["gpu_allocatable"]) * 1000n * seconds);
      for (const row of pods) {
        const weight =
          ((cpu(big(row["cpu_effective"])) * CPU * 1024n +
            mem(big(row["mem_effective"])) * GIB * 1000n +
            gpu(big(row["gpu_requested"])) * GPU * 1024n) *
            value) /
          valueOf(hour);
        add(`${String(row["namespace"])}/Pod/${String(row["pod"])}`, weight);
        idle -= weight;
      }
    }
    add("__idle__", idle);
    add("__no_usage_data__", (seen - covered) * value);
    add(watched >= 85_536n ? "__idle__" : "__no_usage_data__", (whole - seen) * value);
    for (const line of ofDay)
      for (const [consumer, units] of divide(line.units, weights))
        total.set(consumer, (total.get(consumer) ?? 0n) + units);
  }
  return new Map([...total].filter(([, units]) => units !== 0n));
}

function watchedSeconds(facts: Facts, start: number): bigint {
  const hours = Map.groupBy(
    (facts["node_hour"] ?? []).filter(
      (row) => Number(row["hour"]) >= start && Number(row["hour"]) < start + 86_400,
    ),
    (row) => row["hour"],
  );
  let sum = 0n;
  for (const rows of hours.values())
    sum += rows.reduce((most, row) => (big(row["seen_s"]) > most ? big(row["seen_s"]) : most), 0n);
  return sum;
}

/** Running parts over weights scaled to at most 10^12; consumers in byte order. */
export function divide(units: bigint, weights: ReadonlyMap<string, bigint>): [string, bigint][] {
  const all = [...weights].filter(([, weight]) => weight > 0n);
  if (all.length === 0) return [["__no_usage_data__", units]];
  const raw = all.reduce((sum, [, weight]) => sum + weight, 0n);
  const scaled = all
    .map(([key, weight]) => [key, raw <= SCALE ? weight : (weight * SCALE) / raw] as const)
    .filter(([, weight]) => weight > 0n)
    // Sentinels have a bucket of their own and no namespace; others stand in bucket `direct`.
    .toSorted(([a], [b]) => (order(a) < order(b) ? -1 : 1));
  const whole = scaled.reduce((sum, [, weight]) => sum + weight, 0n);
  const size = units < 0n ? -units : units;
  let mark = 0n;
  let given = 0n;
  return scaled.map(([key, weight]) => {
    mark += weight;
    const upTo = (size * mark) / whole;
    const part = upTo - given;
    given = upTo;
    return [key, units < 0n ? -part : part];
  });
}

const order = (key: string) => (key.startsWith("__") ? key : `direct ${key.replaceAll("/", " ")}`);

export const asNodeLine = (line: Line, node: string): NodeLine => ({
  node,
  day: line.day,
  units: unitsOf(line.effective),
  billedSeconds: BigInt(Math.round(Number(line.hours ?? 0) * 3600)),
});

/** Decimal text as a whole number of 1e-18. */
export function unitsOf(amount: string): bigint {
  const negative = amount.startsWith("-");
  const [whole = "0", fraction = ""] = amount.replace("-", "").split(".");
  const units = BigInt(whole) * 10n ** 18n + BigInt(fraction.padEnd(18, "0"));
  return negative ? -units : units;
}
