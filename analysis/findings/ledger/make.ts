import { fromUnits, toUnits } from "../../../data/money.ts";
import { keepFindings, type SeenFinding, seenFindings } from "../../../data/register/findings.ts";
import { noted } from "../../../data/register.ts";
import { loadSql } from "../../../data/sql.ts";
import { checkFindings, type FindingCheck } from "../checks.ts";
import { accountRows, findInCloud } from "../cloud/cloud.ts";
import { findDormant, findIdle } from "../idle/idle.ts";
import type { FindingsContext } from "../context.ts";
import { FINDING_KINDS } from "../kinds.ts";
import { findContainers } from "../money/containers.ts";
import { computeAccounts, readEstate } from "../money/estate.ts";
import { freedNodes } from "../money/pools.ts";
import { prepareWorth, type Span } from "../worth/prepare.ts";
import { type Candidate, findingId } from "./candidate.ts";
import { type Dated, dated, savedSince } from "./history.ts";
import {
  type Account,
  type Claimant,
  type Entry,
  type Pool,
  settle,
  type Taken,
  takeClaims,
} from "./ledger.ts";

/** A finding as it is kept in the register and published. */
interface Finding extends Omit<Candidate, "claims" | "extra"> {
  cost: string;
  paper: string;
  realisable: string;
  extra: string;
  claimedBy: string | null;
  windowFrom: string;
  windowUntil: string;
}

/**
 * Makes `finding` and `finding_day`, behind the recommendations:
 *
 *   bill lines, inventory -> cloud findings ─┐
 *   recommendations ─┬─> idle ─> dormant ────┼─> claims on accounts, by rank ─> re-pack of pools
 *                    └─> requests to change ─┘        └─> paper, realisable ─> with their history
 *
 * @returns the checks that held; empty where there is no bill
 */
export async function makeWorth(context: FindingsContext): Promise<FindingCheck[]> {
  const { session, register } = context;
  context.progress("pricing findings");
  const span = await prepareWorth(context);
  if (span === null) return [];
  const estate = await readEstate(session);
  const idle = await findIdle(context, estate);
  const dormant = await findDormant(context, estate, idle);
  const containers = await findContainers(context, estate);
  const cloud = await findInCloud(context);
  const candidates = new Map(
    [...dormant, ...idle, ...containers.map((one) => one.candidate), ...cloud]
      .filter((one) => one.kind === "undersized-container" || hasMoney(one))
      .map((one) => [findingId(one.kind, one.subject), one]),
  );

  const accounts = computeAccounts(estate);
  for (const row of await accountRows(context))
    accounts.set(`${row.account}\n${row.currency}`, {
      cost: toUnits(row.cost),
      hourly: toUnits(row.hourly),
    });
  const claimants = [...candidates].map(([id, { kind, claims }]): Claimant => ({
    id,
    rank: FINDING_KINDS[kind].rank,
    ends: kind === "dormant-namespace" || kind === "idle-workload",
    claims,
  }));
  const taken = takeClaims(claimants, accounts);
  const own = new Set(taken.filter((one) => one.claimedBy === null).map((one) => one.claimant.id));
  const freed = await freedNodes(context, taken, {
    // A dormant namespace's workloads are idle ones, all of them.
    gone: new Set(idle.map((one) => one.subject)),
    requests: new Map(
      containers
        .filter(({ candidate }) => candidate.kind === "oversized-container")
        .filter(({ candidate }) => own.has(findingId(candidate.kind, candidate.subject)))
        .map(({ candidate, change }) => [candidate.subject, change]),
    ),
  });
  const pools = new Map(
    [...estate.pools].map(([key, cost]): [string, Pool] => [
      key,
      { cost, freed: freed.get(key) ?? 0 },
    ]),
  );
  for (const one of candidates.values()) {
    const mine = [...new Set(one.claims.flatMap((claim) => claim.pool ?? []))];
    for (const key of mine) {
      const pool = pools.get(key);
      if (pool === undefined) continue;
      one.evidence.push({
        fact: `nodes freed in pool ${key}, all findings together`,
        value: String(pool.freed),
      });
    }
  }
  const entries = settle(taken, accounts, pools);
  const findings = new Map(
    [...candidates].map(([id, one]) => [id, findingOf(one, entries.get(id), accounts, span)]),
  );
  const seen = seenFindings(register);
  const places = new Set(context.inputs.windows.map((window) => window.cluster));
  const history = dated(seen, new Set(findings.keys()), span.until, (finding) => {
    const { cluster } = JSON.parse(finding.finding) as Finding;
    return cluster === null || places.has(cluster);
  });
  await write(context, span, findings, seen, history);
  await writeClaims(session, taken, candidates);
  const checks = await checkFindings(session);
  const before = new Map(seen.map((one) => [one.id, one]));
  const changed = history.flatMap((one): SeenFinding[] => {
    const stored = before.get(one.id);
    const finding = findings.get(one.id);
    const text = finding === undefined ? stored?.finding : JSON.stringify(finding);
    if (text === undefined) return [];
    const next = { ...one, finding: text };
    return JSON.stringify(next) === JSON.stringify(stored) ? [] : [next];
  });
  noted(() => keepFindings(register, changed));
  return checks;
}

/** What asked for nothing and costs nothing has nothing to save. */
function hasMoney({ claims }: Candidate): boolean {
  return claims.some((claim) => claim.paper > 0n);
}

