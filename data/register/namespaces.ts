import { randomBytes } from "node:crypto";
import type { Json } from "../canonical.ts";
import type { Register } from "../register.ts";
import { appendAudit } from "./audit.ts";

/** Lives of namespaces. An event is stored with its row of the audit log or not at all. */

/** One namespace: the same name made again is another. */
export interface NamespaceKey {
  cluster: string;
  name: string;
  uid: string;
}

/** Who did it, for the audit log; people by their pseudonym where they are not a signed-in principal. */
export interface Actor {
  name: string;
  role: string;
}

/** Appends an event to a life. `evidence` goes on record with it. */
export function appendEvent(
  register: Register,
  key: NamespaceKey,
  event: { type: string; at: string },
  actor: Actor,
  evidence: { readonly [key: string]: Json | undefined } = {},
): void {
  register.transaction(() => {
    const [last] = register.rows<{ n: number }>(
      "SELECT coalesce(max(n), 0) AS n FROM namespace_event WHERE cluster = $cluster AND name = $name AND uid = $uid",
      { ...key },
    );
    register.change("INSERT INTO namespace_event VALUES ($cluster, $name, $uid, $n, $event)", {
      ...key,
      n: (last?.n ?? 0) + 1,
      event: JSON.stringify(event),
    });
    const { type, at, ...details } = event;
    appendAudit(register, {
      at,
      actor: actor.name,
      role: actor.role,
      action: `namespace.${type}`,
      subject: subjectOf(key),
      details: { uid: key.uid, ...(details as { [key: string]: Json }), ...evidence },
    });
  });
}

/** How the audit log names a namespace. */
export function subjectOf({ cluster, name }: Pick<NamespaceKey, "cluster" | "name">): string {
  return `namespace:${cluster}/${name}`;
}

/** Events of all lives, or of one name's, each life in order. An event is the lifecycle's `Event`. */
export function eventsOf(
  register: Register,
  of: { cluster?: string; name?: string } = {},
): { key: NamespaceKey; events: unknown[] }[] {
  const rows = register.rows<NamespaceKey & { event: string }>(
    `SELECT cluster, name, uid, event FROM namespace_event
     WHERE ($cluster IS NULL OR cluster = $cluster) AND ($name IS NULL OR name = $name)
     ORDER BY cluster, name, uid, n`,
    { cluster: of.cluster ?? null, name: of.name ?? null },
  );
  const lives = new Map<string, { key: NamespaceKey; events: unknown[] }>();
  for (const { cluster, name, uid, event } of rows) {
    const id = `${cluster}\u0000${name}\u0000${uid}`;
    const life = lives.get(id) ?? { key: { cluster, name, uid }, events: [] };
    lives.set(id, life);
    life.events.push(JSON.parse(event) as unknown);
  }
  return [...lives.values()];
}

/** Notes what a scan saw of a namespace, in place of what the scan before saw. */
export function noteSeen(register: Register, key: NamespaceKey, seen: object): void {
  register.change("INSERT OR REPLACE INTO namespace_seen VALUES ($cluster, $name, $uid, $seen)", {
    ...key,
    seen: JSON.stringify(seen),
  });
}

/** What the last scan saw, by cluster and name. */
export function allSeen(register: Register): { key: NamespaceKey; seen: unknown }[] {
  return register
    .rows<NamespaceKey & { seen: string }>(
      "SELECT cluster, name, uid, seen FROM namespace_seen ORDER BY cluster, name",
    )
    .map(({ cluster, name, uid, seen }) => ({
      key: { cluster, name, uid },
      seen: JSON.parse(seen) as unknown,
    }));
}

/** What only a worker with rights in the cluster carries out. */
export const INTENTS = ["quarantine", "release", "delete", "restore"] as const;
export type IntentAction = (typeof INTENTS)[number];

export interface Intent extends NamespaceKey {
  id: number;
  at: string;
  action: IntentAction;
  actor: string;
  role: string;
}

/** Asks a worker for something; asked twice before it is done, it is done once. */
export function askFor(
  register: Register,
  key: NamespaceKey,
  action: IntentAction,
  actor: Actor,
  at: string,
): void {
  register.transaction(() => {
    const waiting = pendingIntents(register).some(
      (one) =>
        one.cluster === key.cluster &&
        one.name === key.name &&
        one.uid === key.uid &&
        one.action === action,
    );
    if (waiting) return;
    register.change(
      `INSERT INTO namespace_intent (at, cluster, name, uid, action, actor, role)
       VALUES ($at, $cluster, $name, $uid, $action, $actor, $role)`,
      { ...key, at, action, actor: actor.name, role: actor.role },
    );
    appendAudit(register, {
      at,
      actor: actor.name,
      role: actor.role,
      action: `namespace.ask-${action}`,
      subject: subjectOf(key),
      details: { uid: key.uid },
    });
  });
}

/** What is asked for and not done, oldest first. */
export function pendingIntents(register: Register): Intent[] {
  return register.rows<Intent>(
    "SELECT id, at, cluster, name, uid, action, actor, role FROM namespace_intent WHERE done_at IS NULL ORDER BY id",
  );
}

/** Ends an intent with what came of it, for people. */
export function intentDone(register: Register, id: number, at: string, result: string): void {
  register.change("UPDATE namespace_intent SET done_at = $at, result = $result WHERE id = $id", {
    id,
    at,
    result,
  });
}

/** The newest result of what was asked about a namespace; null where nothing was. */
export function lastResult(register: Register, key: NamespaceKey): string | null {
  const [row] = register.rows<{ result: string | null }>(
    `SELECT result FROM namespace_intent
     WHERE cluster = $cluster AND name = $name AND uid = $uid AND done_at IS NOT NULL ORDER BY id DESC LIMIT 1`,
    { ...key },
  );
  return row?.result ?? null;
}

/** The key that links in messages are signed with; made on first use. */
export function linkKey(register: Register): string {
  register.change("INSERT OR IGNORE INTO link_key VALUES (1, $key)", {
    key: randomBytes(32).toString("hex"),
  });
  return register.rows<{ key: string }>("SELECT key FROM link_key")[0]?.key ?? "";
}

/** When a link was followed, by its signature; null where it has not been. */
export function linkUsed(register: Register, signature: string): string | null {
  const [row] = register.rows<{ at: string }>(
    "SELECT at FROM link_used WHERE signature = $signature",
    { signature },
  );
  return row?.at ?? null;
}

/** Notes that a link was followed. Throws where it was already: two at once are one. */
export function useLink(register: Register, signature: string, at: string): void {
  register.change("INSERT INTO link_used VALUES ($signature, $at)", { signature, at });
}
