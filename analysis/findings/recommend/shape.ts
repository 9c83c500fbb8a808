import { keptNumbers, place, rules } from "../placed.ts";
import type { Series } from "./series.ts";
import type { Hours } from "./summary.ts";

/** Hours a process must live for its growth to be judged. */
const LEAST_LIFE = 24;
/** Growth over the life, in parts of its mean, under which it is no leak. */
const LEAST_GROWTH = 0.2;
const STRAIGHT = 0.9;

/**
 * Whether memory grows in a straight line for as long as its processes live: least squares over each
 * life's hourly maxima (a life ends with its pod or a restart) fit 90 % of the variance, the growth is at
 * least a fifth of the mean, and neither half grows at less than half the whole's pace, which is what
 * tells a leak from a cache or heap that fills. True where that holds of most of the hours judged.
 */
export function leaks(series: Series): boolean {
  let judged = 0;
  let leaking = 0;
  let event = 0;
  if (life.hours.numbers.length < series.slots)
    life = { hours: keptNumbers(series.slots), most: keptNumbers(series.slots) };
  const { hours, most } = life;
  const { slot, mem } = place(series);
  const { events } = series;
  for (const { from, until } of series.pods) {
    let length = 0;
    const end = () => {
      if (length >= LEAST_LIFE) {
        judged += length;
        if (grows(length)) leaking += length;
      }
      length = 0;
    };
    for (let i = from; i < until;) {
      const now = events[event];
      if (now !== undefined && now.sample <= i) {
        event++;
        if (now.restarts + now.oom > 0) end();
      }
      const next = Math.min(until, events[event]?.sample ?? until);
      length = rules.lifeHours(slot, mem, i, next, hours.at, most.at, length);
      i = next;
    }
    end();
  }
  return judged > 0 && leaking * 2 > judged;
}

// Hours of the life looked at, and the most memory of each; used again for the next.
let life = { hours: keptNumbers(0), most: keptNumbers(0) };

function grows(length: number): boolean {
  const whole = line(0, length);
  const lifeHours = life.hours.numbers;
  const hours = (lifeHours[length - 1] as number) - (lifeHours[0] as number);
  if (whole.straight < STRAIGHT || whole.slope * hours < LEAST_GROWTH * whole.mean) return false;
  const middle = Math.floor(length / 2);
  return line(0, middle).slope >= whole.slope / 2 && line(middle, length).slope >= whole.slope / 2;
}

/** Least squares through some hours of the life. */
function line(from: number, until: number): { slope: number; straight: number; mean: number } {
  const n = until - from;
  const [lifeHours, lifeMost] = [life.hours.numbers, life.most.numbers];
  let sumX = 0;
  let sumY = 0;
  for (let i = from; i < until; i++) {
    sumX += lifeHours[i] as number;
    sumY += lifeMost[i] as number;
  }
  const mean = sumY / n;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (let i = from; i < until; i++) {
    const dx = (lifeHours[i] as number) - sumX / n;
    const dy = (lifeMost[i] as number) - mean;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  if (xx === 0 || yy === 0) return { slope: 0, straight: 0, mean };
  return { slope: xy / xx, straight: (xy * xy) / (xx * yy), mean };
}

/** Days of hours without which a weekly pattern cannot come again. */
const SEASON_HOURS = 14 * 24;
const EXPLAINED = 0.5;
const SWING = 1.5;

/**
 * Whether hourly use follows the clock: the hour of the day and the day of the week together explain at
 * least half of its variance, and the busiest of them is half again above the mean. Times are UTC.
 */
export function isSeasonal(hours: Hours, from: number): boolean {
  const cells = [
    { sum: new Float64Array(24), count: new Float64Array(24) },
    { sum: new Float64Array(7), count: new Float64Array(7) },
  ] as const;
  const [byHour, byDay] = cells;
  const first = Math.floor(from / 3600);
  let n = 0;
  let total = 0;
  let squares = 0;
  for (let hour = 0; hour < hours.count; hour++) {
    const seconds = hours.seconds[hour] as number;
    if (seconds === 0) continue;
    const value = (hours.cpuSum[hour] as number) / seconds;
    n++;
    total += value;
    squares += value * value;
    const [ofDay, ofWeek] = [(first + hour) % 24, Math.floor((first + hour) / 24) % 7];
    byHour.sum[ofDay] = (byHour.sum[ofDay] as number) + value;
    byHour.count[ofDay] = (byHour.count[ofDay] as number) + 1;
    byDay.sum[ofWeek] = (byDay.sum[ofWeek] as number) + value;
    byDay.count[ofWeek] = (byDay.count[ofWeek] as number) + 1;
  }
  const mean = total / n;
  const all = squares - n * mean * mean;
  // What is left of rounding is no variance.
  if (n < SEASON_HOURS || mean === 0 || all <= 1e-9 * squares) return false;
  let explained = 0;
  let busiest = 0;
  for (const { sum, count } of cells)
    for (const [cell, of] of sum.entries()) {
      const times = count[cell] as number;
      if (times === 0) continue;
      explained += times * (of / times - mean) ** 2;
      busiest = Math.max(busiest, of / times / mean);
    }
  return explained / all >= EXPLAINED && busiest >= SWING;
}

/** The coefficient of variation of hourly memory maxima, in parts of a million. */
export function memoryVariation(hours: Hours): number {
  let n = 0;
  let sum = 0;
  let squares = 0;
  for (let hour = 0; hour < hours.count; hour++) {
    if (hours.seconds[hour] === 0) continue;
    const value = hours.memMax[hour] as number;
    n++;
    sum += value;
    squares += value * value;
  }
  if (n === 0 || sum === 0) return 0;
  const mean = sum / n;
  return Math.round((Math.sqrt(Math.max(0, squares / n - mean * mean)) / mean) * 1e6);
}
