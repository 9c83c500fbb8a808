import { canonicalJson, type Json } from "../canonical.ts";
import { sha256 } from "../files.ts";
import type { Register } from "../register.ts";
import type { Amounts, StatementManifest } from "../statements.ts";
import { appendAudit } from "./audit.ts";

/** Closed months, and what was restated in them since. */

/** The text of `<n>.json`: the same for the same statement, so that its hash means something. */
export function manifestText(manifest: StatementManifest): string {
  return `${canonicalJson(manifest as unknown as Json)}\n`;
}

/** Every statement, or a month's, by month and number. */
export function statements(register: Register, month?: string): StatementManifest[] {
  return register
    .rows<{ manifest: string }>(
      "SELECT manifest FROM statement WHERE $month IS NULL OR month = $month ORDER BY month, number",
      { month: month ?? null },
    )
    .map((row) => JSON.parse(row.manifest) as StatementManifest);
}

/** Records a statement, and in the audit log who closed the month over what; in the caller's transaction. */
export function addStatement(register: Register, manifest: StatementManifest): void {
  const text = manifestText(manifest);
  const { month, number, closedAt: at, closedBy: actor, role } = manifest;
  register.transaction(() => {
    register.change(
      "INSERT INTO statement VALUES ($month, $number, $at, $actor, $role, $manifest)",
      { month, number, at, actor, role, manifest: text },
    );
    appendAudit(register, {
      at,
      actor,
      role,
      action: "statement.close",
      subject: `month:${month}`,
      details: {
        number,
        reason: manifest.reason,
        state: manifest.state,
        manifest: sha256(text),
        statement: manifest.files.statement ?? "",
        fingerprint: manifest.fingerprint,
        questions: manifest.questions.length,
      },
    });
  });
}

/** What a build changed in a closed month, against its latest statement. */
export interface Restated {
  month: string;
  /** Fingerprint of the figures that differ. */
  fingerprint: string;
  at: string;
  /** The statement they differ from. */
  number: number;
  changes: Amounts[];
  /** When finance was told; null: not yet. */
  told: string | null;
  problem: string | null;
}

/** Records a restatement once; false where it is known. */
export function addRestated(
  register: Register,
  found: Omit<Restated, "told" | "problem">,
): boolean {
  const { month, fingerprint, at, number } = found;
  return register.transaction(() => {
    const added = register.change(
      "INSERT INTO restated VALUES ($month, $fingerprint, $at, $number, $changes, NULL, NULL) ON CONFLICT DO NOTHING",
      { month, fingerprint, at, number, changes: JSON.stringify(found.changes) },
    );
    if (added === 0) return false;
    appendAudit(register, {
      at,
      actor: "build",
      role: "system",
      action: "month.restate",
      subject: `month:${month}`,
      details: { number, fingerprint, changes: found.changes as unknown as Json },
    });
    return true;
  });
}

/** Restatements of closed months, oldest first. */
export function restatements(register: Register): Restated[] {
  return register
    .rows<Omit<Restated, "changes"> & { changes: string }>(
      "SELECT month, fingerprint, at, number, changes, told, problem FROM restated ORDER BY at, month",
    )
    .map((row) => ({ ...row, changes: JSON.parse(row.changes) as Amounts[] }));
}

/** Records that finance was told, or why not. */
export function restatedTold(
  register: Register,
  { month, fingerprint }: Pick<Restated, "month" | "fingerprint">,
  told: string | null,
  problem: string | null,
): void {
  register.change(
    "UPDATE restated SET told = $told, problem = $problem WHERE month = $month AND fingerprint = $fingerprint",
    { month, fingerprint, told, problem },
  );
}
