import type { Cost, Grouping, Policy } from "./answers.ts";

/** The words of the pages and what each means; the same on the command line and in the CSV. */

export type MonthState = "open" | "provisional" | "settled" | "closed";

export const STATES: Record<MonthState, string> = {
  open: "The month is running: lines still arrive and estimates still move.",
  provisional: "The month is over, but the provider may still restate it.",
  settled: "Unchanged for the configured days, or invoiced. Safe to book.",
  closed: "Closed by a person: an immutable, numbered statement exists.",
};

export const COST_NAMES: Record<Cost, string> = {
  effective: "Effective cost",
  billed: "Billed cost",
  list: "List cost",
  contracted: "Contracted cost",
};

export const COST_MEANINGS: Record<Cost, string> = {
  effective: "What usage really cost: commitments spread over what they covered.",
  billed: "What the invoice says: commitments on the day they were bought.",
  list: "At the provider's public prices, before any discount.",
  contracted: "At your negotiated prices, before commitments.",
};

export const GROUPING_NAMES: Record<Grouping, { one: string; many: string }> = {
  team: { one: "Team", many: "teams" },
  businessUnit: { one: "Business unit", many: "business units" },
  service: { one: "Service", many: "services" },
  environment: { one: "Environment", many: "environments" },
  cluster: { one: "Cluster", many: "clusters" },
  namespace: { one: "Namespace", many: "namespaces" },
};

export const POLICY_NAMES: Record<Policy, string> = {
  configured: "As configured",
  keep: "Kept apart",
  proportional: "By cost",
  even: "Evenly",
};

export const POLICY_MEANINGS: Record<Policy, string> = {
  configured: "Idle and shared cost of clusters is passed on as apportion.yaml says.",
  keep: "Idle and shared cost of clusters stays in sight, on nobody.",
  proportional: "Idle and shared cost is passed on by each namespace's own cost.",
  even: "Idle and shared cost is passed on in equal parts to the namespaces that ran.",
};

/** What divides a line, in words. */
export const PART_WORDS: Record<string, string> = {
  line: "Lines of their own",
  node: "Shares of nodes",
  pool: "Shares of node pools",
  volume: "Volumes",
  "load-balancer": "Shares of load balancers",
  "public-ip": "Public addresses",
  network: "Cluster network",
  "control-plane": "Control planes",
};

export const PARTS = {
  direct: "Cost of resources the team owns itself.",
  shared: "The team's part of what several teams use together.",
  idle: "The team's part of capacity that nobody used.",
} as const;

/** Where cost stays that belongs to no team: what to call it, and what to do about it. */
export const SENTINELS: Record<string, { name: string; short: string; hint: string }> = {
  __unowned__: {
    name: "Nobody's yet",
    short: "no rule names an owner",
    hint: "No ownership rule matches. Add a rule to owners.yaml, or a tag to the resource.",
  },
  __commitment_unused__: {
    name: "Unused commitments",
    short: "paid for, not used",
    hint: "Reservations and savings plans paid for but not used. Exchange them or move usage under them.",
  },
  __idle__: {
    name: "Idle capacity",
    short: "paid for, not used",
    hint: "Capacity paid for that nobody used.",
  },
  __system__: {
    name: "Kubernetes system reserve",
    short: "kept by the nodes",
    hint: "What nodes keep for themselves.",
  },
  __control_plane__: {
    name: "Cluster control plane",
    short: "the managed fee",
    hint: "The managed control plane's fee.",
  },
  __network__: {
    name: "Cluster network",
    short: "shared by the cluster",
    hint: "Outbound addresses and balancers of a cluster.",
  },
  __unmounted__: {
    name: "Disks no pod mounts",
    short: "no claim",
    hint: "Volumes without a claim. May they go?",
  },
  __no_usage_data__: {
    name: "No usage data",
    short: "not measured",
    hint: "Billed, but usage was not measured.",
  },
  __unmatched__: {
    name: "Unmatched",
    short: "not known yet",
    hint: "Lines that match nothing known yet.",
  },
};

export const PART_NAMES: Record<keyof typeof PARTS, string> = {
  direct: "Direct",
  shared: "Shared",
  idle: "Idle",
};

/** The sentinel a key ends in, where it is one. */
export function sentinelOf(key: string) {
  return SENTINELS[key.split("/").at(-1) ?? ""];
}

export const GLOSSARY: { id: string; word: string; meaning: string }[] = [
  ...entries(COST_MEANINGS, (cost) => COST_NAMES[cost]),
  ...entries(PARTS, (part) => PART_NAMES[part]),
  ...entries(STATES, (state) => `Month ${state}`),
  ...entries(POLICY_MEANINGS, (policy) => `Redistribution: ${POLICY_NAMES[policy].toLowerCase()}`),
  {
    id: "coverage",
    word: "Coverage",
    meaning: "The part of the billed node time for which usage was measured.",
  },
  {
    id: "showback",
    word: "Showback",
    meaning: "Showing each team what it cost, without moving money between accounts.",
  },
  {
    id: "invariant",
    word: "Invariant",
    meaning: "A check that must hold to the last digit. When it fails, the month is not published.",
  },
  {
    id: "tolerance",
    word: "Tolerance",
    meaning:
      "A check with a configured limit. When it is exceeded, the month publishes with a mark.",
  },
  {
    id: "restatement",
    word: "Restatement",
    meaning: "A change to figures already published, with what caused it.",
  },
];

/** What people read for a key: a sentinel's name, else the name given, else the key. */
export function nameOf(key: string, name: string | null | undefined): string {
  const known = SENTINELS[key];
  if (known !== undefined) return known.name;
  if (name !== null && name !== undefined && name !== "") return name;
  return key === "" ? "(none)" : key;
}

function entries<K extends string>(meanings: Record<K, string>, word: (key: K) => string) {
  return (Object.keys(meanings) as K[]).map((id) => ({
    id,
    word: word(id),
    meaning: meanings[id],
  }));
}
