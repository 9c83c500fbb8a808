import type { PublishedMonth } from "../data/published.ts";
import { damagedMonth, isDamage, type Session, sqlText } from "../data/warehouse.ts";
import { type CheckResult, runChecks } from "./checks.ts";
import { prepareClusterInputs } from "./cluster-inputs.ts";
import { type BuildSettings, type MonthInputs, prepareInputs } from "./inputs.ts";
import { METHOD_VERSION } from "./method.ts";
import { sha256 } from "../data/files.ts";
import { loadSql } from "../data/sql.ts";
import about from "../package.json" with { type: "json" };
import { runModels, runReconciliation, runRestatement } from "./models.ts";

const VERSION = about.version;

/** Makes a month's answers in `file`: models, what changed, checks. */
export async function makeMonth(
  session: Session,
  file: string,
  inputs: MonthInputs,
  previous: string | null,
  cause: string,
  options: { settings: BuildSettings; now: () => Date; signal: AbortSignal },
): Promise<{ checks: CheckResult[]; lines: number; totals: PublishedMonth["totals"] }> {
  const { month } = inputs;
  const interrupt = () => session.interrupt();
  options.signal.addEventListener("abort", interrupt, { once: true });
  await session.script(`ATTACH ${sqlText(file)} AS answers`);
  let attached = false;
  try {
    await prepareInputs(session, inputs, options.settings);
    await prepareClusterInputs(session, inputs, options.settings);
    await session.script("USE answers");
    await runModels(session, month);
    await keepInputs(session, month, options.settings.sources);
    await runReconciliation(session);
    if (previous !== null) {
      const about = { built_at: options.now().toISOString(), cause };
      await damagedAs(previous, async () => {
        await session.script(`ATTACH ${sqlText(previous)} AS before (READ_ONLY)`);
        attached = true;
        await session.run(
          `CREATE OR REPLACE TEMP VIEW before_spend AS SELECT ${await policyOf(session)} AS policy, day AS day, currency AS currency, team AS team, service AS service, effective AS effective, billed AS billed FROM before.spend`,
        );
        await runRestatement(session, about);
      });
    } else
      await session.run(
        'CREATE TABLE restatement ("at" VARCHAR, cause VARCHAR, currency VARCHAR, team VARCHAR, service VARCHAR, was DECIMAL(38,18), now DECIMAL(38,18), was_billed DECIMAL(38,18), now_billed DECIMAL(38,18))',
      );
    const checks = await runChecks(session, options.settings);
    await session.run(
      "CREATE TABLE check_result (name VARCHAR, kind VARCHAR, ok BOOLEAN, currency VARCHAR, detail VARCHAR)",
    );
    for (const check of checks)
      await session.run("INSERT INTO check_result VALUES ($name, $kind, $ok, $currency, $detail)", {
        ...check,
      });
    await session.run(
      "CREATE TABLE about AS SELECT $month AS month, $method AS method, $fingerprint AS fingerprint",
      { month, method: METHOD_VERSION, fingerprint: inputs.fingerprint },
    );
    await keepCauses(session, inputs);
    const { lines } = await session.one<{ lines: string }>("SELECT count(*) AS lines FROM line");
    const totals = await session.rows<PublishedMonth["totals"][number]>(
      "SELECT currency AS currency, sum(effective) AS effective, sum(billed) AS billed FROM spend_month WHERE policy IS NULL GROUP BY currency ORDER BY currency",
    );
    await session.script("CHECKPOINT answers");
    for (const statement of leave()) await session.script(statement);
    return { checks, lines: Number(lines), totals };
  } catch (error) {
    // What went wrong is the error to tell, and not that the engine cannot tidy up after it.
    for (const statement of leave()) await session.script(statement).catch(() => {});
    throw error;
  } finally {
    options.signal.removeEventListener("abort", interrupt);
  }

  function leave(): string[] {
    return ["USE work", ...(attached ? ["DETACH before"] : []), "DETACH answers"];
  }
}

/** Names the published file that the engine finds damaged, and what to do. */
async function damagedAs(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw damagedMonth(file, error);
  }
}

/** Copies what a reader of the month wants to see of its making. */
async function keepInputs(
  session: Session,
  month: string,
  sources: readonly string[],
): Promise<void> {
  await session.run("CREATE TABLE month_unit AS SELECT * FROM temp.main.month_unit");
  await session.run("CREATE TABLE cluster AS SELECT * FROM temp.main.cluster");
  await session.run("CREATE TABLE team_version AS SELECT * FROM temp.main.team_version");
  for (const [table, from] of [
    ["control", "work.unit_control"],
    ["stated", "work.stated_total"],
    ["rejected", "work.quarantine"],
  ] as const)
    await session.run(
      `CREATE TABLE ${table} AS SELECT * FROM ${from} WHERE month = $month AND list_contains($sources, source)`,
      { month, sources },
    );
}

/** Keeps what the month's hashes are of, the method in words and the versions that worked: for auditors. */
async function keepCauses(session: Session, { causes, texts }: MonthInputs): Promise<void> {
  const versions = JSON.stringify({ apportion: VERSION, node: process.version });
  const method = loadSql(new URL("../docs/method.md", import.meta.url));
  await session.run("CREATE TABLE cause (name VARCHAR, hash VARCHAR, text VARCHAR)");
  for (const [name, hash, text] of [
    ...Object.entries(texts).map(([name, text]) => [name, causes[name] ?? "", text] as const),
    ["method", METHOD_VERSION, method] as const,
    ["versions", sha256(versions), versions] as const,
  ])
    await session.run("INSERT INTO cause VALUES ($name, $hash, $text)", { name, hash, text });
}

/** Months published before clusters were attributed know no policies. */
async function policyOf(session: Session): Promise<"policy" | "CAST(NULL AS VARCHAR)"> {
  const [known] = await session.rows(
    "SELECT 1 FROM duckdb_columns() WHERE database_name = 'before' AND table_name = 'spend' AND column_name = 'policy'",
  );
  return known === undefined ? "CAST(NULL AS VARCHAR)" : "policy";
}
