import { createServer } from "node:http";
import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AppError, asAppError, redacted } from "../../data/errors.ts";
import { cli, withFolder, writeConfig } from "../home.ts";

/** Row 44 of the attack table: no secret in a message, a log, a file or a stack. */
describe("a message", () => {
  const SAID: Readonly<Record<string, [string, string]>> = {
    "a connection string": [
      "cannot use DefaultEndpointsProtocol=https;AccountName=a;AccountKey=S3cr3t+/==;EndpointSuffix=x",
      "cannot use DefaultEndpointsProtocol=https;AccountName=a;AccountKey=…;EndpointSuffix=x",
    ],
    "a SAS": [
      "GET https://a.example/c/b?sv=2024&sr=c&sig=S3cr3t%2B%3D&se=2026 failed",
      "GET https://a.example/c/b?sv=2024&sr=c&sig=…&se=2026 failed",
    ],
    "a SAS in a connection string": [
      "BlobEndpoint=https://a;SharedAccessSignature=sv=1&sig=S3cr3t",
      "BlobEndpoint=https://a;SharedAccessSignature=…",
    ],
    "a bearer token": ["authorization: Bearer eyJhbGciOi.S3cr3t.x", "authorization: Bearer …"],
    "a password in an address": ["https://me:S3cr3t@host/x", "https://…@host/x"],
    nothing: ["resourceGroup=rg design=x 1/2 @ 3", "resourceGroup=rg design=x 1/2 @ 3"],
  };
  for (const [name, [said, want]] of Object.entries(SAID))
    it(`with ${name}`, () => {
      expect(redacted(said)).toBe(want);
      expect(new AppError("USAGE", said).message).toBe(want);
      expect(asAppError(new Error(said)).message).toBe(want);
    });
});

async function everything(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile() && entry.name !== "apportion.yaml");
  expect(files.length).toBeGreaterThan(0);
  const texts = files.map((entry) => readFile(join(entry.parentPath, entry.name), "latin1"));
  return (await Promise.all(texts)).join("");
}

describe("a source that fails", () => {
  const source = (account: string, type: string) =>
    `  - { type: azure-exports, name: blob, location: { account: "${account}", container: exports, auth: { type: ${type}, value: "\${env:APPORTION_SECRET}" } } }\n`;

  it("keeps a SAS out of its errors, its stack and its home", async () => {
    const asked: string[] = [];
    const server = createServer((request, reply) => {
      asked.push(request.url ?? "");
      reply.writeHead(403, { "content-type": "application/xml" });
      reply.end("<Error><Code>AuthenticationFailed</Code><Message>sig=S3cr3t</Message></Error>");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      await withFolder(async (folder) => {
        const { port } = server.address() as AddressInfo;
        const config = await writeConfig(folder, "", source(`http://127.0.0.1:${port}/dev`, "sas"));
        const done = await cli(["ingest", "--debug", "--config", config], {
          env: { APPORTION_SECRET: "?sv=2024-01-01&sr=c&sp=rl&sig=S3cr3tS3cr3t%3D" },
        });
        expect(asked.join("\n")).toContain("S3cr3t");
        expect(done.code).toBe(3);
        expect(done.err).toContain("access denied");
        expect(done.err + done.out + (await everything(folder))).not.toContain("S3cr3t");
      });
    } finally {
      server.close();
    }
  });

  it("keeps a broken connection string out too", async () => {
    await withFolder(async (folder) => {
      const config = await writeConfig(
        folder,
        "",
        source("https://acct.blob.core.windows.net", "connectionString"),
      );
      const done = await cli(["ingest", "--debug", "--config", config], {
        env: { APPORTION_SECRET: "AccountName=acct;AccountKey=S3cr3tS3cr3t" },
      });
      expect(done.code).toBe(3);
      expect(done.units).toMatchObject([{ outcome: "failed" }]);
      expect(done.err + done.out + (await everything(folder))).not.toContain("S3cr3t");
    });
  });
});
