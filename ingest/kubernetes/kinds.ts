import type { KubernetesListObject, KubernetesObject } from "@kubernetes/client-node";
import type { ClusterApi, PageOptions } from "./client.ts";
import {
  claimFacts,
  disruptionFacts,
  limitRangeFacts,
  namespaceFacts,
  nodeFacts,
  quotaFacts,
  roleBindingFacts,
  volumeFacts,
} from "./facts/cluster.ts";
import { autoscalerFacts, ingressFacts, serviceFacts } from "./facts/network.ts";
import { inventoryObject, type InventoryObject, type KindFacts } from "./facts/object.ts";
import {
  cronJobFacts,
  daemonSetFacts,
  deploymentFacts,
  jobFacts,
  podFacts,
  replicaSetFacts,
  statefulSetFacts,
} from "./facts/workloads.ts";

export interface PageAsk {
  limit: number;
  _continue?: string;
}

export type ObjectPage = KubernetesListObject<KubernetesObject>;

/** A kind of object that is read; `deploy/rbac/reader.yaml` grants `list` on exactly these. */
export interface InventoryKind {
  kind: string;
  /** Its plural, as in roles and addresses. */
  resource: string;
  /** Its API group; '' for the core. */
  group: string;
  /** Not every cluster has it; then there are none. */
  custom?: boolean;
  list(api: ClusterApi, ask: PageAsk, options: PageOptions): Promise<ObjectPage>;
  read(object: KubernetesObject): InventoryObject;
}

/** What ties a list call to the facts taken from what it answers. */
function kind<T extends KubernetesObject>(
  name: string,
  resource: string,
  group: string,
  list: (api: ClusterApi, ask: PageAsk, options: PageOptions) => Promise<KubernetesListObject<T>>,
  facts: (object: T) => KindFacts,
): InventoryKind {
  return {
    kind: name,
    resource,
    group,
    list,
    read: (object) => inventoryObject(name, object.metadata, facts(object as T)),
  };
}

/** In the order they are read: what pods refer to comes before them. Secrets and config maps: never. */
export const KINDS: readonly InventoryKind[] = [
  kind(
    "Namespace",
    "namespaces",
    "",
    (api, ask, o) => api.core.listNamespace(ask, o),
    namespaceFacts,
  ),
  kind("Node", "nodes", "", (api, ask, o) => api.core.listNode(ask, o), nodeFacts),
  kind(
    "Deployment",
    "deployments",
    "apps",
    (api, ask, o) => api.apps.listDeploymentForAllNamespaces(ask, o),
    deploymentFacts,
  ),
  {
    ...kind("Rollout", "rollouts", "argoproj.io", listRollouts, deploymentFacts),
    custom: true,
  },
  kind(
    "ReplicaSet",
    "replicasets",
    "apps",
    (api, ask, o) => api.apps.listReplicaSetForAllNamespaces(ask, o),
    replicaSetFacts,
  ),
  kind(
    "StatefulSet",
    "statefulsets",
    "apps",
    (api, ask, o) => api.apps.listStatefulSetForAllNamespaces(ask, o),
    statefulSetFacts,
  ),
  kind(
    "DaemonSet",
    "daemonsets",
    "apps",
    (api, ask, o) => api.apps.listDaemonSetForAllNamespaces(ask, o),
    daemonSetFacts,
  ),
  kind(
    "CronJob",
    "cronjobs",
    "batch",
    (api, ask, o) => api.batch.listCronJobForAllNamespaces(ask, o),
    cronJobFacts,
  ),
  kind(
    "Job",
    "jobs",
    "batch",
    (api, ask, o) => api.batch.listJobForAllNamespaces(ask, o),
    jobFacts,
  ),
  kind("Pod", "pods", "", (api, ask, o) => api.core.listPodForAllNamespaces(ask, o), podFacts),
  kind(
    "PersistentVolume",
    "persistentvolumes",
    "",
    (api, ask, o) => api.core.listPersistentVolume(ask, o),
    volumeFacts,
  ),
  kind(
    "PersistentVolumeClaim",
    "persistentvolumeclaims",
    "",
    (api, ask, o) => api.core.listPersistentVolumeClaimForAllNamespaces(ask, o),
    claimFacts,
  ),
  kind(
    "Service",
    "services",
    "",
    (api, ask, o) => api.core.listServiceForAllNamespaces(ask, o),
    serviceFacts,
  ),
  kind(
    "Ingress",
    "ingresses",
    "networking.k8s.io",
    (api, ask, o) => api.networking.listIngressForAllNamespaces(ask, o),
    ingressFacts,
  ),
  kind(
    "HorizontalPodAutoscaler",
    "horizontalpodautoscalers",
    "autoscaling",
    (api, ask, o) => api.autoscaling.listHorizontalPodAutoscalerForAllNamespaces(ask, o),
    autoscalerFacts,
  ),
  kind(
    "ResourceQuota",
    "resourcequotas",
    "",
    (api, ask, o) => api.core.listResourceQuotaForAllNamespaces(ask, o),
    quotaFacts,
  ),
  kind(
    "LimitRange",
    "limitranges",
    "",
    (api, ask, o) => api.core.listLimitRangeForAllNamespaces(ask, o),
    limitRangeFacts,
  ),
  kind(
    "PodDisruptionBudget",
    "poddisruptionbudgets",
    "policy",
    (api, ask, o) => api.policy.listPodDisruptionBudgetForAllNamespaces(ask, o),
    disruptionFacts,
  ),
  kind(
    "RoleBinding",
    "rolebindings",
    "rbac.authorization.k8s.io",
    (api, ask, o) => api.rbac.listRoleBindingForAllNamespaces(ask, o),
    roleBindingFacts,
  ),
  custom("SleepInfo", "kube-green.com", "v1alpha1", "sleepinfos"),
  custom("ScaledObject", "keda.sh", "v1alpha1", "scaledobjects"),
  custom("User", "management.cattle.io", "v3", "users"),
  custom("ProjectRoleTemplateBinding", "management.cattle.io", "v3", "projectroletemplatebindings"),
];

/** Of a custom object: the named top-level texts that say who somebody is; nothing of any other. */
const TOLD = [
  "displayName",
  "username",
  "principalIds",
  "userName",
  "userPrincipalName",
  "projectName",
  "roleTemplateName",
] as const;

function custom(name: string, group: string, version: string, plural: string): InventoryKind {
  return {
    kind: name,
    resource: plural,
    group,
    custom: true,
    async list(api, ask, options) {
      const place = { group, version, plural };
      return (await api.custom.listClusterCustomObject(
        { ...place, ...ask },
        options,
      )) as KubernetesListObject<KubernetesObject>;
    },
    read(object) {
      const fields = object as unknown as Record<string, unknown>;
      const told = Object.fromEntries(TOLD.map((key) => [key, fields[key]]));
      return inventoryObject(name, object.metadata, { spec: told });
    },
  };
}

type Rollout = KubernetesObject & Parameters<typeof deploymentFacts>[0];

async function listRollouts(
  { custom }: ClusterApi,
  ask: PageAsk,
  options: PageOptions,
): Promise<KubernetesListObject<Rollout>> {
  const place = { group: "argoproj.io", version: "v1alpha1", plural: "rollouts" };
  return (await custom.listClusterCustomObject(
    { ...place, ...ask },
    options,
  )) as KubernetesListObject<Rollout>;
}
