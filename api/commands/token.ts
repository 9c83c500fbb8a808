import { userInfo } from "node:os";
import { ROLES, type Role } from "../../analysis/principal.ts";
import { hint } from "../../data/config.ts";
import { AppError } from "../../data/errors.ts";
import { homePaths, makeHome } from "../../data/files.ts";
import { Register } from "../../data/register.ts";
import { revokeToken, tokenById, tokens, type TokenRow } from "../../data/register/access.ts";
import { appendAudit } from "../../data/register/audit.ts";
import { createToken } from "../auth/tokens.ts";
import { type Config, findConfig, readConfig } from "../config.ts";
import { table } from "../terminal.ts";
import type { Command, Invocation } from "./commands.ts";
import { asText } from "./ingest.ts";

const LONGEST_DAYS = 366;
const SEES_ALL: readonly Role[] = ["finance", "platform", "auditor"];

/** Tokens for scripts: made here, at the machine, and shown once. */
export const tokenCommand: Command = {
  usage: "create --name NAME --role ROLE [--team ID,…] [--expires 90d] | list | revoke ID",
  more: `
create writes the token to standard output, once; only its hash is kept. A script sends it as
"Authorization: Bearer TOKEN". Roles: ${ROLES.join(", ")}; viewer and engineer need --team, and
the others may be narrowed by it. --expires takes days, ${LONGEST_DAYS}d at most.
`,
  options: {
    name: { type: "string" },
    role: { type: "string" },
    team: { type: "string" },
    expires: { type: "string" },
    format: { type: "string" },
  },
  positionals: 2,
  async run(invocation) {
    const { options, words, screen } = invocation;
    const config = readConfig(findConfig(asText(options["config"]), screen.tell));
    const paths = homePaths(config.home);
    await makeHome(paths);
    const register = new Register(paths.register);
    try {
      const [what = "", id] = words;
      if (what === "create" && id === undefined) return create(register, config, invocation);
      if (what === "list" && id === undefined) return list(register, invocation);
      if (what === "revoke" && id !== undefined) return revoke(register, id, invocation);
      throw new AppError("USAGE", `token: say one of ${tokenCommand.usage}`);
    } finally {
      register.close();
    }
  },
};

function create(register: Register, config: Config, invocation: Invocation): number {
  const { options, screen, now } = invocation;
  const name = asText(options["name"]) ?? "";
  if (!/^[\w.@-]{1,60}$/.test(name))
    throw new AppError(
      "BAD_PARAMETER",
      `--name: "${name}" is not a name of letters, digits, dot, dash or underscore; say what the token is for, such as --name finance-sheet`,
    );
  if (tokens(register).some((row) => row.name === name && stateOf(row, now()) === "live"))
    throw new AppError(
      "BAD_PARAMETER",
      `--name: a live token is called "${name}" already; revoke it first, or take another name`,
    );
  const roles = rolesOf(asText(options["role"]));
  const teams = teamsOf(asText(options["team"]), config);
  const all = roles.some((role) => SEES_ALL.includes(role));
  if (!all && teams === null)
    throw new AppError(
      "BAD_PARAMETER",
      `--team: the role ${roles.join(", ")} sees its own teams' figures only; name them, such as --team claims`,
    );
  const days = daysOf(asText(options["expires"]) ?? "90d");
  const at = now();
  const expiresAt = new Date(at.getTime() + days * 86_400_000);
  const createdBy = userInfo().username;
  const made = register.transaction(() => {
    const token = createToken(register, { name, roles, teams, createdBy, expiresAt }, at);
    appendAudit(register, {
      at: at.toISOString(),
      actor: createdBy,
      role: "local",
      action: "token.create",
      subject: `token:${name}`,
      details: { id: token.id, roles: [...roles], teams, expires: expiresAt.toISOString() },
    });
    return token;
  });
  screen.out(`${made.token}\n`);
  screen.tell(
    `token ${made.id} "${name}": ${roles.join(", ")} of ${teams?.join(", ") ?? "all teams"}, until ${expiresAt.toISOString().slice(0, 10)}; it is not shown again`,
  );
  if (config.server.auth.type === "none")
    screen.tell(
      "server.auth is none: who sends no token is let in all the same; set it to tokens or oidc",
    );
  return 0;
}

function rolesOf(text: string | undefined): Role[] {
  const names = (text ?? "").split(",").map((role) => role.trim());
  for (const name of names)
    if (!(ROLES as readonly string[]).includes(name))
      throw new AppError("BAD_PARAMETER", `--role: "${name}" is not a role${hint(name, ROLES)}`);
  return names as Role[];
}

function teamsOf(text: string | undefined, config: Config): string[] | null {
  if (text === undefined) return null;
  const known = [...new Set(config.build.ownership.teams.map(({ team }) => team))];
  return text.split(",").map((part) => {
    const team = part.trim();
    if (known.includes(team)) return team;
    throw new AppError(
      "TEAM_UNKNOWN",
      `--team: owners.yaml has no team "${team}"${hint(team, known)}`,
    );
  });
}

function daysOf(text: string): number {
  const days = /^[1-9]\d{0,3}d$/.test(text) ? Number(text.slice(0, -1)) : Number.NaN;
  if (days <= LONGEST_DAYS) return days;
  throw new AppError(
    "BAD_PARAMETER",
    `--expires: "${text}" is not a number of days from 1d to ${LONGEST_DAYS}d`,
  );
}

function stateOf(row: TokenRow, now: Date): "live" | "revoked" | "expired" {
  if (row.revokedAt !== null) return "revoked";
  return Date.parse(row.expiresAt) > now.getTime() ? "live" : "expired";
}

function list(register: Register, { options, screen, now }: Invocation): number {
  const rows = tokens(register).map(({ hash: _, ...row }) => ({
    ...row,
    state: stateOf({ ...row, hash: "" }, now()),
  }));
  if (asText(options["format"]) === "json") {
    screen.out(`${JSON.stringify(rows, null, 2)}\n`);
    return 0;
  }
  screen.out(
    table([
      ["id", "name", "state", "roles", "teams", "expires", "last used", "made by"],
      ...rows.map((row) => [
        row.id,
        row.name,
        row.state,
        row.roles.join(","),
        row.teams?.join(",") ?? "all",
        row.expiresAt.slice(0, 10),
        row.lastUsedAt?.slice(0, 16) ?? "never",
        row.createdBy,
      ]),
    ]),
  );
  return 0;
}

function revoke(register: Register, id: string, { screen, now }: Invocation): number {
  const row = tokenById(register, id);
  if (row === null)
    throw new AppError(
      "TOKEN_UNKNOWN",
      `no token has the id "${id}"; "apportion token list" shows them`,
    );
  const at = now().toISOString();
  register.transaction(() => {
    if (!revokeToken(register, id, at)) return;
    appendAudit(register, {
      at,
      actor: userInfo().username,
      role: "local",
      action: "token.revoke",
      subject: `token:${row.name}`,
      details: { id },
    });
  });
  screen.tell(`token ${id} "${row.name}" is revoked; a running server refuses it from now on`);
  return 0;
}
