import { ROLES, type Role } from "../../analysis/principal.ts";
import { AppError } from "../../data/errors.ts";
import type { AuthSettings } from "./config.ts";
import type { Granted } from "./sessions.ts";

/** What groups give: roles by `server.auth.roles`, teams and the role viewer by `owners.yaml`. */

/** Whom a provider says somebody is. */
export interface Identity {
  subject: string;
  name: string;
  groups: readonly string[];
  refresh: string | null;
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Entra's ids are one id however written; names of other providers' groups may differ by case alone. */
const same = (group: string) => (GUID.test(group) ? group.toLowerCase() : group);

/** Roles and teams of a person; NO_ROLE where their groups give none. */
export function grantedTo(identity: Identity, settings: AuthSettings): Granted {
  const groups = new Set(identity.groups.map(same));
  const roles = new Set<Role>();
  for (const [group, given] of settings.oidc?.roles ?? [])
    if (groups.has(same(group))) for (const role of given) roles.add(role);
  const teams = settings.teams
    .filter((team) => team.groups.some((group) => groups.has(same(group))))
    .map(({ team }) => team);
  if (teams.length > 0) roles.add("viewer");
  const sorted = ROLES.filter((role) => roles.has(role));
  const all = sorted.some((role) => role !== "viewer" && role !== "engineer");
  if (!all && teams.length === 0)
    throw new AppError(
      "NO_ROLE",
      `you are signed in as ${identity.name}, but none of your ${identity.groups.length} groups gives you a team or a role here; ask your platform team to add one of them to a team in owners.yaml or to server.auth.roles`,
    );
  return {
    subject: identity.subject,
    name: identity.name,
    roles: sorted,
    teams: all ? null : teams,
    refresh: identity.refresh,
  };
}
