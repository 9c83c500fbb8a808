import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ContainerClient } from "@azure/storage-blob";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { cli, withFolder, writeConfig, writeTree } from "../home.ts";
import { describeWith, ROOT } from "../needs.ts";
import {
  accountUrl,
  type Azurite,
  connectionString,
  type Proxy,
  sasToken,
  startAzurite,
  startProxy,
  upload,
} from "./azurite.ts";
import { type Cells, exportRun, part, runId } from "./bill.ts";
import { ACCOUNT } from "./shape-bills.ts";
import { ledger, stored, take, type TakeOptions } from "./taken.ts";

const COLUMNS = [
  "BilledCost",
  "EffectiveCost",
  "BillingCurrency",
  "BillingPeriodStart",
  "ChargePeriodStart",
  "ChargeCategory",
  "ServiceName",
  "ChargeDescription",
  "SubAccountId",
];
const line = (month: string, amount: string, text = ""): Cells => ({
  BilledCost: amount,
  EffectiveCost: amount,
  BillingCurrency: "EUR",
  BillingPeriodStart: `${month}-01T00:00:00Z`,
  ChargePeriodStart: `${month}-03T00:00:00Z`,
  ChargeCategory: "Usage",
  ServiceName: "Storage",
  ChargeDescription: text,
  SubAccountId: ACCOUNT,
});
const run = (n: number, month: string, amounts: string[], root = "finops") =>
  exportRun({
    root,
    name: "daily",
    type: "FocusCost",
    month,
    run: runId(n),
    submitted: `2026-09-${String(n).padStart(2, "0")}T06:00:00`,
    parts: amounts.map((amount, at) =>
      part(`part_${at}_0001.csv${at % 2 === 1 ? ".gz" : ""}`, COLUMNS, [line(month, amount)]),
    ),
  });
const amountsOf = async (folder: string) =>
  (await stored(folder, "billed_cost", "ORDER BY ALL")).map((row) => Number(row["billed_cost"]));
const SECRET = "BLOB_TEST_SECRET";

