import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Register } from "../../../data/register.ts";
import {
  appendAudit,
  auditHash,
  auditHead,
  auditRows,
  type AuditRow,
  NO_ROWS,
  verifyRegister,
} from "../../../data/register/audit.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "apportion-audit-"));
});
afterAll(async () => rm(root, { recursive: true, force: true }));

let made = 0;
const newPath = () => join(root, `${made++}`, "register.sqlite");

const ROWS = 7;
/** Bits that are turned over, one at a time. */
const BITS = process.env["APPORTION_SOAK"] === undefined ? 200 : 20_000;
const entry = (n: number) => ({
  at: `2026-09-0${n}T10:00:00.000Z`,
  actor: n % 2 === 0 ? "ada" : "tokén:ci 🜁",
  role: "finance",
  action: "statement.close",
  subject: `month:2026-0${n}`,
  details: { number: n, forced: n === 3, reason: n === 3 ? "year\u0000end" : undefined, list: [n] },
});

/** A register with a log, and what the log said when it was whole. */
function filled(path: string): void {
  const register = new Register(path);
  for (let n = 1; n <= ROWS; n++) appendAudit(register, entry(n));
  register.close();
}

/** Does to the file what no function of ours can: SQL by hand, without the triggers. */
function tamper(path: string, sql: string, ...values: (string | number | Uint8Array)[]): number {
  const db = new DatabaseSync(path);
  db.exec("DROP TRIGGER IF EXISTS audit_is_not_changed; DROP TRIGGER IF EXISTS audit_is_not_cut");
  const { changes } = db.prepare(sql).run(...values);
  db.close();
  return Number(changes);
}

function verdict(path: string, ...anchors: Parameters<typeof verifyRegister>[1] & object) {
  const register = new Register(path);
  try {
    return verifyRegister(register, anchors);
  } finally {
    register.close();
  }
}

