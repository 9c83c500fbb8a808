import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { homePaths } from "../../data/files.ts";
import { gunzipFile } from "../cost/plain.ts";
import { fileUnits, type FileUnit } from "../files.ts";
import type { Source } from "../source.ts";
import { readDriverFile } from "./csv.ts";
import { DriverRows } from "./facts.ts";
import { loadedDrivers } from "./loaded.ts";

/** Drivers from CSV files, each a unit with whatever days its rows are about. */
export function driverFiles(name: string, files: string, folder: string): Source<FileUnit> {
  const { plan, land } = fileUnits({
    source: name,
    files,
    folder,
    ending: (path) => (/\.csv$/i.test(path) ? "csv" : /\.csv\.gz$/i.test(path) ? "csv.gz" : null),
    kinds: ".csv or .csv.gz",
  });
  return {
    name,
    type: "drivers",
    plan,
    land,

    async load(unit, landed, context) {
      const { home, signal, session } = context;
      const rows = await DriverRows.open(session);
      const rejected = [];
      for (const file of landed) {
        const isPacked = file.path.endsWith(".gz");
        const plain = isPacked ? join(homePaths(home).tmp, `${randomUUID()}.csv`) : file.path;
        try {
          if (isPacked) await gunzipFile(file.path, plain, file.name, signal);
          const read = await readDriverFile(plain, file.name, (row) => rows.add(row), signal);
          rejected.push(...read.rejected);
        } finally {
          if (isPacked) await rm(plain, { force: true });
        }
      }
      const facts = await rows.finish({ home, source: name, unit: unit.unit });
      return loadedDrivers(rows.rows, facts, rejected);
    },
  };
}
