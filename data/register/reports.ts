import type { Register } from "../register.ts";

/** What ran: readings of sources and their units, rows that could not be read, builds of months. */

export interface UnitReport {
  source: string;
  type: string;
  unit: string;
  run: string | null;
  months: string[];
  state: "loaded" | "failed" | "refused" | "vanished";
  rows: number;
  rejected: number;
  rejectedAmount: { currency: string; amount: string }[];
  submittedAt: string | null;
  at: string;
  problem: string | null;
  code: string | null;
}

export interface SourceReport {
  name: string;
  type: string;
  lastSuccess: string | null;
  lastAttempt: string | null;
  failingSince: string | null;
  problem: string | null;
}

export interface RejectedReport {
  source: string;
  unit: string;
  file: string;
  line: number | null;
  reason: string;
  text: string;
  currency: string | null;
  amount: string | null;
}

export interface BuildReport {
  month: string;
  at: string;
  published: boolean;
  problem: string | null;
  checks: string;
}

/** Records how a source's last reading went; the first failure's time is kept until it works again. */
export function sourceRead(
  register: Register,
  name: string,
  type: string,
  at: string,
  problem: string | null,
): void {
  register.change(
    `INSERT INTO source_report VALUES ($name, $type, $success, $at, $since, $problem)
     ON CONFLICT (name) DO UPDATE SET type = $type, last_attempt = $at, problem = $problem,
       last_success = coalesce($success, last_success),
       failing_since = CASE WHEN $problem IS NULL THEN NULL ELSE coalesce(failing_since, $at) END`,
    {
      name,
      type,
      at,
      success: problem === null ? at : null,
      since: problem === null ? null : at,
      problem,
    },
  );
}

/** Records a unit; of its rejected rows the first `keep` are shown, all are counted. */
export function unitRead(
  register: Register,
  report: UnitReport,
  rejected: readonly RejectedReport[],
  keep = 200,
): void {
  register.transaction(() => {
    const { source, unit } = report;
    register.change("INSERT OR REPLACE INTO unit_report VALUES ($source, $unit, $report)", {
      source,
      unit,
      report: JSON.stringify(report),
    });
    if (report.state !== "loaded") return;
    register.change("DELETE FROM rejected_report WHERE source = $source AND unit = $unit", {
      source,
      unit,
    });
    for (const row of rejected.slice(0, keep))
      register.change("INSERT INTO rejected_report VALUES ($source, $unit, $report)", {
        source,
        unit,
        report: JSON.stringify(row),
      });
  });
}

/** Records how a month's last build went. */
export function monthBuilt(register: Register, report: BuildReport): void {
  register.change("INSERT OR REPLACE INTO build_report VALUES ($month, $report)", {
    month: report.month,
    report: JSON.stringify(report),
  });
}

/** Forgets reports of sources that are configured no more. */
export function keepSources(register: Register, names: readonly string[]): void {
  const list = JSON.stringify(names);
  register.transaction(() => {
    for (const [table, column] of [
      ["source_report", "name"],
      ["unit_report", "source"],
      ["rejected_report", "source"],
    ] as const)
      register.change(
        `DELETE FROM ${table} WHERE ${column} NOT IN (SELECT value FROM json_each($list))`,
        { list },
      );
  });
}

/** Forgets units of a source that are neither there nor loaded any more. */
export function keepUnits(register: Register, source: string, units: readonly string[]): void {
  const list = JSON.stringify(units);
  register.transaction(() => {
    for (const table of ["unit_report", "rejected_report"])
      register.change(
        `DELETE FROM ${table} WHERE source = $source AND unit NOT IN (SELECT value FROM json_each($list))`,
        { source, list },
      );
  });
}

/** How each source's last reading went, by name. */
export function sourceReports(register: Register): SourceReport[] {
  return register.rows<SourceReport>(
    `SELECT name, type, last_success AS lastSuccess, last_attempt AS lastAttempt,
       failing_since AS failingSince, problem FROM source_report ORDER BY name`,
  );
}

/** How each unit's last reading went, by source and unit. */
export function unitReports(register: Register): UnitReport[] {
  return reports<UnitReport>(register, "SELECT report FROM unit_report ORDER BY source, unit");
}

/** The first `limit` rows that could not be read. */
export function rejectedReports(register: Register, limit: number): RejectedReport[] {
  return reports<RejectedReport>(
    register,
    `SELECT report FROM rejected_report ORDER BY source, unit, rowid LIMIT ${Math.trunc(limit)}`,
  );
}

/** How each month's last build went, oldest month first. */
export function buildReports(register: Register): BuildReport[] {
  return reports<BuildReport>(register, "SELECT report FROM build_report ORDER BY month");
}

function reports<T>(register: Register, sql: string): T[] {
  return register.rows<{ report: string }>(sql).map((row) => JSON.parse(row.report) as T);
}
