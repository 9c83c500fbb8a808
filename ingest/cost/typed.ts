import {
  type ColumnKind,
  EXTRA_PREFIX,
  LINE_COLUMNS,
  type LineColumn,
  SQL_TYPES,
} from "../../data/line-columns.ts";
import { addMonths } from "../../data/period.ts";
import { sqlName, sqlText } from "../../data/warehouse.ts";
import { columnKey, type Header } from "./header.ts";
import type { Dataset, Shape } from "./shapes.ts";

export interface Typing {
  header: Header;
  shape: Shape;
  dataset: Dataset;
  /** The billing month the export is of; null where each row's own billing period tells. */
  month: string | null;
}

const MEASURES = ["billed", "effective", "list", "contracted"] as const;
// Two of the largest that can be stored overflow every sum; a hundred thousand of these do not.
const TOO_LARGE = "1000000000000000";

/** Raw text column `n` of a file, as `read_csv` and the Parquet reader name it. */
export const rawColumn = (position: number) => `c${position}`;

/** Fills `{A|B}` with the raw column of A, else of B, else NULL. */
function resolve(expression: string, header: Header): string {
  return expression.replaceAll(/\{([^}]+)\}/g, (_, names: string) => {
    for (const name of names.split("|")) {
      const position = header.index.get(columnKey(name));
      if (position !== undefined) return rawColumn(position);
    }
    return "CAST(NULL AS VARCHAR)";
  });
}

/** False where a column reads one of the file's and the file has none of its names: all NULL. */
function isFilled(expression: string | undefined, header: Header): expression is string {
  if (expression === undefined) return false;
  const names = /^(?:money\(|sane_time\(\w+\()?\{([^}]+)\}\)*$/.exec(expression)?.[1];
  return names === undefined || names.split("|").some((name) => header.index.has(columnKey(name)));
}

/** The expressions of a shape, with what the two legacy halves differ in. */
function expressions(typing: Typing): Record<string, string> {
  const { shape, dataset } = typing;
  const own: Record<string, string> = { ...shape.columns };
  if (shape.name === "legacy")
    own[dataset === "ActualCost" ? "billed_cost" : "effective_cost"] = `money(${shape.amount})`;
  own["x_dataset"] = sqlText(dataset);
  own["x_day"] = `CAST(${own["charge_period_start"] ?? "NULL"} AS DATE)`;
  // A legacy export is of its month; its own period columns say the same in two dates more a row.
  if (shape.name === "legacy" && typing.month !== null) {
    own["billing_period_start"] = `TIMESTAMP '${typing.month}-01'`;
    own["billing_period_end"] = `TIMESTAMP '${addMonths(typing.month, 1)}-01'`;
  }
  const period = shape.name === "payg" ? own["charge_period_start"] : own["billing_period_start"];
  own["x_month"] =
    typing.month === null
      ? `strftime(${shape.name === "legacy" ? `coalesce(${period}, ${own["charge_period_start"]})` : period}, '%Y-%m')`
      : sqlText(typing.month);
  if (shape.name === "payg") {
    own["billing_period_start"] =
      typing.month === null
        ? `date_trunc('month', ${own["charge_period_start"]})`
        : `TIMESTAMP '${typing.month}-01'`;
    own["billing_period_end"] = `${own["billing_period_start"]} + INTERVAL 1 MONTH`;
  }
  for (const measure of MEASURES) {
    const amount = own[`${measure}_cost`];
    const text = amount === undefined ? undefined : /^money\((\{[^}]+\})\)$/.exec(amount)?.[1];
    if (amount !== undefined && text !== undefined)
      own[`x_rounded_${measure}`] = `residue(${text}, ${measure}_cost)`;
  }
  return own;
}

