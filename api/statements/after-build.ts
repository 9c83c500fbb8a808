import { LOCAL_ADMINISTRATOR } from "../../analysis/ask.ts";
import type { BuiltMonth } from "../../analysis/build.ts";
import { METHOD_VERSION } from "../../analysis/method.ts";
import { openSnapshot } from "../../analysis/snapshot.ts";
import type { HomePaths } from "../../data/files.ts";
import type { PublishedList } from "../../data/published.ts";
import type { Register } from "../../data/register.ts";
import { appendAudit, auditRows } from "../../data/register/audit.ts";
import {
  addRestated,
  type Restated,
  restatedTold,
  restatements,
  statements,
} from "../../data/register/statements.ts";
import { type StatementManifest, writeClosed } from "../../data/statements.ts";
import { changesOf, figuresOf } from "./figures.ts";

export interface AfterBuild {
  paths: HomePaths;
  register: Register;
  list: PublishedList;
  months: readonly BuiltMonth[];
  now: () => Date;
  /** Tells finance; throws where it cannot. Null: nobody is configured to be told. */
  tell: ((restated: Restated) => Promise<void>) | null;
}

/**
 * What a build leaves on record: what each published month was made from, which closed months it
 * restated, and that finance was told. Does what an earlier build was killed before doing, too.
 */
export async function recordBuild(about: AfterBuild): Promise<Restated[]> {
  const { register, paths, list, now } = about;
  recordPublish(about);
  const closed = statements(register);
  await writeClosed(paths, closed);
  const latest = new Map(closed.map((manifest) => [manifest.month, manifest]));
  const moved = list.months.filter(
    ({ month, file, fingerprint }) =>
      file !== null && latest.has(month) && latest.get(month)?.fingerprint !== fingerprint,
  );
  if (moved.length > 0) {
    const snapshot = await openSnapshot(paths, { size: 1, threads: 1 });
    try {
      for (const { month, fingerprint } of moved) {
        const { number, totals, figures } = latest.get(month) as StatementManifest;
        const live = await figuresOf(snapshot, LOCAL_ADMINISTRATOR, month);
        if (live.hash !== figures)
          addRestated(register, {
            month,
            fingerprint,
            at: now().toISOString(),
            number,
            changes: changesOf(totals, live.totals),
          });
      }
    } finally {
      await snapshot.pool.close();
    }
  }
  await tellFinance(about);
  return restatements(register);
}

/** An audit row for a publish that has none yet: each month's file and the hashes of what made it. */
function recordPublish({ register, list, now }: AfterBuild): void {
  const subject = `publish:${list.publishedId}`;
  const last = auditRows(register, { subject }).length;
  if (last > 0 || list.publishedAt === "") return;
  appendAudit(register, {
    at: now().toISOString(),
    actor: "build",
    role: "system",
    action: "build.publish",
    subject,
    details: {
      method: METHOD_VERSION,
      months: list.months.map(({ month, file, fingerprint, causes, failed, stale }) => ({
        month,
        file,
        fingerprint,
        causes,
        failed,
        stale,
      })),
    },
  });
}

/** Tells of what was not told yet; what cannot be told now is tried again by the next build. */
async function tellFinance({ register, tell, now }: AfterBuild): Promise<void> {
  if (tell === null) return;
  for (const restated of restatements(register)) {
    if (restated.told !== null) continue;
    try {
      await tell(restated);
      restatedTold(register, restated, now().toISOString(), null);
    } catch (error) {
      restatedTold(register, restated, null, (error as Error).message);
    }
  }
}
