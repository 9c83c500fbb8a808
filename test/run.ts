import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { buildUi } from "../ui/build.ts";

/**
 * The everyday suite. Builds the pages first (several suites open them), then runs vitest in a
 * hostile time zone and closes with the plain line that counts.
 */
const root = join(import.meta.dirname, "..");
await buildUi();
const report = join(root, "test/.tmp/report.json");
const { status } = spawnSync(
  process.execPath,
  [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile=${report}`,
    ...process.argv.slice(2),
  ],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, TZ: "Pacific/Chatham", UV_THREADPOOL_SIZE: "16" },
  },
);
const { readFileSync } = await import("node:fs");
const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(
  readFileSync(report, "utf8"),
) as Record<string, number>;
process.stdout.write(
  `${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`,
);
process.exitCode = status ?? 1;
