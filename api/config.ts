import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Type, type Static } from "typebox";
import {
  AllocationConfig,
  allocationOf,
  ClustersConfig,
  clustersOf,
} from "../analysis/allocation.ts";
import type { BuildSettings } from "../analysis/inputs.ts";
import { FindingsConfig, findingsSettings } from "../analysis/findings/settings.ts";
import { type Policy, policyOf } from "../analysis/lifecycle/policy.ts";
import { NO_OWNERS, readOwners, readTeamContacts, readTeamGroups } from "../analysis/ownership.ts";
import { sharedCostsOf } from "../analysis/shared-config.ts";
import { checkSection, hint, type Located, readSecret, readYaml } from "../data/config.ts";
import { AppError } from "../data/errors.ts";
import { type AuthSettings, authOf, SERVER_SCHEMA, ServerConfig } from "./auth/config.ts";
import { NamespacesConfig } from "./notify/config.ts";
import { BlobLocation, DirectoryLocation } from "../ingest/azure-exports/config.ts";
import { SOURCE_TYPES } from "../ingest/sources.ts";
import type { Source } from "../ingest/source.ts";

const closed = { additionalProperties: false };

const Settings = Type.Object(
  {
    home: Type.Optional(Type.String({ minLength: 1 })),
    currency: Type.Optional(
      Type.String({ pattern: "^[A-Z]{3}$", description: "an ISO 4217 code such as EUR" }),
    ),
    sources: Type.Optional(Type.Array(Type.Unknown())),
    owners: Type.Optional(Type.String({ minLength: 1 })),
    clusters: Type.Optional(ClustersConfig),
    allocation: Type.Optional(AllocationConfig),
    findings: Type.Optional(FindingsConfig),
    environment: Type.Optional(
      Type.Object({ tags: Type.Array(Type.String(), { minItems: 1 }) }, closed),
    ),
    checks: Type.Optional(
      Type.Object(
        {
          quarantineTolerance: Type.Optional(
            Type.Object(
              {
                rows: Type.Optional(Type.Integer({ minimum: 0 })),
                amount: Type.Optional(
                  Type.String({
                    pattern: "^\\d+(\\.\\d{1,18})?$",
                    description: "an amount as text",
                  }),
                ),
              },
              closed,
            ),
          ),
          azureDrift: Type.Optional(
            Type.String({ pattern: "^\\d+(\\.\\d{1,18})?$", description: "an amount as text" }),
          ),
          usageCoverage: Type.Optional(
            Type.Number({ minimum: 0, maximum: 100, description: "percent" }),
          ),
          settledAfterDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 365 })),
        },
        closed,
      ),
    ),
    months: Type.Optional(
      Type.Object(
        {
          notify: Type.Optional(
            Type.Object(
              {
                webhook: Type.Optional(
                  Type.String({
                    secret: true,
                    description:
                      "Where finance is told of restated months; ${env:NAME} or ${file:PATH}.",
                  }),
                ),
                mail: Type.Optional(
                  Type.Array(
                    Type.String({
                      pattern: "^[^\\s@]+@[^\\s@]+$",
                      description: "an e-mail address",
                    }),
                    { minItems: 1, description: "Who is told; by namespaces.notify.mail." },
                  ),
                ),
              },
              closed,
            ),
          ),
        },
        closed,
      ),
    ),
    retention: Type.Optional(
      Type.Object(
        {
          samples: Type.Optional(
            Type.String({ pattern: "^\\d+d$", description: "days such as 35d" }),
          ),
          landing: Type.Optional(
            Type.String({ pattern: "^\\d+d$", description: "days such as 7d" }),
          ),
          lists: Type.Optional(Type.Integer({ minimum: 1 })),
        },
        closed,
      ),
    ),
    server: Type.Optional(ServerConfig),
    namespaces: Type.Optional(NamespacesConfig),
  },
  closed,
);

/** The schema of the whole file, for editors: `docs/config.schema.json` is made from it. */
export function configSchema(): object {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $comment: "Made by test/docs.test.ts from the schemas in the code; do not edit.",
    ...Settings,
    properties: {
      ...Settings.properties,
      server: SERVER_SCHEMA,
      sources: {
        type: "array",
        items: { oneOf: Object.values(SOURCE_TYPES).map((type) => type.schema) },
      },
    },
  };
}

/** Parts of the contract that configure what this version does not do; silence would be a lie. */
const LATER_SECTIONS = ["rates"] as const;

