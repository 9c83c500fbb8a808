/** Months, days and ages in words. Times are UTC, as the bill's are, so colleagues read the same. */

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `2026-08` as "August 2026". */
export function monthName(month: string): string {
  const name = MONTHS[Number(month.slice(5, 7)) - 1];
  return name === undefined ? month : `${name} ${month.slice(0, 4)}`;
}

/** `2026-08` as "Aug", with the year in January and where asked: an axis of months repeats no year. */
export function monthShort(month: string, withYear = false): string {
  const name = MONTHS[Number(month.slice(5, 7)) - 1]?.slice(0, 3) ?? month;
  return withYear ? `${name} ${month.slice(0, 4)}` : name;
}

/** The month before: `2026-01` gives `2025-12`. */
export function monthBefore(month: string): string {
  const year = Number(month.slice(0, 4));
  const number = Number(month.slice(5, 7));
  return number === 1
    ? `${String(year - 1).padStart(4, "0")}-12`
    : `${month.slice(0, 4)}-${String(number - 1).padStart(2, "0")}`;
}

/** An ISO time as "21 Nov 2026, 06:12 UTC"; text that is no time comes back as it is. */
export function formatTime(iso: string): string {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return iso;
  const text = new Date(time).toISOString();
  return `${Number(text.slice(8, 10))} ${monthShort(text.slice(0, 7))} ${text.slice(0, 4)}, ${text.slice(11, 16)} UTC`;
}

/** How long ago, in the largest unit that still says something: "3 hours", "2 days". */
export function ageOf(iso: string, now: number): string {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return "";
  const age = Math.max(0, now - time);
  if (age < 2 * MINUTE) return "a minute";
  if (age < 2 * HOUR) return `${Math.floor(age / MINUTE)} minutes`;
  if (age < 2 * DAY) return `${Math.floor(age / HOUR)} hours`;
  return `${Math.floor(age / DAY)} days`;
}

/** Whether more than `hours` have gone by. */
export function isOlder(iso: string, hours: number, now: number): boolean {
  const time = Date.parse(iso);
  return !Number.isNaN(time) && now - time > hours * HOUR;
}