/** Why a row cannot be taken, or NULL: every typed value that was there and could not be read. */
function rejection(typing: Typing, own: Record<string, string>): string {
  const { shape } = typing;
  const cases: string[] = [];
  // Typed values are read by name from the inner select: writing them out again would parse twice.
  const unreadable = (raw: string, typed: string, what: string, wanted: string) =>
    cases.push(
      `WHEN ${raw} IS NOT NULL AND ${typed} IS NULL THEN concat(${sqlText(`${what}: "`)}, left(${raw}, 80), ${sqlText(`" is not ${wanted}`)})`,
    );
  const required = (typed: string, what: string) =>
    cases.push(`WHEN ${typed} IS NULL THEN ${sqlText(`${what} is empty`)}`);
  for (const [column, expression] of Object.entries(own)) {
    const raw = /^(?:money|sane_time\((?:iso|us)_time)\((\{[^}]+\})\)/.exec(expression)?.[1];
    if (raw === undefined || column.startsWith("x_rounded")) continue;
    const name = raw.slice(1, -1).split("|")[0] as string;
    const kind: ColumnKind = LINE_COLUMNS[column as LineColumn];
    unreadable(raw, column, name, kind === "money" ? "an amount" : "a date");
  }
  for (const measure of MEASURES) {
    const raw = /^money\((\{[^}]+\})\)$/.exec(own[`${measure}_cost`] ?? "")?.[1];
    if (raw !== undefined)
      cases.push(
        `WHEN abs(${measure}_cost) >= ${TOO_LARGE} THEN concat(${sqlText(`${raw.slice(1, -1).split("|")[0]}: "`)}, left(${raw}, 80), '" is larger than any bill')`,
      );
  }
  const amount = shape.amount.slice(1, -1).split("|")[0] as string;
  required(typing.dataset === "AmortizedCost" ? "effective_cost" : "billed_cost", amount);
  if (shape.name === "focus") required("effective_cost", "EffectiveCost");
  required("charge_period_start", "the charge date");
  required("x_month", "the billing period");
  cases.push(
    `WHEN ${shape.currency} IS NULL OR NOT regexp_full_match(${shape.currency}, '[A-Z][A-Z][A-Z]') THEN concat('the currency "', left(coalesce(${shape.currency}, ''), 20), '" is not an ISO 4217 code')`,
  );
  return `CASE ${cases.join("\n      ")} END`;
}

/** The columns of the file that no shape maps and none drops: kept as text, under their own name. */
function extras(typing: Typing, used: string): string[] {
  const dropped = new Set(typing.shape.dropped.map(columnKey));
  const mapped = new Set(
    [...used.matchAll(/\{([^}]+)\}/g)].flatMap((match) =>
      (match[1] as string).split("|").map(columnKey),
    ),
  );
  return [...typing.header.index]
    .filter(([key]) => !mapped.has(key) && !dropped.has(key))
    .map(
      ([, position]) =>
        `${rawColumn(position)} AS ${sqlName(EXTRA_PREFIX + (typing.header.names[position] as string).replace(/^\ufeff/, "").trim())}`,
    );
}

export interface TypedSelect {
  /** The rows of a source with raw columns `c0…`, plus the stored columns. */
  inner(source: string): string;
  /** Select list over `inner`: the stored columns and `x_reject`. */
  list: string;
  /** Names of the stored columns, without `x_reject`. */
  columns: string[];
  /** Raw text of amount and currency, for a rejected row. */
  amount: string;
  currency: string;
}

/** The SELECT list that turns a file's text into stored lines. */
export function typedSelect(typing: Typing): TypedSelect {
  const own = expressions(typing);
  const items: string[] = [];
  const outer: string[] = [];
  const columns: string[] = [];
  for (const [column, kind] of Object.entries(LINE_COLUMNS) as [LineColumn, ColumnKind][]) {
    const expression = own[column];
    const type = SQL_TYPES[kind];
    const value = expression === undefined ? "NULL" : resolve(expression, typing.header);
    const item = `CAST(${value} AS ${type}) AS ${column}`;
    // Checks read every column of the inner select by name; only what the file can fill is stored.
    const stored = isFilled(expression, typing.header);
    if (stored) columns.push(column);
    // A residue is of a typed amount, so it stands one level further out.
    if (kind !== "residue") items.push(item);
    if (stored) outer.push(kind === "residue" ? item : column);
  }
  const { shape } = typing;
  const more = extras(
    typing,
    // The shape's own too: where the export's month stands for its dates, these are read all the same.
    [...Object.values(own), ...Object.values(shape.columns)].join(" ") +
      shape.amount +
      shape.currency,
  );
  items.push(...more);
  const names = more.map((item) => item.slice(item.indexOf(" AS ") + 4));
  columns.push(...names);
  outer.push(...names);
  const reject = resolve(rejection(typing, own), typing.header);
  return {
    inner: (source) => `(SELECT *,\n  ${items.join(",\n  ")}\nFROM ${source})`,
    list: `${outer.join(", ")},\n  ${reject} AS x_reject`,
    columns,
    amount: resolve(typing.shape.amount, typing.header),
    currency: resolve(typing.shape.currency, typing.header),
  };
}
