import { toUnits } from "../../../data/money.ts";
import { loadSql } from "../../../data/sql.ts";
import type { FindingsContext } from "../context.ts";
import type { Evidence, FindingKind } from "../kinds.ts";
import type { Candidate } from "../ledger/candidate.ts";

/**
 * Things in the cloud that cost and do nothing, from bill lines and inventory. A kind is one SQL file of
 * this folder and its name in this list; its columns are those of `Found`.
 */
const CLOUD_KINDS = [
  "replaced-server",
  "stopped-server",
  "empty-environment",
  "empty-plan",
  "released-volume",
  "unmounted-volume",
  "left-behind",
  "unused-address",
  "unused-balancer",
  "old-snapshot",
  "unused-commitment",
] as const satisfies readonly FindingKind[];

interface Found {
  subject: string;
  cluster: string | null;
  namespace: string | null;
  name: string;
  accounts: string[];
  currency: string;
  since: string;
  since_at_least: boolean;
  confidence: "high" | "medium" | "low";
  evidence: string;
  team: string | null;
  hint: string | null;
  namespace_team: string | null;
}

/** What an account of a resource or a commitment costs in the window, and what of it ends with the thing. */
export interface AccountRow {
  account: string;
  currency: string;
  cost: string;
  hourly: string;
}

/** Runs every kind; a kind with nothing to go by finds nothing. */
export async function findInCloud({ session, signal }: FindingsContext): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const kind of CLOUD_KINDS) {
    signal.throwIfAborted();
    const rows = await session.rows<Found>(
      `SELECT f.subject AS subject, f.cluster AS cluster, f.namespace AS namespace, f.name AS name, f.accounts AS accounts,
         f.currency AS currency, CAST(f.since AS VARCHAR) AS since, f.since_at_least AS since_at_least,
         f.confidence AS confidence, CAST(to_json(f.evidence) AS VARCHAR) AS evidence,
         coalesce(o.team, c.team) AS team, o.hint AS hint, n.team AS namespace_team
       FROM (${loadSql(new URL(`./${kind}.sql`, import.meta.url)).replaceAll(/^--.*\n/gm, "")}) AS f
       LEFT JOIN resource_owner AS o ON o.resource = f.subject
       LEFT JOIN commitment AS c ON c.commitment = f.subject AND c.currency = f.currency
       LEFT JOIN (
         SELECT cluster AS cluster, namespace AS namespace, arg_max(team, (last_day, cost)) AS team
         FROM workload_cost WHERE NOT starts_with(team, '__') GROUP BY cluster, namespace
       ) AS n ON n.cluster = f.cluster AND n.namespace = f.namespace
       WHERE f.since IS NOT NULL
       ORDER BY f.subject, f.currency`,
    );
    for (const row of rows) found.push(candidateOf(kind, row));
  }
  const accounts = new Map(
    (await accountRows({ session })).map((row) => [`${row.account}\n${row.currency}`, row]),
  );
  for (const one of found)
    one.claims = one.accounts.map((account) => ({
      account: `${account}\n${one.currency}`,
      paper: toUnits(accounts.get(`${account}\n${one.currency}`)?.cost ?? "0"),
      pool: null,
    }));
  return found.map((one) => ({
    ...one,
    accounts: one.accounts.map((account) => `${account}\n${one.currency}`),
  }));
}

/** The accounts of resources and commitments; a commitment's is what went unused of it, paid already. */
export async function accountRows({
  session,
}: Pick<FindingsContext, "session">): Promise<AccountRow[]> {
  return session.rows<AccountRow>(
    `SELECT resource AS account, currency AS currency, cost AS cost, hourly AS hourly FROM resource
     UNION ALL
     SELECT 'commitment:' || commitment, currency, unused, CAST(0 AS DECIMAL(38,18)) FROM commitment`,
  );
}

function candidateOf(kind: FindingKind, row: Found): Candidate {
  const { team, namespace_team } = row;
  const owned = team !== null && !team.startsWith("__");
  return {
    kind,
    subject: row.subject,
    name: row.name === "" ? row.subject : row.name,
    cluster: row.cluster,
    namespace: row.namespace === "" ? null : row.namespace,
    workloadKind: null,
    workload: null,
    container: null,
    team: owned ? team : (namespace_team ?? "__unowned__"),
    hint: owned || namespace_team !== null ? null : (row.hint ?? placeOf(row)),
    currency: row.currency,
    since: row.since,
    sinceAtLeast: row.since_at_least,
    confidence: row.confidence,
    evidence: (
      JSON.parse(row.evidence) as (Omit<Evidence, "value"> & { value: string | null })[]
    ).map(
      // A bill need not name its meters.
      ({ fact, value }) => ({ fact, value: value || "not said" }),
    ),
    accounts: row.accounts,
    claims: [],
    extra: 0n,
    seriesId: null,
  };
}

/** Where somebody may know it, where no line of the bill hints at anybody. */
function placeOf({ cluster, namespace, subject }: Found): string | null {
  if (namespace !== null && namespace !== "") return `namespace ${cluster ?? ""}/${namespace}`;
  const group = /\/resourcegroups\/([^/]+)/.exec(subject)?.[1];
  return group === undefined ? null : `resource group ${group}`;
}
