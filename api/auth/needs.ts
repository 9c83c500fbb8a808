import type { FastifyInstance, RouteOptions } from "fastify";
import { type Principal, ROLES, type Role } from "../../analysis/principal.ts";
import { AppError } from "../../data/errors.ts";

/**
 * What a route may be asked by. Every route says so in its config; one that does not stops the server
 * from starting, so a new route is closed until somebody has thought about it.
 */

interface Need {
  /** Any of these will do; null: nobody need have signed in. */
  roles: readonly Role[] | null;
  /** True: only for who sees every team, since the answer is about the whole company. */
  whole: boolean;
  /** For people who are refused: what it is. */
  means: string;
}

export const NEEDS = {
  public: { roles: null, whole: false, means: "what anybody may see" },
  /** Open like `public`, and answers under any Host: probes come to an address, not to a name. */
  health: { roles: null, whole: false, means: "whether the server works" },
  /** What is the same for everybody who has signed in: the shell of pages, the API's description. */
  shell: { roles: ROLES, whole: false, means: "the pages" },
  /** Money and usage; `ask` cuts them to the caller's teams. */
  figures: { roles: ROLES, whole: false, means: "figures of teams" },
  /** What one team may decide about its own things: dismiss, snooze, keep. */
  decide: {
    roles: ["engineer", "platform"],
    whole: false,
    means: "decisions about findings and namespaces",
  },
  /** Sums over all teams: reconciliation, statements of the company. */
  company: {
    roles: ["finance", "platform", "auditor"],
    whole: true,
    means: "figures of the whole company",
  },
  close: { roles: ["finance"], whole: true, means: "closing a month" },
  /** Metrics of the process, quarantined rows, units of sources. */
  operations: {
    roles: ["finance", "platform", "auditor"],
    whole: true,
    means: "the state of sources and builds",
  },
  lifecycle: { roles: ["platform"], whole: true, means: "the lifecycle of every namespace" },
  configuration: {
    roles: ["platform", "auditor"],
    whole: true,
    means: "the state of the configuration",
  },
  audit: { roles: ["auditor", "platform"], whole: true, means: "the audit log" },
} as const satisfies Record<string, Need>;
export type NeedName = keyof typeof NEEDS;

declare module "fastify" {
  interface FastifyContextConfig {
    /** What a caller must be; see `NEEDS`. */
    needs?: NeedName;
    /** What it may do is signed into its address; the page's own token is not asked for. See `SIGNED_LINKS`. */
    signedLink?: boolean;
  }
}

/**
 * Where a signed link may lead: what is changed there is told by a token that is signed, serves one
 * purpose and expires, and never by who has signed in. Everywhere else the page's token is asked for.
 */
const SIGNED_LINKS: readonly string[] = ["/respond"];

/** Whether a caller has what a route needs; null stands for nobody. */
export function mayAsk(principal: Principal | null, name: NeedName): boolean {
  const need: Need = NEEDS[name];
  if (need.roles === null) return true;
  if (principal === null) return false;
  return (
    need.roles.some((role) => principal.has(role)) && (!need.whole || principal.teams === null)
  );
}

/** The refusal of what `mayAsk` refused: what was asked for, who may, and whom to ask. */
export function refusal(principal: Principal, name: NeedName): AppError {
  const need: Need = NEEDS[name];
  const roles = (need.roles ?? []).join(" or ");
  const yours = principal.roles.join(", ") || "none";
  const narrowed = need.whole && principal.teams !== null;
  return new AppError(
    "FORBIDDEN_ROLE",
    `${need.means} are for the role ${roles}${narrowed ? ", not narrowed to some teams" : ""}; yours: ${yours}. Ask your platform team for the role if you need it`,
  );
}

/** Refuses a team that is not the caller's; the same words whether there is such a team or not. */
export function requireTeam(principal: Principal, team: string): void {
  const { teams } = principal;
  if (teams === null || teams.includes(team)) return;
  throw new AppError(
    "NOT_YOUR_TEAM",
    `"${team.slice(0, 80)}" is not one of your teams (${teams.join(", ") || "none"}); open your own, or ask your platform team to add you to its group`,
  );
}

/** A route and what it needs, as the app was built. */
export interface Door {
  method: string;
  url: string;
  needs: NeedName;
  schema: unknown;
}

declare module "fastify" {
  interface FastifyInstance {
    /** Every route with what it needs; filled once the app is ready. */
    doors: readonly Door[];
  }
}

/** Refuses to start with a route that does not say what it needs; lists those that do. */
export function requireNeeds(app: FastifyInstance): void {
  const routes: RouteOptions[] = [];
  const doors: Door[] = [];
  app.decorate("doors", doors);
  // The config is read when all hooks have run: a plugin's own may set it for routes that it adds.
  app.addHook("onRoute", (route) => void routes.push(route));
  app.addHook("onReady", async () => {
    for (const { method, url, config, schema } of routes) {
      const needs = config?.needs;
      if (needs === undefined || !Object.hasOwn(NEEDS, needs))
        throw new Error(
          `${String(method)} ${url} does not say what it needs: give the route config: { needs: … }, one of ${Object.keys(NEEDS).join(", ")} (api/auth/needs.ts)`,
        );
      if (config?.signedLink === true && (needs !== "public" || !SIGNED_LINKS.includes(url)))
        throw new Error(
          `${String(method)} ${url} may not be a signed link: only ${SIGNED_LINKS.join(", ")} may, and it must need nobody (api/auth/needs.ts)`,
        );
      for (const one of [method].flat()) doors.push({ method: one, url, needs, schema });
    }
  });
}
