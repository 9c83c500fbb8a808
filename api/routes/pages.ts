import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import { initialRequests, withAnswers } from "../../ui/answers.ts";
import type { App, RouteContext } from "../app.ts";

const MISSING = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Apportion</title>
<main><h1>The pages are not built</h1>
<p>Install the development packages and start again: <code>npm ci &amp;&amp; npx apportion serve</code>, or run <code>npm run build:ui</code>.</p>
<p>The API works: <a href="/openapi.json">/openapi.json</a>, <a href="/api/v1/showback">/api/v1/showback</a>.</p></main></html>`;

/** The built pages. A page carries its first answers, so that a person lands on numbers. */
export async function pageRoutes(app: App, context: RouteContext): Promise<void> {
  const shell =
    context.pages === null
      ? null
      : await readFile(join(context.pages, "index.html"), "utf8").catch(() => null);
  if (context.pages !== null && shell !== null)
    await app.register(fastifyStatic, {
      root: context.pages,
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
  for (const path of [
    "/",
    "/data",
    "/months",
    "/team/:team",
    "/clusters",
    "/namespace/:cluster/:namespace",
    "/explain",
  ])
    app.get(path, { schema: { hide: true } }, async (request, reply) => {
      reply.type("text/html; charset=utf-8");
      if (shell === null) return reply.code(503).send(MISSING);
      const url = new URL(request.url, "http://localhost");
      const answers: Record<string, unknown> = {};
      await Promise.all(
        initialRequests(url.pathname, url.search).map(async (asked) => {
          const answer = await app.inject({
            method: "GET",
            url: asked,
            headers: { host: request.headers.host ?? "localhost" },
          });
          answers[asked] = JSON.parse(answer.payload);
        }),
      );
      return reply.send(withAnswers(shell, answers));
    });
}
