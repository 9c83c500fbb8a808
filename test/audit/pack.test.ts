import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PACK_README } from "../../api/audit/readme.ts";
import { verifyPack } from "../../api/audit/verify-pack.ts";
import { command, flip } from "../durability/company.ts";
import { csvRows, makeBooks, MONTH, RESTATED, run, sumOf, writeBill } from "../statements/books.ts";

const sh = promisify(execFile);

/** Bits that are turned over, one at a time. */
const BITS = process.env["APPORTION_SOAK"] === undefined ? 300 : 20_000;

let root: string;
let folder: string;
let pack: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "apportion-pack-"));
  folder = await makeBooks(join(root, "books"), "checks: { settledAfterDays: 0 }\n");
  await run(folder, "run");
  await run(folder, "close", "--month", MONTH);
  await writeBill(folder, RESTATED);
  await run(folder, "run");
  await run(folder, "close", "--month", MONTH);
  pack = join(root, "second.tar");
  await run(folder, "audit", "pack", "--month", MONTH, "-o", pack);
});
afterAll(async () => rm(root, { recursive: true, force: true }));

/** Unpacks with the system's tar, as an auditor would. */
async function unpacked(file: string): Promise<string> {
  const to = await mkdtemp(join(root, "unpacked-"));
  await sh("tar", ["-xf", file, "-C", to]);
  return to;
}

describe("an audit pack", () => {
  it("holds the statement, what it was made from, and the trail", async () => {
    const to = await unpacked(pack);
    const read = (name: string) => readFile(join(to, name));
    expect(await read("statement/2.csv")).toEqual(
      await readFile(join(folder, "home/statements", MONTH, "2.csv")),
    );
    const statement = csvRows(await read("statement/2.csv"));
    const controls = csvRows(await read("control-totals.csv"));
    for (const column of ["EffectiveCost", "BilledCost"])
      for (const currency of ["EUR", "USD"])
        expect(sumOf(controls, column, currency)).toBe(sumOf(statement, column, currency));
    expect(csvRows(await read("sources.csv"))).toMatchObject([{ Source: "bill", Rows: "5" }]);
    const checks = csvRows(await read("checks.csv"));
    expect(checks.every((check) => check["ok"] === "true")).toBe(true);
    expect(checks.map((check) => check["name"])).toContain("attributed-equals-imported");
    expect((await read("made-from/rules.json")).toString()).toContain("rg-claims");
    expect((await read("made-from/versions.json")).toString()).toContain(process.version);
    expect((await read("method.md")).toString()).toBe(
      await readFile(new URL("../../docs/method.md", import.meta.url), "utf8"),
    );
    expect((await read("trail.tsv")).toString().trimEnd().split("\n")).toHaveLength(5);
  });

  it("is the same bytes when it is packed again, later and after more builds", async () => {
    const again = join(root, "again.tar");
    const owners = join(folder, "owners.yaml");
    const text = await readFile(owners, "utf8");
    await writeFile(owners, text.replace("CC-2", "CC-7"));
    await run(folder, "build");
    await run(folder, "audit", "pack", "--month", MONTH, "-o", again);
    expect((await readFile(again)).equals(await readFile(pack))).toBe(true);
  });

  it("is checked by sha256sum and a shell, as its README says; a change is printed", async () => {
    const steps = PACK_README.split(/\n\n(?=\S|\s{3}and each)/)
      .flatMap((part) => part.split("\n\n"))
      .filter((part) => part.startsWith("   ") && /sha256sum|while|tail/.test(part))
      .filter((part) => !part.startsWith("   and") && !part.startsWith("   A row"));
    expect(steps).toHaveLength(6);
    const script = steps.join("\n");
    const to = await unpacked(pack);
    const { stdout } = await sh("bash", ["-euo", "pipefail", "-c", script], { cwd: to });
    expect(stdout.split("\n").filter((line) => line !== "" && !line.endsWith(": OK"))).toEqual([]);
    for (const name of [
      "statement/2.csv",
      "statement/2.json",
      "made-from/rules.json",
      "trail.tsv",
    ]) {
      const spoiled = await unpacked(pack);
      await flip(join(spoiled, name));
      // Whoever changes a file puts its sum right too.
      await sh(
        "bash",
        ["-c", "find . -type f ! -name SHA256SUMS | sort | xargs sha256sum > s; mv s SHA256SUMS"],
        { cwd: spoiled },
      );
      const found = await sh("bash", ["-c", script], { cwd: spoiled });
      const told = found.stdout.split("\n").filter((line) => line !== "" && !line.endsWith(": OK"));
      expect([name, told.length > 0]).toEqual([name, true]);
    }
  });

  it("is whole, and the one its home closed; of a stranger's home, or none, whole by itself", async () => {
    expect(await run(folder, "audit", "--verify", pack)).toContain(
      "is the one that this home closed",
    );
    expect((await verifyPack(pack)).problems).toEqual([]);
  });

  it("of the same number closed elsewhere is not this home's", async () => {
    const other = await makeBooks(join(root, "other"), "checks: { settledAfterDays: 0 }\n");
    await writeBill(other, RESTATED.slice(1));
    await run(other, "run");
    await run(other, "close", "--month", MONTH);
    const theirs = join(root, "theirs.tar");
    await run(other, "audit", "pack", "--month", MONTH, "-o", theirs);
    const { code, err } = await command(folder, "audit", "--verify", theirs);
    expect(code).toBe(1);
    expect(err).toContain("is of another statement 1 than this home closed");
  });

  it("with any one bit other than it was is found, and the file is named", async () => {
    const bytes = await readFile(pack);
    const spoiled = join(root, "spoiled.tar");
    const names = (await sh("tar", ["-tf", pack])).stdout.trim().split("\n");
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: bytes.length - 1 }),
        fc.integer({ min: 0, max: 7 }),
        async (at, bit) => {
          const changed = Buffer.from(bytes);
          changed.writeUInt8((bytes[at] as number) ^ (1 << bit), at);
          await writeFile(spoiled, changed);
          const { problems } = await verifyPack(spoiled);
          expect(problems.length, `bit ${bit} of byte ${at}`).toBeGreaterThan(0);
          const named = [...names, "its beginning", "its end"].some((name) =>
            problems.some((problem) => problem.includes(name)),
          );
          expect([at, problems, named]).toEqual([at, problems, true]);
        },
      ),
      { numRuns: BITS },
    );
  });

  it("cut short, doubled or empty is no pack", async () => {
    const bytes = await readFile(pack);
    const odd = join(root, "odd.tar");
    for (const content of [
      bytes.subarray(0, bytes.length - 512),
      bytes.subarray(0, 700),
      Buffer.concat([bytes, bytes]),
      Buffer.alloc(0),
      Buffer.from("not a tar"),
    ]) {
      await writeFile(odd, content);
      expect((await verifyPack(odd)).problems).not.toEqual([]);
    }
  });
});

