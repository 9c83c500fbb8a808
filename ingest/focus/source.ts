import { loadCostFiles } from "../cost/load.ts";
import { fileKind } from "../cost/read.ts";
import { fileUnits, type FileUnit } from "../files.ts";
import type { Source } from "../source.ts";
import type { FocusConfig } from "./config.ts";

/**
 * FOCUS 1.0 to 1.3 files of any provider; each file is a unit, each row's billing period its month.
 * @param folder what `files` is relative to
 */
export function focusSource(config: FocusConfig, folder: string): Source<FileUnit> {
  const { plan, land } = fileUnits({
    source: config.name,
    files: config.files,
    folder,
    ending: (name) => {
      const kind = fileKind(name);
      return kind === "gzip" ? "csv.gz" : kind;
    },
    kinds: ".csv, .csv.gz or .parquet",
  });
  return {
    name: config.name,
    type: config.type,
    plan,
    land,

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
