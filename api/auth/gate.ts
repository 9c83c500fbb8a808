import cookie from "@fastify/cookie";
import rateLimit from "@fastify/rate-limit";
import type { FastifyReply, FastifyRequest } from "fastify";
import { localAt, type Principal } from "../../analysis/principal.ts";
import { AppError } from "../../data/errors.ts";
import { Register } from "../../data/register.ts";
import { appendAudit } from "../../data/register/audit.ts";
import type { Json } from "../../data/canonical.ts";
import type { App, AppOptions } from "../app.ts";
import { type AuthSettings, LOOPBACK, NO_SIGN_IN } from "./config.ts";
import { grantedTo } from "./groups.ts";
import { mayAsk, type NeedName, refusal, requireNeeds, requireTeam } from "./needs.ts";
import { SignIn } from "./oidc.ts";
import { isCsrf, type Session, Sessions } from "./sessions.ts";
import { principalOfToken, TOKEN_PREFIX } from "./tokens.ts";

/**
 * The door: every request passes its steps in this order, before any route. Under which name, who,
 * how often, from one of our pages, allowed at all.
 */

/** Who asks, and by what. */
export interface Caller {
  principal: Principal;
  by: "machine" | "token" | "session";
  session: Session | null;
  /** The session's cookie. */
  cookie: string | null;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Null: nobody who has signed in. */
    caller: Caller | null;
  }
}

/** What the door and the pages of sign-in share. */
export interface Access {
  settings: AuthSettings;
  register: Register;
  sessions: Sessions;
  signIn: SignIn | null;
  cookieName: string;
  now: () => Date;
  /** Appends to the audit log. */
  record(
    who: Pick<Principal, "name" | "roles">,
    action: string,
    subject: string,
    details?: { [key: string]: Json },
  ): void;
}

// `__Host-` holds only over https and at this machine's own name, and binds the cookie to one host.
export const SESSION_COOKIE = "__Host-apportion";
// Who signed out is not signed in again by the provider's memory, one step back or at the next click.
export const SIGNED_OUT = "__Host-signed-out";
export const COOKIE = { path: "/", secure: true, httpOnly: true, sameSite: "lax" } as const;
// By address, and only for what failed anyway: behind a proxy all people may have one.
const FAILURES_PER_MINUTE = 30;
const MINUTE = 60_000;
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** Opens what sign-in needs; closed with the app. */
export function openAccess(options: AppOptions): Access {
  const settings = options.auth ?? NO_SIGN_IN;
  const register = new Register(options.paths.register);
  const { now } = options;
  const { oidc, publicUrl } = settings;
  return {
    settings,
    register,
    now,
    cookieName: SESSION_COOKIE,
    sessions: new Sessions(register, now, {
      idle: oidc?.idle ?? 0,
      absolute: oidc?.absolute ?? 0,
      totals: settings.totals,
    }),
    signIn: oidc === null || publicUrl === null ? null : new SignIn(oidc, publicUrl, now),
    record(who, action, subject, details = {}) {
      appendAudit(register, {
        at: now().toISOString(),
        actor: who.name,
        role: who.roles.join(","),
        action,
        subject,
        details,
      });
    },
  };
}

/** Puts the door before every route; call before any route is added. */
export async function keepDoor(app: App, options: AppOptions, access: Access): Promise<void> {
  const { settings } = access;
  requireNeeds(app as never);
  await app.register(cookie);
  await app.register(rateLimit, { global: false });
  app.decorateRequest("caller", null);
  app.addHook("onClose", async () => access.register.close());
  const often = app.createRateLimit({
    max: settings.requestsPerMinute,
    timeWindow: MINUTE,
    keyGenerator: (request) =>
      request.caller === null
        ? `address ${request.ip}`
        : `${request.caller.by} ${request.caller.session?.subject ?? request.caller.principal.name}`,
  });
  const failures = app.createRateLimit({
    max: FAILURES_PER_MINUTE,
    timeWindow: MINUTE,
    keyGenerator: (request) => `failed ${request.ip}`,
  });
  const names = hostNames(options, settings);
  const identify = identifier(access);

  app.addHook("onRequest", async (request, reply) => {
    reply.header("cache-control", "no-store");
    const needs = request.routeOptions.config.needs;
    guardHost(request, names, needs);
    try {
      request.caller = await identify(request);
    } catch (error) {
      if (settings.type !== "none") await limited(reply, await failures(request));
      if (error instanceof AppError && error.status === 401) challenge(reply);
      throw error;
    }
    if (settings.type !== "none" && needs !== "health") await limited(reply, await often(request));
    guardOrigin(request, names);
    if (request.is404 || needs === undefined) return;
    const { caller } = request;
    if (mayAsk(caller?.principal ?? null, needs)) return;
    if (caller !== null) throw refusal(caller.principal, needs);
    if (isPage(request))
      return reply.redirect(
        request.cookies[SIGNED_OUT] === undefined
          ? `/sign-in?returnTo=${encodeURIComponent(request.url)}`
          : "/signed-out",
      );
    challenge(reply);
    throw new AppError(
      "SIGN_IN_NEEDED",
      access.signIn === null
        ? 'send a token as "Authorization: Bearer …"; "apportion token create" on the server makes one'
        : 'sign in, or send a token as "Authorization: Bearer …"',
    );
  });

  // After the query is read, whichever route it is of: nobody's parameter widens what is theirs.
  app.addHook("preHandler", async (request) => {
    const { caller } = request;
    if (caller === null) return;
    const asked = [request.query, request.params].map(
      (values) => (values as { team?: unknown } | null | undefined)?.team,
    );
    // A page says it itself, as a page.
    if (request.routeOptions.config.needs === "shell") return;
    for (const team of asked) if (typeof team === "string") requireTeam(caller.principal, team);
  });
}

