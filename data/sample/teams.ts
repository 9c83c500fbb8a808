/** Where a team stands in the company. `until` is the first day that no longer holds. */
export interface Standing {
  readonly businessUnit: string;
  readonly costCenter: string;
  readonly name: string;
}

export interface Team extends Standing {
  readonly id: string;
  readonly history?: readonly (Standing & { readonly until: string })[];
}

export const UNOWNED = "__unowned__";
export const COMMITMENT_UNUSED = "__commitment_unused__";

/** On this day everything of `documents` went to `customer-portal`. */
export const TRANSFER = { from: "documents", to: "customer-portal", day: "2026-08-15" } as const;

export const TEAMS: readonly Team[] = [
  { id: "claims", name: "Claims", businessUnit: "Claims & Service", costCenter: "CC-1100" },
  {
    id: "fraud",
    name: "Fraud Detection",
    businessUnit: "Claims & Service",
    costCenter: "CC-1140",
    history: [
      {
        until: "2026-07-16",
        name: "Fraud & Abuse",
        businessUnit: "Finance & Risk",
        costCenter: "CC-3140",
      },
    ],
  },
  { id: "documents", name: "Documents", businessUnit: "Claims & Service", costCenter: "CC-1170" },
  {
    id: "customer-portal",
    name: "Customer Portal",
    businessUnit: "Distribution",
    costCenter: "CC-2100",
  },
  { id: "broker", name: "Broker Channel", businessUnit: "Distribution", costCenter: "CC-2130" },
  {
    id: "policy-admin",
    name: "Policy Administration",
    businessUnit: "Distribution",
    costCenter: "CC-2160",
  },
  {
    id: "underwriting",
    name: "Underwriting",
    businessUnit: "Finance & Risk",
    costCenter: "CC-3100",
  },
  {
    id: "pricing",
    name: "Pricing & Actuarial",
    businessUnit: "Finance & Risk",
    costCenter: "CC-3120",
    history: [
      { until: "2025-11-01", name: "Actuarial", businessUnit: "Technology", costCenter: "CC-4190" },
      {
        until: "2026-03-10",
        name: "Pricing",
        businessUnit: "Finance & Risk",
        costCenter: "CC-3119",
      },
    ],
  },
  { id: "payments", name: "Payments", businessUnit: "Finance & Risk", costCenter: "CC-3160" },
  { id: "data-platform", name: "Data Platform", businessUnit: "Technology", costCenter: "CC-4100" },
  { id: "platform", name: "Cloud Platform", businessUnit: "Technology", costCenter: "CC-4120" },
  { id: "security", name: "Security", businessUnit: "Technology", costCenter: "CC-4150" },
  {
    id: "harbour-life",
    name: "Harbour Life IT",
    businessUnit: "Technology",
    costCenter: "CC-4900",
  },
];

/** Teams that run microservices: each has databases, namespaces, storage and vaults in every environment. */
export const PRODUCT_TEAMS: readonly string[] = TEAMS.map((team) => team.id).filter(
  (id) => !["platform", "security", "harbour-life"].includes(id),
);

const BY_ID = new Map(TEAMS.map((team) => [team.id, team]));
const NOWHERE: Standing = { businessUnit: "", costCenter: "", name: "" };

/** Who owns on a day what was made for `owner`. */
export function ownerOn(owner: string, date: string): string {
  return owner === TRANSFER.from && date >= TRANSFER.day ? TRANSFER.to : owner;
}

/** Business unit and cost centre of a team on a day; empty for a sentinel. */
export function standingOn(owner: string, date: string): Standing {
  const team = BY_ID.get(owner);
  if (team === undefined) return NOWHERE;
  return team.history?.find((entry) => date < entry.until) ?? team;
}
