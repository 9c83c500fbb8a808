import { startServer } from "../../../api/server.ts";
import { readConfig } from "../../../api/config.ts";
import { homePaths } from "../../../data/files.ts";
import { buildUi } from "../../../ui/build.ts";
import { GROUPS, makeCompany, type Company, VARIANTS } from "./company.ts";
import { startProvider, type TestProvider } from "./provider.ts";

/** A server of a company, on a port, with sign-in by a real provider. */

export interface Running {
  company: Company;
  provider: TestProvider;
  address: string;
  /** Moves the server's clock on. */
  later(ms: number): void;
  close(): Promise<void>;
}

export interface RunningOptions {
  /** Lines of `server.auth`. */
  auth?: string;
  /** Lines of `server`. */
  server?: string;
  refresh?: boolean;
  pages?: boolean;
}

/** A port nobody listens on just now. */
async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done));
  const { port } = probe.address() as { port: number };
  await new Promise((done) => probe.close(done));
  return port;
}

export async function startRunning(options: RunningOptions = {}): Promise<Running> {
  const port = await freePort();
  const address = `http://localhost:${port}`;
  const provider = await startProvider([`${address}/sign-in/callback`], options);
  provider.people.set("ann", { groups: [GROUPS.shop] });
  provider.people.set("bob", { groups: [GROUPS.beta] });
  provider.people.set("fin", { groups: ["finance-people"] });
  provider.people.set("eve", { groups: ["nothing-here"] });
  process.env["APPORTION_TEST_SECRET"] = "a-secret-of-the-test";
  const company = await makeCompany(
    VARIANTS.one,
    `server:
  publicUrl: ${address}
${options.server ?? ""}  auth:
    type: oidc
    issuer: ${provider.issuer}
    clientId: apportion
    clientSecret: \${env:APPORTION_TEST_SECRET}
    roles: { finance-people: finance, Platform-People: [platform, auditor] }
${options.auth ?? ""}`,
  );
  let ahead = 0;
  const config = readConfig(company.config);
  const server = await startServer({
    paths: homePaths(config.home),
    sources: config.sources,
    currency: config.build.currency,
    host: "127.0.0.1",
    port,
    pages: options.pages === true ? (await buildUi()).dir : null,
    now: () => new Date(Date.now() + ahead),
    log: "silent",
    auth: config.server.auth,
  });
  return {
    company,
    provider,
    address,
    later: (ms) => (ahead += ms),
    async close() {
      await server.close();
      await provider.close();
      await company.remove();
    },
  };
}
