import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type ArchiveEntry, readArchive, writeArchive } from "../../data/archive.ts";
import { AppError } from "../../data/errors.ts";
import {
  type HomePaths,
  homePaths,
  renameDurably,
  sha256File,
  syncFile,
} from "../../data/files.ts";
import { Register } from "../../data/register.ts";
import { endSessions } from "../../data/register/access.ts";
import { appendAudit, type AuditHead, auditHead, auditRows } from "../../data/register/audit.ts";
import { statements } from "../../data/register/statements.ts";
import { writeClosed } from "../../data/statements.ts";
import { verifyHome } from "../audit/verify-home.ts";

/** What cannot be made again: the register and the statements, in one archive. */

const CONTENTS = "backup.json";
const REGISTER = "register.sqlite";
const STATEMENT = /^statements\/\d{4}-\d{2}\/\d+\.[a-z0-9.-]+$/;

interface Contents {
  at: string;
  audit: AuditHead;
  /** SHA-256 by name. */
  files: Record<string, string>;
}

export interface Actor {
  name: string;
  role: string;
  now: () => Date;
}

/**
 * Writes a backup while others read and write: the register as of one moment, and the statements it
 * knows, which never change. Nobody's session is in it.
 */
export async function backup(
  paths: HomePaths,
  file: string,
  { name, role, now }: Actor,
): Promise<Contents> {
  const work = join(paths.tmp, `backup-${randomUUID()}`);
  await mkdir(work, { recursive: true, mode: 0o700 });
  const register = new Register(paths.register);
  try {
    const copy = join(work, REGISTER);
    await register.copyTo(copy);
    const copied = new Register(copy);
    let audit: AuditHead;
    const entries: ArchiveEntry[] = [];
    try {
      endSessions(copied);
      // What was deleted stands in free pages until they are used again.
      copied.change("VACUUM");
      audit = auditHead(copied);
      for (const month of new Set(statements(copied).map((manifest) => manifest.month))) {
        const last = statements(copied, month).at(-1)?.number ?? 0;
        for (const entry of await readdir(join(paths.statements, month)))
          // A close that runs meanwhile has files that the copy does not know.
          if (/^\d+\./.test(entry) && Number.parseInt(entry, 10) <= last)
            entries.push({
              name: `statements/${month}/${entry}`,
              content: { path: join(paths.statements, month, entry) },
            });
      }
    } finally {
      copied.close();
    }
    entries.push({ name: REGISTER, content: { path: copy } });
    const contents: Contents = { at: now().toISOString(), audit, files: {} };
    for (const { name, content } of entries)
      contents.files[name] = await sha256File((content as { path: string }).path);
    const listed = Buffer.from(`${JSON.stringify(contents, null, 2)}\n`);
    await writeArchive(file, [...entries, { name: CONTENTS, content: listed }], contents.at);
    appendAudit(register, {
      at: contents.at,
      actor: name,
      role,
      action: "backup.make",
      subject: "home",
      details: { rows: audit.rows, head: audit.hash, files: entries.length },
    });
    return contents;
  } finally {
    register.close();
    await rm(work, { recursive: true, force: true });
  }
}

export interface Restored {
  /** Files of statements that were missing or not as they were closed. */
  mended: string[];
  /** Whether the register is the backup's now; false: this home's is newer and stays. */
  register: boolean;
}

/**
 * Brings back what a backup holds, while others read: damaged and missing files of statements always; the
 * register where this home has none, or where the backup's goes on from it. A register that knows what the
 * backup does not stays, unless `force` gives that up. A backup that is not whole changes nothing.
 */
export async function restore(
  paths: HomePaths,
  file: string,
  force: boolean,
  { name, role, now }: Actor,
): Promise<Restored> {
  const work = join(paths.tmp, `restore-${randomUUID()}`);
  const from = homePaths(work);
  await mkdir(work, { recursive: true, mode: 0o700 });
  try {
    const contents = await unpack(file, work);
    await checkWhole(from, file, contents);
    const mended: string[] = [];
    for (const [entry, hash] of Object.entries(contents.files)) {
      if (entry === REGISTER) continue;
      const target = join(paths.home, entry);
      if (existsSync(target) && (await sha256File(target)) === hash) continue;
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await renameDurably(join(work, entry), target);
      mended.push(entry);
    }
    const takes = force || goesOnFrom(paths, from);
    if (takes) await Register.copyOver(from.register, paths.register);
    const register = new Register(paths.register);
    try {
      appendAudit(register, {
        at: now().toISOString(),
        actor: name,
        role,
        action: "backup.restore",
        subject: "home",
        details: { rows: contents.audit.rows, head: contents.audit.hash, register: takes, mended },
      });
      await writeClosed(paths, statements(register));
    } finally {
      register.close();
    }
    return { mended, register: takes };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function unpack(file: string, work: string): Promise<Contents> {
  const hashes = new Map<string, string>();
  await readArchive(file, async (name, content) => {
    if (name !== CONTENTS && name !== REGISTER && !STATEMENT.test(name))
      throw new AppError("ARCHIVE_DAMAGED", `${file}: "${name}" belongs to no backup`);
    if (hashes.has(name)) throw new AppError("ARCHIVE_DAMAGED", `${file}: ${name} is in it twice`);
    const target = join(work, name);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const handle = await open(target, "wx", 0o600);
    await pipeline(content, handle.createWriteStream());
    await syncFile(target);
    hashes.set(name, await sha256File(target));
  });
  const contents = contentsOf(await readFile(join(work, CONTENTS), "utf8").catch(() => ""), file);
  hashes.delete(CONTENTS);
  for (const [name, hash] of Object.entries(contents.files))
    if (hashes.get(name) !== hash)
      throw new AppError(
        "ARCHIVE_DAMAGED",
        `${file}: ${name} is ${hashes.has(name) ? "not as it was backed up" : "missing"}; take another backup`,
      );
  for (const name of hashes.keys())
    if (contents.files[name] === undefined)
      throw new AppError("ARCHIVE_DAMAGED", `${file}: ${name} is not in its ${CONTENTS}`);
  return contents;
}

function contentsOf(text: string, file: string): Contents {
  try {
    const contents = JSON.parse(text) as Contents | null;
    if (typeof contents?.audit?.hash === "string" && typeof contents.files?.[REGISTER] === "string")
      return contents;
  } catch {
    // Said below.
  }
  throw new AppError("ARCHIVE_DAMAGED", `${file}: is no backup, or its ${CONTENTS} is damaged`);
}

/** The backup is checked as a home of its own before anything here is touched. */
async function checkWhole(from: HomePaths, file: string, { audit }: Contents): Promise<void> {
  const register = new Register(from.register);
  try {
    const { problems } = await verifyHome(from, register, [{ ...audit, where: CONTENTS }]);
    if (problems[0] !== undefined)
      throw new AppError("ARCHIVE_DAMAGED", `${file}: ${problems[0]}; take another backup`);
  } finally {
    register.close();
  }
}

/** True where this home has no log yet, or the backup's is the same and longer, or the same. */
function goesOnFrom(paths: HomePaths, from: HomePaths): boolean {
  if (!existsSync(paths.register)) return true;
  let own: AuditHead;
  let register: Register;
  try {
    register = new Register(paths.register);
  } catch {
    // A register that cannot be opened is what backups are for.
    return true;
  }
  try {
    own = auditHead(register);
  } finally {
    register.close();
  }
  if (own.rows === 0) return true;
  const backed = new Register(from.register);
  try {
    return auditRows(backed).some(({ n, hash }) => n === own.rows && hash === own.hash);
  } finally {
    backed.close();
  }
}
