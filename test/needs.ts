import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { findAzurite, findProgram } from "./programs.ts";

const CI = process.env["CI"] !== undefined && process.env["CI"] !== "";

/** Root of the repository. */
export const ROOT = join(import.meta.dirname, "..");

/**
 * A suite that needs a real program. Without it the suite is reported by name as not run, and fails
 * where CI is set: there nothing may be left out silently.
 */
export function describeWith(
  program: "Chromium" | "Prometheus" | "Azurite",
  name: string,
  suite: (path: string) => void,
): void {
  const path = program === "Azurite" ? findAzurite() : findProgram(program);
  if (path !== null) {
    describe(name, () => suite(path));
    return;
  }
  describe(`${name} (not run: ${program} is not installed)`, () => {
    if (CI)
      it("needs its program under CI", () => {
        throw new Error(`${program} is not installed; "npm test" says how`);
      });
    else it.skip("is not run", () => {});
  });
}

/** Real bills that stand beside the project; never copied into it. */
export const REAL_BILLS = join(ROOT, "../shared/data/azure");

/** A suite over the real bills; skipped, saying so, where they are absent. */
export function describeWithBills(name: string, suite: (folder: string) => void): void {
  if (existsSync(REAL_BILLS)) describe(name, () => suite(REAL_BILLS));
  else
    describe(`${name} (not run: the real bills are not beside this checkout)`, () => {
      it.skip("is not run", () => {});
    });
}
