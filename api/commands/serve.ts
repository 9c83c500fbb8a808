import { spawn } from "node:child_process";
import { once } from "node:events";
import { Cron } from "croner";
import { AppError } from "../../data/errors.ts";
import { homePaths } from "../../data/files.ts";
import { closeInChild } from "./close-child.ts";
import { startServer } from "../server.ts";
import { type Config, findConfig, readConfig } from "../config.ts";
import type { Command, Invocation } from "./commands.ts";
import { asText } from "./ingest.ts";

export const serveCommand: Command = {
  usage: '[--host 127.0.0.1] [--port 8080] [--schedule "CRON"]',
  more: '\n--schedule "15 * * * *" runs ingest and build in a child process at those times (UTC); where namespaces are\nread it looks at them too, tells their owners where "namespaces.notify" is configured, and carries out what was\nagreed on where "namespaces.worker" is.\n',
  options: {
    host: { type: "string" },
    port: { type: "string" },
    schedule: { type: "string" },
  },
  async run(invocation) {
    const { options, screen } = invocation;
    const config = readConfig(findConfig(asText(options["config"]), screen.tell));
    return serveUntilStopped(config, {
      ...invocation,
      host: asText(options["host"]) ?? config.server.host,
      port: options["port"] === undefined ? config.server.port : portOf(asText(options["port"])),
      schedule: asText(options["schedule"]),
    });
  },
};

export function portOf(text: string | undefined): number {
  const port = Number(text ?? "8080");
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new AppError("BAD_PARAMETER", `--port: "${text}" is not a number from 0 to 65535`);
  return port;
}

interface Serving extends Invocation {
  host: string;
  port: number;
  schedule?: string | undefined;
  /** A last line after the address. */
  after?: string;
}

export async function serveUntilStopped(config: Config, serving: Serving): Promise<number> {
  const { screen, signal } = serving;
  const pages = await buildPages(screen.tell);
  const server = await startServer({
    paths: homePaths(config.home),
    sources: config.sources.map(({ name, type }) => ({ name, type })),
    currency: config.build.currency,
    host: serving.host,
    port: serving.port,
    pages,
    now: serving.now,
    close: closeInChild(config.file),
    auth: config.server.auth,
    lifecycle: config.lifecycle,
    log: screen.isTTY ? "warn" : "info",
  });
  const job =
    serving.schedule === undefined ? undefined : schedule(config, serving.schedule, serving);
  screen.out(`${server.address}\n`);
  if (serving.after !== undefined) screen.out(`${serving.after}\n`);
  if (!signal.aborted) await once(signal, "abort");
  job?.stop();
  await server.close();
  return 0;
}

/** Builds the pages if their sources changed; without Vite the server says how to build them. */
async function buildPages(tell: (line: string) => void): Promise<string | null> {
  try {
    const { buildUi } = await import("../../ui/build.ts");
    const { built, dir } = await buildUi();
    if (built) tell("built the pages");
    return dir;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    return null;
  }
}

/** The commands of a scheduled run, one after the other; what is not configured is not run. */
export function scheduled(config: Config): string[][] {
  const { notify, worker } = config.namespaces;
  const isRead = config.sources.some(({ type }) => type === "kubernetes");
  return [
    ["run"],
    ...(isRead ? [["namespaces", "scan", "--yes"]] : []),
    ...(isRead && notify !== undefined ? [["namespaces", "notify", "--yes"]] : []),
    ...(isRead && worker !== undefined ? [["namespaces", "work", "--yes"]] : []),
  ];
}

function schedule(config: Config, pattern: string, serving: Serving): Cron {
  let child: ReturnType<typeof spawn> | undefined;
  const run = async () => {
    for (const words of scheduled(config)) {
      if (serving.signal.aborted) return;
      // Its own process: the server holds nothing open for writing, and a crash there is not one here.
      child = spawn(
        process.execPath,
        [
          new URL("../../bin/apportion.js", import.meta.url).pathname,
          ...words,
          "--config",
          config.file,
        ],
        { stdio: ["ignore", "ignore", "inherit"] },
      );
      const [code] = (await once(child, "exit")) as [number | null];
      child = undefined;
      if (code !== 0)
        serving.screen.tell(
          `apportion: the scheduled ${words.slice(0, 2).join(" ")} ended with ${code ?? "a signal"}`,
        );
    }
  };
  try {
    const job = new Cron(pattern, { timezone: "UTC", protect: true }, run);
    serving.signal.addEventListener("abort", () => child?.kill("SIGTERM"), { once: true });
    return job;
  } catch (error) {
    throw new AppError(
      "BAD_PARAMETER",
      `--schedule: "${pattern}" is not a cron pattern (${(error as Error).message})`,
      { cause: error },
    );
  }
}
