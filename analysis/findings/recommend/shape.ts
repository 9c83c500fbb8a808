import { HOUR_SLOTS, type Series } from "./series.ts";
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
  for (const { from, until } of series.pods) {
    let life: number[][] = [];
    const end = () => {
      if (life.length >= LEAST_LIFE) {
        judged += life.length;
        if (grows(life)) leaking += life.length;
      }
      life = [];
    };
    for (let i = from; i < until; i++) {
      while ((series.events[event]?.sample ?? Infinity) < i) event++;
      const now = series.events[event];
      if (now?.sample === i && now.restarts + now.oom > 0) end();
      const hour = Math.floor((series.slot[i] as number) / HOUR_SLOTS);
      const bytes = series.mem[i] as number;
      const last = life.at(-1);
      if (last?.[0] === hour) last[1] = Math.max(last[1] as number, bytes);
      else life.push([hour, bytes]);
    }
    end();
  }
  return judged > 0 && leaking * 2 > judged;
}

function grows(life: readonly (readonly number[])[]): boolean {
  const whole = line(life);
  const first = life[0]?.[0] as number;
  const hours = (life.at(-1)?.[0] as number) - first;
  if (whole.straight < STRAIGHT || whole.slope * hours < LEAST_GROWTH * whole.mean) return false;
  const middle = Math.floor(life.length / 2);
  return [life.slice(0, middle), life.slice(middle)].every(
    (half) => line(half).slope >= whole.slope / 2,
  );
}

function line(points: readonly (readonly number[])[]): {
  slope: number;
  straight: number;
  mean: number;
} {
  const n = points.length;
  const meanX = points.reduce((sum, [x]) => sum + (x as number), 0) / n;
  const mean = points.reduce((sum, [, y]) => sum + (y as number), 0) / n;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (const [x, y] of points) {
    const dx = (x as number) - meanX;
    const dy = (y as number) - mean;
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
  const values: [hour: number, value: number][] = [];
  for (let hour = 0; hour < hours.count; hour++) {
    const seconds = hours.seconds[hour] as number;
    if (seconds > 0) values.push([hour, (hours.cpuSum[hour] as number) / seconds]);
  }
  if (values.length < SEASON_HOURS) return false;
  const mean = values.reduce((sum, [, value]) => sum + value, 0) / values.length;
  const all = values.reduce((sum, [, value]) => sum + (value - mean) ** 2, 0);
  if (all === 0 || mean === 0) return false;
  const first = Math.floor(from / 3600);
  let explained = 0;
  let busiest = 0;
  for (const cell of [
    (hour: number) => (first + hour) % 24,
    (hour: number) => Math.floor((first + hour) / 24) % 7,
  ]) {
    const cells = Map.groupBy(values, ([hour]) => cell(hour));
    for (const list of cells.values()) {
      const average = list.reduce((sum, [, value]) => sum + value, 0) / list.length;
      explained += list.length * (average - mean) ** 2;
      busiest = Math.max(busiest, average / mean);
    }
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
