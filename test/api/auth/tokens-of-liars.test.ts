import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readConfig } from "../../../api/config.ts";
import { type RunningServer, startServer } from "../../../api/server.ts";
import { homePaths } from "../../../data/files.ts";
import { type Company, GROUPS, makeCompany, VARIANTS } from "./company.ts";
import {
  type Asked,
  askedOf,
  type Claims,
  type FakeProvider,
  makeToken,
  startFakeProvider,
  type TokenWish,
} from "./fake-provider.ts";
import { Browser } from "./provider.ts";

/** Rows 31, 36, 37 and 38 of the attack table: a provider, or who sits between, that lies. */

const COOKIE = "__Host-apportion";
const TENANT = "99999999-0000-4000-8000-000000000001";
let fake: FakeProvider;
let company: Company;
let server: RunningServer;

async function start(more = ""): Promise<void> {
  await server?.close();
  const { readFile, writeFile } = await import("node:fs/promises");
  const text = await readFile(company.config, "utf8");
  const config = `${company.config}.${more.length}.yaml`;
  await writeFile(config, `${text}${more}`);
  const { home, sources, build, server: settings } = readConfig(config);
  server = await startServer({
    paths: homePaths(home),
    sources,
    currency: build.currency,
    host: "127.0.0.1",
    port: 0,
    pages: null,
    now: () => new Date(),
    log: "silent",
    auth: settings.auth,
  });
}

beforeAll(async () => {
  fake = await startFakeProvider();
  process.env["APPORTION_TEST_SECRET"] = "a-secret-of-the-test";
  company = await makeCompany(
    VARIANTS.one,
    `server:
  publicUrl: http://localhost:8080
  auth:
    type: oidc
    issuer: ${fake.issuer}
    clientId: apportion
    clientSecret: \${env:APPORTION_TEST_SECRET}
    tenant: ${TENANT}
    graph: ${fake.issuer}
    roles: { finance-people: finance, everything: platform }
`,
  );
  await start();
});
afterAll(async () => {
  await server?.close();
  await fake?.close();
  await company?.remove();
});
beforeEach(() => {
  fake.got.length = 0;
});
afterEach(() => {
  fake.discovery = {};
  fake.redirect = null;
});

const now = () => Math.floor(Date.now() / 1000);
const good = (asked: Asked): Claims => ({
  iss: fake.issuer,
  aud: "apportion",
  sub: "ann",
  tid: TENANT,
  nonce: asked.nonce,
  iat: now(),
  exp: now() + 300,
  groups: [GROUPS.shop],
});

/** Signs in with the token a test makes; gives the last answer and the browser. */
async function attempt(
  claims: (asked: Asked) => Claims,
  wish: TokenWish = {},
  change: (params: URLSearchParams, asked: Asked) => void = () => {},
) {
  const browser = new Browser();
  const begun = await browser.go(`${server.address}/sign-in`);
  const asked = askedOf(begun.headers.get("location") ?? "");
  fake.answer = () => ({
    body: {
      access_token: "an-access-token",
      token_type: "Bearer",
      expires_in: 300,
      id_token: makeToken(claims(asked), wish),
    },
  });
  const params = new URLSearchParams({ code: "a-code", state: asked.state, iss: fake.issuer });
  change(params, asked);
  const address = `${server.address}/sign-in/callback?${params}`;
  const answer = await browser.go(address);
  const text = await answer.text();
  return {
    browser,
    answer,
    text,
    asked,
    address,
    session: browser.jar(server.address).get(COOKIE),
  };
}

