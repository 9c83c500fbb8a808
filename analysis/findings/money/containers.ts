import { fromUnits, toUnits } from "../../../data/money.ts";
import type { FindingsContext } from "../context.ts";
import type { Evidence } from "../kinds.ts";
import type { Candidate } from "../ledger/candidate.ts";
import {
  computeAccount,
  type Estate,
  paperOfChange,
  workloadKey,
  type WorkloadWorth,
} from "./estate.ts";

/** Requests that are larger or smaller than what is used calls for, with what the difference costs. */

interface Recommended {
  series_id: number;
  cluster: string;
  namespace: string;
  workload_kind: string;
  workload: string;
  container: string;
  first_at: string;
  class: string;
  tier: string;
  confidence: "high" | "medium" | "low" | null;
  coverage_ppm: number;
  cpu_request: string | null;
  mem_request: string | null;
  cpu_recommended: string | null;
  mem_recommended: string | null;
  mem_limit: string | null;
  mem_limit_recommended: string | null;
  cpu_exceeded_ppm: number | null;
  mem_exceeded_ppm: number | null;
  cpu_exceeded_now_ppm: number | null;
  oom_kills: number;
  throttled_ppm: number | null;
  abstained_cpu: string | null;
  abstained_mem: string | null;
  too_small: boolean;
  reasons: string[];
}

/** What a container's requests become where its finding is acted on. */
export interface Change {
  /** Microcores and bytes; null: the request stays as it is. */
  cpu: bigint | null;
  mem: bigint | null;
}

export interface ContainerFinding {
  candidate: Candidate;
  change: Change;
}

/** Recommendations that change something, priced; those under the configured least money are left out. */
export async function findContainers(
  { session, settings }: FindingsContext,
  estate: Estate,
): Promise<ContainerFinding[]> {
  const rows = await session.rows<Recommended>(
    `SELECT * FROM recommendation
     WHERE changes AND (cpu_recommended IS NOT NULL OR mem_recommended IS NOT NULL)
       -- What the provider manages there it sets back to its own.
       AND namespace <> 'kube-system'
     ORDER BY series_id`,
  );
  const least = toUnits(settings.findings.leastMoney);
  return rows.flatMap((row): ContainerFinding[] => {
    const key = workloadKey(row.cluster, row.namespace, row.workload_kind, row.workload);
    const workload = estate.workloads.get(key);
    if (workload === undefined || workload.compute <= 0n) return [];
    const change = changeOf(row);
    const worth = paperOfChange(estate, workload, row.container, {
      cpu: given(row.cpu_request, change.cpu),
      mem: given(row.mem_request, change.mem),
    });
    const paper = worth.reduce((sum, one) => sum + one.paper, 0n);
    const extra = worth.reduce((sum, one) => sum + one.extra, 0n);
    if (!row.too_small && paper < least) return [];
    const candidate: Candidate = {
      kind: paper > 0n ? "oversized-container" : "undersized-container",
      subject: `${key}/${row.container}`,
      name: row.container === row.workload ? row.workload : `${row.workload}: ${row.container}`,
      cluster: row.cluster,
      namespace: row.namespace,
      workloadKind: row.workload_kind,
      workload: row.workload,
      container: row.container,
      team: workload.team,
      hint: null,
      currency: workload.currency,
      since: new Date(Number(row.first_at) * 1000).toISOString().slice(0, 10),
      sinceAtLeast: true,
      confidence: row.confidence ?? "low",
      evidence: evidenceOf(row, workload, extra),
      accounts: [computeAccount(key)],
      claims: worth.map(({ pool, paper }) => ({ account: computeAccount(key), paper, pool })),
      extra: paper > 0n ? 0n : extra,
      seriesId: row.series_id,
    };
    return [{ candidate, change }];
  });
}

/** Only what there is a request for is given back; a first request gives nothing. */
function given(request: string | null, recommended: bigint | null): bigint {
  if (recommended === null) return 0n;
  return BigInt(request ?? "0") - recommended;
}

function changeOf(row: Recommended): Change {
  const whole = (text: string | null) => (text === null ? null : BigInt(text));
  return { cpu: whole(row.cpu_recommended), mem: whole(row.mem_recommended) };
}

function evidenceOf(row: Recommended, workload: WorkloadWorth, extra: bigint): Evidence[] {
  const list: Evidence[] = [
    { fact: "class", value: row.class },
    { fact: "tier", value: row.tier },
    {
      fact: "CPU request",
      value: `${cores(row.cpu_request)}, recommended ${row.abstained_cpu ?? cores(row.cpu_recommended)}`,
    },
    {
      fact: "memory request",
      value: `${memory(row.mem_request)}, recommended ${row.abstained_mem ?? memory(row.mem_recommended)}`,
    },
    { fact: "decided by", value: row.reasons.join(", ") },
    { fact: "coverage", value: percent(row.coverage_ppm) },
  ];
  if (row.cpu_exceeded_ppm !== null)
    list.push({ fact: "time above the recommended CPU", value: percent(row.cpu_exceeded_ppm) });
  if (row.oom_kills > 0)
    list.push({ fact: "killed for memory", value: `${row.oom_kills} times in the window` });
  if (row.mem_limit_recommended !== row.mem_recommended)
    list.push({
      fact: "memory limit",
      value: `${memory(row.mem_limit)}, recommended ${memory(row.mem_limit_recommended)}`,
    });
  if ((row.throttled_ppm ?? 0) > 10_000)
    list.push({ fact: "throttled", value: percent(row.throttled_ppm ?? 0) });
  if (extra > 0n)
    list.push({
      fact: "what it lacks would cost, 30 days",
      value: `${fromUnits(extra)} ${workload.currency}`,
    });
  return list;
}

function cores(microcores: string | null): string {
  return microcores === null ? "none" : `${Number(microcores) / 1000} m`;
}

function memory(bytes: string | null): string {
  return bytes === null ? "none" : `${Math.round(Number(bytes) / 1_048_576)} MiB`;
}

function percent(ppm: number): string {
  return `${Math.round(ppm / 1000) / 10} %`;
}
