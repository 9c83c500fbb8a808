import type { ClusterClient } from "../client.ts";
import { CallFailure } from "../failure.ts";
import {
  addressOf,
  call,
  isMadeAgain,
  type Kind,
  NAMESPACE,
  OURS,
  type PlainObject,
  RESTORING,
  VOLUME,
  withoutRuntime,
} from "./objects.ts";
import type { Step } from "./quarantine.ts";

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
 * Makes a namespace again out of its backup. What was there is left alone; one object that is refused
 * does not keep the others from being made, and the same call goes on where this one stopped.
 * @returns the steps and the uid of the new namespace; null in a dry run of one that is not there
 * @throws CallFailure; `conflict` where another namespace has the name by now
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
    .filter(({ kind, object }) => kind.kind !== "Namespace" && !isMadeAgain(object))
    .toSorted((a, b) => rank(a.kind.kind) - rank(b.kind.kind));
  const uid = await makeHome(client, home, isDryRun, signal);
  const steps: Step[] = [{ object: `Namespace ${home.metadata.name}`, change: "made again" }];
  const known = new Set(wanted.map(({ object }) => object.metadata.uid));
  const uids = new Map<string | undefined, string>();
  const refused: string[] = [];
  for (const { kind, object } of wanted) {
    const { name, ownerReferences = [] } = object.metadata;
    const lost = ownerReferences.find((owner) => !known.has(owner.uid));
    steps.push({
      object: `${kind.kind} ${name}`,
      change:
        lost === undefined
          ? "made again"
          : `made again, without its owner ${lost.kind} ${lost.name}, which the backup does not hold`,
    });
    // Inside a namespace that is not there yet the server tries nothing.
    if (isDryRun) continue;
    try {
      if (kind.kind === "PersistentVolumeClaim") await freeVolume(client, object, signal);
      const made = await makeObject(client, kind, object, home.metadata.name, signal);
      if (made.metadata.uid !== undefined) uids.set(object.metadata.uid, made.metadata.uid);
    } catch (error) {
      if (!(error instanceof CallFailure) || error.isTotal) throw error;
      refused.push(`${kind.kind} ${name}: ${error.message}`);
    }
  }
  if (isDryRun) return { steps, uid: null };
  if (refused.length > 0)
    throw new CallFailure(
      "malformed",
      `${refused.length} of ${wanted.length} objects were not made again (${refused[0]}); put that right and restore it once more, which makes what is missing`,
    );
  for (const { kind, object } of wanted)
    await giveOwners(client, { kind, object, namespace: home.metadata.name }, uids, signal);
  await call(
    client,
    {
      method: "PATCH",
      path: addressOf(NAMESPACE, null, home.metadata.name),
      query: { fieldManager: OURS },
      body: { metadata: { uid, annotations: { [RESTORING]: null } } },
    },
    signal,
  );
  return { steps, uid };
}

/** Makes the namespace itself, or finds the one that an earlier restore began. */
async function makeHome(
  client: ClusterClient,
  home: PlainObject,
  isDryRun: boolean,
  signal: AbortSignal,
): Promise<string | null> {
  const body = restored(home);
  delete body["spec"];
  body.metadata.annotations = {
    ...body.metadata.annotations,
    [RESTORING]: home.metadata.uid ?? "",
  };
  try {
    const made = (await call(
      client,
      {
        method: "POST",
        path: addressOf(NAMESPACE, null),
        query: { fieldManager: OURS, ...(isDryRun ? { dryRun: "All" } : {}) },
        body,
      },
      signal,
    )) as unknown as PlainObject;
    return made.metadata.uid ?? null;
  } catch (error) {
    if (!(error instanceof CallFailure) || error.kind !== "conflict") throw error;
    const there = (await call(
      client,
      { method: "GET", path: addressOf(NAMESPACE, null, home.metadata.name) },
      signal,
    )) as unknown as PlainObject;
    if (there.metadata.annotations?.[RESTORING] !== (home.metadata.uid ?? "")) throw error;
    return there.metadata.uid ?? null;
  }
}

/** Makes one object; what an earlier restore made, or a controller was quicker to make, stays. */
async function makeObject(
  client: ClusterClient,
  kind: Kind,
  object: PlainObject,
  namespace: string,
  signal: AbortSignal,
): Promise<PlainObject> {
  const answer = await call(
    client,
    {
      method: "POST",
      path: addressOf(kind, namespace),
      query: { fieldManager: OURS },
      body: restored(object),
    },
    signal,
  ).catch((error: unknown) => {
    if (!(error instanceof CallFailure) || error.kind !== "conflict") throw error;
    const path = addressOf(kind, namespace, object.metadata.name);
    return call(client, { method: "GET", path }, signal);
  });
  return answer as unknown as PlainObject;
}

/** Points an object at its owners as they are now: an owner's uid of old would have it collected. */
async function giveOwners(
  client: ClusterClient,
  { kind, object, namespace }: { kind: Kind; object: PlainObject; namespace: string },
  uids: ReadonlyMap<string | undefined, string>,
  signal: AbortSignal,
): Promise<void> {
  const { name, ownerReferences = [] } = object.metadata;
  const owners = ownerReferences.flatMap((owner) => {
    const uid = uids.get(owner.uid);
    return uid === undefined ? [] : [{ ...owner, uid }];
  });
  if (owners.length === 0) return;
  await call(
    client,
    {
      method: "PATCH",
      path: addressOf(kind, namespace, name),
      query: { fieldManager: OURS },
      body: { metadata: { ownerReferences: owners } },
    },
    signal,
  );
}

// Of the server's own controllers, which put them on again.
const SERVER_FINALIZERS = ["kubernetes.io/pvc-protection", "foregroundDeletion", "orphan"];
// Rancher binds rights to whom it names, and deletes the namespaces that carry it with their project.
const NEVER_WRITTEN = "field.cattle.io/creatorId";

function restored(object: PlainObject): PlainObject {
  const body = withoutRuntime(object);
  const finalizers = body.metadata.finalizers?.filter((one) => !SERVER_FINALIZERS.includes(one));
  if (finalizers === undefined || finalizers.length === 0) delete body.metadata.finalizers;
  else body.metadata.finalizers = finalizers;
  delete body.metadata.annotations?.[NEVER_WRITTEN];
  // With other uids by now: given once all are there.
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
        query: { fieldManager: OURS },
        body: { spec: { claimRef: { uid: null, resourceVersion: null } } },
      },
      signal,
    );
  } catch (error) {
    // A volume that has gone is made anew by its class.
    if (!(error instanceof CallFailure) || error.kind !== "absent") throw error;
  }
}