function refusedWith(made: Awaited<ReturnType<typeof attempt>>, status = 401) {
  expect(made.answer.status, made.text).toBe(status);
  expect(made.session).toBeUndefined();
  // Nothing of the token, the secret or our insides in what the person sees.
  expect(made.text).not.toMatch(/eyJ|a-secret|an-access-token|node_modules|at \w+ \(/);
}

it("a right token lets in (so that the refusals below refuse for their reason)", async () => {
  const made = await attempt(good);
  expect(made.answer.status, made.text).toBe(302);
  expect(made.session).toBeDefined();
});

describe("row 37: tokens", () => {
  const WRONG: Record<string, [(asked: Asked) => Claims, TokenWish?]> = {
    "alg none": [good, { by: "none" }],
    "HS256 with the public key": [good, { by: "hmac" }],
    "somebody else's key": [good, { by: "stranger" }],
    "kid ../../x": [good, { header: { kid: "../../x" }, by: "stranger" }],
    "jku and x5u of one's own": [
      good,
      { header: { jku: "http://evil.example/jwks", x5u: "http://evil.example/x" }, by: "stranger" },
    ],
    "another audience": [(asked) => ({ ...good(asked), aud: "someone-else" })],
    "two audiences and no azp": [(asked) => ({ ...good(asked), aud: ["apportion", "other"] })],
    "another issuer": [(asked) => ({ ...good(asked), iss: "https://login.example" })],
    "the v1 issuer of another tenant": [
      (asked) => ({
        ...good(asked),
        iss: "https://sts.windows.net/00000000-1111-2222-3333-444444444444/",
      }),
    ],
    "another tenant": [
      (asked) => ({ ...good(asked), tid: "00000000-1111-2222-3333-444444444444" }),
    ],
    "no tenant": [(asked) => ({ ...good(asked), tid: undefined })],
    "exp in the past": [(asked) => ({ ...good(asked), iat: now() - 900, exp: now() - 600 })],
    "no exp": [(asked) => ({ ...good(asked), exp: undefined })],
    "nbf in the future": [(asked) => ({ ...good(asked), nbf: now() + 600 })],
    "no sub": [(asked) => ({ ...good(asked), sub: undefined })],
    "groups that are no list of names": [(asked) => ({ ...good(asked), groups: [{ id: 1 }] })],
  };
  for (const [name, [claims, wish]] of Object.entries(WRONG))
    it(`${name} is refused`, async () => {
      refusedWith(await attempt(claims, wish));
      expect(fake.got.filter(({ path }) => path.startsWith("/v1.0"))).toEqual([]);
    });

  it("two subjects are one, and a token of 100 kB gives no more than its groups", async () => {
    const made = await attempt((asked) => ({
      ...good(asked),
      groups: [GROUPS.shop, "x".repeat(100_000)],
    }));
    expect(made.answer.status).toBe(302);
    const me = await made.browser.go(`${server.address}/api/v1/me`);
    expect(await me.json()).toMatchObject({ teams: ["shop"], roles: ["viewer"] });
  });

  it("a clock a little off is borne, a minute more is not", async () => {
    const off = (seconds: number) => async () =>
      attempt((asked) => ({ ...good(asked), iat: now() - 300 - seconds, exp: now() - seconds }));
    expect((await off(30)()).answer.status).toBe(302);
    refusedWith(await off(90)());
  });

  it("a token of the provider is none of ours: as a Bearer it opens nothing", async () => {
    const { asked } = await attempt(good);
    for (const wish of [{}, { by: "none" }, { by: "hmac" }] as const) {
      const answer = await new Browser().go(`${server.address}/api/v1/showback`, {
        headers: { authorization: `Bearer ${makeToken(good(asked), wish)}` },
      });
      expect(answer.status).toBe(401);
    }
  });
});

describe("row 38: the way to the provider and back", () => {
  it("a missing or strange state, code or issuer is refused", async () => {
    refusedWith(await attempt(good, {}, (params) => params.delete("state")));
    refusedWith(await attempt(good, {}, (params) => params.set("state", "x".repeat(43))));
    refusedWith(await attempt(good, {}, (params) => params.delete("code")));
    refusedWith(await attempt(good, {}, (params) => params.set("iss", "https://mixed-up.example")));
    refusedWith(await attempt(good, {}, (params) => params.delete("iss")));
    refusedWith(await attempt(good, {}, (params) => params.append("state", "again")));
  });
  it("a nonce of another sign-in is refused", async () => {
    refusedWith(await attempt((asked) => ({ ...good(asked), nonce: "another" })));
    refusedWith(await attempt((asked) => ({ ...good(asked), nonce: undefined })));
  });
  it("the same answer a second time is refused, with the cookie of the first", async () => {
    const browser = new Browser();
    const begun = await browser.go(`${server.address}/sign-in`);
    const kept = new Map(browser.jar(server.address));
    const asked = askedOf(begun.headers.get("location") ?? "");
    fake.answer = () => ({
      body: { access_token: "a", token_type: "Bearer", id_token: makeToken(good(asked)) },
    });
    const address = `${server.address}/sign-in/callback?code=c&state=${asked.state}&iss=${encodeURIComponent(fake.issuer)}`;
    expect((await browser.go(address)).status).toBe(302);
    const thief = new Browser();
    for (const [name, value] of kept) thief.jar(server.address).set(name, value);
    expect((await thief.go(address)).status).toBe(401);
    // And a browser that never began it.
    expect((await new Browser().go(address)).status).toBe(401);
  });
  it("the code is bound by S256, and the verifier is sent to the token endpoint alone", async () => {
    const { asked } = await attempt(good);
    expect(asked.url.searchParams.get("code_challenge_method")).toBe("S256");
    const [token] = fake.got.filter(({ path }) => path === "/token");
    const verifier = new URLSearchParams(token?.body).get("code_verifier") ?? "";
    expect(createHash("sha256").update(verifier).digest("base64url")).toBe(asked.challenge);
    expect(asked.url.href).not.toContain(verifier);
  });
  it("redirect_uri is ours whatever the address, the Host or a forwarded one says", async () => {
    const answer = await new Browser().go(`${server.address}/sign-in?redirect_uri=//evil.example`, {
      headers: { "x-forwarded-host": "evil.example", "x-forwarded-proto": "gopher" },
    });
    if (answer.status === 302)
      expect(
        askedOf(answer.headers.get("location") ?? "").url.searchParams.get("redirect_uri"),
      ).toBe("http://localhost:8080/sign-in/callback");
    else expect(answer.status).toBe(400);
  });
  for (const returnTo of [
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example/",
    "/\t/evil.example",
    "javascript:alert(1)",
    "/%5cevil.example/..//evil.example",
    "/sign-out",
    "/.//evil.example",
  ])
    it(`returnTo=${JSON.stringify(returnTo)} comes back to a page of ours`, async () => {
      const browser = new Browser();
      const begun = await browser.go(
        `${server.address}/sign-in?returnTo=${encodeURIComponent(returnTo)}`,
      );
      const asked = askedOf(begun.headers.get("location") ?? "");
      fake.answer = () => ({
        body: { access_token: "a", token_type: "Bearer", id_token: makeToken(good(asked)) },
      });
      const last = await browser.go(
        `${server.address}/sign-in/callback?code=c&state=${asked.state}&iss=${encodeURIComponent(fake.issuer)}`,
      );
      const to = last.headers.get("location") ?? "";
      expect(to).toMatch(/^\/(?![/\\])/);
      expect(new URL(to, "http://localhost:8080").host).toBe("localhost:8080");
      expect(to).not.toMatch(/^\/sign/);
    });
});

describe("row 36: more groups than a token holds", () => {
  const overage = (asked: Asked): Claims => ({
    ...good(asked),
    groups: undefined,
    _claim_names: { groups: "src1" },
    _claim_sources: { src1: { endpoint: "http://169.254.169.254/groups" } },
  });
  it("is refused, and never read as every group", async () => {
    for (const claims of [
      overage,
      (asked: Asked) => ({ ...good(asked), groups: undefined, hasgroups: true }),
    ]) {
      const made = await attempt(claims);
      refusedWith(made);
      expect(made.text).toMatch(/too many for a sign-in token.*groupOverage/s);
    }
  });
  it("is refused even where some groups are named as well", async () => {
    refusedWith(await attempt((asked) => ({ ...overage(asked), groups: ["everything"] })));
  });
  it("is asked of the configured Graph, never of an address in the token; a failure there is a refusal", async () => {
    await start("    groupOverage: graph\n");
    fake.graph = { status: 200, body: { value: [GROUPS.shop, "nothing"] } };
    const made = await attempt(overage);
    expect(made.answer.status, made.text).toBe(302);
    const asked = fake.got.filter(({ path }) => path.startsWith("/v1.0"));
    expect(asked).toMatchObject([{ authorization: "Bearer an-access-token" }]);
    const me = await made.browser.go(`${server.address}/api/v1/me`);
    expect(await me.json()).toMatchObject({ teams: ["shop"], roles: ["viewer"] });
    for (const graph of [
      { status: 403, body: { error: "Authorization_RequestDenied" } },
      { status: 200, body: {} },
      { status: 200, body: { value: [1] } },
      { status: 200, body: { value: [GROUPS.shop], "@odata.nextLink": "http://169.254.169.254/" } },
      { status: 302, body: {} },
    ]) {
      fake.graph = graph;
      refusedWith(await attempt(overage));
    }
  });
});

describe("row 31: a provider that leads elsewhere", () => {
  const NEVER = [
    "http://169.254.169.254/latest",
    "http://[::ffff:169.254.169.254]/",
    "http://2852039166/",
    "http://0xa9.0xfe.0xa9.0xfe/",
    "http://[fe80::1]/",
    "http://0.0.0.0:1/",
  ];
  for (const address of NEVER)
    it(`${address} as token endpoint and as keys is never called`, async () => {
      await start();
      fake.discovery = { token_endpoint: address };
      const made = await attempt(good);
      refusedWith(made, 502);
      expect(made.text).toMatch(/never called/);
      await start();
      fake.discovery = { jwks_uri: address };
      refusedWith(await attempt(good), 502);
    });
  for (const scheme of ["file:///etc/passwd", "gopher://localhost/", "ftp://localhost/"])
    it(`${scheme} is never called`, async () => {
      await start();
      fake.discovery = { token_endpoint: scheme };
      const made = await attempt(good);
      expect([401, 502]).toContain(made.answer.status);
      expect(made.session).toBeUndefined();
    });
  it("a redirect of the discovery is not followed", async () => {
    await start();
    fake.redirect = `${fake.issuer}/elsewhere`;
    const answer = await new Browser().go(`${server.address}/sign-in`);
    expect(answer.status).toBe(502);
    expect(fake.got).toEqual([]);
  });
});
