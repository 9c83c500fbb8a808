import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { recorded, type Recorded, subjectOf } from "../../analysis/lifecycle/record.ts";
import {
  againstBackup,
  againstDeletion,
  againstPurge,
  againstQuarantine,
  againstRestore,
  againstRun,
  type Fresh,
} from "../../analysis/lifecycle/rules.ts";
import { closedBecause, protectionOf } from "../../analysis/lifecycle/policy.ts";
import { apply, type Event, plusDays } from "../../analysis/lifecycle/life.ts";
import { readSecret } from "../../data/config.ts";
import { AppError, firstLine, printable } from "../../data/errors.ts";
import type { Json } from "../../data/canonical.ts";
import type { Register } from "../../data/register.ts";
import { type Actor, appendEvent } from "../../data/register/namespaces.ts";
import { type ClusterClient, openCluster } from "../../ingest/kubernetes/client.ts";
import { accessOf } from "../../ingest/kubernetes/config.ts";
import { CallFailure } from "../../ingest/kubernetes/failure.ts";
import {
  type BackupPlace,
  readBackup,
  writeBackup,
} from "../../ingest/kubernetes/lifecycle/backup.ts";
import { type Look, lookAt } from "../../ingest/kubernetes/lifecycle/look.ts";
import {
  carryOut,
  quarantineSteps,
  releaseSteps,
  type Step,
} from "../../ingest/kubernetes/lifecycle/quarantine.ts";
import { removeNamespace } from "../../ingest/kubernetes/lifecycle/remove.ts";
import { restoreNamespace } from "../../ingest/kubernetes/lifecycle/restore.ts";
import { backupKey } from "../../ingest/kubernetes/lifecycle/seal.ts";
import type { Config } from "../config.ts";
import { refuse } from "../namespaces.ts";

/** Carries out in the clusters what people agreed on. Every step asks the rules with a fresh look first. */

export interface Worker {
  config: Config;
  register: Register;
  now: () => Date;
  signal: AbortSignal;
  isDryRun: boolean;
}

export interface Done {
  namespace: string;
  steps: Step[];
}

const WAIT_MS = 30_000;

/** Scales a namespace to zero. @throws NAMESPACE_REFUSED with all that stands against it */
export async function quarantine(worker: Worker, one: Recorded, actor: Actor): Promise<Done> {
  return inCluster(worker, one, async (client) => {
    const look = await lookNow(worker, client, one);
    const now = worker.now();
    refuse(one, "quarantine", [
      ...againstQuarantine(
        subjectNow(worker, one, look),
        freshOf(worker, one, look, "before"),
        worker.config.lifecycle,
        now,
      ),
      ...unreadable(look),
    ]);
    const planned = quarantineSteps(look);
    let isBegun = false;
    try {
      const steps = await carryOut(client, planned, worker.isDryRun, worker.signal, () => {
        isBegun = true;
        // On record before it is done: one that is half asleep must be known, so that it is woken.
        record(
          worker,
          one,
          actor,
          {
            type: "quarantined",
            at: now.toISOString(),
            by: actor.name,
            inventoryHash: one.seen.hash,
            clusterHash: look.contentHash,
          },
          planned,
        );
      });
      return done(one, steps);
    } catch (error) {
      if (!isBegun || !(error instanceof CallFailure)) throw error;
      throw new CallFailure(
        error.kind,
        `${error.message}; a part of it may sleep by now: "apportion namespaces quarantine ${one.key.cluster}/${one.key.name} --undo --yes" wakes it`,
        { cause: error },
      );
    }
  });
}

/** Wakes a namespace that was put to sleep. Nothing stands against it. */
export async function release(worker: Worker, one: Recorded, actor: Actor): Promise<Done> {
  return inCluster(worker, one, async (client) => {
    const look = await lookNow(worker, client, one);
    const steps = await carryOut(client, releaseSteps(look), worker.isDryRun, worker.signal);
    record(
      worker,
      one,
      actor,
      { type: "released", at: worker.now().toISOString(), by: actor.name },
      steps,
    );
    return done(one, steps);
  });
}

/**
 * Writes the backup that a deletion needs; an incomplete one is recorded as that. In a dry run it is
 * written aside, so that the server's own trial of it is shown, and goes with `dropTrials`.
 * @returns the namespace as it is with that backup
 */
export async function backUp(
  worker: Worker,
  one: Recorded,
  actor: Actor,
): Promise<Done & { after: Recorded }> {
  const { config, isDryRun, now } = worker;
  return inCluster(worker, one, async (client) => {
    refuse(one, "backup", againstBackup(subjectOf(one), config.lifecycle, now()));
    const look = await lookNow(worker, client, one);
    const place = placeOf(config, one.key.cluster);
    const backup = await writeBackup(
      client,
      look,
      isDryRun ? { ...place, folder: join(place.folder, TRIALS) } : place,
      worker.signal,
    );
    const steps = [
      { object: `Namespace ${one.key.name}`, change: `backed up: ${backup.objects} objects` },
      ...backup.problems.map((problem) => ({ object: "problem", change: problem })),
    ];
    const event: Event = {
      type: "backed-up",
      at: now().toISOString(),
      inventoryHash: one.seen.hash,
      clusterHash: backup.contentHash,
      path: isDryRun ? join(TRIALS, backup.path) : backup.path,
      sha256: backup.sha256,
      problems: backup.problems,
    };
    record(worker, one, actor, event, steps);
    return {
      ...done(one, steps),
      after: { ...one, life: apply(one.life, event, config.lifecycle) },
    };
  });
}

