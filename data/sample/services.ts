import { resource, use } from "./build.ts";
import type { Resource, Subscription, Use } from "./model.ts";
import { pick } from "./random.ts";
import { PRODUCT_TEAMS } from "./teams.ts";

/** What every product team's microservices are called, behind the team's name. */
export const SERVICES = [
  "api",
  "intake",
  "events",
  "search",
  "notify",
  "batch",
  "rules",
  "reports",
  "sync",
  "archive",
  "gateway",
] as const;

const ODD_TAGS: readonly (readonly [string, string])[] = [
  ["note", '",NULL,NULL,"'],
  ["note", "🦊 moved, see wiki"],
  ["note", 'the "old" one'],
  ["note", "line one\nline two"],
  ["note", "=cmd|' /C calc'!A0"],
  ["note", ""],
  ["CostCentre", "CC-0"],
  ["owner-mail", "first, second; third"],
  ["note", "Größe: 5 µm – ’quoted’"],
  ["note", "back\\slash, {brace}"],
];

/** What a product team has of its own in one environment. Some of it says so by tag, some only by its resource group. */
export function teamUses(environment: string, subscription: Subscription, team: string): Use[] {
  const production = environment === "production";
  const scale = production ? 9 : environment === "preproduction" ? 3 : 1;
  const group = `rg-${team}-${environment}`;
  const compact = team.replaceAll("-", "");
  const short =
    { dev: "dev", test: "tst", integration: "int", preproduction: "pre", production: "prd" }[
      environment
    ] ?? environment;
  const odd = ODD_TAGS[pick(`odd ${team} ${environment}`, ODD_TAGS.length * 2)];
  const place = { environment, subscription, group, owner: team };
  const tags = odd === undefined ? [] : [odd];
  const storage = resource({
    ...place,
    type: "Microsoft.Storage/storageAccounts",
    name: `st${compact}${short}`.slice(0, 24),
    teamTag: true,
    tags,
  });
  const vault = resource({
    ...place,
    type: "Microsoft.KeyVault/vaults",
    name: `kv-${compact}-${short}`.slice(0, 24),
    ...(pick(`vault ${team}`, 3) === 0 ? { tags: [["team", ""]] as const } : {}),
  });
  const bus = resource({
    ...place,
    type: "Microsoft.ServiceBus/namespaces",
    name: `sb-${team}-${environment}`,
    teamTag: true,
  });
  const endpoint = resource({
    ...place,
    type: "Microsoft.Network/privateEndpoints",
    name: `pe-${team}-${environment}`,
  });
  const logs = resource({
    ...place,
    type: "Microsoft.OperationalInsights/workspaces",
    name: `log-${team}-${environment}`,
    teamTag: true,
    tags: [
      ["CostCentre", "CC-1"],
      ["costcentre", "CC-2"],
    ],
  });
  const uses = [
    use(storage, "Hot LRS Data Stored", `${scale * 7}.4193`, { noise: 20 }),
    use(storage, "Hot LRS Write Operations", `${scale}.8`, {
      noise: 500,
      weekend: 300,
      decimals: 4,
    }),
    use(storage, "Hot Read Operations", `${scale * 4}.25`, {
      noise: 500,
      weekend: 300,
      decimals: 4,
      twins: true,
    }),
    use(storage, "LRS Batch Write Operations", "0.0071", {
      noise: 900,
      decimals: 4,
      casing: "upper",
    }),
    use(storage, "Standard Transactions", `${scale}.1`, {
      noise: 400,
      decimals: 4,
      owner: "security",
    }),
    use(vault, "Operations", "0.0832", { noise: 600, weekend: 400, decimals: 4 }),
    use(bus, "Standard Messaging Operations", `0.${production ? 914 : 108}`, {
      noise: 500,
      weekend: 200,
    }),
    use(endpoint, "Standard Private Endpoint", "24", { casing: "lower" }),
    use(logs, "Analytics Logs Data Ingestion", `${scale}.37`, { noise: 350, weekend: 500 }),
    use(logs, "Analytics Logs Data Retention", `${scale}.02`, { noise: 50 }),
  ];
  if (production) {
    const hub = resource({
      ...place,
      type: "Microsoft.EventHub/namespaces",
      name: `evh-${team}`,
      teamTag: true,
    });
    uses.push(use(hub, "Standard Throughput Unit", "48"));
  }
  return uses;
}

