#!/usr/bin/env node
// Plain JavaScript, for whatever Node the shell has: finds the project's own, or says what to do.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const enough = ([major = 0, minor = 0]) => major > 24 || (major === 24 && minor >= 12);

if (enough(process.versions.node.split(".").map(Number))) {
  // Queries hold threads of libuv's pool, and a bill's days are UTC: both before anything starts.
  process.env.UV_THREADPOOL_SIZE ??= "16";
  process.env.TZ = "UTC";
  // Two thirds of a short command's time was compiling; where this folder cannot be written, it is.
  module.enableCompileCache(join(root, "node_modules/.cache/compile"));
  await import("../api/cli.ts");
} else {
  const own = [join(root, "node_modules/node/bin/node"), join(root, "node_modules/.bin/node")].find(
    existsSync,
  );
  if (own === undefined) {
    process.stderr.write(
      `apportion needs Node 24.12 or newer and this is ${process.version}; run "npm ci" in ${root}, which brings its own\n`,
    );
    process.exit(2);
  }
  const child = spawn(own, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(signal === null ? code : 128));
}
