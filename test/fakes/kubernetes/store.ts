import { randomUUID } from "node:crypto";
import { apiVersionOf, type Resource } from "./resources.ts";
import type { GivenObject, StoredObject } from "./object.ts";
import { type ListAsk, Pages } from "./pages.ts";
import { conflict, expired, notFound, StatusError } from "./status.ts";

export interface WatchEvent {
  type: "ADDED" | "MODIFIED" | "DELETED";
  resource: Resource;
  object: StoredObject;
  version: number;
}

export interface DeleteAsk {
  uid?: string | undefined;
  resourceVersion?: string | undefined;
  dryRun?: boolean;
}

/**
 * The memory of the fake, with the API server's rules: one counter of versions for all, objects in
 * the order of their keys, conflicts, preconditions, finalizers, namespaces that take their content
 * along. Objects are never changed in place, so a list keeps its moment. Not served: garbage
 * collection by owner, defaulting, admission.
 */
export class Store {
  readonly #resources: Resource[];
  readonly #objects = new Map<string, Map<string, StoredObject>>();
  readonly #pages = new Pages();
  readonly #listeners = new Set<(event: WatchEvent) => void>();
  readonly #now: () => Date;
  #events: WatchEvent[] = [];
  #version = 1_000;
  #compacted = 0;

  constructor(resources: readonly Resource[], now: () => Date) {
    this.#resources = [...resources];
    this.#now = now;
  }

  get resources(): readonly Resource[] {
    return this.#resources;
  }
  /** The newest resourceVersion there is. */
  get version(): number {
    return this.#version;
  }

  /** Serves another kind from now on, as a CustomResourceDefinition does. */
  define(resource: Resource): void {
    this.#resources.push(resource);
  }

