import { constants, type Dirent } from "node:fs";
import { type FileHandle, lstat, open, readdir, stat as follow } from "node:fs/promises";
import { join } from "node:path";
import { AppError, printable } from "../../data/errors.ts";
import { copyFileHashed } from "../cost/plain.ts";
import type { Store, StoreEntry } from "./store.ts";

/**
 * Exports in a folder. Only regular files with one name are read: a link or a pipe in a folder that
 * others write to could hand us any file of this machine.
 */
export function directoryStore(root: string): Store {
  return {
    place: root,
    async list(signal) {
      const entries: StoreEntry[] = [];
      await walk(root, "", entries, signal);
      return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },
    async text(entry, limit, signal) {
      const file = await openRegular(root, entry);
      try {
        if ((await file.stat()).size > limit)
          throw new AppError(
            "MANIFEST_INVALID",
            `${printable(entry.name)}: larger than ${limit} bytes; the last good load stays`,
          );
        const buffer = await file.readFile({ signal });
        return buffer.toString("utf8");
      } finally {
        await file.close();
      }
    },
    async fetch(entry, to, signal) {
      const file = await openRegular(root, entry);
      let copied: Awaited<ReturnType<typeof copyFileHashed>>;
      try {
        copied = await copyFileHashed(file, to, signal);
      } finally {
        await file.close();
      }
      const after = await lstat(join(root, entry.name)).catch(() => null);
      if (copied.bytes !== entry.bytes || after === null || versionOf(after) !== entry.version)
        throw new AppError(
          "UNIT_CHANGED",
          `${printable(entry.name)}: the file changed while it was read`,
        );
      return copied;
    },
  };
}

async function walk(
  root: string,
  folder: string,
  into: StoreEntry[],
  signal: AbortSignal,
): Promise<void> {
  let entries: Dirent[];
  try {
    entries = await readdir(join(root, folder), { withFileTypes: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (folder !== "" && code === "ENOENT") return;
    if (folder !== "") {
      into.push(unread(`${folder}/`, `is a folder that cannot be opened (${code})`));
      return;
    }
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${join(root, folder)}: the folder cannot be read (${code}); check the path and its permissions`,
      { cause: error },
    );
  }
  for (const entry of entries) {
    signal.throwIfAborted();
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      await walk(root, name, into, signal);
      continue;
    }
    const stat = await lstat(join(root, name)).catch(() => null);
    if (stat === null) {
      // Gone since; or its bytes are no UTF-8 and nothing can open the name they became.
      if (name.includes("\ufffd")) into.push(unread(name, "has a name that is not UTF-8"));
      continue;
    }
    if (stat.isSymbolicLink()) {
      const target = await follow(join(root, name)).catch(() => null);
      if (target?.isDirectory() === true) {
        into.push(unread(`${name}/`, "is a symbolic link to a folder"));
        continue;
      }
    }
    into.push({
      name,
      bytes: stat.size,
      version: versionOf(stat),
      modified: stat.mtime.toISOString(),
      problem: !stat.isFile()
        ? stat.isSymbolicLink()
          ? "is a symbolic link"
          : "is not a regular file"
        : stat.nlink > 1
          ? "has a second name (a hard link)"
          : null,
    });
  }
}

/** An entry that is told of and never opened; a folder's name ends in `/`. */
function unread(name: string, problem: string): StoreEntry {
  return { name, bytes: 0, version: "", modified: "", problem };
}

function versionOf(stat: { size: number; mtimeMs: number; ino: number }): string {
  return `${stat.size}-${stat.mtimeMs}-${stat.ino}`;
}

async function openRegular(root: string, entry: StoreEntry): Promise<FileHandle> {
  try {
    const file = await open(
      join(root, entry.name),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    const stat = await file.stat();
    if (!stat.isFile() || stat.nlink > 1) {
      await file.close();
      throw new AppError(
        "SOURCE_UNREADABLE",
        `${printable(entry.name)}: ${stat.isFile() ? "has a second name (a hard link)" : "is not a regular file"}`,
      );
    }
    return file;
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT")
      throw new AppError("UNIT_CHANGED", `${printable(entry.name)}: the file is gone`, {
        cause: error,
      });
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${printable(entry.name)}: cannot be read (${code}); check its permissions`,
      { cause: error },
    );
  }
}
