import type { ClusterClient } from "../client.ts";
import { CallFailure } from "../failure.ts";
import {
  addressOf,
  call,
  contentHash,
  discover,
  isMadeAgain,
  type Kind,
  listAll,
  NAMESPACE,
  type PlainObject,
} from "./objects.ts";

/** A namespace as the cluster itself says it, at one moment. */
export interface Look {
  at: string;
  namespace: PlainObject;
  kinds: { kind: Kind; objects: PlainObject[] }[];
  /** What could not be read; where this is not empty, nothing may be concluded from the rest. */
  problems: string[];
  contentHash: string;
  /** Pods that have not finished, by name. */
  running: string[];
  /** Of the objects people made: the newest creation. */
  newest: { at: string; what: string } | null;
}

/** Reads all of a namespace. @throws CallFailure where it is not there or the cluster is not */
export async function lookAt(
  client: ClusterClient,
  name: string,
  now: Date,
  signal: AbortSignal,
): Promise<Look> {
  const namespace = (await call(
    client,
    { method: "GET", path: addressOf(NAMESPACE, null, name) },
    signal,
  )) as unknown as PlainObject;
  const { kinds: known, problems } = await discover(client, signal);
  const kinds: Look["kinds"] = [];
  for (const kind of known)
    try {
      kinds.push({ kind, objects: await listAll(client, kind, name, signal) });
    } catch (error) {
      if (!(error instanceof CallFailure) || error.isTotal) throw error;
      problems.push(`${kind.plural}${kind.group === "" ? "" : `.${kind.group}`}: ${error.message}`);
    }
  const objects = kinds.flatMap((one) => one.objects);
  const made = objects
    .filter((object) => !isMadeAgain(object))
    .map((object) => ({
      at: object.metadata.creationTimestamp ?? "",
      what: `${object.kind} ${object.metadata.name}`,
    }));
  return {
    at: now.toISOString(),
    namespace,
    kinds,
    problems,
    contentHash: contentHash(objects),
    running: objects
      .filter(({ kind, status }) => {
        const { phase } = (status ?? {}) as { phase?: string };
        return kind === "Pod" && phase !== "Succeeded" && phase !== "Failed";
      })
      .map(({ metadata }) => metadata.name),
    newest: made.toSorted((a, b) => (a.at < b.at ? 1 : -1))[0] ?? null,
  };
}
