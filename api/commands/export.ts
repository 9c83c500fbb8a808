import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { LOCAL_ADMINISTRATOR } from "../../analysis/ask.ts";
import { openSnapshot } from "../../analysis/snapshot.ts";
import { hint } from "../../data/config.ts";
import { AppError, asAppError } from "../../data/errors.ts";
import { homePaths } from "../../data/files.ts";
import { parseMonth } from "../../data/period.ts";
import { findConfig, readConfig } from "../config.ts";
import { EXPORTS, type ExportName, writeExport } from "../exports.ts";
import type { Command } from "./commands.ts";
import { asText } from "./ingest.ts";

export const exportCommand: Command = {
  does: "Writes finance's CSV: the statement of a month, its lines by who takes them, or its bill lines.",
  usage: `${EXPORTS.join("|")} --month YYYY-MM [--team ID] [--live] [-o FILE]`,
  more: "\nWithout -o, or with -o -, to standard output.\n",
  options: {
    month: { type: "string" },
    team: { type: "string" },
    output: { type: "string", short: "o" },
    live: { type: "boolean" },
    number: { type: "string" },
  },
  positionals: 1,
  async run({ options, words, screen, signal }) {
    const [name] = words;
    if (!(EXPORTS as readonly string[]).includes(name ?? ""))
      throw new AppError(
        "USAGE",
        `export ${name ?? ""}: name what to export, one of ${EXPORTS.join(", ")}${name === undefined ? "" : hint(name, EXPORTS)}`,
      );
    if (options["number"] !== undefined)
      throw new AppError("NOT_BUILT_YET", "--number: closing months is not built yet");
    const month = asText(options["month"]);
    if (month === undefined)
      throw new AppError("USAGE", `export ${name}: --month is missing; write it as YYYY-MM`);
    const config = readConfig(findConfig(asText(options["config"]), screen.tell));
    const snapshot = await openSnapshot(homePaths(config.home), { size: 1 });
    const output = asText(options["output"]) ?? "-";
    const path = resolve(output);
    const temporary = `${path}.${randomUUID()}.tmp`;
    const sink = output === "-" ? process.stdout : createWriteStream(temporary, { mode: 0o600 });
    const failed = new Promise<never>((_, reject) => sink.once("error", reject));
    failed.catch(() => {});
    const write = async (text: string) => {
      if (!sink.write(text)) await Promise.race([once(sink, "drain"), failed]);
    };
    try {
      await writeExport(
        name as ExportName,
        snapshot,
        LOCAL_ADMINISTRATOR,
        { month: parseMonth(month), team: asText(options["team"]) },
        write,
        signal,
      );
      if (output !== "-") {
        sink.end();
        await Promise.race([once(sink, "close"), failed]);
        await rename(temporary, path);
      }
      return 0;
    } catch (error) {
      if (output !== "-") await rm(temporary, { force: true });
      throw asAppError(error, output === "-" ? undefined : path);
    } finally {
      await snapshot.pool.close();
    }
  },
};
