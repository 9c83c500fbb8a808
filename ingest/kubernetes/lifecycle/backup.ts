import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { AppError } from "../../../data/errors.ts";
import { sha256, writeWhole } from "../../../data/files.ts";
import type { ClusterClient } from "../client.ts";
import { CallFailure } from "../failure.ts";
import type { Look } from "./look.ts";
import {
  addressOf,
  call,
  isMadeAgain,
  type Kind,
  OURS,
  type PlainObject,
  withoutRuntime,
} from "./objects.ts";
import { seal, unseal } from "./seal.ts";

const FORMAT = "apportion/namespace-backup/1";
const MANIFEST = "manifest.json";

interface Manifest {
  format: typeof FORMAT;
  cluster: string;
  at: string;
  contentHash: string;
  files: { kind: Kind; file: string; objects: number; sha256: string }[];
}

export interface Backup {
  /** Relative to the folder of backups. */
  path: string;
  /** Of the manifest, which holds those of all files. */
  sha256: string;
  contentHash: string;
  objects: number;
  /** Where this is not empty the backup is incomplete, and nothing may be deleted for it. */
  problems: string[];
}

export interface BackupPlace {
  /** The folder of all backups. */
  folder: string;
  cluster: string;
  key: Buffer;
}

/**
 * Writes all that was seen of a namespace: every kind a file, secrets sealed, each with its checksum;
 * then reads it back, compares, and lets the server try each object as a restore would write it.
 */
export async function writeBackup(
  client: ClusterClient,
  look: Look,
  place: BackupPlace,
  signal: AbortSignal,
): Promise<Backup> {
  const { name, uid = "" } = look.namespace.metadata;
  const path = join(
    encodeURIComponent(place.cluster),
    name,
    `${look.at.replaceAll(/[:.]/g, "-")}-${uid.slice(0, 8)}`,
  );
  const folder = join(place.folder, path);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files: Manifest["files"] = [];
  const groups = [
    {
      kind: { group: "", version: "v1", kind: "Namespace", plural: "namespaces" },
      objects: [look.namespace],
    },
    ...look.kinds.filter(({ objects }) => objects.length > 0),
  ];
  for (const { kind, objects } of groups) {
    const file = `${kind.plural}${kind.group === "" ? "" : `.${kind.group}`}.ndjson.gz`;
    const lines = objects.map((object) => `${JSON.stringify(sealed(object, place.key))}\n`);
    const bytes = gzipSync(lines.join(""));
    await writeWhole(join(folder, file), bytes);
    files.push({ kind, file, objects: objects.length, sha256: sha256(bytes) });
  }
  const manifest: Manifest = {
    format: FORMAT,
    cluster: place.cluster,
    at: look.at,
    contentHash: look.contentHash,
    files,
  };
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  await writeWhole(join(folder, MANIFEST), text);
  const digest = sha256(text);
  const kept = await readBackup(place, path, digest);
  const count = groups.reduce((sum, { objects }) => sum + objects.length, 0);
  return {
    path,
    sha256: digest,
    contentHash: look.contentHash,
    objects: count,
    problems: [
      ...look.problems,
      ...(kept.length === count ? [] : [`${kept.length} of ${count} objects could be read back`]),
      ...(await tried(client, look, kept, signal)),
    ],
  };
}

/** Lets the server check, without doing it, what a restore would write over what is there now. */
async function tried(
  client: ClusterClient,
  look: Look,
  kept: readonly { kind: Kind; object: PlainObject }[],
  signal: AbortSignal,
): Promise<string[]> {
  const problems: string[] = [];
  const { name: namespace } = look.namespace.metadata;
  for (const { kind, object } of kept) {
    if (kind.kind === "Namespace" || isMadeAgain(object)) continue;
    const wanted = withoutRuntime(object);
    const { uid, resourceVersion, name } = object.metadata;
    try {
      await call(
        client,
        {
          method: "PUT",
          path: addressOf(kind, namespace, name),
          query: { dryRun: "All", fieldManager: OURS },
          body: {
            ...wanted,
            // What a server gives out once and never takes back changed.
            ...(kind.kind === "Service" || kind.kind === "Job" ? { spec: object["spec"] } : {}),
            metadata: { ...wanted.metadata, uid, resourceVersion },
          },
        },
        signal,
      );
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      if (error.isTotal) throw error;
      problems.push(`${kind.kind} ${name} would not be restored: ${error.message}`);
    }
  }
  return problems;
}

/**
 * Reads a backup and checks each of its bytes.
 * @param digest sha256 of its manifest, as recorded when it was made
 * @throws FILE_INVALID
 */
export async function readBackup(
  place: BackupPlace,
  path: string,
  digest: string,
): Promise<{ kind: Kind; object: PlainObject }[]> {
  const folder = join(place.folder, path);
  const text = await read(join(folder, MANIFEST));
  const broken = (file: string) =>
    new AppError(
      "FILE_INVALID",
      `${join(folder, file)}: is not what was written; take another copy of it`,
    );
  if (sha256(text) !== digest) throw broken(MANIFEST);
  const manifest = JSON.parse(text.toString("utf8")) as Manifest;
  const found: { kind: Kind; object: PlainObject }[] = [];
  for (const { kind, file, objects, sha256: wanted } of manifest.files) {
    const bytes = await read(join(folder, file));
    if (sha256(bytes) !== wanted) throw broken(file);
    const lines = gunzipSync(bytes).toString("utf8").split("\n").slice(0, -1);
    if (lines.length !== objects) throw broken(file);
    for (const line of lines)
      found.push({ kind, object: opened(JSON.parse(line) as PlainObject, place.key) });
  }
  return found;
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new AppError(
      "FILE_INVALID",
      `${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? "?"})`,
      { cause: error },
    );
  }
}

const SEALED = ["data", "stringData"] as const;
const about = ({ metadata }: PlainObject) => `Secret ${metadata.namespace}/${metadata.name}`;

function sealed(object: PlainObject, key: Buffer): PlainObject {
  if (object.kind !== "Secret") return object;
  const copy = structuredClone(object);
  // kubectl keeps a copy of the whole object there.
  const last = "kubectl.kubernetes.io/last-applied-configuration";
  const annotation = copy.metadata.annotations?.[last];
  if (annotation !== undefined && copy.metadata.annotations !== undefined)
    copy.metadata.annotations[last] = seal(key, annotation, about(object));
  for (const part of SEALED)
    if (copy[part] !== undefined) copy[part] = seal(key, JSON.stringify(copy[part]), about(object));
  return copy;
}

function opened(object: PlainObject, key: Buffer): PlainObject {
  if (object.kind !== "Secret") return object;
  const last = "kubectl.kubernetes.io/last-applied-configuration";
  const annotation = object.metadata.annotations?.[last];
  if (annotation !== undefined && object.metadata.annotations !== undefined)
    object.metadata.annotations[last] = unseal(key, annotation, about(object));
  for (const part of SEALED) {
    const text = object[part];
    if (typeof text === "string") object[part] = JSON.parse(unseal(key, text, about(object)));
  }
  return object;
}
