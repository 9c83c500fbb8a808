import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { readArchive } from "../../data/archive.ts";
import { AppError } from "../../data/errors.ts";
import { sha256 } from "../../data/files.ts";
import type { StatementManifest } from "../../data/statements.ts";
import { packBytes, SUMS, TRAIL } from "./pack.ts";

/** A pack is small; more than this is none of ours. */
const MOST_BYTES = 1 << 30;

/**
 * Checks a pack by itself: every byte, its sums, the statement against its manifest, what it was made
 * from, and the trail. Gives what is wrong, by file; empty where it is whole.
 */
export async function verifyPack(
  path: string,
): Promise<{ problems: string[]; manifest: StatementManifest | null }> {
  const files: Record<string, Buffer> = {};
  try {
    await readArchive(path, async (name, content) => {
      if (Object.hasOwn(files, name))
        throw new AppError("ARCHIVE_DAMAGED", `${path}: ${name} is in it twice`);
      files[name] = await wholeOf(content);
    });
  } catch (error) {
    if (error instanceof AppError && error.code === "ARCHIVE_DAMAGED")
      return { problems: [error.message], manifest: null };
    throw error;
  }
  const problems = [...sumProblems(files)];
  const manifest = manifestOf(files, problems);
  if (manifest !== null) {
    problems.push(...statementProblems(files, manifest), ...trailProblems(files, manifest));
    // Headers, padding and order are ours to choose: packed again it must be the same file.
    if (problems.length === 0) {
      const { [SUMS]: _, ...rest } = files;
      const same = await packBytes(rest, manifest.closedAt);
      const found = await readFile(path);
      if (!same.equals(found))
        problems.push(`${path}: ${nameAt(found, same)} is not as it is packed`);
    }
  }
  return {
    problems: problems.map((text) => (text.startsWith(path) ? text : `${path}: ${text}`)),
    manifest,
  };
}

async function wholeOf(content: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    bytes += (chunk as Buffer).length;
    if (bytes > MOST_BYTES)
      throw new AppError("ARCHIVE_DAMAGED", "a file in it is larger than any we pack");
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function* sumProblems(files: Readonly<Record<string, Buffer>>): Generator<string> {
  const sums = new Map(
    (files[SUMS] ?? Buffer.alloc(0))
      .toString("utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => [line.slice(66), line.slice(0, 64)] as const),
  );
  for (const [name, hash] of sums) {
    const content = files[name];
    if (content === undefined) yield `${name} is missing, or ${SUMS} names what is not there`;
    else if (sha256(content) !== hash) yield `${name} is not as ${SUMS} says`;
  }
  for (const name of Object.keys(files))
    if (name !== SUMS && !sums.has(name)) yield `${name} is not in ${SUMS}`;
}

function manifestOf(
  files: Readonly<Record<string, Buffer>>,
  problems: string[],
): StatementManifest | null {
  const name = Object.keys(files).find((file) => /^statement\/\d+\.json$/.test(file));
  try {
    if (name !== undefined) {
      const said = JSON.parse((files[name] as Buffer).toString()) as StatementManifest;
      // One bit of a key makes it another key, and JSON all the same.
      if (isObject(said.files) && isObject(said.causes)) return said;
    }
  } catch {
    // Said below.
  }
  problems.push(`${name ?? "statement/N.json"} is no manifest of a statement`);
  return null;
}

const isObject = (value: unknown) => typeof value === "object" && value !== null;

const FILES = { statement: "csv", diff: "diff.csv", diffLines: "diff-lines.csv" } as const;

function* statementProblems(
  files: Readonly<Record<string, Buffer>>,
  manifest: StatementManifest,
): Generator<string> {
  const { number, causes } = manifest;
  for (const [file, ending] of Object.entries(FILES)) {
    const expected = manifest.files[file as keyof typeof FILES];
    const name = `statement/${number}.${ending}`;
    const content = files[name];
    if (expected !== undefined && (content === undefined || sha256(content) !== expected))
      yield `${name} is not the one that was closed`;
  }
  for (const [cause, hash] of Object.entries(causes)) {
    const content = files[`made-from/${cause}.json`];
    if (content !== undefined && sha256(content) !== hash)
      yield `made-from/${cause}.json is not what the statement was made from`;
  }
}

function* trailProblems(
  files: Readonly<Record<string, Buffer>>,
  { number }: StatementManifest,
): Generator<string> {
  const rows = (files[TRAIL] ?? Buffer.alloc(0)).toString("utf8").split("\n").slice(0, -1);
  let before = "0".repeat(64);
  for (const [index, line] of rows.entries()) {
    const hash = line.slice(0, 64);
    const text = line.slice(65);
    const hidden = text === `- ${before}`;
    if (!hidden && !text.endsWith(`"${before}"]`))
      yield `${TRAIL}: row ${index + 1} does not follow row ${index}`;
    else if (!hidden && sha256(text) !== hash)
      yield `${TRAIL}: row ${index + 1} is not as it was written`;
    before = hash;
  }
  const manifest = files[`statement/${number}.json`] ?? Buffer.alloc(0);
  if (rows.at(-1)?.includes(sha256(manifest)) !== true)
    yield `${TRAIL}: its last row closed another statement/${number}.json`;
}

/** The file in whose header, content or padding two archives first differ. */
function nameAt(found: Buffer, same: Buffer): string {
  let at = 0;
  while (at < found.length && at < same.length && found[at] === same[at]) at += 1;
  let name = "its end";
  for (let header = 0; header + 512 <= same.length && header <= at;) {
    const text = same.subarray(header, header + 100).toString("latin1");
    if (text.startsWith("\0")) return "its end";
    name = text.slice(0, text.indexOf("\0"));
    const size = Number.parseInt(same.subarray(header + 124, header + 135).toString("latin1"), 8);
    header += 512 + Math.ceil(size / 512) * 512;
  }
  return name;
}
