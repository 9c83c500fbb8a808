import { loadSql } from "../data/sql.ts";
import { UNUSED_COMMITMENT } from "./allocation.ts";
import { type Session, sqlText } from "../data/warehouse.ts";
import { type BuildSettings, type Fact, knownTo, type MonthInputs, tables } from "./inputs.ts";
import { prepareInventory } from "./inventory.ts";
import { prepareSharedInputs } from "./shared-inputs.ts";

/** Columns of the facts the models read, by kind; ingest writes at least these. */
const COLUMNS = JSON.parse(
  loadSql(new URL("./models/fact-columns.json", import.meta.url)),
) as Record<string, Record<string, string>>;

/**
 * Makes what divided cost is divided by: facts, clusters, policies, the worth of cores, memory and
 * GPUs, shared services.
 */
export async function prepareClusterInputs(
  session: Session,
  inputs: MonthInputs,
  settings: BuildSettings,
): Promise<void> {
  await session.script(loadSql(new URL("./models/05-macros.sql", import.meta.url)));
  for (const [kind, columns] of Object.entries(COLUMNS))
    await session.run(
      `CREATE OR REPLACE TEMP VIEW ${kind} AS ${factView(
        columns,
        inputs.facts.filter((fact) => fact.kind === kind),
      )}`,
    );
  const table = tables(session);
  await table(
    "cluster",
    "name VARCHAR, resource_id VARCHAR, subscription VARCHAR, node_group VARCHAR, environment VARCHAR",
    settings.clusters.map((c) => [
      c.name,
      c.resourceId,
      c.subscription,
      c.nodeGroup,
      c.environment,
    ]),
  );
  await table(
    "policy",
    "policy VARCHAR, bucket VARCHAR, mode VARCHAR, team VARCHAR",
    settings.allocation.rules
      .filter((rule) => settings.clusters.length > 0 || rule.bucket === UNUSED_COMMITMENT)
      .map((rule) => [rule.policy, rule.bucket, rule.mode, rule.team]),
  );
  await table(
    "shared_pattern",
    "pattern VARCHAR",
    settings.allocation.shared.map((pattern) => [pattern]),
  );
  const [, ...weights] = loadSql(new URL("./models/vm-weights.csv", import.meta.url))
    .trim()
    .split("\n");
  await table(
    "vm_weight",
    "family VARCHAR, cpu BIGINT, gib BIGINT, gpu BIGINT",
    weights.map((line) => {
      const [family = "", cpu, gib, gpu] = line.split(",");
      return [family, Number(cpu), Number(gib), Number(gpu)];
    }),
  );
  await prepareInventory(session, inputs.month, knownTo(settings));
  await prepareSharedInputs(session, settings);
}

/**
 * A SELECT over files of facts of one kind. A column that was not yet written when a file landed is
 * NULL in its rows: what is landed stays as it is.
 * @param columns name to type
 */
export function factView(
  columns: Readonly<Record<string, string>>,
  facts: readonly Pick<Fact, "path">[],
): string {
  const list = Object.entries(columns);
  const none = `SELECT ${list.map(([name, type]) => `CAST(NULL AS ${type}) AS "${name}"`).join(", ")} LIMIT 0`;
  if (facts.length === 0) return none;
  const files = facts.map((fact) => sqlText(fact.path)).join(", ");
  return `SELECT ${list.map(([name]) => `"${name}" AS "${name}"`).join(", ")} FROM (
    (${none}) UNION ALL BY NAME SELECT * FROM read_parquet([${files}], union_by_name = true)
  )`;
}
