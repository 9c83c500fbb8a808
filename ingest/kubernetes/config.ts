import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { Type, type Static } from "typebox";
import { AppError } from "../../data/errors.ts";

/** An entry of `sources` with `type: kubernetes`. */
export const KubernetesConfig = Type.Object(
  {
    type: Type.Literal("kubernetes"),
    name: Type.String({
      pattern: "^[a-z0-9][a-z0-9-]{0,62}$",
      description: "a short lower-case name",
    }),
    cluster: Type.String({
      pattern: "^[^\\s/][^/]{0,252}$",
      description: "the cluster's name, as everywhere else in this file",
    }),
    kubeconfig: Type.Optional(
      Type.String({ minLength: 1, description: "a kubeconfig file such as ~/.kube/config" }),
    ),
    context: Type.Optional(
      Type.String({
        minLength: 1,
        description: "a context of the kubeconfig; without it, its current one",
      }),
    ),
    inCluster: Type.Optional(
      Type.Literal(true, {
        description: "true, to use the service account of the pod this runs in",
      }),
    ),
    recorded: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "a folder of recorded scans, YYYY-MM-DDTHH-MM-SSZ.jsonl.gz, instead of a cluster",
      }),
    ),
    pageSize: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 5_000,
        default: 500,
        description: "how many objects to ask for at once",
      }),
    ),
  },
  { additionalProperties: false },
);
export type KubernetesConfig = Static<typeof KubernetesConfig>;

/** How a cluster is reached: a kubeconfig file and a context of it, or the pod's own account. */
export type Access = { kubeconfig: string; context: string | null } | { inCluster: true };

/**
 * Where a source's scans come from: a cluster, or a folder of recorded ones.
 * @throws CONFIG_INVALID where neither or both are given
 */
export function scansFrom(config: KubernetesConfig, folder: string): Access | { recorded: string } {
  const { recorded, kubeconfig, context, inCluster } = config;
  if (recorded === undefined) return accessOf(config, folder);
  if (kubeconfig !== undefined || context !== undefined || inCluster !== undefined)
    throw new AppError(
      "CONFIG_INVALID",
      `source ${config.name}: has "recorded" and a way to a cluster; keep one of the two`,
    );
  return { recorded: resolve(folder, recorded) };
}

/**
 * @param folder what a relative `kubeconfig` is relative to
 * @throws CONFIG_INVALID where neither way or both are given
 */
export function accessOf(config: KubernetesConfig, folder: string): Access {
  const { kubeconfig, context, inCluster } = config;
  if (inCluster === true) {
    if (kubeconfig === undefined && context === undefined) return { inCluster };
    throw new AppError(
      "CONFIG_INVALID",
      `source ${config.name}: has inCluster and ${kubeconfig === undefined ? "context" : "kubeconfig"}; keep one of the two`,
    );
  }
  if (kubeconfig === undefined)
    throw new AppError(
      "CONFIG_INVALID",
      `source ${config.name}: "kubeconfig" is missing; name the file, or write inCluster: true where this runs in the cluster itself`,
    );
  const path =
    kubeconfig === "~" || kubeconfig.startsWith("~/")
      ? join(homedir(), kubeconfig.slice(1))
      : resolve(folder, kubeconfig);
  return { kubeconfig: path, context: context ?? null };
}
