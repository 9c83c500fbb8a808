import { homePaths } from "../data/files.ts";
import { type PublishedList, readListSync } from "../data/published.ts";
import { Register } from "../data/register.ts";
import {
  buildReports,
  rejectedReports,
  type SourceReport,
  sourceReports,
  unitReports,
} from "../data/register/reports.ts";
import { withClosed } from "../data/statements.ts";
import type { MonthRow, RejectedRow, SourceRow } from "./schemas/data.ts";

export interface SourcesReport {
  data: SourceRow[];
  months: MonthRow[];
  rejected: RejectedRow[];
}

const SHOWN_REJECTED = 200;

/** How every configured source did and where every month stands, as of now, not of the last publish. */
export function sourcesReport(
  home: string,
  configured: readonly { name: string; type: string }[],
  published?: PublishedList,
): SourcesReport {
  const paths = homePaths(home);
  const register = new Register(paths.register);
  try {
    const reports = new Map(sourceReports(register).map((report) => [report.name, report]));
    const units = unitReports(register);
    const list = published ?? withClosed(paths, readListSync(paths));
    const builds = new Map(buildReports(register).map((report) => [report.month, report]));
    return {
      data: configured.map((source): SourceRow => {
        const report: SourceReport | undefined = reports.get(source.name);
        const own = units.filter((unit) => unit.source === source.name);
        return {
          name: source.name,
          type: source.type,
          state: report === undefined ? "never" : report.problem === null ? "ok" : "failed",
          lastSuccess: report?.lastSuccess ?? null,
          lastAttempt: report?.lastAttempt ?? null,
          failingSince: report?.failingSince ?? null,
          problem: report?.problem ?? null,
          rows: own.reduce((sum, unit) => sum + unit.rows, 0),
          rejected: own.reduce((sum, unit) => sum + unit.rejected, 0),
          units: own.map(({ run, ...unit }) => ({
            unit: unit.unit,
            run,
            months: unit.months,
            state: unit.state,
            rows: unit.rows,
            rejected: unit.rejected,
            rejectedAmount: unit.rejectedAmount,
            submittedAt: unit.submittedAt,
            at: unit.at,
            problem: unit.problem,
          })),
        };
      }),
      months: list.months.map((month): MonthRow => ({
        month: month.month,
        state: month.state,
        checkFailed: month.failed.length > 0,
        published: month.file !== null,
        publishedAt: month.publishedAt,
        lines: month.lines,
        rejected: month.rejected,
        totals: month.totals,
        problem:
          month.stale || month.file === null
            ? (builds.get(month.month)?.problem ?? month.failed.join(", "))
            : null,
      })),
      rejected: rejectedReports(register, SHOWN_REJECTED),
    };
  } finally {
    register.close();
  }
}
