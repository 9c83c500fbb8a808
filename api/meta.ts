import { ask, type Measure, type Principal } from "../analysis/ask.ts";
import { monthOf, type Snapshot } from "../analysis/snapshot.ts";
import type { PublishedMonth } from "../data/published.ts";
import { AppError } from "../data/errors.ts";
import type { Meta } from "./schemas.ts";

export interface MonthView {
  entry: PublishedMonth;
  currency: string;
  meta: Meta;
}

/** The meta of an answer about no month in particular. */
export function listMeta(snapshot: Snapshot): Meta {
  const { list } = snapshot;
  return {
    month: null,
    currency: null,
    currencies: [],
    state: null,
    checkFailed: false,
    publishedId: list.publishedId,
    publishedAt: list.publishedAt === "" ? null : list.publishedAt,
    coverage: null,
    next: null,
    months: monthsOf(snapshot),
  };
}

function monthsOf(snapshot: Snapshot): string[] {
  return snapshot.list.months.filter((month) => month.file !== null).map((month) => month.month);
}

/** Month, currency and totals that an answer is about; the configured currency where the month has it. */
export async function viewMonth(
  snapshot: Snapshot,
  principal: Principal,
  asked: { month?: string; currency?: string; cost?: Measure; team?: string },
  preferred: string,
  signal: AbortSignal,
): Promise<MonthView> {
  const entry = monthOf(snapshot, asked.month);
  const measure = asked.cost ?? "effective";
  const currencies = entry.totals.map((total) => total.currency);
  const currency =
    asked.currency ?? (currencies.includes(preferred) ? preferred : (currencies[0] ?? preferred));
  const [row] = await ask<{
    total: string;
    previous: string | null;
    unstated: string;
    currencies: string[];
  }>(
    snapshot,
    "total",
    principal,
    { month: entry.month, measure, params: { currency, team: asked.team ?? null } },
    signal,
  );
  const visible = row?.currencies ?? [];
  if (asked.currency !== undefined && !visible.includes(asked.currency))
    throw new AppError(
      "CURRENCY_UNKNOWN",
      `${entry.month} holds no cost in ${asked.currency}; there is ${visible.join(", ") || "none"}`,
    );
  return {
    entry,
    currency,
    meta: {
      ...listMeta(snapshot),
      month: entry.month,
      currency,
      currencies: visible.toSorted(
        (a, b) => Number(b === preferred) - Number(a === preferred) || (a < b ? -1 : 1),
      ),
      state: entry.state,
      checkFailed: entry.failed.length > 0,
      publishedAt: entry.publishedAt,
      total: row?.total ?? "0",
      previousTotal: row?.previous ?? null,
      unstated: Number(row?.unstated ?? 0),
    },
  };
}
