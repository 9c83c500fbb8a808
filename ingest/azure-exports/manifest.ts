import { posix } from "node:path";
import { AppError, printable } from "../../data/errors.ts";
import type { Dataset } from "../cost/shapes.ts";

/** What an export's runs have in common: enough to name the unit they are runs of. */
export interface Heading {
  exportName: string;
  /** Lower case; the export's own resource id. */
  exportId: string | null;
  /** What the export covers, lower case. */
  scope: string | null;
  type: string;
  /** `YYYY-MM` of start and end; equal for every scheduled export. */
  firstMonth: string;
  lastMonth: string;
}

/** What a manifest says of one run of an export. */
export interface Manifest extends Heading {
  run: string;
  submittedAt: string;
  rows: number | null;
  parts: { name: string; bytes: number | null; rows: number | null }[];
}

const COST_TYPES: Readonly<Record<string, Dataset>> = {
  focuscost: "FocusCost",
  actualcost: "ActualCost",
  amortizedcost: "AmortizedCost",
  usage: "Usage",
};

const NO_BILLS = new Set([
  "pricesheet",
  "reservationdetails",
  "reservationrecommendations",
  "reservationtransactions",
]);

/** True for exports that are known to hold no bill. */
export function isNoBill(type: string): boolean {
  return NO_BILLS.has(type.toLowerCase());
}

/** The dataset of an export type; null for those we do not know. */
export function datasetOf(type: string): Dataset | null {
  return COST_TYPES[type.toLowerCase()] ?? null;
}

// A month of the largest bills has a few hundred parts of up to 1 GB.
const MAX_PARTS = 10_000;

type Json = Record<string, unknown>;

/** The JSON of a manifest. @param path where it lies, for messages */
export function parseManifest(text: string, path: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    throw new AppError(
      "MANIFEST_INVALID",
      `${printable(path)}: not JSON (${printable((error as Error).message)}); the last good load stays`,
      { cause: error },
    );
  }
}

type Fail = (what: string) => never;
const failing =
  (path: string): Fail =>
  (what) => {
    throw new AppError("MANIFEST_INVALID", `${printable(path)}: ${what}; the last good load stays`);
  };

function section(json: unknown, name: string, fail: Fail): Json {
  const value = (json as Json | null)?.[name];
  return typeof value === "object" && value !== null ? (value as Json) : fail(`has no ${name}`);
}

function word(from: Json | null, name: string, fail: Fail): string {
  const value = from?.[name];
  return typeof value === "string" && value !== "" ? value : fail(`${name} is missing`);
}

/** Reads what names the unit; everything else of a manifest can be wrong and still be told by name. */
export function readHeading(json: unknown, path: string): Heading {
  const fail = failing(path);
  const config = section(json, "exportConfig", fail);
  const run = section(json, "runInfo", fail);
  const month = (name: string): string => {
    const value = word(run, name, fail);
    return isBillDay(value.slice(0, 10)) && /^.{10}(T|$)/.test(value)
      ? value.slice(0, 7)
      : fail(`${name} "${shown(value)}" is not a date a bill can be about`);
  };
  const exportId =
    typeof config["resourceId"] === "string" ? config["resourceId"].toLowerCase() : null;
  const [firstMonth, lastMonth] = [month("startDate"), month("endDate")];
  if (lastMonth < firstMonth)
    fail(
      `endDate "${shown(word(run, "endDate", fail))}" is before startDate "${shown(word(run, "startDate", fail))}"`,
    );
  return {
    exportName: word(config, "exportName", fail),
    exportId,
    scope: exportId?.split("/providers/microsoft.costmanagement/")[0] ?? null,
    type: word(config, "type", fail),
    firstMonth,
    lastMonth,
  };
}

/**
 * Reads the rest of `manifest.json`. A part must lie in the manifest's own folder: names that lead
 * elsewhere (other folders, `..`, addresses, absolute paths) are refused, whatever the storage would
 * answer. Counts that are there must be counts, and must add up.
 * @param path where the manifest lies, `/`-separated, relative to the location's root
 */
