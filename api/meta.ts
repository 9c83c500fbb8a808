import { ask, type Measure, type Principal } from "../analysis/ask.ts";
import { monthOf, type Snapshot } from "../analysis/snapshot.ts";
import type { PublishedMonth } from "../data/published.ts";
import { plainAmount } from "../data/money.ts";
import { AppError } from "../data/errors.ts";
import type { Policy } from "../analysis/allocation.ts";
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

/** What an answer is about; what is not said is the newest month, all teams, all clusters. */
export interface Asked {
  month?: string;
  currency?: string;
  cost?: Measure;
  team?: string;
  policy?: Policy;
  cluster?: string;
  /** A namespace of `cluster`, or a sentinel there. */
  namespace?: string;
}

/** The filters of a question as its query takes them. */
export function filters(asked: Asked) {
  if (asked.namespace !== undefined && asked.cluster === undefined)
    throw new AppError("BAD_PARAMETER", "namespace: say whose with cluster=NAME");
  return {
    team: asked.team ?? null,
    cluster: asked.cluster ?? null,
    namespace: asked.namespace ?? null,
  };
}

/** Month, currency and totals that an answer is about; the configured currency where the month has it. */
export async function viewMonth(
  snapshot: Snapshot,
  principal: Principal,
  asked: Asked,
  preferred: string,
  signal: AbortSignal,
): Promise<MonthView> {
  const entry = monthOf(snapshot, asked.month);
  const measure = asked.cost ?? "effective";
  const policy = asked.policy ?? "configured";
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
    { month: entry.month, measure, params: { currency, policy, ...filters(asked) } },
    signal,
  );
  const coverage = await coverageOf(snapshot, principal, entry.month, asked.cluster, signal);
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
      coverage,
      policy,
      total: row?.total ?? "0",
      previousTotal: row?.previous ?? null,
      unstated: Number(row?.unstated ?? 0),
    },
  };
}

/** Covered seconds of billed ones with six places, rounded down; null where no node was billed. */
async function coverageOf(
  snapshot: Snapshot,
  principal: Principal,
  month: string,
  cluster: string | undefined,
  signal: AbortSignal,
): Promise<string | null> {
  const [row] = await ask<{ covered: string; billed: string }>(
    snapshot,
    "coverage",
    principal,
    { month, params: { cluster: cluster ?? null } },
    signal,
  );
  const billed = BigInt(row?.billed ?? "0");
  if (billed === 0n) return null;
  const parts = (BigInt(row?.covered ?? "0") * 1_000_000n) / billed;
  return plainAmount(`${parts / 1_000_000n}.${String(parts % 1_000_000n).padStart(6, "0")}`);
}
