import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { assemble, moduleOf, sources } from "./assemble.ts";

const root = join(import.meta.dirname, "..");

test.each(sources())("%s is what its module was made from", async (source) => {
  const committed = readFileSync(join(root, moduleOf(source)));
  expect(
    committed.equals(await assemble(source)),
    `${moduleOf(source)} is stale: run "npm run build:wasm"`,
  ).toBe(true);
});
