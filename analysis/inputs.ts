import { join } from "node:path";
import { AppError } from "../data/errors.ts";
import { homePaths, sha256 } from "../data/files.ts";
import { LINE_COLUMNS } from "../data/line-columns.ts";
import { storedLines, writtenLines } from "../data/lines.ts";
import { type Session, sqlText } from "../data/warehouse.ts";
import { driverFacts } from "./driver-facts.ts";
import { inventoryHash, type Known } from "./inventory.ts";
import { METHOD_VERSION } from "./method.ts";
import type { Allocation, Cluster } from "./allocation.ts";
import type { FindingsSettings } from "./findings/settings.ts";
import type { Ownership } from "./ownership.ts";
import type { Verified } from "./verified.ts";

/** What a build needs beside the lines; comes from configuration. */
export interface BuildSettings {
  currency: string;
  /** Names of configured sources; what others once brought in does not count. */
  sources: readonly string[];
  ownership: Ownership;
  clusters: readonly Cluster[];
  allocation: Allocation;
  /** Tag keys that name an environment, first present wins. */
  environmentTags: readonly string[];
  tolerance: {
    rows: number;
    amount: string;
    azureDrift: string;
    /** Percent of a cluster's billed node time that must have usage data. */
    usageCoverage: number;
  };
  settledAfterDays: number;
  keepLists: number;
  findings: FindingsSettings;
}

export interface MonthUnit {
  source: string;
  unit: string;
  dataset: string;
  scope: string | null;
  content_hash: string;
  submitted_at: string | null;
  /** When the run came that first held these bytes; later runs of the same bytes changed nothing. */
  content_since: string | null;
  rows: string;
  rejected: string;
  promised: string | null;
  parts: { path: string; sha256: string }[];
  paired: boolean;
  pair: string;
}

export interface Fact {
  kind: string;
  path: string;
  sha256: string;
}

export interface MonthInputs {
  month: string;
  units: MonthUnit[];
  /** Usage facts of the days on which something of the month was charged. */
  facts: Fact[];
  fingerprint: string;
  /** Parts of the fingerprint, to say what changed. */
  causes: Record<string, string>;
  /** What was hashed, word for word, so that whoever doubts a hash can see what stands behind it. */
  texts: Record<string, string>;
}

/** What a build may see of sources and clusters. */
export function knownTo(settings: BuildSettings): Known {
  return {
    sources: [...settings.sources],
    clusters: settings.clusters.map((cluster) => cluster.name),
  };
}

/** Every month any configured source knows of, oldest first. */
export async function knownMonths(session: Session, sources: readonly string[]): Promise<string[]> {
  const rows = await session.rows<{ month: string }>(
    `SELECT DISTINCT month AS month FROM (
       SELECT unnest(months) AS month, source AS source FROM unit WHERE list_contains(['azure-exports', 'focus'], type)
       UNION ALL
       SELECT month AS month, source AS source FROM quarantine WHERE month IS NOT NULL
     ) WHERE list_contains($sources, source) ORDER BY month`,
    { sources },
  );
  return rows.map((row) => row.month);
}

/** The units of a month, paired where both legacy halves of one scope are there, and their hash. */
export async function monthInputs(
  session: Session,
  home: string,
  month: string,
  settings: BuildSettings,
): Promise<MonthInputs> {
  const params = { month, sources: settings.sources };
  const found = await session.rows<Omit<MonthUnit, "parts" | "paired" | "pair">>(
    `SELECT u.source AS source, u.unit AS unit, dataset, scope, u.content_hash AS content_hash, u.submitted_at AS submitted_at, u.rows AS rows, u.rejected AS rejected, promised,
       (
         SELECT arg_max(r.submitted_at, r.loaded_at) FROM unit_run AS r
         WHERE r.source = u.source AND r.unit = u.unit AND r.content_hash = u.content_hash
       ) AS content_since
     FROM unit AS u WHERE list_contains(months, $month) AND list_contains($sources, u.source) AND list_contains(['azure-exports', 'azure-query', 'focus'], type)
     ORDER BY u.source, u.unit`,
    params,
  );
  const parts = await session.rows<{ source: string; unit: string; parquet: string; sha: string }>(
    `SELECT source, unit, parquet, parquet_sha256 AS sha FROM unit_part
     WHERE parquet IS NOT NULL AND list_contains($sources, source) ORDER BY source, unit, parquet`,
    { sources: settings.sources },
  );
  const { lines } = homePaths(home);
  const pairOf = (unit: { source: string; scope: string | null }) =>
    `${unit.source} ${unit.scope ?? "without scope"}`;
  const halves = new Map<string, Set<string>>();
  for (const unit of found) {
    const set = halves.get(pairOf(unit)) ?? new Set<string>();
    halves.set(pairOf(unit), set.add(unit.dataset));
  }
  const units = found.map((unit): MonthUnit => {
    const both = halves.get(pairOf(unit));
    return {
      ...unit,
      pair: pairOf(unit),
      paired:
        ["ActualCost", "AmortizedCost"].includes(unit.dataset) &&
        both?.has("ActualCost") === true &&
        both.has("AmortizedCost"),
      parts: parts
        .filter((part) => part.source === unit.source && part.unit === unit.unit)
        .map((part) => ({
          path: join(lines, part.parquet.slice("lines/".length)),
          sha256: part.sha,
        })),
    };
  });
  const stated = await session.rows(
    "SELECT * FROM stated_total WHERE month = $month AND list_contains($sources, source) ORDER BY ALL",
    params,
  );
  const days = asksForUsage(settings) ? await chargeDays(session, units, month) : [];
  const facts = [
    ...(await factsOf(session, home, days, settings)),
    ...(await driverFacts(session, home, days, settings)),
  ];
  const texts = {
    import: JSON.stringify([
      units.map((unit) => [unit.source, unit.unit, unit.dataset, unit.paired, unit.content_hash]),
      stated,
    ]),
    usage: JSON.stringify([
      facts.map((fact) => [fact.kind, fact.sha256]),
      await inventoryHash(session, month, knownTo(settings)),
    ]),
    rules: JSON.stringify([settings.ownership.teams, settings.ownership.rules]),
    configuration: JSON.stringify([
      settings.environmentTags,
      settings.tolerance,
      settings.currency,
      settings.clusters,
      settings.allocation,
    ]),
  };
  const causes = {
    import: sha256(texts.import),
    usage: sha256(texts.usage),
    rules: sha256(texts.rules),
    configuration: sha256(texts.configuration),
    method: METHOD_VERSION,
  };
  return { month, units, facts, causes, texts, fingerprint: sha256(JSON.stringify(causes)) };
}

