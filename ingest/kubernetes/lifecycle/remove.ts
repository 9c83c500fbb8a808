import { setTimeout } from "node:timers/promises";
import type { ClusterClient } from "../client.ts";
import { CallFailure } from "../failure.ts";
import type { Look } from "./look.ts";
import { addressOf, call, NAMESPACE, OURS, type PlainObject, VOLUME } from "./objects.ts";
import type { Step } from "./quarantine.ts";

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
        query: { fieldManager: OURS, ...(isDryRun ? { dryRun: "All" } : {}) },
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
  await remove(false).catch(async (error: unknown) => {
    // An answer that was lost: whether it was done, the server still knows.
    if (
      !(error instanceof CallFailure) ||
      !error.isPassing ||
      !(await isGoing(client, look, signal))
    )
      throw error;
  });
  return { steps, held: await heldAfter(client, look, options.waitMs, signal) };
}

/** Whether the namespace that was looked at is being deleted, or gone. */
async function isGoing(client: ClusterClient, look: Look, signal: AbortSignal): Promise<boolean> {
  try {
    const { metadata } = (await call(
      client,
      { method: "GET", path: addressOf(NAMESPACE, null, look.namespace.metadata.name) },
      signal,
    )) as unknown as PlainObject;
    return metadata.uid !== look.namespace.metadata.uid || metadata.deletionTimestamp !== undefined;
  } catch (error) {
    if (error instanceof CallFailure && error.kind === "absent") return true;
    throw error;
  }
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
