import { AppError } from "./errors.ts";

/** A calendar month of a bill as `YYYY-MM`, UTC. */
export type Month = string;

const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;

/** Reads `YYYY-MM`; `what` names the parameter in the error. */
export function parseMonth(text: string, what = "--month"): Month {
  if (!MONTH.test(text))
    throw new AppError("BAD_PARAMETER", `${what}: "${text}" is not a month; write it as YYYY-MM`);
  return text;
}

/** The month `offset` months after `month`. */
export function addMonths(month: Month, offset: number): Month {
  const index = Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1 + offset;
  return `${String(Math.floor(index / 12)).padStart(4, "0")}-${String((index % 12) + 1).padStart(2, "0")}`;
}

/** First day, and first day of the next month: `[start, end)` as `YYYY-MM-DD`. */
export function monthBounds(month: Month): { start: string; end: string } {
  return { start: `${month}-01`, end: `${addMonths(month, 1)}-01` };
}

/** The day `days` days after a day `YYYY-MM-DD`. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Reads a calendar day `YYYY-MM-DD` that exists; `what` names the parameter in the error. */
export function parseDay(text: string, what: string): string {
  const time = Date.parse(`${text}T00:00:00Z`);
  if (
    !/^\d{4}-\d{2}-\d{2}$/.test(text) ||
    Number.isNaN(time) ||
    new Date(time).toISOString().slice(0, 10) !== text
  )
    throw new AppError("BAD_PARAMETER", `${what}: "${text}" is not a day; write it as YYYY-MM-DD`);
  return text;
}
