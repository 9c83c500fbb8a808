import { hint } from "../../data/config.ts";
import { AppError } from "../../data/errors.ts";
import { addMonths } from "../../data/period.ts";
import { ask, type KeyDimension, type QueryName } from "../../analysis/ask.ts";
import type { Param } from "../../data/warehouse.ts";
import type { App, RouteContext } from "../app.ts";
import { placeName, teamName, teamNames } from "../names.ts";
import { sendArrow, wantsArrow } from "../arrow.ts";
import { coverageByCluster, coverageText, filters, viewMonth } from "../meta.ts";
import { DIMENSIONS, Problem, TREND_DIMENSIONS } from "../schemas/common.ts";
import {
  Movers,
  MoversQuery,
  Showback,
  ShowbackQuery,
  ShowbackRow,
  Trend,
  TrendRow,
  TrendQuery,
} from "../schemas/showback.ts";
import { clientSignal, cursorOffset, unchanged } from "./reply.ts";

const ROW_COLUMNS = Object.keys(ShowbackRow.properties);
const TREND_COLUMNS = Object.keys(TrendRow.properties);

const problems = { "4xx": Problem, "5xx": Problem };

/** Dimensions that are no column of the month's summary. */
const QUERIES: Readonly<Record<string, QueryName>> = {
  resource: "showback-resource",
  day: "showback-day",
  workload: "showback-workload",
};

interface Found {
  key: string;
  name?: string;
  team: string | null;
  bucket: string;
  cost: string;
  direct: string;
  shared: string;
  idle: string;
  previous: string | null;
}

export function showbackRoutes(app: App, context: RouteContext): void {
  app.get(
    "/api/v1/showback",
    {
      config: { needs: "figures", remember: true },
      schema: {
        summary: "Cost of a month by one dimension",
        querystring: ShowbackQuery,
        response: { 200: Showback, ...problems },
      },
    },
    async (request, reply) => {
      const snapshot = context.snapshots.current;
      const principal = context.principal(request);
      const signal = clientSignal(reply);
      const by = dimension(request.query.by ?? "team", DIMENSIONS);
      const query = by === "workload" ? beforeRedistribution(request.query) : request.query;
      if (by === "resource" && query.cluster !== undefined)
        throw new AppError(
          "BAD_PARAMETER",
          "cluster: resources are not known by cluster; ask by=namespace or by=workload",
        );
      if (unchanged(request, reply, snapshot)) return reply.code(304).send(undefined as never);
      const view = await viewMonth(snapshot, principal, query, context.currency, signal);
      const limit = query.limit ?? (by === "day" ? 400 : 100);
      const offset = cursorOffset(query.cursor);
      const name = QUERIES[by] ?? "showback";
      const rows = await ask<Found>(
        snapshot,
        name,
        principal,
        {
          month: view.entry.month,
          measure: query.cost ?? "effective",
          ...(name === "showback" ? { key: by as KeyDimension } : {}),
          params: paramsOf(by, query, view.currency, limit + 1, offset),
        },
        signal,
      );
      const names = await teamNames(snapshot, principal, view.entry.month, signal);
      const coverage =
        by === "cluster"
          ? await coverageByCluster(snapshot, principal, view.entry.month, query.cluster, signal)
          : null;
      const data = rows.slice(0, limit).map((row): ShowbackRow => {
        const own = coverage?.get(row.key);
        return {
          ...row,
          name: nameOf(by, row, names),
          ...(own === undefined ? {} : { coverage: coverageText([own]) }),
        };
      });
      const next = rows.length > limit ? String(offset + limit) : null;
      const meta = { ...view.meta, next };
      if (wantsArrow(request)) return sendArrow(reply as never, data, ROW_COLUMNS, meta) as never;
      return reply.send({ data, meta });
    },
  );

  app.get(
    "/api/v1/showback/trend",
    {
      config: { needs: "figures", remember: true },
      schema: {
        summary: "Cost month by month",
        querystring: TrendQuery,
        response: { 200: Trend, ...problems },
      },
    },
    async (request, reply) => {
      const snapshot = context.snapshots.current;
      const principal = context.principal(request);
      const signal = clientSignal(reply);
      const query = request.query;
      const by = query.by === undefined ? "all" : dimension(query.by, TREND_DIMENSIONS);
      if (unchanged(request, reply, snapshot)) return reply.code(304).send(undefined as never);
      const view = await viewMonth(snapshot, principal, query, context.currency, signal);
      const last = view.entry.month;
      const first = addMonths(last, 1 - (query.months ?? 13));
      const rows = await ask<{ month: string; key: string; cost: string }>(
        snapshot,
        "trend",
        principal,
        {
          measure: query.cost ?? "effective",
          key: by as KeyDimension,
          params: {
            currency: view.currency,
            policy: query.policy ?? "configured",
            ...filters(query),
            first,
            last,
          },
        },
        signal,
      );
      const names = await teamNames(snapshot, principal, view.entry.month, signal);
      const states = new Map(snapshot.list.months.map((month) => [month.month, month.state]));
      const data = rows.map((row) => ({
        ...row,
        name: nameOf(by, row, names),
        state: states.get(row.month) ?? ("open" as const),
      }));
      if (wantsArrow(request))
        return sendArrow(reply as never, data, TREND_COLUMNS, view.meta) as never;
      return reply.send({ data, meta: view.meta });
    },
  );

  app.get(
    "/api/v1/showback/movers",
    {
      config: { needs: "figures", remember: true },
      schema: {
        summary: "What moved most against the month before, and what moved it",
        querystring: MoversQuery,
        response: { 200: Movers, ...problems },
      },
    },
    async (request, reply) => {
      const snapshot = context.snapshots.current;
      const principal = context.principal(request);
      const signal = clientSignal(reply);
      const query = request.query;
      if (unchanged(request, reply, snapshot)) return reply.code(304).send(undefined as never);
      const view = await viewMonth(snapshot, principal, query, context.currency, signal);
      const before = addMonths(view.entry.month, -1);
      const rows = Object.hasOwn(snapshot.schemas, before)
        ? await ask<Omit<Movers["data"][number], "teamName">>(
            snapshot,
            "movers",
            principal,
            {
              month: view.entry.month,
              measure: query.cost ?? "effective",
              params: {
                currency: view.currency,
                policy: query.policy ?? "configured",
                team: query.team ?? null,
                limit: query.limit ?? 10,
              },
            },
            signal,
          )
        : [];
      const names = await teamNames(snapshot, principal, view.entry.month, signal);
      return reply.send({
        data: rows.map((row) => ({ ...row, teamName: teamName(row.team, names) })),
        meta: view.meta,
      });
    },
  );
}

