import { join, resolve, sep } from "node:path";
import { glob } from "node:fs/promises";
import { AppError, printable } from "../../data/errors.ts";
import { directoryStore } from "../azure-exports/directory.ts";
import type { StoreEntry } from "../azure-exports/store.ts";
import { loadCostFiles } from "../cost/load.ts";
import { fileKind } from "../cost/read.ts";
import { finishLanding, landingFolder, readLanded, startLanding } from "../landing.ts";
import type { Source, Unit, UnitProblem } from "../source.ts";
import type { FocusConfig } from "./config.ts";

interface FocusUnit extends Unit {
  entry: StoreEntry;
}

/**
 * FOCUS 1.0 to 1.3 files of any provider; each file is a unit, each row's billing period its month.
 * @param folder what `files` is relative to
 */
export function focusSource(config: FocusConfig, folder: string): Source<FocusUnit> {
  const { root, pattern } = splitGlob(config.files, folder);
  const store = directoryStore(root);
  return {
    name: config.name,
    type: config.type,

    async plan(context) {
      const wanted = new Set<string>();
      for await (const path of glob(pattern, { cwd: root })) wanted.add(path.split(sep).join("/"));
      const problems: UnitProblem[] = [];
      const units: FocusUnit[] = [];
      for (const entry of await store.list(context.signal)) {
        if (!wanted.has(entry.name) || fileKind(entry.name) === null) continue;
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
          `${join(root, pattern)}: no .csv, .csv.gz or .parquet file there; check the path`,
        );
      return { units, problems };
    },

    async land(unit, context) {
      const run = landingFolder(context.home, config.name, unit.unit, unit.fingerprint);
      const before = await readLanded(run);
      if (before !== null) return before;
      await startLanding(run);
      const kind = fileKind(unit.unit);
      const path = join(run, `00000.${kind === "gzip" ? "csv.gz" : kind}`);
      const fetched = await store.fetch(unit.entry, path, context.signal);
      const files = [
        {
          name: printable(unit.unit),
          path,
          sha256: fetched.sha256,
          bytes: fetched.bytes,
          ...(kind === "csv" ? { nul: fetched.nul } : {}),
        },
      ];
      await finishLanding(run, unit, files);
      return files;
    },

    async load(unit, landed, context) {
      const cost = await loadCostFiles(
        {
          source: config.name,
          unit: unit.unit,
          dataset: "FocusCost",
          month: null,
          // The FOCUS project's own samples write NULL where a cell is empty.
          nullText: "NULL",
          promised: [null],
        },
        landed,
        context,
      );
      return { ...cost, scope: null, exportName: unit.unit, promised: null, stated: [] };
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
