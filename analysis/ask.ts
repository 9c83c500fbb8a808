import { loadSql, fillSql, type Slots } from "../data/sql.ts";
import { addMonths } from "../data/period.ts";
import { damagedMonth, isBlockDamage, type Param, type Row } from "../data/warehouse.ts";
import type { Principal } from "./principal.ts";
import type { Snapshot } from "./snapshot.ts";
import { NOTHING } from "./visible.ts";

export { LOCAL_ADMINISTRATOR, type Principal } from "./principal.ts";

export const MEASURE_COLUMNS = {
  effective: "effective",
  billed: "billed",
  list: "list",
  contracted: "contracted",
} as const;
export type Measure = keyof typeof MEASURE_COLUMNS;

const LINE_COLUMNS = {
  effective: "effective_cost",
  billed: "billed_cost",
  list: "list_cost",
  contracted: "contracted_cost",
} as const;

const NULL_COLUMNS = {
  effective: "effective_nulls",
  billed: "billed_nulls",
  list: "list_nulls",
  contracted: "contracted_nulls",
} as const;

/** What stands where in a cluster: its namespace, else the sentinel, else the team it was passed to. */
const PLACE =
  "CASE WHEN namespace <> '' THEN namespace WHEN starts_with(bucket, '__') THEN bucket ELSE concat('team:', team) END";

/**
 * Whether a row stands at `$namespace`. A namespace is asked for by its column, whose values the engine looks up
 * and of which it passes over whole stretches; an expression of it would be worked out for every row.
 */
const AT_PLACE = { namespace: "namespace = $namespace", other: `${PLACE} = $namespace` } as const;
const atPlace = (namespace: Param | undefined): keyof typeof AT_PLACE =>
  typeof namespace !== "string" || /^(?:$|__|team:)/.test(namespace) ? "other" : "namespace";

/** Dimensions of `spend_month`, by the name the API gives them. */
export const KEY_COLUMNS = {
  team: "team",
  businessUnit: "business_unit",
  service: "service",
  environment: "environment",
  cluster: "cluster",
  namespace: `CASE WHEN cluster = '' THEN '' ELSE concat(cluster, '/', ${PLACE}) END`,
  all: "'all'",
} as const;
export type KeyDimension = keyof typeof KEY_COLUMNS;

export type QueryName =
  | "showback"
  | "showback-day"
  | "showback-resource"
  | "showback-workload"
  | "coverage"
  | "allocation-cost"
  | "allocation-usage"
  | "allocation-days"
  | "explain-lines"
  | "explain-parts"
  | "explain-moved"
  | "explain-commitments"
  | "usage"
  | "total"
  | "total-company"
  | "currencies"
  | "trend"
  | "movers"
  | "statement"
  | "open-money"
  | "pack-units"
  | "pack-controls"
  | "pack-causes"
  | "lines"
  | "allocation"
  | "reconciliation"
  | "restatements"
  | "checks"
  | "rule-facts"
  | "teams"
  | "findings"
  | "findings-sum"
  | "finding-days"
  | "finding-hours"
  | "recommendations"
  | "backtest";

/** The one query that shows teams what all of them cost together, where `server.totals` says so. */
const COMPANY_TOTAL = "total-company" satisfies QueryName;

/** What a parameter is where the question does not say. */
const UNSAID: Readonly<Record<string, Param>> = {
  policy: "configured",
  cluster: null,
  namespace: null,
};

export interface Question {
  month?: string;
  measure?: Measure;
  key?: KeyDimension;
  params?: Record<string, Param>;
}

/**
 * The only way to run a query for a person, and the only place that computes their scope. A query
 * reads `visible_*($scope)` and nothing else, so it cannot be written without one.
 */
