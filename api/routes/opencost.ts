import { ask } from "../../analysis/ask.ts";
import { monthOf } from "../../analysis/snapshot.ts";
import { AppError } from "../../data/errors.ts";
import { type Static, Type } from "typebox";
import type { App, RouteContext } from "../app.ts";
import { allocationsOf, type CostRow, type UsageRow } from "../opencost/allocation.ts";
import { ALL, type Field, FIELDS, isOfWorkloads, parseFilter } from "../opencost/filter.ts";
import { openCostAllocation, openCostSummary, type Span } from "../opencost/shape.ts";
import { parseStep, parseWindow, type Window } from "../opencost/window.ts";
import { currencyFor } from "../meta.ts";
import { Problem } from "../schemas/common.ts";
import { clientSignal } from "./reply.ts";

const Flag = Type.Optional(
  Type.Unsafe<"true" | "false">(Type.Union([Type.Literal("true"), Type.Literal("false")])),
);
const Query = Type.Object(
  {
    window: Type.String({
      maxLength: 100,
      description: "today, yesterday, week, lastweek, month, lastmonth, 7d, 2w, or two times",
    }),
    aggregate: Type.Optional(
      Type.String({ maxLength: 200, description: `${FIELDS.join(", ")}, a list of them, or all` }),
    ),
    step: Type.Optional(
      Type.String({ maxLength: 20, description: "1d, 1w; the window unless said" }),
    ),
    accumulate: Type.Optional(Type.String({ maxLength: 10 })),
    includeIdle: Flag,
    idle: Flag,
    shareIdle: Flag,
    filter: Type.Optional(Type.String({ maxLength: 4000 })),
    currency: Type.Optional(Type.String({ pattern: "^[A-Z]{3}$" })),
    resolution: Type.Optional(
      Type.String({ maxLength: 20, description: "Taken and without effect: usage is kept whole." }),
    ),
    includeAggregatedMetadata: Flag,
  },
  { additionalProperties: false },
);

const Answer = Type.Object(
  {
    code: Type.Integer(),
    status: Type.String(),
    data: Type.Unknown(),
    message: Type.Optional(Type.String()),
    warning: Type.Optional(Type.String()),
  },
  { description: "As OpenCost answers; costs are floats rounded from exact amounts." },
);

const DAY = 86_400_000;
const MOST_STEPS = 400;

/** OpenCost's allocation, filled from the ledger: what was billed, and not what a price list says. */
export function openCostRoutes(app: App, context: RouteContext): void {
  for (const prefix of ["", "/model"])
    for (const path of ["/allocation", "/allocation/compute", "/allocation/summary"] as const)
      app.get(
        `${prefix}${path}`,
        {
          config: { needs: "figures" },
          schema: {
            hide: prefix !== "" || path === "/allocation/compute",
            summary: "Cost of clusters in OpenCost's shape",
            querystring: Query,
            response: { 200: Answer, "4xx": Problem, "5xx": Problem },
          },
        },
        async (request, reply) => {
          const sets = await answerOf(
            context,
            request.query,
            context.principal(request),
            clientSignal(reply),
          );
          const { spans, allocations, window, warning, step } = sets;
          const summary = path === "/allocation/summary";
          const maps = spans.map((span, at) =>
            Object.fromEntries(
              (allocations[at] ?? []).map((one) => [
                one.key,
                summary ? openCostSummary(one, span) : openCostAllocation(one, span),
              ]),
            ),
          );
          const data = summary
            ? {
                step: step * DAY * 1_000_000,
                sets: maps.map((map, at) => ({
                  allocations: map,
                  window: { start: spans[at]?.start, end: spans[at]?.end },
                })),
                window: { start: `${window.from}T00:00:00Z`, end: `${window.until}T00:00:00Z` },
              }
            : maps;
          return reply.send({
            code: 200,
            status: "success",
            data,
            ...(warning === null ? {} : { warning }),
          });
        },
      );
}

