import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** The parts of a manifest that the tests look at. */
export interface Manifest {
  manifestVersion: string;
  byteCount: number;
  blobCount: number;
  dataRowCount: number;
  exportConfig: { exportName: string; type: string; dataVersion: string };
  deliveryConfig: {
    dataOverwriteBehavior: string;
    compressionMode: string;
    rootFolderPath: string;
  };
  runInfo: { submittedTime: string; runId: string; startDate: string };
  blobs: { blobName: string; byteCount: number; dataRowCount: number }[];
}

/** All files under a folder, sorted. */
export function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .toSorted();
}

/** All manifests under a folder. */
export function manifests(folder: string): Manifest[] {
  return filesUnder(folder)
    .filter((path) => path.endsWith("manifest.json"))
    .map((path) => JSON.parse(readFileSync(path, "utf8")) as Manifest);
}

/** A minimal RFC 4180 reader that shares nothing with the writer: calls back with the cells of every row, header first. */
export function eachRow(path: string, row: (cells: string[]) => void): void {
  const bytes = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  if (text.charCodeAt(0) !== 0xfeff) throw new Error(`no byte order mark: ${path}`);
  let at = 1;
  while (at < text.length) {
    const cells: string[] = [];
    let lineEnd = text.indexOf("\r\n", at);
    for (;;) {
      if (text.charCodeAt(at) === 34) {
        let value = "";
        for (;;) {
          const quote = text.indexOf('"', at + 1);
          value += text.slice(at + 1, quote);
          at = quote + 1;
          if (text.charCodeAt(at) !== 34) break;
          value += '"';
        }
        cells.push(value);
        if (lineEnd < at) lineEnd = text.indexOf("\r\n", at);
      } else {
        const comma = text.indexOf(",", at);
        const end = comma === -1 || comma > lineEnd ? lineEnd : comma;
        cells.push(text.slice(at, end));
        at = end;
      }
      if (text.charCodeAt(at) !== 44) break;
      at++;
    }
    at += 2;
    row(cells);
  }
}

/** A written amount in 1e-18, exponents included, rounded half away from zero; null for an empty cell. */
export function amount(text: string): bigint | null {
  if (text === "") return null;
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:E([+-]\d+))?$/.exec(text);
  if (match === null) throw new Error(`not an amount: ${text}`);
  const decimals = match[3] ?? "";
  const power = 18 - decimals.length + Number(match[4] ?? 0);
  const digits = BigInt((match[2] ?? "") + decimals);
  const magnitude =
    power >= 0
      ? digits * 10n ** BigInt(power)
      : (digits + 10n ** BigInt(-power) / 2n) / 10n ** BigInt(-power);
  return match[1] === "-" ? -magnitude : magnitude;
}
