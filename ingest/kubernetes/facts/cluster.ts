import type {
  V1LimitRange,
  V1Namespace,
  V1Node,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1PodDisruptionBudget,
  V1ResourceQuota,
  V1RoleBinding,
} from "@kubernetes/client-node";
import { quantity, resources } from "../quantity.ts";
import { compact, type KindFacts, sorted } from "./object.ts";

/** Namespace: nothing of its own; `deleting` while it terminates. */
export function namespaceFacts(_namespace: V1Namespace): KindFacts {
  return { spec: {} };
}

/** A node's key: its provider id in lower case without `azure://`, else `name:` and its name. */
export function nodeKey(providerId: string | null | undefined, name: string): string {
  const id = (providerId ?? "")
    .trim()
    .toLowerCase()
    .replace(/^azure:\/\//, "");
  return id === "" ? `name:${name.toLowerCase()}` : id;
}

const POOL = [
  "kubernetes.azure.com/agentpool",
  "agentpool",
  "karpenter.sh/nodepool",
  "eks.amazonaws.com/nodegroup",
  "cloud.google.com/gke-nodepool",
];

/**
 * Node: `providerId` (as written), `pool`, `instanceType`, `region`, `zone`, `spot`, `virtual` (virtual
 * kubelet), `unschedulable`, `capacity` and `allocatable` in the units of `resources`.
 */
export function nodeFacts({ metadata, spec, status }: V1Node): KindFacts {
  const labels = metadata?.labels ?? {};
  const first = (...names: string[]) => names.map((name) => labels[name]).find(Boolean);
  return {
    node: nodeKey(spec?.providerID, metadata?.name ?? ""),
    spec: {
      providerId: spec?.providerID,
      pool: first(...POOL),
      instanceType: first("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"),
      region: first("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"),
      zone: first("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"),
      spot:
        labels["kubernetes.azure.com/scalesetpriority"] === "spot" ||
        labels["karpenter.sh/capacity-type"] === "spot",
      virtual:
        labels["type"] === "virtual-kubelet" ||
        (spec?.taints ?? []).some(({ key }) => key === "virtual-kubelet.io/provider"),
      unschedulable: spec?.unschedulable,
      capacity: resources(status?.capacity),
      allocatable: resources(status?.allocatable),
    },
  };
}

/**
 * PersistentVolume: `driver`, `volumeHandle` (lower case), `storageClass`, `capacityBytes`,
 * `reclaimPolicy`, `phase`, and what it is bound to: `claimNamespace`, `claim`, `claimUid`.
 */
export function volumeFacts({ spec, status }: V1PersistentVolume): KindFacts {
  const handle = spec?.csi?.volumeHandle ?? spec?.azureDisk?.diskURI;
  return {
    spec: {
      driver: spec?.csi?.driver ?? (spec?.azureDisk === undefined ? undefined : "azureDisk"),
      volumeHandle: handle?.toLowerCase(),
      storageClass: spec?.storageClassName,
      capacityBytes: quantity(spec?.capacity?.["storage"]),
      reclaimPolicy: spec?.persistentVolumeReclaimPolicy,
      phase: status?.phase,
      claimNamespace: spec?.claimRef?.namespace,
      claim: spec?.claimRef?.name,
      claimUid: spec?.claimRef?.uid,
    },
  };
}

/** PersistentVolumeClaim: `volume`, `storageClass`, `requestedBytes`, `phase`. */
export function claimFacts({ spec, status }: V1PersistentVolumeClaim): KindFacts {
  return {
    spec: {
      volume: spec?.volumeName,
      storageClass: spec?.storageClassName,
      requestedBytes: quantity(spec?.resources?.requests?.["storage"]),
      phase: status?.phase,
    },
  };
}

/** ResourceQuota: `hard`, its limits with the unit in each key (`requests.cpuMillicores`). */
export function quotaFacts({ spec }: V1ResourceQuota): KindFacts {
  return { spec: { hard: resources(spec?.hard), scopes: spec?.scopes } };
}

/** LimitRange: `limits`, each with `type`, `min`, `max`, `default`, `defaultRequest`. */
export function limitRangeFacts({ spec }: V1LimitRange): KindFacts {
  return {
    spec: {
      limits: (spec?.limits ?? []).map((limit) =>
        compact({
          type: limit.type,
          min: resources(limit.min),
          max: resources(limit.max),
          default: resources(limit["_default"]),
          defaultRequest: resources(limit.defaultRequest),
        }),
      ),
    },
  };
}

/** PodDisruptionBudget: `minAvailable`, `maxUnavailable` (a number or a percentage), `selector`. */
export function disruptionFacts({ spec }: V1PodDisruptionBudget): KindFacts {
  return {
    spec: {
      minAvailable: spec?.minAvailable,
      maxUnavailable: spec?.maxUnavailable,
      selector: sorted(spec?.selector?.matchLabels),
    },
  };
}

/** RoleBinding: `roleKind`, `role`, `subjects` (`kind`, `name`, `namespace`): who may, never what. */
export function roleBindingFacts({ roleRef, subjects }: V1RoleBinding): KindFacts {
  return {
    spec: {
      roleKind: roleRef?.kind,
      role: roleRef?.name,
      subjects: (subjects ?? []).map(({ kind, name, namespace }) =>
        compact({ kind, name, namespace }),
      ),
    },
  };
}
