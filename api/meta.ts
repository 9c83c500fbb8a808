import { ask, type Measure, type Question } from "../analysis/ask.ts";
import type { Principal } from "../analysis/principal.ts";
import { monthOf, type Snapshot } from "../analysis/snapshot.ts";
import type { PublishedMonth } from "../data/published.ts";
import { plainAmount } from "../data/money.ts";
import { sha256 } from "../data/files.ts";
import { AppError } from "../data/errors.ts";
import type { Policy } from "../analysis/allocation.ts";
import type { Meta } from "./schemas/common.ts";

export interface MonthView {
  entry: PublishedMonth;
  currency: string;
  meta: Meta;
}

/**
 * The id of what is published, as a caller may know it. For who sees some teams it is another for
 * each set of teams: an answer one of them holds is then never taken for somebody else's.
 */
export function publishedIdFor(snapshot: Snapshot, principal: Principal): string {
  const { publishedId } = snapshot.list;
  if (principal.teams === null || publishedId === "") return publishedId;
  return sha256(JSON.stringify([publishedId, principal.scope])).slice(0, publishedId.length);
}

/** The meta of an answer about no month in particular. */
export function listMeta(snapshot: Snapshot, principal: Principal): Meta {
  const { list } = snapshot;
  return {
    month: null,
    currency: null,
    currencies: [],
    state: null,
    checkFailed: false,
    publishedId: publishedIdFor(snapshot, principal),
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
  const currency =
    asked.currency ?? (await currencyFor(snapshot, principal, entry, preferred, signal));
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
  const coverage = await coverageByCluster(snapshot, principal, entry.month, asked.cluster, signal);
  const company = await companyTotal(
    snapshot,
    principal,
    { month: entry.month, measure, params: { currency, policy } },
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
      ...listMeta(snapshot, principal),
      month: entry.month,
      currency,
      currencies: visible.toSorted(
        (a, b) => Number(b === preferred) - Number(a === preferred) || (a < b ? -1 : 1),
      ),
      state: entry.state,
      checkFailed: entry.failed.length > 0,
      publishedAt: entry.publishedAt,
      coverage: coverageText(coverage.values()),
      policy,
      total: row?.total ?? "0",
      previousTotal: row?.previous ?? null,
      unstated: Number(row?.unstated ?? 0),
      ...(company === null ? {} : { companyTotal: company }),
    },
  };
}

/** The configured currency where the caller has cost in it, else the first they have. */
export async function currencyFor(
  snapshot: Snapshot,
  principal: Principal,
  entry: PublishedMonth,
  preferred: string,
  signal: AbortSignal,
): Promise<string> {
  const theirs =
    principal.teams === null
      ? entry.totals
      : await ask<{ currency: string }>(
          snapshot,
          "currencies",
          principal,
          { month: entry.month },
          signal,
        );
  const known = theirs.map(({ currency }) => currency);
  return known.includes(preferred) ? preferred : (known[0] ?? preferred);
}

/** What all teams cost together, for those who see some of them and may know; null for all others. */
async function companyTotal(
  snapshot: Snapshot,
  principal: Principal,
  question: Question,
  signal: AbortSignal,
): Promise<string | null> {
  if (principal.teams === null || !principal.scope.wholes) return null;
  const [row] = await ask<{ total: string | null }>(
    snapshot,
    "total-company",
    principal,
    question,
    signal,
  );
  return row?.total ?? null;
}

/** Seconds of billed node time, and how many of them have usage data. */
export interface Coverage {
  covered: bigint;
  billed: bigint;
}

/** Coverage of the month's clusters, or of one; empty where no node was billed. */
export async function coverageByCluster(
  snapshot: Snapshot,
  principal: Principal,
  month: string,
  cluster: string | undefined,
  signal: AbortSignal,
): Promise<Map<string, Coverage>> {
  const rows = await ask<{ cluster: string; covered: string; billed: string }>(
    snapshot,
    "coverage",
    principal,
    { month, params: { cluster: cluster ?? null } },
    signal,
  );
  return new Map(
    rows.map((row) => [row.cluster, { covered: BigInt(row.covered), billed: BigInt(row.billed) }]),
  );
}

/** Covered of billed seconds with six places, rounded down; null where nothing was billed. */
export function coverageText(parts: Iterable<Coverage>): string | null {
  let covered = 0n;
  let billed = 0n;
  for (const part of parts) {
    covered += part.covered;
    billed += part.billed;
  }
  if (billed === 0n) return null;
  const share = (covered * 1_000_000n) / billed;
  return plainAmount(`${share / 1_000_000n}.${String(share % 1_000_000n).padStart(6, "0")}`);
}
