import { findConfig, readConfig } from "../config.ts";
import { buildAll, buildExit } from "./build.ts";
import type { Command } from "./commands.ts";
import { asText, ingestAll } from "./ingest.ts";

export const runCommand: Command = {
  background: true,
  usage: "",
  options: {},
  async run(invocation) {
    const config = readConfig(
      findConfig(asText(invocation.options["config"]), invocation.screen.tell),
    );
    const ingested = await ingestAll(config, invocation);
    const built = buildExit(await buildAll(config, invocation));
    return built !== 0 ? built : ingested.failed > 0 ? 3 : 0;
  },
};
