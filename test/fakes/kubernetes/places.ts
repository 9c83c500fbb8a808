import { apiGroup, type Resource, resourceList } from "./resources.ts";
import { StatusError } from "./status.ts";

/** A request as the tests see it. */
export interface Asked {
  method: string;
  path: string;
  query: Readonly<Record<string, string>>;
  /** The name behind the token; null for a token nobody knows. */
  user: string | null;
  /** What was sent along, once it has been read. */
  body?: unknown;
}

/** What an address names, whether it is served or not. */
export interface Place {
  resource: Pick<Resource, "group" | "version" | "plural">;
  namespace?: string | undefined;
  name?: string | undefined;
  subresource?: string | undefined;
}

/** Reads `/api/v1/…` and `/apis/GROUP/VERSION/…`; null for any other address. */
export function placeOf(path: string): Place | null {
  const parts = path.split("/").slice(1).map(decodeURIComponent);
  const isCore = parts[0] === "api";
  if (!isCore && parts[0] !== "apis") return null;
  const group = isCore ? "" : (parts[1] ?? "");
  const version = parts[isCore ? 1 : 2] ?? "";
  let rest = parts.slice(isCore ? 2 : 3);
  let namespace: string | undefined;
  // A namespace's own status is no kind inside of it.
  if (
    rest[0] === "namespaces" &&
    rest.length > 2 &&
    rest[2] !== "status" &&
    rest[2] !== "finalize"
  ) {
    namespace = rest[1];
    rest = rest.slice(2);
  }
  const [plural = "", name, subresource] = rest;
  return plural === ""
    ? null
    : { resource: { group, version, plural }, namespace, name, subresource };
}

/** What is wanted of it: `list`, `get`, `watch`, `create`, … */
export function verbOf({ method, query }: Asked, place: Place): string {
  const isWatch = query["watch"] === "true" || query["watch"] === "1";
  if (method === "GET") return place.name !== undefined ? "get" : isWatch ? "watch" : "list";
  const verb = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" }[method];
  if (verb === undefined || (verb !== "create" && place.name === undefined))
    throw new StatusError(
      405,
      "MethodNotAllowed",
      "the server does not allow this method on the requested resource",
    );
  return verb;
}

/** The answer to an address of discovery; null for any other. */
export function discovery(path: string, resources: readonly Resource[]): object | null {
  const groups = new Map<string, string[]>();
  for (const { group, version } of resources)
    groups.set(group, [...new Set([...(groups.get(group) ?? []), version])]);
  const named = [...groups].filter(([group]) => group !== "");
  if (path === "/version") return { major: "1", minor: "33", gitVersion: "v1.33.0" };
  if (path === "/api") return { kind: "APIVersions", versions: groups.get("") ?? [] };
  if (path === "/apis")
    return {
      kind: "APIGroupList",
      apiVersion: "v1",
      groups: named.map(([group, versions]) => apiGroup(group, versions)),
    };
  if (path === "/api/v1")
    return resourceList(
      "v1",
      resources.filter(({ group }) => group === ""),
    );
  const [, group, version] = /^\/apis\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? [];
  const versions = group === undefined ? undefined : groups.get(group);
  if (group === undefined || versions === undefined) return null;
  if (version === undefined) return apiGroup(group, versions);
  if (!versions.includes(version)) return null;
  return resourceList(
    `${group}/${version}`,
    resources.filter((known) => known.group === group && known.version === version),
  );
}
