import { glob } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { AppError, printable } from "../data/errors.ts";
import { directoryStore } from "./azure-exports/directory.ts";
import type { StoreEntry } from "./azure-exports/store.ts";
import { finishLanding, landingFolder, readLanded, startLanding } from "./landing.ts";
import type { LandedFile, Plan, SourceContext, Unit, UnitProblem } from "./source.ts";

/** A file that is a unit by itself. */
export interface FileUnit extends Unit {
  readonly entry: StoreEntry;
}

/** What a folder of files is to a source that takes each as a unit. */
export interface FileUnits {
  plan(context: SourceContext): Promise<Plan<FileUnit>>;
  land(unit: FileUnit, context: SourceContext): Promise<LandedFile[]>;
}

export interface FileUnitOptions {
  source: string;
  /** A path or a glob. */
  files: string;
  /** What `files` is relative to. */
  folder: string;
  /** The ending our copy of a file gets; null where such a file is not read. */
  ending: (name: string) => string | null;
  /** Of the files that are read, for the error where there are none. */
  kinds: string;
}

/** Files by a glob, each a unit, copied whole when landed. */
export function fileUnits(options: FileUnitOptions): FileUnits {
  const { source, ending } = options;
  const { root, pattern } = splitGlob(options.files, options.folder);
  const store = directoryStore(root);
  return {
    async plan(context) {
      const wanted = new Set<string>();
      for await (const path of glob(pattern, { cwd: root })) wanted.add(path.split(sep).join("/"));
      const problems: UnitProblem[] = [];
      const units: FileUnit[] = [];
      for (const entry of await store.list(context.signal)) {
        if (!wanted.has(entry.name) || ending(entry.name) === null) continue;
        if (entry.problem !== null) {
          problems.push({
            unit: entry.name,
            error: new AppError(
              "SOURCE_UNREADABLE",
              `${printable(entry.name)}: ${entry.problem} and is not read; put the file itself there`,
            ),
          });
          continue;
        }
        units.push({
          unit: entry.name,
          run: null,
          submittedAt: entry.modified,
          months: [],
          fingerprint: entry.version,
          bytes: entry.bytes,
          entry,
        });
      }
      if (units.length === 0 && problems.length === 0)
        throw new AppError(
          "SOURCE_UNREADABLE",
          `${join(root, pattern)}: no ${options.kinds} file there; check the path`,
        );
      return { units, problems };
    },

    async land(unit, context) {
      const run = landingFolder(context.home, source, unit.unit, unit.fingerprint);
      const before = await readLanded(run);
      if (before !== null) return before;
      await startLanding(run);
      const path = join(run, `00000.${ending(unit.unit) ?? ""}`);
      const { sha256, bytes, nul } = await store.fetch(unit.entry, path, context.signal);
      const isPlain = path.endsWith(".csv");
      const files = [
        { name: printable(unit.unit), path, sha256, bytes, ...(isPlain ? { nul } : {}) },
      ];
      await finishLanding(run, unit, files);
      return files;
    },
  };
}

/** The folder before the first wild card, and the pattern from there. */
function splitGlob(files: string, folder: string): { root: string; pattern: string } {
  const segments = files.split("/");
  const wild = segments.findIndex((segment) => /[*?[\]{}!]/.test(segment));
  const at = wild < 0 ? segments.length - 1 : wild;
  const before = segments.slice(0, at).join("/");
  return {
    root: resolve(folder, before === "" && files.startsWith("/") ? "/" : before),
    pattern: segments.slice(at).join("/"),
  };
}