/** The caller of a request that has passed the door. */
export function principalOfRequest(request: FastifyRequest): Principal {
  if (request.caller === null)
    throw new Error(`${request.url} asks for a person and lets in nobody`);
  return request.caller.principal;
}

function hostNames(options: AppOptions, settings: AuthSettings): ReadonlySet<string> {
  const names = new Set([...LOOPBACK, "[::1]", options.host]);
  if (settings.publicUrl !== null) names.add(settings.publicUrl.hostname);
  return names;
}

/** A page elsewhere that points its own name at 127.0.0.1 must not read our answers (DNS rebinding). */
function guardHost(
  request: FastifyRequest,
  names: ReadonlySet<string>,
  needs: NeedName | undefined,
): void {
  const name = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  // No page can make a browser add a token, so what carries one is no rebound page.
  if (names.has(name) || needs === "health" || bearerOf(request) !== null) return;
  throw new AppError(
    "FORBIDDEN_HOST",
    "this server answers under its own address only; server.publicUrl names it",
  );
}

/** What changes something comes from one of our pages, and says so twice; a token is not a browser's. */
function guardOrigin(request: FastifyRequest, names: ReadonlySet<string>): void {
  if (SAFE.has(request.method) || request.caller?.by === "token") return;
  const refuse = (why: string) => {
    throw new AppError("CROSS_SITE", `${why}; open our own page and do it there`);
  };
  const { origin } = request.headers;
  const site = request.headers["sec-fetch-site"];
  const from = origin === undefined ? null : URL.parse(origin);
  if (origin !== undefined && (from === null || from.host !== request.headers.host))
    refuse("the request comes from another site");
  if (from !== null && !names.has(from.hostname)) refuse("the request comes from another site");
  if (site !== undefined && site !== "same-origin" && site !== "none")
    refuse("the request comes from another site");
  const { caller } = request;
  // The link of a message is a token of its own, which no other site can know; the session counts for nothing.
  if (request.routeOptions.config.signedLink === true) return;
  if (caller?.by !== "session" || caller.session === null) return;
  if (origin === undefined && site === undefined)
    refuse("the request does not say where it is from");
  if (!isCsrf(caller.session, request.headers["x-csrf-token"]))
    refuse("the request lacks the page's own token (x-csrf-token)");
}

function identifier(access: Access): (request: FastifyRequest) => Promise<Caller | null> {
  const { settings, register, sessions, now } = access;
  const recheck = rechecker(access);
  return async (request) => {
    const bearer = bearerOf(request);
    if (bearer !== null)
      return {
        principal: principalOfToken(register, bearer, now(), settings.totals),
        by: "token",
        session: null,
        cookie: null,
      };
    if (settings.type === "none")
      return { principal: localAt(request.ip), by: "machine", session: null, cookie: null };
    if (request.headers.authorization !== undefined)
      throw new AppError(
        "TOKEN_REFUSED",
        'Authorization must be "Bearer apt_…", a token that "apportion token create" made',
      );
    const held = request.cookies[access.cookieName];
    if (held === undefined || access.signIn === null) return null;
    const session = sessions.find(held);
    if (session === null) return null;
    const fresh = await recheck(held, session);
    return fresh === null
      ? null
      : { principal: fresh.principal, by: "session", session: fresh, cookie: held };
  };
}

/**
 * Asks the provider again when it is time: who left a group, or the company, is out within
 * `recheck`. A provider that cannot be reached is waited for once as long again, and no longer.
 */
function rechecker(access: Access): (cookie: string, session: Session) => Promise<Session | null> {
  const { settings, sessions, signIn } = access;
  const running = new Map<string, Promise<Session | null>>();
  const { recheck = 0 } = settings.oidc ?? {};
  const ask = async (held: string, session: Session): Promise<Session | null> => {
    const refresh = sessions.refreshOf(held);
    try {
      const identity =
        refresh === null || signIn === null ? null : await signIn.recheck(session.subject, refresh);
      if (identity !== null) {
        sessions.renew(held, grantedTo(identity, settings));
        return sessions.find(held);
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code !== "NO_ROLE" && session.age < 2 * recheck) return session;
    }
    sessions.end(held);
    access.record(session.principal, "session.lapse", `person:${session.subject}`);
    return null;
  };
  return async (held, session) => {
    if (session.age < recheck) return session;
    let asked = running.get(held);
    if (asked === undefined) {
      asked = ask(held, session).finally(() => running.delete(held));
      running.set(held, asked);
    }
    return asked;
  };
}

/** A token of ours, if the request carries one. */
function bearerOf(request: FastifyRequest): string | null {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  return token?.startsWith(TOKEN_PREFIX) === true ? token : null;
}

/** Somebody looking at a page, and not a script. */
function isPage(request: FastifyRequest): boolean {
  return (
    request.method === "GET" &&
    request.routeOptions.config.needs === "shell" &&
    (request.headers.accept ?? "").includes("text/html")
  );
}

function challenge(reply: FastifyReply): void {
  reply.header("www-authenticate", 'Bearer realm="apportion"');
}

type Limit = Awaited<ReturnType<ReturnType<App["createRateLimit"]>>>;

async function limited(reply: FastifyReply, limit: Limit): Promise<void> {
  if (limit.isAllowed || !limit.isExceeded) return;
  reply.header("retry-after", String(limit.ttlInSeconds));
  throw new AppError(
    "TOO_MANY_REQUESTS",
    `more requests than are allowed in a minute; try again in ${limit.ttlInSeconds} s`,
  );
}
