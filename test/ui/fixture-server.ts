import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { initialRequests, withAnswers } from "../../ui/answers.ts";
import { type FixtureOptions, makeFixture } from "./fixture.ts";

/** Serves `dist/ui` and made-up answers, as the real server will: same policy, same first answers. */

export const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "../../dist/ui");
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

interface ServerOptions extends FixtureOptions {
  /** Every API request fails. */
  failing?: boolean;
  /** The page comes without answers, and each takes so long. */
  delayMs?: number;
}

/** Starts on a free port (or the given one) of this machine only. */
export async function startFixture(
  options: ServerOptions = {},
  port = 0,
): Promise<{ server: Server; url: string }> {
  const fixture = makeFixture(options);
  const answer = (path: string): { status: number; body: unknown } => {
    const url = new URL(path, "http://fixture");
    if (options.failing === true) {
      const detail =
        'published/2026-11-0f3c.duckdb is damaged; run "apportion build" to publish again';
      return {
        status: 500,
        body: {
          type: "about:blank",
          title: "Damaged",
          status: 500,
          code: "WAREHOUSE_DAMAGED",
          detail,
        },
      };
    }
    const month = url.searchParams.get("month");
    if (month !== null && !fixture.months.includes(month)) {
      return {
        status: 404,
        body: {
          type: "about:blank",
          title: "Not found",
          status: 404,
          code: "NO_SUCH_MONTH",
          detail: `No month ${month} is published.`,
        },
      };
    }
    const routes: Record<string, () => unknown> = {
      "/api/v1/showback": () => fixture.showback(url.searchParams),
      "/api/v1/showback/trend": () => fixture.trend(url.searchParams),
      "/api/v1/showback/movers": () => fixture.movers(url.searchParams),
      "/api/v1/reconciliation": () => fixture.reconciliation(url.searchParams),
      "/api/v1/sources": () => fixture.sources(),
      "/api/v1/findings": () => ({
        data: [],
        sums: [],
        made: { at: null, stale: false },
        assumptions: [],
        meta: fixture.sources().meta,
      }),
    };
    const route = routes[url.pathname];
    if (route !== undefined) return { status: 200, body: route() };
    return {
      status: 404,
      body: {
        type: "about:blank",
        title: "Not found",
        status: 404,
        code: "NOT_FOUND",
        detail: url.pathname,
      },
    };
  };
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? "/", "http://fixture");
      response.setHeader("content-security-policy", CSP);
      response.setHeader("x-content-type-options", "nosniff");
      if (url.pathname.startsWith("/api/")) {
        await new Promise((done) => setTimeout(done, options.delayMs ?? 0));
        const { status, body } = answer(url.pathname + url.search);
        response
          .writeHead(status, { "content-type": "application/json" })
          .end(JSON.stringify(body));
        return;
      }
      const file = extname(url.pathname) === "" ? "index.html" : normalize(url.pathname);
      const bytes = await readFile(join(DIST, file));
      const type = TYPES[extname(file)] ?? "application/octet-stream";
      if (file !== "index.html" || options.delayMs !== undefined) {
        response.writeHead(200, { "content-type": type }).end(bytes);
        return;
      }
      const paths = initialRequests(url.pathname, url.search);
      const answers = Object.fromEntries(paths.map((path) => [path, answer(path).body]));
      response.writeHead(200, { "content-type": type }).end(withAnswers(bytes.toString(), answers));
    })().catch(() => response.writeHead(404).end());
  });
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  const address = server.address();
  const at = typeof address === "object" && address !== null ? address.port : port;
  return { server, url: `http://127.0.0.1:${at}` };
}

if (import.meta.main) {
  const teams = Number(process.env["TEAMS"] ?? 12);
  const { url } = await startFixture({ teams }, Number(process.env["PORT"] ?? 8090));
  process.stdout.write(`${url}\n`);
}
