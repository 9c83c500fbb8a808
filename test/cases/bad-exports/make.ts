import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { link, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { withFolder } from "../../home.ts";
import { checksummed } from "./checksummed.ts";
import { openWriter, sqlText } from "../../../data/warehouse.ts";

/**
 * What the cases of this folder are made with. A case says how a good bill is broken (`case.json`);
 * text is broken by `edits`, bytes by the named functions of `WRAP`, a folder by those of `PLACE`.
 */
export interface BadExport {
  /** Rows of the reference it meets: `3c bad number`, `4d 23`. */
  meets: string[];
  about?: string;
  /** A literal file of the case's folder that stands in for `base.csv`. */
  text?: string;
  /** Find, replace, once or `all`: each must be there. `‹c3 28›` stands for those bytes. */
  edits?: [string, string, "all"?][];
  /** Functions of WRAP, with an argument, one after the other. */
  wrap?: [keyof typeof WRAP, unknown?][];
  /** The part's name; `part_0_0001.csv`. */
  file?: string;
  /** Rows the manifest promises; those of `base.csv`. */
  promise?: number | null;
  /** What the manifest says else, by dotted path; or its whole text, or that there is none. */
  manifest?: { set?: Record<string, unknown>; drop?: string[]; text?: string; none?: boolean };
  /** Functions of PLACE, with an argument: they get the run's folder when all is in place. */
  place?: [keyof typeof PLACE, unknown?][];
  /** Source option: what files without a manifest are. */
  dataset?: "FocusCost" | "ActualCost" | "AmortizedCost" | "Usage";
  expect: Expected;
}

export interface Expected {
  outcome: "loaded" | "failed" | "refused" | "nothing";
  /** The unit the outcome is told of. */
  unit?: string;
  /** Other units that load all the same, with what they hold. */
  beside?: Record<string, { rows: number; billed: string }>;
  code?: string;
  /** What the error must say. */
  words?: string[];
  rows?: number;
  /** Sum of the stored lines' billed cost. */
  billed?: string;
  /** SQL over a stored line, and its values in the order of the charge days. */
  stored?: Record<string, unknown[]>;
  rejected?: { line: number; reason: string; amount: string | null; text?: string }[];
}

const RUN = "7c1d2a00-0000-4000-8000-00000000000b";

/** Who a case is in a tree that holds all of them. */
export interface Who {
  /** The case's name, which is its export's; a case's own words call it `a-bad`. */
  name: string;
  /** Its subscription, three characters; a case's own words call it `/subscriptions/bad`. */
  subscription: string;
}

/** Text of a case, with the names it has in the tree. */
export function named(text: string, who: Who): string {
  return text
    .replaceAll("a-bad", who.name)
    .replaceAll("/subscriptions/bad", `/subscriptions/${who.subscription}`);
}

export const unitOf = (who: Who) => `${who.name} FocusCost 2026-08`;
const folderOf = (who: Who) => `finops/${who.name}/20260801-20260831`;

interface Place {
  /** The run's folder, and the root of the exports. */
  run: string;
  exports: string;
  /** A place of the case's own outside the exports. */
  outside: string;
  who: Who;
}

const here = import.meta.dirname;

/** Text with `‹c3 28›` replaced by those bytes. */
function bytesOf(text: string): Buffer {
  return Buffer.concat(
    text
      .split(/(‹[0-9a-f ]*›)/)
      .map((piece) =>
        piece.startsWith("‹")
          ? Buffer.from(piece.slice(1, -1).replaceAll(" ", ""), "hex")
          : Buffer.from(piece),
      ),
  );
}

const flip = (bytes: Buffer, at: number, bit = 0) => {
  const copy = Buffer.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] as number) ^ (1 << bit);
  return copy;
};

async function parquetOf(csv: Buffer): Promise<Buffer> {
  return withFolder(async (folder) => {
    const from = join(folder, "in.csv");
    const to = join(folder, "out.parquet");
    await writeFile(from, csv);
    const engine = await openWriter(":memory:");
    try {
      const session = await engine.session();
      await session.run(
        `COPY (SELECT * FROM read_csv(${sqlText(from)}, all_varchar = true, header = true)) TO ${sqlText(to)} (FORMAT parquet, COMPRESSION snappy)`,
      );
      session.close();
    } finally {
      engine.close();
    }
    return readFile(to);
  });
}

