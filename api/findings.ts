import { unpackHours } from "../analysis/findings/hours.ts";
import { ask } from "../analysis/ask.ts";
import type { Principal } from "../analysis/principal.ts";
import type { Snapshot } from "../analysis/snapshot.ts";
import { FINDING_KINDS, type FindingKind, KINDS } from "../analysis/findings/kinds.ts";
import { ASSUMPTIONS } from "../analysis/findings/money/repack.ts";
import {
  helmValues,
  isPatchable,
  kustomizePatch,
  type PatchedContainer,
  strategicPatch,
} from "../analysis/findings/patch.ts";
import { meaningOf } from "../analysis/findings/recommend/codes.ts";
import { hint } from "../data/config.ts";
import { AppError } from "../data/errors.ts";
import { addDays, parseDay } from "../data/period.ts";
import type { Dismissal } from "../data/register/findings.ts";
import type { Row } from "../data/warehouse.ts";
import { listMeta } from "./meta.ts";
import { teamName, teamNames } from "./names.ts";
import type {
  FindingDetail,
  FindingHour,
  FindingRow,
  Findings,
  FindingsQuery,
  Recommendation,
} from "./schemas/findings.ts";

/** What is asked of findings, by the command, the API and the pages alike. */
export interface FindingsAsked extends Omit<FindingsQuery, "cursor"> {
  id?: string;
  offset?: number;
}

interface Found extends Row {
  id: string;
  kind: FindingKind;
  team: string;
  workloadKind: string | null;
  workload: string | null;
  evidence: string;
  dismissedUntil: string | null;
  dismissedReason: string | null;
  dismissedBy: string | null;
  seriesId: number | null;
  currency: string;
}

/** Who asks, of which publish, and the decisions made so far. */
export interface FindingsView {
  snapshot: Snapshot;
  principal: Principal;
  dismissals: readonly Dismissal[];
  /** The currency told first. */
  currency: string;
  signal: AbortSignal;
}

/** A page of findings, most to save first, and what all of them are worth. */
export async function listFindings(view: FindingsView, asked: FindingsAsked): Promise<Findings> {
  const { snapshot, principal, signal } = view;
  if (asked.kind !== undefined && !(KINDS as readonly string[]).includes(asked.kind))
    throw new AppError(
      "BAD_PARAMETER",
      `kind: "${asked.kind.slice(0, 60)}" is not one of ${KINDS.join(", ")}${hint(asked.kind.slice(0, 60), KINDS)}`,
    );
  const dismissed = view.dismissals.map((one) => JSON.stringify(one));
  const sums = await ask<Findings["sums"][number]>(
    snapshot,
    "findings-sum",
    principal,
    { params: { dismissed, team: asked.team ?? null } },
    signal,
  );
  const currencies = [...new Set(sums.map((sum) => sum.currency))];
  const currency =
    asked.currency ??
    (currencies.includes(view.currency) ? view.currency : (currencies[0] ?? view.currency));
  const limit = asked.limit ?? 100;
  const offset = asked.offset ?? 0;
  const rows = await ask<Found>(
    snapshot,
    "findings",
    principal,
    { params: { ...paramsOf(asked), dismissed, currency, limit: limit + 1, offset } },
    signal,
  );
  const names = await namesOf(view);
  const { findings } = snapshot.list;
  return {
    data: rows.slice(0, limit).map((row) => rowOf(row, names)),
    sums: sums.map((sum) => ({
      ...sum,
      kindName: FINDING_KINDS[sum.kind as FindingKind]?.name ?? sum.kind,
    })),
    made: { at: findings?.publishedAt ?? null, stale: findings?.stale ?? false },
    assumptions: [...ASSUMPTIONS],
    meta: {
      ...listMeta(snapshot, principal),
      currency,
      currencies,
      next: rows.length > limit ? String(offset + limit) : null,
    },
  };
}

/** One finding with its evidence, and what to apply where it is a request to change. */
export async function showFinding(view: FindingsView, id: string): Promise<FindingDetail> {
  const { snapshot, principal, signal } = view;
  const row = await foundRow(view, id);
  const days = await ask<FindingDetail["data"]["days"][number]>(
    snapshot,
    "finding-days",
    principal,
    { params: { id } },
    signal,
  );
  const recommended = await recommendationsOf(view, [row]);
  const [own] = recommended;
  const [packed] =
    row.seriesId === null
      ? []
      : await ask<{ first: number; hours: number; packed: string }>(
          snapshot,
          "finding-hours",
          principal,
          { params: { series: row.seriesId } },
          signal,
        );
  const isChange = row.kind === "oversized-container" || row.kind === "undersized-container";
  return {
    data: {
      finding: rowOf(row, await namesOf(view)),
      days,
      hours: packed === undefined ? [] : hoursOf(packed),
      recommendation: own === undefined ? null : recommendationOf(own),
      why: own === undefined ? [] : whyOf(recommendationOf(own)),
      patch: own === undefined || !isChange ? null : patchOf(own),
    },
    meta: { ...listMeta(snapshot, principal), currency: row.currency, currencies: [row.currency] },
  };
}

function whyOf(recommendation: Recommendation): FindingDetail["data"]["why"] {
  const { class: behaves, abstainedCpu, abstainedMem, reasons } = recommendation;
  return [behaves, abstainedCpu, abstainedMem, ...reasons]
    .filter((code) => code !== null)
    .map((code) => ({ code, meaning: meaningOf(code) }));
}

