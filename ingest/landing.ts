import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { homePaths, sha256, sha256File, writeWhole } from "../data/files.ts";
import type { LandedFile, Unit } from "./source.ts";

/**
 * The raw bytes of one run, as received: a folder a run, its list written last. A folder with a list
 * is complete and is never fetched again; one without is a leftover and is made anew.
 */

const LIST = "landed.json";

interface LandedList {
  unit: string;
  fingerprint: string;
  /** All a source needs to load the unit again, when it is gone where it came from; absent in old landings. */
  facts?: Unit;
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

async function readList(folder: string): Promise<LandedList | null> {
  try {
    return JSON.parse(await readFile(join(folder, LIST), "utf8")) as LandedList;
  } catch {
    return null;
  }
}

/** The files of a complete earlier landing, or null; bytes that are not those received are not taken. */
export async function readLanded(folder: string): Promise<LandedFile[] | null> {
  const list = await readList(folder);
  if (list === null) return null;
  const files: LandedFile[] = [];
  for (const { local, ...file } of list.files) {
    const path = join(folder, local);
    if ((await sha256File(path).catch(() => "missing")) !== file.sha256) return null;
    files.push({ ...file, path });
  }
  return files;
}

export interface LandedUnit {
  unit: Unit;
  folder: string;
}

/** Every landed run of a source that can be loaded without it, newest first. */
export async function landedUnits(home: string, source: string): Promise<LandedUnit[]> {
  const found: LandedUnit[] = [];
  const root = join(homePaths(home).landing, source);
  for (const unit of await folders(root))
    for (const run of await folders(join(root, unit))) {
      const folder = join(root, unit, run);
      const facts = (await readList(folder))?.facts;
      if (facts !== undefined) found.push({ unit: facts, folder });
    }
  return found.toSorted((a, b) =>
    (a.unit.submittedAt ?? "") > (b.unit.submittedAt ?? "") ? -1 : 1,
  );
}

/** Removes a landed run that could not be loaded. */
export async function dropLanding(home: string, source: string, unit: Unit): Promise<void> {
  const folder = landingFolder(home, source, unit.unit, unit.fingerprint);
  await rm(folder, { recursive: true, force: true });
}

/** Removes what a landing that failed left; a complete one stays. */
export async function dropHalfLanding(folder: string): Promise<void> {
  if ((await readList(folder)) === null) await rm(folder, { recursive: true, force: true });
}

/** Makes an empty folder for a run, removing what a killed run left there. */
export async function startLanding(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
}

/** Writes the list: from here on the landing is complete. */
export async function finishLanding(
  folder: string,
  unit: Unit,
  files: readonly LandedFile[],
): Promise<void> {
  const list: LandedList = {
    unit: unit.unit,
    fingerprint: unit.fingerprint,
    facts: unit,
    files: files.map(({ path, ...file }) => ({ ...file, local: path.slice(folder.length + 1) })),
  };
  await writeWhole(join(folder, LIST), `${JSON.stringify(list, null, 2)}\n`);
}

/** Takes one file out of a complete landing, whose list no longer names it afterwards; true where it was there. */
export async function dropLandedFile(folder: string, name: string): Promise<boolean> {
  const list = await readList(folder);
  const file = list?.files.find((one) => one.name === name);
  if (list === null || file === undefined) return false;
  const files = list.files.filter((one) => one !== file);
  await writeWhole(join(folder, LIST), `${JSON.stringify({ ...list, files }, null, 2)}\n`);
  await rm(join(folder, file.local), { force: true });
  return true;
}

/**
 * Removes superseded landings; `current` are the folders that are loaded. A unit without one of those
 * keeps all it has: its bytes may be the only copy there is.
 */
export async function pruneLandings(
  home: string,
  current: ReadonlySet<string>,
  olderThan: Date,
): Promise<number> {
  const { landing } = homePaths(home);
  let removed = 0;
  for (const source of await folders(landing))
    for (const unit of await folders(join(landing, source))) {
      const runs = await folders(join(landing, source, unit));
      // What a killed run left has no list, and nobody lands while we hold the lock.
      for (const run of runs)
        if (!existsSync(join(landing, source, unit, run, LIST)))
          await rm(join(landing, source, unit, run), { recursive: true, force: true });
      if (!runs.some((run) => current.has(join(landing, source, unit, run)))) continue;
      for (const run of runs) {
        const folder = join(landing, source, unit, run);
        if (!existsSync(folder) || current.has(folder) || (await stat(folder)).mtime >= olderThan)
          continue;
        await rm(folder, { recursive: true, force: true });
        removed += 1;
      }
    }
  return removed;
}

async function folders(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}
