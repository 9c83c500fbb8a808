import { setTimeout } from "node:timers/promises";
import type { ClusterClient } from "../client.ts";
import { CallFailure } from "../failure.ts";
import type { Look } from "./look.ts";
import {
  addressOf,
  call,
  isMadeAgain,
  type Kind,
  NAMESPACE,
  type PlainObject,
  withoutRuntime,
} from "./objects.ts";
import type { Step } from "./quarantine.ts";

const VOLUME: Kind = {
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  plural: "persistentvolumes",
};

export interface Removal {
  steps: Step[];
  /** What still holds it, where it has not gone: a finalizer's controller. Never forced. */
  held: string | null;
}

/**
 * Deletes the very namespace that was looked at: by uid and resourceVersion, after the server tried it.
 * Its volumes are kept first, so that the data outlives the claims.
 * @throws CallFailure, `conflict` where it is another or was changed
 */
export async function removeNamespace(
  client: ClusterClient,
  look: Look,
  options: { isDryRun: boolean; waitMs: number; signal: AbortSignal },
): Promise<Removal> {
  const { name, uid, resourceVersion } = look.namespace.metadata;
  const { isDryRun, signal } = options;
  const steps: Step[] = [];
  const remove = async (dryRun: boolean) =>
    call(
      client,
      {
        method: "DELETE",
        path: addressOf(NAMESPACE, null, name),
        query: dryRun ? { dryRun: "All" } : {},
        body: {
          apiVersion: "v1",
          kind: "DeleteOptions",
          preconditions: { uid, resourceVersion },
          ...(dryRun ? { dryRun: ["All"] } : {}),
        },
      },
      signal,
    );
  // Before the volumes: what may not be deleted is not touched at all.
  await remove(true);
  for (const volume of await volumesOf(client, look, signal)) {
    const { name: pv, uid: volumeUid, resourceVersion: version } = volume.metadata;
    const { persistentVolumeReclaimPolicy: policy } = volume["spec"] as {
      persistentVolumeReclaimPolicy?: string;
    };
    if (policy === "Retain") continue;
    steps.push({
      object: `PersistentVolume ${pv}`,
      change: `kept: reclaim policy ${policy} to Retain`,
    });
    await call(
      client,
      {
        method: "PATCH",
        path: addressOf(VOLUME, null, pv),
        query: { fieldManager: "apportion", ...(isDryRun ? { dryRun: "All" } : {}) },
        body: {
          metadata: { uid: volumeUid, resourceVersion: version },
          spec: { persistentVolumeReclaimPolicy: "Retain" },
        },
      },
      signal,
    );
  }
  steps.push({ object: `Namespace ${name}`, change: `deleted (uid ${uid})` });
  if (isDryRun) return { steps, held: null };
  await remove(false);
  return { steps, held: await heldAfter(client, look, options.waitMs, signal) };
}

async function volumesOf(
  client: ClusterClient,
  look: Look,
  signal: AbortSignal,
): Promise<PlainObject[]> {
  const names = look.kinds
    .flatMap(({ objects }) => objects)
    .filter(({ kind }) => kind === "PersistentVolumeClaim")
    .map(({ spec }) => (spec as { volumeName?: string } | undefined)?.volumeName)
    .filter((name) => name !== undefined);
  const found: PlainObject[] = [];
  for (const name of names)
    found.push(
      (await call(
        client,
        { method: "GET", path: addressOf(VOLUME, null, name) },
        signal,
      )) as unknown as PlainObject,
    );
  return found;
}

/** Waits for it to go; says what holds it where it does not. */
async function heldAfter(
  client: ClusterClient,
  look: Look,
  waitMs: number,
  signal: AbortSignal,
): Promise<string | null> {
  const { name, uid } = look.namespace.metadata;
  const end = Date.now() + waitMs;
  for (let wait = 50; ; wait = Math.min(wait * 2, 2_000)) {
    try {
      const still = (await call(
        client,
        { method: "GET", path: addressOf(NAMESPACE, null, name) },
        signal,
      )) as unknown as PlainObject;
      if (still.metadata.uid !== uid) return null;
      if (Date.now() >= end) return whatHolds(client, look, still, signal);
    } catch (error) {
      if (error instanceof CallFailure && error.kind === "absent") return null;
      throw error;
    }
    await setTimeout(wait, undefined, { signal });
  }
}

