import { setTimeout } from "node:timers/promises";
import { sha256 } from "../../../data/files.ts";
import type { ClusterClient, RawCall } from "../client.ts";
import { asFailure, CallFailure } from "../failure.ts";

/** Objects in plain JSON, as the server says them. */
export interface PlainObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
    managedFields?: { manager?: string; subresource?: string; time?: string }[];
    ownerReferences?: { controller?: boolean; kind: string; name: string; uid?: string }[];
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

/** A kind as discovery tells of it. */
export interface Kind {
  group: string;
  version: string;
  kind: string;
  plural: string;
}

const DEADLINE_MS = 60_000;
const PAGE = "500";
const ATTEMPTS = 3;
const RESTARTS = 3;

/** One call, sent again only where that changes nothing: a write whose answer was lost may have been done. */
export async function call(
  client: ClusterClient,
  ask: RawCall,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  for (let attempt = 1; ; attempt++) {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    try {
      return await client.request(ask, AbortSignal.any([signal, deadline]));
    } catch (error) {
      signal.throwIfAborted();
      const failure = asFailure(error, deadline, DEADLINE_MS);
      if (ask.method !== "GET" || !failure.isPassing || attempt >= ATTEMPTS) throw failure;
      await setTimeout(Math.min(failure.waitMs ?? 200 * 2 ** attempt, 10_000), undefined, {
        signal,
      });
    }
  }
}

