import { existsSync } from "node:fs";
import { ask, LOCAL_ADMINISTRATOR } from "../../analysis/ask.ts";
import { idleRules, type RuleFacts } from "../../analysis/idle-rules.ts";
import { monthOf, openSnapshot } from "../../analysis/snapshot.ts";
import { asAppError } from "../../data/errors.ts";
import { freeBytes, homePaths, makeHome } from "../../data/files.ts";
import { readList } from "../../data/published.ts";
import { type Config, findConfig, readConfig } from "../config.ts";
import { table } from "../terminal.ts";
import type { Command } from "./commands.ts";
import { workerRights } from "./doctor-worker.ts";
import { asText } from "./ingest.ts";

export const doctorCommand: Command = {
  usage: "",
  options: {},
  async run({ options, screen, signal, now }) {
    const rows: string[][] = [];
    let code = 0;
    const say = (what: string, ok: boolean, detail: string) => {
      rows.push([ok ? "ok" : "FAILED", what, detail]);
      if (!ok) code = 3;
    };
    say("node", true, process.version);
    const config = readConfig(findConfig(asText(options["config"]), screen.tell));
    say("configuration", true, config.file);
    for (const warning of config.warnings) rows.push(["note", "owners", warning]);
    const paths = homePaths(config.home);
    await makeHome(paths);
    const free = await freeBytes(config.home);
    say(
      "disk",
      free > 2 ** 30,
      `${(free / 2 ** 30).toFixed(1)} GiB free at ${config.home}${free > 2 ** 30 ? "" : "; a month needs twice the size of its export"}`,
    );
    const labels: (boolean | undefined)[] = [];
    for (const source of config.sources) {
      const what = `source ${source.name}`;
      const context = { home: config.home, now, signal, progress: screen.progress };
      const tellsLabels = ["prometheus", "kubernetes"].includes(source.type);
      try {
        const plan = await source.plan(context);
        for (const problem of plan.problems)
          say(what, false, asAppError(problem.error, problem.unit).message);
        const newest = plan.units
          .map((unit) => unit.submittedAt ?? "")
          .toSorted()
          .at(-1);
        const seen = await source.examine?.(context);
        if (plan.problems.length === 0 || plan.units.length > 0)
          say(
            what,
            true,
            `${plan.units.length} units, newest ${newest ?? "none"}${seen === undefined ? "" : `; ${seen.found}`}`,
          );
        for (const lack of seen?.lacking ?? []) rows.push(["note", what, lack]);
        if (tellsLabels) labels.push(seen?.labels);
      } catch (error) {
        say(what, false, asAppError(error, source.name).message);
        if (tellsLabels) labels.push(undefined);
      }
    }
    for (const { what, ok, detail } of await workerRights(config, signal)) say(what, ok, detail);
    const list = await readList(paths);
    say(
      "published",
      list.months.length > 0,
      list.months.length > 0
        ? `${list.months.length} months, at ${list.publishedAt}`
        : 'nothing yet; run "apportion run"',
    );
    for (const problem of await idleProblems(config, labels, now()))
      rows.push(["note", "rules", problem]);
    say(
      "pages",
      existsSync(new URL("../../dist/ui/index.html", import.meta.url)),
      existsSync(new URL("../../dist/ui/index.html", import.meta.url))
        ? "built"
        : 'not built; "apportion serve" builds them once, with the development packages installed',
    );
    screen.out(table(rows));
    return code;
  },
};

/** Rules and shared services that do nothing, by what the newest published month holds. */
async function idleProblems(
  config: Config,
  labels: readonly (boolean | undefined)[],
  now: Date,
): Promise<string[]> {
  const { ownership, clusters } = config.build;
  // Only where every source could be asked is it known that none tells labels.
  const told = labels.includes(true) ? true : labels.includes(undefined) ? null : false;
  const facts: RuleFacts = { tagKeys: null, namespaces: [], clusters, labels: told };
  const today = now.toISOString().slice(0, 10);
  const paths = homePaths(config.home);
  if ((await readList(paths)).months.every((month) => month.file === null))
    return idleRules(ownership, facts, today);
  const snapshot = await openSnapshot(paths);
  try {
    const { month } = monthOf(snapshot, undefined);
    const found = await ask<{ kind: string; value: string }>(
      snapshot,
      "rule-facts",
      LOCAL_ADMINISTRATOR,
      { month },
    );
    const of = (kind: string) => found.filter((row) => row.kind === kind).map((row) => row.value);
    const known = { ...facts, tagKeys: of("tag"), namespaces: of("namespace") };
    return [
      ...idleRules(ownership, known, today),
      ...of("silent").map(
        (basis) =>
          `${basis} in ${month}; check the driver's name and its source, or give the entry "consumers"`,
      ),
    ];
  } finally {
    await snapshot.pool.close();
  }
}
