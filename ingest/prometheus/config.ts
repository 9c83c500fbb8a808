import { Type, type Static } from "typebox";

const closed = { additionalProperties: false };
const secret = (description: string) =>
  Type.String({ secret: true, description: `${description}; \${env:NAME} or \${file:PATH}.` });

/** How to show the server who asks. */
export const PrometheusAuth = Type.Union([
  Type.Object({ type: Type.Literal("none") }, closed),
  Type.Object(
    {
      type: Type.Literal("basic"),
      username: Type.String({ minLength: 1 }),
      password: secret("The password"),
    },
    closed,
  ),
  Type.Object({ type: Type.Literal("bearer"), token: secret("The token") }, closed),
  Type.Object({ type: Type.Literal("azure") }, closed),
]);
export type PrometheusAuth = Static<typeof PrometheusAuth>;

/** An entry of `sources` with `type: prometheus`. */
export const PrometheusConfig = Type.Object(
  {
    type: Type.Literal("prometheus"),
    name: Type.String({
      pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
      description: "Name of the source; also the name of its folder under landing.",
    }),
    cluster: Type.String({
      pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
      description: "The cluster's name, as under clusters.",
    }),
    url: Type.Optional(
      Type.String({
        pattern: "^https?://[^\\s]+$",
        description: "an address such as http://prometheus:9090, without /api/v1",
      }),
    ),
    recorded: Type.Optional(
      Type.String({
        minLength: 1,
        description: "A folder of recorded samples, YYYY-MM-DD.jsonl.gz, instead of a server.",
      }),
    ),
    auth: Type.Optional(PrometheusAuth),
    tenant: Type.Optional(
      Type.String({
        pattern: "^[\\x21-\\x7e]{1,150}$",
        description: "Sent as X-Scope-OrgID to Mimir, Cortex and Thanos receivers.",
      }),
    ),
    clusterLabel: Type.Optional(
      Type.Object(
        {
          name: Type.String({
            pattern: "^[a-zA-Z_][a-zA-Z0-9_]*$",
            description: "The label that tells clusters apart where one server holds several.",
          }),
          value: Type.String({ minLength: 1 }),
        },
        closed,
      ),
    ),
    scrapeInterval: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 300,
        description: "Seconds between scrapes, where they cannot be seen in the samples.",
      }),
    ),
    concurrency: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 16,
        default: 2,
        description: "Requests at the same time.",
      }),
    ),
    days: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 400,
        default: 400,
        description: "How many days back to look for data, today included.",
      }),
    ),
  },
  closed,
);
export type PrometheusConfig = Static<typeof PrometheusConfig>;
