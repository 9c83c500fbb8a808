import { resource, subscription, use } from "./build.ts";
import { commitment } from "./commitments.ts";
import type { Estate, Use } from "./model.ts";
import { UNOWNED } from "./teams.ts";

/** The acquired insurer's subscriptions: one that its own people run, one that nobody wants. */
export const HARBOUR_CORE = subscription("hbl-core");
export const HARBOUR_LEGACY = subscription("hbl-legacy");

const reserved = commitment({
  name: "VM_RI_HBL_D4sv5",
  orderName: "Reserved VM Instance, Standard_D4s_v5, EU West, 3 Years",
  kind: "Reservation",
  meter: "D4s v5",
  price: "0.0874",
  units: "96",
  monthly: "255.208",
  purchaseDay: 5,
  owner: "harbour-life",
  subscription: HARBOUR_CORE,
});

/** What the acquired insurer "Harbour Life" runs on its older enrolment. */
export function harbour(): Estate {
  const uses: Use[] = [];
  const core = { subscription: HARBOUR_CORE, owner: "harbour-life" };
  const machine = (name: string, size: string): string =>
    `{"UsageType":"ComputeHR","ImageType":"Windows Server BYOL","ServiceType":"Standard_${size}","VMName":"${name}","VCPUs":4,"ConsumedQuantity":%Q%}`;

  for (let index = 1; index <= 6; index++) {
    const name = `HBL-APP-${String(index).padStart(2, "0")}`;
    const production = index <= 4;
    const vm = resource({
      ...core,
      type: "Microsoft.Compute/virtualMachines",
      name,
      group: "HBL-APP",
      environment: production ? "production" : "test",
      tags: [["Cost Center", "HBL, core"]],
    });
    const disk = resource({
      ...core,
      type: "Microsoft.Compute/disks",
      name: `${name}_OsDisk`,
      group: "HBL-APP",
      ...(production ? { environment: "production" } : {}),
    });
    uses.push(
      // The fourth rests on Sundays, and its reservation goes to waste.
      use(vm, "D4s v5", "24", {
        details: machine(name, "D4s_v5"),
        ...(production ? { commitment: reserved } : { partial: true }),
        ...(index === 4 ? { idle: [0] } : {}),
        ...(index > 4 ? { idle: [0, 6] } : {}),
      }),
      use(disk, "P10 LRS Disk", "0.03225806", { decimals: 8, casing: "upper" }),
      use({ ...vm, tags: [], environment: "" }, "Standard Data Transfer Out", "0.914", {
        noise: 500,
        casing: "lower",
        long: index === 2,
      }),
      use(vm, "Standard P2 Node", "24", { owner: "security" }),
    );
  }
  for (const [suffix, owner] of [
    ["intake", "claims"],
    ["archive", "claims"],
  ] as const) {
    const vm = resource({
      ...core,
      type: "Microsoft.Compute/virtualMachines",
      name: `hbl-claims-${suffix}`,
      group: `hbl-claims-${suffix}`,
      owner,
      environment: "production",
    });
    uses.push(use(vm, "B2ms", "24", { partial: true, details: machine(vm.name, "B2ms") }));
  }
  const policies = resource({
    ...core,
    type: "Microsoft.Sql/managedInstances",
    name: "hbl-policies",
    group: "HBL-DATA",
    owner: "policy-admin",
    environment: "production",
    teamTag: true,
    tags: [["remark", 'keeps "old" policies, 1987-2015']],
  });
  uses.push(
    use(policies, "SQL Managed Instance/vCore", "96", { casing: "upper" }),
    use(policies, "SQL Managed Instance/Data Stored", "33.0323", { noise: 10 }),
    use(policies, "LRS Data Stored", "19.7", { noise: 60 }),
  );
  for (let index = 1; index <= 8; index++) {
    const store = resource({
      ...core,
      type: "Microsoft.Storage/storageAccounts",
      name: `hblfiles${index}`,
      group: "HBL-FILES",
    });
    uses.push(
      use(store, "Hot LRS Data Stored", "11.29", { noise: 10 }),
      use(store, "Hot LRS Write Operations", "0.0031", { noise: 900, decimals: 4 }),
      use(store, "Hot Read Operations", "0.0412", { noise: 900, decimals: 4, twins: true }),
    );
  }
  for (const name of ["mainframe-bridge", "fax-gateway", "old-intranet"]) {
    const vm = resource({
      type: "Microsoft.Compute/virtualMachines",
      name,
      group: "Default-Legacy",
      subscription: HARBOUR_LEGACY,
      owner: UNOWNED,
    });
    // Azure cuts long details off in the middle of a value.
    const details =
      name === "old-intranet"
        ? '{  "UsageType":"ComputeHR",  "HostNames":"intranet.harbour-life.example,www.intra'
        : machine(name, "D4s_v3");
    uses.push(
      use(vm, "D4 v3/D4s v3", "24", { details }),
      use(vm, "Standard Data Transfer Out", "0.0009", { noise: 900, decimals: 8 }),
    );
  }
  return { uses, commitments: [reserved] };
}
