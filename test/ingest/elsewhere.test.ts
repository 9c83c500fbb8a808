import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refuseResolved } from "../../data/outward.ts";
import { cli, withFolder } from "../home.ts";

/** Row 31 of the attack table, for every source that calls an address: whatever it is led to, it stays. */

const METADATA = "http://169.254.169.254";

let leads: Server;
let elsewhere: Server;
let hits: string[];
const portOf = (server: Server) => (server.address() as AddressInfo).port;
beforeAll(async () => {
  hits = [];
  elsewhere = createServer((request, response) => {
    hits.push(request.url ?? "");
    response.setHeader("content-type", "application/json").end('{"status":"success","data":[]}');
  });
  elsewhere.listen(0, "127.0.0.1");
  await once(elsewhere, "listening");
  leads = createServer((request, response) => {
    const location = `http://127.0.0.1:${portOf(elsewhere)}${request.url ?? ""}`;
    response.writeHead(302, { location }).end();
  });
  leads.listen(0, "127.0.0.1");
  await once(leads, "listening");
});
afterAll(() => {
  for (const server of [leads, elsewhere]) server?.close().closeAllConnections();
});

const kubeconfig = (server: string) => `apiVersion: v1
kind: Config
current-context: c
clusters: [{ name: c, cluster: { server: "${server}", insecure-skip-tls-verify: true } }]
contexts: [{ name: c, context: { cluster: c, user: u } }]
users: [{ name: u, user: { token: a-token } }]
`;

/** A source of each kind that calls `address`, by its name. */
const sources = (address: string): Record<string, string> => ({
  usage: `{ type: prometheus, name: usage, cluster: prod, url: "${address}" }`,
  blobs: `{ type: azure-exports, name: blobs, location: { account: "${address}", container: exports, auth: { type: sas, value: "\${env:APPORTION_TEST_SAS}" } } }`,
  scan: "{ type: kubernetes, name: scan, cluster: prod, kubeconfig: ./kubeconfig, context: c }",
});

async function ingested(address: string, name: string) {
  return withFolder(async (folder) => {
    const file = join(folder, "apportion.yaml");
    await writeFile(join(folder, "kubeconfig"), kubeconfig(address));
    await writeFile(file, `home: ./home\nsources:\n  - ${sources(address)[name]}\n`);
    const env = { APPORTION_TEST_SAS: "sv=2024-11-04&sig=abc" };
    const { code, out, err } = await cli(["ingest", "--config", file], { env });
    return { code, told: out + err };
  });
}

describe.each(Object.keys(sources("")))("row 31: %s", (name) => {
  it("is not led to another place", async () => {
    const { code, told } = await ingested(`http://127.0.0.1:${portOf(leads)}`, name);
    expect([name, code, told]).toEqual([name, 3, told]);
    expect(hits).toEqual([]);
  });
  it("at a metadata address is not called, and says why", async () => {
    const { code, told } = await ingested(METADATA, name);
    expect([2, 3]).toContain(code);
    expect(told).toMatch(/169\.254\.169\.254 is a link-local or metadata address/);
  });
});

it("a name is judged by what it resolves to, where a library connects by itself", async () => {
  for (const address of [METADATA, "http://[::ffff:a9fe:a9fe]/", "http://2852039166/"])
    await expect(refuseResolved(address)).rejects.toThrow(/never called/);
  for (const address of ["http://localhost:1", "https://no-such-name.invalid", ""])
    await expect(refuseResolved(address)).resolves.toBeUndefined();
});
