import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "../../needs.ts";

/** docs/peers-check-values.md names a test for every value, and the tests it names are there. */

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

it("every check value of the peers has a test that exists, or says why it does not apply", () => {
  const tests = read("test/analysis/findings/peers.test.ts");
  const rows = read("docs/peers-check-values.md")
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .filter((line) => !line.startsWith("| input"));
  expect(rows.length).toBeGreaterThan(35);
  let named = 0;
  for (const row of rows) {
    const last = row.split(" | ").at(-1) ?? "";
    const titles = [...last.matchAll(/`peers`, "([^"]+)"/g)].map(([, title]) => title ?? "");
    const cases = [...last.matchAll(/`shapes\/([\w-]+)`/g)].map(([, name]) => name ?? "");
    named += titles.length + cases.length;
    for (const title of titles) expect(tests, row).toContain(`"${title}"`);
    for (const name of cases)
      expect(existsSync(join(ROOT, "test/cases/shapes", name, "case.json")), row).toBe(true);
    if (titles.length + cases.length === 0)
      expect(last, row).toMatch(/^(the same \||does not apply: \S)/);
  }
  expect(named).toBeGreaterThan(30);
});
