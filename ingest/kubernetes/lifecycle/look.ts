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
  OURS,
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
  /** Of the objects people made: the newest creation or change, but for ours and of a status. */
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
  const written = objects.filter((object) => !isMadeAgain(object)).flatMap(writesOf);
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
    newest: written.toSorted((a, b) => (a.at < b.at ? 1 : -1))[0] ?? null,
  };
}

/** When an object was made and written, as the server itself keeps it. */
function writesOf({ kind, metadata }: PlainObject): { at: string; what: string }[] {
  const said = (at: string | undefined, what: string) => ({
    // No time is a time we do not know: it counts as now.
    at: at === undefined ? "9999-12-31T00:00:00.000Z" : new Date(at).toISOString(),
    what: `${kind} ${metadata.name} was ${what}`,
  });
  return [
    said(metadata.creationTimestamp, "created"),
    ...(metadata.managedFields ?? [])
      .filter(({ manager, subresource }) => manager !== OURS && subresource === undefined)
      .map(({ time }) => said(time ?? metadata.creationTimestamp, "changed")),
  ];
}
