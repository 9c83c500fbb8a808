import type { Session, TableAppender } from "../../../data/warehouse.ts";
import type { HourField } from "../hours.ts";
import { keptBytes, rules } from "../placed.ts";
import { findingColumns } from "../tables.ts";
import type { Compared } from "./compared.ts";
import type { Recommendation } from "./recommend.ts";
import { SLOT } from "./series.ts";
import { type HourColumn, type Hours, hoursAt } from "./summary.ts";
import type { WorkloadKey } from "./workloads.ts";

type Cell = string | number | boolean | null | readonly string[] | Uint8Array;

/** Rows of a table of findings, written a batch at a time. */
export class RowWriter {
  readonly #appender: TableAppender;
  readonly #columns: [name: string, type: string][];
  #rows: Readonly<Record<string, Cell>>[] = [];

  private constructor(appender: TableAppender, columns: [string, string][]) {
    this.#appender = appender;
    this.#columns = columns;
  }
  static async open(session: Session, table: string): Promise<RowWriter> {
    return new RowWriter(await session.appender(table), findingColumns(table));
  }
  add(row: Readonly<Record<string, Cell>>): void {
    this.#rows.push(row);
    if (this.#rows.length === 2048) this.#flush();
  }
  #flush(): void {
    const rows = this.#rows;
    this.#rows = [];
    if (rows.length === 0) return;
    this.#appender.append(
      this.#columns.map(([name, type]) =>
        rows.map((row) => {
          const cell = row[name] ?? null;
          return type === "BIGINT" && cell !== null ? BigInt(Math.round(Number(cell))) : cell;
        }),
      ),
      rows.length,
    );
  }
  close(): void {
    this.#flush();
    this.#appender.close();
  }
}

const KIB = 1024;
/** The most an INTEGER column holds. */
const MOST = 2_147_483_647;

/** Where each packed column comes from: a mean is over the hour's seconds, in units that are rounded up. */
const PACKED: Readonly<
  Record<Exclude<HourField, "pods">, { of: HourColumn; mean?: true; unit?: number }>
> = {
  cpuAverage: { of: "cpuSum", mean: true },
  cpuMax: { of: "cpuMax" },
  memAverage: { of: "memSum", mean: true, unit: KIB },
  memMax: { of: "memMax", unit: KIB },
  cpuRequest: { of: "cpuRequest" },
  memRequest: { of: "memRequest", unit: KIB },
  cpuLimit: { of: "cpuLimit" },
  memLimit: { of: "memLimit", unit: KIB },
  oomKills: { of: "oom" },
  throttledMs: { of: "throttled" },
};
/** Bytes of a column's head, and at most of an hour in it. */
const HEAD = 8;
const WIDEST = 4;

/** Hours of every series, packed as `hours.ts` says. */
export class HourWriter {
  readonly #rows: RowWriter;
  #shown = keptBytes(0);
  #column = keptBytes(0);
  #packed = keptBytes(0);

  private constructor(rows: RowWriter) {
    this.#rows = rows;
  }
  static async open(session: Session): Promise<HourWriter> {
    return new HourWriter(await RowWriter.open(session, "recommendation_hours"));
  }

  /** @param from epoch seconds of the first hour */
  add(seriesId: number, from: number, hours: Hours): void {
    const { count, pods } = hours;
    if (count > this.#shown.length) {
      this.#shown = keptBytes(count);
      this.#column = keptBytes(count * WIDEST);
      this.#packed = keptBytes((count * WIDEST + HEAD) * (Object.keys(PACKED).length + 1));
    }
    // An hour without any time has nothing to show but a kill.
    rules.show(
      hoursAt(hours, "seconds"),
      hoursAt(hours, "oom"),
      pods.byteOffset,
      this.#shown.byteOffset,
      count,
    );
    const column = this.#column.byteOffset;
    const start = this.#packed.byteOffset;
    let end = rules.pack(pods.byteOffset, count, start);
    for (const { of, mean, unit = 1 } of Object.values(PACKED)) {
      rules.column(
        hoursAt(hours, of),
        mean === true ? hoursAt(hours, "seconds") : 0,
        this.#shown.byteOffset,
        count,
        unit,
        column,
      );
      end = rules.pack(column, count, end);
    }
    this.#rows.add({
      series_id: seriesId,
      first_hour: from / 3600,
      hours: count,
      packed: this.#packed.slice(0, end - start),
    });
  }

  close(): void {
    this.#rows.close();
  }
}

