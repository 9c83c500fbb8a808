import { posix } from "node:path";
import { AppError, printable } from "../../data/errors.ts";
import type { Dataset } from "../cost/shapes.ts";
import { fileKind } from "../cost/read.ts";
import type { Unit, UnitProblem } from "../source.ts";
import { datasetOf, type Manifest, readManifest } from "./manifest.ts";
import type { Store, StoreEntry } from "./store.ts";

export interface ExportUnit extends Unit {
  dataset: Dataset | null;
  scope: string | null;
  exportName: string;
  /** The export's month; null where each row's billing period tells. */
  month: string | null;
  promisedRows: number | null;
  parts: { entry: StoreEntry; bytes: number | null; rows: number | null }[];
}

// Real manifests are a few KB; 10,000 parts take 3 MB.
const MAX_MANIFEST = 16 << 20;
const MANIFEST = /(?:^|\/)_?manifest\.json$/i;
const GUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/**
 * What lies at a location, newest run of every (export, month). Scope, dataset and month come from
 * the manifest alone; the path means nothing, since Azure has changed it before.
 */
export async function planExports(
  store: Store,
  fallback: Dataset | null,
  signal: AbortSignal,
): Promise<{ units: ExportUnit[]; problems: UnitProblem[] }> {
  const entries = await store.list(signal);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const problems: UnitProblem[] = [];
  const units: ExportUnit[] = [];
  const claimed = new Set<string>();
  for (const entry of entries) {
    if (!MANIFEST.test(entry.name)) continue;
    const folder = posix.dirname(entry.name);
    claimed.add(folder);
    try {
      refuse(entry);
      const manifest = readManifest(await store.text(entry, MAX_MANIFEST, signal), entry.name);
      if (datasetOf(manifest.type) !== null) units.push(unitOf(manifest, entry, byName));
    } catch (error) {
      problems.push({ unit: entry.name, error });
    }
  }
  for (const unit of classicUnits(entries, claimed, fallback, problems)) units.push(unit);
  return { units: newest(units), problems };
}

function refuse(entry: StoreEntry): void {
  if (entry.problem !== null)
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${printable(entry.name)}: ${entry.problem} and is not read; put the file itself there`,
    );
}

function unitOf(
  manifest: Manifest,
  file: StoreEntry,
  byName: ReadonlyMap<string, StoreEntry>,
): ExportUnit {
  const month = manifest.firstMonth === manifest.lastMonth ? manifest.firstMonth : null;
  const parts = manifest.parts.map((part) => {
    const entry = byName.get(part.name);
    if (entry === undefined)
      throw new AppError(
        "MANIFEST_INVALID",
        `${file.name}: part ${printable(part.name)} is not there; the last good load stays, export the month again`,
      );
    refuse(entry);
    if (part.bytes !== null && part.bytes !== entry.bytes)
      throw new AppError(
        "CONTROL_MISMATCH",
        `${printable(part.name)}: the manifest promises ${part.bytes} bytes and the file has ${entry.bytes}; the last good load stays`,
      );
    if (fileKind(entry.name) === null)
      throw new AppError("FILE_INVALID", `${printable(part.name)}: not .csv, .csv.gz or .parquet`);
    return { entry, bytes: part.bytes, rows: part.rows };
  });
  const months = month ?? `${manifest.firstMonth}..${manifest.lastMonth}`;
  return {
    unit: `${manifest.exportName} ${manifest.type} ${months}`,
    run: manifest.run,
    submittedAt: manifest.submittedAt,
    months: month === null ? [] : [month],
    fingerprint: JSON.stringify([
      manifest.run,
      manifest.submittedAt,
      parts.map((part) => [part.entry.name, part.entry.version]),
    ]),
    bytes: parts.reduce((sum, part) => sum + part.entry.bytes, 0),
    dataset: datasetOf(manifest.type),
    scope: manifest.scope,
    exportName: manifest.exportName,
    month,
    promisedRows: parts.length === 0 ? 0 : manifest.rows,
    parts,
  };
}

/** Files without a manifest: one unit for each file name without its run's GUID and part number. */
function classicUnits(
  entries: readonly StoreEntry[],
  claimed: ReadonlySet<string>,
  dataset: Dataset | null,
  problems: UnitProblem[],
): ExportUnit[] {
  const runs = new Map<string, ExportUnit>();
  for (const entry of entries) {
    const folder = posix.dirname(entry.name);
    if (MANIFEST.test(entry.name) || claimed.has(folder)) continue;
    if (entry.problem !== null) {
      if (fileKind(entry.name) === null) continue;
      try {
        refuse(entry);
      } catch (error) {
        problems.push({ unit: entry.name, error });
      }
      continue;
    }
    if (fileKind(entry.name) === null) continue;
    // A run's own folder whose manifest is not written yet: Azure is still at it.
    if (new RegExp(`^${GUID}$`, "i").test(posix.basename(folder))) continue;
    const stem = posix.basename(entry.name).replace(/\.(csv|csv\.gz|gz|parquet)$/i, "");
    const run = new RegExp(GUID, "i").exec(stem)?.[0] ?? null;
    const name = stem
      .replace(new RegExp(`_?${GUID}.*$`, "i"), "")
      .replace(/(^|_)part_?\d+(_\d+)?$/i, "");
    const key = posix.join(folder, name === "" ? stem : name);
    const id = `${key}\u0000${run ?? ""}`;
    const known = runs.get(id);
    const parts = [...(known?.parts ?? []), { entry, bytes: null, rows: null }];
    const modified =
      parts
        .map((part) => part.entry.modified)
        .toSorted()
        .at(-1) ?? entry.modified;
    runs.set(id, {
      unit: key,
      run,
      submittedAt: modified,
      months: [],
      fingerprint: JSON.stringify(parts.map((part) => [part.entry.name, part.entry.version])),
      bytes: parts.reduce((sum, part) => sum + part.entry.bytes, 0),
      dataset,
      scope: null,
      exportName: key,
      month: null,
      promisedRows: null,
      parts,
    });
  }
  return [...runs.values()];
}

/** Of the runs of a unit the one submitted last; two exports of one name are told apart by scope. */
function newest(units: readonly ExportUnit[]): ExportUnit[] {
  const scopes = new Map<string, Set<string>>();
  for (const unit of units) {
    const known = scopes.get(unit.unit) ?? new Set();
    known.add(unit.scope ?? "");
    scopes.set(unit.unit, known);
  }
  const latest = new Map<string, ExportUnit>();
  for (const found of units) {
    const shared = (scopes.get(found.unit)?.size ?? 0) > 1;
    const unit = shared
      ? { ...found, unit: `${found.unit} (${found.scope ?? "no scope"})` }
      : found;
    const other = latest.get(unit.unit);
    if (other === undefined || (unit.submittedAt ?? "") > (other.submittedAt ?? ""))
      latest.set(unit.unit, unit);
  }
  return [...latest.values()].toSorted((a, b) => (a.unit < b.unit ? -1 : 1));
}
