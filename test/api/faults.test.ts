import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, createApp } from "../../api/app.ts";
import type { Snapshots } from "../../api/snapshots.ts";
import { AppError } from "../../data/errors.ts";
import { homePaths } from "../../data/files.ts";

/** Row 45 of the attack table: a fault of ours tells an id and nothing of our insides. */
const INSIDE = "Catalog Error in SELECT s3cr3t FROM '/srv/home/published/2026-08.duckdb'";
const FAULTS: Readonly<Record<string, [unknown, string]>> = {
  "an engine's error": [new Error(INSIDE), "INTERNAL"],
  "a thing that is no error": [INSIDE, "INTERNAL"],
  "an error with a code of the system": [
    Object.assign(new Error(INSIDE), { code: "EACCES", statusCode: 500 }),
    "INTERNAL",
  ],
  "a damaged month": [
    new AppError("WAREHOUSE_DAMAGED", `/srv/home/published/2026-08.duckdb is damaged: ${INSIDE}`),
    "WAREHOUSE_DAMAGED",
  ],
};
const ADDRESSES = [
  "/api/v1/showback?by=team",
  "/api/v1/showback/trend",
  "/api/v1/reconciliation",
  "/api/v1/exports/statement.csv",
  "/api/v1/exports/lines.csv",
];

describe("a fault behind an address", () => {
  let app: App;
  let home: string;
  let fault: unknown;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "apportion-faults-"));
    const snapshots = {
      problem: null,
      enter: () => () => {},
      get current(): never {
        throw fault;
      },
    } as unknown as Snapshots;
    app = await createApp({
      paths: homePaths(home),
      sources: [],
      currency: "EUR",
      host: "127.0.0.1",
      port: 0,
      pages: null,
      now: () => new Date("2026-09-20T12:00:00Z"),
      log: "silent",
      snapshots,
    });
  });
  afterAll(async () => {
    await app.close();
    await rm(home, { recursive: true, force: true });
  });

  for (const [name, [thrown, code]] of Object.entries(FAULTS))
    for (const url of ADDRESSES)
      it(`${url}: ${name} is a generic 500 with an id`, async () => {
        fault = thrown;
        const answer = await app.inject({ url, headers: { host: "127.0.0.1" } });
        expect(answer.statusCode).toBe(500);
        expect(answer.headers["content-type"]).toContain("application/problem+json");
        expect(answer.headers["cache-control"]).toBe("no-store");
        const problem = answer.json<Record<string, string | number>>();
        const id = String(problem["instance"]).replace("urn:uuid:", "");
        expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        expect(problem).toMatchObject({ status: 500, code });
        expect(problem["detail"]).toContain(id);
        expect(answer.payload).not.toMatch(/s3cr3t|SELECT|\/srv|duckdb|\bat .*\.ts:\d+/i);
      });

  it("gives every request an id of its own", async () => {
    fault = new Error(INSIDE);
    const ids = new Set<unknown>();
    for (let request = 0; request < 3; request++)
      ids.add(
        (await app.inject({ url: ADDRESSES[0] as string, headers: { host: "127.0.0.1" } })).json<
          Record<string, unknown>
        >()["instance"],
      );
    expect(ids.size).toBe(3);
  });
});
