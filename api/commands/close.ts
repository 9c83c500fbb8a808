import { LOCAL_ADMINISTRATOR } from "../../analysis/ask.ts";
import { openSnapshot } from "../../analysis/snapshot.ts";
import { AppError, asAppError } from "../../data/errors.ts";
import { homePaths, makeHome } from "../../data/files.ts";
import { parseMonth } from "../../data/period.ts";
import { Register } from "../../data/register.ts";
import type { OpenQuestion, StatementManifest } from "../../data/statements.ts";
import { findConfig, readConfig } from "../config.ts";
import { closeMonth, type Closer, viewClose } from "../statements/close.ts";
import { table } from "../terminal.ts";
import type { Command } from "./commands.ts";
import { asText } from "./ingest.ts";
import { localName } from "./local-name.ts";

/** Who a server's child closes for; set by the server alone, which knows who asked. */
export const CLOSER_ENV = "APPORTION_CLOSED_BY";

export const closeCommand: Command = {
  usage: "--month YYYY-MM [--dry-run] [--force --reason TEXT] [--format table|json]",
  more: `
Open questions (figures that may still move, failed checks, money without an owner, rejected rows) are
listed first; with --dry-run that is all. What makes the figures doubtful needs --force and a --reason,
which the statement and the audit log keep. Closing again what was restated makes the next number with
a diff; closing again what was not makes nothing.
`,
  options: {
    month: { type: "string" },
    force: { type: "boolean" },
    reason: { type: "string" },
    "dry-run": { type: "boolean" },
    format: { type: "string" },
  },
  async run({ options, screen, signal, now }) {
    const asked = asText(options["month"]);
    if (asked === undefined)
      throw new AppError("USAGE", "close: --month is missing; write it as YYYY-MM");
    const month = parseMonth(asked);
    const format = asText(options["format"]) ?? "table";
    if (format !== "table" && format !== "json")
      throw new AppError("BAD_PARAMETER", `--format: "${format}" is not one of table, json`);
    const reason = reasonOf(options["force"] === true, asText(options["reason"]));
    const config = readConfig(findConfig(asText(options["config"]), screen.tell));
    const paths = homePaths(config.home);
    await makeHome(paths);
    const snapshot = await openSnapshot(paths, { size: 1, threads: 1 });
    try {
      const closer = whoCloses();
      const register = new Register(paths.register);
      let questions: OpenQuestion[];
      try {
        ({ questions } = await viewClose(snapshot, register, closer.principal, month, signal));
      } finally {
        register.close();
      }
      if (format === "table") screen.tell(questionsText(month, questions));
      if (options["dry-run"] === true) {
        if (format === "json") screen.out(`${JSON.stringify({ month, questions }, null, 2)}\n`);
        return questions.some(({ blocks }) => blocks) ? 1 : 0;
      }
      const done = await closeMonth(paths, snapshot, { month, reason, closer, now, signal });
      if (format === "json") screen.out(`${JSON.stringify(done)}\n`);
      else screen.out(closedText(done.outcome, done.manifest));
      return 0;
    } catch (error) {
      if (format !== "json") throw error;
      const { code, message, exit } = asAppError(error);
      screen.out(`${JSON.stringify({ error: { code, message } })}\n`);
      return exit;
    } finally {
      await snapshot.pool.close();
    }
  },
};

function reasonOf(force: boolean, reason: string | undefined): string | null {
  const said = reason?.trim() ?? "";
  if (force && said === "")
    throw new AppError(
      "USAGE",
      "close --force: say why with --reason TEXT; the statement keeps it",
    );
  if (!force && said !== "")
    throw new AppError(
      "USAGE",
      "close --reason: a reason goes with --force; without it none is needed",
    );
  if (said.length > 1_000)
    throw new AppError("BAD_PARAMETER", "--reason: at most 1,000 characters are kept");
  return force ? said : null;
}

function whoCloses(): Closer {
  const given = process.env[CLOSER_ENV];
  if (given !== undefined && given !== "") {
    const { name, role } = JSON.parse(given) as { name: string; role: string };
    return { principal: LOCAL_ADMINISTRATOR, name, role };
  }
  return { principal: LOCAL_ADMINISTRATOR, name: localName(), role: "administrator" };
}

function questionsText(month: string, questions: readonly OpenQuestion[]): string {
  if (questions.length === 0) return `${month}: nothing is open`;
  return `${month}: open questions\n${table(
    questions.map(({ blocks, text, amount, currency }) => [
      blocks ? "BLOCKS" : "note",
      [amount, currency].filter((part) => part !== null).join(" "),
      text,
    ]),
  )}`;
}

function closedText(outcome: "closed" | "unchanged", manifest: StatementManifest): string {
  const { month, number, files, totals, change } = manifest;
  const sums = (list: readonly { currency: string; effective: string }[]) =>
    list.map(({ currency, effective }) => `${effective} ${currency}`).join(", ");
  if (outcome === "unchanged")
    return `${month} is closed as no. ${number}, and nothing was restated since: no new statement\n`;
  return [
    `${month} is closed as no. ${number}: ${sums(totals)}`,
    ...(change === null
      ? []
      : [
          `against no. ${number - 1}: ${change.length === 0 ? "other owners, the same totals" : sums(change)}`,
        ]),
    `sha256 ${files.statement}`,
    "",
  ].join("\n");
}
