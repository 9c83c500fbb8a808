import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { forbidden, mayDo, type Rule, type User } from "./access.ts";
import { jsonPatch, mergePatch } from "./patch.ts";
import type { GivenObject, StoredObject } from "./object.ts";
import { type Asked, discovery, type Place, placeOf, verbOf } from "./places.ts";
import { BUILT_IN, type Resource } from "./resources.ts";
import { badRequest, StatusError } from "./status.ts";
import { Store, type WatchEvent } from "./store.ts";

export type { Asked };

/** What goes wrong with a request, instead of or on the way to its answer. */
export interface Fault {
  /** Before anything else. */
  delayMs?: number;
  /** The connection breaks without an answer. */
  breaks?: true;
  /** The answer ends after so many bytes, and so does the connection. */
  truncateAt?: number;
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

export interface FakeOptions {
  /** Users by their bearer token. */
  users?: Readonly<Record<string, User>>;
  resources?: readonly Resource[];
  now?: () => Date;
}

/** The token of a user who may do everything, in a cluster that names no users. */
export const TOKEN = "fake-cluster-token";

/**
 * A Kubernetes API server over HTTP with an in-memory store: lists with limit, continue and 410;
 * label selectors; get, create, update, patch, delete with preconditions, finalizers and dry run;
 * discovery; the subresources status and scale; watches; 401, and 403 by rules.
 */
export class FakeCluster {
  readonly store: Store;
  readonly asked: Asked[] = [];
  /** Asked before every answer; what it returns goes wrong. */
  fault: ((asked: Asked) => Fault | undefined) | null = null;
  readonly #users: Map<string, User>;
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #sockets = new Set<Socket>();
  #port = 0;

  constructor(options: FakeOptions = {}) {
    this.store = new Store(options.resources ?? BUILT_IN, options.now ?? (() => new Date()));
    this.#users = new Map(Object.entries(options.users ?? { [TOKEN]: { name: "admin" } }));
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts to listen; again on the same port after `stop`. */
  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  /** Breaks all connections and stops listening; the store stays. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Adds or replaces the user behind a token. */
  allow(token: string, name: string, rules?: readonly Rule[]): void {
    this.#users.set(token, rules === undefined ? { name } : { name, rules });
  }

  /** Lets a token be known no more. */
  revoke(token: string): void {
    this.#users.delete(token);
  }

  /** A kubeconfig for this server, as text. */
  kubeconfig(token: string = TOKEN, context = "fake"): string {
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "fake", cluster: { server: this.url, "insecure-skip-tls-verify": true } }],
      users: [{ name: "reader", user: { token } }],
      contexts: [{ name: context, context: { cluster: "fake", user: "reader" } }],
      "current-context": context,
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const user = this.#userOf(request);
    const asked: Asked = {
      method: request.method ?? "GET",
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      user: user?.name ?? null,
    };
    this.asked.push(asked);
    const fault = this.fault?.(asked) ?? {};
    if (fault.delayMs !== undefined) await setTimeout(fault.delayMs);
    if (fault.breaks === true) {
      response.destroy();
      return;
    }
    for (const [name, value] of Object.entries(fault.headers ?? {}))
      response.setHeader(name, value);
    if (fault.status !== undefined || fault.body !== undefined) {
      response.writeHead(fault.status ?? 200, {
        "content-type": "application/json",
        ...fault.headers,
      });
      response.end(fault.body ?? "{}");
      return;
    }
    try {
      if (user === null) throw new StatusError(401, "Unauthorized", "Unauthorized");
      const body = await bodyOf(request);
      asked.body = body;
      const result = this.#route(asked, user, body, request.headers["content-type"] ?? "");
      if ("watch" in result) this.#watch(result, asked, response);
      else send(response, result.status, result.body, fault.truncateAt);
    } catch (error) {
      if (error instanceof StatusError) send(response, error.code, error.body());
      else
        send(response, 500, new StatusError(500, "InternalError", (error as Error).message).body());
    }
  }

