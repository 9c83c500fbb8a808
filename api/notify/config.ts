import { Type, type Static } from "typebox";
import { LifecycleConfig } from "../../analysis/lifecycle/policy.ts";

const closed = { additionalProperties: false };
const Reference = (what: string) => Type.String({ minLength: 1, secret: true, description: what });

/** Where messages to owners go. */
export const NotifyConfig = Type.Object(
  {
    publicUrl: Type.Optional(
      Type.String({
        pattern: "^https?://[^\\s/]+",
        description:
          "what links in messages begin with, where server.publicUrl does not say it; without either they name the command to type",
      }),
    ),
    mail: Type.Optional(
      Type.Object(
        {
          host: Type.String({ minLength: 1 }),
          port: Type.Integer({ minimum: 1, maximum: 65_535 }),
          from: Type.String({ pattern: "^[^\\s@]+@[^\\s@]+$", description: "an e-mail address" }),
          tls: Type.Optional(
            Type.Union([Type.Literal("require"), Type.Literal("implicit"), Type.Literal("none")]),
          ),
          user: Type.Optional(Type.String()),
          password: Type.Optional(Reference("a secret by reference, ${env:NAME} or ${file:PATH}")),
        },
        closed,
      ),
    ),
    webhooks: Type.Optional(
      Type.Array(
        Type.Object(
          {
            url: Reference("the address by reference: who knows it may post"),
            form: Type.Union(
              ["slack", "teams", "servicenow", "json"].map((form) => Type.Literal(form)),
            ),
            token: Type.Optional(Reference("a bearer token by reference")),
          },
          closed,
        ),
      ),
    ),
  },
  closed,
);
export type NotifyConfig = Static<typeof NotifyConfig>;

/** The section `namespaces`: the rules of a life, and what carrying them out needs. */
export const NamespacesConfig = Type.Object(
  {
    ...LifecycleConfig.properties,
    notify: Type.Optional(NotifyConfig),
    backup: Type.Optional(
      Type.Object(
        {
          folder: Type.String({ minLength: 1, description: "the folder of backups" }),
          key: Reference("what secrets are sealed with, by reference"),
        },
        closed,
      ),
    ),
    worker: Type.Optional(
      Type.Array(
        Type.Object(
          {
            cluster: Type.String({ minLength: 1 }),
            kubeconfig: Type.Optional(Type.String({ minLength: 1 })),
            context: Type.Optional(Type.String({ minLength: 1 })),
            inCluster: Type.Optional(Type.Literal(true)),
          },
          { ...closed, description: "how a worker that may write reaches a cluster" },
        ),
      ),
    ),
    commits: Type.Optional(
      Type.String({
        minLength: 1,
        description: "a CSV file with cluster,namespace,repository,author,committed_at",
      }),
    ),
  },
  closed,
);
export type NamespacesConfig = Static<typeof NamespacesConfig>;
