import type { ClusterClient } from "../client.ts";
import type { Look } from "./look.ts";
import {
  addressOf,
  ASLEEP,
  call,
  type Kind,
  MARKS,
  NAMESPACE,
  OURS,
  type PlainObject,
} from "./objects.ts";

/** One change to one object, as it is shown before it is made. */
export interface Step {
  object: string;
  change: string;
}

interface Planned extends Step {
  kind: Kind;
  namespace: string | null;
  name: string;
  patch: object;
}

const SCALED = new Set([
  "Deployment",
  "StatefulSet",
  "ReplicaSet",
  "ReplicationController",
  "Rollout",
]);

/** Which changes put a namespace to sleep: everything at zero, what it was noted on the object itself. */
export function quarantineSteps(look: Look): Planned[] {
  const steps = look.kinds.flatMap(({ kind, objects }) =>
    objects.flatMap((object): Planned[] => {
      const owned = object.metadata.ownerReferences?.some(({ controller }) => controller === true);
      if (owned === true) return [];
      const spec = (object["spec"] ?? {}) as Record<string, unknown>;
      if (SCALED.has(object.kind)) {
        const before = spec["replicas"];
        const replicas = Number(before ?? 1);
        if (replicas === 0) return [];
        return [
          planned(
            kind,
            object,
            `replicas ${replicas} to 0`,
            { replicas: 0 },
            { [MARKS.replicas]: before === undefined ? "absent" : String(replicas) },
          ),
        ];
      }
      if (object.kind === "CronJob" || object.kind === "Job") {
        const before = spec["suspend"];
        if (before === true || isFinished(object)) return [];
        const mark = before === undefined ? "absent" : "false";
        return [planned(kind, object, "suspended", { suspend: true }, { [MARKS.suspend]: mark })];
      }
      if (object.kind === "DaemonSet")
        return [
          planned(
            kind,
            object,
            "kept off all nodes",
            { template: { spec: { nodeSelector: { [ASLEEP]: "true" } } } },
            { [MARKS.selector]: "kept" },
          ),
        ];
      return [];
    }),
  );
  return [...steps, mark(look, { [ASLEEP]: look.at })];
}

function isFinished(object: PlainObject): boolean {
  const { completionTime } = (object["status"] ?? {}) as { completionTime?: string };
  return completionTime !== undefined;
}

/** Which changes wake it again. */
export function releaseSteps(look: Look): Planned[] {
  const steps = look.kinds.flatMap(({ kind, objects }) =>
    objects.flatMap((object): Planned[] => {
      const {
        [MARKS.replicas]: replicas,
        [MARKS.suspend]: suspend,
        [MARKS.selector]: selector,
      } = object.metadata.annotations ?? {};
      if (replicas !== undefined)
        return [
          planned(
            kind,
            object,
            `replicas 0 to ${replicas === "absent" ? 1 : replicas}`,
            { replicas: replicas === "absent" ? null : Number(replicas) },
            { [MARKS.replicas]: null },
          ),
        ];
      if (suspend !== undefined)
        return [
          planned(
            kind,
            object,
            "resumed",
            { suspend: suspend === "absent" ? null : suspend === "true" },
            { [MARKS.suspend]: null },
          ),
        ];
      if (selector !== undefined)
        return [
          planned(
            kind,
            object,
            "back on its nodes",
            { template: { spec: { nodeSelector: { [ASLEEP]: null } } } },
            { [MARKS.selector]: null },
          ),
        ];
      return [];
    }),
  );
  const isAsleep = look.namespace.metadata.annotations?.[ASLEEP] !== undefined;
  return isAsleep ? [...steps, mark(look, { [ASLEEP]: null })] : steps;
}

/**
 * Makes the changes, first all of them as a server dry run: a change that is refused is refused before
 * any is made. Each carries the uid and resourceVersion that were looked at.
 * @param begin called once the server would take them all, before the first is made
 * @throws CallFailure
 */
export async function carryOut(
  client: ClusterClient,
  steps: readonly Planned[],
  isDryRun: boolean,
  signal: AbortSignal,
  begin: () => void = () => {},
): Promise<Step[]> {
  for (const dryRun of isDryRun ? [true] : [true, false]) {
    if (!dryRun) begin();
    for (const { kind, namespace, name, patch } of steps)
      await call(
        client,
        {
          method: "PATCH",
          path: addressOf(kind, namespace, name),
          query: { fieldManager: OURS, ...(dryRun ? { dryRun: "All" } : {}) },
          body: patch,
        },
        signal,
      );
  }
  return steps.map(({ object, change }) => ({ object, change }));
}

function planned(
  kind: Kind,
  object: PlainObject,
  change: string,
  spec: object,
  annotations: Record<string, string | null>,
): Planned {
  const { name, namespace = null, uid, resourceVersion } = object.metadata;
  return {
    object: `${object.kind} ${name}`,
    change,
    kind,
    namespace,
    name,
    patch: { metadata: { uid, resourceVersion, annotations }, spec },
  };
}

function mark(look: Look, annotations: Record<string, string | null>): Planned {
  const { name, uid, resourceVersion } = look.namespace.metadata;
  return {
    object: `Namespace ${name}`,
    change:
      annotations[ASLEEP] === null ? "no longer marked as quarantined" : "marked as quarantined",
    kind: NAMESPACE,
    namespace: null,
    name,
    patch: { metadata: { uid, resourceVersion, annotations } },
  };
}
