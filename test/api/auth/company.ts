import { rm } from "node:fs/promises";
import { principalOf, type Role } from "../../../analysis/principal.ts";
import { createToken } from "../../../api/auth/tokens.ts";
import { homePaths } from "../../../data/files.ts";
import { Register } from "../../../data/register.ts";
import { noteSeen } from "../../../data/register/namespaces.ts";
import { run } from "../../statements/books.ts";
import { clusterHome } from "../../cluster-home.ts";

/**
 * A company of teams whose every name and amount is found again wherever it turns up: `shop`, which
 * looks, and `beta`, `zeta` and `platform`, of which it must see nothing. What `beta` has differs
 * from one variant to the other in everything: amounts, how many, names, services, a currency.
 */

export const NOW = () => new Date("2026-09-20T12:00:00Z");

const SUBSCRIPTION = "/subscriptions/11111111-2222-3333-4444-555555555555";

export const GROUPS = {
  shop: "11111111-aaaa-4aaa-8aaa-000000000001",
  beta: "11111111-aaaa-4aaa-8aaa-000000000002",
} as const;

const owners = (beta: Variant) => `teams:
  - { id: shop, name: Shop, businessUnit: Retail, costCenter: CC-1, groups: [${GROUPS.shop}] }
  - { id: data, name: "Zeta Analytics", businessUnit: "Zeta Unit", costCenter: CC-ZETA }
  - { id: platform, name: "Omega Platform", businessUnit: "Omega Unit", costCenter: CC-OMEGA }
  - { id: beta, name: "${beta.name}", businessUnit: "${beta.unit}", costCenter: ${beta.center}, groups: [${GROUPS.beta}] }
rules:
  - { team: data, match: { label: { team: data } } }
  - { team: shop, match: { cluster: prod, namespace: "shop*" } }
  - { team: data, from: 2026-08-02, match: { namespace: jobs } }
  - { team: shop, match: { namespace: jobs } }
  - { team: platform, match: { namespace: "kube-*" } }
  - { team: shop, match: { resourceGroup: rg-shop } }
  - { team: beta, match: { resourceGroup: "rg-beta*" } }
`;

export interface Variant {
  name: string;
  unit: string;
  center: string;
  service: string;
  resource: string;
  currency: string;
  /** Of a day of its machine, and of the machine's disk. */
  cost: string;
  /** Of one line each, a day apart. */
  amounts: readonly string[];
}

export const VARIANTS = {
  one: {
    name: "Betamark Team",
    unit: "Betamark Unit",
    center: "CC-BETAMARK",
    service: "Betamark Service",
    resource: "betamarkstore",
    currency: "JPY",
    cost: "3.1733",
    amounts: ["7919.7331", "104729.8887", "31337.4567"],
  },
  two: {
    name: "Gammamark Team",
    unit: "Gammamark Unit",
    center: "CC-GAMMAMARK",
    service: "Gammamark Service",
    resource: "gammamarkstore",
    currency: "CHF",
    cost: "0.2",
    amounts: ["5.0001"],
  },
} as const satisfies Record<string, Variant>;

/** Text that stands in foreign figures of variant one and in nothing of shop's. */
export const FOREIGN = [
  "Betamark",
  "betamark",
  "BETAMARK",
  "JPY",
  ...VARIANTS.one.amounts,
  // Their sum, and each pair's.
  "143987.0785",
  "112649.6218",
  "39257.1898",
  "136067.3454",
  "Zeta",
  "ZETA",
  "Omega",
  "OMEGA",
  // Workloads of others: in a namespace of shop's, and on shop's nodes.
  "reports",
  "kube-proxy",
] as const;

/** A machine that was switched off on the 20th of July, and its disk, which costs on: a finding. */
function stopped(month: string, group: string, name: string, cost: string) {
  const days = Array.from(
    { length: 31 },
    (_, index) => `${month}-${String(index + 1).padStart(2, "0")}`,
  );
  const charge = (day: string, kind: string, resource: string, cells: Record<string, string>) => ({
    BilledCost: cost,
    EffectiveCost: cost,
    ListCost: cost,
    ContractedCost: cost,
    BillingCurrency: "EUR",
    ChargeCategory: "Usage",
    ChargePeriodStart: `${day}T00:00:00Z`,
    ChargePeriodEnd: new Date(Date.parse(day) + 86_400_000).toISOString().replace(".000", ""),
    ResourceId: `${SUBSCRIPTION}/resourceGroups/${group}/providers/Microsoft.Compute/${kind}/${resource}`,
    ResourceName: resource,
    ...cells,
  });
  return days.flatMap((day) => [
    ...(day > "2026-07-20"
      ? []
      : [
          charge(day, "virtualMachines", name, {
            ServiceName: "Virtual Machines",
            x_SkuMeterCategory: "Virtual Machines",
            ConsumedQuantity: "24",
            ConsumedUnit: "Hours",
          }),
        ]),
    charge(day, "disks", `${name}_OsDisk_1_abc`, { ServiceName: "Storage" }),
  ]);
}

