import { open } from "node:fs/promises";
import { parse } from "csv-parse/sync";
import { AppError, printable } from "../../data/errors.ts";
import { type Dataset, type Shape, SHAPES } from "./shapes.ts";

/** A header as read: names in file order, plus where each normalised name stands. */
export interface Header {
  file: string;
  names: string[];
  index: Map<string, number>;
}

// Real headers stay under 8 KB; a first line longer than this is no header.
const MAX_HEADER = 1 << 18;

/**
 * Normalises a column name: BOM and white space off, case off, and of a localised header
 * (`Ressourcengruppe (ResourceGroup)`) the English name in parentheses.
 */
export function columnKey(name: string): string {
  const plain = name.replace(/^\ufeff/, "").trim();
  const localised = /\(([A-Za-z][A-Za-z0-9_]*)\)$/.exec(plain);
  return (localised?.[1] ?? plain).replaceAll(/[\s_]+/g, "").toLowerCase();
}

/** Builds a header; an empty or repeated name is refused, since nothing could say which is meant. */
export function makeHeader(file: string, names: readonly string[]): Header {
  const index = new Map<string, number>();
  names.forEach((name, position) => {
    const key = columnKey(name);
    if (key === "")
      throw new AppError(
        "HEADER_INVALID",
        `${file}: column ${position + 1} of the header has no name; export the file again`,
      );
    if (index.has(key))
      throw new AppError(
        "HEADER_INVALID",
        `${file}: the header names "${printable(name)}" twice; export the file again`,
      );
    index.set(key, position);
  });
  return { file, names: [...names], index };
}

/** Reads the first record of a CSV file. */
export async function readCsvHeader(path: string, file: string): Promise<Header> {
  const handle = await open(path, "r");
  let text: string;
  try {
    const buffer = Buffer.alloc(MAX_HEADER);
    const { bytesRead } = await handle.read(buffer, 0, MAX_HEADER, 0);
    if (/^(fffe|feff)/.test(buffer.toString("hex", 0, 2)))
      throw new AppError(
        "HEADER_INVALID",
        `${file}:1: the file is UTF-16; Azure writes UTF-8, export it again`,
      );
    text = buffer.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
  if (text.trim() === "")
    throw new AppError("FILE_INVALID", `${file}: the file is empty; export it again`);
  const first = /^\ufeff?\s*</.exec(text);
  if (first !== null)
    throw new AppError(
      "FILE_INVALID",
      `${file}: this is a web page, not a CSV file (${printable(text.slice(0, 40))}…); a proxy or a sign-in page answered instead of the storage`,
    );
  let record: string[] | undefined;
  try {
    [record] = parse(text, {
      bom: true,
      to: 1,
      relax_column_count: true,
      record_delimiter: ["\r\n", "\n", "\r"],
    }) as string[][];
  } catch (error) {
    throw new AppError(
      "HEADER_INVALID",
      `${file}:1: the header cannot be read (${printable((error as Error).message)})`,
      { cause: error },
    );
  }
  for (const name of record ?? []) {
    const fault = name.includes("\u0000")
      ? "holds a NUL byte"
      : name.includes("\ufffd")
        ? "is not UTF-8"
        : null;
    if (fault !== null)
      throw new AppError(
        "HEADER_INVALID",
        `${file}:1: the header ${fault}: "${printable(name.slice(0, 80))}"; export the file again`,
      );
  }
  return makeHeader(file, record ?? []);
}

/** What a file of this header is. A missing mandatory column is refused with the header shown. */
export function recogniseShape(header: Header, dataset: Dataset | null): Shape {
  const has = (name: string) => header.index.has(columnKey(name));
  const wanted =
    dataset === null
      ? undefined
      : dataset === "FocusCost"
        ? "focus"
        : dataset === "Usage"
          ? "payg"
          : "legacy";
  const shape =
    SHAPES.find((candidate) => candidate.name === wanted) ??
    SHAPES.toSorted((a, b) => b.marks.filter(has).length - a.marks.filter(has).length).find(
      (candidate) => candidate.marks.some(has),
    );
  const shown = printable(header.names.slice(0, 12).join(","));
  if (shape === undefined)
    throw new AppError(
      "HEADER_INVALID",
      `${header.file}:1: no known cost export has this header: ${shown}${header.names.length > 12 ? ",…" : ""}`,
    );
  for (const names of shape.mandatory)
    if (!names.some(has))
      throw new AppError(
        "HEADER_INVALID",
        `${header.file}:1: the column ${names.join(" or ")} is missing; the header is: ${printable(header.names.join(",").slice(0, 600))}`,
      );
  return shape;
}
