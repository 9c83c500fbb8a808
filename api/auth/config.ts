import { type Static, Type } from "typebox";
import { ROLES, type Role } from "../../analysis/principal.ts";
import { checkSection, hint, type Located, readSecret } from "../../data/config.ts";
import { AppError } from "../../data/errors.ts";

/** The section `server`: where it listens, and who may see what. */

const closed = { additionalProperties: false };
const Duration = Type.String({
  pattern: "^[1-9]\\d{0,3}[mhd]$",
  description: "a time such as 15m, 8h or 7d",
});
const RoleName = Type.Union(ROLES.map((role) => Type.Literal(role)));
const RoleNames = Type.Union([RoleName, Type.Array(RoleName, { minItems: 1 })], {
  description: `a role or a list of them: ${ROLES.join(", ")}`,
});
const HttpUrl = Type.String({
  pattern: "^https?://[^\\s?#]+$",
  description: "an address such as https://apportion.example.com",
});

const NoSignIn = Type.Object({ type: Type.Literal("none") }, closed);
const TokensOnly = Type.Object({ type: Type.Literal("tokens") }, closed);
const Oidc = Type.Object(
  {
    type: Type.Literal("oidc"),
    issuer: HttpUrl,
    clientId: Type.String({ minLength: 1 }),
    clientSecret: Type.String({ secret: true, description: "${env:NAME} or ${file:PATH}" }),
    tenant: Type.Optional(
      Type.String({ minLength: 1, description: "the tenant's id, which `tid` must be" }),
    ),
    scopes: Type.Optional(Type.Array(Type.String({ pattern: '^[^\\s"\\\\]+$' }), { minItems: 1 })),
    groupsClaim: Type.Optional(Type.String({ minLength: 1 })),
    groupOverage: Type.Optional(
      Type.Union([Type.Literal("refuse"), Type.Literal("graph")], {
        description: "refuse or graph",
      }),
    ),
    graph: Type.Optional(HttpUrl),
    roles: Type.Optional(Type.Record(Type.String(), RoleNames)),
    sessions: Type.Optional(
      Type.Object(
        {
          idle: Type.Optional(Duration),
          absolute: Type.Optional(Duration),
          recheck: Type.Optional(Duration),
        },
        closed,
      ),
    ),
  },
  closed,
);
const AUTH_TYPES = { none: NoSignIn, tokens: TokensOnly, oidc: Oidc } as const;

export const ServerConfig = Type.Object(
  {
    host: Type.Optional(Type.String()),
    port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
    publicUrl: Type.Optional(HttpUrl),
    trustedProxies: Type.Optional(
      Type.Array(
        Type.String({
          pattern: "^[0-9a-fA-F:.]+(/\\d{1,3})?$",
          description: "an address or a network such as 10.0.0.0/8",
        }),
        { minItems: 1 },
      ),
    ),
    totals: Type.Optional(
      Type.Union([Type.Literal("hidden"), Type.Literal("visible")], {
        description: "hidden or visible",
      }),
    ),
    requestsPerMinute: Type.Optional(Type.Integer({ minimum: 10, maximum: 1_000_000 })),
    auth: Type.Optional(Type.Unknown()),
  },
  closed,
);

/** The schema of the section for editors, with what `auth` may be. */
export const SERVER_SCHEMA = {
  ...ServerConfig,
  properties: {
    ...ServerConfig.properties,
    auth: { oneOf: Object.values(AUTH_TYPES) },
  },
};

export interface OidcSettings {
  issuer: URL;
  clientId: string;
  /** Read when it is first needed, so that `check` and `build` do without. */
  clientSecret(): string;
  tenant: string | null;
  scopes: readonly string[];
  groupsClaim: string;
  /** Where groups that do not fit into a token are asked for; null: such a person is refused. */
  graph: URL | null;
  /** Roles by group. */
  roles: ReadonlyMap<string, readonly Role[]>;
  /** Milliseconds. */
  idle: number;
  absolute: number;
  recheck: number;
}

export interface AuthSettings {
  type: keyof typeof AUTH_TYPES;
  /** Where people reach this server; null on loopback without sign-in. */
  publicUrl: URL | null;
  /** Whose forwarded addresses are believed; nobody's unless said. */
  trustedProxies: readonly string[];
  /** Whether teams are shown what all teams cost together, and what their shares are shares of. */
  totals: boolean;
  requestsPerMinute: number;
  /** Teams by their groups, from `owners.yaml`. */
  teams: readonly { team: string; groups: readonly string[] }[];
  oidc: OidcSettings | null;
}

/** Loopback without sign-in: everybody at this machine is its administrator. */
export const NO_SIGN_IN: AuthSettings = {
  type: "none",
  publicUrl: null,
  trustedProxies: [],
  totals: false,
  requestsPerMinute: 600,
  teams: [],
  oidc: null,
};

