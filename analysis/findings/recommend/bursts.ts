import { keptNumbers, rules } from "../placed.ts";
import { firstFrom, HOUR_SLOTS, type Series } from "./series.ts";
import { SortedCpu } from "./sorted.ts";
import { hoursAt, type Summary } from "./summary.ts";

/** Hours that use far more than the rest, and come again. */
export interface Burst {
  kind: "scheduled-burst" | "month-turn";
  /** Microcores that 95 % of pod-time of those hours is at or under. */
  cpu: number;
}

/** How far above the rest's request an hour must be. */
const FAR = 2;
/** Days on which the same hour must be so, and how many times as often as other hours are. */
const DAYS = 3;
const OFTENER = 4;
/** Hours of the day that a schedule leaves alone. */
const OTHERS = 18;
/** Seconds of pod-time that a month's turn must be above; less is a start, or chance. */
const LEAST_ABOVE = 3600;
/** Days around a month's turn on which closing work falls: the last two and the first three. */
const TURN = { last: 2, first: 3 };

const pooled = new SortedCpu();

/**
 * The burst guard. An hour of a day is high where its own 95 % value exceeds twice `base`, the request
 * the rest would get. The same hour of the UTC day high on three days or more, and by its 95 % value over
 * all days too, is a scheduled burst: of twelve samples one alone makes an hour's 95 %, and chance puts
 * such a one into the same hour of three days of four weeks as often as not. So it does with bursts that come at any
 * hour: what is scheduled leaves three quarters of the day alone, or comes four times as often as there. High hours that fall on a
 * month's turn alone, with an hour's pod-time that far up, are the turn's. What is covered is the 95 % value of
 * the high hours together, of the highest hour of the day: the highest single hour's is mostly chance.
 */
export function burstOf(series: Series, summary: Summary, base: number): Burst | null {
  const { hours } = summary;
  const far = FAR * base;
  if (rules.most(hoursAt(hours, "cpuMax"), 0, hours.count) <= far) return null;
  const { above, time } = timeAbove(series, summary, far);
  // A 95 % value is above exactly where more than 5 % of the time is.
  const isHigh = (over: number, of: number) => over * 20 > of;
  const high: number[] = [];
  const [aboveByHour, timeByHour] = [new Float64Array(24), new Float64Array(24)];
  let aboveAll = 0;
  for (let hour = 0; hour < hours.count; hour++) {
    const [over, of] = [above[hour] as number, time[hour] as number];
    aboveByHour[hour % 24] = (aboveByHour[hour % 24] as number) + over;
    timeByHour[hour % 24] = (timeByHour[hour % 24] as number) + of;
    if (!isHigh(over, of)) continue;
    high.push(hour);
    aboveAll += over;
  }
  if (high.length === 0) return null;
  if (aboveAll >= LEAST_ABOVE && high.every((hour) => isTurn(series.from + hour * 3600)))
    return { kind: "month-turn", cpu: cover(series, summary, high) };
  let most = 0;
  const byHour = Map.groupBy(high, (hour) => hour % 24);
  const counts = Array.from({ length: 24 }, (_, hour) => byHour.get(hour)?.length ?? 0);
  const others = counts.toSorted((a, b) => a - b)[OTHERS - 1] as number;
  for (const [hourOfDay, days] of byHour)
    if (
      days.length >= DAYS &&
      days.length > OFTENER * others &&
      isHigh(aboveByHour[hourOfDay] as number, timeByHour[hourOfDay] as number)
    )
      most = Math.max(most, cover(series, summary, days));
  return most === 0 ? null : { kind: "scheduled-burst", cpu: most };
}

let sums = keptNumbers(0);

/** Settled pod-seconds of each hour of the window, and those of them above a level. */
function timeAbove(
  { pods }: Series,
  { hours, placed }: Summary,
  level: number,
): { above: Float64Array; time: Float64Array } {
  const { count } = hours;
  if (sums.numbers.length < 2 * count) sums = keptNumbers(2 * count);
  sums.numbers.fill(0);
  for (const { from, until } of pods)
    rules.timeAbove(
      placed.slot,
      placed.seconds,
      placed.cpu,
      placed.settled,
      from,
      until,
      level,
      hoursAt(hours, "cpuMax"),
      sums.at,
      sums.at + count * 8,
    );
  return { above: sums.numbers.subarray(0, count), time: sums.numbers.subarray(count, 2 * count) };
}

/** The 95 % value of some hours together. */
function cover({ pods, slot }: Series, { placed }: Summary, hours: readonly number[]): number {
  pooled.begin(placed);
  for (const hour of hours)
    for (const { from, until } of pods) {
      const begin = firstFrom(slot, from, until, hour * HOUR_SLOTS);
      pooled.add(begin, firstFrom(slot, begin, until, (hour + 1) * HOUR_SLOTS), true);
    }
  return pooled.quantile(95) ?? 0;
}

function isTurn(time: number): boolean {
  const date = new Date(time * 1000);
  const day = date.getUTCDate();
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  return day <= TURN.first || day > last - TURN.last;
}
