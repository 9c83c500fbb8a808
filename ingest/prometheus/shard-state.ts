import { HeldLabels, label, type Labels } from "./labels.ts";
import type { Nodes } from "./nodes.ts";
import { containerOf, type ContainerParts, type Owner, ownerOf, type Pod, Pods } from "./pods.ts";
import { addRuns, HOUR_MS, type Run } from "./runs.ts";
import { Claims, type Volumes } from "./volumes.ts";

export interface NamespaceDay {
  labels: HeldLabels;
  annotations: HeldLabels;
  seen: Run[];
}

/** What is known of the group of namespaces that is being read. */
export class ShardState {
  readonly pods = new Pods();
  readonly measured = new Map<string, ContainerParts>();
  readonly namespaces = new Map<string, NamespaceDay>();
  readonly claims = new Claims();
  readonly services = new Map<string, { namespace: string; name: string; runs: Run[] }>();
  readonly #owners = new Map<string, { owner: Owner; from: number }>();

  namespace(name: string): NamespaceDay {
    let namespace = this.namespaces.get(name);
    if (namespace === undefined) {
      namespace = { labels: new HeldLabels(), annotations: new HeldLabels(), seen: [] };
      this.namespaces.set(name, namespace);
    }
    return namespace;
  }

  owned(labels: Labels, child: string, from: number): void {
    const kind = labels["owner_kind"] ?? "";
    if (kind === "" || kind === "<none>") return;
    const key = `${label(labels, "namespace")}/${child}`;
    const owner = { kind, name: labels["owner_name"] ?? "" };
    const known = this.#owners.get(key);
    if (
      known === undefined ||
      from > known.from ||
      (from === known.from && owner.name < known.owner.name)
    )
      this.#owners.set(key, { owner, from });
  }

  /** The controller on top: a ReplicaSet's Deployment, a Job's CronJob; a pod alone is its own. */
  topOwner(pod: Pod): Owner {
    let owner = ownerOf(pod);
    // A mirror pod of a node's own file has the node above it, which is nobody's workload.
    if (owner === undefined || owner.kind === "Node") return { kind: "Pod", name: pod.name };
    for (let depth = 0; depth < 4; depth++) {
      const key: string = `${pod.namespace}/${owner.kind}/${owner.name}`;
      const above: Owner | undefined = this.#owners.get(key)?.owner;
      if (above === undefined) break;
      owner = above;
    }
    return owner;
  }
}

/** Takes one series of kube-state-metrics that says what was so when; `runs` is not empty. */
export function takeState(
  shard: ShardState,
  cluster: { nodes: Nodes; volumes: Volumes },
  metric: string,
  labels: Labels,
  runs: Run[],
): void {
  const first = (runs[0] as Run).from;
  switch (metric) {
    case "kube_node_info":
      return cluster.nodes.info(labels, runs);
    case "kube_node_labels":
      return cluster.nodes.labels(labels, runs);
    case "kube_node_status_capacity":
      return cluster.nodes.size("capacity", labels, runs);
    case "kube_node_status_allocatable":
      return cluster.nodes.size("allocatable", labels, runs);
    case "kube_persistentvolume_info":
      return cluster.volumes.info(labels, runs);
    case "kube_persistentvolumeclaim_info":
      return shard.claims.info(labels, runs);
    case "kube_replicaset_owner":
      return shard.owned(labels, `ReplicaSet/${labels["replicaset"] ?? ""}`, first);
    case "kube_job_owner":
      return shard.owned(labels, `Job/${labels["job_name"] ?? ""}`, first);
    case "kube_service_spec_type": {
      const namespace = label(labels, "namespace");
      const name = label(labels, "service");
      const key = `${namespace}/${name}`;
      const known = shard.services.get(key);
      if (known !== undefined) known.runs.push(...runs);
      else if (labels["type"] === "LoadBalancer")
        shard.services.set(key, { namespace, name, runs });
      return;
    }
    case "kube_namespace_created":
    case "kube_namespace_labels":
    case "kube_namespace_annotations": {
      const namespace = shard.namespace(label(labels, "namespace"));
      namespace.seen.push(...runs);
      namespace.labels.add(labels, "label_", runs);
      namespace.annotations.add(labels, "annotation_", runs);
      return;
    }
    default:
      takePodState(shard.pods.of(labels), metric, labels, runs);
  }
}

function takePodState(pod: Pod, metric: string, labels: Labels, runs: Run[]): void {
  const first = (runs[0] as Run).from;
  switch (metric) {
    case "kube_pod_info": {
      const node = label(labels, "node");
      addRuns(pod.nodes, node, runs);
      pod.seen.push(...runs);
      if (labels["host_network"] === "true") pod.hostNetwork = true;
      const kind = labels["created_by_kind"] ?? "";
      if (kind !== "" && kind !== "<none>")
        // What `kube_pod_owner` says of the controller comes before.
        addOwner(pod, { kind, name: labels["created_by_name"] ?? "" }, first - HOUR_MS * 48);
      return;
    }
    case "kube_pod_status_phase":
      pod.phaseKnown = true;
      if (labels["phase"] === "Running") pod.running.push(...so(runs));
      return;
    case "kube_pod_owner": {
      const kind = labels["owner_kind"] ?? "";
      if (kind !== "" && kind !== "<none>")
        addOwner(pod, { kind, name: labels["owner_name"] ?? "" }, first);
      return;
    }
    case "kube_pod_labels":
      return pod.labels.add(labels, "label_", runs);
    case "kube_pod_annotations":
      return pod.annotations.add(labels, "annotation_", runs);
    case "kube_pod_spec_volumes_persistentvolumeclaims_info": {
      const claim = labels["persistentvolumeclaim"] ?? "";
      addRuns(pod.claims, claim, runs);
      return;
    }
    case "kube_pod_container_resource_requests":
    case "kube_pod_container_resource_limits": {
      const container = containerOf(pod, label(labels, "container"));
      const sizes = metric.endsWith("_limits") ? container.limits : container.requests;
      addRuns(sizes, labels["resource"] ?? "", runs);
      return;
    }
    case "kube_pod_container_status_last_terminated_reason":
      if (labels["reason"] === "OOMKilled")
        containerOf(pod, label(labels, "container")).oomKilled.push(...so(runs));
  }
}

const so = (runs: readonly Run[]): Run[] => runs.filter((run) => run.value > 0);

function addOwner(pod: Pod, owner: Owner, from: number): void {
  const key = `${owner.kind}/${owner.name}`;
  const known = pod.owners.get(key);
  if (known === undefined || from > known.from) pod.owners.set(key, { owner, from });
}