/** Bytes to other bytes. */
const WRAP = {
  gzip: async (bytes: Buffer) => gzipSync(bytes),
  parquet: parquetOf,
  checksummed: async (bytes: Buffer) => checksummed(bytes),
  /** The first of one text by another of its length. */
  put: async (bytes: Buffer, [from, to]: [string, string]) => {
    const copy = Buffer.from(bytes);
    copy.write(to, bytes.indexOf(from));
    return copy;
  },
  /** From the start, or the end where negative. */
  flip: async (bytes: Buffer, at: number) => flip(bytes, at),
  cut: async (bytes: Buffer, last: number) => bytes.subarray(0, bytes.length - last),
  append: async (bytes: Buffer, text: string) => Buffer.concat([bytes, bytesOf(text)]),
  /** A second gzip member: the rows of the text again, without its header. */
  member: async (bytes: Buffer, csv: string) => Buffer.concat([bytes, gzipSync(bytesOf(csv))]),
  /** Gzip that unpacks to so many megabytes of one line. */
  bomb: async (bytes: Buffer, megabytes: number) =>
    gzipSync(Buffer.concat([bytes, Buffer.alloc(megabytes << 20, "a")])),
  /** So many bytes in place of `@`. */
  blow: async (bytes: Buffer, size: number) =>
    Buffer.from(bytes.toString().replace("@", "x".repeat(size))),
  /** A deeply nested tag, so many levels, in place of `@`. */
  deep: async (bytes: Buffer, levels: number) =>
    Buffer.from(bytes.toString().replace("@", "[".repeat(levels) + "]".repeat(levels))),
  /** Four bytes before the end of a Parquet file stands the length of its footer. */
  footer: async (bytes: Buffer, length: number) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt32LE(length, copy.length - 8);
    return copy;
  },
} as const satisfies Record<string, (bytes: Buffer, argument: never) => Promise<Buffer>>;

const MANIFEST = "manifest.json";
const PART = "part_0_0001.csv";

/** What no text can say: odd things in a folder. */
const PLACE = {
  /** The part lies elsewhere and a link leads to it. */
  async symlink({ run, outside }: Place, name: string = PART) {
    const real = join(outside, name);
    await writeFile(real, await readFile(join(run, name)));
    await rm(join(run, name));
    await symlink(real, join(run, name));
  },
  /** The whole run lies elsewhere and a link leads to its folder. */
  async symlinkFolder({ run, outside }: Place) {
    for (const name of [MANIFEST, PART])
      await writeFile(join(outside, name), await readFile(join(run, name)));
    await rm(run, { recursive: true });
    await symlink(outside, run);
  },
  async hardlink({ run, outside }: Place, name: string = PART) {
    await link(join(run, name), join(outside, name));
  },
  async fifo({ run }: Place, name: string = PART) {
    await rm(join(run, name));
    execFileSync("mkfifo", [join(run, name)]);
  },
  async folder({ run }: Place, name: string = PART) {
    await rm(join(run, name));
    await mkdir(join(run, name));
  },
  /** A copy of the part elsewhere in the exports. */
  async copy({ run, exports }: Place, name: string) {
    await mkdir(dirname(join(exports, name)), { recursive: true });
    await writeFile(join(exports, name), await readFile(join(run, PART)));
  },
  /** The part, and the same packed, elsewhere in the exports. */
  async packed({ run, exports }: Place, name: string) {
    const to = join(exports, name);
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, await readFile(join(run, PART)));
    await writeFile(`${to}.gz`, gzipSync(await readFile(join(run, PART))));
  },
  /** The run a second time, as another export's, with something replaced in its part. */
  async twin({ run, exports, who }: Place, changed: [string, string][] = []) {
    const twin = `${who.name}-twin`;
    let part = await readFile(join(run, PART), "utf8");
    for (const [find, put] of changed) part = part.replaceAll(find, put);
    await writeExport(exports, twin, "2026-08-25T08:10:31.7047394Z", part, 4);
  },
  /** A manifest that lists so many parts. */
  async parts({ run, who }: Place, count: number) {
    const manifest = JSON.parse(await readFile(join(run, MANIFEST), "utf8")) as Record<
      string,
      unknown
    >;
    manifest["blobs"] = Array.from({ length: count }, (_, index) => ({
      blobName: `${folderOf(who)}/${RUN}/part_${index}.csv`,
    }));
    manifest["blobCount"] = count;
    await writeFile(join(run, MANIFEST), JSON.stringify(manifest));
  },
  /** A file whose name is these bytes. */
  async rawName({ run }: Place, hex: string) {
    await writeFile(
      Buffer.concat([Buffer.from(`${run}/`), Buffer.from(hex, "hex")]),
      await readFile(join(run, PART)),
    );
  },
} as const satisfies Record<string, (place: Place, argument: never) => Promise<void>>;

