import { Type, type Static } from "typebox";
import { AppError, printable } from "../../data/errors.ts";

/** An entry of `sources` with `type: azure-query`. */
export const AzureQueryConfig = Type.Object(
  {
    type: Type.Literal("azure-query"),
    name: Type.String({
      pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
      description: "Name of the source; also the name of its folder under landing.",
    }),
    scope: Type.String({
      minLength: 1,
      description:
        "What to ask about: subscriptions/ID, subscriptions/ID/resourceGroups/NAME, providers/Microsoft.Management/managementGroups/ID or providers/Microsoft.Billing/billingAccounts/ID and what lies below it.",
    }),
    auth: Type.Optional(
      Type.Object({ type: Type.Literal("azure") }, { additionalProperties: false }),
    ),
    months: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 36,
        default: 13,
        description: "How many months to ask about, the current one included.",
      }),
    ),
    endpoint: Type.Optional(
      Type.String({
        pattern: "^https://",
        default: "https://management.azure.com",
        description: "Azure Resource Manager of another cloud.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type AzureQueryConfig = Static<typeof AzureQueryConfig>;

/** One of Azure's clouds: where its API is and who signs in to it. */
export interface Cloud {
  endpoint: string;
  authorityHost: string;
}

// A closed list: an endpoint from a configuration would otherwise be a way to be sent a token.
const CLOUDS: readonly Cloud[] = [
  {
    endpoint: "https://management.azure.com",
    authorityHost: "https://login.microsoftonline.com",
  },
  {
    endpoint: "https://management.usgovcloudapi.net",
    authorityHost: "https://login.microsoftonline.us",
  },
  {
    endpoint: "https://management.chinacloudapi.cn",
    authorityHost: "https://login.chinacloudapi.cn",
  },
];

/** The cloud behind `endpoint`, the public one by default; anything else is refused. */
export function cloudOf(config: Pick<AzureQueryConfig, "name" | "endpoint">): Cloud {
  const wanted = config.endpoint ?? "https://management.azure.com";
  const cloud = CLOUDS.find(({ endpoint }) => endpoint === wanted.toLowerCase().replace(/\/$/, ""));
  if (cloud === undefined)
    throw new AppError(
      "CONFIG_INVALID",
      `source ${printable(config.name)}: endpoint "${printable(wanted)}" is not Azure's; use one of ${CLOUDS.map(({ endpoint }) => endpoint).join(", ")}`,
    );
  return cloud;
}