describe("the audit log", () => {
  it("keeps what was said, in order, and ends where its head says", async () => {
    const path = newPath();
    const register = new Register(path);
    expect(verifyRegister(register)).toEqual({ ...NO_ROWS, broken: null });
    for (let n = 1; n <= ROWS; n++) appendAudit(register, entry(n));
    const rows = auditRows(register);
    expect(rows.map(({ n, action }) => [n, action])).toEqual(
      Array.from({ length: ROWS }, (_, index) => [index + 1, "statement.close"]),
    );
    expect(JSON.parse(rows[2]?.details ?? "")).toEqual({
      forced: true,
      list: [3],
      number: 3,
      reason: "year\u0000end",
    });
    expect(auditRows(register, { subject: "month:2026-04" }).map(({ n }) => n)).toEqual([4]);
    expect(verifyRegister(register)).toEqual({ ...auditHead(register), broken: null });
    expect(auditHead(register)).toEqual({ rows: ROWS, hash: rows.at(-1)?.hash });
    register.close();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("does not hold what was undone", () => {
    const register = new Register(newPath());
    appendAudit(register, entry(1));
    expect(() =>
      register.transaction(() => {
        appendAudit(register, entry(2));
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(auditHead(register).rows).toBe(1);
    appendAudit(register, entry(2));
    expect(verifyRegister(register)).toMatchObject({ rows: 2, broken: null });
    register.close();
  });

  it("refuses to be changed or cut", () => {
    const register = new Register(newPath());
    appendAudit(register, entry(1));
    expect(() => register.change("UPDATE audit SET actor = 'eve'")).toThrow(/appended to only/);
    expect(() => register.change("DELETE FROM audit")).toThrow(/appended to only/);
    register.close();
  });

  it("names the row in which any one bit is other than it was", () => {
    const path = newPath();
    filled(path);
    const text = ["at", "actor", "role", "action", "subject", "details", "before", "hash"] as const;
    const register = new Register(path);
    const rows = auditRows(register);
    register.close();
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: ROWS }),
        fc.constantFrom(...text),
        fc.nat(),
        fc.integer({ min: 0, max: 7 }),
        (n, column, place, bit) => {
          const row = rows[n - 1] as AuditRow;
          const bytes = Buffer.from(row[column]);
          const at = place % bytes.length;
          bytes.writeUInt8((bytes[at] as number) ^ (1 << bit), at);
          const sql = `UPDATE audit SET ${column} = CAST(? AS TEXT) WHERE n = ?`;
          expect(tamper(path, sql, bytes, n)).toBe(1);
          try {
            expect(verdict(path).broken?.row).toBe(n);
          } finally {
            tamper(path, sql, Buffer.from(row[column]), n);
          }
        },
      ),
      { numRuns: BITS },
    );
    expect(verdict(path).broken).toBe(null);
  });

  it("finds any one bit of its file that is other than it was, where it is of the log at all", async () => {
    const path = newPath();
    filled(path);
    const whole = await readFile(path);
    const rowsOf = (of: string) => {
      const register = new Register(of);
      try {
        const { broken, ...head } = verifyRegister(register);
        return { broken, said: JSON.stringify([head, auditRows(register)]) };
      } finally {
        register.close();
      }
    };
    const { said } = rowsOf(path);
    const spoiled = newPath();
    await mkdir(dirname(spoiled));
    let found = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: whole.length - 1 }),
        fc.integer({ min: 0, max: 7 }),
        async (at, bit) => {
          const changed = Buffer.from(whole);
          changed.writeUInt8((whole[at] as number) ^ (1 << bit), at);
          for (const ending of ["-wal", "-shm"]) await rm(spoiled + ending, { force: true });
          await writeFile(spoiled, changed);
          let read: ReturnType<typeof rowsOf>;
          try {
            read = rowsOf(spoiled);
          } catch (error) {
            // What the engine itself cannot read is named as the file it is.
            expect((error as Error).message, `bit ${bit} of byte ${at}`).not.toBe("");
            found += 1;
            return;
          }
          if (read.broken !== null) found += 1;
          else expect(read.said, `bit ${bit} of byte ${at}`).toBe(said);
        },
      ),
      { numRuns: BITS },
    );
    expect(found).toBeGreaterThan(0);
  });

  it("names the place where a row was taken out, moved, or put in with a right hash of its own", () => {
    const taken = newPath();
    filled(taken);
    tamper(taken, "DELETE FROM audit WHERE n = 3");
    expect(verdict(taken).broken).toMatchObject({ row: 3 });

    const closedUp = newPath();
    filled(closedUp);
    tamper(closedUp, "DELETE FROM audit WHERE n = 3");
    tamper(closedUp, "UPDATE audit SET n = n - 1 WHERE n > 3");
    expect(verdict(closedUp).broken).toMatchObject({ row: 3 });

    const swapped = newPath();
    filled(swapped);
    tamper(swapped, "UPDATE audit SET n = 100 WHERE n = 5");
    tamper(swapped, "UPDATE audit SET n = 5 WHERE n = 6");
    tamper(swapped, "UPDATE audit SET n = 6 WHERE n = 100");
    expect(verdict(swapped).broken).toMatchObject({ row: 5 });
  });

  it("names the row after one that was changed together with its own hash", () => {
    const path = newPath();
    filled(path);
    const register = new Register(path);
    const third = { ...(auditRows(register)[2] as AuditRow), actor: "eve" };
    register.close();
    tamper(path, "UPDATE audit SET actor = 'eve', hash = ? WHERE n = 3", auditHash(third));
    expect(verdict(path).broken).toEqual({
      row: 4,
      problem: "row 4 does not follow row 3: one of them was changed",
    });
  });

  it("misses rows cut off its end, by its own head or by one written elsewhere", () => {
    const path = newPath();
    filled(path);
    const register = new Register(path);
    const head = auditHead(register);
    const fifth = auditRows(register)[4] as AuditRow;
    register.close();
    tamper(path, "DELETE FROM audit WHERE n > 5");
    expect(verdict(path).broken).toEqual({
      row: 6,
      problem: "rows 6 to 7 are missing: the register knows of 7 rows",
    });
    // Whoever cuts the log can put its head right too; what is written elsewhere they do not reach.
    tamper(path, "UPDATE audit_head SET rows = 5, hash = ?", fifth.hash);
    expect(verdict(path).broken).toBe(null);
    expect(verdict(path, { ...head, where: "statement 2026-07 no. 1" }).broken).toEqual({
      row: 6,
      problem: "rows 6 to 7 are missing: statement 2026-07 no. 1 knows of 7 rows",
    });
  });

  it("that was written anew from some row on is not the one an anchor knows", () => {
    const path = newPath();
    filled(path);
    const register = new Register(path);
    const head = auditHead(register);
    register.close();
    tamper(path, "DELETE FROM audit WHERE n > 4");
    const fourth = new DatabaseSync(path);
    fourth.exec("UPDATE audit_head SET rows = 4, hash = (SELECT hash FROM audit WHERE n = 4)");
    fourth.close();
    const forged = new Register(path);
    for (let n = 5; n <= ROWS; n++) appendAudit(forged, { ...entry(n), actor: "eve" });
    expect(verifyRegister(forged).broken).toBe(null);
    expect(verifyRegister(forged, [{ ...head, where: "the backup" }]).broken).toEqual({
      row: ROWS,
      problem: "the rows up to 7 are not those that the backup knows",
    });
    forged.close();
  });
});

describe("a register", () => {
  it("of an earlier version gets the tables it lacks and keeps its rows", () => {
    const path = newPath();
    filled(path);
    const db = new DatabaseSync(path);
    // What the first version had, and nothing else.
    const later = db
      .prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%\\_report' ESCAPE '\\'",
      )
      .all() as { name: string }[];
    for (const { name } of later) db.exec(`DROP TABLE "${name}"`);
    db.exec("INSERT INTO build_report VALUES ('2026-07', '{}')");
    db.close();
    const register = new Register(path);
    appendAudit(register, entry(1));
    expect(verifyRegister(register)).toMatchObject({ rows: 1, broken: null });
    expect(register.rows("SELECT month FROM build_report")).toEqual([{ month: "2026-07" }]);
    register.close();
  });
});
