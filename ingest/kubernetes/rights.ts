import type { ClusterClient } from "./client.ts";
import { KINDS } from "./kinds.ts";
import { call } from "./lifecycle/objects.ts";
import { LIST_LIMITS, servesGroup } from "./list.ts";

/** What an account of ours may do in a cluster, by the cluster's own word. */

/** As a rule of a ClusterRole has it, for one verb. */
export interface Right {
  verb: string;
  group: string;
  resource: string;
}

export interface Rights {
  held: string[];
  missing: string[];
}

const of = (group: string, resources: readonly string[], verbs: readonly string[]): Right[] =>
  resources.flatMap((resource) => verbs.map((verb) => ({ verb, group, resource })));

/** What `deploy/rbac/deleter.yaml` grants. */
export const DELETER: readonly Right[] = [
  ...of("", ["namespaces"], ["get", "list", "patch", "delete", "create"]),
  ...of("*", ["*"], ["get", "list", "create", "update"]),
  ...of("apps", ["deployments", "statefulsets", "replicasets", "daemonsets"], ["patch"]),
  ...of("batch", ["cronjobs", "jobs"], ["patch"]),
  ...of("argoproj.io", ["rollouts"], ["patch"]),
  ...of("", ["persistentvolumes"], ["get", "patch"]),
  ...of("", ["replicationcontrollers"], ["patch"]),
];

/** What no reader needs: with one of these the two accounts are one. */
export const NO_READERS: readonly Right[] = [
  ...of("", ["namespaces"], ["delete", "patch", "create"]),
  ...of("apps", ["deployments"], ["patch"]),
  ...of("", ["secrets"], ["list"]),
];

/** What `deploy/rbac/reader.yaml` grants, as far as the cluster has such kinds. */
export async function readerRights(client: ClusterClient, signal: AbortSignal): Promise<Right[]> {
  const rights: Right[] = [];
  for (const kind of KINDS) {
    const options = { pageSize: 1, limits: LIST_LIMITS, signal };
    if (kind.custom === true && !(await servesGroup(client, kind.group, options))) continue;
    rights.push({ verb: "list", group: kind.group, resource: kind.resource });
  }
  return rights;
}

/** Asks the cluster about each. @throws CallFailure */
export async function rightsOf(
  client: ClusterClient,
  wanted: readonly Right[],
  signal: AbortSignal,
): Promise<Rights> {
  const rights: Rights = { held: [], missing: [] };
  for (const { verb, group, resource } of wanted) {
    const { status } = (await call(
      client,
      {
        method: "POST",
        path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        body: {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SelfSubjectAccessReview",
          spec: { resourceAttributes: { verb, group, resource } },
        },
      },
      signal,
    )) as { status?: { allowed?: boolean } };
    const name = `${verb} ${resource}${group === "" ? "" : `.${group}`}`;
    (status?.allowed === true ? rights.held : rights.missing).push(name);
  }
  return rights;
}

/** `list pods, nodes; patch deployments.apps`: a verb once. */
export function inWords(rights: readonly string[]): string {
  return [...Map.groupBy(rights, (right) => right.slice(0, right.indexOf(" ")))]
    .map(([verb, all]) => `${verb} ${all.map((one) => one.slice(verb.length + 1)).join(", ")}`)
    .join("; ");
}
