import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import { initialRequests, ME, withAnswers } from "../../ui/answers.ts";
import type { App, RouteContext } from "../app.ts";

const MISSING = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Apportion</title>
<main><h1>The pages are not built</h1>
<p>Install the development packages and start again: <code>npm ci &amp;&amp; npx apportion serve</code>, or run <code>npm run build:ui</code>.</p>
<p>The API works: <a href="/openapi.json">/openapi.json</a>, <a href="/api/v1/showback">/api/v1/showback</a>.</p></main></html>`;

/**
 * The built pages. A page carries its first answers, so that a person lands on numbers. Gives the
 * page without answers, for addresses where there is none; null where the pages are not built.
 */
export async function pageRoutes(app: App, context: RouteContext): Promise<string | null> {
  const root = context.pages;
  const shell =
    root === null ? null : await readFile(join(root, "index.html"), "utf8").catch(() => null);
  if (root !== null && shell !== null)
    await app.register(async (files) => {
      // Scripts and styles are the same for everybody and hold no figure.
      files.addHook("onRoute", (route) => {
        route.config = { ...route.config, needs: "public" };
      });
      await files.register(fastifyStatic, {
        root,
        decorateReply: false,
        index: false,
        wildcard: false,
        dotfiles: "ignore",
        cacheControl: false,
        setHeaders(reply, path) {
          // Vite puts the content's hash into these names.
          reply.header(
            "cache-control",
            path.includes("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
          );
        },
      });
    });
  for (const path of [
    "/",
    "/data",
    "/months",
    "/team/:team",
    "/clusters",
    "/namespace/:cluster/:namespace",
    "/namespaces",
    "/namespaces/:cluster/:namespace",
    "/explain",
    "/findings",
    "/backtest",
  ])
    app.get(
      path,
      { config: { needs: "shell" }, schema: { hide: true } },
      async (request, reply) => {
        reply.type("text/html; charset=utf-8");
        if (shell === null) return reply.code(503).send(MISSING);
        const url = new URL(request.url, "http://localhost");
        const { team } = request.params as { team?: string };
        const { teams } = context.principal(request);
        // The page then says whose it is not, and what to do.
        if (team !== undefined && teams?.includes(team) === false) reply.code(403);
        // Asked by the same person: what a page carries is what they would be answered.
        const { host = "localhost", cookie, authorization } = request.headers;
        const headers = {
          host,
          ...(cookie === undefined ? {} : { cookie }),
          ...(authorization === undefined ? {} : { authorization }),
        };
        const answers = await Promise.all(
          [ME, ...initialRequests(url.pathname, url.search)].map(async (asked) => {
            const answer = await app.inject({
              method: "GET",
              url: asked,
              headers,
              remoteAddress: request.ip,
            });
            return [asked, JSON.parse(answer.payload) as unknown] as const;
          }),
        );
        return reply.send(withAnswers(shell, Object.fromEntries(answers)));
      },
    );
  return shell;
}
