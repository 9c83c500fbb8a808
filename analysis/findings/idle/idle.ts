import { toUnits } from "../../../data/money.ts";
import { loadSql } from "../../../data/sql.ts";
import type { FindingsContext } from "../context.ts";
import type { Evidence } from "../kinds.ts";
import type { Candidate } from "../ledger/candidate.ts";
import {
  computeAccount,
  type Estate,
  paperOfAll,
  workloadKey,
  type WorkloadWorth,
} from "../money/estate.ts";

/** Workloads that run and do nothing, and namespaces in which nothing else runs. */

interface IdleRow {
  cluster: string;
  namespace: string;
  workload_kind: string;
  workload: string;
  team: string | null;
  series_id: number;
  since: string;
  evidence: string;
}

/** Idle workloads; what a cluster shares out, kube-system and the like, is nobody's to switch off. */
export async function findIdle(context: FindingsContext, estate: Estate): Promise<Candidate[]> {
  const { session } = context;
  const read = (name: string) => loadSql(new URL(`./${name}.sql`, import.meta.url));
  await session.run(`CREATE OR REPLACE TEMP TABLE workload_traffic AS ${read("workload_traffic")}`);
  const rows = await session.rows<IdleRow>(
    `SELECT * REPLACE (CAST(to_json(evidence) AS VARCHAR) AS evidence) FROM (${read("idle_workload").replaceAll(/^--.*\n/gm, "")}) ORDER BY cluster, namespace, workload_kind, workload`,
  );
  const shared = await sharedNamespaces(context);
  return rows.flatMap((row): Candidate[] => {
    if (shared.has(row.namespace)) return [];
    const key = workloadKey(row.cluster, row.namespace, row.workload_kind, row.workload);
    const workload = estate.workloads.get(key);
    if (workload === undefined || workload.compute <= 0n) return [];
    return [
      {
        kind: "idle-workload",
        subject: key,
        name: row.workload,
        cluster: row.cluster,
        namespace: row.namespace,
        workloadKind: row.workload_kind,
        workload: row.workload,
        container: null,
        team: workload.team,
        hint: null,
        currency: workload.currency,
        since: row.since,
        sinceAtLeast: true,
        confidence: "high",
        evidence: JSON.parse(row.evidence) as Evidence[],
        accounts: [computeAccount(key)],
        claims: claimsOf(estate, key, workload),
        extra: 0n,
        seriesId: row.series_id,
      },
    ];
  });
}

function claimsOf(estate: Estate, key: string, workload: WorkloadWorth): Candidate["claims"] {
  return paperOfAll(estate, workload).map(({ pool, paper }) => ({
    account: computeAccount(key),
    paper,
    pool,
  }));
}

/** Namespaces whose every workload is idle; their volumes go with them. */
export async function findDormant(
  { session }: FindingsContext,
  estate: Estate,
  idle: readonly Candidate[],
): Promise<Candidate[]> {
  const byNamespace = Map.groupBy(
    idle.filter((one) => one.kind === "idle-workload"),
    (one) => `${one.cluster}/${one.namespace}`,
  );
  const running = await session.rows<{ place: string; workloads: string }>(
    `SELECT u.cluster || '/' || u.namespace AS place, CAST(count(DISTINCT (w.workload_kind, w.workload)) AS VARCHAR) AS workloads
     FROM (
       SELECT DISTINCT u.cluster AS cluster, u.namespace AS namespace, day_of(u.hour) AS day, u.pod_uid AS pod_uid
       FROM usage_hour AS u JOIN cluster_until AS c ON c.cluster = u.cluster AND u.hour >= c.until - 14 * 86400 AND u.hour < c.until
     ) AS u
     LEFT JOIN pod_workload AS w ON w.cluster = u.cluster AND w.day = u.day AND w.pod_uid = u.pod_uid
     WHERE w.workload_kind IS DISTINCT FROM 'DaemonSet'
     GROUP BY u.cluster, u.namespace`,
  );
  const volumes = await session.rows<{
    place: string;
    resource: string;
    currency: string;
    cost: string;
  }>(
    `SELECT v.cluster || '/' || v.namespace AS place, r.resource AS resource, r.currency AS currency, r.cost AS cost
     FROM volume_state AS v JOIN resource AS r ON r.resource = v.resource
     WHERE v.last_bound = v.until ORDER BY r.resource`,
  );
  return running.flatMap(({ place, workloads }): Candidate[] => {
    const idles = byNamespace.get(place) ?? [];
    const [first] = idles;
    // A workload that is not idle, or that nothing is known of, keeps its namespace.
    if (first === undefined || idles.length !== Number(workloads)) return [];
    const disks = volumes.filter((v) => v.place === place && v.currency === first.currency);
    const disk = (one: { resource: string; currency: string }) =>
      `${one.resource}\n${one.currency}`;
    return [
      {
        ...first,
        kind: "dormant-namespace",
        subject: place,
        name: place.slice(place.indexOf("/") + 1),
        workloadKind: null,
        workload: null,
        team: heaviest(estate, idles),
        since:
          idles
            .map((one) => one.since)
            .toSorted()
            .at(-1) ?? first.since,
        evidence: [
          { fact: "workloads, all idle for 14 days", value: String(idles.length) },
          {
            fact: "they are",
            value: idles.map((one) => `${one.workloadKind}/${one.workload}`).join(", "),
          },
          { fact: "volumes that go with it", value: String(disks.length) },
        ],
        accounts: [...idles.flatMap((one) => one.accounts), ...disks.map(disk)],
        claims: [
          ...idles.flatMap((one) => one.claims),
          ...disks.map((one) => ({ account: disk(one), paper: toUnits(one.cost), pool: null })),
        ],
        seriesId: null,
      },
    ];
  });
}

/** The team that pays most of a namespace's idle workloads. */
function heaviest(estate: Estate, idles: readonly Candidate[]): string {
  const cost = (one: Candidate) => estate.workloads.get(one.subject)?.compute ?? 0n;
  return idles.reduce((most, one) => (cost(one) > cost(most) ? one : most)).team;
}

async function sharedNamespaces({ session, settings }: FindingsContext): Promise<Set<string>> {
  const rows = await session.rows<{ namespace: string }>(
    `SELECT DISTINCT n.namespace AS namespace
     FROM namespace_day AS n, (SELECT unnest($patterns) AS pattern) AS p
     WHERE like_escape(lower(n.namespace), p.pattern, '\\')`,
    { patterns: [...settings.allocation.shared] },
  );
  return new Set(["kube-system", ...rows.map((row) => row.namespace)]);
}