/** What a recommendation is about, beside its samples. */
export interface Subject {
  key: WorkloadKey;
  container: string;
  team: string;
  tier: string;
  tierBy: string;
  from: number;
  until: number;
  pods: number;
  runs: number;
}

/** A row of `recommendation`, by column. */
export function recommendationRow(
  seriesId: number,
  subject: Subject,
  found: Recommendation,
  compared: Compared,
): Record<string, Cell> {
  const { summary, sizes } = found;
  const { krr, krrLimit, vpa } = compared;
  const asked = (value: number) => (value < 0 ? null : value);
  const mean = (sum: number) => (summary.seconds === 0 ? 0 : sum / summary.seconds);
  return {
    series_id: seriesId,
    cluster: subject.key.cluster,
    namespace: subject.key.namespace,
    workload_kind: subject.key.kind,
    workload: subject.key.workload,
    container: subject.container,
    team: subject.team,
    window_from: subject.from,
    window_until: subject.until,
    first_at: subject.from + summary.firstSlot * SLOT,
    last_at: subject.from + (summary.lastSlot + 1) * SLOT,
    tier: subject.tier,
    tier_by: subject.tierBy,
    class: found.class,
    abstained_cpu: found.abstainedCpu,
    abstained_mem: found.abstainedMem,
    reasons: found.reasons,
    confidence: found.confidence,
    pods: subject.pods,
    runs: subject.runs,
    replicas_max: summary.replicasMax,
    replicas_last: summary.replicasLast,
    replica_seconds: summary.seconds,
    coverage_ppm: found.coverage,
    cpu_request: asked(sizes.cpuRequest),
    mem_request: asked(sizes.memRequest),
    cpu_limit: asked(sizes.cpuLimit),
    mem_limit: asked(sizes.memLimit),
    cpu_recommended: found.cpu,
    mem_recommended: found.mem,
    mem_limit_recommended: found.memLimit,
    cpu_p95: found.p95,
    cpu_p95_recent: found.p95Recent,
    cpu_p99: found.p99,
    cpu_max: summary.cpuMax,
    cpu_avg: mean(summary.cpuSum),
    mem_max: summary.memMax,
    mem_avg: mean(summary.memSum),
    mem_flat: found.memFlat,
    worst_pod_cpu: compared.worstPod?.pod ?? null,
    worst_pod_cpu_p95: compared.worstPod?.p95 ?? null,
    worst_pod_mem: summary.worstMemPod,
    cpu_exceeded_ppm: found.cpuExceeded,
    mem_exceeded_ppm: found.memExceeded,
    cpu_exceeded_now_ppm: found.cpuExceededNow,
    mem_exceeded_now_ppm: found.memExceededNow,
    oom_kills: summary.oomKills,
    restarts: summary.restarts,
    throttled_ppm: Math.min(MOST, Math.round(mean(summary.throttledMs) * 1000)),
    cpu_change_ppm: found.cpuChange,
    mem_change_ppm: found.memChange,
    changes: found.changes,
    too_small: found.tooSmall,
    krr_cpu: krr.cpu,
    krr_mem: krr.memory,
    krr_cpu_unknown: krr.cpuUnknown,
    krr_mem_unknown: krr.memoryUnknown,
    krr_limit_cpu_request: krrLimit?.request ?? null,
    krr_limit_cpu_limit: krrLimit?.limit ?? null,
    vpa_cpu_target: vpa?.cpu.target ?? null,
    vpa_cpu_lower: vpa?.cpu.lower ?? null,
    vpa_cpu_upper: vpa === null ? null : Math.min(vpa.cpu.upper, MOST_BOUND),
    vpa_mem_target: vpa?.memory.target ?? null,
    vpa_mem_lower: vpa?.memory.lower ?? null,
    vpa_mem_upper: vpa === null ? null : Math.min(vpa.memory.upper, MOST_BOUND),
  };
}

/** An upper bound without any confidence is a number with forty digits; this one means "no bound". */
const MOST_BOUND = 2 ** 53;
