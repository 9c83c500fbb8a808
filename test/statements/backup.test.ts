import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer } from "../../api/server.ts";
import { writeArchive } from "../../data/archive.ts";
import { homePaths } from "../../data/files.ts";
import { Register } from "../../data/register.ts";
import { auditHead, auditRows } from "../../data/register/audit.ts";
import { keepSession } from "../../data/register/access.ts";
import { command, flip, treeOf } from "../durability/company.ts";
import { LINES, makeBooks, MONTH, RESTATED, run, writeBill } from "./books.ts";

let root: string;
let folder: string;
let first: Buffer;
let file: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "apportion-backup-"));
  folder = await makeBooks(join(root, "books"), "checks: { settledAfterDays: 0 }\n");
  await run(folder, "run");
  await run(folder, "close", "--month", MONTH);
  first = await readFile(statement(folder, "1.csv"));
  await writeBill(folder, RESTATED);
  await run(folder, "run");
  await run(folder, "close", "--month", MONTH);
  file = join(root, "backup.tar");
});
afterAll(async () => rm(root, { recursive: true, force: true }));

const statement = (of: string, name: string) => join(of, "home/statements", MONTH, name);
const open = <T>(of: string, use: (register: Register) => T): T => {
  const register = new Register(homePaths(join(of, "home")).register);
  try {
    return use(register);
  } finally {
    register.close();
  }
};
let copies = 0;
async function copy(): Promise<string> {
  const to = join(root, `copy-${copies++}`);
  await cp(folder, to, { recursive: true, preserveTimestamps: true });
  return to;
}

/** Bytes of every statement's files, by name. */
async function statementsOf(of: string): Promise<Map<string, string>> {
  const tree = await treeOf(join(of, "home/statements"));
  return new Map([...tree].map(([name, what]) => [name, what.split(" ")[0] ?? ""]));
}