export const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);
const UNIT = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function milliseconds(text: string): number {
  return Number(text.slice(0, -1)) * UNIT[text.at(-1) as keyof typeof UNIT];
}

/** Reads `server`, which `ServerConfig` has checked, and `auth` by its own type. */
export function authOf(
  located: Located,
  server: Static<typeof ServerConfig> | undefined,
  teams: AuthSettings["teams"],
): AuthSettings {
  const path = ["server", "auth"] as const;
  const given = server?.auth ?? { type: "none" };
  const type = (given as { type?: unknown }).type;
  if (typeof type !== "string" || !Object.hasOwn(AUTH_TYPES, type))
    throw new AppError(
      "CONFIG_INVALID",
      `${located.at([...path, "type"])}: server.auth.type must be one of ${Object.keys(AUTH_TYPES).join(", ")}${typeof type === "string" ? hint(type, Object.keys(AUTH_TYPES)) : ""}`,
    );
  checkSection(located, path, given, AUTH_TYPES[type as keyof typeof AUTH_TYPES]);
  const settings: AuthSettings = {
    ...NO_SIGN_IN,
    type: type as AuthSettings["type"],
    publicUrl: server?.publicUrl === undefined ? null : originOf(located, server.publicUrl),
    trustedProxies: server?.trustedProxies ?? [],
    totals: server?.totals === "visible",
    requestsPerMinute: server?.requestsPerMinute ?? NO_SIGN_IN.requestsPerMinute,
    teams,
  };
  return type === "oidc"
    ? { ...settings, oidc: oidcOf(located, given as Static<typeof Oidc>, settings.publicUrl) }
    : settings;
}

function originOf(located: Located, text: string): URL {
  const url = urlAt(located, ["server", "publicUrl"], text);
  if (url.pathname !== "/")
    throw new AppError(
      "CONFIG_INVALID",
      `${located.at(["server", "publicUrl"])}: server.publicUrl is an origin without a path; give the server a host name of its own`,
    );
  return secureUrl(located, ["server", "publicUrl"], url);
}

/** Plain http is for this machine: elsewhere a cookie or a code would travel readable. */
function secureUrl(located: Located, path: readonly string[], url: URL): URL {
  if (url.protocol === "https:" || LOOPBACK.has(url.hostname.replace(/^\[|\]$/g, ""))) return url;
  throw new AppError(
    "CONFIG_INVALID",
    `${located.at(path)}: ${path.join(".")} is ${url.href}; beyond this machine it must be https`,
  );
}

function urlAt(located: Located, path: readonly string[], text: string): URL {
  const url = URL.parse(text);
  if (url !== null && url.username === "" && url.password === "") return url;
  throw new AppError(
    "CONFIG_INVALID",
    `${located.at(path)}: ${path.join(".")} is not an address, or holds a name and password; write https://HOST`,
  );
}

function oidcOf(located: Located, given: Static<typeof Oidc>, publicUrl: URL | null): OidcSettings {
  const at = (key: string) => ["server", "auth", key];
  if (publicUrl === null)
    throw new AppError(
      "CONFIG_INVALID",
      `${located.at(["server"])}: sign-in needs server.publicUrl, the address at which people reach this server; the provider sends them back there`,
    );
  const issuer = secureUrl(located, at("issuer"), urlAt(located, at("issuer"), given.issuer));
  if (/\/(common|organizations|consumers)(\/|$)/.test(issuer.pathname))
    throw new AppError(
      "CONFIG_INVALID",
      `${located.at(at("issuer"))}: server.auth.issuer is for every tenant; write https://login.microsoftonline.com/TENANT-ID/v2.0`,
    );
  const overage = given.groupOverage ?? "refuse";
  const graph = urlAt(located, at("graph"), given.graph ?? "https://graph.microsoft.com");
  const idle = milliseconds(given.sessions?.idle ?? "8h");
  const absolute = milliseconds(given.sessions?.absolute ?? "24h");
  const recheck = milliseconds(given.sessions?.recheck ?? "15m");
  if (idle > absolute)
    throw new AppError(
      "CONFIG_INVALID",
      `${located.at(at("sessions"))}: server.auth.sessions.idle is longer than absolute; the session would end before it idles`,
    );
  return {
    issuer,
    clientId: given.clientId,
    clientSecret: () => readSecret(given.clientSecret, located.folder, "server.auth.clientSecret"),
    tenant: given.tenant ?? null,
    scopes: given.scopes ?? ["openid", "profile", "email", "offline_access"],
    groupsClaim: given.groupsClaim ?? "groups",
    graph: overage === "graph" ? secureUrl(located, at("graph"), graph) : null,
    roles: new Map(
      Object.entries(given.roles ?? {}).map(([group, roles]) => [group, [roles].flat() as Role[]]),
    ),
    idle,
    absolute,
    recheck,
  };
}
