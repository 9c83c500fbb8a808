import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { AppError, asAppError } from "../../data/errors.ts";

// Azure keeps every uncompressed partition under 1 GB; four times that is a bomb, not a bill.
const MAX_PLAIN_BYTES = 4 * 2 ** 30;
// Bills pack 6 to 30 times. Past this ratio, once it matters, the disk would fill before the cap.
const MAX_RATIO = 200;
const RATIO_FROM = 64 << 20;

const NUL = 0;

export interface Copied {
  bytes: number;
  sha256: string;
  md5: string;
  /** A NUL byte was seen, which no CSV holds; the engine would take it silently. */
  nul: boolean;
}

/** Copies a stream to a new file (0600), hashing what passes. */
export async function copyHashed(
  from: NodeJS.ReadableStream,
  to: string,
  options: { signal?: AbortSignal; md5?: boolean } = {},
): Promise<Copied> {
  const hash = createHash("sha256");
  const md5 = options.md5 === true ? createHash("md5") : undefined;
  let bytes = 0;
  let nul = false;
  const watch = new Transform({
    highWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      md5?.update(chunk);
      bytes += chunk.length;
      nul ||= chunk.includes(NUL);
      done(null, chunk);
    },
  });
  const sink = createWriteStream(to, { flags: "wx", mode: 0o600, flush: true });
  await pipeline(
    from,
    watch,
    sink,
    ...((options.signal === undefined ? [] : [{ signal: options.signal }]) as []),
  );
  return { bytes, sha256: hash.digest("hex"), md5: md5?.digest("base64") ?? "", nul };
}

/**
 * As `copyHashed`, for a file that is open: one buffer all the way. Streams make a new buffer for every
 * chunk, and on gigabytes collecting those costs more than reading, hashing and writing together.
 */
export async function copyFileHashed(
  from: FileHandle,
  to: string,
  signal?: AbortSignal,
): Promise<Omit<Copied, "md5">> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(1 << 20);
  const sink = await open(to, "wx", 0o600);
  let bytes = 0;
  let nul = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await from.read(buffer, 0, buffer.length, bytes);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      nul ||= chunk.includes(NUL);
      for (let at = 0; at < bytesRead;)
        at += (await sink.write(buffer, at, bytesRead - at, bytes + at)).bytesWritten;
      bytes += bytesRead;
    }
    await sink.sync();
  } finally {
    await sink.close();
  }
  return { bytes, sha256: hash.digest("hex"), nul };
}

/**
 * Gunzips to a plain file. Node checks the CRC, which the engine does not; what follows the last
 * member and what grows past all bills is refused. Several members are one file (RFC 1952).
 */
export async function gunzipFile(
  from: string,
  to: string,
  file: string,
  signal?: AbortSignal,
): Promise<{ nul: boolean }> {
  const gunzip = createGunzip({ chunkSize: 1 << 20 });
  const { size } = await stat(from);
  const limit = Math.min(MAX_PLAIN_BYTES, Math.max(RATIO_FROM, size * MAX_RATIO));
  let bytes = 0;
  let nul = false;
  const watch = new Transform({
    highWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      nul ||= chunk.includes(NUL);
      if (bytes > limit)
        done(
          new AppError(
            "FILE_INVALID",
            `${file}: ${size} bytes of gzip data unpack to more than ${limit} bytes, which no bill does; export the file again`,
          ),
        );
      else done(null, chunk);
    },
  });
  try {
    await pipeline(
      createReadStream(from, { highWaterMark: 1 << 20 }),
      gunzip,
      watch,
      createWriteStream(to, { flags: "w", mode: 0o600 }),
      ...((signal === undefined ? [] : [{ signal }]) as []),
    );
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code.startsWith("Z_") || code === "ERR_TRAILING_JUNK_AFTER_STREAM_END")
      throw new AppError(
        "FILE_INVALID",
        `${file}: the gzip data is damaged (${(error as Error).message}); export the file again`,
        { cause: error },
      );
    throw asAppError(error, file);
  }
  if (gunzip.bytesWritten < size)
    throw new AppError(
      "FILE_INVALID",
      `${file}: ${size - gunzip.bytesWritten} bytes follow the end of the gzip data; export the file again`,
    );
  return { nul };
}
