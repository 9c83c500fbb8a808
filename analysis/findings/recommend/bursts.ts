import { Weighted } from "./quantile.ts";
import { HOUR_SLOTS, lengthOf, type Series } from "./series.ts";
import type { Summary } from "./summary.ts";

/** Hours that use far more than the rest, and come again. */
export interface Burst {
  kind: "scheduled-burst" | "month-turn";
  /** Microcores that 95 % of pod-time of those hours is at or under. */
  cpu: number;
  /** Beginnings of the hours, as hours of the window. */
  hours: number[];
}

/** How far above the rest's request an hour must be. */
const FAR = 2;
/** Days on which the same hour must be so. */
const DAYS = 3;
/** Seconds of pod-time that a month's turn must be above; less is a start, or chance. */
const LEAST_ABOVE = 3600;
/** Days around a month's turn on which closing work falls: the last two and the first three. */
const TURN = { last: 2, first: 3 };

const pooled = new Weighted();

/**
 * The burst guard. An hour of a day is high where its own 95 % value exceeds twice `base`, the request
 * the rest would get. The same hour of the UTC day high on three days or more, and by its 95 % value over
 * all days too, is a scheduled burst: of twelve samples one alone makes an hour's 95 %, and chance puts
 * such a one into the same hour of three days of four weeks as often as not. High
 * hours that fall on a month's turn alone, with an hour's pod-time that far up, are the turn's. What is covered
 * is the highest of the burst hours' own 95 %.
 */
export function burstOf(series: Series, summary: Summary, base: number): Burst | null {
  const { hours } = summary;
  const candidates: number[] = [];
  for (let hour = 0; hour < hours.count; hour++)
    if ((hours.cpuMax[hour] as number) > FAR * base) candidates.push(hour);
  if (candidates.length === 0) return null;
  const values = new Map(candidates.map((hour) => [hour, { p95: 0, above: 0 }]));
  const samples = samplesOf(series, summary, values);
  for (const [hour, found] of values) {
    pooled.clear();
    for (const i of samples.get(hour) ?? []) {
      const used = series.cpu[i] as number;
      pooled.add(used, series.seconds[i] as number);
      if (used > FAR * base) found.above += series.seconds[i] as number;
    }
    found.p95 = pooled.quantile(95) ?? 0;
  }
  const high = candidates.filter((hour) => (values.get(hour)?.p95 ?? 0) > FAR * base);
  if (high.length === 0) return null;
  const cover = (some: readonly number[]) =>
    some.reduce((most, hour) => Math.max(most, values.get(hour)?.p95 ?? 0), 0);
  const above = high.reduce((sum, hour) => sum + (values.get(hour)?.above ?? 0), 0);
  if (above >= LEAST_ABOVE && high.every((hour) => isTurn(series.from + hour * 3600)))
    return { kind: "month-turn", cpu: cover(high), hours: high };
  const again: number[] = [];
  for (const [hourOfDay, days] of Map.groupBy(high, (hour) => hour % 24))
    if (days.length >= DAYS && (everyDay(series, summary, hourOfDay) ?? 0) > FAR * base)
      again.push(...days);
  if (again.length === 0) return null;
  return { kind: "scheduled-burst", cpu: cover(again), hours: again.toSorted((a, b) => a - b) };
}

/** What 95 % of pod-time of an hour of the day is at or under, over all days of the window. */
function everyDay(series: Series, summary: Summary, hourOfDay: number): number | null {
  pooled.clear();
  const length = lengthOf(series);
  for (let i = 0; i < length; i++) {
    const hour = Math.floor((series.slot[i] as number) / HOUR_SLOTS);
    if (hour % 24 === hourOfDay && summary.settled[i] === 1 && series.seconds[i] !== 0)
      pooled.add(series.cpu[i] as number, series.seconds[i] as number);
  }
  return pooled.quantile(95);
}

/** Settled samples of the hours asked for. */
function samplesOf(
  series: Series,
  summary: Summary,
  hours: ReadonlyMap<number, unknown>,
): Map<number, number[]> {
  const found = new Map<number, number[]>();
  const length = lengthOf(series);
  for (let i = 0; i < length; i++) {
    const hour = Math.floor((series.slot[i] as number) / HOUR_SLOTS);
    if (!hours.has(hour) || summary.settled[i] === 0 || series.seconds[i] === 0) continue;
    const list = found.get(hour);
    if (list === undefined) found.set(hour, [i]);
    else list.push(i);
  }
  return found;
}

function isTurn(time: number): boolean {
  const date = new Date(time * 1000);
  const day = date.getUTCDate();
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  return day <= TURN.first || day > last - TURN.last;
}
