import { canonicalJson, type Json } from "../canonical.ts";
import { sha256 } from "../files.ts";
import type { Register } from "../register.ts";

/**
 * The audit log: who did what, when, in which role. Each row carries the hash of the row before, so a
 * row that is changed, taken out or put in breaks the chain there; how long the chain is and how it
 * ends is kept beside it and written into every statement, publish, backup and pack, so that a chain
 * cut at its end, or rewritten from some row on, is found as well.
 */

export interface AuditEntry {
  /** ISO time. */
  at: string;
  /** Who: a person's name, `token:NAME`, or `system`. */
  actor: string;
  role: string;
  /** What was done, `noun.verb` such as `statement.close`. */
  action: string;
  /** What it was done to, such as `month:2026-08`. */
  subject: string;
  details: { readonly [key: string]: Json | undefined };
}

/** A row as it is stored; `details` is canonical JSON text. */
export interface AuditRow extends Omit<AuditEntry, "details"> {
  n: number;
  details: string;
  before: string;
  hash: string;
}

/** How long a chain is and the hash of its last row. */
export interface AuditHead {
  rows: number;
  hash: string;
}

/** A head that was written down elsewhere, and where. */
export interface AuditAnchor extends AuditHead {
  where: string;
}

export interface AuditProblem {
  /** The first row that is not as it was written; one past the last where rows are missing. */
  row: number;
  problem: string;
}

export interface AuditVerdict extends AuditHead {
  /** Null: every row is as it was written. */
  broken: AuditProblem | null;
}

/** The head of a log without rows. */
export const NO_ROWS: AuditHead = { rows: 0, hash: "0".repeat(64) };

const COLUMNS = "n, at, actor, role, action, subject, details, before, hash";

/** The hash a row must have: of all its other columns. */
export function auditHash(row: Omit<AuditRow, "hash">): string {
  const { n, at, actor, role, action, subject, details, before } = row;
  return sha256(canonicalJson([n, at, actor, role, action, subject, details, before]));
}

/** Appends a row, in the caller's transaction where there is one: what is undone is not on record. */
export function appendAudit(register: Register, entry: AuditEntry): AuditHead {
  return register.transaction(() => {
    const last = auditHead(register);
    const row = {
      ...entry,
      n: last.rows + 1,
      details: canonicalJson(entry.details),
      before: last.hash,
    };
    const hash = auditHash(row);
    register.change(
      `INSERT INTO audit (${COLUMNS}) VALUES ($n, $at, $actor, $role, $action, $subject, $details, $before, $hash)`,
      { ...row, hash },
    );
    const head = { rows: row.n, hash };
    register.change(
      "INSERT INTO audit_head VALUES (1, $rows, $hash) ON CONFLICT (one) DO UPDATE SET rows = $rows, hash = $hash",
      head,
    );
    return head;
  });
}

/** Where the chain ends, as it was noted beside it; for an anchor elsewhere. */
export function auditHead(register: Register): AuditHead {
  return register.rows<AuditHead>("SELECT rows, hash FROM audit_head")[0] ?? NO_ROWS;
}

/** Rows in order; of `subject` alone where it is given, up to row `until`. */
export function auditRows(
  register: Register,
  { subject, until }: { subject?: string; until?: number } = {},
): AuditRow[] {
  return register.rows<AuditRow>(
    `SELECT ${COLUMNS} FROM audit WHERE ($subject IS NULL OR subject = $subject) AND ($until IS NULL OR n <= $until) ORDER BY n`,
    { subject: subject ?? null, until: until ?? null },
  );
}

/**
 * Recomputes the chain, and compares it with its noted head and with heads written elsewhere. Names
 * the first row that is not as it was written.
 */
export function verifyAudit(
  rows: Iterable<AuditRow>,
  anchors: readonly AuditAnchor[],
): AuditVerdict {
  const hashes = [NO_ROWS.hash];
  const head = (): AuditHead => ({ rows: hashes.length - 1, hash: hashes.at(-1) ?? NO_ROWS.hash });
  const broken = (row: number, problem: string) => ({ ...head(), broken: { row, problem } });
  for (const row of rows) {
    const n = hashes.length;
    if (row.n !== n) return broken(n, `row ${n} is missing: row ${row.n} stands in its place`);
    if (row.before !== hashes.at(-1))
      return broken(n, `row ${n} does not follow row ${n - 1}: one of them was changed`);
    if (auditHash(row) !== row.hash)
      return broken(n, `row ${n} (${row.action}, ${row.at}) is not as it was written`);
    hashes.push(row.hash);
  }
  for (const anchor of anchors.toSorted((a, b) => a.rows - b.rows)) {
    if (anchor.rows >= hashes.length)
      return broken(
        hashes.length,
        `rows ${hashes.length} to ${anchor.rows} are missing: ${anchor.where} knows of ${anchor.rows} rows`,
      );
    if (hashes[anchor.rows] !== anchor.hash)
      return broken(
        anchor.rows,
        `the rows up to ${anchor.rows} are not those that ${anchor.where} knows`,
      );
  }
  return { ...head(), broken: null };
}

/** The register's own log against its noted head and `anchors`. */
export function verifyRegister(
  register: Register,
  anchors: readonly AuditAnchor[] = [],
): AuditVerdict {
  const own = { ...auditHead(register), where: "the register" };
  return verifyAudit(auditRows(register), [own, ...anchors]);
}
