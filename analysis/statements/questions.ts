import type { PublishedMonth } from "../../data/published.ts";
import type { SourceReport } from "../../data/register/reports.ts";
import type { OpenQuestion } from "../../data/statements.ts";
import { plainAmount } from "../../data/money.ts";
import { ask, type Principal } from "../ask.ts";
import type { CheckResult } from "../checks.ts";
import type { Snapshot } from "../snapshot.ts";

const MEANS: Readonly<Record<string, string>> = {
  __unowned__: "no rule names an owner",
  __unmatched__: "of a cluster, by lines nobody could match",
  __unmounted__: "disks that no claim holds",
  __no_usage_data__: "node time without usage data",
};

/**
 * What should be known before a month is booked, the gravest first. What blocks is closed over only
 * with a reason: figures that may still move, are not the newest, or fail a check.
 */
export async function openQuestions(
  snapshot: Snapshot,
  principal: Principal,
  entry: PublishedMonth,
  sources: readonly SourceReport[],
  signal?: AbortSignal,
): Promise<OpenQuestion[]> {
  const { month } = entry;
  const questions: OpenQuestion[] = [];
  const say = (
    kind: OpenQuestion["kind"],
    blocks: boolean,
    text: string,
    currency: string | null = null,
    amount: string | null = null,
  ) => questions.push({ kind, blocks, text, currency, amount });
  const state = entry.builtState ?? entry.state;
  if (state === "open" || state === "provisional")
    say(
      "state",
      true,
      state === "open"
        ? "the month is not over"
        : "the month is provisional: its bill changed lately and may change again",
    );
  if (entry.stale)
    say(
      "stale",
      true,
      `the last build broke an invariant (${entry.failed.join(", ")}); these are the figures of before`,
    );
  const checks = await ask<CheckResult>(snapshot, "checks", principal, { month }, signal);
  for (const check of checks.filter(({ ok }) => !ok))
    say(
      check.name === "usage-coverage" ? "coverage" : "check",
      true,
      `${check.name} fails: ${check.detail}`,
      check.currency,
    );
  const money = await ask<{ currency: string; team: string; amount: string }>(
    snapshot,
    "open-money",
    principal,
    { month },
    signal,
  );
  for (const { currency, team, amount } of money)
    say("unowned", false, `on ${team}: ${MEANS[team] ?? team}`, currency, plainAmount(amount));
  if (entry.rejected > 0)
    say("rejected", false, `${entry.rejected} rows could not be read and are in no figure`);
  for (const { name, problem } of sources)
    if (problem !== null) say("source", false, `source ${name} cannot be read: ${problem}`);
  return questions;
}
