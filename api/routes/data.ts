import { ask } from "../../analysis/ask.ts";
import { Register } from "../../data/register.ts";
import { buildReports } from "../../data/register/reports.ts";
import type { CheckResult } from "../../analysis/checks.ts";
import type { App, RouteContext } from "../app.ts";
import { listMeta, viewMonth } from "../meta.ts";
import { Problem } from "../schemas/common.ts";
import {
  Reconciliation,
  ReconciliationQuery,
  Sources,
  type ReconciliationRow,
  type RestatementRow,
} from "../schemas/data.ts";
import { sourcesReport } from "../sources-report.ts";
import { teamName, teamNames } from "../names.ts";
import { clientSignal } from "./reply.ts";

const SHOWN_RESTATEMENTS = 200;

/** Can I trust today's numbers: sources, months, and whether it adds up. */
export function dataRoutes(app: App, context: RouteContext): void {
  app.get(
    "/api/v1/sources",
    {
      config: { needs: "operations" },
      schema: {
        summary: "Each source, its units and problems; the state of months; rejected rows",
        querystring: { type: "object", additionalProperties: false, properties: {} },
        response: { 200: Sources, "4xx": Problem, "5xx": Problem },
      },
    },
    async (request) => {
      const snapshot = context.snapshots.current;
      return {
        ...sourcesReport(context.paths.home, context.sources, snapshot.list),
        meta: listMeta(snapshot, context.principal(request)),
      };
    },
  );

  app.get(
    "/api/v1/reconciliation",
    {
      config: { needs: "company" },
      schema: {
        summary: "Bill, attribution and Azure's own total of a month side by side",
        querystring: ReconciliationQuery,
        response: { 200: Reconciliation, "4xx": Problem, "5xx": Problem },
      },
    },
    async (request, reply) => {
      const snapshot = context.snapshots.current;
      const principal = context.principal(request);
      const signal = clientSignal(reply);
      const view = await viewMonth(snapshot, principal, request.query, context.currency, signal);
      const { month } = view.entry;
      const data = await ask<ReconciliationRow & { lines: string; unstated: string }>(
        snapshot,
        "reconciliation",
        principal,
        { month },
        signal,
      );
      const checks = view.entry.stale
        ? lastChecks(context, month)
        : await ask<CheckResult>(snapshot, "checks", principal, { month }, signal);
      const restatements = await ask<RestatementRow>(
        snapshot,
        "restatements",
        principal,
        { month, params: { limit: SHOWN_RESTATEMENTS } },
        signal,
      );
      const names = await teamNames(snapshot, principal, month, signal);
      return reply.send({
        data: data.map((row) => ({
          ...row,
          lines: Number(row.lines),
          unstated: Number(row.unstated),
          rounded: withoutZeros(row.rounded),
        })),
        checks,
        restatements: restatements.map((row) => ({
          ...row,
          team: teamName(row.team, names),
        })),
        meta: view.meta,
      });
    },
  );
}

function lastChecks(context: RouteContext, month: string): CheckResult[] {
  const register = new Register(context.paths.register);
  try {
    const report = buildReports(register).find((build) => build.month === month);
    return JSON.parse(report?.checks ?? "[]") as CheckResult[];
  } finally {
    register.close();
  }
}

/** A residue has up to 36 digits, which `plainAmount` does not take. */
function withoutZeros(amount: string): string {
  return amount.includes(".") ? amount.replace(/0+$/, "").replace(/\.$/, "") : amount;
}
