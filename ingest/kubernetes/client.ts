import { existsSync } from "node:fs";
import type {
  ApisApi,
  AppsV1Api,
  AutoscalingV2Api,
  BatchV1Api,
  ConfigurationOptions,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  NetworkingV1Api,
  PolicyV1Api,
  RbacAuthorizationV1Api,
  RequestContext,
} from "@kubernetes/client-node";
import { AppError, firstLine, printable } from "../../data/errors.ts";
import { hint } from "../../data/config.ts";
import { refuseResolved } from "../../data/outward.ts";
import type { Access } from "./config.ts";
import { CallFailure, failureOf } from "./failure.ts";

/** The typed APIs of one cluster. */
export interface ClusterApi {
  apis: ApisApi;
  core: CoreV1Api;
  apps: AppsV1Api;
  batch: BatchV1Api;
  autoscaling: AutoscalingV2Api;
  networking: NetworkingV1Api;
  policy: PolicyV1Api;
  rbac: RbacAuthorizationV1Api;
  custom: CustomObjectsApi;
}

export type PageOptions = ConfigurationOptions;

export interface ClusterClient {
  api: ClusterApi;
  /** Where it is, without credentials. */
  server: string;
  /** Options of one call: it ends with the signal, and throws a `CallFailure` for what is no answer. */
  options(signal: AbortSignal): PageOptions;
  /**
   * One call in plain JSON. The typed APIs drop what their version does not know, and a backup must
   * not. Throws a `CallFailure` for what is no answer.
   */
  request(call: RawCall, signal: AbortSignal): Promise<Record<string, unknown>>;
  /** Milliseconds its clock is ahead of ours, by the last answer. */
  skew(): number;
  close(): Promise<void>;
}

/** A call by its address, `/api/v1/namespaces/x`. */
export interface RawCall {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  query?: Readonly<Record<string, string>>;
  body?: unknown;
}

const ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/**
 * The client of a cluster. The library is large and slow to load, so it is loaded here, when a
 * cluster is read, and nowhere else.
 * @throws CONFIG_INVALID where the kubeconfig or its context is not usable
 */
export async function openCluster(place: string, access: Access): Promise<ClusterClient> {
  const k8s = await import("@kubernetes/client-node");
  const config = new k8s.KubeConfig();
  load(config, place, access);
  const server = config.getCurrentCluster()?.server ?? "";
  await refuseResolved(server);
  // The library makes a connection pool for every call; the first serves all.
  let pool: Dispatcher;
  let skew = 0;
  const options = (signal: AbortSignal): PageOptions => ({
    middlewareMergeStrategy: "append",
    middleware: [
      {
        pre(request) {
          pool ??= keptTo(server, request.getDispatcher());
          if (pool !== undefined) request.setDispatcher(pool);
          request.setSignal(signal);
          request.setHeaderParam("User-Agent", "apportion");
          return new k8s.Observable(Promise.resolve(request));
        },
        post(response) {
          const checked = async () => {
            const body = await response.body.text();
            const said = Date.parse(response.headers["date"] ?? "");
            // The header has whole seconds, and ours is the true time: a fixed clock is for days.
            if (!Number.isNaN(said)) skew = said + 500 - Date.now();
            const failure = failureOf({
              status: response.httpStatusCode,
              headers: response.headers,
              body,
            });
            if (failure !== null) throw failure;
            const again = new k8s.SelfDecodingBody(Promise.resolve(Buffer.from(body)));
            return new k8s.ResponseContext(response.httpStatusCode, response.headers, again);
          };
          return new k8s.Observable(checked());
        },
      },
    ],
  });
  return {
    server: withoutCredentials(server),
    api: {
      apis: config.makeApiClient(k8s.ApisApi),
      core: config.makeApiClient(k8s.CoreV1Api),
      apps: config.makeApiClient(k8s.AppsV1Api),
      batch: config.makeApiClient(k8s.BatchV1Api),
      autoscaling: config.makeApiClient(k8s.AutoscalingV2Api),
      networking: config.makeApiClient(k8s.NetworkingV1Api),
      policy: config.makeApiClient(k8s.PolicyV1Api),
      rbac: config.makeApiClient(k8s.RbacAuthorizationV1Api),
      custom: config.makeApiClient(k8s.CustomObjectsApi),
    },
    options,
    async request({ method, path, query = {}, body }, signal) {
      const url = new URL(server.replace(/\/$/, "") + path);
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      const context = new k8s.RequestContext(url.href, k8s.HttpMethod[method]);
      await config.applySecurityAuthentication(context);
      pool ??= keptTo(server, context.getDispatcher());
      if (pool !== undefined) context.setDispatcher(pool);
      context.setSignal(signal);
      context.setHeaderParam("User-Agent", "apportion");
      context.setHeaderParam("Accept", "application/json");
      if (body !== undefined) {
        context.setHeaderParam(
          "Content-Type",
          method === "PATCH" ? "application/merge-patch+json" : "application/json",
        );
        context.setBody(JSON.stringify(body));
      }
      const answer = await new k8s.IsomorphicFetchHttpLibrary().send(context).toPromise();
      const text = await answer.body.text();
      const failure = failureOf({
        status: answer.httpStatusCode,
        headers: answer.headers,
        body: text,
      });
      if (failure !== null) throw failure;
      return JSON.parse(text) as Record<string, unknown>;
    },
    skew: () => skew,
    async close() {
      await pool?.close();
    },
  };
}

