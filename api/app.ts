import { randomUUID } from "node:crypto";
import { constants } from "node:zlib";
import { finished } from "node:stream";
import compress from "@fastify/compress";
import helmet from "@fastify/helmet";
import swagger from "@fastify/swagger";
import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, { type FastifyRequest, LogController } from "fastify";
import { asAppError, AppError } from "../data/errors.ts";
import type { Principal } from "../analysis/principal.ts";
import { type Access, keepDoor, openAccess, principalOfRequest } from "./auth/gate.ts";
import { accessRoutes } from "./auth/access-routes.ts";
import { signInRoutes } from "./auth/routes.ts";
import { problemOf } from "./problem.ts";
import { rememberRendered } from "./rendered.ts";
import { dataRoutes } from "./routes/data.ts";
import { explainRoutes } from "./routes/explain.ts";
import { exportRoutes } from "./routes/exports.ts";
import { findingRoutes } from "./routes/findings.ts";
import { healthRoutes } from "./routes/health.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { namespaceRoutes } from "./routes/namespaces.ts";
import { openCostRoutes } from "./routes/opencost.ts";
import { pageRoutes } from "./routes/pages.ts";
import { showbackRoutes } from "./routes/showback.ts";
import { statementRoutes } from "./routes/statements.ts";
import { usageRoutes } from "./routes/usage.ts";
import type { ServerOptions, Snapshots } from "./snapshots.ts";

export interface AppOptions extends ServerOptions {
  snapshots: Snapshots;
}

export type App = ReturnType<typeof bare>;

const API_VERSION = "1";

function bare(options: AppOptions) {
  const proxies = options.auth?.trustedProxies ?? [];
  return fastify({
    logger:
      options.log === "silent"
        ? false
        : {
            level: options.log,
          },
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    // Nobody stands before us unless somebody says so: forwarded headers are a client's word.
    trustProxy: proxies.length === 0 ? false : [...proxies],
    requestTimeout: 30_000,
    connectionTimeout: 120_000,
    bodyLimit: 1 << 16,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 300 },
    // What cannot be routed at all, a broken escape in the path say, is still answered in our words.
    frameworkErrors: (error, request, reply) => {
      const known = fromFastify(error) ?? asAppError(error);
      const { status, body } = problemOf(known, request.id);
      void reply
        .code(status as never)
        .type("application/problem+json")
        .send(body as never);
    },
  })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(TypeBoxValidatorCompiler);
}

/** The HTTP side: routes behind strict headers, problem JSON for every error, OpenAPI from the schemas. */
export async function createApp(options: AppOptions): Promise<App> {
  const app = bare(options);
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Apportion",
        version: API_VERSION,
        description: "Who spent the cloud bill. Amounts are exact decimal text.",
      },
    },
  });
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", "data:"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // On plain http it would break it and protect nothing.
    strictTransportSecurity:
      options.auth?.publicUrl?.protocol === "https:" ? { maxAge: 31_536_000 } : false,
    crossOriginEmbedderPolicy: false,
    referrerPolicy: { policy: "no-referrer" },
    xFrameOptions: { action: "deny" },
  });
  // Brotli's default quality is for files made once; on answers made now it costs more than the query.
  await app.register(compress, {
    threshold: 1024,
    encodings: ["br", "gzip"],
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } },
    zlibOptions: { level: 3 },
  });
  app.addHook("onRequest", async (_, reply) => {
    const leave = options.snapshots.enter();
    finished(reply.raw, leave);
  });
  // One line a request, when it is answered: two cost as much as the answer. Without the query
  // string, which may hold a name somebody should not see in a log.
  app.addHook("onResponse", async (request, reply) => {
    const { method, url } = request;
    request.log.info({
      method,
      path: url.split("?", 1)[0],
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    });
  });
  const access = openAccess(options);
  await keepDoor(app, options, access);
  app.setErrorHandler((error, request, reply) => {
    const known = fromFastify(error) ?? asAppError(error);
    if (known.code === "CLIENT_GONE") return reply.hijack();
    if (known.status >= 500) request.log.error({ err: error }, "request failed");
    const { status, body } = problemOf(known, request.id);
    return reply.code(status).type("application/problem+json").send(body);
  });
  let shell: string | null = null;
  app.setNotFoundHandler((request, reply) => {
    const page =
      !request.url.startsWith("/api/") && /text\/html/.test(request.headers.accept ?? "");
    if (page && shell !== null) return reply.code(404).type("text/html; charset=utf-8").send(shell);
    const { status, body } = problemOf(
      new AppError(
        "NOT_FOUND",
        `there is nothing at ${request.url.split("?", 1)[0]?.slice(0, 200)}`,
      ),
      request.id,
    );
    return reply.code(status).type("application/problem+json").send(body);
  });
  const context: RouteContext = {
    ...options,
    principal: principalOfRequest,
    access,
    close: options.close ?? null,
    refresh: () => options.snapshots.refresh(),
  };
  rememberRendered(app, context);
  signInRoutes(app, access);
  accessRoutes(app, context);
  healthRoutes(app, context);
  showbackRoutes(app, context);
  usageRoutes(app, context);
  explainRoutes(app, context);
  findingRoutes(app, context);
  openCostRoutes(app, context);
  metricsRoutes(app, context);
  dataRoutes(app, context);
  exportRoutes(app, context);
  namespaceRoutes(app, context);
  statementRoutes(app, context);
  shell = await pageRoutes(app, context);
  app.get("/openapi.json", { config: { needs: "shell" }, schema: { hide: true } }, async () =>
    app.swagger(),
  );
  await app.ready();
  return app;
}

export interface RouteContext extends AppOptions {
  /** Who asks; the one place a request becomes a scope. */
  principal(request: FastifyRequest): Principal;
  access: Access;
  close: NonNullable<ServerOptions["close"]> | null;
  /** Opens what is published now, where it is not what is open. */
  refresh(): Promise<void>;
}

interface FastifyFault {
  validation?: unknown;
  statusCode?: number;
  code?: string;
  message: string;
}

/** What the framework refuses before a route runs, in our words. */
function fromFastify(error: unknown): AppError | null {
  const fault = error as FastifyFault;
  if (error instanceof AppError) return error;
  if (Array.isArray(fault.validation)) {
    const [first] = fault.validation as {
      instancePath?: string;
      keyword?: string;
      message?: string;
      params?: { additionalProperties?: string[] };
    }[];
    const extra = first?.params?.additionalProperties?.[0];
    if (extra !== undefined)
      return new AppError(
        "UNKNOWN_PARAMETER",
        `"${extra.slice(0, 60)}" is not a parameter of this route`,
      );
    const name = first?.instancePath?.slice(1).slice(0, 60) ?? "";
    // What `additionalProperties: false` says of a key it does not know.
    if (first?.keyword === "boolean")
      return new AppError("UNKNOWN_PARAMETER", `"${name}" is not a parameter of this route`);
    return new AppError(
      "BAD_PARAMETER",
      `${name === "" ? "the request" : name}: ${first?.message ?? fault.message}`,
    );
  }
  if (fault.statusCode === 404)
    return new AppError("NOT_FOUND", "there is nothing at that address");
  if (fault.statusCode !== undefined && fault.statusCode >= 400 && fault.statusCode < 500)
    return new AppError("BAD_PARAMETER", fault.message);
  return null;
}
