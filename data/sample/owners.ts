import { clusterNames } from "./clusters.ts";
import { CLUSTERS, PLATFORM_COMMITMENTS } from "./estate.ts";
import { HARBOUR_CORE } from "./harbour.ts";
import { guid } from "./random.ts";
import { SANDBOX_OWNERS } from "./sandbox.ts";
import { PRODUCT_TEAMS, TEAMS, TRANSFER, type Team } from "./teams.ts";
import { PLATFORM_NAMESPACES } from "./owning.ts";
import { HANDED_OVER } from "./specials.ts";
import { sharedYaml } from "./shared.ts";

type Match = Record<
  string,
  string | readonly string[] | Record<string, string | readonly string[]>
>;

const q = (text: string): string => JSON.stringify(text);

function flow(value: Match[string]): string {
  if (typeof value === "string") return q(value);
  if (Array.isArray(value)) return `[${value.map(q).join(", ")}]`;
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${q(key)}: ${flow(inner as Match[string])}`)
    .join(", ")} }`;
}

/** One rule as a line; `days` are half-open bounds. */
function rule(team: string, match: Match, days: { from?: string; until?: string } = {}): string {
  const bounds = Object.entries(days)
    .map(([key, date]) => `${key}: ${date}, `)
    .join("");
  return `  - { team: ${team}, ${bounds}match: { ${Object.entries(match)
    .map(([key, value]) => `${key}: ${flow(value)}`)
    .join(", ")} } }`;
}

/** A match for a team; what was made for the team that moved goes to another from the day on. */
function ruled(team: string, match: Match): string[] {
  if (team !== TRANSFER.from) return [rule(team, match)];
  return [
    rule(TRANSFER.to, match, { from: TRANSFER.day }),
    rule(team, match, { until: TRANSFER.day }),
  ];
}

function teamText(team: Team): string {
  const history = team.history?.map(
    (entry) =>
      `      - { until: ${entry.until}, businessUnit: ${q(entry.businessUnit)}, costCenter: ${entry.costCenter}, name: ${q(entry.name)} }`,
  );
  return [
    `  - id: ${team.id}`,
    `    name: ${q(team.name)}`,
    `    businessUnit: ${q(team.businessUnit)}`,
    `    costCenter: ${team.costCenter}`,
    `    contacts: [${team.id}@northwind.example]`,
    `    groups: [${guid(`group ${team.id}`)}]`,
    ...(history === undefined ? [] : ["    history:", ...history]),
  ].join("\n");
}

/** Rules about what runs in clusters: what pods and namespaces say of themselves, then the names of namespaces. */
function clusterRules(): string[] {
  const { environment, namespace, before, after, day } = HANDED_OVER;
  const place = { cluster: clusterNames(environment).name, namespace };
  return [
    "  # In clusters, pods and namespaces say whose they are.",
    ...TEAMS.flatMap(({ id }) => ruled(id, { label: { team: id } })),
    rule(before, place, { until: day }),
    rule(after, place, { from: day }),
    ...PRODUCT_TEAMS.flatMap((id) => ruled(id, { namespace: `${id}-*` })),
    rule("platform", { namespace: PLATFORM_NAMESPACES }),
  ];
}

/** The `owners.yaml` that says by rules what the generator knows from having made each resource; `usage`: and each namespace. */
export function ownersYaml(usage: boolean): string {
  const ids = TEAMS.map((team) => team.id);
  const rules = [
    ...(usage ? clusterRules() : []),
    "  # Some services have one owner wherever they run.",
    rule("security", { service: "Microsoft Defender*" }),
    "  # What a resource says of itself.",
    ...ids.flatMap((id) => ruled(id, { tag: { team: id } })),
    "  # Volumes belong to the namespace that claimed them.",
    ...PRODUCT_TEAMS.flatMap((id) =>
      ruled(id, { tag: { "kubernetes.io-created-for-pvc-namespace": `${id}-*` } }),
    ),
    "  # Databases in shared pools are named after their team.",
    ...PRODUCT_TEAMS.flatMap((id) => ruled(id, { resourceId: `*/databases/${id}-*` })),
    rule("policy-admin", { resourceId: "*/managedInstances/mi-policy-*" }),
    rule("claims", { resourceId: "*/managedInstances/mi-claims-*" }),
    "  # Places.",
    ...ids.flatMap((id) => ruled(id, { resourceGroup: `rg-${id}-*` })),
    rule("platform", { resourceGroup: ["MC_*", "rg-network-*"] }),
    rule("platform", { resourceId: PLATFORM_COMMITMENTS.map((commitment) => commitment.id) }),
    "  # The acquired company, and the sandbox.",
    rule("claims", {
      subscription: [HARBOUR_CORE.id, HARBOUR_CORE.name],
      resourceGroup: "hbl-claims-*",
    }),
    rule("harbour-life", { subscription: [HARBOUR_CORE.id, HARBOUR_CORE.name] }),
    ...SANDBOX_OWNERS.flatMap((id) => ruled(id, { tag: { owner: id } })),
    rule("pricing", { resourceGroup: "sbx-pricing-*" }),
  ];
  return `# Northwind Mutual: who owns what. First match on the day wins.\nteams:\n${TEAMS.map(teamText).join("\n")}\nrules:\n${rules.join("\n")}\n`;
}

/** The `apportion.yaml` of the sample, with the clusters of these environments and what was recorded of them. */
export function apportionYaml(environments: readonly string[]): string {
  const names = CLUSTERS.filter(({ environment }) => environments.includes(environment)).map(
    ({ environment, subscription }) => ({
      environment,
      subscription,
      ...clusterNames(environment),
    }),
  );
  const shared = sharedYaml();
  const sources = names.map(
    ({ environment, name }) =>
      `  - { type: prometheus, name: ${environment}-usage, cluster: ${name}, recorded: ./usage/${environment} }\n`,
  );
  const clusters = names.map(
    ({ environment, name, group, nodeGroup, subscription }) =>
      `  - { name: ${name}, environment: ${environment}, nodeResourceGroup: ${nodeGroup},\n` +
      `      resourceId: "/subscriptions/${subscription.id}/resourceGroups/${group}/providers/Microsoft.ContainerService/managedClusters/${name}" }\n`,
  );
  return `home: .
currency: EUR
sources:
  - { type: azure-exports, name: billing, location: { directory: ./exports } }
${
  names.length > 0
    ? `${sources.join("")}${shared.sources}clusters:\n${clusters.join("")}${shared.allocation}# Weeks enough for the Backtest page.
retention: { samples: 70d }
`
    : ""
}owners: ./owners.yaml
`;
}
