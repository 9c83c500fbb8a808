import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A provider that lies, over the wire: it gives whatever token a test made, to whoever asks. */

export interface Asked {
  state: string;
  nonce: string;
  challenge: string;
  url: URL;
}

export type Claims = Record<string, unknown>;

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k1", alg: "RS256", use: "sig" };
const b64 = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

export interface TokenWish {
  header?: Claims;
  /** By whose key; `none`: no signature, `hmac`: the public key as a shared secret. */
  by?: "provider" | "stranger" | "none" | "hmac";
  /** The payload's JSON text, where it is no plain object's. */
  payload?: string;
}

/** A signed token, right or wrong as it is wished. */
export function makeToken(claims: Claims, wish: TokenWish = {}): string {
  const { by = "provider" } = wish;
  const alg = by === "none" ? "none" : by === "hmac" ? "HS256" : "RS256";
  const head = b64({ alg, kid: "k1", typ: "JWT", ...wish.header });
  const input = `${head}.${b64(wish.payload ?? claims)}`;
  if (by === "none") return `${input}.`;
  if (by === "hmac") {
    const pem = publicKey.export({ type: "spki", format: "pem" });
    return `${input}.${createHmac("sha256", pem).update(input).digest("base64url")}`;
  }
  const key = by === "stranger" ? stranger : privateKey;
  return `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
}

export interface FakeProvider {
  issuer: string;
  /** What the token endpoint says, from what was asked of the browser. */
  answer: (asked: Asked | null) => { status?: number; body: Claims };
  /** Changes to the discovery document. */
  discovery: Claims;
  /** Where discovery is sent on to, instead of an answer. */
  redirect: string | null;
  /** Bodies the token endpoint and Graph got. */
  got: { path: string; body: string; authorization: string }[];
  /** What Graph answers. */
  graph: { status: number; body: unknown };
  close(): Promise<void>;
}

export async function startFakeProvider(): Promise<FakeProvider> {
  const http = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", issuer);
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (part: string) => (body += part));
    request.on("end", () => {
      const send = (status: number, value: unknown) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(value));
      };
      if (pathname.startsWith("/.well-known")) {
        if (fake.redirect !== null) {
          response.writeHead(302, { location: fake.redirect });
          response.end();
          return;
        }
        send(200, {
          issuer,
          authorization_endpoint: `${issuer}/auth`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          response_types_supported: ["code"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["RS256"],
          authorization_response_iss_parameter_supported: true,
          code_challenge_methods_supported: ["S256"],
          ...fake.discovery,
        });
        return;
      }
      fake.got.push({ path: pathname, body, authorization: request.headers.authorization ?? "" });
      if (pathname === "/jwks") send(200, { keys: [jwk] });
      else if (pathname === "/token") {
        const { status = 200, body: value } = fake.answer(null);
        send(status, value);
      } else if (pathname === "/v1.0/me/getMemberObjects") send(fake.graph.status, fake.graph.body);
      else send(404, {});
    });
  });
  await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
  const issuer = `http://localhost:${(http.address() as AddressInfo).port}`;
  const fake: FakeProvider = {
    issuer,
    answer: () => ({ body: {} }),
    discovery: {},
    redirect: null,
    got: [],
    graph: { status: 200, body: { value: [] } },
    async close() {
      http.closeAllConnections();
      await new Promise((done) => http.close(done));
    },
  };
  return fake;
}

/** What the browser was sent to the provider with. */
export function askedOf(location: string): Asked {
  const url = new URL(location);
  const param = (name: string) => url.searchParams.get(name) ?? "";
  return { url, state: param("state"), nonce: param("nonce"), challenge: param("code_challenge") };
}
