import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfig } from "../../../api/config.ts";
import { homePaths } from "../../../data/files.ts";
import { openLedger } from "../../../data/ledger.ts";
import { cli } from "../../home.ts";

/** Recorded scans in place of a cluster. */

let folder = "";
let config = "";
const SOURCE = "{ type: kubernetes, name: api, cluster: prod, recorded: ./scans }";
const write = (source: string) =>
  writeFile(
    config,
    `home: ./home\nsources:\n  - ${source}\nclusters:\n  - { name: prod, resourceId: "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/prod" }\n`,
  );
const scan = (stamp: string, ...lines: (object | string)[]) =>
  writeFile(
    join(folder, "scans", `${stamp}.jsonl.gz`),
    gzipSync(
      lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""),
    ),
  );
const namespace = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, uid: `u-${name}`, creationTimestamp: "2026-01-01T00:00:00Z", labels },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "apportion-recorded-"));
  config = join(folder, "apportion.yaml");
  await mkdir(join(folder, "scans"));
  await write(SOURCE);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ingest = (now: string) =>
  cli(["ingest", "--config", config], { env: { APPORTION_NOW: now } });

test("are taken in order, up to now, into the same history as a cluster's", async () => {
  const header = { recorded: 1, cluster: "prod" };
  await scan("2026-08-01T06-00-00Z", header, namespace("shop"), namespace("old"));
  await scan("2026-08-02T06-00-00Z", header, namespace("shop", { team: "a" }));
  await scan("2026-08-03T06-00-00Z", { ...header, kinds: ["Node"] });
  await writeFile(join(folder, "scans/notes.txt"), "not a scan");
  expect((await ingest("2026-08-02T12:00:00Z")).code).toBe(0);
  expect((await ingest("2026-08-03T12:00:00Z")).code).toBe(0);
  const ledger = await openLedger(homePaths(readConfig(config).home));
  try {
    const rows = await ledger.session.rows(
      "SELECT name, valid_from, valid_to, labels FROM inventory WHERE kind = 'Namespace' ORDER BY name, valid_from",
    );
    expect(rows).toEqual([
      {
        name: "old",
        valid_from: "2026-01-01T00:00:00.000Z",
        valid_to: "2026-08-02T06:00:00.000Z",
        labels: "{}",
      },
      {
        name: "shop",
        valid_from: "2026-01-01T00:00:00.000Z",
        valid_to: "2026-08-02T06:00:00.000Z",
        labels: "{}",
      },
      {
        name: "shop",
        valid_from: "2026-08-02T06:00:00.000Z",
        valid_to: null,
        labels: '{"team":"a"}',
      },
    ]);
    const scans = await ledger.session.rows<{ kind: string; last_at: string }>(
      "SELECT kind AS kind, last_at AS last_at FROM inventory_scan WHERE kind IN ('Namespace', 'Node') ORDER BY kind",
    );
    expect(scans.map(({ last_at }) => last_at.slice(0, 10))).toEqual(["2026-08-02", "2026-08-03"]);
  } finally {
    ledger.close();
  }
});

test("that are another cluster's, or broken, are refused by their line", async () => {
  await scan("2026-08-04T06-00-00Z", { recorded: 1, cluster: "dev" });
  const other = await ingest("2026-08-04T12:00:00Z");
  expect([other.code, other.err]).toEqual([
    3,
    expect.stringMatching(/2026-08-04T06-00-00Z\.jsonl\.gz:1: is not .*"cluster":"prod"/),
  ]);
  await scan("2026-08-04T06-00-00Z", { recorded: 1, cluster: "prod" }, "{");
  expect((await ingest("2026-08-04T12:00:00Z")).err).toMatch(/jsonl\.gz:2: is not JSON/);
  await rm(join(folder, "scans/2026-08-04T06-00-00Z.jsonl.gz"));
  await write(SOURCE.replace("}", ", inCluster: true }"));
  expect((await ingest("2026-08-04T12:00:00Z")).err).toMatch(
    /has "recorded" and a way to a cluster/,
  );
});