describeWith("Azurite", "blob storage", (script) => {
  let azurite: Azurite;
  let proxy: Proxy;
  let count = 0;

  beforeAll(async () => {
    azurite = await startAzurite(script);
    proxy = await startProxy(azurite.port);
  });
  afterEach(() => {
    proxy.before = () => {};
    delete process.env[SECRET];
  });
  afterAll(async () => {
    await proxy.stop();
    await azurite.stop();
  });

  /** A container of its own, holding `files`. */
  async function container(files: Record<string, string | Uint8Array>): Promise<ContainerClient> {
    const client = azurite.service.getContainerClient(`exports-${++count}`);
    await client.create();
    await upload(client, files);
    return client;
  }

  /** Ingests from a container through the proxy. */
  async function takeBlobs(
    folder: string,
    name: string,
    options: TakeOptions & { prefix?: string; secret?: string; auth?: string } = {},
  ) {
    proxy.seen.length = 0;
    process.env[SECRET] = options.secret ?? connectionString(proxy.port);
    const prefix = options.prefix === undefined ? "" : `, prefix: ${options.prefix}`;
    return take(folder, {
      ...options,
      sources: `  - { type: azure-exports, name: billing, location: { account: "${accountUrl(proxy.port)}", container: ${name}${prefix}, auth: { type: ${options.auth ?? "connectionString"}, value: "\${env:${SECRET}}" } } }\n`,
    });
  }
  const downloads = () => proxy.seen.filter((what) => /part_/.test(what));

  const tree = { ...run(1, "2026-07", ["1.5", "2"]), ...run(2, "2026-08", ["3", "4"]) };

  describe("with a connection string, a SAS or a folder", () => {
    it("the same tree is the same bill", () =>
      withFolder((folder) =>
        withFolder(async (beside) => {
          await writeTree(join(beside, "exports"), tree);
          expect((await take(beside)).loaded).toBe(2);
          const client = await container(tree);
          expect((await takeBlobs(folder, client.containerName)).events).toMatchObject([
            { unit: "daily FocusCost 2026-07", outcome: "loaded", rows: 2 },
            { unit: "daily FocusCost 2026-08", outcome: "loaded", rows: 2 },
          ]);
          const lines = "* EXCLUDE (filename, file_row_number)";
          expect(await stored(folder, lines, "ORDER BY ALL")).toEqual(
            await stored(beside, lines, "ORDER BY ALL"),
          );
          const controls = "SELECT * FROM unit_control ORDER BY ALL";
          expect(await ledger(folder, controls)).toEqual(await ledger(beside, controls));
          const hashes = "SELECT unit, run, submitted_at, content_hash FROM unit ORDER BY ALL";
          expect(await ledger(folder, hashes)).toEqual(await ledger(beside, hashes));
          expect(await amountsOf(folder)).toEqual([1.5, 2, 3, 4]);
        }),
      ));

    it("a SAS with and without its question mark reads and lists", () =>
      withFolder(async (folder) => {
        const client = await container(tree);
        const token = await sasToken(client, 30);
        expect(token.startsWith("?")).toBe(true);
        const options = { auth: "sas", secret: token };
        expect((await takeBlobs(folder, client.containerName, options)).loaded).toBe(2);
        const bare = { auth: "sas", secret: token.slice(1) };
        expect((await takeBlobs(folder, client.containerName, bare)).unchanged).toBe(2);
      }));

    it("a prefix keeps to its folder, and is no beginning of another's name", () =>
      withFolder(async (folder) => {
        const client = await container({
          ...run(1, "2026-07", ["1"], "finops"),
          ...run(2, "2026-08", ["9"], "finops-old"),
        });
        const { events } = await takeBlobs(folder, client.containerName, { prefix: "finops" });
        expect(events).toMatchObject([{ unit: "daily FocusCost 2026-07", outcome: "loaded" }]);
        expect(downloads()).toHaveLength(1);
        await withFolder(async (other) => {
          const both = await takeBlobs(other, client.containerName);
          expect(both.loaded).toBe(2);
        });
      }));

    it("--since and --until fetch the months asked for and no other's parts", () =>
      withFolder(async (folder) => {
        const client = await container(tree);
        const options = { since: "2026-08-01", until: "2026-09-01" };
        const { events } = await takeBlobs(folder, client.containerName, options);
        expect(events).toMatchObject([{ unit: "daily FocusCost 2026-08", outcome: "loaded" }]);
        expect(downloads()).toHaveLength(2);
        expect(downloads().every((what) => what.includes("20260801-20260831"))).toBe(true);
      }));
  });

  it("blobs that did not change are not fetched again", () =>
    withFolder(async (folder) => {
      const client = await container(tree);
      await takeBlobs(folder, client.containerName);
      expect(downloads()).toHaveLength(4);
      const again = await takeBlobs(folder, client.containerName);
      expect(again).toMatchObject({ loaded: 0, unchanged: 2, failed: 0 });
      expect(downloads()).toEqual([]);
      expect(proxy.seen.filter((what) => what.endsWith(" list"))).toHaveLength(1);
      expect(proxy.seen.filter((what) => what.endsWith("manifest.json"))).toHaveLength(2);
      await upload(client, run(3, "2026-08", ["30", "40"]));
      await takeBlobs(folder, client.containerName);
      expect(downloads()).toHaveLength(2);
      expect(await amountsOf(folder)).toEqual([1.5, 2, 30, 40]);
    }));

  describe("an export that is overwritten while it is read", () => {
    /** Azure's way: the old run goes, the new one comes, its manifest last. */
    async function overwrite(client: ContainerClient, old: string[], next: typeof tree) {
      for (const name of old) await client.deleteBlob(name);
      await upload(client, next);
    }

    for (const [when, pattern] of [
      ["its manifest is read", /manifest\.json$/],
      ["its first part is fetched", /part_0_0001\.csv$/],
      ["its last part is fetched", /part_1_0001\.csv\.gz$/],
    ] as const)
      it(`before ${when}: the new run is taken, whole`, () =>
        withFolder(async (folder) => {
          const old = run(1, "2026-08", ["1", "2"]);
          const client = await container(old);
          let done = false;
          proxy.before = async (what) => {
            if (done || !what.startsWith("GET") || !pattern.test(what)) return;
            done = true;
            await overwrite(client, Object.keys(old), run(2, "2026-08", ["10", "20"]));
          };
          const taken = await takeBlobs(folder, client.containerName);
          expect(done).toBe(true);
          expect(taken).toMatchObject({ loaded: 1, failed: 0 });
          expect(await amountsOf(folder)).toEqual([10, 20]);
          expect(await ledger(folder, "SELECT run FROM unit")).toEqual([{ run: runId(2) }]);
        }));

    it("a blob written anew under its old name is seen by its ETag, half a run is never taken", () =>
      withFolder(async (folder) => {
        const old = run(1, "2026-08", ["1", "2"]);
        const client = await container(old);
        const next = Object.fromEntries(
          Object.entries(run(2, "2026-08", ["10", "20"])).map(([name, content]) => [
            name.replace(runId(2), runId(1)),
            typeof content === "string"
              ? content.replaceAll(`/${runId(2)}/`, `/${runId(1)}/`)
              : content,
          ]),
        );
        let done = false;
        proxy.before = async (what) => {
          if (done || !/^GET .*part_1_/.test(what)) return;
          done = true;
          await upload(client, next);
        };
        const taken = await takeBlobs(folder, client.containerName);
        expect(done).toBe(true);
        expect(taken).toMatchObject({ loaded: 1, failed: 0 });
        expect(await amountsOf(folder)).toEqual([10, 20]);
      }));

    it("a part that is gone for good fails its month alone; what was loaded stays", () =>
      withFolder(async (folder) => {
        const client = await container(tree);
        await takeBlobs(folder, client.containerName);
        for (const name of Object.keys(tree)) await client.deleteBlob(name);
        await upload(client, { ...run(3, "2026-07", ["100"]), ...run(4, "2026-08", ["300"]) });
        proxy.before = async (what) => {
          if (/^GET .*20260701.*0003\/part_0/.test(what))
            await client
              .getBlobClient(what.slice(`GET /devstoreaccount1/${client.containerName}/`.length))
              .deleteIfExists();
        };
        const taken = await takeBlobs(folder, client.containerName);
        expect(taken.events.map(({ unit, outcome }) => [unit, outcome])).toContainEqual([
          "daily FocusCost 2026-08",
          "loaded",
        ]);
        const failed = taken.events.filter((event) => event.outcome === "failed");
        expect(failed.map((event) => event.unit)).toContain("daily FocusCost 2026-07");
        expect(failed.map((event) => event.problem).join()).toMatch(
          /part_0_0001\.csv.*(gone|not there)/,
        );
        expect(await amountsOf(folder)).toEqual([1.5, 2, 300]);
      }));
  });

  describe("what cannot be read says what to do", () => {
    it("a wrong container", () =>
      withFolder(async (folder) => {
        const { events } = await takeBlobs(folder, "no-such-container");
        expect(events).toMatchObject([
          {
            outcome: "failed",
            code: "SOURCE_UNREADABLE",
            problem: `${accountUrl(proxy.port)}/no-such-container/: there is no such container; check account and container`,
          },
        ]);
      }));

    it("a wrong key, which is not repeated", () =>
      withFolder(async (folder) => {
        const client = await container(tree);
        const key = randomBytes(64).toString("base64");
        const secret = connectionString(proxy.port, key);
        const { events } = await takeBlobs(folder, client.containerName, { secret });
        expect(events).toMatchObject([{ outcome: "failed", code: "SOURCE_UNREADABLE" }]);
        expect(events[0]?.problem).toBe(
          `${accountUrl(proxy.port)}/${client.containerName}/: access denied (AuthorizationFailure); give this identity "Storage Blob Data Reader" on the container`,
        );
        expect(proxy.seen).toHaveLength(1);
        expect(events[0]?.problem).not.toContain(key);
      }));

    it("a SAS that has expired, or may not list", () =>
      withFolder(async (folder) => {
        const client = await container(tree);
        for (const secret of [await sasToken(client, -5), await sasToken(client, 30, "r")]) {
          const options = { auth: "sas", secret };
          const { events } = await takeBlobs(folder, client.containerName, options);
          expect(events).toMatchObject([{ outcome: "failed", code: "SOURCE_UNREADABLE" }]);
          expect(events[0]?.problem).toContain('"Storage Blob Data Reader"');
          expect(events[0]?.problem).not.toContain("sig=");
        }
      }));

    it("bytes that are not those of the blob's Content-MD5", () =>
      withFolder(async (folder) => {
        const client = await container(tree);
        const name = Object.keys(tree).find((key) => /20260801.*part_0/.test(key)) ?? "";
        await client.getBlobClient(name).setHTTPHeaders({ blobContentMD5: randomBytes(16) });
        const { events } = await takeBlobs(folder, client.containerName);
        expect(events).toMatchObject([
          { unit: "daily FocusCost 2026-07", outcome: "loaded" },
          { unit: "daily FocusCost 2026-08", outcome: "failed", code: "FILE_INVALID" },
        ]);
        expect(events[1]?.problem).toContain(
          "part_0_0001.csv: the bytes do not match the blob's Content-MD5",
        );
        expect(await amountsOf(folder)).toEqual([1.5, 2]);
      }));
  });

  describe("a connection that is cut", () => {
    const noise = Array.from({ length: 40 }, () => randomBytes(24_000).toString("hex"));
    const large = exportRun({
      name: "daily",
      type: "FocusCost",
      month: "2026-08",
      run: runId(7),
      submitted: "2026-09-07T06:00:00",
      parts: [
        part(
          "part_0_0001.csv",
          COLUMNS,
          noise.map((text, n) => line("2026-08", String(n), text)),
        ),
      ],
    });

    it("once, in the middle: the rest is fetched and the bytes are the blob's", () =>
      withFolder(async (folder) => {
        const client = await container(large);
        let cuts = 0;
        proxy.before = async (what) => (/part_0/.test(what) && cuts++ === 0 ? 700_000 : undefined);
        const taken = await takeBlobs(folder, client.containerName);
        expect(cuts).toBe(2);
        expect(taken).toMatchObject({ loaded: 1, failed: 0 });
        const texts = await stored(folder, "charge_description", "ORDER BY billed_cost");
        expect(texts.map((row) => row["charge_description"])).toEqual(noise);
      }));

    it("again and again: the month fails, nothing of it is kept, and the next run takes it", () =>
      withFolder(async (folder) => {
        const client = await container(large);
        proxy.before = async (what) => (/part_0/.test(what) ? 10_000 : undefined);
        const { events } = await takeBlobs(folder, client.containerName);
        expect(events).toMatchObject([{ outcome: "failed", rows: 0 }]);
        expect(events[0]?.problem).toMatch(
          /part_0_0001\.csv: cannot be read \(the connection was cut\); check/,
        );
        expect(await ledger(folder, "SELECT * FROM unit")).toEqual([]);
        proxy.before = () => {};
        expect(await takeBlobs(folder, client.containerName)).toMatchObject({ loaded: 1 });
        expect(await stored(folder, "billed_cost")).toHaveLength(40);
      }));
  });
});

