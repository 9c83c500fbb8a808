import { globSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { main } from "assemblyscript/asc";

/**
 * `npm run build:wasm`: every `ROOM/assembly/NAME.ts` to `ROOM/NAME.wasm`. What it makes is committed, so
 * that nobody who only runs the program needs a compiler; a test makes it again and compares.
 */
const root = join(import.meta.dirname, "..");

/** Sources from the root on, in order; what they import is in folders beside them. */
export const sources = (): string[] =>
  globSync("{data,ingest,analysis}/**/assembly/{,shared/}*.ts", { cwd: root }).toSorted();

/** Where a source's module stands, from the root on. */
export const moduleOf = (source: string): string =>
  join(source.slice(0, source.lastIndexOf("/assembly/")), `${basename(source, ".ts")}.wasm`);

/** Modules in `assembly/shared/` work on memory that threads share (`data/arena.ts`). */
const flagsOf = (source: string): string[] =>
  source.includes("/assembly/shared/")
    ? "--enable threads --sharedMemory --initialMemory 16 --maximumMemory 65536".split(" ")
    : [];

/** Compiles one source. What is wrong with it the compiler writes to stderr. @throws Error where it does not compile */
export async function assemble(source: string): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const { error } = await main(
    [
      source,
      "--baseDir",
      root,
      "--outFile",
      "made.wasm",
      ..."--runtime stub -O3 --noAssert --enable simd --importMemory --use abort=".split(" "),
      ...flagsOf(source),
    ],
    {
      stderr: process.stderr,
      writeFile: (_name, contents) => {
        if (contents instanceof Uint8Array) binary = contents;
      },
    },
  );
  if (error !== null || binary === undefined)
    throw new Error(`${source} does not compile; the compiler said why above`, { cause: error });
  return binary;
}

if (import.meta.main)
  for (const source of sources()) {
    const binary = await assemble(source);
    writeFileSync(join(root, moduleOf(source)), binary);
    process.stdout.write(`${moduleOf(source)}: ${binary.length} bytes\n`);
  }
