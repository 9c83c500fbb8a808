import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import { AppError } from "../../data/errors.ts";
import { homePaths, sha256, writeWhole } from "../../data/files.ts";
import type { Month } from "../../data/period.ts";
import type { LandedFile } from "../source.ts";

const FORMAT = "apportion/azure-query/1";

const LandedQuery = Type.Object({
  format: Type.Literal(FORMAT),
  apiVersion: Type.String(),
  scope: Type.String(),
  month: Type.String(),
  askedAt: Type.String(),
  queries: Type.Array(
    Type.Object({
      type: Type.Union([Type.Literal("ActualCost"), Type.Literal("AmortizedCost")]),
      pages: Type.Array(
        Type.Object({ status: Type.Integer(), contentType: Type.String(), body: Type.String() }),
      ),
    }),
  ),
});
/** What a unit lands: the answers to its queries, each page's body as the text it came as. */
export type LandedQuery = Static<typeof LandedQuery>;

/** Writes JSON under the month's landing folder; the name holds the hash, so nothing is replaced. */
export async function landJson(
  home: string,
  source: string,
  month: Month,
  name: string,
  content: unknown,
): Promise<LandedFile> {
  const text = `${JSON.stringify(content, null, 2)}\n`;
  const hash = sha256(text);
  const path = join(homePaths(home).landing, source, month, `${name}-${hash.slice(0, 16)}.json`);
  await writeWhole(path, text);
  return { name, path, sha256: hash, bytes: Buffer.byteLength(text) };
}

/** The format's name goes first, for whoever opens the file. */
export function landedQuery(content: Omit<LandedQuery, "format">): LandedQuery {
  return { format: FORMAT, ...content };
}

/** Reads a landed query back and holds it against what was landed and what is expected. */
export async function readLanded(
  file: LandedFile,
  expected: { scope: string; month: Month },
): Promise<LandedQuery> {
  let text: string;
  try {
    text = await readFile(file.path, "utf8");
  } catch (error) {
    throw invalid(file, `cannot be read (${(error as NodeJS.ErrnoException).code})`, error);
  }
  if (sha256(text) !== file.sha256) throw invalid(file, "its bytes changed since it was landed");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(file, "is not JSON", error);
  }
  if (!Value.Check(LandedQuery, value)) throw invalid(file, `is not of format ${FORMAT}`);
  if (value.scope !== expected.scope || value.month !== expected.month)
    throw invalid(
      file,
      `is about ${value.scope} ${value.month}, not ${expected.scope} ${expected.month}`,
    );
  return value;
}

function invalid(file: LandedFile, what: string, cause?: unknown): AppError {
  return new AppError(
    "FILE_INVALID",
    `${file.path}: ${what}; run the ingest again to land it anew`,
    cause === undefined ? undefined : { cause },
  );
}
