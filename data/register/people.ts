import { createHmac, randomBytes } from "node:crypto";
import type { Register } from "../register.ts";
import { appendAudit } from "./audit.ts";

/**
 * People by pseudonym: an id that stays the same for an e-mail address (or a directory's object id)
 * and tells nothing without this register's key.
 */

export type PersonId = string;

/** The pseudonym of an identity, upper and lower case alike; known to `namesOf` from now on. */
export function pseudonym(register: Register, identity: string): PersonId {
  const plain = identity.trim().toLowerCase();
  const id = `p_${createHmac("sha256", keyOf(register)).update(plain).digest("hex").slice(0, 20)}`;
  register.change("INSERT OR IGNORE INTO person_name VALUES ($id, $name)", { id, name: plain });
  return id;
}

function keyOf(register: Register): string {
  const read = () => register.rows<{ key: string }>("SELECT key FROM person_key")[0]?.key;
  const known = read();
  if (known !== undefined) return known;
  register.change("INSERT OR IGNORE INTO person_key VALUES (1, $key)", {
    key: randomBytes(32).toString("hex"),
  });
  return read() ?? "";
}

/** Who looks, and why; goes on record with how many were resolved. */
export interface Looker {
  at: string;
  actor: string;
  role: string;
  purpose: string;
}

/** Identities behind pseudonyms. One row of the audit log a call, unless there is nobody to resolve. */
export function namesOf(
  register: Register,
  ids: Iterable<PersonId>,
  looker: Looker,
): Map<PersonId, string> {
  const wanted = [...new Set(ids)].toSorted();
  if (wanted.length === 0) return new Map();
  const names = namesUnlogged(register, wanted);
  appendAudit(register, {
    at: looker.at,
    actor: looker.actor,
    role: looker.role,
    action: "person.resolve",
    subject: "people",
    details: { purpose: looker.purpose, people: wanted },
  });
  return names;
}

/** As `namesOf` for programs that show nobody anything: to address a message, to compare a rule. */
export function namesUnlogged(register: Register, ids: readonly PersonId[]): Map<PersonId, string> {
  const rows = register.rows<{ id: string; name: string }>(
    "SELECT id, name FROM person_name WHERE id IN (SELECT value FROM json_each($ids))",
    { ids: JSON.stringify(ids) },
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** Forgets who is behind a pseudonym; what is recorded about the pseudonym stays. */
export function forgetPerson(register: Register, id: PersonId): void {
  register.change("DELETE FROM person_name WHERE id = $id", { id });
}
