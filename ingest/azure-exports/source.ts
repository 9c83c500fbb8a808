import { extname, join } from "node:path";
import { AppError, printable } from "../../data/errors.ts";
import { loadCostFiles } from "../cost/load.ts";
import { fileKind } from "../cost/read.ts";
import { finishLanding, landingFolder, readLanded, startLanding } from "../landing.ts";
import type { LandedFile, Source } from "../source.ts";
import type { AzureExportsConfig } from "./config.ts";
import { type ExportUnit, planExports } from "./layout.ts";
import type { Store } from "./store.ts";

/** Azure cost exports at a location: each (export, month) is a unit, the newest run of it counts. */
export function azureExportsSource(
  config: AzureExportsConfig,
  openStore: () => Promise<Store>,
): Source<ExportUnit> {
  let opened: Promise<Store> | undefined;
  const store = () => (opened ??= openStore());
  return {
    name: config.name,
    type: config.type,

    async plan(context) {
      return planExports(await store(), config.dataset ?? null, context.signal);
    },

    async land(unit, context) {
      const folder = landingFolder(context.home, config.name, unit.unit, unit.fingerprint);
      const before = await readLanded(folder);
      if (before !== null) return before;
      await startLanding(folder);
      const files: LandedFile[] = [];
      for (const [index, part] of unit.parts.entries()) {
        context.progress(`${unit.unit}: fetching`, index, unit.parts.length);
        // Our own names: what a provider calls a file never becomes a path or SQL here.
        const path = join(folder, `${String(index).padStart(5, "0")}${ending(part.entry.name)}`);
        const fetched = await (await store()).fetch(part.entry, path, context.signal);
        if (part.bytes !== null && fetched.bytes !== part.bytes)
          throw new AppError(
            "CONTROL_MISMATCH",
            `${printable(part.entry.name)}: the manifest promises ${part.bytes} bytes and ${fetched.bytes} came`,
          );
        const plain = fileKind(part.entry.name) === "csv";
        files.push({
          name: printable(part.entry.name),
          path,
          sha256: fetched.sha256,
          bytes: fetched.bytes,
          ...(plain ? { nul: fetched.nul } : {}),
        });
      }
      await finishLanding(folder, unit, files);
      return files;
    },

    async load(unit, landed, context) {
      const cost = await loadCostFiles(
        {
          source: config.name,
          unit: unit.unit,
          dataset: unit.dataset,
          month: unit.month,
          nullText: null,
          promised: unit.parts.map((part) => part.rows),
        },
        landed,
        context,
      );
      const seen = cost.rows + cost.rejected.length;
      if (unit.promisedRows !== null && unit.promisedRows !== seen)
        throw new AppError(
          "CONTROL_MISMATCH",
          `${unit.unit}: the manifest promises ${unit.promisedRows} rows and the parts hold ${seen}`,
        );
      return {
        ...cost,
        scope: unit.scope,
        exportName: unit.exportName,
        promised: unit.promisedRows,
        stated: [],
      };
    },
  };
}

function ending(name: string): string {
  const kind = fileKind(name);
  return kind === "gzip" ? ".csv.gz" : kind === null ? extname(name).slice(0, 8) : `.${kind}`;
}
