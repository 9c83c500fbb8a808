import { pseudonym } from "../../data/register/people.ts";
import { AppError, printable } from "../../data/errors.ts";
import { type IntentAction, useLink } from "../../data/register/namespaces.ts";
import { type Policy, policyOf } from "../../analysis/lifecycle/policy.ts";
import { LOCAL_ADMINISTRATOR } from "../../analysis/principal.ts";
import { recordedAt } from "../../analysis/lifecycle/record.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { mayAsk, refusal } from "../auth/needs.ts";
import { plainPage } from "../auth/sign-in-page.ts";
import type { App, RouteContext } from "../app.ts";
import {
  type Decision,
  decide,
  type Desk,
  machineUser,
  namespaceDetail,
  namespaceRows,
  request as ask,
  seenAt,
} from "../namespaces.ts";
import { listMeta } from "../meta.ts";
import { invalidLink, readLink } from "../notify/links.ts";
import { Problem } from "../schemas/common.ts";
import {
  NamespaceAction,
  NamespaceActionBody,
  NamespaceAnswer,
  NamespacePlace,
  Namespaces,
  NamespacesQuery,
} from "../schemas/namespaces.ts";
import { cursorOffset } from "./reply.ts";

const problems = { "4xx": Problem, "5xx": Problem };
const LINK_DAYS = 30;
const HTML = "text/html; charset=utf-8";

/** Whose namespaces are, may they go, and what people decide about it. What touches a cluster becomes a request to a worker. */
export function namespaceRoutes(app: App, context: RouteContext): void {
  const policy = context.lifecycle ?? policyOf({});
  const desk = (request: FastifyRequest): Desk => ({
    register: context.access.register,
    policy,
    now: context.now().toISOString(),
    principal: context.principal(request),
  });

  app.get(
    "/api/v1/namespaces",
    {
      config: { needs: "figures" },
      schema: {
        summary: "Every namespace: owner, confidence, last activity, cost, state and why",
        querystring: NamespacesQuery,
        response: { 200: Namespaces, ...problems },
      },
    },
    async (request) => {
      const { state, team, cluster, limit = 100, cursor } = request.query;
      const rows = namespaceRows(desk(request)).filter(
        (row) =>
          (state === undefined || row.state === state) &&
          (team === undefined || row.team === team) &&
          (cluster === undefined || row.cluster === cluster),
      );
      const offset = cursorOffset(cursor);
      const next = rows.length > offset + limit ? String(offset + limit) : null;
      return {
        data: rows.slice(offset, offset + limit),
        meta: {
          ...listMeta(context.snapshots.current, context.principal(request)),
          next,
          total: rows.length,
          deletion: policy.deletion !== null,
        },
      };
    },
  );

  app.get(
    "/api/v1/namespaces/:cluster/:name",
    {
      config: { needs: "figures" },
      schema: {
        summary: "A namespace with its evidence and its timeline",
        params: NamespacePlace,
        response: { 200: NamespaceAnswer, ...problems },
      },
    },
    async (request) => ({
      data: namespaceDetail(desk(request), request.params),
      meta: listMeta(context.snapshots.current, context.principal(request)),
    }),
  );

  app.post(
    "/api/v1/namespaces/:cluster/:name/:action",
    {
      config: { needs: "decide" },
      schema: {
        summary:
          "Keep, put off or approve; or ask a worker to quarantine, release, delete or restore",
        params: NamespaceAction,
        body: NamespaceActionBody,
        response: { 200: NamespaceAnswer, ...problems },
      },
    },
    async (request) => {
      const at = desk(request);
      const { action } = request.params;
      const one = seenAt(at, request.params);
      const actor = { name: at.principal.name, role: at.principal.roles.join(",") };
      const by = pseudonym(at.register, at.principal.name);
      const decision = decisionOf(action, request.body);
      // A team decides about its own; a second approval and what a cluster is asked for are the platform's.
      const isPlatforms =
        decision === null || (decision.action === "approve" && decision.as === "second");
      if (isPlatforms && !mayAsk(at.principal, "lifecycle"))
        throw refusal(at.principal, "lifecycle");
      if (decision === null) ask(at, one, action as IntentAction, actor);
      else decide(at, one, decision, by, actor, typistOf(at, by));
      return {
        data: namespaceDetail(at, request.params),
        meta: listMeta(context.snapshots.current, context.principal(request)),
      };
    },
  );

  // Links of messages, in a room of their own: no other route takes a form.
  app.register(async (room) => respondRoutes(room, context, policy));
}