/**
 * Facts of the month's charge days; a day more of usage is no reason to build any other month. Five
 * minutes are not among them: no model of a month reads them, and they go when their time is over.
 */
async function factsOf(
  session: Session,
  home: string,
  days: readonly string[],
  settings: BuildSettings,
): Promise<Fact[]> {
  if (settings.clusters.length === 0) return [];
  const found = await session.rows<{ kind: string; parquet: string; sha: string }>(
    `SELECT kind AS kind, parquet AS parquet, parquet_sha256 AS sha
     FROM unit_fact
     WHERE list_contains($sources, source)
       AND list_contains($clusters, cluster)
       AND kind <> 'usage_5m'
       AND list_contains($days, day)
     ORDER BY kind, day, cluster, source`,
    {
      days,
      sources: settings.sources,
      clusters: settings.clusters.map((cluster) => cluster.name),
    },
  );
  return found.map((fact) => ({
    kind: fact.kind,
    path: join(homePaths(home).facts, fact.parquet.slice("facts/".length)),
    sha256: fact.sha,
  }));
}

function asksForUsage({ clusters, allocation }: BuildSettings): boolean {
  return clusters.length > 0 || allocation.sharedCosts.some((shared) => shared.driver !== null);
}

/** The days on which something of the month was charged; its files are read only where they are new. */
async function chargeDays(
  session: Session,
  units: readonly MonthUnit[],
  month: string,
): Promise<string[]> {
  const parts = units.flatMap((unit) => unit.parts);
  if (parts.length === 0) return [];
  const files = sha256(JSON.stringify(parts.map((part) => part.sha256)));
  const known = () =>
    session.rows<{ day: string }>(
      "SELECT day AS day FROM charge_day WHERE month = $month AND files = $files ORDER BY day",
      { month, files },
    );
  let days = await known();
  if (days.length === 0) {
    await session.transaction(async () => {
      await session.run("DELETE FROM charge_day WHERE month = $month", { month });
      await session.run(
        `INSERT INTO charge_day
         SELECT DISTINCT $month, $files, CAST(x_day AS VARCHAR)
         FROM ${writtenLines(parts.map((part) => part.path))}
         WHERE x_month = $month`,
        { month, files },
      );
    });
    days = await known();
  }
  return days.map(({ day }) => day);
}

/** Facts are as they were when they landed; a missing or changed file is WAREHOUSE_DAMAGED, with what to do. */
export async function verifyFacts(facts: readonly Fact[], verified: Verified): Promise<void> {
  for (const fact of facts)
    if ((await verified.verify(fact.path, fact.sha256)) !== "as written")
      throw new AppError(
        "WAREHOUSE_DAMAGED",
        `${fact.path} (${fact.kind}) is missing or damaged; run "apportion ingest --again" for the usage source it came from`,
      );
}

// What the models read; residues are for control totals, extras stay in the Parquet files.
const READ = Object.entries(LINE_COLUMNS)
  .filter(([, kind]) => kind !== "residue")
  .map(([column]) => column);

