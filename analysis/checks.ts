import { loadSql } from "../data/sql.ts";
import type { Session } from "../data/warehouse.ts";
import type { BuildSettings } from "./inputs.ts";
import { CHECKS } from "./method.ts";

export interface CheckResult {
  name: string;
  kind: "invariant" | "tolerance";
  ok: boolean;
  currency: string | null;
  detail: string;
}

/** Runs every check on the month under construction; a check with nothing to compare holds. */
export async function runChecks(session: Session, settings: BuildSettings): Promise<CheckResult[]> {
  const params = {
    tolerated_rows: settings.tolerance.rows,
    tolerated_amount: settings.tolerance.amount,
    drift: settings.tolerance.azureDrift,
    coverage: Math.round(settings.tolerance.usageCoverage * 100),
  };
  const results: CheckResult[] = [];
  for (const check of CHECKS) {
    const sql = loadSql(new URL(`./checks/${check.name}.sql`, import.meta.url));
    const used = Object.fromEntries(
      Object.entries(params).filter(([name]) => sql.includes(`$${name}`)),
    );
    const rows = await session.rows<{ currency: string | null; ok: boolean; detail: string }>(
      sql,
      used,
    );
    for (const row of rows) results.push({ ...check, ...row });
  }
  return results;
}
