/** What kinds of objects the fake serves. */

export interface Resource {
  group: string;
  version: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  /** Has the subresource `scale`. */
  scale?: boolean;
}

const of =
  (group: string, version: string) =>
  (kind: string, plural: string, namespaced = true, scale = false): Resource => ({
    group,
    version,
    kind,
    plural,
    namespaced,
    ...(scale ? { scale } : {}),
  });

const core = of("", "v1");
const apps = of("apps", "v1");
const batch = of("batch", "v1");
const rbac = of("rbac.authorization.k8s.io", "v1");

/** What a plain cluster has. */
export const BUILT_IN: readonly Resource[] = [
  core("Namespace", "namespaces", false),
  core("Node", "nodes", false),
  core("PersistentVolume", "persistentvolumes", false),
  core("PersistentVolumeClaim", "persistentvolumeclaims"),
  core("Pod", "pods"),
  core("Service", "services"),
  core("ServiceAccount", "serviceaccounts"),
  core("Secret", "secrets"),
  core("ConfigMap", "configmaps"),
  core("Event", "events"),
  core("ResourceQuota", "resourcequotas"),
  core("LimitRange", "limitranges"),
  apps("Deployment", "deployments", true, true),
  apps("ReplicaSet", "replicasets", true, true),
  apps("StatefulSet", "statefulsets", true, true),
  apps("DaemonSet", "daemonsets"),
  batch("Job", "jobs"),
  batch("CronJob", "cronjobs"),
  of("networking.k8s.io", "v1")("Ingress", "ingresses"),
  of("autoscaling", "v2")("HorizontalPodAutoscaler", "horizontalpodautoscalers"),
  of("policy", "v1")("PodDisruptionBudget", "poddisruptionbudgets"),
  rbac("Role", "roles"),
  rbac("RoleBinding", "rolebindings"),
  rbac("ClusterRole", "clusterroles", false),
  rbac("ClusterRoleBinding", "clusterrolebindings", false),
];

/** Argo Rollouts, as a cluster that runs them has it. */
export const ROLLOUTS: Resource = of("argoproj.io", "v1alpha1")("Rollout", "rollouts", true, true);
export const SLEEPS: Resource = of("kube-green.com", "v1alpha1")("SleepInfo", "sleepinfos");
export const SCALED: Resource = of("keda.sh", "v1alpha1")("ScaledObject", "scaledobjects");
const rancher = of("management.cattle.io", "v3");
export const USERS: Resource = rancher("User", "users", false);
export const PROJECT_ROLES: Resource = rancher(
  "ProjectRoleTemplateBinding",
  "projectroletemplatebindings",
);

/** `v1` or `apps/v1`. */
export function apiVersionOf({ group, version }: Pick<Resource, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}

export const VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"] as const;
export type Verb = (typeof VERBS)[number];

/** The body of `/api/v1` or `/apis/GROUP/VERSION`. */
export function resourceList(groupVersion: string, resources: readonly Resource[]): object {
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: resources.flatMap(({ kind, plural, namespaced, scale }) => [
      { name: plural, singularName: kind.toLowerCase(), namespaced, kind, verbs: VERBS },
      {
        name: `${plural}/status`,
        singularName: "",
        namespaced,
        kind,
        verbs: ["get", "patch", "update"],
      },
      ...(scale === true
        ? [
            {
              name: `${plural}/scale`,
              singularName: "",
              namespaced,
              group: "autoscaling",
              version: "v1",
              kind: "Scale",
              verbs: ["get", "patch", "update"],
            },
          ]
        : []),
    ]),
  };
}

/** The body of `/apis/GROUP`, and an entry of `/apis`. */
export function apiGroup(group: string, versions: readonly string[]): object {
  const all = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return {
    kind: "APIGroup",
    apiVersion: "v1",
    name: group,
    versions: all,
    preferredVersion: all[0],
  };
}
