import { homePaths } from "../../data/files.ts";
import { createApp, type App } from "../../api/app.ts";
import { type ServerOptions, Snapshots } from "../../api/snapshots.ts";
import { readConfig } from "../../api/config.ts";
import { demoHome } from "../demo-home.ts";

export interface TestApp {
  app: App;
  snapshots: Snapshots;
  close(): Promise<void>;
  /** GET as a browser on this machine would. */
  get(
    url: string,
    headers?: Record<string, string>,
  ): Promise<{
    status: number;
    headers: Record<string, unknown>;
    text: string;
    json: () => unknown;
    bytes: Buffer;
  }>;
}

/** The app over a home, without a port; with sign-in where the configuration or `more` says so. */
export async function appOver(
  config?: string,
  pages: string | null = null,
  more: Partial<ServerOptions> = {},
): Promise<TestApp> {
  const { home, sources, build, server } = readConfig(config ?? (await demoHome()).config);
  const paths = homePaths(home);
  const snapshots = await Snapshots.open(paths, more.limits);
  const app = await createApp({
    paths,
    sources,
    currency: build.currency,
    host: "127.0.0.1",
    port: 0,
    pages,
    now: () => new Date("2026-09-20T12:00:00Z"),
    log: "silent",
    auth: server.auth,
    ...more,
    snapshots,
  });
  return {
    app,
    snapshots,
    async close() {
      await app.close();
      await snapshots.close();
    },
    async get(url, headers = {}) {
      const answer = await app.inject({
        method: "GET",
        url,
        headers: { host: "127.0.0.1", ...headers },
      });
      return {
        status: answer.statusCode,
        headers: answer.headers,
        text: answer.payload,
        json: () => JSON.parse(answer.payload) as unknown,
        bytes: answer.rawPayload,
      };
    },
  };
}
