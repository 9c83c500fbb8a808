import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { KubernetesObject } from "@kubernetes/client-node";
import { AppError } from "../../data/errors.ts";
import { writeWhole } from "../../data/files.ts";
import type { LandedFile } from "../source.ts";
import { KINDS } from "./kinds.ts";
import { landed, SCAN_FILE, scanListOf } from "./scan.ts";

/**
 * Scans that were recorded, in place of a cluster: a file a scan, `2026-08-02T06-00-00Z.jsonl.gz`, with
 * an object a line as the API gives it. The first line says whose and which kinds were read to the end:
 * `{"recorded":1,"cluster":"prod","kinds":["Namespace","Deployment"]}`; without kinds, all.
 */

const NAME = /^(\d{4}-\d{2}-\d{2}T\d{2})-(\d{2})-(\d{2})Z\.jsonl\.gz$/;

export interface RecordedScan {
  path: string;
  at: Date;
}

/** The scans of a folder up to an instant, oldest first. @throws SOURCE_UNREADABLE */
export async function recordedScans(
  folder: string,
  source: string,
  until: Date,
): Promise<RecordedScan[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${source}: ${folder} cannot be read (${(error as NodeJS.ErrnoException).code ?? "?"}); check "recorded"`,
      { cause: error },
    );
  });
  return names
    .flatMap((name) => {
      const [, hour, minute, second] = NAME.exec(name) ?? [];
      const at = new Date(`${hour}:${minute}:${second}Z`);
      return hour === undefined || at > until ? [] : [{ path: join(folder, name), at }];
    })
    .toSorted((a, b) => a.at.getTime() - b.at.getTime());
}

/** Lands a recorded scan in the form a scan of a cluster lands in. @throws FILE_INVALID */
export async function landRecorded(
  scan: RecordedScan,
  folder: string,
  cluster: string,
): Promise<LandedFile[]> {
  const invalid = (line: number, what: string) =>
    new AppError("FILE_INVALID", `${scan.path}:${line}: ${what}; record the scan again`);
  const lines = await readFile(scan.path).then(
    (bytes) => gunzipSync(bytes).toString("utf8").split("\n").filter(Boolean),
    (error: unknown) => {
      throw invalid(1, `cannot be read (${(error as Error).message})`);
    },
  );
  const parsed = lines.map((line, index) => {
    try {
      return JSON.parse(line) as Record<string, unknown>;
    } catch {
      throw invalid(index + 1, "is not JSON");
    }
  });
  const [header, ...objects] = parsed;
  if (header?.["recorded"] !== 1 || header["cluster"] !== cluster)
    throw invalid(1, `is not {"recorded":1,"cluster":"${cluster}"}`);
  const read = header["kinds"] as string[] | undefined;
  const byKind = Map.groupBy(objects, ({ kind }) => String(kind));
  const files: LandedFile[] = [];
  const kinds: { kind: string; file: string; objects: number }[] = [];
  for (const kind of KINDS) {
    if (read?.includes(kind.kind) === false) continue;
    const mine = byKind.get(kind.kind) ?? [];
    const file = `${kind.resource}.ndjson.gz`;
    const text = mine.map((one) => `${JSON.stringify(kind.read(one as KubernetesObject))}\n`);
    await writeWhole(join(folder, file), gzipSync(text.join("")));
    kinds.push({ kind: kind.kind, file, objects: mine.length });
    files.push(await landed(folder, file));
  }
  await writeWhole(join(folder, SCAN_FILE), scanListOf(cluster, scan.at.toISOString(), kinds));
  return [await landed(folder, SCAN_FILE), ...files];
}
