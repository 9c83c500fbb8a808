import { constants, setPriority } from "node:os";
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { AppError, asAppError } from "../data/errors.ts";
import { systemClock } from "../data/clock.ts";
import { COMMANDS } from "./commands/commands.ts";
import { describeError, terminal } from "./terminal.ts";

const COMMON = {
  config: { type: "string" },
  debug: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsOptionsConfig;

// Whatever is written from here on, the engine's logs and spilled data too, is its owner's alone.
process.umask(0o077);

const screen = terminal();
const debug = process.argv.includes("--debug");
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new Error(signal));
  });
// A reader that closes the pipe (`| head`) wants no more, and that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  screen.done();
  if (stop.signal.aborted) {
    screen.tell("apportion: stopped; what was committed stays, run the command again to go on");
    process.exitCode = 130;
  } else {
    const known = asAppError(error);
    screen.tell(describeError(known, debug));
    process.exitCode = known.exit;
  }
}
screen.done();

async function main(args: string[]): Promise<number> {
  const [first, second] = args;
  const [name, ...rest] = first === "help" && second !== undefined ? [second, "--help"] : args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    screen.out(overview());
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "version") {
    const { default: about } = await import("../package.json", { with: { type: "json" } });
    screen.out(`${about.version}\n`);
    return 0;
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) {
    const { hint } = await import("../data/config.ts");
    throw new AppError(
      "USAGE",
      `there is no command "${name}"${hint(name, Object.keys(COMMANDS))}`,
    );
  }
  const command = await entry.load();
  if (rest.includes("--help") || rest.includes("-h")) {
    screen.out(
      `apportion ${name} ${command.usage}\n\n${entry.does}\n${(command.more ?? "").replace(/[^\n]$/, "$&\n")}`,
    );
    return 0;
  }
  let parsed;
  try {
    parsed = parseArgs({
      args: rest,
      options: { ...COMMON, ...command.options },
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    const [first] = (error as Error).message.split(". ");
    throw new AppError("USAGE", `${name}: ${first}; see "apportion ${name} --help"`, {
      cause: error,
    });
  }
  if (parsed.positionals.length > (command.positionals ?? 0))
    throw new AppError(
      "USAGE",
      `${name}: "${parsed.positionals.at(command.positionals ?? 0)}" is one word too many; see "apportion ${name} --help"`,
    );
  if (command.background === true) setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  return command.run({
    options: parsed.values as Record<string, string | boolean | undefined>,
    words: parsed.positionals,
    screen,
    signal: stop.signal,
    now: systemClock(),
  });
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(
    ([name, command]) => `  ${name.padEnd(width)}  ${command.does}\n`,
  );
  return `apportion COMMAND [options]\n\nWho spent the cloud bill, and proof that it adds up.\n\n${lines.join("")}\n--config FILE, --debug and --help work with every command.\n`;
}
