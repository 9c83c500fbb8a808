import { resource, subscription, use } from "./build.ts";
import { type Cluster, clusterUses, type Pool } from "./clusters.ts";
import { commitment } from "./commitments.ts";
import type { Commitment, Estate, Use } from "./model.ts";
import { appServiceUses, orphan, platformUses, sqlUses, teamUses } from "./services.ts";
import { PRODUCT_TEAMS, UNOWNED } from "./teams.ts";

export const ENVIRONMENTS = ["dev", "test", "integration", "preproduction", "production"] as const;

/** The subscription of an environment. */
export const SUBSCRIPTIONS = {
  dev: subscription("nw-dev"),
  test: subscription("nw-test"),
  integration: subscription("nw-integration"),
  preproduction: subscription("nw-preproduction"),
  production: subscription("nw-production"),
} as const;

const nodeReservation = commitment({
  name: "VM_RI_D8sv5_westeurope",
  orderName: "Reserved VM Instance, Standard_D8s_v5, EU West, 1 Year",
  kind: "Reservation",
  meter: "D8s v5",
  price: "0.2496",
  units: "96",
  monthly: "728.832",
  purchaseDay: 3,
  owner: "platform",
  subscription: SUBSCRIPTIONS.production,
});
const savingsPlan = commitment({
  name: "Compute_SavingsPlan_2026",
  orderName: "Compute savings plan, 3 Years",
  kind: "Savings Plan",
  meter: "D8s v5",
  price: "0.2138",
  units: "25.5",
  monthly: "165.8553",
  purchaseDay: 11,
  owner: "platform",
  subscription: SUBSCRIPTIONS.production,
});
// Nobody says whose the purchase is, though what it covers has owners.
const sqlReservation = commitment({
  name: "SQLMI_RI_vCore_westeurope",
  orderName: "Reserved SQL Managed Instance vCore, EU West, 3 Years",
  kind: "Reservation",
  meter: "SQL Managed Instance/vCore",
  price: "0.1041",
  units: "576",
  monthly: "1823.832",
  purchaseDay: 17,
  owner: UNOWNED,
  subscription: SUBSCRIPTIONS.production,
});

/** The commitments whose purchases a rule gives to the platform team. */
export const PLATFORM_COMMITMENTS: readonly Commitment[] = [nodeReservation, savingsPlan];

const SYSTEM: Pool = {
  name: "system",
  meter: "D4s v5",
  size: "Standard_D4s_v5",
  cores: 4,
  joined: [""],
};
const SMALL = { meter: "D4s v5", size: "Standard_D4s_v5", cores: 4 };

const POOLS: Record<(typeof ENVIRONMENTS)[number], readonly Pool[]> = {
  dev: [SYSTEM, { name: "apps", ...SMALL, joined: ["", ""], idle: { 1: [0, 6] } }],
  test: [SYSTEM, { name: "apps", ...SMALL, joined: ["", ""] }],
  integration: [SYSTEM, { name: "apps", ...SMALL, joined: ["", ""], idle: { 1: [0, 6] } }],
  preproduction: [
    SYSTEM,
    { name: "apps", meter: "D8s v5", size: "Standard_D8s_v5", cores: 8, joined: ["", "", ""] },
  ],
  production: [
    { ...SYSTEM, joined: ["", ""] },
    {
      name: "apps",
      meter: "D8s v5",
      size: "Standard_D8s_v5",
      cores: 8,
      joined: ["", "", "", "", "", "2026-07-21", "2026-08-06", "2026-08-19"],
      idle: { 3: [0] },
      covered: {
        0: nodeReservation,
        1: nodeReservation,
        2: nodeReservation,
        3: nodeReservation,
        4: savingsPlan,
      },
    },
    { name: "memory", meter: "E8s v5", size: "Standard_E8s_v5", cores: 8, joined: ["2026-07-09"] },
    {
      name: "spot",
      meter: "D8s v5 Spot",
      size: "Standard_D8s_v5",
      cores: 8,
      first: 9,
      spot: true,
      joined: ["", ""],
    },
    {
      name: "gpu",
      meter: "NC4as T4 v3",
      size: "Standard_NC4as_T4_v3",
      cores: 4,
      joined: ["", "2026-08-10"],
    },
  ],
};

/** The company's clusters, one an environment. */
export const CLUSTERS: readonly Cluster[] = ENVIRONMENTS.map((environment) => ({
  environment,
  subscription: SUBSCRIPTIONS[environment],
  pools: POOLS[environment],
  claims: environment === "production" ? 3 : environment === "preproduction" ? 2 : 1,
}));

