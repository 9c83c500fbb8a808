import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CHECKS } from "../analysis/method.ts";
import { configSchema } from "../api/config.ts";
import { COMMANDS } from "../api/commands/commands.ts";
import { ERRORS } from "../data/errors.ts";
import { appOver } from "./api/server-fixture.ts";
import { ROOT } from "./needs.ts";

const read = (name: string) => readFileSync(join(ROOT, name), "utf8");

/** What `docs/errors.md` must be, made from the table. */
export function errorsPage(): string {
  const rows = Object.entries(ERRORS)
    .map(([code, { exit, status, means }]) => `| \`${code}\` | ${means} | ${exit} | ${status} |\n`)
    .join("");
  return `<!-- Made from data/errors.ts by test/docs.test.ts; change that and run: npm test -- test/docs -u -->\n# Errors\n\nThe code is stable: scripts may rely on it. The command line gives the exit code, the API the status\nand the code as RFC 9457 problem details.\n\n| code | means | exit | HTTP |\n|---|---|---|---|\n${rows}`;
}

describe("the documents say what the code does", () => {
  it("errors.md lists every code", async () => {
    await expect(errorsPage()).toMatchFileSnapshot(join(ROOT, "docs/errors.md"));
  });
  it("config.schema.json is the schema of the code", async () => {
    await expect(`${JSON.stringify(configSchema(), null, 2)}\n`).toMatchFileSnapshot(
      join(ROOT, "docs/config.schema.json"),
    );
  });
  it("openapi.json is what the server answers", async () => {
    const server = await appOver();
    const { text } = await server.get("/openapi.json");
    await server.close();
    await expect(`${JSON.stringify(JSON.parse(text), null, 2)}\n`).toMatchFileSnapshot(
      join(ROOT, "docs/openapi.json"),
    );
  });
  it("method.md names every check with its kind", () => {
    const method = read("docs/method.md");
    for (const check of CHECKS) expect(method).toContain(`| \`${check.name}\` | ${check.kind} |`);
  });
  it("the README has exactly two commands that set everything up, and they exist", () => {
    const commands = read("README.md").match(/^npm ci && .*$/gm);
    expect(commands).toEqual(["npm ci && npx apportion demo", "npm ci && npm test"]);
    expect(Object.keys(COMMANDS)).toContain("demo");
  });
  it("every exit code is one of the contract's, and every status is an HTTP error", () => {
    for (const [code, { exit, status, means }] of Object.entries(ERRORS)) {
      expect([1, 2, 3, 4], code).toContain(exit);
      expect(status, code).toBeGreaterThanOrEqual(400);
      expect(means, code).toMatch(/^[A-Z].*\.$/);
    }
  });
});