/** What many lines say alike; `50-line_word.sql` keeps it once a combination, found by the hash of these. */
const WORDS = [
  "availability_zone",
  "billing_account_id",
  "billing_account_name",
  "billing_account_type",
  "billing_currency",
  "billing_period_end",
  "billing_period_start",
  "capacity_reservation_status",
  "charge_category",
  "charge_class",
  "charge_frequency",
  "commitment_discount_category",
  "commitment_discount_status",
  "commitment_discount_type",
  "commitment_discount_unit",
  "consumed_unit",
  "invoice_id",
  "invoice_issuer_name",
  "pricing_category",
  "pricing_currency",
  "pricing_unit",
  "provider_name",
  "publisher_name",
  "region_id",
  "region_name",
  "resource_type",
  "service_category",
  "service_name",
  "service_subcategory",
  "sub_account_type",
  "x_month",
  "x_dataset",
  "x_sku_meter_category",
  "x_charge_type",
  "x_pricing_model",
  "x_cost_center",
  "x_cost_allocation_rule_name",
  "x_source",
  "x_unit",
  "x_pair",
  "commitment_discount_id IS NOT NULL",
] as const;

/** Finds a line's row of `line_word`; over the columns of `month_line`. */
export const WORD_HASH = `hash(${WORDS.join(", ")})`;

type Cell = string | number | boolean | null;

/** Makes small temporary tables of what the build was told. */
export function tables(session: Session) {
  return async (name: string, columns: string, rows: readonly (readonly Cell[])[]) => {
    await session.run(`CREATE OR REPLACE TEMP TABLE ${name} (${columns})`);
    for (const row of rows)
      await session.run(
        `INSERT INTO temp.main.${name} VALUES (${row.map((_, index) => `$v${index}`).join(", ")})`,
        Object.fromEntries(row.map((value, index) => [`v${index}`, value])),
      );
  };
}

/** Makes `month_line`, `month_unit`, `control` and the tables of rules and settings. */
export async function prepareInputs(
  session: Session,
  inputs: MonthInputs,
  settings: BuildSettings,
): Promise<void> {
  const { month, units } = inputs;
  const table = tables(session);
  await table(
    "month_unit",
    "source VARCHAR, unit VARCHAR, dataset VARCHAR, scope VARCHAR, submitted_at VARCHAR, rows BIGINT, rejected BIGINT, promised BIGINT, paired BOOLEAN, pair VARCHAR",
    units.map((unit) => [
      unit.source,
      unit.unit,
      unit.dataset,
      unit.scope,
      unit.submitted_at,
      Number(unit.rows),
      Number(unit.rejected),
      unit.promised === null ? null : Number(unit.promised),
      unit.paired,
      unit.pair,
    ]),
  );
  await table(
    "month_part",
    "path VARCHAR, place INTEGER, source VARCHAR, unit VARCHAR, paired BOOLEAN",
    units
      .flatMap((unit) => unit.parts.map((part) => ({ path: part.path, unit })))
      .map(({ path, unit }, place) => [path, place, unit.source, unit.unit, unit.paired]),
  );
  const { teams, rules } = settings.ownership;
  await table(
    "team_version",
    "team VARCHAR, day_from DATE, day_until DATE, name VARCHAR, business_unit VARCHAR, cost_center VARCHAR",
    teams.map((t) => [t.team, t.from, t.until, t.name, t.businessUnit, t.costCenter]),
  );
  await table(
    "rule",
    "rule_order INTEGER, team VARCHAR, day_from DATE, day_until DATE, rule_text VARCHAR, conditions BIGINT",
    rules.map((r) => [r.order, r.team, r.from, r.until, r.text, r.conditions.length]),
  );
  await table(
    "rule_pattern",
    "rule_order INTEGER, condition_no INTEGER, match_key VARCHAR, tag_key VARCHAR, pattern VARCHAR",
    rules.flatMap((rule) =>
      rule.conditions.flatMap((condition, index) =>
        condition.patterns.map((pattern) => [
          rule.order,
          index,
          condition.key,
          condition.name,
          pattern,
        ]),
      ),
    ),
  );
  await table(
    "environment_tag",
    "place INTEGER, tag_key VARCHAR",
    settings.environmentTags.map((tag, index) => [index, tag.toLowerCase()]),
  );
  const columns = READ.map((column) => `l.${column} AS ${column}`);
  const files = units.flatMap((unit) => unit.parts.map((part) => part.path));
  await session.run(
    `CREATE OR REPLACE TEMP VIEW month_line AS
     SELECT *, ${WORD_HASH} AS word_hash FROM (
     SELECT ${columns.join(", ")},
       coalesce(nullif(l.service_name, ''), nullif(l.x_sku_meter_category, ''), l.charge_category, 'Unknown') AS service,
       CAST(p.place AS BIGINT) * 4294967296 + l.file_row_number AS line_id,
       p.source AS x_source,
       p.unit AS x_unit,
       p.paired AS paired,
       p.paired AS x_pair,
       hash(
         l.resource_id,
         l.x_resource_group,
         l.sub_account_id,
         l.sub_account_name,
         coalesce(nullif(l.service_name, ''), nullif(l.x_sku_meter_category, ''), l.charge_category, 'Unknown'),
         l.tags
       ) AS owner_hash
     FROM (SELECT * FROM ${storedLines(files)} WHERE x_month = ${sqlText(month)}) AS l
     JOIN month_part AS p ON p.path = l.filename)`,
  );
}
