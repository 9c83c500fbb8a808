import { ask, askStream, type Principal } from "../analysis/ask.ts";
import { monthOf, type Snapshot } from "../analysis/snapshot.ts";
import { csvRecord } from "../data/csv.ts";
import { AppError } from "../data/errors.ts";
import type { PublishedMonth } from "../data/published.ts";
import { plainAmount } from "../data/money.ts";
import { monthBounds } from "../data/period.ts";
import { FOCUS_EXPORT } from "../analysis/focus-export.ts";
import { METHOD_VERSION } from "../analysis/method.ts";

export const EXPORTS = ["statement", "allocation", "lines"] as const;
export type ExportName = (typeof EXPORTS)[number];

const STATEMENT_COLUMNS = [
  "BillingPeriodStart",
  "BillingPeriodEnd",
  "BusinessUnit",
  "CostCenter",
  "Team",
  "BillingCurrency",
  "BilledCost",
  "EffectiveCost",
  "ListCost",
  "DirectCost",
  "SharedCost",
  "IdleCost",
  "StatementNumber",
  "State",
] as const;
const OWN_LINE_COLUMNS = {
  x_Team: "x_team",
  x_BusinessUnit: "x_business_unit",
  x_Rule: "x_rule",
  x_Bucket: "x_bucket",
  x_Match: "x_match",
  x_Adjustment: "x_adjustment",
  x_Source: "x_source",
  x_Unit: "x_unit",
} as const;
/** FOCUS 1.3's columns of a divided charge, and ours. */
const ALLOCATED_COLUMNS = {
  AllocatedMethodId: "allocated_method_id",
  AllocatedMethodDetails: "allocated_method_details",
  AllocatedResourceId: "allocated_resource_id",
  AllocatedResourceName: "allocated_resource_name",
  AllocatedTags: "allocated_tags",
  x_Team: "x_team",
  x_BusinessUnit: "x_business_unit",
  x_Cluster: "x_cluster",
  x_Namespace: "x_namespace",
  x_Workload: "x_workload",
  x_Rule: "x_rule",
  x_Bucket: "x_bucket",
  x_Unit: "x_unit",
} as const;
const METHOD = `apportion-v${METHOD_VERSION}`;
const AMOUNT = /^-?\d+\.\d+$/;

export interface ExportRequest {
  month?: string | undefined;
  team?: string | undefined;
  /** Of a statement that is being closed: its number. */
  number?: number;
}

export type StatementRow = Readonly<
  Record<(typeof STATEMENT_COLUMNS)[number], string | number | null>
>;

/** The rows of a month's statement as of today, amounts in plain decimal text. */
export async function statementRows(
  snapshot: Snapshot,
  principal: Principal,
  request: ExportRequest,
  signal?: AbortSignal,
): Promise<StatementRow[]> {
  const entry = monthOf(snapshot, request.month);
  const { start, end } = monthBounds(entry.month);
  const rows = await ask(
    snapshot,
    "statement",
    principal,
    {
      month: entry.month,
      params: {
        team: request.team ?? null,
        start: `${start}T00:00:00Z`,
        end: `${end}T00:00:00Z`,
        number: request.number ?? null,
        state: request.number === undefined ? liveState(entry) : "closed",
      },
    },
    signal,
  );
  return rows.map(
    (row) =>
      Object.fromEntries(
        STATEMENT_COLUMNS.map((column) => [column, plain(row[column])]),
      ) as StatementRow,
  );
}

/** Writes one of the CSVs, record by record; `write` resolves when the reader took it. */
export async function writeExport(
  name: ExportName,
  snapshot: Snapshot,
  principal: Principal,
  request: ExportRequest,
  write: (text: string) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const entry = monthOf(snapshot, request.month);
  const { month } = entry;
  const team = request.team ?? null;
  if (name === "statement") {
    const rows = await statementRows(snapshot, principal, request, signal);
    if (rows.length === 0 && team !== null)
      throw new AppError("TEAM_UNKNOWN", `team "${team}" has no cost in ${month}`);
    await write(csvRecord(STATEMENT_COLUMNS));
    for (const row of rows) await write(csvRecord(STATEMENT_COLUMNS.map((column) => row[column])));
    return;
  }
  const own = name === "allocation" ? ALLOCATED_COLUMNS : OWN_LINE_COLUMNS;
  await write(csvRecord([...Object.keys(FOCUS_EXPORT), ...Object.keys(own)]));
  const columns = [...Object.values(FOCUS_EXPORT), ...Object.values(own)];
  const { start, end } = monthBounds(month);
  await askStream(
    snapshot,
    name,
    principal,
    {
      month,
      params: { team, ...(name === "allocation" ? { start, end, method: METHOD } : {}) },
    },
    async (rows) => {
      await write(
        rows
          .map((row) => csvRecord(columns.map((column) => plain(timeText(row[column])))))
          .join(""),
      );
    },
    signal,
  );
}

/** What a view of today says of itself: of a closed month, that these figures are not the closed ones. */
function liveState({ state, builtState }: PublishedMonth): string {
  return builtState ?? state;
}

/** Amounts come with 18 decimals; trailing zeros say nothing. */
function plain(value: unknown): unknown {
  return typeof value === "string" && AMOUNT.test(value) ? plainAmount(value) : value;
}

/** `2026-08-01 00:00:00` as FOCUS writes it. */
function timeText(value: unknown): unknown {
  return typeof value === "string" && /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(value)
    ? `${value.replace(" ", "T")}Z`
    : value;
}
