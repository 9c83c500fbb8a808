import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createRequire } from "node:module";
import type { BlobServiceClient, ContainerClient } from "@azure/storage-blob";

const { BlobServiceClient: Client, ContainerSASPermissions } = createRequire(import.meta.url)(
  "@azure/storage-blob",
) as typeof import("@azure/storage-blob");

// The one account every Azurite has; its key is in Microsoft's documentation.
const ACCOUNT = "devstoreaccount1";
const KEY =
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

export interface Azurite {
  service: BlobServiceClient;
  port: number;
  stop(): Promise<void>;
}

/** Starts Azurite's blob service on a free port, in memory. */
export async function startAzurite(script: string): Promise<Azurite> {
  const child = spawn(
    process.execPath,
    [
      script,
      "--inMemoryPersistence",
      "--blobPort",
      "0",
      "--blobHost",
      "127.0.0.1",
      "--silent",
      "--disableTelemetry",
      "--skipApiVersionCheck",
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  const port = await new Promise<number>((resolve, reject) => {
    const hear = (data: Buffer) => {
      said += data.toString();
      const match =
        /successfully (?:listens|listening) (?:on|at) http:\/\/127\.0\.0\.1:(\d+)/i.exec(said);
      if (match !== null) resolve(Number(match[1]));
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("exit", () => reject(new Error(`Azurite ended: ${said}`)));
  });
  return {
    port,
    service: Client.fromConnectionString(connectionString(port)),
    stop: () =>
      new Promise((resolve) => {
        child.removeAllListeners("exit");
        child.once("exit", () => resolve());
        child.kill();
      }),
  };
}

export const accountUrl = (port: number) => `http://127.0.0.1:${port}/${ACCOUNT}`;

export const connectionString = (port: number, key = KEY) =>
  `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${key};BlobEndpoint=${accountUrl(port)};`;

/** A token for reading and listing one container, valid from an hour ago until `minutes` from now. */
export async function sasToken(
  container: ContainerClient,
  minutes: number,
  permissions = "rl",
): Promise<string> {
  const now = Date.now();
  const url = await container.generateSasUrl({
    permissions: ContainerSASPermissions.parse(permissions),
    startsOn: new Date(now - 3_600_000),
    expiresOn: new Date(now + minutes * 60_000),
  });
  return new URL(url).search;
}

export interface Proxy {
  port: number;
  /** Requests so far as `GET path`, blob downloads and listings alike. */
  seen: string[];
  /** Called before a request goes on; what it returns is how many bytes of the answer get through. */
  before: (what: string) => Promise<number | void> | void;
  stop(): Promise<void>;
}

/** Stands before Azurite: counts, waits, and cuts connections where a test asks for it. */
export async function startProxy(to: number): Promise<Proxy> {
  const proxy: Proxy = { port: 0, seen: [], before() {}, stop: async () => {} };
  const server: Server = createServer((asked, answer) => {
    const path = decodeURIComponent((asked.url ?? "").split("?")[0] ?? "");
    const what = `${asked.method} ${path}${asked.url?.includes("comp=list") === true ? " list" : ""}`;
    proxy.seen.push(what);
    void Promise.resolve(proxy.before(what)).then((limit) => {
      const onward = request(
        {
          host: "127.0.0.1",
          port: to,
          method: asked.method,
          path: asked.url,
          headers: asked.headers,
        },
        (found) => relay(found, limit ?? Infinity),
      );
      onward.on("error", () => answer.destroy());
      asked.pipe(onward);
    });
    function relay(found: IncomingMessage, limit: number): void {
      answer.writeHead(found.statusCode ?? 500, found.headers);
      let left = limit;
      found.on("data", (chunk: Buffer) => {
        if (left <= 0) return;
        const some = chunk.subarray(0, left);
        left -= some.length;
        if (left > 0) answer.write(some);
        else answer.write(some, () => answer.destroy());
      });
      found.on("end", () => {
        if (left > 0) answer.end();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  proxy.port = (server.address() as AddressInfo).port;
  proxy.stop = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return proxy;
}

/** Puts files into a container, as Azure does: parts first, the manifest last. */
export async function upload(
  container: ContainerClient,
  files: Record<string, string | Uint8Array>,
): Promise<void> {
  const names = Object.keys(files).toSorted(
    (a, b) => Number(a.endsWith("manifest.json")) - Number(b.endsWith("manifest.json")),
  );
  for (const name of names) {
    const bytes = Buffer.from(files[name] ?? "");
    await container.getBlockBlobClient(name).upload(bytes, bytes.length);
  }
}