async function whatHolds(
  client: ClusterClient,
  look: Look,
  namespace: PlainObject,
  signal: AbortSignal,
): Promise<string> {
  const own = namespace.metadata.finalizers ?? [];
  if (own.length > 0) return `finalizer ${own.join(", ")} of the namespace`;
  for (const { kind } of look.kinds) {
    const answer = (await call(
      client,
      { method: "GET", path: addressOf(kind, namespace.metadata.name) },
      signal,
    )) as { items?: PlainObject[] };
    const stuck = answer.items?.find(({ metadata }) => (metadata.finalizers ?? []).length > 0);
    if (stuck !== undefined)
      return `finalizer ${stuck.metadata.finalizers?.join(", ")} of ${kind.kind} ${stuck.metadata.name}`;
  }
  return "its content is still being removed";
}

/** The order in which objects are made again: what others refer to comes first. */
const FIRST = [
  "Namespace",
  "ServiceAccount",
  "Role",
  "RoleBinding",
  "Secret",
  "ConfigMap",
  "ResourceQuota",
  "LimitRange",
  "PersistentVolumeClaim",
  "Service",
];

/**
 * Makes a namespace again out of its backup: everything as a server dry run where that says something,
 * then for real. What is there already is left alone.
 * @returns the steps and the uid of the new namespace; null in a dry run of one that is not there
 */
export async function restoreNamespace(
  client: ClusterClient,
  backup: readonly { kind: Kind; object: PlainObject }[],
  options: { isDryRun: boolean; signal: AbortSignal },
): Promise<{ steps: Step[]; uid: string | null }> {
  const { isDryRun, signal } = options;
  const home = backup.find(({ kind }) => kind.kind === "Namespace")?.object;
  if (home === undefined) throw new CallFailure("malformed", "the backup holds no namespace");
  const rank = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  const wanted = backup
    .filter(({ kind, object }) => kind.kind === "Namespace" || !isMadeAgain(object))
    .toSorted((a, b) => rank(a.kind.kind) - rank(b.kind.kind));
  const steps: Step[] = [];
  let uid: string | null = null;
  for (const { kind, object } of wanted) {
    const { name } = object.metadata;
    const isHome = kind.kind === "Namespace";
    steps.push({ object: `${kind.kind} ${name}`, change: "made again" });
    // Inside a namespace that is not there yet the server tries nothing.
    if (isDryRun && !isHome) continue;
    const body = restored(object);
    if (kind.kind === "PersistentVolumeClaim" && !isDryRun)
      await freeVolume(client, object, signal);
    const made = (await call(
      client,
      {
        method: "POST",
        path: addressOf(kind, isHome ? null : home.metadata.name),
        query: { fieldManager: "apportion", ...(isDryRun ? { dryRun: "All" } : {}) },
        body,
      },
      signal,
    )) as unknown as PlainObject;
    if (isHome) uid = made.metadata.uid ?? null;
  }
  return { steps, uid };
}

function restored(object: PlainObject): PlainObject {
  const body = withoutRuntime(object);
  delete body.metadata.finalizers;
  if (body.kind === "Namespace") delete body["spec"];
  // Its owners are made anew, with other uids, or were controllers.
  delete body.metadata.ownerReferences;
  return body;
}

/** A volume that was kept still names the claim of old by uid, and would bind to no other. */
async function freeVolume(
  client: ClusterClient,
  claim: PlainObject,
  signal: AbortSignal,
): Promise<void> {
  const { volumeName } = (claim["spec"] ?? {}) as { volumeName?: string };
  if (volumeName === undefined) return;
  try {
    await call(
      client,
      {
        method: "PATCH",
        path: addressOf(VOLUME, null, volumeName),
        query: { fieldManager: "apportion" },
        body: { spec: { claimRef: { uid: null, resourceVersion: null } } },
      },
      signal,
    );
  } catch (error) {
    // A volume that has gone is made anew by its class.
    if (!(error instanceof CallFailure) || error.kind !== "absent") throw error;
  }
}
