import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { LOCAL_ADMINISTRATOR } from "../../analysis/ask.ts";
import { openSnapshot } from "../../analysis/snapshot.ts";
import { hint } from "../../data/config.ts";
import { AppError, asAppError } from "../../data/errors.ts";
import { type HomePaths, homePaths } from "../../data/files.ts";
import { parseMonth } from "../../data/period.ts";
import { noted, Register } from "../../data/register.ts";
import { appendAudit } from "../../data/register/audit.ts";
import { findConfig, readConfig } from "../config.ts";
import { EXPORTS, type ExportName, writeExport } from "../exports.ts";
import { findStatement, statementBytes } from "../statements/read.ts";
import type { Command, Invocation } from "./commands.ts";
import { asText } from "./ingest.ts";
import { localName } from "./local-name.ts";

export const exportCommand: Command = {
  usage: `${EXPORTS.join("|")} --month YYYY-MM [--team ID] [--number N|--live] [-o FILE]`,
  more: `
Without -o, or with -o -, to standard output. A closed month's statement is the one that was closed, byte
for byte: the latest, or number N; --live gives today's view. allocation and lines are always today's.
`,
  options: {
    month: { type: "string" },
    team: { type: "string" },
    output: { type: "string", short: "o" },
    live: { type: "boolean" },
    number: { type: "string" },
  },
  positionals: 1,
  async run({ options, words, screen, signal, now }) {
    const [name] = words;
    if (!(EXPORTS as readonly string[]).includes(name ?? ""))
      throw new AppError(
        "USAGE",
        `export ${name ?? ""}: name what to export, one of ${EXPORTS.join(", ")}${name === undefined ? "" : hint(name, EXPORTS)}`,
      );
    const month = asText(options["month"]);
    if (month === undefined)
      throw new AppError("USAGE", `export ${name}: --month is missing; write it as YYYY-MM`);
    const config = readConfig(findConfig(asText(options["config"]), screen.tell));
    const paths = homePaths(config.home);
    const closed = closedStatement(paths, name as ExportName, parseMonth(month), options);
    const snapshot = closed === null ? await openSnapshot(paths, { size: 1 }) : null;
    const output = asText(options["output"]) ?? "-";
    const path = resolve(output);
    const temporary = `${path}.${randomUUID()}.tmp`;
    const sink = output === "-" ? process.stdout : createWriteStream(temporary, { mode: 0o600 });
    const failed = new Promise<never>((_, reject) => sink.once("error", reject));
    failed.catch(() => {});
    const write = async (text: string | Uint8Array) => {
      if (!sink.write(text)) await Promise.race([once(sink, "drain"), failed]);
    };
    try {
      if (snapshot === null) await write(closed ?? "");
      else
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
      onRecord(paths, name as ExportName, parseMonth(month), options, now());
      return 0;
    } catch (error) {
      if (output !== "-") await rm(temporary, { force: true });
      throw asAppError(error, output === "-" ? undefined : path);
    } finally {
      await snapshot?.pool.close();
    }
  },
};

/** Who took which money out; a full disk keeps the record back, and not the file. */
function onRecord(
  paths: HomePaths,
  name: ExportName,
  month: string,
  options: Invocation["options"],
  now: Date,
): void {
  const number = asText(options["number"]);
  noted(() => {
    const register = new Register(paths.register);
    try {
      appendAudit(register, {
        at: now.toISOString(),
        actor: localName(),
        role: "administrator",
        action: "export.read",
        subject: `month:${month}`,
        details: {
          export: name,
          team: asText(options["team"]) ?? null,
          number: number === undefined ? null : Number(number),
          live: options["live"] === true,
        },
      });
    } finally {
      register.close();
    }
  });
}

/** The bytes of a closed month's statement, where such are asked for; null: today's view. */
function closedStatement(
  paths: HomePaths,
  name: ExportName,
  month: string,
  options: Invocation["options"],
): Buffer | null {
  const number = asText(options["number"]);
  const live = options["live"] === true;
  if (number !== undefined && live)
    throw new AppError(
      "USAGE",
      "export: --number is a closed statement and --live is today's view; give one",
    );
  if (number !== undefined && !/^[1-9]\d{0,5}$/.test(number))
    throw new AppError("BAD_PARAMETER", `--number: "${number}" is not the number of a statement`);
  if (name !== "statement") {
    if (number === undefined) return null;
    throw new AppError(
      "USAGE",
      `export ${name}: --number is of statements; ${name} is today's view`,
    );
  }
  if (live) return null;
  const manifest = findStatement(paths, month, number === undefined ? undefined : Number(number));
  return manifest === null ? null : statementBytes(paths, manifest, null, asText(options["team"]));
}
