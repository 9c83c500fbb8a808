import { AppError } from "../../data/errors.ts";
import { loadSql } from "../../data/sql.ts";
import type { Session } from "../../data/warehouse.ts";

/** What must hold of findings before they are published; `docs/findings.md` lists them with these meanings. */
export const FINDING_CHECKS = {
  "finding-is-whole": "each has an owner, evidence, money and since",
  "realisable-within-paper":
    "0 ≤ realisable ≤ paper ≤ cost, of each; what another claims is nothing",
  "claims-within-cost":
    "what is claimed of a workload, a resource or a commitment is at most what it cost, and all of it together at most the bill",
  "nothing-from-missing-data":
    "nothing is recommended or idle at under 90 % coverage, and every container without a recommendation says why; nothing is unused where nobody looked",
} as const;

/** A check that held, and of what. */
export interface FindingCheck {
  name: string;
  detail: string;
}

/** How many of the things a check finds wrong are named. */
const NAMED = 3;

/**
 * Runs every check on the findings under construction.
 * @throws CHECK_FAILED with what is wrong of what; the findings of before stay published
 */
export async function checkFindings(session: Session): Promise<FindingCheck[]> {
  const broken: string[] = [];
  for (const name of Object.keys(FINDING_CHECKS)) {
    const rows = await session.rows<{ finding: string; problem: string }>(
      `SELECT * FROM (${loadSql(new URL(`./checks/${name}.sql`, import.meta.url)).replaceAll(/^--.*\n/gm, "")}) ORDER BY ALL`,
    );
    if (rows.length === 0) continue;
    const named = rows.slice(0, NAMED).map(({ finding, problem }) => `${finding} ${problem}`);
    const more = rows.length > NAMED ? ` and ${rows.length - NAMED} more` : "";
    broken.push(`${name}: ${named.join("; ")}${more}`);
  }
  if (broken.length > 0)
    throw new AppError(
      "CHECK_FAILED",
      `findings are not published, the last ones stay: ${broken.join("; ")}; this is a fault of ours, please report it`,
    );
  const { found, containers } = await session.one<{ found: string; containers: string }>(
    "SELECT (SELECT count(DISTINCT finding) FROM finding_claim) AS found, (SELECT count(*) FROM recommendation) AS containers",
  );
  const detail = `${found} findings, ${containers} containers`;
  return Object.keys(FINDING_CHECKS).map((name) => ({ name, detail }));
}