export async function ask<T = Row>(
  snapshot: Snapshot,
  name: QueryName,
  principal: Principal,
  question: Question,
  signal?: AbortSignal,
): Promise<T[]> {
  const { sql, params } = prepared(snapshot, name, principal, question);
  const key = `${sql}\u0000${JSON.stringify(params)}`;
  const known = snapshot.answers.get(key);
  if (known !== undefined) return known as T[];
  const kind = `${name} ${question.key ?? ""}`;
  const rows = await snapshot.pool
    .with({ signal, caller: principal.caller, kind }, (session) => session.rows<T>(sql, params))
    .catch((error: unknown) => damaged(snapshot, question, error));
  snapshot.answers.set(key, rows);
  return rows;
}

/** As `ask`, in batches, for answers of any size; holds one session until the reader is done. */
export async function askStream(
  snapshot: Snapshot,
  name: QueryName,
  principal: Principal,
  question: Question,
  each: (rows: Row[]) => Promise<void>,
  signal?: AbortSignal,
  deadline = 15 * 60_000,
): Promise<void> {
  const { sql, params } = prepared(snapshot, name, principal, question);
  await snapshot.pool
    .with({ signal, caller: principal.caller, deadline, stream: true }, async (session) => {
      for await (const rows of session.stream(sql, params)) await each(rows);
    })
    .catch((error: unknown) => damaged(snapshot, question, error));
}

/** Names the published file in which the engine met bytes it did not write. */
function damaged(snapshot: Snapshot, question: Question, error: unknown): never {
  if (!isBlockDamage(error)) throw error;
  const month = snapshot.list.months.find((entry) => entry.month === question.month);
  throw damagedMonth(
    month?.file == null ? "one of the published months" : snapshot.pathOf(month.file),
    error,
  );
}

function prepared(
  snapshot: Snapshot,
  name: QueryName,
  principal: Principal,
  question: Question,
): { sql: string; params: Record<string, Param> } {
  // A piece that several queries share is filled in first, with its own slots in it.
  const text = stripComments(textOf(name)).replace("{{entries}}", () =>
    stripComments(textOf("explain-entries")),
  );
  const measure = question.measure ?? "effective";
  const month = question.month ?? NOTHING;
  const tables: Record<string, Slots[string]> = {
    month: [snapshot.schemas, month],
    previous: [{ ...snapshot.schemas, [NOTHING]: NOTHING }, previousOf(snapshot, month)],
    measure: [MEASURE_COLUMNS, measure],
    line_measure: [LINE_COLUMNS, measure],
    nulls: [NULL_COLUMNS, measure],
    key: [KEY_COLUMNS, question.key ?? "team"],
    place: [{ place: PLACE }, "place"],
    at_place: [AT_PLACE, atPlace(question.params?.["namespace"])],
  };
  const slots = Object.fromEntries(
    Object.entries(tables).filter(([slot]) => text.includes(`{{${slot}}}`)),
  );
  return {
    sql: fillSql(text, slots),
    params: {
      ...Object.fromEntries(Object.entries(UNSAID).filter(([name]) => text.includes(`$${name}`))),
      ...question.params,
      ...scopeParams(name, text, principal),
    },
  };
}

/** The only place a person becomes a filter; a question cannot bind these itself, they come last. */
function scopeParams(name: QueryName, text: string, principal: Principal): Record<string, Param> {
  const { teams, wholes } = principal.scope;
  const company = name === COMPANY_TOTAL && wholes;
  return { scope: company ? null : teams, ...(text.includes("$wholes") ? { wholes } : {}) };
}

function previousOf(snapshot: Snapshot, month: string): string {
  if (month === NOTHING) return NOTHING;
  const previous = addMonths(month, -1);
  return Object.hasOwn(snapshot.schemas, previous) ? previous : NOTHING;
}

function textOf(name: QueryName | "explain-entries"): string {
  return loadSql(new URL(`./queries/${name}.sql`, import.meta.url));
}

/** Header comments hold slot names for people; they are no slots. */
function stripComments(text: string): string {
  return text.replaceAll(/^--.*\n/gm, "");
}
