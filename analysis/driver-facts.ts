import { join } from "node:path";
import { homePaths } from "../data/files.ts";
import { loadSql } from "../data/sql.ts";
import type { Session } from "../data/warehouse.ts";
import type { BuildSettings, Fact } from "./inputs.ts";

/**
 * Quantities of the calendar months in which something of the month was charged. Of a source that has
 * none there, its newest day before: it tells who is known. None where no shared service asks for a
 * driver, so that its coming changes no other month.
 */
export async function driverFacts(
  session: Session,
  home: string,
  days: readonly string[],
  settings: BuildSettings,
): Promise<Fact[]> {
  const isAsked = settings.allocation.sharedCosts.some((shared) => shared.driver !== null);
  if (!isAsked || days.length === 0) return [];
  const found = await session.rows<{ kind: string; parquet: string; sha: string }>(
    loadSql(new URL("./driver-facts.sql", import.meta.url)),
    { days, sources: settings.sources },
  );
  return found.map((fact) => ({
    kind: fact.kind,
    path: join(homePaths(home).facts, fact.parquet.slice("facts/".length)),
    sha256: fact.sha,
  }));
}