function hoursOf({ packed, first, hours }: { packed: string; first: number; hours: number }) {
  const asked = (value: number) => (value < 0 ? null : value);
  return unpackHours(Buffer.from(packed, "base64"), first, hours).map(
    ({ hour, ...figures }): FindingHour => ({
      ...figures,
      at: hour * 3600,
      cpuRequest: asked(figures.cpuRequest),
      memRequest: asked(figures.memRequest),
      cpuLimit: asked(figures.cpuLimit),
      memLimit: asked(figures.memLimit),
    }),
  );
}

/** The finding of that id that the caller may see; FINDING_UNKNOWN else. */
export async function foundRow(view: FindingsView, id: string): Promise<Found> {
  const { snapshot, principal, signal } = view;
  const [row] = await ask<Found>(
    snapshot,
    "findings",
    principal,
    {
      params: {
        ...paramsOf({ id, state: "all" }),
        dismissed: view.dismissals.map((one) => JSON.stringify(one)),
        currency: null,
        limit: 1,
        offset: 0,
      },
    },
    signal,
  );
  if (row === undefined)
    throw new AppError(
      "FINDING_UNKNOWN",
      `there is no finding ${id.slice(0, 60)}; "apportion findings" lists them`,
    );
  return row;
}

/** The last day of a dismissal: a day that exists, from today to a year on. */
export function dismissedUntil(text: string, today: string): string {
  const day = parseDay(text, "until");
  const most = addDays(today, 366);
  if (day < today || day > most)
    throw new AppError(
      "BAD_PARAMETER",
      `until: ${day} is not from today, ${today}, to ${most}; what is dismissed comes back`,
    );
  return day;
}

/** Strategic-merge patches of the findings that change requests, one document a workload. */
export async function patchesOf(view: FindingsView, asked: FindingsAsked): Promise<string> {
  const { snapshot, principal, signal } = view;
  const dismissed = view.dismissals.map((one) => JSON.stringify(one));
  const rows = await ask<Found>(
    snapshot,
    "findings",
    principal,
    { params: { ...paramsOf(asked), dismissed, currency: null, limit: 100_000, offset: 0 } },
    signal,
  );
  const changes = rows.filter(
    (row) => row.kind === "oversized-container" || row.kind === "undersized-container",
  );
  const containers = (await recommendationsOf(view, changes)).filter((row) =>
    isPatchable(row.workloadKind),
  );
  const workloads = Map.groupBy(
    containers,
    (row) => `${row.cluster}/${row.namespace}/${row.workloadKind}/${row.workload}`,
  );
  return [...workloads]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([, rows]) => `# cluster ${rows[0]?.cluster ?? ""}\n${strategicPatch(rows.map(patchedOf))}`,
    )
    .join("---\n");
}

function paramsOf(asked: FindingsAsked) {
  return {
    id: asked.id ?? null,
    kind: asked.kind ?? null,
    team: asked.team ?? null,
    cluster: asked.cluster ?? null,
    text: asked.q === undefined || asked.q === "" ? null : asked.q,
    state: asked.state ?? "open",
  };
}

/** Names of teams as the newest month has them; ids where no month is published. */
async function namesOf({
  snapshot,
  principal,
  signal,
}: FindingsView): Promise<Map<string, string>> {
  const newest = snapshot.list.months.findLast((month) => month.file !== null);
  return newest === undefined
    ? new Map<string, string>()
    : teamNames(snapshot, principal, newest.month, signal);
}

function rowOf(row: Found, names: ReadonlyMap<string, string>): FindingRow {
  const {
    seriesId: _,
    workloadKind,
    workload,
    evidence,
    dismissedUntil,
    dismissedReason,
    dismissedBy,
    ...rest
  } = row;
  return {
    ...(rest as unknown as FindingRow),
    kindName: FINDING_KINDS[row.kind].name,
    action: FINDING_KINDS[row.kind].action,
    workload: workload === null ? null : `${workloadKind ?? ""}/${workload}`,
    teamName: teamName(row.team, names),
    evidence: JSON.parse(evidence) as FindingRow["evidence"],
    dismissed:
      dismissedUntil === null
        ? null
        : { until: dismissedUntil, reason: dismissedReason ?? "", by: dismissedBy ?? "" },
  };
}

interface Recommended extends Row {
  cluster: string;
  namespace: string;
  workloadKind: string;
  workload: string;
  container: string;
  cpuRecommended: string | null;
  memRecommended: string | null;
  memLimitRecommended: string | null;
  cpuLimit: string | null;
}

async function recommendationsOf(
  { snapshot, principal, signal }: FindingsView,
  rows: readonly Found[],
): Promise<Recommended[]> {
  const series = rows.flatMap((row) => (row.seriesId === null ? [] : String(row.seriesId)));
  if (series.length === 0) return [];
  return ask<Recommended>(snapshot, "recommendations", principal, { params: { series } }, signal);
}

/** Microcores and bytes stay well within what a number holds exactly. */
function recommendationOf(row: Recommended): Recommendation {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value,
    ]),
  ) as unknown as Recommendation;
}

function patchedOf(row: Recommended): PatchedContainer {
  const whole = (text: string | null) => (text === null ? null : Number(text));
  return {
    ...row,
    cpu: whole(row.cpuRecommended),
    mem: whole(row.memRecommended),
    memLimit: whole(row.memLimitRecommended),
    hasCpuLimit: row.cpuLimit !== null,
  };
}

function patchOf(row: Recommended): FindingDetail["data"]["patch"] {
  if (!isPatchable(row.workloadKind)) return null;
  const one = patchedOf(row);
  return {
    strategic: strategicPatch([one]),
    kustomize: kustomizePatch([one]),
    helm: helmValues(one),
  };
}
