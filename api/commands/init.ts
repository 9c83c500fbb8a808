import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { AppError } from "../../data/errors.ts";
import { writeWhole } from "../../data/files.ts";
import type { Command } from "./commands.ts";

const CONFIG = `# Apportion: who spent the cloud bill. Paths are relative to this file.
home: ./data/local
currency: EUR                      # shown first; nothing is converted
owners: ./owners.yaml

sources:
  # Azure cost exports in a folder ...
  - { type: azure-exports, name: billing, location: { directory: ./exports } }
  # ... or in blob storage; give the identity "Storage Blob Data Reader" on the container.
  # - type: azure-exports
  #   name: billing-blob
  #   location: { account: "https://ACCOUNT.blob.core.windows.net", container: exports, prefix: finops, auth: { type: azure } }
  # The month's total as Azure states it; needs "Cost Management Reader" on the scope.
  # - { type: azure-query, name: azure-says, scope: "subscriptions/00000000-0000-0000-0000-000000000000" }
  # FOCUS files of any provider.
  # - { type: focus, name: other-clouds, files: "./focus/*.csv" }
  # Who used how much of what is shared: a CSV file (hour,driver,consumer,quantity) or PromQL, hour by hour.
  # - { type: drivers, name: app-cpu, file: ./drivers/app-cpu.csv }
  # - { type: drivers, name: requests, prometheus: prod-usage, driver: requests,
  #     query: "sum by (namespace) (increase(http_requests_total[1h]))", consumer: "namespace:prod/{namespace}" }

# allocation:
#   # keep | buyer | covered | { team: ID }
#   unusedCommitment: keep
#   # What many use and one line pays for, by a driver, a file of weights (day_from,consumer,weight) or even.
#   shared:
#     - { name: claims-apps, match: { resourceId: "*/hostingEnvironments/ase-claims*" }, by: { driver: app-cpu } }

environment: { tags: [environment, env] }     # tags that name an environment, first present wins
checks:
  quarantineTolerance: { rows: 0, amount: "0" }
  azureDrift: "0.01"
  settledAfterDays: 6
retention: { samples: 35d, landing: 7d, lists: 10 }
server: { host: 127.0.0.1, port: 8080, auth: { type: none } }     # none: this machine alone
# To let others in, put TLS before it and sign-in into it; roles and groups: docs/operate.md
# server:
#   host: 0.0.0.0
#   publicUrl: https://apportion.example.com
#   auth:
#     type: oidc
#     issuer: https://login.microsoftonline.com/TENANT-ID/v2.0
#     tenant: TENANT-ID
#     clientId: APPLICATION-ID
#     clientSecret: \${env:APPORTION_CLIENT_SECRET}
#     roles: { GROUP-ID: finance }
`;

const OWNERS = `# Who owns what. The first rule that matches on the day of the charge wins.
teams:
  - { id: platform, name: Platform, businessUnit: Technology, costCenter: CC-900, contacts: [platform@example.com] }   # groups: [GROUP-ID] lets its people sign in

rules:
  - { team: platform, match: { resourceGroup: "rg-platform-*" } }
  # - { team: claims, from: 2026-01-01, match: { tag: { owner: claims } } }
`;

export const initCommand: Command = {
  usage: "",
  options: {},
  async run({ screen }) {
    const files = { "apportion.yaml": CONFIG, "owners.yaml": OWNERS };
    for (const name of Object.keys(files))
      if (existsSync(name))
        throw new AppError(
          "HOME_REFUSED",
          `${resolve(name)} is there already; nothing was written`,
        );
    for (const [name, text] of Object.entries(files)) {
      await writeWhole(resolve(name), text);
      screen.tell(`wrote ${resolve(name)}`);
    }
    screen.tell(
      'next: put your exports under ./exports, then "apportion run" and "apportion serve"',
    );
    return 0;
  },
};