describe("a backup", () => {
  it("is made while a server serves and others write, without anybody's session, 0600", async () => {
    const paths = homePaths(join(folder, "home"));
    const server = await startServer({
      paths,
      sources: [],
      currency: "EUR",
      host: "127.0.0.1",
      port: 0,
      pages: null,
      now: () => new Date(process.env["APPORTION_NOW"] ?? ""),
      log: "silent",
    });
    try {
      open(folder, (register) =>
        keepSession(register, {
          hash: "a-session",
          subject: "ada",
          name: "Ada",
          roles: ["finance"],
          teams: null,
          refresh: null,
          createdAt: 1,
          seenAt: 1,
          checkedAt: 1,
        }),
      );
      let going = true;
      const asking = (async () => {
        while (going)
          expect(
            (await fetch(`${server.address}/api/v1/exports/statement.csv?month=${MONTH}`)).status,
          ).toBe(200);
      })();
      await run(folder, "backup", "-o", file);
      going = false;
      await asking;
    } finally {
      await server.close();
    }
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readFile(file)).includes("a-session")).toBe(false);
    expect(await readdir(join(folder, "home/tmp"))).toEqual([]);
    expect(open(folder, auditRows).map(({ action }) => action)).toContain("backup.make");
  });

  it("brings a lost home's register and statements back, byte for byte, and closing goes on", async () => {
    const lost = await copy();
    const before = await statementsOf(lost);
    expect(before.size).toBe(11);
    await rm(join(lost, "home"), { recursive: true });
    const { code, out } = await command(lost, "restore", file);
    expect(code).toBe(0);
    expect(out).toContain("the register is the backup's");
    expect(await statementsOf(lost)).toEqual(before);
    expect((await stat(homePaths(join(lost, "home")).register)).mode & 0o777).toBe(0o600);
    await run(lost, "audit", "--verify");
    // The rest is made again from the exports.
    await run(lost, "run");
    const out2 = join(lost, "out.csv");
    await run(lost, "export", "statement", "--month", MONTH, "--number", "1", "-o", out2);
    expect(await readFile(out2)).toEqual(first);
    await writeBill(lost, LINES);
    await run(lost, "run");
    expect(await run(lost, "close", "--month", MONTH)).toContain("is closed as no. 3");
    await run(lost, "audit", "--verify");
  });

  it("mends a damaged and a missing statement, and leaves a register that knows more", async () => {
    const home = await copy();
    const before = await statementsOf(home);
    const rows = open(home, auditHead).rows;
    await flip(statement(home, "1.csv"));
    await rm(statement(home, "2.duckdb"));
    const { code, out, err } = await command(home, "restore", file);
    expect(code).toBe(0);
    expect(out).toBe(`mended statements/${MONTH}/1.csv\nmended statements/${MONTH}/2.duckdb\n`);
    expect(err).toContain("knows what the backup does not and stays");
    expect(await statementsOf(home)).toEqual(before);
    expect(open(home, auditHead).rows).toBe(rows + 1);
    await run(home, "audit", "--verify");
  });

  it("takes an older register's place only by force, and says so in the log", async () => {
    const home = await copy();
    await run(home, "restore", file, "--force");
    const actions = open(home, auditRows).map(({ action }) => action);
    expect(actions.at(-1)).toBe("backup.restore");
    expect(actions).not.toContain("backup.make");
  });

  it("takes the place of a register that cannot be opened", async () => {
    const home = await copy();
    const paths = homePaths(join(home, "home"));
    for (const ending of ["", "-wal", "-shm"]) await rm(paths.register + ending, { force: true });
    await run(home, "restore", file);
    await run(home, "audit", "--verify");
  });

  it("with any bit other than it was is refused, and nothing is touched", async () => {
    const home = await copy();
    const bytes = await readFile(file);
    const spoiled = join(root, "spoiled.tar");
    let before = await treeOf(join(home, "home"));
    const known = await statementsOf(home);
    // Padding after a file says nothing, and a bit in it changes nothing that is restored.
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 7 }), async (at, bit) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt8((bytes[at] as number) ^ (1 << bit), at);
        await writeFile(spoiled, changed);
        const { code, err } = await command(home, "restore", spoiled);
        if (code === 0) {
          expect(await statementsOf(home)).toEqual(known);
          before = await treeOf(join(home, "home"));
          return;
        }
        expect([code, err]).toEqual([1, expect.stringContaining("spoiled.tar")]);
        expect(await treeOf(join(home, "home"))).toEqual(before);
      }),
      { numRuns: 25 },
    );
  });

  it("that names other files than a backup's is refused", async () => {
    const odd = join(root, "odd.tar");
    const home = await copy();
    for (const name of [
      "work.duckdb",
      "statements/../../x",
      "/etc/x",
      "statements/2026-08/x.csv",
    ]) {
      await writeArchive(odd, [{ name, content: Buffer.from("x") }], "2026-09-20T12:00:00Z");
      const { code, err } = await command(home, "restore", odd);
      expect([name, code]).toEqual([name, 1]);
      expect(err).toContain("odd.tar");
    }
  });
});

it("ten builds and a backup-restore later the first statement is the same bytes", async () => {
  const home = await copy();
  for (let build = 0; build < 10; build++) {
    // Every one restates the month.
    const text = await readFile(join(home, "owners.yaml"), "utf8");
    await writeFile(join(home, "owners.yaml"), text.replace(/CC-\d+/, `CC-${100 + build}`));
    await run(home, "build");
  }
  const taken = join(root, "later.tar");
  await run(home, "backup", "-o", taken);
  await rm(join(home, "home/statements"), { recursive: true });
  await rm(join(home, "home/register.sqlite"));
  await rm(join(home, "home/register.sqlite-wal"), { force: true });
  await run(home, "restore", taken);
  const out = join(home, "out.csv");
  await run(home, "export", "statement", "--month", MONTH, "--number", "1", "-o", out);
  expect(await readFile(out)).toEqual(first);
  const db = new DatabaseSync(homePaths(join(home, "home")).register);
  expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  db.close();
  await run(home, "audit", "--verify");
});