/** Workloads are known before anything is passed on; any other policy would be a wrong label. */
function beforeRedistribution(query: ShowbackQuery): ShowbackQuery {
  if (query.policy !== undefined && query.policy !== "keep")
    throw new AppError(
      "BAD_PARAMETER",
      `policy: workloads stand before redistribution; leave "${query.policy}" out, or ask by=namespace`,
    );
  return { ...query, policy: "keep" };
}

function paramsOf(
  by: string,
  query: ShowbackQuery,
  currency: string,
  limit: number,
  offset: number,
): Record<string, Param> {
  const { team, cluster, namespace } = filters(query);
  return {
    currency,
    team,
    limit,
    offset,
    ...(by === "workload" ? {} : { policy: query.policy ?? "configured" }),
    ...(by === "resource" ? {} : { cluster, namespace }),
  };
}

function dimension<T extends string>(asked: string, known: readonly T[]): T {
  if ((known as readonly string[]).includes(asked)) return asked as T;
  throw new AppError(
    "BAD_PARAMETER",
    `by: "${asked.slice(0, 60)}" is not a dimension${hint(asked.slice(0, 60), known)}`,
  );
}

function nameOf(
  by: string,
  row: Pick<Found, "key" | "name">,
  names: ReadonlyMap<string, string>,
): string {
  if (by === "team") return teamName(row.key, names);
  if (["cluster", "namespace", "workload"].includes(by)) return placeName(by, row.key, names);
  if (by === "resource") return row.name === undefined || row.name === "" ? row.key : row.name;
  if (row.key !== "") return row.key;
  return by === "environment" ? "No environment" : "Not stated";
}
