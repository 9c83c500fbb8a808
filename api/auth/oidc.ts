import { randomBytes } from "node:crypto";
import * as client from "openid-client";
import { AppError, firstLine, printable } from "../../data/errors.ts";
import { call } from "../../data/outward.ts";
import { LOOPBACK, type OidcSettings } from "./config.ts";
import type { Identity } from "./groups.ts";
import { seal, unseal } from "./sessions.ts";

/**
 * Sign-in by OpenID Connect: authorization code with PKCE, RFC 6749, 7636, 9207 and OpenID Connect
 * Core 3.1. The library checks state, nonce, issuer, audience and times; here the signature is asked
 * for as well, the tenant, and that nothing a provider names leads to an address never called.
 */

export const CALLBACK = "/sign-in/callback";
// Between a click and a password there is a second factor and a coffee.
const PATIENCE_MS = 10 * 60_000;
const TOLERANCE_S = 60;
const RETRY_MS = 30_000;
const MOST_GROUPS = 20_000;

/** What is kept, sealed, in the browser between going to the provider and coming back. */
interface Pending {
  state: string;
  nonce: string;
  verifier: string;
  returnTo: string;
  until: number;
}

export interface Begun {
  url: URL;
  /** Names the attempt, so that two tabs do not undo each other. */
  attempt: string;
  sealed: string;
}

export class SignIn {
  readonly #settings: OidcSettings;
  readonly #redirect: URL;
  readonly #now: () => Date;
  // Of this process: a restart asks those on their way to click again.
  readonly #key = randomBytes(32);
  readonly #used = new Map<string, number>();
  #found: Promise<client.Configuration> | undefined;
  #failedAt = -Infinity;

  constructor(settings: OidcSettings, publicUrl: URL, now: () => Date) {
    this.#settings = settings;
    this.#redirect = new URL(CALLBACK, publicUrl);
    this.#now = now;
  }

