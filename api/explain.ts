import { ask, type Measure, type Principal } from "../analysis/ask.ts";
import type { Policy } from "../analysis/allocation.ts";
import type { Snapshot } from "../analysis/snapshot.ts";
import { SENTINELS } from "../data/buckets.ts";
import { hint } from "../data/config.ts";
import { AppError } from "../data/errors.ts";
import { addAmounts } from "../data/money.ts";
import type { Param } from "../data/warehouse.ts";
import { requireTeam } from "./auth/needs.ts";
import { viewMonth } from "./meta.ts";
import { placeName, teamName, teamNames } from "./names.ts";
import type {
  Explain,
  ExplainCommitment,
  ExplainLine,
  ExplainMoved,
  ExplainPart,
} from "./schemas/explain.ts";

export const TARGETS =
  "team:ID, namespace:CLUSTER/NS, workload:CLUSTER/NS/KIND/NAME, resource:ARMID or bucket:NAME";

export interface ExplainRequest {
  target: string;
  month?: string;
  cost?: Measure;
  currency?: string;
  policy?: Policy;
  limit: number;
  offset: number;
}

interface Target {
  kind: "team" | "namespace" | "workload" | "resource" | "bucket";
  /** What narrows the queries; null narrows nothing. */
  filters: Record<
    "team" | "cluster" | "namespace" | "workload_kind" | "workload" | "resource",
    string | null
  >;
}

/** Reads a target; BAD_PARAMETER says how one is written. */
export function parseTarget(text: string): Target {
  const at = text.indexOf(":");
  const kind = text.slice(0, Math.max(0, at));
  const rest = text.slice(at + 1);
  const filters: Target["filters"] = {
    team: null,
    cluster: null,
    namespace: null,
    workload_kind: null,
    workload: null,
    resource: null,
  };
  const refuse = (why: string): never => {
    throw new AppError("BAD_PARAMETER", `target: ${why}; write ${TARGETS}`);
  };
  if (rest === "") return refuse(`"${text.slice(0, 80)}" names nothing`);
  switch (kind) {
    case "team":
      return { kind, filters: { ...filters, team: rest } };
    case "bucket":
      if (!Object.hasOwn(SENTINELS, rest))
        return refuse(
          `"${rest.slice(0, 60)}" is not a bucket${hint(rest.slice(0, 60), Object.keys(SENTINELS))}`,
        );
      return { kind, filters: { ...filters, team: rest } };
    case "resource":
      // What has no resource stands under its description, as written.
      return {
        kind,
        filters: { ...filters, resource: rest.startsWith("/") ? rest.trim().toLowerCase() : rest },
      };
    case "namespace": {
      // A cluster may be called anything; a namespace holds no slash.
      const match = /^(.+)\/([^/]+)$/.exec(rest);
      if (match === null) return refuse(`"${rest.slice(0, 80)}" is not CLUSTER/NS`);
      return {
        kind,
        filters: { ...filters, cluster: match[1] ?? "", namespace: match[2] ?? "" },
      };
    }
    case "workload": {
      const match = /^(.+)\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(rest);
      if (match === null) return refuse(`"${rest.slice(0, 80)}" is not CLUSTER/NS/KIND/NAME`);
      const [, cluster = "", namespace = "", workload_kind = "", workload = ""] = match;
      return { kind, filters: { ...filters, cluster, namespace, workload_kind, workload } };
    }
    default:
      return refuse(`"${text.slice(0, 80)}" is of no known kind`);
  }
}

/**
 * A figure with all that it is made of: undivided lines, shares of divided ones, what the policy
 * passes on. The three add up to showback's figure to the last digit.
 */
