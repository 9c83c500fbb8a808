import { fillSql, loadSql } from "../data/sql.ts";
import type { Session } from "../data/warehouse.ts";

type Kept = "published" | "view" | "scaffold";
const MAKE: Readonly<Record<Kept, string>> = {
  published: "TABLE",
  view: "VIEW",
  scaffold: "TEMP TABLE",
};

/** The models of a month, in order; those that are scaffolding are not published. */
const MODELS: readonly (readonly [name: string, kept: Kept])[] = [
  ["08-shared_taker", "scaffold"],
  ["10-owner_key", "scaffold"],
  ["20-tag_value", "scaffold"],
  ["30-owner", "scaffold"],
  ["31-shared_line", "scaffold"],
  ["40-owner_fact", "scaffold"],
  ["42-cluster_key", "scaffold"],
  ["50-line_word", "published"],
  ["50-line_resource", "published"],
  ["50-owned", "scaffold"],
  ["50-line_owner", "published"],
  ["50-line_fact", "published"],
  ["50-line", "view"],
  ["51-commitment_owner", "scaffold"],
  ["52-cluster_line", "published"],
  ["53-shared_weight", "scaffold"],
  ["43-node_alias", "scaffold"],
  ["44-node_value", "scaffold"],
  ["44-node_name", "scaffold"],
  ["53-node_day", "published"],
  ["45-pod_workload", "scaffold"],
  ["54-hour_load", "scaffold"],
  ["54-node_load", "scaffold"],
  ["54-node_base", "scaffold"],
  ["54-odd_hour", "scaffold"],
  ["54-pod_use", "scaffold"],
  ["55-mended", "scaffold"],
  ["55-pod_weight", "scaffold"],
  ["56-node_weight", "scaffold"],
  ["57-raw_weight", "scaffold"],
  ["58-split", "published"],
  ["58-consumer", "published"],
  ["59-weight", "published"],
  ["60-consumer_day", "published"],
  ["60-split_whole", "scaffold"],
  ["61-line_amount", "scaffold"],
  ["61-place", "scaffold"],
  ["61-shared_namespace", "scaffold"],
  ["62-cluster_spend", "scaffold"],
  ["63-pool", "scaffold"],
  ["64-receiver", "scaffold"],
  ["66-commitment_use", "scaffold"],
  ["67-moved_commitment", "scaffold"],
  ["68-unused_commitment", "published"],
  ["65-moved", "scaffold"],
  ["70-spend", "published"],
  ["71-spend_month", "published"],
  ["72-spend_resource", "published"],
  ["73-spend_workload", "published"],
  ["74-usage_day", "published"],
  ["75-allocation_day", "published"],
];

/** Models that are one algorithm over different rules. */
const MATCHES: Readonly<Record<string, { rules: string; patterns: string }>> = {
  "30-owner": { rules: "rule", patterns: "rule_pattern" },
  "31-shared_line": { rules: "shared_rule", patterns: "shared_rule_pattern" },
};

const text = (name: string) => loadSql(new URL(`./models/${name}.sql`, import.meta.url));

/** Runs the month's models in the attached answers file; `month_line` and the facts are there. */
export async function runModels(session: Session, month: string): Promise<void> {
  for (const [name, kept] of MODELS) {
    const match = MATCHES[name];
    const sql =
      match === undefined
        ? text(name)
        : fillSql(text("match"), {
            rules: [{ [name]: match.rules }, name],
            patterns: [{ [name]: match.patterns }, name],
          });
    await session.run(
      `CREATE OR REPLACE ${MAKE[kept]} ${name.slice(3)} AS ${sql}`,
      sql.includes("$month") ? { month } : {},
    );
    // Behind the lines and not in their query: reading the wide rows twice doubled the cost of a month.
    if (name === "50-line_fact") {
      await session.run(`INSERT INTO line_word ${text("51-word_repair")}`);
      await session.run(`INSERT INTO line_fact ${text("51-line_repair")}`);
    }
    if (name === "65-moved")
      await session.run(`INSERT INTO moved ${text("moved-commitment-rows")}`);
  }
}

/** Models that need what the checks read, after the inputs were copied beside the answers. */
export async function runReconciliation(session: Session): Promise<void> {
  for (const name of ["80-imported", "81-repair"])
    await session.run(`CREATE TABLE ${name.slice(3)} AS ${text(name)}`);
}

/** What changed against the month's last publish, attached as `before`. */
export async function runRestatement(
  session: Session,
  about: { built_at: string; cause: string },
): Promise<void> {
  await session.run(`CREATE TABLE restatement AS ${text("82-restatement")}`, about);
}