describe("audit --verify of a home", () => {
  it("is whole, says where the log ends, and takes that head back", async () => {
    const out = await run(folder, "audit", "--verify");
    expect(out).toMatch(
      /^whole: \d+ rows, 2 statements, \d+ heads noted elsewhere; head \d+:[0-9a-f]{64}\n$/,
    );
    const head = /head (\S+)/.exec(out)?.[1] ?? "";
    await run(folder, "audit", "--verify", "--head", head);
    const { code, err } = await command(
      folder,
      "audit",
      "--verify",
      "--head",
      head.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
    );
    expect(code).toBe(1);
    expect(err).toContain("--head");
  });

  it("names each file of a statement that is other than it was closed, or gone", async () => {
    for (const name of [
      "1.csv",
      "1.csv.sha256",
      "1.json",
      "1.duckdb",
      "2.diff.csv",
      "2.diff.json",
      "2.diff-lines.csv",
    ]) {
      const path = join(folder, "home/statements", MONTH, name);
      await flip(path);
      const { code, err } = await command(folder, "audit", "--verify");
      expect([name, code]).toEqual([name, 1]);
      expect(err).toBe(`apportion: ${path}: is not as it was closed\n`);
      await flip(path);
    }
    const path = join(folder, "home/statements", MONTH, "1.csv");
    const bytes = await readFile(path);
    await rm(path);
    expect((await command(folder, "audit", "--verify")).err).toContain(`${path}: is missing`);
    await writeFile(path, bytes);
    await run(folder, "audit", "--verify");
  });

  it("names the row that somebody changed by hand, and a statement's row that is gone or other", async () => {
    const copy = join(root, "copy");
    await mkdir(copy);
    await sh("cp", ["-r", `${folder}/.`, copy]);
    const change = (sql: string) => {
      const db = new DatabaseSync(join(copy, "home/register.sqlite"));
      for (const { name } of db
        .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        .all() as { name: string }[])
        db.exec(`DROP TRIGGER ${name}`);
      db.exec(sql);
      db.close();
    };
    const told = async () => (await command(copy, "audit", "--verify")).err;
    change("UPDATE audit SET actor = 'nobody' WHERE n = 2");
    expect(await told()).toMatch(
      /audit log, row 2: row 2 \(statement\.close, .*\) is not as it was written/,
    );
    change("UPDATE audit SET actor = (SELECT actor FROM statement WHERE number = 1) WHERE n = 2");
    expect(await told()).toBe("");
    change(
      'UPDATE statement SET manifest = replace(manifest, \'"reason":null\', \'"reason":"x"\') WHERE number = 1',
    );
    expect(await told()).toContain(
      `statement 1 of ${MONTH}: its row is not the one that the audit log says`,
    );
    change("DELETE FROM statement WHERE number = 1");
    expect(await told()).toContain(
      `statement 1 of ${MONTH}: the audit log says it was closed, and its row is missing`,
    );
  });
});