/** What a link says, if it may still be followed: by whom it was sent to, while they own what it is about. */
function followed(context: RouteContext, policy: Policy, token: string) {
  const { register } = context.access;
  const claim = readLink(register, token, context.now().toISOString());
  const found = recordedAt(register, policy, claim);
  if (found === undefined || found.key.uid !== claim.uid)
    throw invalidLink("the namespace this link is about is there no more");
  if (found.life.scan?.owners.includes(claim.by) !== true)
    throw invalidLink("another person answers for the namespace by now");
  return { claim, found };
}

/** Without sign-in whoever opens the page is the machine's user, who may type as well. */
function typistOf({ principal, register }: Desk, by: string): string {
  return principal === LOCAL_ADMINISTRATOR ? pseudonym(register, machineUser()) : by;
}

/** Links of messages. Looking changes nothing: mail programs open every link they see. */
function respondRoutes(room: FastifyInstance, context: RouteContext, policy: Policy): void {
  const options = {
    config: { needs: "public" as const, signedLink: true },
    schema: { hide: true },
  };
  room.addHook("onRequest", async (_request, reply) => {
    // Under no-referrer a browser sends the form from "null", which is refused as another site's.
    reply.header("referrer-policy", "same-origin");
  });
  room.setErrorHandler((error, request, reply) => {
    if (!(error instanceof AppError) || !(request.headers.accept ?? "").includes("text/html"))
      throw error;
    const { code, status, message } = error;
    return reply
      .code(status)
      .type(HTML)
      .send(plainPage({ title: "Nothing was changed", text: printable(message), note: code }));
  });
  room.get<{ Querystring: { token?: string } }>("/respond", options, async (request, reply) => {
    const token = request.query.token ?? "";
    const { claim } = followed(context, policy, token);
    const keeps = claim.action === "keep";
    return reply.type(HTML).send(
      plainPage({
        title: `${keeps ? "Keep" : "Put off"} ${printable(`${claim.cluster}/${claim.name}`)}?`,
        text: keeps
          ? `It is then left alone for ${policy.keepDays} days.`
          : `It is then left alone for ${LINK_DAYS} days.`,
        form: {
          action: `/respond?token=${encodeURIComponent(token)}`,
          text: keeps ? "Keep it" : `Put it off for ${LINK_DAYS} days`,
        },
      }),
    );
  });
  // A browser sends a form; nothing of it is read, the link says it all.
  room.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string" },
    (_request, _body, done) => done(null, undefined),
  );
  room.post<{ Querystring: { token?: string } }>("/respond", options, async (request, reply) => {
    const now = context.now();
    const { register } = context.access;
    const { claim, found } = followed(context, policy, request.query.token ?? "");
    const until = new Date(now.getTime() + LINK_DAYS * 86_400_000).toISOString().slice(0, 10);
    const decision: Decision =
      claim.action === "keep"
        ? { action: "keep", reason: "by the link of a message" }
        : { action: "snooze", until, reason: "by the link of a message" };
    const at = { register, policy, now: now.toISOString() };
    register.transaction(() => {
      useLink(register, claim.signature, now.toISOString());
      decide(at, found, decision, claim.by, { name: claim.by, role: "owner" });
    });
    return reply.type(HTML).send(
      plainPage({
        title: `${printable(`${claim.cluster}/${claim.name}`)} is ${claim.action === "keep" ? "kept" : `put off until ${until}`}`,
        text: "Nothing else is needed; you may close this page.",
      }),
    );
  });
}

function decisionOf(
  action: string,
  body: { reason?: string; until?: string; as?: "owner" | "second"; inventoryHash?: string },
): Decision | null {
  const needed = (name: "until" | "as" | "inventoryHash" | "reason"): string => {
    const value = body[name];
    if (value === undefined)
      throw new AppError("BAD_PARAMETER", `${name} is missing from the body of ${action}`);
    return value;
  };
  if (action === "keep") return { action, reason: needed("reason") };
  if (action === "snooze") return { action, until: needed("until"), reason: needed("reason") };
  if (action === "approve")
    return {
      action,
      as: needed("as") as "owner" | "second",
      inventoryHash: needed("inventoryHash"),
    };
  return null;
}
