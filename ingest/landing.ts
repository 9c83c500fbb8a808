import { mkdir, readFile, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { homePaths, sha256, writeWhole } from "../data/files.ts";
import type { LandedFile } from "./source.ts";

/**
 * The raw bytes of one run, as received: a folder a run, its list written last. A folder with a list
 * is complete and is never fetched again; one without is a leftover and is made anew.
 */

const LIST = "landed.json";

interface LandedList {
  unit: string;
  fingerprint: string;
  files: (Omit<LandedFile, "path"> & { local: string })[];
}

/** Where a run of a unit is landed. */
export function landingFolder(
  home: string,
  source: string,
  unit: string,
  fingerprint: string,
): string {
  return join(
    homePaths(home).landing,
    source,
    sha256(unit).slice(0, 16),
    sha256(fingerprint).slice(0, 16),
  );
}

/** The files of a complete earlier landing, or null. */
export async function readLanded(folder: string): Promise<LandedFile[] | null> {
  let list: LandedList;
  try {
    list = JSON.parse(await readFile(join(folder, LIST), "utf8")) as LandedList;
  } catch {
    return null;
  }
  const files: LandedFile[] = [];
  for (const { local, ...file } of list.files) {
    const path = join(folder, local);
    const size = await stat(path).then(
      (found) => found.size,
      () => -1,
    );
    if (size !== file.bytes) return null;
    files.push({ ...file, path });
  }
  return files;
}

/** Makes an empty folder for a run, removing what a killed run left there. */
export async function startLanding(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
}

/** Writes the list: from here on the landing is complete. */
export async function finishLanding(
  folder: string,
  unit: string,
  fingerprint: string,
  files: readonly LandedFile[],
): Promise<void> {
  const list: LandedList = {
    unit,
    fingerprint,
    files: files.map(({ path, ...file }) => ({ ...file, local: path.slice(folder.length + 1) })),
  };
  await writeWhole(join(folder, LIST), `${JSON.stringify(list, null, 2)}\n`);
}

/** Removes superseded landings older than `days`; `current` are the folders still loaded. */
export async function pruneLandings(
  home: string,
  current: ReadonlySet<string>,
  olderThan: Date,
): Promise<number> {
  const { landing } = homePaths(home);
  let removed = 0;
  for (const source of await folders(landing))
    for (const unit of await folders(join(landing, source)))
      for (const run of await folders(join(landing, source, unit))) {
        const folder = join(landing, source, unit, run);
        if (current.has(folder) || (await stat(folder)).mtime >= olderThan) continue;
        await rm(folder, { recursive: true, force: true });
        removed += 1;
      }
  return removed;
}

async function folders(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}
