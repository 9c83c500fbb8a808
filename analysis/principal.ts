/** Who may see what: roles, and the one place that turns a person or a token into a filter. */

export const ROLES = ["viewer", "engineer", "finance", "platform", "auditor"] as const;
export type Role = (typeof ROLES)[number];

/** Roles that read every team's figures; the others read their own teams'. */
const READS_ALL: ReadonlySet<Role> = new Set<Role>(["finance", "platform", "auditor"]);

/** What a query is bound to: `teams` NULL reads all rows, `wholes` shows what shares are shares of. */
export interface Scope {
  teams: readonly string[] | null;
  wholes: boolean;
}

interface Given {
  /** Who they are, for the audit log: a person's name, `token:NAME`. */
  name: string;
  roles: readonly Role[];
  /** Their teams. For a role that reads all, null: not narrowed to some. */
  teams: readonly string[] | null;
  /** Whether company totals are shown to teams (`server.totals`). */
  totals?: boolean;
  /** Whose turn it is where many ask at once; the name, unless said. */
  caller?: string;
}

/**
 * Who asks. Made by `principalOf` alone (a private field no literal has), so a scope cannot be
 * written by hand where a query is asked.
 */
export class Principal {
  readonly #scope: Scope;
  readonly name: string;
  readonly roles: readonly Role[];
  /** Turns are taken by this. */
  readonly caller: string;
  private constructor(given: Given) {
    const all = given.roles.some((role) => READS_ALL.has(role));
    // Nobody's teams are nobody's figures; only a role that reads all may leave them unsaid.
    const teams = all ? given.teams : (given.teams ?? []);
    this.name = given.name;
    this.roles = given.roles;
    this.caller = given.caller ?? given.name;
    this.#scope = {
      teams: teams === null ? null : [...new Set(teams)].toSorted(),
      wholes: teams === null || given.totals === true,
    };
  }
  static of(given: Given): Principal {
    return new Principal(given);
  }
  get scope(): Scope {
    return this.#scope;
  }
  /** Team ids whose figures they may read; null: all. */
  get teams(): readonly string[] | null {
    return this.#scope.teams;
  }
  has(role: Role): boolean {
    return this.roles.includes(role);
  }
}

/** A principal from what sign-in, a token or a test says about them. */
export const principalOf = (given: Given): Principal => Principal.of(given);

/** The person at this machine, while no sign-in is configured and only loopback is served. */
export const LOCAL_ADMINISTRATOR = principalOf({ name: "local", roles: ROLES, teams: null });

/** The same, asking from some address: where nobody signs in, turns go by it. */
export const localAt = (address: string): Principal =>
  principalOf({ name: "local", roles: ROLES, teams: null, caller: address });