function managedInstances(): Use[] {
  const production = SUBSCRIPTIONS.production;
  return (
    [
      ["mi-policy-core", "policy-admin"],
      ["mi-claims-core", "claims"],
    ] as const
  ).flatMap(([name, owner]) => {
    const instance = resource({
      type: "Microsoft.Sql/managedInstances",
      name,
      group: "rg-databases-production",
      subscription: production,
      environment: "production",
      owner,
    });
    return [
      use(instance, "SQL Managed Instance/vCore", name === "mi-policy-core" ? "384" : "192", {
        casing: "upper",
        commitment: sqlReservation,
      }),
      use(instance, "SQL Managed Instance/Data Stored", "66.0645", { noise: 5 }),
      use(instance, "LRS Data Stored", "41.3", { noise: 80 }),
    ];
  });
}

function leftOvers(): Use[] {
  const { production, test, dev } = SUBSCRIPTIONS;
  const claims = orphan(
    "Microsoft.Compute/virtualMachines",
    "vm-legacy-claims-01",
    "OLD-CLAIMS-RG",
    production,
    [["created", "2019-03-11"]],
  );
  const claimsDisk = orphan(
    "Microsoft.Compute/disks",
    "vm-legacy-claims-01_OsDisk_1",
    "OLD-CLAIMS-RG",
    production,
  );
  const uses = [
    use(claims, "D4 v3/D4s v3", "24", {
      details:
        '{"UsageType":"ComputeHR","ImageType":"Windows Server BYOL","ServiceType":"Standard_D4s_v3","VMName":"vm-legacy-claims-01","VCPUs":4}',
    }),
    use(claims, "Standard Data Transfer Out", "0.00021", {
      noise: 900,
      decimals: 8,
      casing: "lower",
      long: true,
    }),
    use(claimsDisk, "S10 LRS Disk", "0.03225806", { decimals: 8 }),
  ];
  for (let index = 1; index <= 6; index++) {
    const disk = orphan(
      "Microsoft.Compute/disks",
      `disk-restore-${String(index).padStart(2, "0")}`,
      "rg-unsorted",
      index > 4 ? dev : test,
      index === 2 ? [["team", ""]] : [],
    );
    uses.push(
      use(disk, index === 1 ? "P20 LRS Disk" : "P10 LRS Disk", "0.03225806", { decimals: 8 }),
    );
  }
  // Lives with the payments team, belongs to claims: the tag says so.
  const guest = resource({
    type: "Microsoft.Compute/virtualMachines",
    name: "vm-claims-batch",
    group: "rg-payments-production",
    subscription: production,
    environment: "production",
    owner: "claims",
    teamTag: true,
  });
  uses.push(use(guest, "B2ms", "24", { partial: true, idle: [0, 6] }));
  return uses;
}

function dataUses(): Use[] {
  return (["dev", "production"] as const).flatMap((environment) => {
    const place = {
      environment,
      subscription: SUBSCRIPTIONS[environment],
      group: `rg-data-platform-${environment}`,
      owner: "data-platform",
    };
    const factory = resource({
      ...place,
      type: "Microsoft.DataFactory/factories",
      name: `adf-northwind-${environment}`,
    });
    const workspace = resource({
      ...place,
      type: "Microsoft.Databricks/workspaces",
      name: `dbw-northwind-${environment}`,
      teamTag: true,
    });
    const model = resource({
      ...place,
      type: "Microsoft.CognitiveServices/accounts",
      name: `oai-fraud-${environment}`,
      owner: "fraud",
      teamTag: true,
    });
    return [
      use(factory, "Cloud Orchestration Activity Run", "2.311", { noise: 300, weekend: 700 }),
      use(workspace, "All-purpose Compute DBU", environment === "production" ? "184.5" : "21.25", {
        noise: 500,
        weekend: 100,
      }),
      use(model, "gpt-large Input Tokens", environment === "production" ? "8412.331" : "611.208", {
        noise: 600,
        weekend: 300,
        long: true,
      }),
    ];
  });
}

/** Everything Northwind Mutual itself runs; the acquired company and the sandbox are elsewhere. */
export function northwind(): Estate {
  const uses: Use[] = [];
  for (const environment of ENVIRONMENTS) {
    const own = SUBSCRIPTIONS[environment];
    for (const cluster of CLUSTERS)
      if (cluster.environment === environment) uses.push(...clusterUses(cluster));
    uses.push(...PRODUCT_TEAMS.flatMap((team) => teamUses(environment, own, team)));
    uses.push(...sqlUses(environment, own), ...platformUses(environment, own));
    if (environment === "test" || environment === "production")
      uses.push(...appServiceUses(environment, own));
  }
  uses.push(...managedInstances(), ...dataUses(), ...leftOvers());
  return { uses, commitments: [nodeReservation, savingsPlan, sqlReservation] };
}
