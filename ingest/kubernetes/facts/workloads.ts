import type {
  V1Container,
  V1CronJob,
  V1DaemonSet,
  V1Deployment,
  V1Job,
  V1Pod,
  V1PodTemplateSpec,
  V1StatefulSet,
} from "@kubernetes/client-node";
import { exact, parseQuantity, resources } from "../quantity.ts";
import { compact, type KindFacts, sorted, time } from "./object.ts";

/**
 * Pod: `nodeName`, `requests` (of all containers and sidecars together), `claims` (names of the PVCs it
 * mounts), `startedAt`, `finished` (`Succeeded` or `Failed`), `finishedAt`. What its containers are is
 * at its workload.
 */
export function podFacts(pod: V1Pod): KindFacts {
  const { spec, status } = pod;
  const sidecars = (spec?.initContainers ?? []).filter(
    ({ restartPolicy }) => restartPolicy === "Always",
  );
  const phase = status?.phase;
  const finished = phase === "Succeeded" || phase === "Failed" ? phase : undefined;
  const ends = (status?.containerStatuses ?? [])
    .map(({ state }) => time(state?.terminated?.finishedAt))
    .filter((end) => end !== undefined);
  return {
    nodeName: spec?.nodeName,
    spec: {
      nodeName: spec?.nodeName,
      requests: totalRequests([...(spec?.containers ?? []), ...sidecars]),
      claims: (spec?.volumes ?? [])
        .flatMap((volume) =>
          volume.ephemeral === undefined
            ? (volume.persistentVolumeClaim?.claimName ?? [])
            : `${pod.metadata?.name}-${volume.name}`,
        )
        .toSorted(),
      startedAt: time(status?.startTime),
      finished,
      finishedAt: finished === undefined ? undefined : ends.toSorted().at(-1),
    },
  };
}

function totalRequests(containers: readonly V1Container[]): Record<string, unknown> {
  const sum = (name: string, scale: bigint) => {
    const values = containers
      .map(({ resources }) => parseQuantity(resources?.requests?.[name], scale))
      .filter((value) => value !== null);
    return values.length === 0 ? undefined : exact(values.reduce((a, b) => a + b, 0n));
  };
  return compact({
    cpuMillicores: sum("cpu", 1_000n),
    memoryBytes: sum("memory", 1n),
    gpus: sum("nvidia.com/gpu", 1n),
  });
}

/**
 * Of a pod template: `templateLabels`, and `containers` and `initContainers`, each with `name`, `image`,
 * `requests` and `limits` in the units of `resources`; `sidecar` of an init container that runs on
 * beside the others.
 */
function templateFacts(template: V1PodTemplateSpec | undefined): Record<string, unknown> {
  return {
    templateLabels: sorted(template?.metadata?.labels),
    containers: (template?.spec?.containers ?? []).map(containerFacts),
    initContainers: (template?.spec?.initContainers ?? []).map((container) =>
      compact({ ...containerFacts(container), sidecar: container.restartPolicy === "Always" }),
    ),
  };
}

function containerFacts(container: V1Container): Record<string, unknown> {
  return compact({
    name: container.name,
    image: container.image,
    requests: resources(container.resources?.requests),
    limits: resources(container.resources?.limits),
  });
}

/** Deployment, Rollout: `replicas`, `paused`, `workloadRef` (of a Rollout), and those of its template. */
export function deploymentFacts(
  deployment: Pick<V1Deployment, "metadata"> & {
    spec?: {
      replicas?: number;
      paused?: boolean;
      template?: V1PodTemplateSpec;
      workloadRef?: { kind?: string; name?: string };
    };
  },
): KindFacts {
  const { spec } = deployment;
  return {
    spec: {
      replicas: spec?.replicas ?? 1,
      paused: spec?.paused,
      workloadRef:
        spec?.workloadRef === undefined
          ? undefined
          : compact({ kind: spec.workloadRef.kind, name: spec.workloadRef.name }),
      ...templateFacts(spec?.template),
    },
  };
}

/** ReplicaSet: nothing of its own; it is kept as the link from a pod to its Deployment or Rollout. */
export function replicaSetFacts(): KindFacts {
  return { spec: {} };
}

/** StatefulSet: `replicas`, `claimTemplates` (names) and those of its template. */
export function statefulSetFacts({ spec }: V1StatefulSet): KindFacts {
  return {
    spec: {
      replicas: spec?.replicas ?? 1,
      claimTemplates: (spec?.volumeClaimTemplates ?? []).map(
        ({ metadata }) => metadata?.name ?? "",
      ),
      ...templateFacts(spec?.template),
    },
  };
}

/** DaemonSet: those of its template. */
export function daemonSetFacts({ spec }: V1DaemonSet): KindFacts {
  return { spec: templateFacts(spec?.template) };
}

/** Job: `suspend`, `finishedAt` and those of its template. */
export function jobFacts({ spec, status }: V1Job): KindFacts {
  return {
    spec: {
      suspend: spec?.suspend,
      finishedAt: time(status?.completionTime),
      ...templateFacts(spec?.template),
    },
  };
}

/** CronJob: `schedule`, `timeZone`, `suspend` and those of its jobs' template. */
export function cronJobFacts({ spec }: V1CronJob): KindFacts {
  return {
    spec: {
      schedule: spec?.schedule,
      timeZone: spec?.timeZone,
      suspend: spec?.suspend,
      ...templateFacts(spec?.jobTemplate?.spec?.template),
    },
  };
}