/** A SQL server with its elastic pool and one database a microservice. Pooled databases cost only what their backups keep. */
export function sqlUses(environment: string, subscription: Subscription): Use[] {
  const production = environment === "production";
  const server = `sql-northwind-${environment}`;
  const place = { environment, subscription, group: `rg-platform-sql-${environment}` };
  const pools = production ? ["pool-core", "pool-edge"] : ["pool-core"];
  const uses = pools.flatMap((name) => {
    const pool = resource({
      ...place,
      type: "Microsoft.Sql/servers/elasticPools",
      name: `${server}/${name}`,
      owner: "platform",
    });
    return [
      use(pool, "SQL Database/vCore", String(24 * (production ? 16 : 4)), { casing: "upper" }),
      use(pool, "General Purpose Data Stored", production ? "49.54838" : "8.25806", {
        casing: "upper",
      }),
    ];
  });
  if (!production && environment !== "preproduction" && environment !== "test") return uses;
  for (const team of PRODUCT_TEAMS) {
    for (const service of SERVICES) {
      const database = resource({
        ...place,
        type: "Microsoft.Sql/servers/databases",
        name: `${server}/${team}-${service}`,
        owner: team,
      });
      uses.push(
        use(database, "RA-GRS Data Stored", production ? "1.1724" : "0.0931", {
          noise: 400,
          casing: pick(database.id, 3) === 0 ? "upper" : "as-is",
        }),
      );
      if (production) uses.push(use(database, "LTR RA-GRS Data Stored", "3.9017", { noise: 30 }));
    }
  }
  const left = resource({
    ...place,
    type: "Microsoft.Sql/servers/databases",
    name: `${server}/temp-migration-2023`,
    owner: "platform",
  });
  uses.push(use(left, "RA-GRS Data Stored", "14.2", { noise: 5 }));
  return uses;
}

/** What the platform team runs for everyone in one environment. */
export function platformUses(environment: string, subscription: Subscription): Use[] {
  const production = environment === "production";
  const place = { environment, subscription, owner: "platform" };
  const network = { ...place, group: `rg-network-${environment}` };
  const shared = { ...place, group: `rg-platform-shared-${environment}` };
  const gateway = resource({
    ...network,
    type: "Microsoft.Network/applicationGateways",
    name: `agw-${environment}`,
  });
  const nat = resource({
    ...network,
    type: "Microsoft.Network/natGateways",
    name: `ng-${environment}`,
  });
  const dns = resource({
    ...network,
    type: "Microsoft.Network/privateDnsZones",
    name: `privatelink.database.windows.net`,
  });
  const logs = resource({
    ...shared,
    type: "Microsoft.OperationalInsights/workspaces",
    name: `log-platform-${environment}`,
    teamTag: true,
  });
  const metrics = resource({
    ...shared,
    type: "Microsoft.Monitor/accounts",
    name: `amw-${environment}`,
  });
  const registry = resource({
    ...shared,
    type: "Microsoft.ContainerRegistry/registries",
    name: `crnorthwind${environment}`,
    teamTag: true,
  });
  const uses = [
    use(gateway, "Standard Fixed Cost", "24"),
    use(gateway, "Standard Capacity Units", production ? "212" : "31", {
      noise: 250,
      weekend: 500,
    }),
    use(nat, "Standard Gateway", "24"),
    use(dns, "Private Queries", "0.4731", { noise: 200, casing: "lower" }),
    use(logs, "Analytics Logs Data Ingestion", production ? "96.4" : "11.2", {
      noise: 250,
      weekend: 600,
    }),
    use(metrics, "Metrics Ingestion", production ? "31.7" : "6.2", { noise: 50 }),
    use(registry, "Premium Registry Unit", "1"),
  ];
  if (environment !== "integration") {
    const manager = resource({
      ...shared,
      type: "Microsoft.ApiManagement/service",
      name: `apim-northwind-${environment}`,
      teamTag: true,
    });
    uses.push(use(manager, production ? "Premium Units" : "Developer Units", "24"));
  }
  return uses;
}

/** Old Windows applications on an App Service Environment, with one plan for each. */
export function appServiceUses(environment: string, subscription: Subscription): Use[] {
  const place = { environment, subscription, group: `rg-platform-ase-${environment}` };
  const stamp = resource({
    ...place,
    type: "Microsoft.Web/hostingEnvironments",
    name: `ase-northwind-${environment}`,
    owner: "platform",
    teamTag: true,
  });
  const plans: readonly (readonly [name: string, owner: string, meter: string])[] = [
    ["plan-policy-classic", "policy-admin", "I2 v2 App"],
    ["plan-claims-classic", "claims", "I2 v2 App"],
    ["plan-broker-web", "broker", "I1 v2 App"],
    ["plan-tariff-desk", "pricing", "I1 v2 App"],
    ["plan-letters", "documents", "I1 v2 App"],
    ["plan-ledger", "payments", "I1 v2 App"],
    ["plan-shared", "platform", "I1 v2 App"],
  ];
  return [
    use(stamp, "Stamp Fee", "24"),
    ...plans.map(([name, owner, meter]) => {
      const plan = resource({
        ...place,
        type: "Microsoft.Web/serverfarms",
        name,
        owner,
        teamTag: true,
        tags: [["hidden-related:/hostingEnvironments", stamp.name]],
      });
      return use(plan, meter, environment === "production" ? "48" : "24");
    }),
  ];
}

/** A resource that nobody tagged and no rule names. */
export function orphan(
  type: string,
  name: string,
  group: string,
  subscription: Subscription,
  tags: Resource["tags"] = [],
): Resource {
  return resource({ type, name, group, subscription, owner: "__unowned__", tags });
}
