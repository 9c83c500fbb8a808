import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const UI = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(UI);
const DIST = join(ROOT, "dist");
const OUT = join(DIST, "ui");
const STAMP = ".built-from";

/**
 * Builds the pages into `dist/ui`, unless what is there was built from the same sources. A reader
 * never sees half a build: it is made beside and swapped by rename.
 *
 * Where Vite is not installed this rejects with Node's own `ERR_MODULE_NOT_FOUND`, but only if there
 * is something to build.
 */
export async function buildUi(
  options: { force?: boolean } = {},
): Promise<{ built: boolean; dir: string }> {
  const hash = await hashOfSources();
  if (options.force !== true && (await stampOf(OUT)) === hash) return { built: false, dir: OUT };
  const { build } = await import("vite");
  const fresh = `${OUT}.new-${process.pid}`;
  const old = `${OUT}.old-${process.pid}`;
  // Under a test runner Vite would build for development, and pages would weigh a sixth more.
  const environment = process.env["NODE_ENV"];
  process.env["NODE_ENV"] = "production";
  try {
    await build({
      configFile: false,
      root: UI,
      logLevel: "warn",
      build: {
        outDir: fresh,
        emptyOutDir: true,
        target: "es2022",
        // `light-dark()` is used as it is; rewritten for older browsers, charts would lose their colours.
        cssTarget: ["chrome123", "firefox120", "safari17.5"],
        // A page of inlined data URLs would need a wider security policy.
        assetsInlineLimit: 0,
        modulePreload: false,
        // The chart chunk is large by design; a test holds both sizes to their budget.
        chunkSizeWarningLimit: 1000,
      },
    });
    await writeFile(join(fresh, STAMP), `${hash}\n`);
    await rename(OUT, old).catch(ignoreMissing);
    await rename(fresh, OUT);
  } finally {
    if (environment === undefined) delete process.env["NODE_ENV"];
    else process.env["NODE_ENV"] = environment;
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
  return { built: true, dir: OUT };
}

async function hashOfSources(): Promise<string> {
  const hash = createHash("sha256");
  const files = (await readdir(UI, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const file of [...files.toSorted(), join(ROOT, "package-lock.json")]) {
    const text = await readFile(file);
    hash.update(`${relative(ROOT, file).replaceAll(sep, "/")} ${text.length}\n`).update(text);
  }
  return hash.digest("hex");
}

async function stampOf(dir: string): Promise<string | null> {
  try {
    return (await readFile(join(dir, STAMP), "utf8")).trim();
  } catch (error) {
    ignoreMissing(error);
    return null;
  }
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}

if (import.meta.main) {
  const { built, dir } = await buildUi({ force: process.argv.includes("--force") });
  process.stdout.write(`${relative(ROOT, dir)} ${built ? "built" : "is current"}\n`);
}