const TRIALS = ".dry-run";

/** Removes what dry runs wrote. */
export async function dropTrials(worker: Worker): Promise<void> {
  const { backup } = worker.config.namespaces;
  if (backup !== undefined)
    await rm(join(resolve(worker.config.folder, backup.folder), TRIALS), {
      recursive: true,
      force: true,
    });
}

/**
 * Deletes what may be deleted of `wanted`, one at a time; too many at once are a reason to delete none.
 * @throws NAMESPACE_REFUSED where a cap stops the run, or where one alone is wanted and refused
 */
export async function removeAll(
  worker: Worker,
  wanted: readonly Recorded[],
  actor: Actor,
): Promise<Done[]> {
  const { config, register, now } = worker;
  const policy = config.lifecycle;
  const ready: Recorded[] = [];
  for (const one of wanted) {
    const against = await inCluster(worker, one, async (client) => {
      const look = await lookNow(worker, client, one);
      return [
        ...againstDeletion(
          subjectNow(worker, one, look),
          freshOf(worker, one, look, "asleep"),
          policy,
          now(),
        ),
        ...unreadable(look),
      ];
    });
    if (against.length === 0) ready.push(one);
    else if (wanted.length === 1) refuse(one, "delete", against);
  }
  const counts = (all: readonly Recorded[]) =>
    new Map(
      [...Map.groupBy(all, ({ key }) => key.cluster)].map(([cluster, list]) => [
        cluster,
        list.length,
      ]),
    );
  const stopped = againstRun(counts(ready), counts(recorded(register, policy)), policy);
  if (stopped.length > 0 && ready.length > 0)
    throw new AppError(
      "NAMESPACE_REFUSED",
      `nothing is deleted: ${stopped.join("; ")}; check namespaces.deletion and what was approved`,
    );
  const results: Done[] = [];
  for (const one of ready) results.push(await remove(worker, one, actor));
  return results;
}

async function remove(worker: Worker, one: Recorded, actor: Actor): Promise<Done> {
  return inCluster(worker, one, async (client) => {
    // Looked at again: the ones before it took their time.
    const look = await lookNow(worker, client, one);
    refuse(one, "delete", [
      ...againstDeletion(
        subjectNow(worker, one, look),
        freshOf(worker, one, look, "asleep"),
        worker.config.lifecycle,
        worker.now(),
      ),
      ...unreadable(look),
    ]);
    const { backup } = one.life;
    if (backup === null)
      throw new AppError("INTERNAL", "a deletion was not refused for the lack of a backup");
    // Read back to its last byte: a backup that was lost since is none.
    await readBackup(placeOf(worker.config, one.key.cluster), backup.path, backup.sha256);
    const { steps, held } = await removeNamespace(client, look, {
      isDryRun: worker.isDryRun,
      waitMs: WAIT_MS,
      signal: worker.signal,
    });
    record(
      worker,
      one,
      actor,
      {
        type: "deleted",
        at: worker.now().toISOString(),
        by: actor.name,
        resourceVersion: look.namespace.metadata.resourceVersion ?? "",
      },
      held === null ? steps : [...steps, { object: "held", change: held }],
    );
    return done(
      one,
      held === null
        ? steps
        : [
            ...steps,
            {
              object: `Namespace ${one.key.name}`,
              change: `still there: ${held}; remove that by its owner, we never force it`,
            },
          ],
    );
  });
}

/** Makes a deleted namespace again out of its backup. */
export async function restore(worker: Worker, one: Recorded, actor: Actor): Promise<Done> {
  refuse(one, "restore", againstRestore(one.life));
  const { backup } = one.life;
  if (backup === null)
    throw new AppError("INTERNAL", "a restore was not refused for the lack of a backup");
  return inCluster(worker, one, async (client) => {
    const kept = await readBackup(
      placeOf(worker.config, one.key.cluster),
      backup.path,
      backup.sha256,
    );
    const { steps, uid } = await restoreNamespace(client, kept, {
      isDryRun: worker.isDryRun,
      signal: worker.signal,
    });
    record(
      worker,
      one,
      actor,
      { type: "restored", at: worker.now().toISOString(), by: actor.name, uid: uid ?? "" },
      steps,
    );
    return done(one, steps);
  });
}

/** Removes the backup of a namespace that is gone for long. */
export async function purge(worker: Worker, one: Recorded, actor: Actor): Promise<Done> {
  const at = worker.now().toISOString();
  refuse(one, "purge", againstPurge(one.life, at));
  const { backup } = one.life;
  if (backup === null)
    throw new AppError("INTERNAL", "a purge was not refused for the lack of a backup");
  const { folder } = placeOf(worker.config, one.key.cluster);
  const steps = [{ object: `Namespace ${one.key.name}`, change: `backup ${backup.path} removed` }];
  if (!worker.isDryRun) {
    await rm(join(folder, backup.path), { recursive: true, force: true });
    record(worker, one, actor, { type: "purged", at }, steps);
  }
  return done(one, steps);
}