/** `/api/v1/namespaces/x/pods`, or below it. */
export function addressOf(kind: Kind, namespace: string | null, name?: string): string {
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const inside = namespace === null ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${inside}/${kind.plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}

export const NAMESPACE: Kind = {
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
};

export const VOLUME: Kind = {
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  plural: "persistentvolumes",
};

interface ResourceList {
  resources?: { name: string; kind: string; namespaced: boolean; verbs?: string[] }[];
}

/** What discovery said: kinds that can be kept, and groups that did not answer. */
export interface Discovered {
  kinds: Kind[];
  problems: string[];
}

/**
 * Every namespaced kind that can be read and made again, custom ones too, in its preferred version.
 * A group that does not answer is a problem by name: what it holds would be missing.
 */
export async function discover(client: ClusterClient, signal: AbortSignal): Promise<Discovered> {
  const problems: string[] = [];
  const kinds: Kind[] = [];
  const read = async (group: string, version: string) => {
    const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
    try {
      const { resources = [] } = (await call(
        client,
        { method: "GET", path },
        signal,
      )) as ResourceList;
      for (const { name, kind, namespaced, verbs = [] } of resources)
        if (
          namespaced &&
          !name.includes("/") &&
          ["list", "get", "create"].every((verb) => verbs.includes(verb))
        )
          kinds.push({ group, version, kind, plural: name });
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      problems.push(`discovery of ${path}: ${error.message}`);
    }
  };
  await read("", "v1");
  const { groups = [] } = (await call(client, { method: "GET", path: "/apis" }, signal)) as {
    groups?: {
      name: string;
      preferredVersion?: { version: string };
      versions: { version: string }[];
    }[];
  };
  for (const { name, preferredVersion, versions } of groups) {
    const version = preferredVersion?.version ?? versions[0]?.version;
    if (version !== undefined) await read(name, version);
  }
  return { kinds, problems };
}

/** All objects of a kind in a namespace, page by page; from the start again when the token dies. */
export async function listAll(
  client: ClusterClient,
  kind: Kind,
  namespace: string,
  signal: AbortSignal,
): Promise<PlainObject[]> {
  for (let start = 1; ; start++)
    try {
      const found: PlainObject[] = [];
      let next = "";
      do {
        const answer = (await call(
          client,
          {
            method: "GET",
            path: addressOf(kind, namespace),
            query: { limit: PAGE, ...(next === "" ? {} : { continue: next }) },
          },
          signal,
        )) as { items?: PlainObject[]; metadata?: { continue?: string } };
        if (!Array.isArray(answer.items))
          throw new CallFailure("malformed", "the answer is not a list");
        const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
        // Items of a list do not say what they are.
        found.push(...answer.items.map((item) => ({ ...item, apiVersion, kind: kind.kind })));
        next = answer.metadata?.continue ?? "";
      } while (next !== "");
      return found;
    } catch (error) {
      if (!(error instanceof CallFailure) || error.kind !== "expired" || start > RESTARTS)
        throw error;
    }
}

// Said by controllers, about what is already in the objects themselves.
const RUNTIME_KINDS = new Set(["Event", "Endpoints", "EndpointSlice", "Lease", "PodMetrics"]);
// A controller makes one anew with other content: an empty volume, another password.
const KEPT_KINDS = new Set(["PersistentVolumeClaim", "Secret"]);

/** Made by a controller out of another object that is in the backup too, or by every namespace itself. */
export function isMadeAgain(object: PlainObject): boolean {
  const { kind, metadata } = object;
  return (
    RUNTIME_KINDS.has(kind) ||
    (!KEPT_KINDS.has(kind) &&
      metadata.ownerReferences?.some(({ controller }) => controller === true) === true) ||
    (kind === "ServiceAccount" && metadata.name === "default") ||
    (kind === "ConfigMap" && metadata.name === "kube-root-ca.crt") ||
    (kind === "Secret" && object["type"] === "kubernetes.io/service-account-token")
  );
}

/** Who the server notes for our writes. */
export const OURS = "apportion";

export const MARKS = {
  replicas: "apportion.io/original-replicas",
  suspend: "apportion.io/original-suspend",
  selector: "apportion.io/original-selector",
} as const;
export const ASLEEP = "apportion.io/quarantined";
/** On a namespace that is being made again: the uid of the one before. */
export const RESTORING = "apportion.io/restoring";

const RUNTIME_METADATA = [
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "generation",
  "managedFields",
  "selfLink",
] as const;

/**
 * An object without what a running cluster adds to it, and as it was before it was quarantined: what
 * a restore makes.
 */
export function withoutRuntime(object: PlainObject): PlainObject {
  const copy = awake(structuredClone(object));
  for (const key of RUNTIME_METADATA) delete copy.metadata[key];
  delete copy["status"];
  const spec = copy["spec"] as Record<string, unknown> | undefined;
  if (copy.kind === "Service" && spec !== undefined && spec["clusterIP"] !== "None") {
    delete spec["clusterIP"];
    delete spec["clusterIPs"];
  }
  // A scheduler's choice, of a node that may be gone.
  if (copy.kind === "Pod" && spec !== undefined) delete spec["nodeName"];
  if (copy.kind === "Job" && spec !== undefined && spec["manualSelector"] !== true) {
    // The server gives each job its own.
    delete spec["selector"];
    const template = spec["template"] as
      | { metadata?: { labels?: Record<string, string> } }
      | undefined;
    for (const key of [
      "controller-uid",
      "batch.kubernetes.io/controller-uid",
      "job-name",
      "batch.kubernetes.io/job-name",
    ])
      delete template?.metadata?.labels?.[key];
  }
  for (const key of [
    "deployment.kubernetes.io/revision",
    "pv.kubernetes.io/bind-completed",
    "pv.kubernetes.io/bound-by-controller",
  ])
    delete copy.metadata.annotations?.[key];
  return withoutEmpty(copy);
}

/** With the replicas, the schedule and the selector that a quarantine put away. Changes `object`. */
export function awake(object: PlainObject): PlainObject {
  const { annotations } = object.metadata;
  const spec = object["spec"] as Record<string, unknown> | undefined;
  if (annotations === undefined) return object;
  const {
    [MARKS.replicas]: replicas,
    [MARKS.suspend]: suspend,
    [MARKS.selector]: selector,
  } = annotations;
  if (replicas !== undefined && spec !== undefined) {
    if (replicas === "absent") delete spec["replicas"];
    else spec["replicas"] = Number(replicas);
  }
  if (suspend !== undefined && spec !== undefined) {
    if (suspend === "absent") delete spec["suspend"];
    else spec["suspend"] = suspend === "true";
  }
  if (selector !== undefined && spec !== undefined) {
    const pod = (spec["template"] as { spec?: Record<string, unknown> } | undefined)?.spec;
    const nodes = pod?.["nodeSelector"] as Record<string, string> | undefined;
    delete nodes?.[ASLEEP];
    if (pod !== undefined && nodes !== undefined && Object.keys(nodes).length === 0)
      delete pod["nodeSelector"];
  }
  for (const mark of [...Object.values(MARKS), ASLEEP]) delete annotations[mark];
  return object;
}

function withoutEmpty(object: PlainObject): PlainObject {
  for (const key of ["annotations", "labels"] as const)
    if (Object.keys(object.metadata[key] ?? {}).length === 0) delete object.metadata[key];
  return object;
}

/** A hash of all that people and pipelines put into a namespace, asleep or awake. */
export function contentHash(objects: readonly PlainObject[]): string {
  const said = objects
    .filter((object) => !isMadeAgain(object))
    .map((object) => sortedJson({ ...withoutRuntime(object), uid: object.metadata.uid ?? "" }))
    .toSorted();
  return sha256(said.join("\n"));
}

/** JSON with its keys in order; custom objects may hold any number, so not the canonical one. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
