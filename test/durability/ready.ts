import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { startServer } from "../../api/server.ts";
import { homePaths } from "../../data/files.ts";
import { command, type Company, copyCompany, makeCompany } from "./company.ts";

/** A company that has run once, made before a file's tests and gone after them; each test gets a copy. */
export function readyCompany(name: string) {
  let root = "";
  let made: Company | null = null;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), `apportion-${name}-`));
    const company = await makeCompany(join(root, "ready"), "a");
    const { code, err } = await command(company.folder, "run");
    if (code !== 0) throw new Error(err);
    made = company;
  });
  afterAll(async () => rm(root, { recursive: true, force: true }));
  let copies = 0;
  const ready = (): Company => {
    if (made === null) throw new Error("the company is made before the tests, not before the file");
    return made;
  };
  return {
    fresh: (of = ready()) => copyCompany(of, join(root, `copy-${copies++}`)),
    path: (file: string) => join(root, file),
  };
}

/** Serves a home in this process, on a port of its own. */
export function serveHome(folder: string) {
  return startServer({
    paths: homePaths(folder),
    sources: [{ name: "billing", type: "azure-exports" }],
    currency: "EUR",
    host: "127.0.0.1",
    port: 0,
    pages: null,
    now: () => new Date(process.env["APPORTION_NOW"] ?? ""),
    log: "silent",
  });
}
