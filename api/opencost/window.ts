import { AppError } from "../../data/errors.ts";

/** Half-open, whole UTC days as YYYY-MM-DD. */
export interface Window {
  from: string;
  until: string;
}

const DAY = 86_400_000;
const MOST_DAYS = 1_100;

const dayText = (time: number) => new Date(time).toISOString().slice(0, 10);
const fine = (what: string) =>
  new AppError(
    "STEP_TOO_FINE",
    `${what}: cost is known by whole UTC days; ask for days, such as 7d or 2026-08-01T00:00:00Z,2026-08-08T00:00:00Z`,
  );

/** Reads a window as OpenCost writes them; STEP_TOO_FINE where it is not whole days. */
export function parseWindow(text: string, now: Date): Window {
  const today = Math.floor(now.getTime() / DAY) * DAY;
  const { from, until } = bounds(text.trim(), today);
  if (from >= until)
    throw new AppError("BAD_PARAMETER", `window: "${text.slice(0, 80)}" ends before it begins`);
  if ((until - from) / DAY > MOST_DAYS)
    throw new AppError("BAD_PARAMETER", `window: ask for at most ${MOST_DAYS} days`);
  return { from: dayText(from), until: dayText(until) };
}

function bounds(text: string, today: number): { from: number; until: number } {
  const offset = /^(.+?) offset (\d{1,4})([a-z])$/.exec(text);
  if (offset !== null) {
    const shift = lengthOf(offset[2] ?? "", offset[3] ?? "", "window") * DAY;
    const { from, until } = bounds(offset[1] ?? "", today);
    return { from: from - shift, until: until - shift };
  }
  const date = new Date(today);
  const sunday = today - date.getUTCDay() * DAY;
  const month = (offset: number) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1);
  const named: Record<string, { from: number; until: number }> = {
    today: { from: today, until: today + DAY },
    yesterday: { from: today - DAY, until: today },
    week: { from: sunday, until: today + DAY },
    lastweek: { from: sunday - 7 * DAY, until: sunday },
    month: { from: month(0), until: today + DAY },
    lastmonth: { from: month(-1), until: month(0) },
  };
  if (Object.hasOwn(named, text)) return named[text] as { from: number; until: number };
  const length = /^(\d{1,4})([a-z])$/.exec(text);
  if (length !== null) {
    const days = lengthOf(length[1] ?? "", length[2] ?? "", "window");
    return { from: today - (days - 1) * DAY, until: today + DAY };
  }
  const pair = text.split(",");
  if (pair.length === 2) {
    const [from, until] = pair.map((part) => instant(part.trim()));
    return { from: from ?? 0, until: until ?? 0 };
  }
  throw new AppError(
    "BAD_PARAMETER",
    `window: "${text.slice(0, 80)}" is none; write today, yesterday, week, lastweek, month, lastmonth, 7d, 2w, or two times with a comma between them`,
  );
}

/** A step in days; STEP_TOO_FINE for hours and minutes. */
export function parseStep(text: string): number {
  const match = /^(\d{1,4})([a-z])$/.exec(text);
  if (match === null) {
    const named: Record<string, number> = { day: 1, week: 7 };
    if (Object.hasOwn(named, text)) return named[text] as number;
    throw new AppError("BAD_PARAMETER", `step: "${text.slice(0, 40)}" is none; write 1d or 1w`);
  }
  return lengthOf(match[1] ?? "", match[2] ?? "", "step");
}

function lengthOf(count: string, unit: string, what: string): number {
  const days = Number(count) * (unit === "w" ? 7 : 1);
  if (unit !== "d" && unit !== "w") {
    if ("hms".includes(unit)) throw fine(`${what}: ${count}${unit}`);
    throw new AppError("BAD_PARAMETER", `${what}: "${count}${unit}" has no unit we know; d or w`);
  }
  if (days === 0) throw new AppError("BAD_PARAMETER", `${what}: "${count}${unit}" is nothing`);
  return days;
}

function instant(text: string): number {
  const time = /^\d{1,12}$/.test(text)
    ? Number(text) * 1000
    : /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(text)
      ? Date.parse(text)
      : Number.NaN;
  if (Number.isNaN(time))
    throw new AppError(
      "BAD_PARAMETER",
      `window: "${text.slice(0, 60)}" is no time; write it as RFC 3339 or in seconds since 1970`,
    );
  if (time % DAY !== 0) throw fine(`window: ${text}`);
  return time;
}
