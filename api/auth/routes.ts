import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { AppError, asAppError } from "../../data/errors.ts";
import type { App } from "../app.ts";
import { Problem, Whoami } from "../schemas/common.ts";
import { type Access, COOKIE, SIGNED_OUT } from "./gate.ts";
import { grantedTo } from "./groups.ts";
import { mayAsk, NEEDS, type NeedName } from "./needs.ts";
import { CALLBACK } from "./oidc.ts";
import { pathOfOurs } from "./return-to.ts";
import { plainPage, SIGN_IN_CSS } from "./sign-in-page.ts";

const ATTEMPT = "__Host-sign-in-";
const ATTEMPT_SECONDS = 600;
const html = "text/html; charset=utf-8";

/** Signing in and out, and who one is. */
export function signInRoutes(app: App, access: Access): void {
  const { settings, sessions, signIn } = access;

  app.get(
    "/api/v1/me",
    {
      config: { needs: "shell" },
      schema: {
        summary: "Who asks, which teams' figures they may read, and what else",
        querystring: { type: "object", additionalProperties: false, properties: {} },
        response: { 200: Whoami, "4xx": Problem },
      },
    },
    async (request) => {
      const { caller } = request;
      const principal = caller?.principal ?? null;
      return {
        name: principal?.name ?? "",
        roles: [...(principal?.roles ?? [])],
        teams: principal?.teams === null ? null : [...(principal?.teams ?? [])],
        may: (Object.keys(NEEDS) as NeedName[]).filter((need) => mayAsk(principal, need)),
        totals: principal?.scope.wholes ?? false,
        signIn: settings.type,
        csrf: caller?.session?.csrf ?? null,
      };
    },
  );

  app.get(
    "/sign-in.css",
    { config: { needs: "public" }, schema: { hide: true } },
    async (_, reply) =>
      reply.type("text/css; charset=utf-8").header("cache-control", "no-cache").send(SIGN_IN_CSS),
  );

  if (signIn === null) {
    if (settings.type === "tokens")
      app.get(
        "/sign-in",
        { config: { needs: "public" }, schema: { hide: true } },
        async (_, reply) =>
          reply.type(html).send(
            plainPage({
              title: "This server is for scripts",
              text: 'It answers who sends a token: "Authorization: Bearer …". Pages need a sign-in, which whoever runs it sets up with server.auth of type oidc.',
            }),
          ),
      );
    return;
  }

  app.get(
    "/sign-in",
    {
      config: { needs: "public" },
      schema: {
        hide: true,
        querystring: Type.Object({ returnTo: Type.Optional(Type.String({ maxLength: 2000 })) }),
      },
    },
    async (request, reply) => {
      const { returnTo } = request.query;
      // A page elsewhere could otherwise fill the browser with attempts through images.
      const mode = request.headers["sec-fetch-mode"];
      if (mode !== undefined && mode !== "navigate")
        throw new AppError("CROSS_SITE", "open the sign-in as a page");
      try {
        const anew = request.cookies[SIGNED_OUT] !== undefined;
        const begun = await signIn.begin(pathOfOurs(returnTo, settings), anew);
        reply.setCookie(`${ATTEMPT}${begun.attempt}`, begun.sealed, {
          ...COOKIE,
          maxAge: ATTEMPT_SECONDS,
        });
        return await reply.redirect(begun.url.href);
      } catch (error) {
        return failed(request, reply, error, access);
      }
    },
  );

  app.get(
    CALLBACK,
    { config: { needs: "public" }, schema: { hide: true } },
    async (request, reply) => {
      const search = new URL(request.url, "http://localhost").search;
      try {
        const { identity, returnTo } = await signIn.finish(search, (attempt) => {
          reply.clearCookie(`${ATTEMPT}${attempt}`, COOKIE);
          return request.cookies[`${ATTEMPT}${attempt}`];
        });
        const granted = grantedTo(identity, settings);
        const cookie = sessions.begin(granted, request.cookies[access.cookieName]);
        access.record(granted, "session.begin", `person:${granted.subject}`, {
          teams: granted.teams === null ? null : [...granted.teams],
        });
        reply.setCookie(access.cookieName, cookie, COOKIE);
        reply.clearCookie(SIGNED_OUT, COOKIE);
        return await reply.redirect(returnTo);
      } catch (error) {
        return failed(request, reply, error, access);
      }
    },
  );

  app.post(
    "/sign-out",
    { config: { needs: "public" }, schema: { hide: true } },
    async (request, reply) => {
      const { caller } = request;
      if (caller?.session != null && caller.cookie !== null) {
        sessions.end(caller.cookie);
        access.record(caller.principal, "session.end", `person:${caller.session.subject}`);
      }
      reply.clearCookie(access.cookieName, COOKIE);
      reply.setCookie(SIGNED_OUT, "1", COOKIE);
      // What the browser keeps of our pages, for the back button too, goes with the session.
      reply.header("clear-site-data", '"cache", "storage"');
      return reply.code(204).send(undefined as never);
    },
  );

  app.get(
    "/signed-out",
    { config: { needs: "public" }, schema: { hide: true } },
    async (_, reply) => {
      const end = await signIn.endOf();
      return reply.type(html).send(
        plainPage({
          title: "You are signed out",
          text: "This browser shows nothing of Apportion any more.",
          link: { href: "/sign-in", text: "Sign in again" },
          ...(end === null
            ? {}
            : { second: { href: end.href, text: `Sign out of ${end.host} as well` } }),
        }),
      );
    },
  );
}

/** A sign-in that failed, as a page that says why and what to do; on record, without what was sent. */
function failed(
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  access: Access,
): FastifyReply {
  const known = asAppError(error);
  if (known.status >= 500) request.log.error({ err: known }, "sign-in failed");
  if (known.code === "SIGN_IN_REFUSED" || known.code === "NO_ROLE")
    access.record({ name: "nobody", roles: [] }, "session.refuse", `address:${request.ip}`, {
      code: known.code,
      why: known.message.slice(0, 300),
    });
  const inside = known.status === 500;
  return reply
    .code(known.status)
    .type(html)
    .send(
      plainPage({
        title:
          known.code === "NO_ROLE"
            ? "You have no team here yet"
            : known.code === "SIGN_IN_UNAVAILABLE"
              ? "Sign-in does not work just now"
              : "You are not signed in",
        text: inside
          ? "Something went wrong on our side; tell the platform team the number below."
          : `${known.message[0]?.toUpperCase()}${known.message.slice(1)}.`,
        link: { href: "/sign-in", text: "Sign in again" },
        note: inside ? request.id : `Code ${known.code}`,
      }),
    );
}