describe("packages for signing in", () => {
  const run = promisify(execFile);
  const hooks = `import { registerHooks } from "node:module"; import { writeFileSync } from "node:fs";
const seen = new Set();
registerHooks({ resolve(name, context, next) { const found = next(name, context); seen.add(found.url); return found; } });
process.on("exit", () => writeFileSync(process.env.SEEN_FILE, JSON.stringify([...seen])));`;
  const packages = async (file: string) => {
    const urls = JSON.parse(await readFile(file, "utf8")) as string[];
    return [
      ...new Set(urls.flatMap((url) => /node_modules\/(@azure\/[^/]+)\//.exec(url)?.[1] ?? [])),
    ];
  };

  for (const [auth, account, expected] of [
    ["sas", "http://127.0.0.1:1/devstoreaccount1", false],
    ["azure", "https://example.invalid", true],
  ] as const)
    it(`@azure/identity is ${expected ? "" : "not "}loaded with auth ${auth}`, () =>
      withFolder(async (folder) => {
        const hook = join(folder, "hook.mjs");
        const seen = join(folder, "seen.json");
        const module = JSON.stringify(join(ROOT, "ingest/azure-exports/blob.ts"));
        await writeFile(hook, hooks);
        await writeFile(
          join(folder, "open.mjs"),
          `const { blobStore } = await import(${module}); await blobStore({ account: "${account}", container: "exports", auth: { type: "${auth}", value: "sv=1" } });`,
        );
        await run(process.execPath, ["--import", hook, join(folder, "open.mjs")], {
          env: { ...process.env, SEEN_FILE: seen },
        });
        const loaded = await packages(seen);
        expect(loaded).toContain("@azure/storage-blob");
        expect(loaded.includes("@azure/identity")).toBe(expected);
      }));

  it("nothing of Azure's is loaded to ingest from a folder", () =>
    withFolder(async (folder) => {
      const hook = join(folder, "hook.mjs");
      await writeFile(hook, hooks);
      await writeTree(join(folder, "exports"), run2());
      const config = await writeConfig(folder);
      const seen = join(folder, "seen.json");
      const result = await cli(["ingest", "--config", config], {
        env: { NODE_OPTIONS: `--import ${hook}`, SEEN_FILE: seen },
      });
      expect(result.units).toMatchObject([{ outcome: "loaded", rows: 1 }]);
      const urls = await readFile(seen, "utf8");
      expect(urls).toContain("ingest/azure-exports/directory.ts");
      expect(await packages(seen)).toEqual([]);
    }));

  function run2() {
    return exportRun({
      name: "daily",
      type: "FocusCost",
      month: "2026-08",
      run: runId(1),
      submitted: "2026-09-01T06:00:00",
      parts: [part("part_0_0001.csv", COLUMNS, [line("2026-08", "1")])],
    });
  }
});