function setAt(target: unknown, path: string, value: unknown): void {
  const keys = path.split(".");
  const last = keys.pop() as string;
  let at = target as Record<string, unknown>;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
}

/** A manifest as Azure writes it, of one part. */
function manifestOf(
  name: string,
  submitted: string,
  part: { name: string; bytes: number; rows: number | null },
): Record<string, unknown> {
  return {
    manifestVersion: "2024-04-01",
    byteCount: part.bytes,
    blobCount: 1,
    dataRowCount: part.rows,
    exportConfig: {
      exportName: name,
      resourceId: `/subscriptions/${name}/providers/Microsoft.CostManagement/exports/${name}`,
      dataVersion: "1.2-preview",
      apiVersion: "2023-07-01-preview",
      type: "FocusCost",
      timeFrame: "MonthToDate",
      granularity: "Daily",
    },
    deliveryConfig: { partitionData: true, fileFormat: "Csv", compressionMode: "none" },
    runInfo: {
      executionType: "Scheduled",
      submittedTime: submitted,
      runId: RUN,
      startDate: "2026-08-01T00:00:00",
      endDate: "2026-08-31T00:00:00",
    },
    blobs: [{ blobName: part.name, byteCount: part.bytes, dataRowCount: part.rows }],
  };
}

/** Writes an export of one part: name, month folder, run, manifest. */
export async function writeExport(
  exports: string,
  name: string,
  submitted: string,
  csv: string,
  rows: number,
): Promise<void> {
  const folder = `finops/${name}/20260801-20260831/${RUN}`;
  await mkdir(join(exports, folder), { recursive: true });
  await writeFile(join(exports, folder, PART), csv);
  const manifest = manifestOf(name, submitted, {
    name: `${folder}/${PART}`,
    bytes: Buffer.byteLength(csv),
    rows,
  });
  await writeFile(join(exports, folder, MANIFEST), JSON.stringify(manifest));
}

/** `base.csv` with other numbers under another subscription. */
export async function billOf(subscription: string, amounts: readonly string[]): Promise<string> {
  const [header, first] = (await readFile(join(here, "base.csv"), "utf8")).split("\n") as [
    string,
    string,
  ];
  const row = first.replaceAll("/subscriptions/bad", `/subscriptions/${subscription}`);
  return [header, ...amounts.map((amount) => row.replaceAll("10.5,", `${amount},`)), ""].join("\n");
}

/** Builds the broken export of a case below `root/exports`; `folder` holds the case. */
export async function writeBadExport(root: string, folder: string, who: Who): Promise<void> {
  const bad = readCase(folder, who);
  const exports = join(root, "exports");
  let text = named(
    await readFile(
      bad.text === undefined ? join(here, "base.csv") : join(folder, bad.text),
      "utf8",
    ),
    who,
  );
  for (const [find, put, all] of bad.edits ?? []) {
    if (!text.includes(find)) throw new Error(`${folder}: the edit finds no ${find}`);
    text = all === "all" ? text.replaceAll(find, () => put) : text.replace(find, () => put);
  }
  let bytes: Buffer = bytesOf(text);
  for (const [name, argument] of bad.wrap ?? [])
    bytes = await (WRAP[name] as (bytes: Buffer, argument: unknown) => Promise<Buffer>)(
      bytes,
      argument,
    );
  const file = bad.file ?? PART;
  const run = join(exports, folderOf(who), RUN);
  await mkdir(run, { recursive: true });
  await writeFile(join(run, file), bytes);
  const manifest = manifestOf(who.name, "2026-08-25T08:10:31.7047394Z", {
    name: `${folderOf(who)}/${RUN}/${file}`,
    bytes: bytes.length,
    rows: bad.promise === undefined ? 4 : bad.promise,
  });
  for (const [path, value] of Object.entries(bad.manifest?.set ?? {})) setAt(manifest, path, value);
  for (const path of bad.manifest?.drop ?? []) setAt(manifest, path, undefined);
  if (bad.manifest?.none !== true)
    await writeFile(join(run, MANIFEST), bad.manifest?.text ?? JSON.stringify(manifest));
  const outside = join(root, "outside", who.name);
  await mkdir(outside, { recursive: true });
  for (const [name, argument] of bad.place ?? [])
    await (PLACE[name] as (place: Place, argument: unknown) => Promise<void>)(
      { run, exports, outside, who },
      argument,
    );
}

/** A case as it stands in its folder, under the names it has in the tree. */
export function readCase(folder: string, who: Who): BadExport {
  return JSON.parse(named(readFileSync(join(folder, "case.json"), "utf8"), who)) as BadExport;
}
