import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../data/errors.ts";
import { homePaths, renameDurably, sha256, sha256File, syncFile } from "../../data/files.ts";
import { storedLines, writtenLines } from "../../data/lines.ts";
import { fillSql, loadSql } from "../../data/sql.ts";
import type { Session } from "../../data/warehouse.ts";
import type { Control, LandedFile, LinePart, LoadContext, RejectedLine } from "../source.ts";
import { readCostFile } from "./read.ts";
import type { Dataset } from "./shapes.ts";

export interface CostUnit {
  source: string;
  unit: string;
  dataset: Dataset | null;
  /** The export's billing month; null where each row tells. */
  month: string | null;
  nullText: string | null;
  /** Rows promised for each landed file, in order; null where nothing promises. */
  promised: readonly (number | null)[];
}

export interface CostRows {
  dataset: Dataset;
  rows: number;
  parts: LinePart[];
  rejected: RejectedLine[];
  controls: Control[];
  subAccounts: { month: string; subAccount: string }[];
}

/**
 * Types the landed files of a unit into Parquet under `lines/` and sums what is stored. Rows stored
 * plus rows rejected must be the rows promised, file by file; a file without a promise must hold one.
 */
export async function loadCostFiles(
  cost: CostUnit,
  landed: readonly LandedFile[],
  context: LoadContext,
): Promise<CostRows> {
  const paths = homePaths(context.home);
  const tmp = join(paths.tmp, randomUUID());
  const lines = join(paths.lines, sha256(`${cost.source}\u0000${cost.unit}`).slice(0, 16));
  await mkdir(tmp, { recursive: true, mode: 0o700 });
  await mkdir(lines, { recursive: true, mode: 0o700 });
  const parts: LinePart[] = [];
  const rejected: RejectedLine[] = [];
  let dataset = cost.dataset;
  try {
    for (const [index, file] of landed.entries()) {
      context.signal.throwIfAborted();
      context.progress(`${cost.unit}: ${file.name}`, index, landed.length);
      const out = join(tmp, "typed.parquet");
      const read = await readCostFile(
        context.session,
        { ...file, nul: file.nul ?? false, dataset, month: cost.month, nullText: cost.nullText },
        out,
        tmp,
        context.signal,
      );
      const promised = cost.promised[index] ?? null;
      const seen = read.rows + read.rejected.length;
      if (promised !== null && promised !== seen)
        throw new AppError(
          "CONTROL_MISMATCH",
          `${file.name}: the manifest promises ${promised} rows and the file holds ${seen}; the last good load stays, export the month again`,
        );
      if (promised === null && seen === 0)
        throw new AppError(
          "CONTROL_MISMATCH",
          `${file.name}: a header and no rows, and no manifest says that is right; export the file again or remove it`,
        );
      dataset = read.dataset;
      rejected.push(...read.rejected);
      await syncFile(out);
      const parquetSha256 = await sha256File(out);
      const parquet = join(lines, `${parquetSha256.slice(0, 32)}-${index}.parquet`);
      await renameDurably(out, parquet);
      parts.push({
        name: file.name,
        sha256: file.sha256,
        parquet,
        parquetSha256,
        rows: read.rows,
      });
    }
    const files = parts.map((part) => part.parquet);
    return {
      dataset: dataset ?? "FocusCost",
      rows: parts.reduce((sum, part) => sum + part.rows, 0),
      parts,
      rejected,
      ...(await sums(context.session, files)),
    };
  } finally {
    await rm(tmp, { recursive: true, force: true });
  }
}

async function sums(
  session: Session,
  files: readonly string[],
): Promise<Pick<CostRows, "controls" | "subAccounts">> {
  if (files.length === 0) return { controls: [], subAccounts: [] };
  const controls = await session.rows<Record<string, string | null>>(
    fillSql(loadSql(new URL("./controls.sql", import.meta.url)), {
      lines: [{ written: writtenLines(files) }, "written"],
    }),
  );
  const subAccounts = await session.rows<{ month: string; subAccount: string }>(
    fillSql(loadSql(new URL("./sub-accounts.sql", import.meta.url)), {
      lines: [{ stored: storedLines(files) }, "stored"],
    }),
  );
  return {
    subAccounts,
    controls: controls.map((row) => ({
      month: row["month"] as string,
      currency: row["currency"] as string,
      rows: Number(row["rows"]),
      billed: row["billed"] ?? null,
      effective: row["effective"] ?? null,
      list: row["list"] ?? null,
      contracted: row["contracted"] ?? null,
      billedNulls: Number(row["billed_nulls"]),
      effectiveNulls: Number(row["effective_nulls"]),
      listNulls: Number(row["list_nulls"]),
      contractedNulls: Number(row["contracted_nulls"]),
      rounded: row["rounded"] as string,
      roundedBilled: row["rounded_billed"] as string,
      roundedEffective: row["rounded_effective"] as string,
      roundedList: row["rounded_list"] as string,
      roundedContracted: row["rounded_contracted"] as string,
    })),
  };
}
