import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Month } from "./calendar.ts";
import { guid, mix, seedOf } from "./random.ts";

const compress = promisify(gzip);
const ROWS_PER_PART = 15_000;

/** An export as Cost Management keeps it. `root` and `name` are folders, `scope` the ARM id it belongs to. */
export interface ExportDefinition {
  readonly root: string;
  readonly name: string;
  readonly scope: string;
  readonly type: "FocusCost" | "ActualCost" | "AmortizedCost" | "Usage";
  readonly dataVersion: string;
  readonly gzip: boolean;
  readonly header: string;
}

/** One run of an export over one month. `submitted` is a UTC time to the second. */
export interface RunSpec {
  readonly definition: ExportDefinition;
  readonly month: Month;
  readonly submitted: string;
  readonly overwrites: boolean;
}

export interface RunResult {
  readonly runId: string;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
}

interface Blob {
  readonly name: string;
  readonly bytes: number;
  readonly rows: number;
}

/** Writes the partitions of a run as rows come, and its manifest last, as Azure does. */
export class RunWriter {
  readonly #spec: RunSpec;
  readonly #runId: string;
  readonly #path: string;
  readonly #folder: string;
  readonly #parts: Promise<Blob>[] = [];
  #text: Buffer = Buffer.alloc(0);
  #length = 0;
  #rows = 0;
  #count = 0;

  constructor(exportsFolder: string, spec: RunSpec) {
    const { root, name } = spec.definition;
    const range = `${spec.month.start}-${spec.month.end}`.replace(
      /(\d{4})-(\d\d)-(\d\d)/g,
      "$1$2$3",
    );
    this.#spec = spec;
    this.#runId = guid(`run ${root}/${name} ${spec.month.name} ${spec.submitted}`);
    this.#path = `${root}/${name}/${range}/${this.#runId}`;
    this.#folder = join(exportsFolder, this.#path);
  }

  get runId(): string {
    return this.#runId;
  }

  /** Takes a row without its line end. */
  add(row: string): void {
    this.#open(row.length * 3);
    this.#length += this.#text.write(row, this.#length);
    this.#end();
  }

  /** Takes a row as encoded pieces with an ASCII value after each but the last: many times faster than making it a string first. */
  addPieces(pieces: readonly Buffer[], values: readonly string[]): void {
    let size = 0;
    for (const piece of pieces) size += piece.length;
    for (const value of values) size += value.length;
    this.#open(size);
    const text = this.#text;
    let at = this.#length;
    for (let index = 0; index < pieces.length; index++) {
      const piece = pieces[index];
      // A call costs more than a few letters do.
      if (piece !== undefined && piece.length < 40) {
        for (let letter = 0; letter < piece.length; letter++) text[at++] = piece[letter] ?? 0;
      } else if (piece !== undefined) {
        text.set(piece, at);
        at += piece.length;
      }
      const value = values[index] ?? "";
      for (let letter = 0; letter < value.length; letter++) text[at++] = value.charCodeAt(letter);
    }
    this.#length = at;
    this.#end();
  }

  /** Lets finished partitions reach the disk before more are made. */
  async breathe(): Promise<void> {
    const oldest = this.#parts.at(-3);
    if (oldest !== undefined) await oldest;
  }

  /** Writes what is left, then the manifest. Rejects when a file cannot be written. */
  async finish(): Promise<RunResult> {
    if (this.#rows > 0) this.#close();
    const blobs = await Promise.all(this.#parts);
    await mkdir(this.#folder, { recursive: true });
    const bytes = blobs.reduce((sum, blob) => sum + blob.bytes, 0);
    await writeFile(
      join(this.#folder, "manifest.json"),
      `${JSON.stringify(this.#manifest(blobs, bytes), null, 1)}\n`,
    );
    return { runId: this.#runId, files: blobs.length + 1, rows: this.#count, bytes };
  }

  // Rows are encoded one by one: joined as text, one emoji would double all of it.
  #open(bytes: number): void {
    const header = `\uFEFF${this.#spec.definition.header}\r\n`;
    const needed = this.#length + bytes + 2 + (this.#rows === 0 ? header.length + 2 : 0);
    if (needed > this.#text.length) {
      const larger = Buffer.allocUnsafe(Math.max(1 << 20, needed * 2));
      this.#text.copy(larger, 0, 0, this.#length);
      this.#text = larger;
    }
    if (this.#rows === 0) this.#length += this.#text.write(header, this.#length);
  }

  #end(): void {
    this.#text[this.#length++] = 13;
    this.#text[this.#length++] = 10;
    this.#rows++;
    this.#count++;
    if (this.#rows >= ROWS_PER_PART) this.#close();
  }

  #close(): void {
    const name = `part_${this.#parts.length}_0001.csv${this.#spec.definition.gzip ? ".gz" : ""}`;
    const part = this.#write(name, this.#text, this.#length, this.#rows);
    // The rejection is met in finish(); until then it must not end the process.
    part.catch(() => undefined);
    this.#parts.push(part);
    this.#text = Buffer.alloc(0);
    this.#length = 0;
    this.#rows = 0;
  }

  async #write(name: string, text: Buffer, length: number, rows: number): Promise<Blob> {
    const plain = text.subarray(0, length);
    const data = this.#spec.definition.gzip
      ? await compress(plain, { level: 1, chunkSize: 4 << 20 })
      : plain;
    await mkdir(this.#folder, { recursive: true });
    await writeFile(join(this.#folder, name), data);
    return { name: `${this.#path}/${name}`, bytes: data.byteLength, rows };
  }

  #manifest(blobs: readonly Blob[], bytes: number): object {
    const { definition, month, submitted, overwrites } = this.#spec;
    const fraction = String(mix(seedOf(this.#runId), 0) % 10_000_000).padStart(7, "0");
    return {
      manifestVersion: "2024-04-01",
      byteCount: bytes,
      blobCount: blobs.length,
      dataRowCount: this.#count,
      exportConfig: {
        exportName: definition.name,
        resourceId: `${definition.scope}/providers/Microsoft.CostManagement/exports/${definition.name}`,
        dataVersion: definition.dataVersion,
        apiVersion: "2023-07-01-preview",
        type: definition.type,
        timeFrame: "MonthToDate",
        granularity: "Daily",
      },
      deliveryConfig: {
        partitionData: true,
        dataOverwriteBehavior: overwrites ? "OverwritePreviousReport" : "CreateNewReport",
        fileFormat: "Csv",
        compressionMode: definition.gzip ? "gzip" : "None",
        containerUri: `/subscriptions/${guid("subscription nw-finops")}/resourceGroups/rg-finops/providers/Microsoft.Storage/storageAccounts/stnorthwindfinops`,
        rootFolderPath: definition.root,
      },
      runInfo: {
        executionType: "Scheduled",
        submittedTime: `${submitted}.${fraction}Z`,
        runId: this.#runId,
        startDate: `${month.start}T00:00:00`,
        endDate: `${month.end}T00:00:00`,
      },
      blobs: blobs.map((blob) => ({
        blobName: blob.name,
        byteCount: blob.bytes,
        dataRowCount: blob.rows,
      })),
    };
  }
}