/** `finding_claim`: what each finding of now takes of which account; one row without any where it takes nothing. */
async function writeClaims(
  session: FindingsContext["session"],
  taken: readonly Taken[],
  candidates: ReadonlyMap<string, Candidate>,
): Promise<void> {
  await session.run(
    "CREATE OR REPLACE TEMP TABLE finding_claim (finding VARCHAR, account VARCHAR, currency VARCHAR, paper DECIMAL(38,18))",
  );
  await insert(
    session,
    "temp.main.finding_claim",
    taken.flatMap(({ claimant: { id }, claims }): (string | null | undefined)[][] =>
      claims.length === 0
        ? [[id, null, null, "0"]]
        : claims.map((claim) => {
            const [account = "", currency = candidates.get(id)?.currency] =
              claim.account.split("\n");
            return [id, account, currency, fromUnits(claim.paper)];
          }),
    ),
  );
}

function findingOf(
  { claims: _, extra, ...one }: Candidate,
  entry: Entry | undefined,
  accounts: ReadonlyMap<string, Account>,
  span: Span,
): Finding {
  const cost = one.accounts.reduce((sum, name) => sum + (accounts.get(name)?.cost ?? 0n), 0n);
  return {
    ...one,
    cost: fromUnits(cost),
    paper: fromUnits(entry?.paper ?? 0n),
    realisable: fromUnits(entry?.realisable ?? 0n),
    extra: fromUnits(extra),
    claimedBy: entry?.claimedBy ?? null,
    windowFrom: span.window_from,
    windowUntil: span.until,
  };
}

/** How long a resolved finding is still told of, in days. */
const TOLD_DAYS = 365;

async function write(
  { session }: FindingsContext,
  span: Span,
  findings: ReadonlyMap<string, Finding>,
  seen: readonly SeenFinding[],
  history: readonly Dated[],
): Promise<void> {
  const stored = new Map(seen.map((one) => [one.id, one.finding]));
  const rows = history.flatMap((one): { dated: Dated; finding: Finding }[] => {
    const text = stored.get(one.id);
    const finding =
      findings.get(one.id) ?? (text === undefined ? undefined : (JSON.parse(text) as Finding));
    const old = one.resolvedOn !== null && daysBetween(one.resolvedOn, span.until) > TOLD_DAYS;
    return finding === undefined || old ? [] : [{ dated: one, finding }];
  });
  await session.run(
    "CREATE OR REPLACE TEMP TABLE finding_account (finding VARCHAR, account VARCHAR, currency VARCHAR, cluster VARCHAR, namespace VARCHAR, workload_kind VARCHAR, workload VARCHAR)",
  );
  await insert(
    session,
    "temp.main.finding_account",
    rows.flatMap(({ dated: { id }, finding }) =>
      finding.accounts.map((name) => {
        const [account = "", currency = finding.currency] = name.split("\n");
        const [cluster, namespace, kind, workload] = account.startsWith("compute:")
          ? account.slice("compute:".length).split("/")
          : [];
        return [id, account, currency, cluster, namespace, kind, workload];
      }),
    ),
  );
  await session.run(
    `CREATE OR REPLACE TEMP TABLE paid_day AS ${loadSql(new URL("./finding_day.sql", import.meta.url))}`,
  );
  const since = Map.groupBy(
    await session.rows<{ finding: string; day: string; cost: string }>(
      "SELECT finding AS finding, CAST(day AS VARCHAR) AS day, cost AS cost FROM paid_day",
    ),
    (row) => row.finding,
  );
  await insert(
    session,
    "finding",
    rows.map(({ dated, finding }) => [
      dated.id,
      finding.kind,
      finding.subject,
      finding.name,
      finding.cluster,
      finding.namespace,
      finding.workloadKind,
      finding.workload,
      finding.container,
      finding.team,
      finding.hint,
      finding.currency,
      finding.cost,
      // What is over, or was not looked at this time, has nothing to save that is known.
      findings.has(dated.id) ? finding.paper : "0",
      findings.has(dated.id) ? finding.realisable : "0",
      finding.extra,
      finding.since,
      String(finding.sinceAtLeast),
      finding.confidence,
      JSON.stringify(finding.evidence),
      finding.claimedBy,
      findings.has(dated.id) && finding.seriesId !== null ? String(finding.seriesId) : null,
      finding.windowFrom,
      finding.windowUntil,
      dated.firstSeen,
      dated.lastSeen,
      dated.resolvedOn,
      dated.resolvedOn === null
        ? null
        : saved(dated.resolvedOn, span.until, finding, since.get(dated.id) ?? []),
    ]),
  );
  await session.run(
    `INSERT INTO finding_day SELECT p.finding, f.team, p.day, p.cost FROM paid_day AS p JOIN finding AS f ON f.id = p.finding ORDER BY p.finding, p.day`,
  );
}

function saved(
  resolvedOn: string,
  until: string,
  finding: Finding,
  days: readonly { day: string; cost: string }[],
): string {
  const cost = new Map(days.map((row) => [row.day, toUnits(row.cost)]));
  const after: bigint[] = [];
  for (let day = Date.parse(resolvedOn); day <= Date.parse(until); day += 86_400_000)
    after.push(cost.get(new Date(day).toISOString().slice(0, 10)) ?? 0n);
  return fromUnits(savedSince(toUnits(finding.cost), after));
}

function daysBetween(from: string, until: string): number {
  return Math.round((Date.parse(until) - Date.parse(from)) / 86_400_000);
}

/** Appends rows of text; the columns' types read them. */
async function insert(
  session: FindingsContext["session"],
  table: string,
  rows: readonly (readonly (string | null | undefined)[])[],
): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const names = first.map((_, index) => `$.v${index}`);
  // One list as one value: a statement a row is a hundred times slower.
  await session.run(
    `INSERT INTO ${table} SELECT ${names.map((name) => `j ->> '${name}'`).join(", ")} FROM (SELECT unnest($rows) AS j)`,
    {
      rows: rows.map((row) =>
        JSON.stringify(Object.fromEntries(row.map((value, index) => [`v${index}`, value ?? null]))),
      ),
    },
  );
}