function lines(variant: Variant, month: string): Record<string, string>[] {
  const theirs = variant.amounts.flatMap((amount, index) =>
    ["EUR", variant.currency].map((currency) => ({
      BilledCost: amount,
      EffectiveCost: amount,
      ListCost: amount,
      ContractedCost: amount,
      BillingCurrency: currency,
      ChargeCategory: "Usage",
      ChargePeriodStart: `${month}-0${index + 1}T00:00:00Z`,
      ChargePeriodEnd: `${month}-0${index + 2}T00:00:00Z`,
      ServiceName: variant.service,
      ResourceId: `${SUBSCRIPTION}/resourceGroups/rg-beta/providers/Microsoft.Storage/storageAccounts/${variant.resource}${index}`,
      ResourceName: `${variant.resource}${index}`,
      Tags: `{"environment":"${variant.resource}"}`,
    })),
  );
  return [
    ...theirs,
    ...stopped(month, "rg-beta", `${variant.resource}vm`, variant.cost),
    ...stopped(month, "rg-shop", "shopvm", "0.91"),
  ];
}

/** What a scan saw of a namespace that may be dormant. */
function seen(team: string, amount: string, evidence: string): object {
  return {
    at: "2026-09-01T00:00:00.000Z",
    created: "2025-01-01T00:00:00.000Z",
    labels: {},
    annotations: {},
    hash: "h",
    team,
    cost: { month: "2026-08", currency: "EUR", amount },
    creator: { person: "p_1", team, confidence: "high", link: "annotation", evidence, links: [] },
    assessment: {
      verdict: "dormant",
      why: "",
      protection: null,
      gitops: null,
      lastActivity: null,
      signals: [{ signal: "pods", holds: true, evidence }],
      holds: { volumes: 2, loadBalancers: 1, workloads: 3, isEmpty: false },
    },
  };
}

export interface Company {
  config: string;
  home: string;
  /** A token's header for somebody with these roles and teams. */
  as(name: string, roles: readonly Role[], teams: readonly string[] | null): Record<string, string>;
  remove(): Promise<void>;
}

/** Makes the company, and lets tokens be made for it. */
export async function makeCompany(
  variant: Variant = VARIANTS.one,
  server = "server: { auth: { type: tokens }, requestsPerMinute: 1000000 }\n",
): Promise<Company> {
  const { folder, config, home } = await clusterHome({
    owners: owners(variant),
    config: server,
    lines: (month) => lines(variant, month),
  });
  // A month of which there is a statement, and one of which there is none.
  await run(folder, "close", "--month", "2026-07", "--force", "--reason", "a small company");
  const register = new Register(homePaths(home).register);
  noteSeen(
    register,
    { cluster: "prod", name: "shop", uid: "u-1" },
    seen("shop", "12.5", "shop made it"),
  );
  const [amount] = variant.amounts;
  const evidence = `${variant.name} made it`;
  noteSeen(
    register,
    { cluster: "prod", name: "lab", uid: "u-2" },
    seen("beta", amount ?? "", evidence),
  );
  return {
    config,
    home,
    as(name, roles, teams) {
      const expiresAt = new Date("2027-01-01T00:00:00Z");
      const wish = { name, roles, teams, createdBy: "test", expiresAt };
      return { authorization: `Bearer ${createToken(register, wish, NOW()).token}` };
    },
    async remove() {
      register.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The roles in which somebody looks, and whether they see all. */
export const LOOKERS = [
  { name: "viewer", roles: ["viewer"], teams: ["shop"] },
  { name: "engineer", roles: ["engineer"], teams: ["shop"] },
  { name: "narrowed-finance", roles: ["finance"], teams: ["shop"] },
  { name: "narrowed-platform", roles: ["platform"], teams: ["shop"] },
  { name: "narrowed-auditor", roles: ["auditor"], teams: ["shop"] },
] as const;

/** Scope of a looker, for tests below HTTP. */
export const SHOP = principalOf({ name: "looker", roles: ["viewer"], teams: ["shop"] });
