import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT } from "./needs.ts";

/** A folder of its own for one test; removed afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "apportion-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface CliResult {
  code: number;
  out: string;
  err: string;
  /** The JSON line of each unit, where the command ingests. */
  units: {
    unit: string;
    outcome: string;
    rows: number;
    rejected: number;
    problem: string | null;
    code: string | null;
  }[];
}

/** Runs the command line as a person would, in a process of its own. */
export function cli(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<CliResult> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(ROOT, "bin/apportion.js"), ...args],
      {
        cwd: options.cwd ?? ROOT,
        maxBuffer: 1 << 28,
        env: { ...process.env, ...options.env },
      },
      (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 128;
        const units = out
          .split("\n")
          .filter((line) => line.startsWith('{"source"'))
          .map((line) => JSON.parse(line) as CliResult["units"][number]);
        resolve({ code, out, err, units });
      },
    );
  });
}

/** Writes files below a folder, making folders as needed. */
export async function writeTree(
  folder: string,
  files: Record<string, string | Uint8Array>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** A configuration over `exports/` of a folder, with more of it where a test says so. */
export async function writeConfig(folder: string, more = "", sources?: string): Promise<string> {
  const file = join(folder, "apportion.yaml");
  await writeFile(
    file,
    `home: ./home\ncurrency: EUR\nsources:\n${sources ?? "  - { type: azure-exports, name: billing, location: { directory: ./exports } }\n"}${more}`,
  );
  return file;
}