export async function explain(
  snapshot: Snapshot,
  principal: Principal,
  request: ExplainRequest,
  preferred: string,
  signal: AbortSignal,
): Promise<Explain> {
  const { kind, filters } = parseTarget(request.target);
  if (filters.team !== null) requireTeam(principal, filters.team);
  if (kind === "workload" && request.policy !== undefined && request.policy !== "keep")
    throw new AppError(
      "BAD_PARAMETER",
      `policy: workloads stand before redistribution; leave "${request.policy}" out, or explain the namespace`,
    );
  const policy = kind === "workload" ? "keep" : (request.policy ?? "configured");
  const about = {
    ...(request.month === undefined ? {} : { month: request.month }),
    ...(request.currency === undefined ? {} : { currency: request.currency }),
    ...(request.cost === undefined ? {} : { cost: request.cost }),
    ...(filters.cluster === null ? {} : { cluster: filters.cluster }),
    policy,
  };
  const view = await viewMonth(snapshot, principal, about, preferred, signal);
  const measure = request.cost ?? "effective";
  const { month } = view.entry;
  const query = async <T>(name: "explain-lines" | "explain-parts" | "explain-moved", more = {}) => {
    const { workload_kind, workload, ...places } = filters;
    const narrow = name === "explain-moved" ? places : { ...places, workload_kind, workload };
    const params: Record<string, Param> = { currency: view.currency, ...narrow, ...more };
    return ask<T>(snapshot, name, principal, { month, measure, params }, signal);
  };
  const found = await query<Counted<ExplainPart>>("explain-parts");
  const redistribution = kind === "workload" ? [] : await query<ExplainMoved>("explain-moved");
  if (found.length === 0 && redistribution.length === 0)
    throw new AppError(
      kind === "team" ? "TEAM_UNKNOWN" : "NOT_FOUND",
      `${request.target.slice(0, 200)} has no cost in ${month} in ${view.currency}; a target is ${TARGETS}`,
    );
  const rows = await query<Counted<Omit<ExplainLine, "teamName">>>("explain-lines", {
    limit: request.limit + 1,
    offset: request.offset,
  });
  const commitments = await ask<Omit<ExplainCommitment, "teamName">>(
    snapshot,
    "explain-commitments",
    principal,
    {
      month,
      measure,
      params: {
        policy,
        currency: view.currency,
        team: filters.team,
        cluster: filters.cluster,
        resource: filters.resource,
      },
    },
    signal,
  );
  const names = await teamNames(snapshot, principal, month, signal);
  const parts = found.map((part) => ({
    ...part,
    lines: Number(part.lines),
    unstated: Number(part.unstated),
  }));
  const own = addAmounts(parts.filter((part) => part.part === "line").map((part) => part.cost));
  const shares = addAmounts(parts.filter((part) => part.part !== "line").map((part) => part.cost));
  const moved = addAmounts(
    redistribution.filter((row) => row.policy === policy).map((row) => row.cost),
  );
  const total = addAmounts([own, shares, moved]);
  return {
    data: {
      target: request.target,
      name: nameOf(request.target, kind, filters, names),
      total,
      own,
      shares,
      moved,
      parts,
      redistribution,
      commitments: commitments.map((row) => ({ ...row, teamName: teamName(row.team, names) })),
      lines: rows.slice(0, request.limit).map((row) => ({
        ...row,
        billedSeconds: numberOf(row.billedSeconds),
        seenSeconds: numberOf(row.seenSeconds),
        coveredSeconds: numberOf(row.coveredSeconds),
        teamName: teamName(row.team, names),
      })),
      lineCount: parts.reduce((sum, part) => sum + part.lines, 0),
    },
    meta: {
      ...view.meta,
      total,
      previousTotal: null,
      unstated: parts.reduce((sum, part) => sum + part.unstated, 0),
      next: rows.length > request.limit ? String(request.offset + request.limit) : null,
    },
  };
}

/** Whole numbers of the engine arrive as text. */
type Counted<T> = {
  [K in keyof T]: T[K] extends number | null ? string | Extract<T[K], null> : T[K];
};

const numberOf = (text: string | null) => (text === null ? null : Number(text));

function nameOf(
  target: string,
  kind: Target["kind"],
  filters: Target["filters"],
  names: ReadonlyMap<string, string>,
): string {
  const rest = target.slice(target.indexOf(":") + 1);
  if (kind === "team" || kind === "bucket") return teamName(filters.team ?? rest, names);
  if (kind === "resource") return /([^/]+)\/?$/.exec(rest)?.[1] ?? rest;
  return placeName(kind, rest, names);
}
