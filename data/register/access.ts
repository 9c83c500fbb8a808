import type { Register } from "../register.ts";

/** Tokens of scripts and sessions of people, by the hash of what is presented. */

export interface TokenRow {
  id: string;
  name: string;
  /** SHA-256 of the secret, hex. */
  hash: string;
  roles: string[];
  /** Null: every team that the roles allow. */
  teams: string[] | null;
  createdAt: string;
  createdBy: string;
  expiresAt: string;
  revokedAt: string | null;
  lastUsedAt: string | null;
}

export interface SessionRow {
  /** SHA-256 of the cookie, hex. */
  hash: string;
  /** The provider's name of the person, which does not change. */
  subject: string;
  name: string;
  roles: string[];
  teams: string[] | null;
  /** The provider's refresh token, sealed; null where it gave none. */
  refresh: string | null;
  /** Times in milliseconds. */
  createdAt: number;
  seenAt: number;
  /** When the provider last said that the groups are so. */
  checkedAt: number;
}

type Stored<T> = Omit<T, "roles" | "teams"> & { roles: string; teams: string | null };

const TOKEN = `SELECT id, name, hash, roles, teams, created_at AS createdAt, created_by AS createdBy,
  expires_at AS expiresAt, revoked_at AS revokedAt, last_used_at AS lastUsedAt FROM access_token`;
const SESSION = `SELECT hash, subject, name, roles, teams, refresh, created_at AS createdAt,
  seen_at AS seenAt, checked_at AS checkedAt FROM access_session`;

function read<T extends { roles: string[]; teams: string[] | null }>(row: Stored<T>): T {
  return {
    ...row,
    roles: JSON.parse(row.roles) as string[],
    teams: row.teams === null ? null : (JSON.parse(row.teams) as string[]),
  } as unknown as T;
}

const listText = (list: readonly string[] | null) => (list === null ? null : JSON.stringify(list));

export function addToken(
  register: Register,
  { roles, teams, revokedAt: _, lastUsedAt: __, ...token }: TokenRow,
): void {
  register.change(
    `INSERT INTO access_token (id, name, hash, roles, teams, created_at, created_by, expires_at)
     VALUES ($id, $name, $hash, $roles, $teams, $createdAt, $createdBy, $expiresAt)`,
    { ...token, roles: JSON.stringify(roles), teams: listText(teams) },
  );
}

/** The token of that id, revoked and expired ones too. */
export function tokenById(register: Register, id: string): TokenRow | null {
  const [row] = register.rows<Stored<TokenRow>>(`${TOKEN} WHERE id = $id`, { id });
  return row === undefined ? null : read(row);
}

/** Every token there was, the newest first. */
export function tokens(register: Register): TokenRow[] {
  return register
    .rows<Stored<TokenRow>>(`${TOKEN} ORDER BY created_at DESC, id`)
    .map((row) => read(row));
}

/** Ends a token; false where it had ended already or never was. */
export function revokeToken(register: Register, id: string, at: string): boolean {
  return (
    register.change(
      "UPDATE access_token SET revoked_at = $at WHERE id = $id AND revoked_at IS NULL",
      { id, at },
    ) > 0
  );
}

export function tokenUsed(register: Register, id: string, at: string): void {
  register.change("UPDATE access_token SET last_used_at = $at WHERE id = $id", { id, at });
}

/** Writes a session, new or changed. */
export function keepSession(register: Register, { roles, teams, ...session }: SessionRow): void {
  register.change(
    `INSERT OR REPLACE INTO access_session (hash, subject, name, roles, teams, refresh, created_at, seen_at, checked_at)
     VALUES ($hash, $subject, $name, $roles, $teams, $refresh, $createdAt, $seenAt, $checkedAt)`,
    { ...session, roles: JSON.stringify(roles), teams: listText(teams) },
  );
}

export function sessionByHash(register: Register, hash: string): SessionRow | null {
  const [row] = register.rows<Stored<SessionRow>>(`${SESSION} WHERE hash = $hash`, { hash });
  return row === undefined ? null : read(row);
}

export function sessionSeen(register: Register, hash: string, at: number): void {
  register.change("UPDATE access_session SET seen_at = $at WHERE hash = $hash", { hash, at });
}

/** Ends a session; false where there was none. */
export function dropSession(register: Register, hash: string): boolean {
  return register.change("DELETE FROM access_session WHERE hash = $hash", { hash }) > 0;
}

/** Ends everybody's session. */
export function endSessions(register: Register): void {
  register.change("DELETE FROM access_session");
}

/** Removes sessions that began before `created` or were last seen before `seen`. */
export function sweepSessions(register: Register, created: number, seen: number): void {
  register.change("DELETE FROM access_session WHERE created_at < $created OR seen_at < $seen", {
    created,
    seen,
  });
}
