import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { AppError } from "../../data/errors.ts";
import { writeWhole } from "../../data/files.ts";
import { writeSample } from "../../data/sample/write.ts";
import { configIn, DEMO_HOME, readConfig } from "../config.ts";
import { buildAll, buildExit } from "./build.ts";
import { demoNamespaces } from "./demo-namespaces.ts";
import type { Command } from "./commands.ts";
import { asText, ingestAll } from "./ingest.ts";
import { portOf, serveUntilStopped } from "./serve.ts";

/** Environments whose clusters are measured: all five would take a minute more. */
const MEASURED = ["dev", "production"];

const MARK = ".apportion-demo";

export const demoCommand: Command = {
  usage: `[--home ./${DEMO_HOME}] [--port 8080] [--days 62] [--no-usage] [--no-serve]`,
  more: "\nTwo of its five clusters, dev and production, have a Prometheus; --no-usage leaves both out.\n",
  options: {
    home: { type: "string" },
    port: { type: "string" },
    days: { type: "string" },
    "no-serve": { type: "boolean" },
    "no-usage": { type: "boolean" },
  },
  async run(invocation) {
    const { options, screen } = invocation;
    const home = resolve(asText(options["home"]) ?? DEMO_HOME);
    const days = Number(asText(options["days"]) ?? "62");
    if (!Number.isInteger(days) || days < 1 || days > 1_200)
      throw new AppError(
        "BAD_PARAMETER",
        `--days: "${String(options["days"])}" is not a number from 1 to 1200`,
      );
    const port = portOf(asText(options["port"]));
    await claim(home);
    const started = performance.now();
    const steps = options["no-usage"] === true ? 3 : 4;
    screen.tell(`1/${steps} a sample insurer's cloud bill, ${days} days, in ${home}`);
    const sample = await writeSample(home, {
      days,
      usage: options["no-usage"] === true ? false : MEASURED,
      onProgress: (done, total, what) => screen.progress(what, done, total),
    });
    const config = readConfig(configIn(home));
    screen.tell(`2/${steps} taking in ${sample.files} files`);
    const ingested = await ingestAll(config, invocation);
    const usage = options["no-usage"] !== true;
    if (usage) screen.tell("3/4 whose each namespace is, and whether it is used");
    const namespaces = usage ? await demoNamespaces(home, invocation) : null;
    screen.tell(`${steps}/${steps} attributing, checking, publishing`);
    const built = await buildAll(namespaces?.config ?? config, invocation);
    const code = buildExit(built) || (ingested.failed > 0 ? 3 : 0);
    await namespaces?.lastScan();
    screen.tell(`done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    const months = `months: ${sample.months.join(" ")}`;
    if (options["no-serve"] === true || code !== 0) {
      screen.out(`${months}\n`);
      return code;
    }
    return serveUntilStopped(readConfig(configIn(home)), {
      ...invocation,
      port,
      host: "127.0.0.1",
      after: months,
    });
  },
};

/** Takes a new or an earlier demo's folder; any other may hold somebody's data. */
async function claim(home: string): Promise<void> {
  const entries = existsSync(home) ? await readdir(home) : [];
  if (entries.length > 0 && !entries.includes(MARK))
    throw new AppError(
      "HOME_REFUSED",
      `--home ${home}: not made by "apportion demo" and not empty; name another folder`,
    );
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeWhole(`${home}/${MARK}`, "made by apportion demo; safe to delete\n");
}