  #userOf(request: IncomingMessage): User | null {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    return (token === undefined ? undefined : this.#users.get(token)) ?? null;
  }

  #route(asked: Asked, user: User, body: unknown, type: string): Result | Watched {
    const found = discovery(asked.path, this.store.resources);
    if (found !== null) return { status: 200, body: found };
    if (asked.path === "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
      return { status: 201, body: review(user, body) };
    const place = placeOf(asked.path);
    if (place === null) throw nothingThere();
    const verb = verbOf(asked, place);
    // Whether somebody may is asked before whether it exists, as in the real one.
    const { resource: wanted, subresource, namespace, name } = place;
    const attempt = { verb, resource: wanted, subresource, namespace, name };
    if (!mayDo(user, attempt)) throw forbidden(user, attempt);
    const resource = this.store.resource(wanted.group, wanted.plural, wanted.version);
    if (resource === undefined) throw nothingThere();
    if (verb === "watch") return { watch: resource, namespace };
    return this.#serve(verb, { ...place, resource }, asked, body, type);
  }

  #serve(verb: string, place: Served, asked: Asked, body: unknown, type: string): Result {
    const { resource, subresource, name = "", namespace } = place;
    const inside = resource.namespaced ? (namespace ?? "") : "";
    const dryRun = asked.query["dryRun"] === "All";
    const ok = (object: object): Result => ({ status: 200, body: object });
    if (verb === "list")
      return ok(
        this.store.list(resource, {
          namespace: resource.namespaced ? namespace : undefined,
          labelSelector: asked.query["labelSelector"],
          fieldSelector: asked.query["fieldSelector"],
          limit: Number(asked.query["limit"] ?? 0),
          continue: asked.query["continue"],
        }),
      );
    if (verb === "create") {
      const given = withNamespace(body, inside);
      return { status: 201, body: this.store.create(resource, given, { dryRun }) };
    }
    if (verb === "delete") return ok(this.#delete(place, inside, body, dryRun));
    const now = this.store.get(resource, name, inside);
    if (verb === "get") return ok(subresource === "scale" ? scaleOf(now) : now);
    const change = (object: StoredObject): GivenObject => {
      const target = subresource === "scale" ? scaleOf(object) : object;
      const wanted = (verb === "update" ? body : patched(target, body, type)) as GivenObject;
      if (subresource !== "scale") return wanted;
      const { replicas } = (wanted["spec"] ?? {}) as { replicas?: number };
      return { ...object, spec: { ...(object["spec"] as object), replicas: replicas ?? 0 } };
    };
    const part = subresource === "status" ? "status" : "main";
    const after = this.store.update(resource, name, inside, change, { dryRun, part });
    return ok(subresource === "scale" ? scaleOf(after) : after);
  }

  #delete(place: Served, inside: string, body: unknown, dryRun: boolean): StoredObject {
    const { preconditions, dryRun: also } = (body ?? {}) as {
      preconditions?: { uid?: string; resourceVersion?: string };
      dryRun?: string[];
    };
    return this.store.delete(place.resource, place.name ?? "", inside, {
      uid: preconditions?.uid,
      resourceVersion: preconditions?.resourceVersion,
      dryRun: dryRun || also?.includes("All") === true,
    });
  }

  #watch({ watch: resource, namespace }: Watched, asked: Asked, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/json", "transfer-encoding": "chunked" });
    response.flushHeaders();
    const hear = ({ type, resource: of, object }: WatchEvent) => {
      if (of !== resource) return;
      if (namespace !== undefined && object.metadata.namespace !== namespace) return;
      response.write(`${JSON.stringify({ type, object })}\n`);
    };
    try {
      const from = Number(asked.query["resourceVersion"] ?? this.store.version);
      for (const event of this.store.eventsAfter(from)) hear(event);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      response.end(`${JSON.stringify({ type: "ERROR", object: error.body() })}\n`);
      return;
    }
    const stop = this.store.listen(hear);
    response.on("close", stop);
    const seconds = Number(asked.query["timeoutSeconds"] ?? 0);
    if (seconds > 0)
      void setTimeout(seconds * 1000, undefined, { ref: false }).then(() => response.end());
  }
}

interface Result {
  status: number;
  body: object;
}

interface Watched {
  watch: Resource;
  namespace?: string | undefined;
}

type Served = Place & { resource: Resource };

const nothingThere = () =>
  new StatusError(404, "NotFound", "the server could not find the requested resource");

function review(user: User, body: unknown): object {
  const { spec } = (body ?? {}) as { spec?: { resourceAttributes?: Record<string, string> } };
  const asked = spec?.resourceAttributes ?? {};
  const allowed = mayDo(user, {
    verb: asked["verb"] ?? "",
    resource: { group: asked["group"] ?? "", plural: asked["resource"] ?? "" },
    subresource: asked["subresource"],
    namespace: asked["namespace"],
    name: asked["name"],
  });
  const apiVersion = "authorization.k8s.io/v1";
  return { kind: "SelfSubjectAccessReview", apiVersion, metadata: {}, spec, status: { allowed } };
}

function scaleOf(object: StoredObject): StoredObject {
  const { replicas } = (object["spec"] ?? {}) as { replicas?: number };
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid,
      resourceVersion,
      creationTimestamp,
    },
    spec: { replicas: replicas ?? 1 },
    status: { replicas: replicas ?? 1 },
  };
}

function patched(target: StoredObject, body: unknown, type: string): unknown {
  if (!/json-patch/.test(type)) {
    if (!/merge-patch|apply-patch/.test(type))
      throw new StatusError(
        415,
        "UnsupportedMediaType",
        `the body of the request was in an unknown format - ${type}`,
      );
    return mergePatch(target, body);
  }
  if (!Array.isArray(body)) throw badRequest("a JSON patch is a list");
  return jsonPatch(target, body as Parameters<typeof jsonPatch>[1]);
}

function withNamespace(body: unknown, namespace: string): GivenObject {
  const given = (body ?? {}) as GivenObject;
  if (namespace === "") return given;
  const { metadata } = given;
  if (metadata?.namespace !== undefined && metadata.namespace !== namespace)
    throw badRequest(
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  return { ...given, metadata: { ...metadata, namespace } };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest("the body is not JSON");
  }
}

function send(response: ServerResponse, status: number, body: object, truncateAt?: number): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": String(bytes.length),
  });
  if (truncateAt === undefined) {
    response.end(bytes);
    return;
  }
  response.write(bytes.subarray(0, truncateAt), () => response.destroy());
}
