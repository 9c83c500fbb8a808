import { posix } from "node:path";
import { AppError, printable } from "../../data/errors.ts";
import type { Dataset } from "../cost/shapes.ts";
import { fileKind } from "../cost/read.ts";
import type { Unit, UnitProblem } from "../source.ts";
import {
  datasetOf,
  type Heading,
  isNoBill,
  type Manifest,
  parseManifest,
  readHeading,
  readManifest,
} from "./manifest.ts";
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
// A run that Azure replaces while it is listed is met again, whole, in the next listing.
const TRIES = 3;
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
  for (let attempt = 1; ; attempt++) {
    const plan = await planListing(store, fallback, signal);
    const changed = plan.problems.some(
      ({ error }) => error instanceof AppError && error.code === "UNIT_CHANGED",
    );
    if (!changed || attempt === TRIES) return plan;
  }
}

async function planListing(
  store: Store,
  fallback: Dataset | null,
  signal: AbortSignal,
): Promise<{ units: ExportUnit[]; problems: UnitProblem[] }> {
  const entries = await store.list(signal);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const problems: UnitProblem[] = [];
  const units: ExportUnit[] = [];
  const claimed = new Set<string>();
  const runs: { entry: StoreEntry; json: unknown; heading: Heading }[] = [];
  for (const entry of entries) {
    if (entry.problem !== null && entry.name.endsWith("/")) problems.push(unreadable(entry));
    if (!MANIFEST.test(entry.name)) continue;
    claimed.add(posix.dirname(entry.name));
    try {
      refuse(entry);
      const json = parseManifest(await store.text(entry, MAX_MANIFEST, signal), entry.name);
      const heading = readHeading(json, entry.name);
      if (!isNoBill(heading.type)) runs.push({ entry, json, heading });
    } catch (error) {
      problems.push({ unit: printable(entry.name), error });
    }
  }
  const nameOf = unitNames(runs.map((run) => run.heading));
  const broken: { unit: string; manifest: string; error: unknown }[] = [];
  for (const { entry, json, heading } of runs) {
    const unit = nameOf(heading);
    try {
      units.push(unitOf(unit, readManifest(json, heading, entry.name), entry, byName));
    } catch (error) {
      broken.push({ unit, manifest: entry.name, error });
    }
  }
  // A broken run goes by its unit's name, or by its manifest's where another run of the unit is taken.
  const taken = new Set(units.map((unit) => unit.unit));
  for (const { unit, manifest, error } of broken)
    problems.push({ unit: taken.has(unit) ? printable(manifest) : unit, error });
  for (const unit of classicUnits(entries, claimed, fallback, problems)) units.push(unit);
  return { units: newest(units), problems };
}

function unreadable(entry: StoreEntry): UnitProblem {
  try {
    refuse(entry);
  } catch (error) {
    return { unit: printable(entry.name), error };
  }
  throw new TypeError(`${entry.name} can be read`);
}

/** Names units by export and month; two exports of one name are told apart by scope. */
function unitNames(headings: readonly Heading[]): (heading: Heading) => string {
  const plain = ({ exportName, type, firstMonth, lastMonth }: Heading) =>
    printable(
      `${exportName} ${type} ${firstMonth === lastMonth ? firstMonth : `${firstMonth}..${lastMonth}`}`,
    );
  const scopes = Map.groupBy(headings, plain);
  return (heading) => {
    const name = plain(heading);
    const different = new Set(scopes.get(name)?.map((other) => other.scope));
    return different.size > 1 ? `${name} (${printable(heading.scope ?? "no scope")})` : name;
  };
}

function refuse(entry: StoreEntry): void {
  if (entry.problem !== null)
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${printable(entry.name)}: ${entry.problem} and is not read; put the file itself there`,
    );
}

function unitOf(
  unit: string,
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
        `${printable(file.name)}: part ${printable(part.name)} is not there; the last good load stays, export the month again`,
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
  return {
    unit,
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
      if (fileKind(entry.name) !== null) problems.push(unreadable(entry));
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
    const key = posix.join(folder, name === "" ? "part" : name);
    // A file and its own unpacked or converted copy are not two parts of one bill.
    const id = `${key}\u0000${run ?? ""}\u0000${fileKind(entry.name)}`;
    const known = runs.get(id);
    const parts = [...(known?.parts ?? []), { entry, bytes: null, rows: null }];
    const modified =
      parts
        .map((part) => part.entry.modified)
        .toSorted()
        .at(-1) ?? entry.modified;
    runs.set(id, {
      unit: printable(key),
      run,
      submittedAt: modified,
      months: [],
      fingerprint: JSON.stringify(parts.map((part) => [part.entry.name, part.entry.version])),
      bytes: parts.reduce((sum, part) => sum + part.entry.bytes, 0),
      dataset,
      scope: null,
      exportName: printable(key),
      month: null,
      promisedRows: null,
      parts,
    });
  }
  const kinds = (unit: ExportUnit) => fileKind(unit.parts[0]?.entry.name ?? "");
  const byName = Map.groupBy(runs.values(), (unit) => unit.unit);
  return [...runs.values()].map((unit) =>
    new Set(byName.get(unit.unit)?.map(kinds)).size > 1
      ? { ...unit, unit: `${unit.unit} (${kinds(unit)})` }
      : unit,
  );
}

/** Of the runs of a unit the one submitted last. */
function newest(units: readonly ExportUnit[]): ExportUnit[] {
  const latest = new Map<string, ExportUnit>();
  for (const unit of units) {
    const other = latest.get(unit.unit);
    if (other === undefined || (unit.submittedAt ?? "") > (other.submittedAt ?? ""))
      latest.set(unit.unit, unit);
  }
  return [...latest.values()].toSorted((a, b) => (a.unit < b.unit ? -1 : 1));
}
