import { createWriteStream } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import { AppError, asAppError } from "../../data/errors.ts";
import { sha256File, syncFile, writeWhole } from "../../data/files.ts";
import type { LandedFile, Progress, UnitProblem } from "../source.ts";
import { type ClusterClient } from "./client.ts";
import { CallFailure, clusterError, kindError } from "./failure.ts";
import { type InventoryKind, KINDS } from "./kinds.ts";
import { listPages, type ListOptions, servesGroup } from "./list.ts";

const FORMAT = "apportion/inventory/1";
export const SCAN_FILE = "scan.json";

const ScanList = Type.Object({
  format: Type.Literal(FORMAT),
  cluster: Type.String(),
  /** When the scan began; what it saw is true from here on. */
  at: Type.String(),
  kinds: Type.Array(
    Type.Object({ kind: Type.String(), file: Type.String(), objects: Type.Integer() }),
  ),
});
/** What a scan is: the kinds it read to the end, a file each. A kind that is not here says nothing. */
export type ScanList = Static<typeof ScanList>;

export interface Scan {
  files: LandedFile[];
  problems: UnitProblem[];
  objects: number;
}

export interface ScanOptions extends ListOptions {
  place: string;
  /** What problems are named after. */
  unit: string;
  cluster: string;
  at: string;
  progress: Progress;
}

const MOST_SKEW_MS = 60_000;

// Of one kind, when its continue token dies each time.
const RESTARTS = 3;

/**
 * Reads every kind into `folder`, one NDJSON file a kind. A kind that cannot be read is a problem and
 * the others go on; when the cluster itself is gone, what was read to the end stays.
 * @throws AppError where nothing could be read
 */
export async function scanCluster(
  client: ClusterClient,
  folder: string,
  options: ScanOptions,
): Promise<Scan> {
  const { place, unit, progress } = options;
  const problems: UnitProblem[] = [];
  const files: LandedFile[] = [];
  const kinds: ScanList["kinds"] = [];
  let read = 0;
  for (const [index, kind] of KINDS.entries()) {
    progress(`${place}: ${kind.resource}`, index, KINDS.length);
    const file = `${kind.resource}.ndjson.gz`;
    try {
      const isThere = kind.custom !== true || (await servesGroup(client, kind.group, options));
      const objects = isThere
        ? await landKind(client, kind, join(folder, file), options)
        : await landNone(join(folder, file));
      if (isThere) read += 1;
      kinds.push({ kind: kind.kind, file, objects });
      files.push(await landed(folder, file));
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      if (!error.isTotal) {
        problems.push({
          unit: `${unit}/${kind.resource}`,
          error: kindError(place, kind, error),
        });
        continue;
      }
      const failed = clusterError(place, client.server, error);
      if (read === 0) throw failed;
      const left = KINDS.slice(index).map(({ resource }) => resource);
      problems.push({
        unit: `${unit}/${kind.resource}`,
        error: new AppError(
          "SOURCE_UNREADABLE",
          `${failed.message}; not read, their history stays as it was: ${left.join(", ")}`,
          { cause: error },
        ),
      });
      break;
    }
  }
  const [first] = problems;
  if (read === 0 && first !== undefined)
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${asAppError(first.error).message} (and so for all ${problems.length} kinds)`,
    );
  const skew = client.skew();
  if (Math.abs(skew) > MOST_SKEW_MS)
    problems.push({
      unit: `${unit}/clock`,
      error: new AppError(
        "SOURCE_UNREADABLE",
        `${place}: ${client.server}: its clock is ${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? "ahead of" : "behind"} ours; set both by NTP, or what is created and deleted is dated wrongly`,
      ),
    });
  await writeWhole(join(folder, SCAN_FILE), scanListOf(options.cluster, options.at, kinds));
  files.unshift(await landed(folder, SCAN_FILE));
  return { files, problems, objects: kinds.reduce((sum, { objects }) => sum + objects, 0) };
}

/** The list of a scan, as it is landed. */
export function scanListOf(cluster: string, at: string, kinds: ScanList["kinds"]): string {
  const list: ScanList = { format: FORMAT, cluster, at, kinds };
  return `${JSON.stringify(list, null, 2)}\n`;
}

export async function landed(folder: string, name: string): Promise<LandedFile> {
  const path = join(folder, name);
  return { name, path, sha256: await sha256File(path), bytes: (await stat(path)).size };
}

/** Lands all objects of a kind and counts them; leaves no file where that failed. */
async function landKind(
  client: ClusterClient,
  kind: InventoryKind,
  path: string,
  options: ScanOptions,
): Promise<number> {
  for (let start = 1; ; start++)
    try {
      let objects = 0;
      const lines = async function* () {
        for await (const page of listPages(client, kind, options)) {
          objects += page.length;
          yield page.map((object) => `${JSON.stringify(kind.read(object))}\n`).join("");
        }
      };
      await pipeline(
        Readable.from(lines()),
        createGzip({ level: 6 }),
        createWriteStream(path, { mode: 0o600 }),
      );
      await syncFile(path);
      return objects;
    } catch (error) {
      await rm(path, { force: true });
      options.signal.throwIfAborted();
      if (!(error instanceof CallFailure)) throw error;
      // Not every cluster has Argo Rollouts; this one has none of them.
      if (error.kind === "absent" && kind.custom === true) return await landNone(path);
      if (error.kind !== "expired") throw error;
      if (start > RESTARTS)
        throw new CallFailure(
          "malformed",
          `the list expired ${start} times before its end (${error.message}); set a larger pageSize`,
          { cause: error },
        );
    }
}

async function landNone(path: string): Promise<number> {
  await pipeline(Readable.from([]), createGzip(), createWriteStream(path, { mode: 0o600 }));
  await syncFile(path);
  return 0;
}

/** Reads the list of a landed scan back. */
export async function readScanList(
  files: readonly LandedFile[],
  cluster: string,
): Promise<ScanList> {
  const file = files.find(({ name }) => name === SCAN_FILE);
  const invalid = (what: string) =>
    new AppError("FILE_INVALID", `${file?.path ?? SCAN_FILE}: ${what}; run the ingest again`);
  if (file === undefined) throw invalid("is not among the landed files");
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file.path, "utf8"));
  } catch {
    throw invalid("is not JSON");
  }
  if (!Value.Check(ScanList, value)) throw invalid(`is not of format ${FORMAT}`);
  if (value.cluster !== cluster) throw invalid(`is about ${value.cluster}, not ${cluster}`);
  return value;
}
