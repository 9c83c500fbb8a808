/** The last day the sample knows. */
export const LAST_DAY = "2026-08-31";

/** A UTC day: `number` counts days since 1970-01-01, `weekday` 0 is Sunday. */
export interface Day {
  readonly date: string;
  readonly number: number;
  readonly weekday: number;
  readonly dayOfMonth: number;
}

/** A calendar month with those of its days that the sample covers. `end` is its last day, `next` the day after. */
export interface Month {
  readonly name: string;
  readonly start: string;
  readonly end: string;
  readonly next: string;
  readonly days: readonly Day[];
}

const MILLISECONDS = 86_400_000;

/** The day with a given number since 1970-01-01. */
export function dayOf(number: number): Day {
  const date = new Date(number * MILLISECONDS).toISOString().slice(0, 10);
  return { date, number, weekday: (number + 4) % 7, dayOfMonth: Number(date.slice(8)) };
}

/** The number since 1970-01-01 of a date such as `2026-08-31`. */
export function numberOf(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / MILLISECONDS;
}

/** The months that `days` days up to and with {@link LAST_DAY} touch; the first one may be partial. Throws when `days` is not 1 to 2,000. */
export function monthsOf(days: number): Month[] {
  if (!Number.isInteger(days) || days < 1 || days > 2000)
    throw new RangeError(`days must be a whole number from 1 to 2000, not ${days}`);
  const last = numberOf(LAST_DAY);
  const byName = new Map<string, Day[]>();
  for (let number = last - days + 1; number <= last; number++) {
    const day = dayOf(number);
    const name = day.date.slice(0, 7);
    const list = byName.get(name);
    if (list === undefined) byName.set(name, [day]);
    else list.push(day);
  }
  return [...byName].map(([name, list]) => {
    const year = Number(name.slice(0, 4));
    const next = new Date(Date.UTC(year, Number(name.slice(5)), 1)).toISOString().slice(0, 10);
    return { name, start: `${name}-01`, end: dayOf(numberOf(next) - 1).date, next, days: list };
  });
}
