import { rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError } from "../data/errors.ts";
import { homePaths, sha256 } from "../data/files.ts";
import { type Param, type Session, sqlText } from "../data/warehouse.ts";
import type { LandedFile, Loaded, RejectedLine, Source, Unit } from "./source.ts";

export interface LedgerUnit {
  fingerprint: string;
  content_hash: string;
  submitted_at: string | null;
  rows: string;
  rejected: string;
  run: string | null;
  months: string[];
  loaded_at: string;
  coverage: string | null;
}

/** What the ledger holds of a unit; undefined where it was never loaded. */
export async function ledgerUnit(
  session: Session,
  source: string,
  unit: string,
): Promise<LedgerUnit | undefined> {
  const [row] = await session.rows<LedgerUnit>(
    "SELECT fingerprint, content_hash, submitted_at, rows, rejected, run, months, loaded_at, coverage FROM unit WHERE source = $source AND unit = $unit",
    { source, unit },
  );
  return row;
}

/** The units of a source that are loaded. */
export async function ledgerUnits(
  session: Session,
  source: string,
): Promise<{ unit: string; fingerprint: string; submitted_at: string | null }[]> {
  return session.rows(
    "SELECT unit AS unit, fingerprint AS fingerprint, submitted_at AS submitted_at FROM unit WHERE source = $source ORDER BY unit",
    { source },
  );
}

/** The rejected rows of a loaded unit. */
export async function ledgerRejected(
  session: Session,
  source: string,
  unit: string,
): Promise<RejectedLine[]> {
  const rows = await session.rows<Omit<RejectedLine, "line"> & { line: string | null }>(
    "SELECT file, line, reason, text, month, currency, amount FROM quarantine WHERE source = $source AND unit = $unit",
    { source, unit },
  );
  return rows.map((row) => ({ ...row, line: row.line === null ? null : Number(row.line) }));
}

/** A hash of the bytes of a run, whatever it is called. */
export function contentHash(landed: readonly LandedFile[]): string {
  return sha256(JSON.stringify(landed.map((file) => file.sha256)));
}

/** Notes that a unit was met again with the same bytes under another run. */
export async function touchUnit(session: Session, source: string, unit: Unit): Promise<void> {
  await session.run(
    "UPDATE unit SET fingerprint = $fingerprint, run = $run, submitted_at = $at WHERE source = $source AND unit = $unit",
    { source, unit: unit.unit, fingerprint: unit.fingerprint, run: unit.run, at: unit.submittedAt },
  );
}

/**
 * Refuses, by name, what another unit bills already: the same sub account in the same month. The two
 * halves of a legacy pair belong together; the files of one FOCUS source are parts of one whole, but
 * the same bytes twice are not.
 */
export async function refuseOverlap(
  session: Session,
  source: Source,
  unit: Unit,
  loaded: Loaded,
  hash: string,
): Promise<void> {
  const pairs = loaded.subAccounts;
  if (pairs.length > 0) {
    const [other] = await session.rows<{
      source: string;
      unit: string;
      month: string;
      sub_account: string;
    }>(
      `SELECT u.source, u.unit, s.month, s.sub_account
       FROM unit_sub_account AS s
       JOIN unit AS u ON u.source = s.source AND u.unit = s.unit
       WHERE NOT (s.source = $source AND s.unit = $unit)
         AND NOT (u.dataset <> $dataset AND u.dataset IN ('ActualCost', 'AmortizedCost') AND $dataset IN ('ActualCost', 'AmortizedCost'))
         AND NOT ($type = 'focus' AND u.source = $source)
         AND list_contains($keys, concat(s.month, ' ', s.sub_account))
       ORDER BY ALL
       LIMIT 1`,
      {
        source: source.name,
        unit: unit.unit,
        dataset: loaded.dataset,
        type: source.type,
        keys: pairs.map((pair) => `${pair.month} ${pair.subAccount}`),
      },
    );
    if (other !== undefined)
      throw new AppError(
        "EXPORTS_OVERLAP",
        `${unit.unit} (source ${source.name}) bills ${other.sub_account} in ${other.month}, and so does ${other.unit} (source ${other.source}), which is loaded; keep one of the two exports`,
      );
  }
  // Where nothing is committed the two halves of a pair are the same bytes.
  const [twin] = await session.rows<{ source: string; unit: string }>(
    "SELECT source, unit FROM unit WHERE content_hash = $hash AND rows > 0 AND NOT (source = $source AND unit = $unit) AND NOT (dataset <> $dataset AND dataset IN ('ActualCost', 'AmortizedCost') AND $dataset IN ('ActualCost', 'AmortizedCost')) ORDER BY ALL LIMIT 1",
    { hash, source: source.name, unit: unit.unit, dataset: loaded.dataset },
  );
  if (twin !== undefined)
    throw new AppError(
      "EXPORTS_OVERLAP",
      `${unit.unit} (source ${source.name}) holds the same bytes as ${twin.unit} (source ${twin.source}), which is loaded; remove one of the two`,
    );
}

