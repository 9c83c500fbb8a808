import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

/** A real OpenID provider in this process, with people whose groups a test may change. */

export interface Person {
  groups: string[];
  /** More claims of the signed token. */
  claims?: Record<string, unknown>;
}

export interface TestProvider {
  issuer: string;
  people: Map<string, Person>;
  /** Requests the provider got, by path. */
  seen: string[];
  /** Ends what the provider granted: refresh tokens work no more. */
  forget(): void;
  close(): Promise<void>;
}

/** Starts it on loopback; `redirects` are the callbacks of the one client `apportion`. */
export async function startProvider(
  redirects: readonly string[],
  options: { refresh?: boolean } = {},
): Promise<TestProvider> {
  const { refresh = true } = options;
  const http: Server = createServer();
  await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
  const issuer = `http://localhost:${(http.address() as AddressInfo).port}`;
  const people = new Map<string, Person>();
  const seen: string[] = [];
  let forgotten = false;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "apportion",
        client_secret: "a-secret-of-the-test",
        redirect_uris: [...redirects],
        post_logout_redirect_uris: redirects.map((uri) => new URL("/signed-out", uri).href),
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      },
    ],
    // In the signed token, as Entra does it.
    conformIdTokenClaims: false,
    claims: {
      openid: ["sub", "groups", "tid", "_claim_names", "_claim_sources", "hasgroups"],
      email: ["email"],
      profile: ["name"],
    },
    findAccount: (_, id) => ({
      accountId: id,
      claims: async () => ({
        sub: id,
        email: `${id}@example.com`,
        name: id,
        groups: people.get(id)?.groups ?? [],
        ...people.get(id)?.claims,
      }),
    }),
    issueRefreshToken: async () => refresh && !forgotten,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    cookies: { keys: ["test"] },
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 60,
      IdToken: 3600,
      Session: 3600,
      Grant: 3600,
      Interaction: 600,
      RefreshToken: 86_400,
    },
  });
  const callback = provider.callback();
  http.on("request", (asked, response) => {
    const path = (asked.url ?? "").split("?", 1)[0] ?? "";
    seen.push(path);
    if (forgotten && path === "/token") {
      response.writeHead(400, { "content-type": "application/json" });
      response.end('{"error":"invalid_grant"}');
      return;
    }
    void callback(asked, response);
  });
  return {
    issuer,
    people,
    seen,
    forget: () => (forgotten = true),
    async close() {
      http.closeAllConnections();
      await new Promise((done) => http.close(done));
    },
  };
}

/** One request with just these headers; `fetch` would add what a page's script sends. */
export function sent(
  url: string,
  init: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const made = request(
      url,
      { method: init.method ?? "GET", headers: init.headers, agent: false },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("end", () => {
          const headers = new Headers();
          for (let at = 0; at < answer.rawHeaders.length; at += 2)
            headers.append(answer.rawHeaders[at] ?? "", answer.rawHeaders[at + 1] ?? "");
          const status = answer.statusCode ?? 0;
          const empty = status === 204 || status === 304;
          resolve(new Response(empty ? null : Buffer.concat(parts), { status, headers }));
        });
      },
    );
    made.on("error", reject);
    made.end(init.body);
  });
}

/** A browser without a window: keeps cookies by host as one does, and follows nothing by itself. */
export class Browser {
  readonly jars = new Map<string, Map<string, string>>();

  jar(url: string): Map<string, string> {
    const { host } = new URL(url);
    let jar = this.jars.get(host);
    if (jar === undefined) this.jars.set(host, (jar = new Map()));
    return jar;
  }

  async go(
    url: string,
    init: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<Response> {
    const jar = this.jar(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await sent(url, {
      ...init,
      headers: { accept: "text/html", ...(cookie === "" ? {} : { cookie }), ...init.headers },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      const at = pair.indexOf("=");
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      if (value === "" || /max-age=0|1970/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  }

  /** Goes on from `from` to the provider and through it; gives the address it sends the browser to. */
  async throughProvider(from: string, person: string, home: string): Promise<string> {
    let answer = await this.go(from);
    let url = new URL(answer.headers.get("location") ?? "", from).href;
    for (let hop = 0; hop < 10 && !url.startsWith(home); hop++) {
      if (url.includes("/interaction/")) {
        const page = await (await this.go(url)).text();
        const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? "";
        answer = await this.go(url, {
          method: "POST",
          headers: { "content-type": "application/x-www-form-urlencoded" },
          body: new URLSearchParams(
            prompt === "login" ? { prompt, login: person, password: "x" } : { prompt },
          ).toString(),
        });
      } else answer = await this.go(url);
      url = new URL(answer.headers.get("location") ?? "", url).href;
    }
    return url;
  }

  /** Signs in from `address` of ours to the end; gives the last answer, of ours. */
  async signIn(address: string, person: string): Promise<Response> {
    const { origin } = new URL(address);
    const first = await this.go(address);
    const to = new URL(first.headers.get("location") ?? "", address).href;
    const back = await this.throughProvider(to, person, `${origin}/sign-in/callback`);
    return this.go(back);
  }
}
