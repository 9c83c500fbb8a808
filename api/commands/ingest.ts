import { AppError, printable } from "../../data/errors.ts";
import { hint } from "../../data/config.ts";
import { homePaths } from "../../data/files.ts";
import { parseDay } from "../../data/period.ts";
import { noted, Register } from "../../data/register.ts";
import { keepSources } from "../../data/register/reports.ts";
import { ingest, type IngestReporter, type IngestResult } from "../../ingest/run.ts";
import { type Config, findConfig, readConfig } from "../config.ts";
import type { Terminal } from "../terminal.ts";
import type { Command, Invocation } from "./commands.ts";

export const ingestCommand: Command = {
  background: true,
  usage: "[SOURCE…] [--since YYYY-MM-DD] [--until YYYY-MM-DD] [--again]",
  more: "\nA unit is taken when the month it is about overlaps [since, until).\n--again loads units that did not change too, from what was landed.\nExit 3 when a unit could not be read; the others are loaded all the same.\n",
  options: { since: { type: "string" }, until: { type: "string" }, again: { type: "boolean" } },
  positionals: 1_000,
  async run(invocation) {
    const config = readConfig(
      findConfig(asText(invocation.options["config"]), invocation.screen.tell),
    );
    const result = await ingestAll(config, invocation, invocation.words);
    return result.failed > 0 ? 3 : 0;
  },
};

export function asText(value: string | boolean | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Ingests the named sources, or all; tells each unit as it ends. */
export async function ingestAll(
  config: Config,
  invocation: Invocation,
  names: readonly string[] = [],
): Promise<IngestResult> {
  const known = config.sources.map((source) => source.name);
  if (known.length === 0)
    throw new AppError(
      "CONFIG_INVALID",
      `${config.file}: no sources are configured; add one under "sources" ("apportion init" writes an example)`,
    );
  for (const name of names)
    if (!known.includes(name))
      throw new AppError(
        "UNKNOWN_SOURCE",
        `no source is called "${printable(name)}"${hint(name, known)}`,
      );
  const day = (option: string) => {
    const value = asText(invocation.options[option]);
    return value === undefined ? undefined : parseDay(value, `--${option}`);
  };
  const { since, until } = { since: day("since"), until: day("until") };
  if (since !== undefined && until !== undefined && since >= until)
    throw new AppError("BAD_PARAMETER", `--until ${until} is not after --since ${since}`);
  const register = new Register(homePaths(config.home).register);
  try {
    if (names.length === 0) noted(() => keepSources(register, known));
    const result = await ingest({
      home: config.home,
      sources: config.sources.filter((source) => names.length === 0 || names.includes(source.name)),
      register,
      now: invocation.now,
      signal: invocation.signal,
      report: reporter(invocation.screen),
      since,
      until,
      again: invocation.options["again"] === true,
      landingDays: config.landingDays,
      sampleDays: config.sampleDays,
    });
    const { screen } = invocation;
    if (screen.isTTY)
      screen.tell(
        `${result.loaded} loaded, ${result.unchanged} unchanged, ${result.failed} failed${result.rejected > 0 ? `, ${result.rejected} rows rejected` : ""}`,
      );
    return result;
  } finally {
    register.close();
  }
}

/** A line a unit: words on a terminal, JSON elsewhere; problems always as an error line. */
function reporter(screen: Terminal): IngestReporter {
  return {
    progress: screen.progress,
    unit(event) {
      const what = `${event.source}  ${printable(event.unit)}`;
      if (event.code !== null) screen.tell(`apportion: ${event.problem ?? ""}`);
      if (!screen.isTTY) {
        screen.out(`${JSON.stringify(event)}\n`);
        return;
      }
      if (event.code !== null) return;
      const rejected = event.rejected > 0 ? `, ${event.rejected} rejected` : "";
      screen.tell(`${what}  ${event.outcome}  ${event.rows} rows${rejected}`);
    },
  };
}
