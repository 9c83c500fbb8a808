import { createHash, randomUUID } from "node:crypto";
import { chmod, mkdir, open, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";

/** Where a home keeps what; see the architecture's "State on disk". */
export interface HomePaths {
  home: string;
  landing: string;
  lines: string;
  facts: string;
  work: string;
  published: string;
  list: string;
  lists: string;
  statements: string;
  register: string;
  tmp: string;
}

export function homePaths(home: string): HomePaths {
  const published = join(home, "published");
  return {
    home,
    landing: join(home, "landing"),
    lines: join(home, "lines"),
    facts: join(home, "facts"),
    work: join(home, "work.duckdb"),
    published,
    list: join(published, "current.json"),
    lists: join(published, "lists"),
    statements: join(home, "statements"),
    register: join(home, "register.sqlite"),
    tmp: join(home, "tmp"),
  };
}

/** Makes the folders of a home, readable by its owner alone. */
export async function makeHome(paths: HomePaths): Promise<void> {
  for (const dir of [
    paths.home,
    paths.landing,
    paths.lines,
    paths.facts,
    paths.published,
    paths.lists,
    paths.statements,
    paths.tmp,
  ])
    await mkdir(dir, { recursive: true, mode: 0o700 });
}

const READER = /^read-(.+)-(\d+)-[0-9a-f]{8}$/;
const MAX_READER_AGE = 7 * 86_400_000;

/**
 * A spill folder of one reader. Never shared: the engine gives its spill files the same names in
 * every process and removes them all when it closes.
 */
export function readerTemporary(paths: HomePaths): string {
  const host = hostname().replaceAll(/[^\w.]/g, "_");
  return join(paths.tmp, `read-${host}-${process.pid}-${randomUUID().slice(0, 8)}`);
}

/** Removes what readers of this machine left behind that ended without a word: what they had spilled is money too. */
export async function sweepReaders(paths: HomePaths): Promise<void> {
  const host = hostname().replaceAll(/[^\w.]/g, "_");
  for (const name of await readdir(paths.tmp).catch(() => [])) {
    const reader = READER.exec(name);
    if (reader !== null && reader[1] === host && !isAlive(Number(reader[2])))
      await rm(join(paths.tmp, name), { recursive: true, force: true });
  }
}

/**
 * Empties `tmp/` but for the folders of readers that live; only for the writer, which holds the lock.
 * A reader elsewhere (another container on the same volume) cannot be asked: its folder goes by age.
 */
export async function sweepTemporary(paths: HomePaths): Promise<void> {
  const host = hostname().replaceAll(/[^\w.]/g, "_");
  for (const name of await readdir(paths.tmp).catch(() => [])) {
    const path = join(paths.tmp, name);
    const reader = READER.exec(name);
    if (reader !== null) {
      const young = Date.now() - (await modified(path)) < MAX_READER_AGE;
      if (reader[1] === host ? isAlive(Number(reader[2])) : young) continue;
    }
    await rm(path, { recursive: true, force: true });
  }
}

async function modified(path: string): Promise<number> {
  return stat(path).then(
    (found) => found.mtimeMs,
    () => 0,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Writes a whole file so that a reader sees the old or the new one, never half: 0600, fsync, rename. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await renameDurably(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Renames and syncs the folder, so that the new name survives a power cut. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  const dir = await open(dirname(to), "r");
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}

/** Syncs a file another library wrote, and closes it to others. */
export async function syncFile(path: string): Promise<void> {
  await chmod(path, 0o600);
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The SHA-256 of a file's bytes, in hexadecimal. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash("sha256");
  const file = await open(path, "r");
  try {
    // One buffer for the whole file: a stream's, a fresh one for every piece, cost as much again as hashing.
    const buffer = Buffer.allocUnsafeSlow(1 << 20);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

export function sha256(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Bytes free where `path` lies. */
export async function freeBytes(path: string): Promise<number> {
  const stat = await statfs(path);
  return stat.bavail * stat.bsize;
}
