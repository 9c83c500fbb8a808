import { Type, type Static } from "typebox";

/** Audit logs of an API server: its own files, or AKS's as Log Analytics and Event Hubs export them. */
export const KubernetesAuditConfig = Type.Object(
  {
    type: Type.Literal("kubernetes-audit"),
    name: Type.String({
      pattern: "^[a-z0-9][a-z0-9-]{0,62}$",
      description: "a short lower-case name",
    }),
    cluster: Type.String({
      pattern: "^[^\\s/][^/]{0,252}$",
      description: "the cluster's name, as everywhere else in this file",
    }),
    files: Type.String({ minLength: 1, description: "a glob such as ./audit/*.log" }),
  },
  { additionalProperties: false },
);
export type KubernetesAuditConfig = Static<typeof KubernetesAuditConfig>;
