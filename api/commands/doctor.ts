import { existsSync } from "node:fs";
import { asAppError } from "../../data/errors.ts";
import { freeBytes, homePaths, makeHome } from "../../data/files.ts";
import { readList } from "../../data/published.ts";
import { findConfig, readConfig } from "../config.ts";
import { table } from "../terminal.ts";
import type { Command } from "./commands.ts";
import { asText } from "./ingest.ts";

export const doctorCommand: Command = {
  does: "Checks configuration, sources, disk and versions, each with what to do.",
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
    for (const source of config.sources)
      try {
        const plan = await source.plan({
          home: config.home,
          now,
          signal,
          progress: screen.progress,
        });
        say(
          `source ${source.name}`,
          plan.problems.length === 0,
          plan.problems[0] === undefined
            ? `${plan.units.length} units, newest ${
                plan.units
                  .map((unit) => unit.submittedAt ?? "")
                  .toSorted()
                  .at(-1) ?? "none"
              }`
            : asAppError(plan.problems[0].error, plan.problems[0].unit).message,
        );
      } catch (error) {
        say(`source ${source.name}`, false, asAppError(error, source.name).message);
      }
    const list = await readList(paths);
    say(
      "published",
      list.months.length > 0,
      list.months.length > 0
        ? `${list.months.length} months, at ${list.publishedAt}`
        : 'nothing yet; run "apportion run"',
    );
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
