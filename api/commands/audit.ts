import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { AppError } from "../../data/errors.ts";
import { homePaths, sha256, writeWhole } from "../../data/files.ts";
import { parseMonth } from "../../data/period.ts";
import { Register } from "../../data/register.ts";
import { type AuditAnchor, appendAudit } from "../../data/register/audit.ts";
import { manifestText, statements } from "../../data/register/statements.ts";
import { packStatement } from "../audit/pack.ts";
import { verifyHome } from "../audit/verify-home.ts";
import { verifyPack } from "../audit/verify-pack.ts";
import { findConfig, readConfig } from "../config.ts";
import { findStatement } from "../statements/read.ts";
import { localName } from "./local-name.ts";
import type { Command, Invocation } from "./commands.ts";
import { asText } from "./ingest.ts";

export const auditCommand: Command = {
  usage: "--verify [PACK] [--head ROWS:HASH] | pack --month YYYY-MM [--number N] [-o FILE]",
  more: `
--verify names the first row or the file that is not as it was written, and exits 1. Note the head it prints
somewhere else, and give it back with --head: a log rewritten from some row on is then found, whatever was
done to this home. pack writes one tar that can be checked with sha256sum alone; its README says how.
`,
  options: {
    verify: { type: "boolean" },
    head: { type: "string" },
    month: { type: "string" },
    number: { type: "string" },
    output: { type: "string", short: "o" },
  },
  positionals: 1,
  async run(invocation) {
    const { options, words } = invocation;
    if (options["verify"] === true) {
      const [pack] = words;
      return pack === undefined ? verify(invocation) : verifyFile(pack, invocation);
    }
    if (words[0] === "pack") return pack(invocation);
    throw new AppError("USAGE", 'audit: say "--verify", "--verify PACK" or "pack --month YYYY-MM"');
  },
};

async function verify({ options, screen }: Invocation): Promise<number> {
  const config = readConfig(findConfig(asText(options["config"]), screen.tell));
  const paths = homePaths(config.home);
  const register = new Register(paths.register);
  try {
    const verdict = await verifyHome(paths, register, notedHead(asText(options["head"])));
    for (const problem of verdict.problems) screen.tell(`apportion: ${problem}`);
    screen.out(
      `${verdict.problems.length === 0 ? "whole" : "BROKEN"}: ${verdict.rows} rows, ${verdict.statements} statements, ${verdict.anchors} heads noted elsewhere; head ${verdict.rows}:${verdict.hash}\n`,
    );
    return verdict.problems.length === 0 ? 0 : 1;
  } finally {
    register.close();
  }
}

function notedHead(text: string | undefined): AuditAnchor[] {
  if (text === undefined) return [];
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (match === null)
    throw new AppError("BAD_PARAMETER", `--head: "${text}" is not ROWS:HASH as --verify prints it`);
  return [{ rows: Number(match[1]), hash: match[2] as string, where: "--head" }];
}

/** A pack is checked by itself, and against the home where there is one that knows its statement. */
async function verifyFile(file: string, { options, screen }: Invocation): Promise<number> {
  const path = resolve(file);
  if (!existsSync(path)) throw new AppError("USAGE", `audit --verify: there is no file ${path}`);
  const { problems, manifest } = await verifyPack(path);
  let home = "";
  const config = configOf(asText(options["config"]));
  if (manifest !== null && config !== null) {
    const register = new Register(homePaths(config.home).register);
    try {
      const own = statements(register, manifest.month).find(
        ({ number }) => number === manifest.number,
      );
      if (own !== undefined && manifestText(own) !== manifestText(manifest))
        problems.push(`${path}: is of another statement ${manifest.number} than this home closed`);
      if (own !== undefined) home = ", and is the one that this home closed";
    } finally {
      register.close();
    }
  }
  for (const problem of problems) screen.tell(`apportion: ${problem}`);
  screen.out(problems.length === 0 ? `whole: ${path}${home}\n` : `BROKEN: ${path}\n`);
  return problems.length === 0 ? 0 : 1;
}

/** An auditor has no home of ours. */
function configOf(asked: string | undefined): { home: string } | null {
  try {
    return readConfig(findConfig(asked, () => {}));
  } catch (error) {
    if (asked === undefined && error instanceof AppError && error.code === "CONFIG_MISSING")
      return null;
    throw error;
  }
}

async function pack({ options, screen, signal, now }: Invocation): Promise<number> {
  const asked = asText(options["month"]);
  if (asked === undefined)
    throw new AppError("USAGE", "audit pack: --month is missing; write it as YYYY-MM");
  const month = parseMonth(asked);
  const number = asText(options["number"]);
  if (number !== undefined && !/^[1-9]\d{0,5}$/.test(number))
    throw new AppError("BAD_PARAMETER", `--number: "${number}" is not the number of a statement`);
  const config = readConfig(findConfig(asText(options["config"]), screen.tell));
  const paths = homePaths(config.home);
  const manifest = findStatement(paths, month, number === undefined ? undefined : Number(number));
  if (manifest === null)
    throw new AppError(
      "STATEMENT_UNKNOWN",
      `${month} is not closed; "apportion close --month ${month}" makes a statement to pack`,
    );
  const path = resolve(asText(options["output"]) ?? `audit-${month}-${manifest.number}.tar`);
  const register = new Register(paths.register);
  try {
    const bytes = await packStatement(paths, register, manifest, signal);
    await writeWhole(path, bytes);
    appendAudit(register, {
      at: now().toISOString(),
      actor: localName(),
      role: "administrator",
      action: "audit.pack",
      subject: `month:${month}`,
      details: { number: manifest.number, file: basename(path), sha256: sha256(bytes) },
    });
    screen.out(`${path}\nsha256 ${sha256(bytes)}\n`);
    return 0;
  } finally {
    register.close();
  }
}
