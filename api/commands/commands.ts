import type { ParseArgsOptionsConfig } from "node:util";
import type { Terminal } from "../terminal.ts";

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
  usage: string;
  more?: string;
  options: ParseArgsOptionsConfig;
  /** How many words it takes; none unless said. */
  positionals?: number;
  /** Work nobody sits and waits for: it leaves the processor to the server beside it. */
  background?: boolean;
  run(invocation: Invocation): Promise<number>;
}

/** What `--help` lists. A command's module, and all that it imports, is loaded when it is asked for. */
export interface CommandEntry {
  does: string;
  load: () => Promise<Command>;
}

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  demo: {
    does: "Makes a sample company's bill, ingests, builds and serves it.",
    load: async () => (await import("./demo.ts")).demoCommand,
  },
  init: {
    does: "Writes a commented apportion.yaml and owners.yaml here.",
    load: async () => (await import("./init.ts")).initCommand,
  },
  ingest: {
    does: "Takes in what is new: plan, land, load, for all or the named sources.",
    load: async () => (await import("./ingest.ts")).ingestCommand,
  },
  build: {
    does: "Attributes what was taken in, checks that it adds up, and publishes month by month.",
    load: async () => (await import("./build.ts")).buildCommand,
  },
  run: {
    does: "Ingest, then build.",
    load: async () => (await import("./run.ts")).runCommand,
  },
  serve: {
    does: "Serves the dashboard and the API.",
    load: async () => (await import("./serve.ts")).serveCommand,
  },
  check: {
    does: "Shows whether what is published adds up; exit 1 when something does not.",
    load: async () => (await import("./check.ts")).checkCommand,
  },
  close: {
    does: "Closes a month: a numbered statement that never changes, made from what is published.",
    load: async () => (await import("./close.ts")).closeCommand,
  },
  backtest: {
    does: "Replays history: what each method would have asked for, and how often it would have been too little.",
    load: async () => (await import("./backtest.ts")).backtestCommand,
  },
  explain: {
    does: "Shows what a figure is made of: bill lines, what divided them, the rule that named the owner.",
    load: async () => (await import("./explain.ts")).explainCommand,
  },
  export: {
    does: "Writes finance's CSV: the statement of a month, its lines by who takes them, or its bill lines.",
    load: async () => (await import("./export.ts")).exportCommand,
  },
  findings: {
    does: "Lists what is oversized, idle or orphaned, with what it is worth; shows, dismisses and reopens one.",
    load: async () => (await import("./findings.ts")).findingsCommand,
  },
  audit: {
    does: "Checks the audit log, the statements or a pack; packs a statement for an auditor.",
    load: async () => (await import("./audit.ts")).auditCommand,
  },
  backup: {
    does: "Writes the register and the statements, which nothing can make again, into one file.",
    load: async () => (await import("./backup.ts")).backupCommand,
  },
  restore: {
    does: "Brings the register and the statements back from a backup.",
    load: async () => (await import("./backup.ts")).restoreCommand,
  },
  sources: {
    does: "Lists each source: last unit, freshness, rows, problems; and rows that were rejected.",
    load: async () => (await import("./sources.ts")).sourcesCommand,
  },
  namespaces: {
    does: "Whose each namespace is, whether it is used, and letting it go safely.",
    load: async () => (await import("./namespaces.ts")).namespacesCommand,
  },
  token: {
    does: "Makes, lists and revokes tokens for scripts.",
    load: async () => (await import("./token.ts")).tokenCommand,
  },
  doctor: {
    does: "Checks configuration, sources, disk and versions, each with what to do.",
    load: async () => (await import("./doctor.ts")).doctorCommand,
  },
};
