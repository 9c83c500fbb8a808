import { join } from "node:path";
import { homePaths } from "../data/files.ts";
import { writtenLines } from "../data/lines.ts";
import { fillSql, loadSql } from "../data/sql.ts";
import type { Session } from "../data/warehouse.ts";
import type { BuildSettings, Fact, MonthUnit } from "./inputs.ts";

/**
 * Quantities of the calendar months in which something of the month was charged. Of a source that has
 * none there, its newest day before: it tells who is known. None where no shared service asks for a
 * driver, so that its coming changes no other month.
 */
export async function driverFacts(
  session: Session,
  home: string,
  units: readonly MonthUnit[],
  month: string,
  settings: BuildSettings,
): Promise<Fact[]> {
  const paths = units.flatMap((unit) => unit.parts.map((part) => part.path));
  const isAsked = settings.allocation.sharedCosts.some((shared) => shared.driver !== null);
  if (!isAsked || paths.length === 0) return [];
  const found = await session.rows<{ kind: string; parquet: string; sha: string }>(
    fillSql(loadSql(new URL("./driver-facts.sql", import.meta.url)), {
      lines: [{ written: writtenLines(paths) }, "written"],
    }),
    { month, sources: settings.sources },
  );
  return found.map((fact) => ({
    kind: fact.kind,
    path: join(homePaths(home).facts, fact.parquet.slice("facts/".length)),
    sha256: fact.sha,
  }));
}