  /**
   * Where the browser goes to sign in; `returnTo` is a path of ours, as `return-to.ts` gives it.
   * `anew`: the provider asks who it is, even where it knows somebody.
   */
  async begin(returnTo: string, anew: boolean): Promise<Begun> {
    const config = await this.#configuration();
    const pending: Pending = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
      returnTo,
      until: this.#now().getTime() + PATIENCE_MS,
    };
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: this.#redirect.href,
      scope: this.#settings.scopes.join(" "),
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: "S256",
      ...(anew ? { prompt: "login" } : {}),
    });
    return {
      url,
      attempt: attemptOf(pending.state),
      sealed: seal(JSON.stringify(pending), this.#key),
    };
  }

  /** Who came back, and where they were going. SIGN_IN_REFUSED says what was not as it must be. */
  async finish(
    search: string,
    sealed: (attempt: string) => string | undefined,
  ): Promise<{ identity: Identity; returnTo: string }> {
    const state = new URLSearchParams(search).get("state") ?? "";
    const held = sealed(attemptOf(state));
    const text = held === undefined ? null : unseal(held, this.#key);
    if (text === null) throw refused("this browser did not begin that sign-in, or long ago");
    const pending = JSON.parse(text) as Pending;
    const at = this.#now().getTime();
    if (at > pending.until) throw refused("it took longer than ten minutes");
    for (const [used, until] of this.#used) if (until < at) this.#used.delete(used);
    if (this.#used.has(pending.state)) throw refused("that sign-in was finished before");
    this.#used.set(pending.state, pending.until);
    const config = await this.#configuration();
    const here = new URL(this.#redirect);
    here.search = search;
    const tokens = await answered(
      client.authorizationCodeGrant(config, here, {
        pkceCodeVerifier: pending.verifier,
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        idTokenExpected: true,
      }),
    );
    return { identity: await this.#identity(config, tokens, null), returnTo: pending.returnTo };
  }

  /**
   * Who somebody is now, by the refresh token of their session. Null: the provider says no more.
   * SIGN_IN_UNAVAILABLE where it cannot be asked.
   */
  async recheck(subject: string, refresh: string): Promise<Identity | null> {
    if (this.#now().getTime() - this.#failedAt < RETRY_MS)
      throw unavailable(this.#settings.issuer.origin, "it failed a moment ago");
    const config = await this.#configuration();
    try {
      const tokens = await answered(client.refreshTokenGrant(config, refresh));
      const identity = await this.#identity(config, tokens, subject);
      return { ...identity, refresh: identity.refresh ?? refresh };
    } catch (error) {
      if (error instanceof AppError && error.code === "SIGN_IN_REFUSED") return null;
      this.#failedAt = this.#now().getTime();
      throw error;
    }
  }

  /** Where a person may end the provider's own session as well; null where it has no such page. */
  async endOf(): Promise<URL | null> {
    const config = await this.#configuration().catch(() => null);
    if (config?.serverMetadata().end_session_endpoint === undefined) return null;
    return client.buildEndSessionUrl(config, {
      post_logout_redirect_uri: new URL("/signed-out", this.#redirect).href,
    });
  }

  async #configuration(): Promise<client.Configuration> {
    this.#found ??= this.#discover();
    try {
      return await this.#found;
    } catch (error) {
      // A provider that was away is asked again by the next who signs in.
      this.#found = undefined;
      throw error;
    }
  }

  async #discover(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret } = this.#settings;
    const secret = clientSecret();
    const insecure =
      issuer.protocol === "http:" && LOOPBACK.has(issuer.hostname.replace(/^\[|\]$/g, ""));
    const metadata = { client_secret: secret, [client.clockTolerance]: TOLERANCE_S };
    const execute = [
      client.enableNonRepudiationChecks,
      ...(insecure ? [client.allowInsecureRequests] : []),
    ];
    const found = await answered(
      client.discovery(issuer, clientId, metadata, undefined, {
        execute,
        [client.customFetch]: outward,
      }),
      issuer.origin,
    );
    const methods = found.serverMetadata().token_endpoint_auth_methods_supported ?? [];
    if (methods.includes("client_secret_post") || !methods.includes("client_secret_basic"))
      return found;
    const basic = new client.Configuration(
      found.serverMetadata(),
      clientId,
      metadata,
      client.ClientSecretBasic(secret),
    );
    basic[client.customFetch] = outward;
    for (const apply of execute) apply(basic);
    return basic;
  }

  async #identity(
    config: client.Configuration,
    tokens: Awaited<ReturnType<typeof client.authorizationCodeGrant>>,
    expected: string | null,
  ): Promise<Identity> {
    const { groupsClaim, tenant } = this.#settings;
    let claims: Record<string, unknown> = { ...tokens.claims() };
    const subject = claims["sub"] ?? expected;
    if (typeof subject !== "string" || (expected !== null && subject !== expected))
      throw refused("it is about somebody else");
    const without = claims[groupsClaim] === undefined && !hasOverage(claims, groupsClaim);
    if (without && config.serverMetadata().userinfo_endpoint !== undefined) {
      const more = await answered(client.fetchUserInfo(config, tokens.access_token, subject));
      // What the signed token says stands before what the other answer says.
      claims = { ...more, ...claims };
    }
    // Said of the signed token alone: a refresh may come without one, and then it was said at sign-in.
    if (tenant !== null && tokens.claims() !== undefined && claims["tid"] !== tenant)
      throw refused("it is of another tenant");
    const name = ["email", "preferred_username", "name"]
      .map((claim) => claims[claim])
      .find((value) => typeof value === "string" && value !== "");
    return {
      subject,
      name: printable(typeof name === "string" ? name : subject).slice(0, 200),
      groups: hasOverage(claims, groupsClaim)
        ? await this.#groupsFromGraph(tokens.access_token)
        : groupsIn(claims[groupsClaim]),
      refresh: tokens.refresh_token ?? null,
    };
  }

  /**
   * Entra leaves groups out of a token when they are many and names an address to ask instead. That
   * address is of a service that is gone, and comes from a token: the configured Graph is asked.
   */
  async #groupsFromGraph(accessToken: string): Promise<string[]> {
    const { graph } = this.#settings;
    if (graph === null)
      throw new AppError(
        "SIGN_IN_REFUSED",
        'your groups are too many for a sign-in token, so nobody knows which teams are yours; ask your platform team to let the provider send "groups assigned to the application", or to set server.auth.groupOverage to graph',
      );
    const answer = await answered(
      call(new URL("/v1.0/me/getMemberObjects", graph), {
        method: "POST",
        headers: {
          authorization: `Bearer ${accessToken}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ securityEnabledOnly: true }),
        maxBytes: 4 << 20,
      }),
      graph.origin,
    );
    const body: unknown = answer.status === 200 ? await answer.json().catch(() => null) : null;
    const groups = (body as { value?: unknown } | null)?.value;
    const more = (body as { "@odata.nextLink"?: unknown } | null)?.["@odata.nextLink"];
    if (!Array.isArray(groups) || more !== undefined)
      throw refused(
        `your groups could not be read from ${graph.host} (it answered ${answer.status}); the application needs the permission User.Read and GroupMember.Read.All there`,
      );
    return groupsIn(groups);
  }
}

function hasOverage(claims: Record<string, unknown>, claim: string): boolean {
  const names = claims["_claim_names"];
  const elsewhere = typeof names === "object" && names !== null && Object.hasOwn(names, claim);
  return elsewhere || claims["hasgroups"] === true || claims["hasgroups"] === "true";
}

function groupsIn(claim: unknown): string[] {
  const groups = claim === undefined ? [] : [claim].flat();
  if (groups.length > MOST_GROUPS || !groups.every((group) => typeof group === "string"))
    throw refused("its groups are not a list of names");
  return groups;
}

const attemptOf = (state: string) => state.replaceAll(/[^\w-]/g, "").slice(0, 16);

function refused(why: string): AppError {
  return new AppError(
    "SIGN_IN_REFUSED",
    `the sign-in was not accepted: ${why}. Sign in again; if it stays so, tell the platform team`,
  );
}

function unavailable(where: string, why: string): AppError {
  // The words are ours or a code; what the provider's answer held is in none of them.
  return new AppError(
    "SIGN_IN_UNAVAILABLE",
    `${where}: the identity provider cannot be asked (${why}); try again in a moment, or tell the platform team`,
  );
}

/** The library's errors in our words; what a token or an answer held is in none of them. */
async function answered<T>(work: Promise<T>, where = "the identity provider"): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AppError && error.code.startsWith("SIGN_IN")) throw error;
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      if (at instanceof AppError) throw unavailable(where, at.message);
      const code = (at as NodeJS.ErrnoException).code ?? "";
      // ECONNREFUSED, ENOTFOUND, CERT_HAS_EXPIRED and their like.
      if (/^(E[A-Z]+|CERT_|UNABLE_|DEPTH_|SELF_SIGNED|ERR_TLS|HPE_)/.test(code))
        throw unavailable(where, code);
    }
    if (error instanceof client.AuthorizationResponseError)
      throw refused(`the provider says ${printable(error.error).slice(0, 80)}`);
    if (error instanceof client.ResponseBodyError)
      throw error.status >= 500
        ? unavailable(where, `it answered ${error.status}`)
        : refused(`the provider says ${printable(error.error).slice(0, 80)}`);
    const code = (error as { code?: unknown }).code;
    if (typeof code === "string" && /^OAUTH_(RESPONSE_IS_NOT_CONFORM|TIMEOUT)/.test(code))
      throw unavailable(where, code);
    if (
      error instanceof client.ClientError ||
      (typeof code === "string" && code.startsWith("OAUTH"))
    )
      throw refused(typeof code === "string" ? code : "it is not as it must be");
    throw unavailable(where, firstLine((error as Error).message));
  }
}

/** The library's fetch, with our guard. */
const outward: client.CustomFetch = async (url, options) =>
  call(new URL(url), {
    method: options.method,
    headers: options.headers,
    body: bodyOf(options.body),
    signal: options.signal,
  });

function bodyOf(body: client.FetchBody): string | Uint8Array | null {
  if (body === null || body === undefined) return null;
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw new TypeError("a body of this kind is not sent");
}