type Dispatcher = ReturnType<RequestContext["getDispatcher"]>;

/**
 * A connection pool that goes to one server only. The library follows redirects, and what a server leads to
 * is not what somebody configured.
 */
function keptTo(server: string, pool: Dispatcher): Dispatcher {
  if (pool === undefined) return undefined;
  const { origin } = new URL(server);
  const dispatch: typeof pool.dispatch = (options, handler) => {
    const asked = String(options.origin);
    if (new URL(asked).origin !== origin)
      throw new CallFailure("foreign", `${origin} leads to ${asked}, which is not followed`);
    return pool.dispatch(options, handler);
  };
  return new Proxy(pool, {
    get(target, name) {
      if (name === "dispatch") return dispatch;
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

function load(config: KubeConfig, place: string, access: Access): void {
  if ("inCluster" in access) {
    if (!existsSync(ACCOUNT_TOKEN) || !process.env["KUBERNETES_SERVICE_HOST"])
      throw new AppError(
        "CONFIG_INVALID",
        `${place}: inCluster is set and this does not run in a pod with a service account; name a kubeconfig instead`,
      );
    config.loadFromCluster();
    return;
  }
  const file = access.kubeconfig;
  try {
    config.loadFromFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // A YAML error quotes the line it is on, which may hold a token.
    const why =
      code ?? (error instanceof Error ? firstLine(message).replace(/\s*\(\d.*$/, "") : "");
    throw new AppError(
      "CONFIG_INVALID",
      `${place}: the kubeconfig ${file} cannot be read (${why}); check the path`,
    );
  }
  const names = config.getContexts().map(({ name }) => name);
  const wanted = access.context ?? config.getCurrentContext();
  if (wanted === undefined || wanted === "")
    throw new AppError(
      "CONFIG_INVALID",
      `${place}: the kubeconfig ${file} has no current context; name one with "context"${hint("", names)}`,
    );
  const context = config.getContextObject(wanted);
  if (context === null)
    throw new AppError(
      "CONFIG_INVALID",
      `${place}: the kubeconfig ${file} has no context "${printable(wanted)}"${hint(wanted, names)}`,
    );
  config.setCurrentContext(wanted);
  const cluster = config.getCluster(context.cluster);
  for (const [what, name, found] of [
    ["cluster", context.cluster, cluster],
    ["user", context.user, config.getUser(context.user)],
  ] as const)
    if (found === null)
      throw new AppError(
        "CONFIG_INVALID",
        `${place}: in the kubeconfig ${file} the context "${printable(wanted)}" names the ${what} "${printable(String(name))}", which is not there`,
      );
  const { server = "", skipTLSVerify } = cluster ?? {};
  if (!URL.canParse(server) || !/^https?:/i.test(server))
    throw new AppError(
      "CONFIG_INVALID",
      `${place}: in the kubeconfig ${file} the cluster "${printable(context.cluster)}" has no usable server address`,
    );
  if (/^http:/i.test(server) && skipTLSVerify !== true)
    throw new AppError(
      "CONFIG_INVALID",
      `${place}: the server of the kubeconfig ${file} is plain http, over which a token would go readable; use https, or set insecure-skip-tls-verify on that cluster`,
    );
}

function withoutCredentials(server: string): string {
  const { origin, pathname } = new URL(server);
  return printable(origin + (pathname === "/" ? "" : pathname));
}
