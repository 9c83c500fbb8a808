import { build, type BuildResult } from "../../analysis/build.ts";
import { withCreators } from "../../analysis/lifecycle/creator-rules.ts";
import { madeBy } from "../../analysis/lifecycle/record.ts";
import { asAppError } from "../../data/errors.ts";
import { homePaths } from "../../data/files.ts";
import { parseMonth } from "../../data/period.ts";
import { Register } from "../../data/register.ts";
import { type Config, findConfig, readConfig } from "../config.ts";
import { type AfterBuild, recordBuild } from "../statements/after-build.ts";
import type { Command, Invocation } from "./commands.ts";
import { asText } from "./ingest.ts";

export const buildCommand: Command = {
  background: true,
  usage: "[--month YYYY-MM]",
  more: "\nMonths whose inputs did not change are left as they are.\nExit 1 when an invariant is violated; that month keeps its last published answers.\n",
  options: { month: { type: "string" } },
  async run(invocation) {
    const config = readConfig(
      findConfig(asText(invocation.options["config"]), invocation.screen.tell),
    );
    return buildExit(await buildAll(config, invocation));
  },
};

/** 1 where an invariant is violated; a tolerance exceeded is published, marked, and left to `check`. */
export function buildExit(result: BuildResult): number {
  return result.months.some((month) => month.problem !== null) ? 1 : 0;
}

/** Puts the build on record and says which closed months it restated; a full disk keeps only the record back. */
async function afterBuild(
  config: Config,
  register: Register,
  { list, months }: BuildResult,
  { now, screen }: Invocation,
): Promise<void> {
  const paths = homePaths(config.home);
  const tell = await tellerOf(config);
  try {
    const restated = await recordBuild({ paths, register, list, months, now, tell });
    const built = new Set(
      months.filter(({ outcome }) => outcome === "published").map((one) => one.month),
    );
    for (const { month, number, problem, fingerprint } of restated) {
      if (!built.has(month) || list.months.every((entry) => entry.fingerprint !== fingerprint))
        continue;
      screen.tell(
        `apportion: ${month}: closed as no. ${number} and restated; see the Months page, "apportion close --month ${month}" makes no. ${number + 1}${problem === null ? "" : ` (finance was not told: ${problem})`}`,
      );
    }
  } catch (error) {
    if (asAppError(error).code !== "DISK_FULL") throw error;
  }
}

/** How finance is told, with secrets read; null: nobody is configured to be told. */
async function tellerOf(config: Config): Promise<AfterBuild["tell"]> {
  const { webhook, finance } = config;
  if (webhook === null && finance.length === 0) return null;
  // Loaded only here: a library for mail is no part of a build.
  const [{ messenger }, { channelsOf }] = await Promise.all([
    import("../statements/tell.ts"),
    import("./namespaces-notify.ts"),
  ]);
  const server = finance.length === 0 ? null : channelsOf(config).mail;
  return messenger({
    webhook: webhook?.() ?? null,
    mail: server === null ? null : { server, to: finance },
  });
}

export async function buildAll(config: Config, invocation: Invocation): Promise<BuildResult> {
  const { screen } = invocation;
  for (const warning of config.warnings) screen.tell(`apportion: ${warning}`);
  const month = asText(invocation.options["month"]);
  const register = new Register(homePaths(config.home).register);
  try {
    const result = await build({
      home: config.home,
      settings: {
        ...config.build,
        ownership: withCreators(config.build.ownership, madeBy(register)),
      },
      register,
      now: invocation.now,
      signal: invocation.signal,
      month: month === undefined ? undefined : parseMonth(month),
      progress: (what, done, total) => screen.progress(`building ${what}`, done, total),
      month_done(built) {
        const failed = built.checks.filter((check) => !check.ok);
        if (built.problem !== null)
          screen.tell(
            `apportion: ${built.month}: ${built.problem}; ${built.outcome === "kept" ? "its last published answers stay" : "it is not published"}`,
          );
        else if (failed.length > 0)
          for (const check of failed)
            screen.tell(`apportion: ${built.month}: published, but ${check.name}: ${check.detail}`);
        if (screen.isTTY) screen.tell(`${built.month}  ${built.outcome}`);
      },
    });
    await afterBuild(config, register, result, invocation);
    return result;
  } finally {
    register.close();
  }
}
