import { resource, subscription, use } from "./build.ts";
import type { Estate, Use } from "./model.ts";
import { UNOWNED } from "./teams.ts";

/** Where people try things, on pay-as-you-go. */
export const SANDBOX = subscription("nw-sandbox");

/** Teams that the tag `owner` names in the sandbox. */
export const SANDBOX_OWNERS: readonly string[] = ["data-platform", "fraud", "underwriting"];

/** What runs in the sandbox. A tag names the owner, or a resource group does, or nothing. */
export function sandbox(): Estate {
  const place = { subscription: SANDBOX };
  const uses: Use[] = [];
  for (const owner of SANDBOX_OWNERS) {
    const tags = [
      [owner === "fraud" ? "Owner" : "owner", owner],
      ["purpose", 'try "it", cheaply'],
    ] as const;
    const machine = resource({
      ...place,
      type: "Microsoft.Compute/virtualMachines",
      name: `vm-try-${owner}`,
      group: `sbx-${owner}-lab`,
      owner,
      tags,
    });
    const store = resource({
      ...place,
      type: "Microsoft.Storage/storageAccounts",
      name: `stsbx${owner.replaceAll("-", "")}`,
      group: `sbx-${owner}-lab`,
      owner,
      tags,
    });
    uses.push(
      use(machine, "B2ms", "24", {
        idle: [0, 6],
        partial: true,
        details: `{"UsageType":"ComputeHR","ServiceType":"Standard_B2ms","VMName":"${machine.name}","VCPUs":2,"ConsumedQuantity":%Q%}`,
      }),
      use(store, "Hot LRS Data Stored", "0.7311", { noise: 100 }),
      use(store, "Hot Read Operations", "0.0083", { noise: 900, decimals: 4, casing: "lower" }),
      use(machine, "Standard Data Transfer Out", "0.0412", {
        noise: 900,
        casing: "lower",
        decimals: 8,
        long: true,
      }),
    );
  }
  const model = resource({
    ...place,
    type: "Microsoft.CognitiveServices/accounts",
    name: "oai-pricing-trial",
    group: "sbx-pricing-models",
    owner: "pricing",
  });
  const notebook = resource({
    ...place,
    type: "Microsoft.Databricks/workspaces",
    name: "dbw-pricing-trial",
    group: "sbx-pricing-models",
    owner: "pricing",
  });
  const forgotten = resource({
    ...place,
    type: "Microsoft.Compute/virtualMachines",
    name: "vm-hackathon-2025",
    group: "hackathon",
    owner: UNOWNED,
  });
  const address = resource({
    ...place,
    type: "Microsoft.Network/publicIPAddresses",
    name: "pip-hackathon",
    group: "hackathon",
    owner: UNOWNED,
    tags: [["owner", ""]],
  });
  uses.push(
    use(model, "gpt-large Input Tokens", "318.4", { noise: 800, weekend: 50 }),
    use(notebook, "All-purpose Compute DBU", "3.25", { noise: 500, weekend: 50 }),
    use(forgotten, "D2s v5", "24"),
    use(address, "Standard IPv4 Static Public IP", "24"),
  );
  return { uses, commitments: [] };
}
