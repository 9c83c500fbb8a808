import { posix } from "node:path";
import { AppError, printable } from "../../data/errors.ts";
import type { Dataset } from "../cost/shapes.ts";

/** What a manifest says of one run of an export. */
export interface Manifest {
  exportName: string;
  /** Lower case; the export's own resource id. */
  exportId: string | null;
  /** What the export covers, lower case. */
  scope: string | null;
  type: string;
  run: string;
  submittedAt: string;
  /** `YYYY-MM` of start and end; equal for every scheduled export. */
  firstMonth: string;
  lastMonth: string;
  rows: number | null;
  parts: { name: string; bytes: number | null; rows: number | null }[];
}

const COST_TYPES: Readonly<Record<string, Dataset>> = {
  focuscost: "FocusCost",
  actualcost: "ActualCost",
  amortizedcost: "AmortizedCost",
  usage: "Usage",
};

/** The dataset of an export type; null for those that are no bill (price sheets, reservations). */
export function datasetOf(type: string): Dataset | null {
  return COST_TYPES[type.toLowerCase()] ?? null;
}

// A month of the largest bills has a few hundred parts of up to 1 GB.
const MAX_PARTS = 10_000;

type Json = Record<string, unknown>;

/**
 * Reads `manifest.json`. A part must lie in the manifest's own folder: names that lead elsewhere
 * (other folders, `..`, addresses, absolute paths) are refused, whatever the storage would answer.
 * @param path where the manifest lies, `/`-separated, relative to the location's root
 */
export function readManifest(text: string, path: string): Manifest {
  const fail = (what: string): never => {
    throw new AppError("MANIFEST_INVALID", `${path}: ${what}; the last good load stays`);
  };
  let json: Json;
  try {
    json = JSON.parse(text.replace(/^\ufeff/, "")) as Json;
  } catch (error) {
    throw new AppError(
      "MANIFEST_INVALID",
      `${path}: not JSON (${printable((error as Error).message)}); the last good load stays`,
      { cause: error },
    );
  }
  const section = (name: string): Json => {
    const value = json?.[name];
    return typeof value === "object" && value !== null ? (value as Json) : fail(`has no ${name}`);
  };
  const config = section("exportConfig");
  const run = section("runInfo");
  const word = (from: Json, name: string): string => {
    const value = from[name];
    return typeof value === "string" && value !== "" ? value : fail(`${name} is missing`);
  };
  const month = (name: string): string => {
    const value = word(run, name);
    return /^\d{4}-(0[1-9]|1[0-2])-\d{2}/.test(value)
      ? value.slice(0, 7)
      : fail(`${name} "${printable(value)}" is not a date`);
  };
  const exportId =
    typeof config["resourceId"] === "string" ? config["resourceId"].toLowerCase() : null;
  const blobs = Array.isArray(json["blobs"]) ? (json["blobs"] as Json[]) : [];
  if (blobs.length > MAX_PARTS) fail(`lists ${blobs.length} parts; at most ${MAX_PARTS} are taken`);
  const parts = blobs.map((blob) => ({
    name: partName(word(blob, "blobName"), path, fail),
    bytes: count(blob["byteCount"]),
    rows: count(blob["dataRowCount"]),
  }));
  if (new Set(parts.map((part) => part.name)).size !== parts.length) fail("lists a part twice");
  const rows = count(json["dataRowCount"]);
  const stated = parts.map((part) => part.rows);
  if (rows !== null && stated.length > 0 && stated.every((value) => value !== null)) {
    const sum = stated.reduce<number>((total, value) => total + (value ?? 0), 0);
    if (sum !== rows) fail(`promises ${rows} rows and its parts ${sum}`);
  }
  const bytes = count(json["byteCount"]);
  const sizes = parts.map((part) => part.bytes);
  if (bytes !== null && sizes.length > 0 && sizes.every((value) => value !== null)) {
    const sum = sizes.reduce<number>((total, value) => total + (value ?? 0), 0);
    if (sum !== bytes) fail(`promises ${bytes} bytes and its parts ${sum}`);
  }
  const blobCount = count(json["blobCount"]);
  if (parts.length === 0 && (blobCount ?? 0) > 0) fail(`counts ${blobCount} parts and lists none`);
  if (blobCount !== null && parts.length > 0 && blobCount !== parts.length)
    fail(`counts ${blobCount} parts and lists ${parts.length}`);
  return {
    exportName: word(config, "exportName"),
    exportId,
    scope: exportId?.split("/providers/microsoft.costmanagement/")[0] ?? null,
    type: word(config, "type"),
    run: word(run, "runId"),
    submittedAt: instant(word(run, "submittedTime"), fail),
    firstMonth: month("startDate"),
    lastMonth: month("endDate"),
    rows,
    parts,
  };
}

function count(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** Seven fractional digits as Azure writes them, padded so that text order is time order. */
function instant(text: string, fail: (what: string) => never): string {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:Z|\+00:00)?$/.exec(text);
  if (match === null || Number.isNaN(Date.parse(`${match[1]}Z`)))
    return fail(`submittedTime "${printable(text)}" is not a UTC time`);
  return `${match[1]}.${(match[2] ?? "").padEnd(7, "0")}Z`;
}

function partName(blobName: string, manifest: string, fail: (what: string) => never): string {
  const shown = printable(blobName.slice(0, 200));
  const segments = blobName.split("/");
  if (
    // oxlint-disable-next-line no-control-regex
    /^[a-z][a-z0-9+.-]*:|\\|[\u0000-\u001f]/i.test(blobName) ||
    blobName.startsWith("/") ||
    blobName.length > 1024 ||
    segments.some((segment) => segment === "" || segment === "." || segment === "..") ||
    /%2e%2e|%2f|%5c/i.test(blobName)
  )
    return fail(`part "${shown}" is not a plain name inside the container`);
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
    return fail(`part "${shown}" lies outside the folder of its manifest`);
  return posix.join(posix.dirname(manifest), segments.at(-1) as string);
}
