import { createReadStream, createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { type Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, pack } from "tar-stream";
import { AppError } from "./errors.ts";
import { renameDurably, syncFile } from "./files.ts";

/**
 * Tar archives that are the same bytes for the same content: names in order, one time, nobody's user
 * and group, no compression.
 */

/** One file of an archive: its bytes, or where they lie. */
export interface ArchiveEntry {
  name: string;
  content: Uint8Array | { path: string };
}

/** @param at the time every file in it bears, ISO */
async function writeEntries(
  entries: readonly ArchiveEntry[],
  at: string,
  sink: Writable,
): Promise<void> {
  const tar = pack();
  const done = pipeline(tar, sink);
  done.catch(() => {});
  for (const { name, content } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const size = content instanceof Uint8Array ? content.length : (await stat(content.path)).size;
    const headers = {
      name,
      size,
      mode: 0o600,
      uid: 0,
      gid: 0,
      uname: "",
      gname: "",
      type: "file" as const,
      mtime: new Date(at),
    };
    const put =
      content instanceof Uint8Array
        ? new Promise<void>((resolve, reject) => {
            tar.entry(headers, Buffer.from(content), (error) =>
              error == null ? resolve() : reject(error),
            );
          })
        : pipeline(createReadStream(content.path), tar.entry(headers));
    // A sink that fails takes nothing more, and the entry would wait for it.
    await Promise.race([put, done]);
  }
  tar.finalize();
  await done;
}

/** Writes an archive so that a reader sees it whole or not at all, 0600. */
export async function writeArchive(
  path: string,
  entries: readonly ArchiveEntry[],
  at: string,
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeEntries(entries, at, createWriteStream(temporary, { mode: 0o600, flags: "w" }));
    await syncFile(temporary);
    await renameDurably(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The bytes of a small archive. */
export async function archiveBytes(entries: readonly ArchiveEntry[], at: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await writeEntries(
    entries,
    at,
    new Writable({
      write(chunk: Buffer, _encoding, next) {
        chunks.push(chunk);
        next();
      },
    }),
  );
  return Buffer.concat(chunks);
}

/** What a person may hand us as an archive is not trusted: plain names below a folder, plain files. */
const SAFE_NAME = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[\w.@-]+(?:\/[\w.@-]+)*$/;

/**
 * Reads an archive file by file; `take` consumes each content before the next comes.
 * ARCHIVE_DAMAGED names what follows the last file that could be read.
 */
export async function readArchive(
  path: string,
  take: (name: string, content: Readable) => Promise<void>,
): Promise<void> {
  const reader = extract();
  let last = "its beginning";
  const source = pipeline(createReadStream(path), reader);
  source.catch(() => {});
  try {
    for await (const entry of reader) {
      const { name, type } = entry.header;
      if (type !== "file" || !SAFE_NAME.test(name))
        throw new AppError(
          "ARCHIVE_DAMAGED",
          `${path}: "${name}" is no plain file below the archive's folder`,
        );
      await take(name, entry as unknown as Readable);
      last = name;
    }
    await source;
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError(
      "ARCHIVE_DAMAGED",
      `${path}: what comes after ${last} cannot be read (${(error as Error).message})`,
      { cause: error },
    );
  }
}