export interface Config {
  file: string;
  home: string;
  sources: Source[];
  build: BuildSettings;
  warnings: string[];
  landingDays: number;
  sampleDays: number;
  /** Reads where finance is told that a closed month was restated; null: nowhere. */
  webhook: (() => string) | null;
  /** Addresses of who is told of restated months by mail. */
  finance: readonly string[];
  server: { host: string; port: number; auth: AuthSettings };
  /** The rules of namespaces' lives. */
  lifecycle: Policy;
  /** What carrying them out needs; paths in it are relative to `folder`. */
  namespaces: NamespacesConfig;
  folder: string;
  contacts: { team: string; businessUnit: string; contacts: string[] }[];
}

export const DEMO_HOME = "data/local/demo";

/** Finds the configuration: `--config`, `APPORTION_CONFIG`, `./apportion.yaml`, else the demo's. */
export function findConfig(
  asked: string | undefined,
  tell: (line: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const named = asked ?? (env["APPORTION_CONFIG"] === "" ? undefined : env["APPORTION_CONFIG"]);
  if (named !== undefined) return resolve(named);
  if (existsSync("apportion.yaml")) return resolve("apportion.yaml");
  for (const root of [".", dirname(import.meta.dirname)]) {
    const demo = resolve(root, DEMO_HOME, "apportion.yaml");
    if (!existsSync(demo)) continue;
    tell(`no apportion.yaml here: using the demo's, ${demo}`);
    return demo;
  }
  throw new AppError(
    "CONFIG_MISSING",
    'there is no apportion.yaml here; run "apportion demo" to look around, or "apportion init" to write one',
  );
}

/** Reads a configuration and the owners file it names; every problem has its place. */
export function readConfig(file: string): Config {
  const located = readYaml(file, 'run "apportion init" to write one');
  const value = located.value as Record<string, unknown>;
  for (const section of LATER_SECTIONS)
    if (typeof value === "object" && value !== null && section in value)
      throw new AppError(
        "NOT_BUILT_YET",
        `${located.at([], section)}: "${section}" converts currencies, which this version does not do yet; remove it`,
      );
  checkSection(located, [], value, Settings);
  const config = value as Static<typeof Settings>;
  const sources = sourcesOf(located, config.sources ?? []);
  const ownership =
    config.owners === undefined
      ? NO_OWNERS
      : readOwners(resolve(located.folder, config.owners), (config.clusters ?? []).length > 0);
  const groups =
    config.owners === undefined ? [] : readTeamGroups(resolve(located.folder, config.owners));
  const contacts =
    config.owners === undefined ? [] : readTeamContacts(resolve(located.folder, config.owners));
  const auth = authOf(located, config.server, groups);
  checkNamespaces(located, config.namespaces ?? {}, config.clusters ?? [], auth.publicUrl);
  const shared = sharedCostsOf(
    config.allocation?.shared ?? [],
    located.folder,
    ownership,
    located.at(["allocation", "shared"]),
  );
  const allocation = allocationOf(config.allocation ?? {}, shared);
  checkClusters(located, config.clusters ?? []);
  const teams = [...new Set(ownership.teams.map((version) => version.team))];
  const stranger = allocation.rules.find(({ team }) => team !== null && !teams.includes(team));
  if (stranger?.team != null)
    throw new AppError(
      "CONFIG_INVALID",
      `${located.at([], "allocation")}: no team has the id "${stranger.team}"${hint(stranger.team, teams)}`,
    );
  const tolerance = config.checks?.quarantineTolerance;
  const { webhook, mail: finance = [] } = config.months?.notify ?? {};
  if (finance.length > 0 && config.namespaces?.notify?.mail === undefined)
    throw new AppError(
      "CONFIG_INVALID",
      `${located.at(["months", "notify", "mail"])}: no mail server is configured; name one in namespaces.notify.mail`,
    );
  return {
    file,
    home: resolve(located.folder, config.home ?? "./data/local"),
    sources,
    warnings: ownership.warnings,
    lifecycle: policyOf(config.namespaces ?? {}),
    namespaces: config.namespaces ?? {},
    folder: located.folder,
    contacts,
    webhook:
      webhook === undefined
        ? null
        : () => readSecret(webhook, located.folder, `${file}: months.notify.webhook`),
    finance,
    landingDays: Number((config.retention?.landing ?? "7d").slice(0, -1)),
    sampleDays: Number((config.retention?.samples ?? "35d").slice(0, -1)),
    server: {
      host: config.server?.host ?? "127.0.0.1",
      port: config.server?.port ?? 8080,
      auth,
    },
    build: {
      currency: config.currency ?? "EUR",
      sources: sources.map((source) => source.name),
      ownership,
      clusters: clustersOf(config.clusters ?? []),
      allocation,
      environmentTags: config.environment?.tags ?? ["environment", "env"],
      tolerance: {
        rows: tolerance?.rows ?? 0,
        amount: tolerance?.amount ?? "0",
        // Azure's own totals come as rounded floats; a cent is what its portal rounds to.
        azureDrift: config.checks?.azureDrift ?? "0.01",
        usageCoverage: config.checks?.usageCoverage ?? 95,
      },
      settledAfterDays: config.checks?.settledAfterDays ?? 6,
      keepLists: config.retention?.lists ?? 10,
      findings: findingsSettings(config.findings ?? {}),
    },
  };
}

/** Deleting needs what it writes backups with, and a way into each cluster it is for. */
function checkNamespaces(
  located: Located,
  namespaces: NamespacesConfig,
  clusters: Static<typeof ClustersConfig>,
  server: URL | null,
): void {
  const linked = namespaces.notify?.publicUrl;
  if (linked !== undefined && server !== null && new URL(linked).origin !== server.origin)
    throw new AppError(
      "CONFIG_INVALID",
      `${located.at(["namespaces", "notify", "publicUrl"])}: links of messages would lead to ${new URL(linked).origin}, and server.publicUrl is ${server.origin}; a link is answered by this server alone: leave this one out`,
    );
  if (namespaces.deletion !== undefined && namespaces.backup === undefined)
    throw new AppError(
      "CONFIG_INVALID",
      `${located.at(["namespaces"], "deletion")}: deleting needs namespaces.backup with a folder and a key`,
    );
  const names = clusters.map(({ name }) => name);
  for (const [index, { cluster }] of (namespaces.worker ?? []).entries())
    if (!names.includes(cluster))
      throw new AppError(
        "CONFIG_INVALID",
        `${located.at(["namespaces", "worker", index, "cluster"])}: no cluster is called "${cluster}"${hint(cluster, names)}`,
      );
}

/** One name, one cluster, one entry: two of them would divide the same lines twice. */
function checkClusters(located: Located, clusters: Static<typeof ClustersConfig>): void {
  for (const key of ["name", "resourceId"] as const) {
    const places = new Map<string, number>();
    for (const [index, cluster] of clusters.entries()) {
      const value = cluster[key].toLowerCase();
      const before = places.get(value);
      if (before !== undefined)
        throw new AppError(
          "CONFIG_INVALID",
          `${located.at(["clusters", index, key])}: a second cluster has the ${key} "${cluster[key]}"; the first is at ${located.at(["clusters", before])}`,
        );
      places.set(value, index);
    }
  }
}

function sourcesOf(located: Located, entries: readonly unknown[]): Source[] {
  const names = new Map<string, number>();
  return entries.map((entry, index) => {
    const path = ["sources", index] as const;
    const type = (entry as { type?: unknown } | null)?.type;
    const known = Object.keys(SOURCE_TYPES);
    if (typeof type !== "string")
      throw new AppError(
        "CONFIG_INVALID",
        `${located.at(path)}: a source needs a type: ${known.join(", ")}`,
      );
    const kind = SOURCE_TYPES[type];
    if (kind === undefined)
      throw new AppError(
        "CONFIG_INVALID",
        `${located.at([...path, "type"])}: no source has the type "${type}"${hint(type, known)}`,
      );
    checkSection(located, path, entry, kind.schema);
    checkLocation(located, path, entry);
    const { name } = entry as { name: string };
    const before = names.get(name);
    if (before !== undefined)
      throw new AppError(
        "CONFIG_INVALID",
        `${located.at([...path, "name"])}: a second source is called "${name}"; the first is at ${located.at(["sources", before])}`,
      );
    names.set(name, index);
    return kind.make(entry, located.folder, entries);
  });
}

/** A location is one of two shapes; checked by the one it means, so that the error names its key. */
function checkLocation(located: Located, path: readonly (string | number)[], entry: unknown): void {
  const { location } = entry as { location?: unknown };
  if (location === undefined) return;
  const isBlob =
    typeof location === "object" &&
    location !== null &&
    ("account" in location || "container" in location);
  checkSection(located, [...path, "location"], location, isBlob ? BlobLocation : DirectoryLocation);
}

/** The folder a configuration's demo lives in. */
export function configIn(home: string): string {
  return join(home, "apportion.yaml");
}