async function answerOf(
  context: RouteContext,
  query: Static<typeof Query>,
  principal: ReturnType<RouteContext["principal"]>,
  signal: AbortSignal,
) {
  const snapshot = context.snapshots.current;
  const window = parseWindow(query.window, context.now());
  const length = daysBetween(window.from, window.until);
  const wanted = query.step === undefined ? length : parseStep(query.step);
  const accumulate = accumulates(query.accumulate);
  const step = accumulate ? length : Math.min(wanted, length);
  if (length / step > MOST_STEPS)
    throw new AppError("BAD_PARAMETER", `step: at most ${MOST_STEPS} steps; ask for longer ones`);
  const aggregate = aggregateOf(query.aggregate);
  const filter =
    query.filter === undefined || query.filter === "" ? ALL : parseFilter(query.filter);
  const byWorkload = [...aggregate, ...filter.fields].some(isOfWorkloads);
  // The newest month says which currencies there are.
  const newest = monthOf(snapshot, undefined);
  const currency =
    query.currency ?? (await currencyFor(snapshot, principal, newest, context.currency, signal));
  const about = { currency, from: window.from, until: window.until };
  const params = { ...about, step, by_workload: byWorkload };
  const costs = await ask<CostRow>(snapshot, "allocation-cost", principal, { params }, signal);
  const usages = await ask<UsageRow>(snapshot, "allocation-usage", principal, { params }, signal);
  const billed = await ask<{ day: string }>(
    snapshot,
    "allocation-days",
    principal,
    { params: about },
    signal,
  );
  const spans = spansOf(window, step);
  const wish = {
    aggregate,
    filter,
    includeIdle: (query.includeIdle ?? query.idle) === "true",
    shareIdle: query.shareIdle === "true",
  };
  return {
    window,
    step,
    spans,
    // Steps are counted back from the end, answers are told from the start.
    allocations: spans.map((_, at) => {
      const back = spans.length - 1 - at;
      return allocationsOf(
        costs.filter((row) => row.step === back),
        usages.filter((row) => row.step === back),
        wish,
      );
    }),
    warning: unbilled(
      window,
      billed.map((row) => row.day),
    ),
  };
}

function accumulates(text: string | undefined): boolean {
  if (text === undefined || text === "false") return false;
  if (text === "true" || text === "all") return true;
  throw new AppError("BAD_PARAMETER", `accumulate: "${text}" is not one of true, false, all`);
}

function aggregateOf(text: string | undefined): Field[] {
  if (text === undefined || text === "")
    return ["cluster", "namespace", "controllerKind", "controller"];
  if (text === "all") return [];
  return text.split(",").map((part) => {
    const field = FIELDS.find((one) => one.toLowerCase() === part.trim().toLowerCase());
    if (field !== undefined) return field;
    throw new AppError(
      "BAD_PARAMETER",
      `aggregate: "${part.slice(0, 40)}" is not one of ${FIELDS.join(", ")}, all; cost is kept by workload and day, not by pod, container, node or label`,
    );
  });
}

function daysBetween(from: string, until: string): number {
  return (Date.parse(until) - Date.parse(from)) / DAY;
}

/** From the end backwards, so that the first may be shorter; oldest first. */
function spansOf(window: Window, step: number): Span[] {
  const spans: Span[] = [];
  const first = Date.parse(window.from);
  for (let end = Date.parse(window.until); end > first; end -= step * DAY) {
    const start = Math.max(first, end - step * DAY);
    spans.unshift({ start: timeText(start), end: timeText(end), minutes: (end - start) / 60_000 });
  }
  return spans;
}

const timeText = (time: number) => new Date(time).toISOString().replace(".000", "");

/** Says which days have no bill yet: their cost is unknown, and not nothing. */
function unbilled(window: Window, billed: readonly string[]): string | null {
  const known = new Set(billed);
  const missing: string[] = [];
  for (let time = Date.parse(window.from); time < Date.parse(window.until); time += DAY) {
    const day = timeText(time).slice(0, 10);
    if (!known.has(day)) missing.push(day);
  }
  if (missing.length === 0) return null;
  const which =
    missing.length === 1
      ? missing[0]
      : `${missing.length} days from ${missing[0]} to ${missing.at(-1)}`;
  return `not billed yet, so without cost: ${which}`;
}