/** Puts a loaded unit in place of its predecessor: one transaction, read back after the commit. */
export async function commitUnit(
  session: Session,
  home: string,
  source: Source,
  unit: Unit,
  landed: readonly LandedFile[],
  loaded: Loaded,
  at: string,
): Promise<void> {
  const hash = contentHash(landed);
  const key = { source: source.name, unit: unit.unit };
  const relativeTo = (path: string) => path.slice(home.length + 1);
  const months = new Set([
    ...unit.months,
    ...loaded.controls.map((control) => control.month),
    ...loaded.stated.map((total) => total.month),
  ]);
  const known = await ledgerUnit(session, source.name, unit.unit);
  const before = await session.rows<{ parquet: string | null }>(
    "SELECT parquet FROM unit_part WHERE source = $source AND unit = $unit UNION ALL SELECT parquet FROM unit_fact WHERE source = $source AND unit = $unit",
    key,
  );
  const insert = async (table: string, rows: Record<string, Param>[]) => {
    for (const row of rows)
      await session.run(
        `INSERT INTO ${table} (${Object.keys(row).join(", ")}) VALUES (${Object.keys(row)
          .map((name) => `$${name}`)
          .join(", ")})`,
        row,
      );
  };
  await session.transaction(
    async () => {
      for (const table of [
        "unit_part",
        "unit_control",
        "unit_sub_account",
        "quarantine",
        "stated_total",
        "unit_fact",
        "unit",
      ])
        await session.run(`DELETE FROM ${table} WHERE source = $source AND unit = $unit`, key);
      await insert(
        "unit_part",
        landed.map((file, index) => ({
          ...key,
          file: file.name,
          sha256: file.sha256,
          landed: relativeTo(file.path),
          bytes: file.bytes,
          parquet:
            loaded.parts[index] === undefined ? null : relativeTo(loaded.parts[index].parquet),
          parquet_sha256: loaded.parts[index]?.parquetSha256 ?? null,
          rows: loaded.parts[index]?.rows ?? 0,
        })),
      );
      await insert(
        "unit_control",
        loaded.controls.map((control) => ({
          ...key,
          month: control.month,
          currency: control.currency,
          rows: control.rows,
          billed: control.billed,
          effective: control.effective,
          list: control.list,
          contracted: control.contracted,
          billed_nulls: control.billedNulls,
          effective_nulls: control.effectiveNulls,
          list_nulls: control.listNulls,
          contracted_nulls: control.contractedNulls,
          rounded: control.rounded,
          rounded_billed: control.roundedBilled,
          rounded_effective: control.roundedEffective,
          rounded_list: control.roundedList,
          rounded_contracted: control.roundedContracted,
        })),
      );
      await session.run(
        `INSERT INTO unit_sub_account
         SELECT $source, $unit, split_part(pair, ' ', 1), substr(pair, 9)
         FROM (SELECT unnest($pairs) AS pair)`,
        { ...key, pairs: loaded.subAccounts.map((pair) => `${pair.month} ${pair.subAccount}`) },
      );
      await insert(
        "quarantine",
        loaded.rejected.map((row) => ({ ...key, ...row })),
      );
      await insert(
        "stated_total",
        loaded.stated.map((total) => ({
          ...key,
          month: total.month,
          currency: total.currency,
          measure: total.measure,
          amount: total.amount,
          as_of: total.asOf,
        })),
      );
      await insert(
        "unit_fact",
        (loaded.facts ?? []).map((part) => ({
          ...key,
          kind: part.kind,
          cluster: part.cluster,
          day: part.day,
          parquet: relativeTo(part.parquet),
          parquet_sha256: part.parquetSha256,
          rows: part.rows,
        })),
      );
      await loaded.write?.(session);
      const facts = {
        ...key,
        run: unit.run,
        submitted_at: unit.submittedAt,
        content_hash: hash,
        rows: loaded.rows,
        rejected: loaded.rejected.length,
        loaded_at: at,
      };
      if (known?.content_hash !== hash)
        await insert("unit_run", [{ ...facts, totals: JSON.stringify(loaded.controls) }]);
      // Last, so that a unit row means all the rest is there.
      await insert("unit", [
        {
          ...facts,
          type: source.type,
          dataset: loaded.dataset,
          scope: loaded.scope,
          export_name: loaded.exportName,
          fingerprint: unit.fingerprint,
          months: [...months].toSorted(),
          promised: loaded.promised,
          coverage: loaded.coverage ?? null,
          bytes: landed.reduce((sum, file) => sum + file.bytes, 0),
        },
      ]);
    },
    async () => (await ledgerUnit(session, source.name, unit.unit))?.content_hash === hash,
  );
  const kept = new Set([...loaded.parts, ...(loaded.facts ?? [])].map((part) => part.parquet));
  for (const { parquet } of before)
    if (parquet !== null && !kept.has(join(home, parquet)))
      await rm(join(home, parquet), { force: true });
}

/** Removes stored files no unit names: what a killed load left between rename and commit. */
export async function sweepStored(session: Session, home: string): Promise<number> {
  const { lines, facts } = homePaths(home);
  let swept = 0;
  for (const [folder, table] of [
    [lines, "unit_part"],
    [facts, "unit_fact"],
  ] as const) {
    const orphans = await session.rows<{ file: string }>(
      `SELECT file FROM glob(${sqlText(`${folder}/*/*.parquet`)})
       WHERE NOT list_contains((SELECT coalesce(list(parquet), []) FROM ${table} WHERE parquet IS NOT NULL), concat(${sqlText(`${basename(folder)}/`)}, split_part(file, '/', -2), '/', split_part(file, '/', -1)))`,
    );
    for (const { file } of orphans)
      if (dirname(dirname(file)) === folder && basename(file).endsWith(".parquet"))
        await rm(file, { force: true });
    swept += orphans.length;
  }
  return swept;
}
