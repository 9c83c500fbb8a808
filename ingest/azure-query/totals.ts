import { AppError, printable } from "../../data/errors.ts";
import { readJson, type Answer } from "./answer.ts";
import { decimalText, JsonNumber, parseExact, sumTexts } from "./exact.ts";

export interface CurrencyTotal {
  currency: string;
  amount: string;
}

// What the same sum is called depends on the agreement and on the API's version.
const COST_COLUMNS = ["totalcost", "cost", "costinbillingcurrency", "pretaxcost"];
const CURRENCY_COLUMNS = ["billingcurrency", "billingcurrencycode", "currency"];

/** The totals in the pages of one answer, one a currency; none where Azure knows of no cost. */
export function readTotals(pages: readonly Answer[], place: string): CurrencyTotal[] {
  const amounts = new Map<string, string[]>();
  for (const page of pages) {
    if (page.status === 204) continue;
    for (const { currency, amount } of readPage(page, place))
      amounts.set(currency, [...(amounts.get(currency) ?? []), amount]);
  }
  return [...amounts]
    .map(([currency, texts]) => ({ currency, amount: sumTexts(texts) }))
    .toSorted((a, b) => (a.currency < b.currency ? -1 : 1));
}

function readPage(page: Answer, place: string): CurrencyTotal[] {
  const { properties } = readJson(page, place, parseExact);
  const { columns, rows } = (properties ?? {}) as { columns?: unknown; rows?: unknown };
  if (!Array.isArray(rows) || !Array.isArray(columns))
    throw unreadable(place, `the answer has no ${Array.isArray(rows) ? "columns" : "rows"}`);
  if (rows.length === 0) return [];
  const names = columns.map((column: unknown) => {
    const name = (column as { name?: unknown } | null)?.name;
    return typeof name === "string" ? name : "";
  });
  const cost = columnAt(names, COST_COLUMNS, "cost", place);
  const currency = columnAt(names, CURRENCY_COLUMNS, "currency", place);
  return rows.map((row: unknown, index) => {
    const cells: unknown[] = Array.isArray(row) ? row : [];
    return {
      amount: amountOf(cells[cost], `row ${index + 1}`, place),
      currency: currencyOf(cells[currency], `row ${index + 1}`, place),
    };
  });
}

function columnAt(
  names: readonly string[],
  wanted: readonly string[],
  what: string,
  place: string,
): number {
  const lower = names.map((name) => name.toLowerCase());
  const found = wanted.find((name) => lower.includes(name));
  const list = names.map((name) => `"${printable(name.slice(0, 60))}"`).join(", ");
  if (found === undefined)
    throw unreadable(place, `the answer has no ${what} column; it has ${list || "none"}`);
  const at = lower.indexOf(found);
  if (lower.includes(found, at + 1))
    throw unreadable(place, `the answer has two columns "${names[at]}"`);
  return at;
}

function amountOf(cell: unknown, row: string, place: string): string {
  const written = cell instanceof JsonNumber ? cell.text : cell;
  const amount = typeof written === "string" ? decimalText(written) : null;
  if (amount === null) throw unreadable(place, `${row} has no amount but ${shown(cell)}`);
  return amount;
}

function currencyOf(cell: unknown, row: string, place: string): string {
  if (typeof cell === "string" && /^[A-Za-z]{3}$/.test(cell)) return cell.toUpperCase();
  throw unreadable(place, `${row} has no currency but ${shown(cell)}`);
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value instanceof JsonNumber) return value.text;
  return printable(JSON.stringify(value).slice(0, 60));
}

function unreadable(place: string, what: string): AppError {
  return new AppError(
    "SOURCE_UNREADABLE",
    `${place}: ${what}; Azure may have changed its answer, the total is not taken`,
  );
}
