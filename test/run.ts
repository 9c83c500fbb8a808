import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildUi } from "../ui/build.ts";
import { isWhole, LONG } from "./long.ts";

/**
 * The tests: everyday ones, and where CI or `--all` asks, or a path is named, the long ones too. Builds
 * the pages first (several suites open them), then runs vitest in a hostile time zone and closes with
 * the plain line that counts.
 */
const root = join(import.meta.dirname, "..");
const args = process.argv.slice(2).filter((arg) => arg !== "--all");
const whole = isWhole(process.env) || process.argv.includes("--all") || named(args);
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
    ...args,
  ],
  {
    cwd: root,
    stdio: "inherit",
    env: {
      ...process.env,
      ...(whole ? { APPORTION_LONG: "1" } : {}),
      TZ: "Pacific/Chatham",
      UV_THREADPOOL_SIZE: "16",
    },
  },
);
const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(
  readFileSync(report, "utf8"),
) as Record<string, number>;
if (!whole)
  process.stdout.write(
    `left to CI and "npm test -- --all":\n${globSync(`test/${LONG}`, {
      cwd: root,
      exclude: ["test/tools/**"],
    })
      .map((file) => `  ${file}\n`)
      .toSorted()
      .join("")}`,
  );
process.stdout.write(
  `${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`,
);
process.exitCode = status ?? 1;

/** Whether the arguments name files: those are then meant, however long they take. */
function named(given: readonly string[]): boolean {
  return given.some((arg) => !arg.startsWith("-"));
}