  resource(group: string, plural: string, version?: string): Resource | undefined {
    return this.#resources.find(
      (known) =>
        known.group === group &&
        known.plural === plural &&
        (version === undefined || known.version === version),
    );
  }

  ofKind(kind: string): Resource {
    const found = this.#resources.find((known) => known.kind === kind);
    if (found === undefined) throw new Error(`the fake serves no ${kind}`);
    return found;
  }

  /** Forgets the past: continue tokens and watches from before are answered with 410. */
  compact(): void {
    this.#pages.forget();
    this.#events = [];
    this.#compacted = this.#version;
  }

  get(resource: Resource, name: string, namespace = ""): StoredObject {
    const found = this.#of(resource).get(`${namespace}/${name}`);
    if (found === undefined) throw notFound(resource.plural, name);
    return found;
  }

  /** One page, of the moment at which its first page was asked for. */
  list(resource: Resource, ask: ListAsk = {}): object {
    return this.#pages.page(resource, ask, this.#of(resource), this.#version);
  }

  create(resource: Resource, given: GivenObject, options: { dryRun?: boolean } = {}): StoredObject {
    const { generateName } = (given.metadata ?? {}) as { generateName?: string };
    const name =
      given.metadata?.name ?? (generateName === undefined ? "" : generateName + suffix());
    const namespace = resource.namespaced ? (given.metadata?.namespace ?? "default") : "";
    if (name === "")
      throw new StatusError(
        422,
        "Invalid",
        `${resource.kind} "" is invalid: metadata.name: Required value: name or generateName is required`,
      );
    const key = `${namespace}/${name}`;
    if (this.#of(resource).has(key))
      throw new StatusError(409, "AlreadyExists", `${resource.plural} "${name}" already exists`, {
        details: { name, kind: resource.plural },
      });
    if (resource.namespaced) this.#mayCreateIn(namespace, resource, name);
    const object: StoredObject = {
      ...structuredClone(given),
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: {
        ...structuredClone(given.metadata ?? {}),
        name,
        ...(resource.namespaced ? { namespace } : {}),
        uid: randomUUID(),
        resourceVersion: String(this.#version + 1),
        creationTimestamp: this.#second(),
      },
    };
    if (resource.kind === "Namespace") {
      object["spec"] = { finalizers: ["kubernetes"] };
      object["status"] = { phase: "Active" };
    }
    if (options.dryRun !== true) this.#put(resource, key, object, "ADDED");
    return object;
  }

  #mayCreateIn(namespace: string, resource: Resource, name: string): void {
    const home = this.resource("", "namespaces");
    if (home === undefined) return;
    const found = this.get(home, namespace);
    if (found.metadata.deletionTimestamp !== undefined)
      throw new StatusError(
        403,
        "Forbidden",
        `${resource.plural} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
        { details: { causes: [{ reason: "NamespaceTerminating" }] } },
      );
  }

  /**
   * Puts a new version of an object in its place. What the server sets stays, `status` too unless it is
   * what is written; a stale resourceVersion is a conflict; no difference is no new version.
   */
  update(
    resource: Resource,
    name: string,
    namespace: string,
    change: (object: StoredObject) => GivenObject,
    options: { dryRun?: boolean; part?: "main" | "status" | "all" } = {},
  ): StoredObject {
    const before = this.get(resource, name, namespace);
    const given = change(structuredClone(before));
    const { resourceVersion } = given.metadata ?? {};
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion)
      throw conflict(
        resource.plural,
        name,
        "the object has been modified; please apply your changes to the latest version and try again",
      );
    const { uid: wantedUid } = (given.metadata ?? {}) as { uid?: string };
    if (wantedUid !== undefined && wantedUid !== before.metadata.uid)
      throw conflict(
        resource.plural,
        name,
        `Precondition failed: UID in precondition: ${wantedUid}, UID in object meta: ${before.metadata.uid}`,
      );
    const part = options.part ?? "main";
    const wanted: GivenObject =
      part === "status"
        ? { ...before, status: given["status"] }
        : part === "main"
          ? { ...given, status: before["status"] }
          : given;
    const { uid, creationTimestamp, deletionTimestamp } = before.metadata;
    const object: StoredObject = {
      ...wanted,
      apiVersion: before.apiVersion,
      kind: before.kind,
      metadata: {
        ...wanted.metadata,
        name,
        ...(resource.namespaced ? { namespace } : {}),
        uid,
        resourceVersion: before.metadata.resourceVersion,
        creationTimestamp,
        ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      },
    };
    if (object["status"] === undefined) delete object["status"];
    if (JSON.stringify(object) === JSON.stringify(before)) return before;
    object.metadata.resourceVersion = String(this.#version + 1);
    if (options.dryRun === true) return object;
    const key = `${namespace}/${name}`;
    if (isGone(object)) this.#remove(resource, key, object);
    else this.#put(resource, key, object, "MODIFIED");
    this.#settle(namespace);
    return object;
  }

  /** Deletes, or marks as being deleted where a finalizer, or a namespace's content, holds it. */
  delete(resource: Resource, name: string, namespace = "", ask: DeleteAsk = {}): StoredObject {
    const before = this.get(resource, name, namespace);
    const { uid, resourceVersion } = before.metadata;
    if (ask.uid !== undefined && ask.uid !== uid)
      throw conflict(
        resource.plural,
        name,
        `Precondition failed: UID in precondition: ${ask.uid}, UID in object meta: ${uid}`,
      );
    if (ask.resourceVersion !== undefined && ask.resourceVersion !== resourceVersion)
      throw conflict(
        resource.plural,
        name,
        `Precondition failed: ResourceVersion in precondition: ${ask.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`,
      );
    const marked: StoredObject = {
      ...before,
      metadata: {
        ...before.metadata,
        deletionTimestamp: before.metadata.deletionTimestamp ?? this.#second(),
        resourceVersion: String(this.#version + 1),
      },
    };
    if (resource.kind === "Namespace") marked["status"] = { phase: "Terminating" };
    if (ask.dryRun === true) return marked;
    const key = `${namespace}/${name}`;
    if (isGone(marked)) this.#remove(resource, key, marked);
    else if (before.metadata.deletionTimestamp === undefined)
      this.#put(resource, key, marked, "MODIFIED");
    if (resource.kind === "Namespace") {
      for (const inner of this.#resources.filter(({ namespaced }) => namespaced))
        for (const [innerKey, object] of this.#of(inner))
          if (innerKey.startsWith(`${name}/`)) this.delete(inner, object.metadata.name, name);
      this.#settle(name);
    } else this.#settle(namespace);
    return marked;
  }

  /** Ends a namespace that is being deleted once nothing is left in it. */
  #settle(namespace: string): void {
    const home = this.resource("", "namespaces");
    const found = home === undefined ? undefined : this.#of(home).get(`/${namespace}`);
    if (home === undefined || found?.metadata.deletionTimestamp === undefined) return;
    const isFull = this.#resources.some(
      (inner) =>
        inner.namespaced &&
        [...this.#of(inner).keys()].some((key) => key.startsWith(`${namespace}/`)),
    );
    if (isFull || (found.metadata.finalizers ?? []).length > 0) return;
    this.#remove(home, `/${namespace}`, found);
  }

  /** What happened after a version. @throws 410 when that is forgotten */
  eventsAfter(version: number): WatchEvent[] {
    if (version < this.#compacted)
      throw expired(`too old resource version: ${version} (${this.#compacted})`);
    return this.#events.filter((event) => event.version > version);
  }

  listen(hear: (event: WatchEvent) => void): () => void {
    this.#listeners.add(hear);
    return () => this.#listeners.delete(hear);
  }

  #of(resource: Resource): Map<string, StoredObject> {
    const key = `${resource.group}/${resource.plural}`;
    const known = this.#objects.get(key) ?? new Map<string, StoredObject>();
    this.#objects.set(key, known);
    return known;
  }
  #put(resource: Resource, key: string, object: StoredObject, type: "ADDED" | "MODIFIED"): void {
    this.#of(resource).set(key, object);
    this.#tell(type, resource, object);
  }
  #remove(resource: Resource, key: string, object: StoredObject): void {
    this.#of(resource).delete(key);
    this.#tell("DELETED", resource, object);
  }
  #tell(type: WatchEvent["type"], resource: Resource, object: StoredObject): void {
    const event = { type, resource, object, version: ++this.#version };
    this.#events.push(event);
    for (const hear of this.#listeners) hear(event);
  }
  #second(): string {
    return `${this.#now().toISOString().slice(0, 19)}Z`;
  }
}

function isGone(object: StoredObject): boolean {
  return (
    object.metadata.deletionTimestamp !== undefined &&
    object.kind !== "Namespace" &&
    (object.metadata.finalizers ?? []).length === 0
  );
}

const suffix = () => randomUUID().slice(0, 5);
