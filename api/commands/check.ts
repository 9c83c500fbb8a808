import { ask, LOCAL_ADMINISTRATOR } from "../../analysis/ask.ts";
import type { CheckResult } from "../../analysis/checks.ts";
import { openSnapshot } from "../../analysis/snapshot.ts";
import { AppError } from "../../data/errors.ts";
import { homePaths } from "../../data/files.ts";
import type { PublishedFindings } from "../../data/published.ts";
import { parseMonth } from "../../data/period.ts";
import { Register } from "../../data/register.ts";
import { buildReports } from "../../data/register/reports.ts";
import { findConfig, readConfig } from "../config.ts";
import { table } from "../terminal.ts";
import type { Command } from "./commands.ts";
import { asText } from "./ingest.ts";

export const checkCommand: Command = {
  usage: "[--month YYYY-MM] [--format table|json]",
  options: { month: { type: "string" }, format: { type: "string" } },
  async run(invocation) {
    const { options, screen } = invocation;
    const format = asText(options["format"]) ?? "table";
    if (format !== "table" && format !== "json")
      throw new AppError("BAD_PARAMETER", `--format: "${format}" is not one of table, json`);
    const config = readConfig(findConfig(asText(options["config"]), screen.tell));
    const paths = homePaths(config.home);
    const asked = asText(options["month"]);
    const month = asked === undefined ? undefined : parseMonth(asked);
    const snapshot = await openSnapshot(paths);
    const results: (CheckResult & { month: string })[] = [];
    try {
      const months = snapshot.list.months.filter(
        (entry) => month === undefined || entry.month === month,
      );
      if (months.length === 0)
        throw new AppError(
          month === undefined ? "NOTHING_PUBLISHED" : "MONTH_UNKNOWN",
          month === undefined
            ? 'nothing is published yet; run "apportion run"'
            : `month ${month} is not published; there are ${snapshot.list.months.map((entry) => entry.month).join(", ")}`,
        );
      const register = new Register(paths.register);
      const builds = new Map(buildReports(register).map((report) => [report.month, report]));
      register.close();
      for (const entry of months) {
        // A month whose last build broke an invariant: those are the results that matter.
        const broken = entry.stale || entry.file === null;
        const checks = broken
          ? (JSON.parse(builds.get(entry.month)?.checks ?? "[]") as CheckResult[])
          : await ask<CheckResult>(snapshot, "checks", LOCAL_ADMINISTRATOR, { month: entry.month });
        for (const check of checks) results.push({ month: entry.month, ...check });
        if (broken && !checks.some((check) => !check.ok))
          results.push({
            month: entry.month,
            name: entry.failed.join(", "),
            kind: "invariant",
            ok: false,
            currency: null,
            detail: "the last build was not published",
          });
      }
      if (month === undefined) results.push(...ofFindings(snapshot.list.findings ?? null));
    } finally {
      await snapshot.pool.close();
    }
    const failed = results.filter((result) => !result.ok);
    if (format === "json")
      screen.out(`${JSON.stringify({ ok: failed.length === 0, data: results }, null, 2)}\n`);
    else {
      screen.out(
        table([
          ["MONTH", "", "CHECK", "CURRENCY", "DETAIL"],
          ...results.map((result) => [
            result.month,
            result.ok ? "ok" : "FAILED",
            result.name,
            result.currency ?? "",
            result.detail,
          ]),
        ]),
      );
      screen.tell(
        failed.length === 0
          ? `all ${results.length} checks hold`
          : `apportion: ${failed.length} of ${results.length} checks fail`,
      );
    }
    return failed.length === 0 ? 0 : 1;
  },
};

/** What held of the findings that are published, and whether the last build could make them anew. */
function ofFindings(findings: PublishedFindings | null): (CheckResult & { month: string })[] {
  if (findings === null) return [];
  const check = (name: string, ok: boolean, detail: string) => ({
    month: "findings",
    name,
    kind: "invariant" as const,
    ok,
    currency: null,
    detail,
  });
  return [
    ...(findings.checks ?? []).map(({ name, detail }) => check(name, true, detail)),
    ...(findings.stale
      ? [check("findings", false, "the last build could not make them anew; it says why")]
      : []),
  ];
}
