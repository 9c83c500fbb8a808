import type { ParseArgsOptionsConfig } from "node:util";
import type { Terminal } from "../terminal.ts";
import { auditCommand } from "./audit.ts";
import { backupCommand, restoreCommand } from "./backup.ts";
import { backtestCommand } from "./backtest.ts";
import { buildCommand } from "./build.ts";
import { checkCommand } from "./check.ts";
import { closeCommand } from "./close.ts";
import { demoCommand } from "./demo.ts";
import { doctorCommand } from "./doctor.ts";
import { explainCommand } from "./explain.ts";
import { exportCommand } from "./export.ts";
import { findingsCommand } from "./findings.ts";
import { ingestCommand } from "./ingest.ts";
import { initCommand } from "./init.ts";
import { namespacesCommand } from "./namespaces.ts";
import { runCommand } from "./run.ts";
import { serveCommand } from "./serve.ts";
import { sourcesCommand } from "./sources.ts";
import { tokenCommand } from "./token.ts";

export interface Invocation {
  options: Record<string, string | boolean | undefined>;
  words: string[];
  screen: Terminal;
  signal: AbortSignal;
  now: () => Date;
  /** Who types; the machine's user where it is not said. */
  user?: string;
}

/** One command; its exit code is what `run` gives, or the error's. */
export interface Command {
  does: string;
  usage: string;
  more?: string;
  options: ParseArgsOptionsConfig;
  /** How many words it takes; none unless said. */
  positionals?: number;
  /** Work nobody sits and waits for: it leaves the processor to the server beside it. */
  background?: boolean;
  run(invocation: Invocation): Promise<number>;
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  demo: demoCommand,
  init: initCommand,
  ingest: ingestCommand,
  build: buildCommand,
  run: runCommand,
  serve: serveCommand,
  check: checkCommand,
  close: closeCommand,
  backtest: backtestCommand,
  explain: explainCommand,
  export: exportCommand,
  findings: findingsCommand,
  audit: auditCommand,
  backup: backupCommand,
  restore: restoreCommand,
  sources: sourcesCommand,
  namespaces: namespacesCommand,
  token: tokenCommand,
  doctor: doctorCommand,
};
