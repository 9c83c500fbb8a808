import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { homePaths, renameDurably, syncFile } from "../../data/files.ts";
import type { PublishedFindings, PublishedMonth } from "../../data/published.ts";
import type { Register } from "../../data/register.ts";
import { type Session, sqlText } from "../../data/warehouse.ts";
import { makeBacktest } from "../backtest/make.ts";
import { type BuildSettings, verifyFacts } from "../inputs.ts";
import type { Verified } from "../verified.ts";
import type { FindingCheck } from "./checks.ts";
import type { FindingsContext } from "./context.ts";
import { findingsInputs } from "./inputs.ts";
import { makeWorth } from "./ledger/make.ts";
import { makeRecommendations } from "./recommend/make.ts";
import { makeFindingTables } from "./tables.ts";

export interface FindingsOptions {
  home: string;
  settings: BuildSettings;
  register: Register;
  now: () => Date;
  signal: AbortSignal;
  /** What the build has read and found whole already. */
  verified: Verified;
  progress: (what: string, done?: number, total?: number) => void;
}

/**
 * Makes the findings file from the newest usage and the months just published, beside them in
 * `published/`. Named by the hash of all that makes it: equal inputs give the same file, untouched.
 * @returns null where there is nothing to make findings from
 */
export async function makeFindings(
  session: Session,
  months: readonly PublishedMonth[],
  last: PublishedFindings | null,
  options: FindingsOptions,
): Promise<PublishedFindings | null> {
  const { home, settings, signal, verified } = options;
  const paths = homePaths(home);
  const now = options.now();
  const inputs = await findingsInputs(session, home, months, settings, now);
  if (inputs.months.length === 0) return null;
  const file = `findings-${inputs.fingerprint.slice(0, 32)}.duckdb`;
  if (last?.file === file && existsSync(join(paths.published, file)))
    return { ...last, stale: false };
  for (const { usage, pods } of inputs.windows) await verifyFacts([...usage, ...pods], verified);
  await verifyFacts(
    inputs.worth.filter((fact) => fact.kind !== "pod_day"),
    verified,
  );
  for (const { usage, pods } of inputs.history) await verifyFacts([...usage, ...pods], verified);
  const temporary = join(paths.published, `findings-${randomUUID()}.tmp.duckdb`);
  const interrupt = () => session.interrupt();
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    const attached: string[] = [];
    let checks: FindingCheck[] = [];
    try {
      await session.script(`ATTACH ${sqlText(temporary)} AS findings`);
      attached.push("findings");
      const catalogs = inputs.months.map(({ month, file }) => ({
        month,
        catalog: `m_${month.replace("-", "_")}`,
        path: join(paths.published, file),
      }));
      for (const { catalog, path } of catalogs) {
        await session.script(`ATTACH ${sqlText(path)} AS ${catalog} (READ_ONLY)`);
        attached.push(catalog);
      }
      await session.script("USE findings");
      await makeFindingTables(session);
      const context: FindingsContext = {
        session,
        inputs,
        months: catalogs,
        settings,
        register: options.register,
        now,
        signal,
        progress: options.progress,
      };
      // Each reads what those before it made.
      await makeRecommendations(context);
      signal.throwIfAborted();
      checks = await makeWorth(context);
      signal.throwIfAborted();
      await makeBacktest(context);
      await session.script("CHECKPOINT findings");
    } finally {
      await session.script("USE work");
      for (const catalog of attached) await session.script(`DETACH ${catalog}`);
    }
    await syncFile(temporary);
    await renameDurably(temporary, join(paths.published, file));
    return {
      file,
      fingerprint: inputs.fingerprint,
      publishedAt: now.toISOString(),
      stale: false,
      checks,
    };
  } finally {
    signal.removeEventListener("abort", interrupt);
    await rm(temporary, { force: true });
    await rm(`${temporary}.wal`, { force: true });
  }
}