/** The cluster's own word about the namespace, by the namespace it is about. */
async function lookNow(worker: Worker, client: ClusterClient, one: Recorded): Promise<Look> {
  const look = await lookAt(client, one.key.name, worker.now(), worker.signal);
  if (look.namespace.metadata.uid !== one.key.uid)
    refuse(one, "touching", [
      `another namespace has that name by now (${look.namespace.metadata.uid}, not ${one.key.uid})`,
    ]);
  return look;
}

function subjectNow(worker: Worker, one: Recorded, look: Look) {
  const { labels = {}, annotations = {}, creationTimestamp } = look.namespace.metadata;
  const protection = protectionOf(worker.config.lifecycle, {
    name: one.key.name,
    labels,
    annotations,
  });
  return {
    ...subjectOf(one),
    protection: protection ?? one.seen.assessment.protection,
    created: creationTimestamp === undefined ? null : new Date(creationTimestamp).toISOString(),
  };
}

/** What a look says of dormancy: before a quarantine idle pods may run; asleep none does. */
function freshOf(worker: Worker, one: Recorded, look: Look, when: "before" | "asleep"): Fresh {
  const { lifecycle } = worker.config;
  const {
    uid = "",
    resourceVersion = "",
    labels = {},
    annotations = {},
    deletionTimestamp,
  } = look.namespace.metadata;
  const protection = protectionOf(lifecycle, { name: one.key.name, labels, annotations });
  // Of all kinds, settings and secrets too, which no scan reads.
  const since = plusDays(look.at, -lifecycle.dormantDays);
  const isNew = look.newest !== null && look.newest.at > since;
  const said = (verdict: Fresh["verdict"], why: string): Fresh => ({
    at: look.at,
    verdict,
    why,
    uid,
    resourceVersion,
    clusterHash: look.contentHash,
  });
  if (protection !== null) return said("protected", protection);
  if (deletionTimestamp !== undefined) return said("active", "it is being deleted already");
  if (when === "asleep" && look.running.length > 0)
    return said("active", `pod ${look.running[0]} runs`);
  if (isNew) return said("active", `${look.newest?.what} on ${look.newest?.at.slice(0, 10)}`);
  return said("dormant", "nothing runs and nothing changed");
}

function unreadable(look: Look): string[] {
  return look.problems.map((problem) => `not all of it can be read: ${problem}`);
}

function record(
  worker: Worker,
  one: Recorded,
  actor: Actor,
  event: Event,
  steps: readonly Step[],
): void {
  if (worker.isDryRun) return;
  appendEvent(worker.register, one.key, event, actor, {
    steps: steps.map(({ object, change }) => `${object}: ${change}`) as Json,
    evidence: one.seen.assessment.signals.map(
      ({ signal, evidence }) => `${signal}: ${evidence}`,
    ) as Json,
  });
}

function done(one: Recorded, steps: Step[]): Done {
  return { namespace: `${one.key.cluster}/${one.key.name}`, steps };
}

/** Runs with the credential that may write; the readers' one never does. */
async function inCluster<T>(
  worker: Worker,
  one: Recorded,
  work: (client: ClusterClient) => Promise<T>,
): Promise<T> {
  const { config } = worker;
  const { cluster } = one.key;
  const access = config.namespaces.worker?.find((each) => each.cluster === cluster);
  const place = `namespaces.worker: cluster ${cluster}`;
  if (access === undefined)
    throw new AppError(
      "CONFIG_INVALID",
      `${config.file}: namespaces.worker has no entry for the cluster "${printable(cluster)}"; add one with the account of deploy/rbac/deleter.yaml`,
    );
  const client = await openCluster(
    place,
    accessOf({ type: "kubernetes", name: "worker", ...access }, config.folder),
  );
  try {
    return await work(client);
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    const hint =
      error.kind === "refused"
        ? "; bind the ClusterRole apportion-deleter of deploy/rbac/deleter.yaml"
        : error.kind === "conflict"
          ? "; it changed while it was looked at: run the command again"
          : "";
    throw new AppError(
      "NAMESPACE_REFUSED",
      `${place}: ${printable(one.key.name)}: ${firstLine(error.message)}${hint}`,
      { cause: error },
    );
  } finally {
    await client.close();
  }
}

function placeOf(config: Config, cluster: string): BackupPlace {
  const { backup } = config.namespaces;
  if (backup === undefined)
    throw new AppError(
      "CONFIG_INVALID",
      `${config.file}: namespaces.backup is missing; name a folder and a key`,
    );
  return {
    folder: resolve(config.folder, backup.folder),
    cluster,
    key: backupKey(readSecret(backup.key, config.folder, "namespaces.backup.key")),
  };
}

/** Why a worker would do nothing at all now; null where it may. */
export function closedNow(worker: Worker): string | null {
  return closedBecause(worker.config.lifecycle, worker.now());
}