export function readManifest(json: unknown, heading: Heading, path: string): Manifest {
  const fail = failing(path);
  const manifest = json as Json;
  const run = section(json, "runInfo", fail);
  if (datasetOf(heading.type) === null)
    fail(
      `"${shown(heading.type)}" is no kind of export this version knows; move it out of this location if it is no bill`,
    );
  const count = (from: Json, name: string): number | null => {
    const value = from[name];
    if (value === null || value === undefined) return null;
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
      ? value
      : fail(`${name} ${shown(JSON.stringify(value))} is not a count`);
  };
  const blobs = manifest["blobs"];
  if (!Array.isArray(blobs)) return fail("blobs is not a list of parts");
  if (blobs.length > MAX_PARTS) fail(`lists ${blobs.length} parts; at most ${MAX_PARTS} are taken`);
  const parts = blobs.map((entry: unknown, index) => {
    if (typeof entry !== "object" || entry === null)
      return fail(`blobs[${index}] is ${shown(JSON.stringify(entry))} and not a part`);
    const blob = entry as Json;
    return {
      name: partName(word(blob, "blobName", fail), path, fail),
      bytes: count(blob, "byteCount"),
      rows: count(blob, "dataRowCount"),
    };
  });
  const names = new Set<string>();
  for (const { name } of parts) {
    if (names.has(name)) fail(`lists the part ${shown(name)} twice`);
    names.add(name);
  }
  const adds = (name: string, stated: readonly (number | null)[], what: string) => {
    const total = count(manifest, name);
    if (total === null || !stated.every((value) => value !== null)) return total;
    const sum = stated.reduce<number>((all, value) => all + (value ?? 0), 0);
    if (sum !== total) fail(`promises ${total} ${what} and its parts ${sum}`);
    return total;
  };
  const rows = adds(
    "dataRowCount",
    parts.map((part) => part.rows),
    "rows",
  );
  adds(
    "byteCount",
    parts.map((part) => part.bytes),
    "bytes",
  );
  const blobCount = count(manifest, "blobCount");
  if (blobCount !== null && blobCount !== parts.length)
    fail(`counts ${blobCount} parts and lists ${parts.length}`);
  return {
    ...heading,
    run: word(run, "runId", fail),
    submittedAt: instant(word(run, "submittedTime", fail), fail),
    rows,
    parts,
  };
}

const shown = (text: string) => printable(text.slice(0, 200));

/** A day that exists, in a year a bill can be of: one of the year 9999 would be the newest for ever. */
function isBillDay(day: string): boolean {
  const time = /^20\d\d-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

/** Seven fractional digits as Azure writes them, padded so that text order is time order. */
function instant(text: string, fail: Fail): string {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:Z|\+00:00)?$/.exec(text);
  if (match === null || Number.isNaN(Date.parse(`${match[1]}Z`)) || !isBillDay(text.slice(0, 10)))
    return fail(`submittedTime "${shown(text)}" is not a UTC time a bill can be of`);
  return `${match[1]}.${(match[2] ?? "").padEnd(7, "0")}Z`;
}

function partName(blobName: string, manifest: string, fail: Fail): string {
  const segments = blobName.split("/");
  if (
    // oxlint-disable-next-line no-control-regex
    /^[a-z][a-z0-9+.-]*:|\\|[\u0000-\u001f]/i.test(blobName) ||
    blobName.startsWith("/") ||
    blobName.length > 1024 ||
    segments.some((segment) => segment === "" || segment === "." || segment === "..") ||
    /%2e%2e|%2f|%5c/i.test(blobName)
  )
    return fail(`part "${shown(blobName)}" is not a plain name inside the container`);
  const folder = posix
    .dirname(manifest)
    .split("/")
    .filter((segment) => segment !== "." && segment !== "");
  const own = segments.slice(0, -1);
  // The location may start inside the container, or the name may start with the container's: one
  // folder must end as the other does.
  const shorter = Math.min(folder.length, own.length);
  const tail = (list: string[]) => list.slice(list.length - shorter).join("/");
  if (tail(folder) !== tail(own) || (own.length > 0 && shorter === 0 && folder.length > 0))
    return fail(`part "${shown(blobName)}" lies outside the folder of its manifest`);
  return posix.join(posix.dirname(manifest), segments.at(-1) as string);
}
