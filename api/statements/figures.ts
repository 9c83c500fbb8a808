import type { Principal } from "../../analysis/ask.ts";
import type { Snapshot } from "../../analysis/snapshot.ts";
import { sha256 } from "../../data/files.ts";
import { addAmounts, fromUnits, toUnits } from "../../data/money.ts";
import type { Amounts } from "../../data/statements.ts";
import { statementRows, type StatementRow } from "../exports.ts";

/** A month's figures as a statement would say them now. */
export interface Figures {
  /** Hash of the rows without number and state; equal means the same money for the same people. */
  hash: string;
  totals: Amounts[];
}

/** What a statement of the month would say now, without writing one. */
export async function figuresOf(
  snapshot: Snapshot,
  principal: Principal,
  month: string,
  signal?: AbortSignal,
): Promise<Figures> {
  const rows = await statementRows(snapshot, principal, { month }, signal);
  return { hash: hashOf(rows), totals: totalsOf(rows) };
}

function hashOf(rows: readonly StatementRow[]): string {
  return sha256(
    JSON.stringify(
      rows.map(({ StatementNumber: _, State: __, ...figures }) => Object.entries(figures)),
    ),
  );
}

const MEASURES = { effective: "EffectiveCost", billed: "BilledCost", list: "ListCost" } as const;

function totalsOf(rows: readonly StatementRow[]): Amounts[] {
  const currencies = [...new Set(rows.map((row) => String(row.BillingCurrency)))].toSorted();
  return currencies.map((currency) => {
    const own = rows.filter((row) => row.BillingCurrency === currency);
    const sum = (column: keyof StatementRow) =>
      addAmounts(own.map((row) => (row[column] === null ? "0" : String(row[column]))));
    return {
      currency,
      effective: sum(MEASURES.effective),
      billed: sum(MEASURES.billed),
      list: sum(MEASURES.list),
    };
  });
}

/** `now - was` by currency; currencies in which nothing differs are left out. */
export function changesOf(was: readonly Amounts[], now: readonly Amounts[]): Amounts[] {
  const of = (
    list: readonly Amounts[],
    currency: string,
    measure: keyof Omit<Amounts, "currency">,
  ) => toUnits(list.find((amounts) => amounts.currency === currency)?.[measure] ?? "0");
  const change = (currency: string, measure: keyof Omit<Amounts, "currency">) =>
    fromUnits(of(now, currency, measure) - of(was, currency, measure));
  return [...new Set([...was, ...now].map(({ currency }) => currency))]
    .toSorted()
    .map((currency) => ({
      currency,
      effective: change(currency, "effective"),
      billed: change(currency, "billed"),
      list: change(currency, "list"),
    }))
    .filter(({ effective, billed, list }) =>
      [effective, billed, list].some((text) => text !== "0"),
    );
}
