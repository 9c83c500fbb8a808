import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { ask } from "../../analysis/ask.ts";
import { Register } from "../../data/register.ts";
import { dismissals, dismissFinding, reopenFinding } from "../../data/register/findings.ts";
import type { App, RouteContext } from "../app.ts";
import {
  dismissedUntil,
  type FindingsView,
  foundRow,
  listFindings,
  showFinding,
} from "../findings.ts";
import { listMeta } from "../meta.ts";
import { Backtest, type Replayed } from "../schemas/backtest.ts";
import { Problem } from "../schemas/common.ts";
import { DismissBody, FindingDetail, Findings, FindingsQuery } from "../schemas/findings.ts";
import { clientSignal, cursorOffset } from "./reply.ts";

const problems = { "4xx": Problem, "5xx": Problem };
const Id = Type.Object({ id: Type.String({ pattern: "^[0-9a-f]{16}$" }) });
const NoQuery = Type.Object({}, { additionalProperties: false });

/** What is worth doing: found, evidenced, dismissed. Decisions go into the register, never into an answer's file. */
export function findingRoutes(app: App, context: RouteContext): void {
  const today = () => context.now().toISOString().slice(0, 10);
  const inRegister = <T>(work: (register: Register) => T): T => {
    const register = new Register(context.paths.register);
    try {
      return work(register);
    } finally {
      register.close();
    }
  };
  const viewOf = (request: FastifyRequest, reply: FastifyReply): FindingsView => ({
    snapshot: context.snapshots.current,
    principal: context.principal(request),
    dismissals: inRegister((register) => dismissals(register, today())),
    currency: context.currency,
    signal: clientSignal(reply),
  });

  const roleOf = (view: FindingsView) => view.principal.roles.join(", ");

  app.get(
    "/api/v1/findings",
    {
      config: { needs: "figures" },
      schema: {
        summary: "Oversized, idle and orphaned things, most to save first",
        querystring: FindingsQuery,
        response: { 200: Findings, ...problems },
      },
    },
    async (request, reply) => {
      const { cursor, ...asked } = request.query;
      return reply.send(
        await listFindings(viewOf(request, reply), { ...asked, offset: cursorOffset(cursor) }),
      );
    },
  );

  app.get(
    "/api/v1/findings/:id",
    {
      config: { needs: "figures" },
      schema: {
        summary: "One finding with its evidence series and patches",
        params: Id,
        querystring: NoQuery,
        response: { 200: FindingDetail, ...problems },
      },
    },
    async (request, reply) =>
      reply.send(await showFinding(viewOf(request, reply), request.params.id)),
  );

  app.get(
    "/api/v1/backtest",
    {
      config: { needs: "figures" },
      schema: {
        summary: "What our requests and the peers' would have come to on the history that is kept",
        querystring: NoQuery,
        response: { 200: Backtest, ...problems },
      },
    },
    async (request, reply) => {
      const { snapshot, principal, signal } = viewOf(request, reply);
      const [found] = await ask<{ answer: string }>(snapshot, "backtest", principal, {}, signal);
      return reply.send({
        data: found === undefined ? null : (JSON.parse(found.answer) as Replayed),
        meta: listMeta(snapshot, principal),
      });
    },
  );

  app.post(
    "/api/v1/findings/:id/dismiss",
    {
      config: { needs: "decide" },
      schema: {
        summary: "Dismisses a finding with a reason until a day",
        params: Id,
        body: DismissBody,
        response: { 200: FindingDetail, ...problems },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const view = viewOf(request, reply);
      // Nobody dismisses what they may not see.
      await foundRow(view, id);
      const until = dismissedUntil(request.body.until, today());
      const at = context.now().toISOString();
      const { reason } = request.body;
      const actor = view.principal.name;
      inRegister((register) =>
        dismissFinding(register, { id, until, reason, actor, at }, roleOf(view)),
      );
      return reply.send(await showFinding(viewOf(request, reply), id));
    },
  );

  app.post(
    "/api/v1/findings/:id/reopen",
    {
      config: { needs: "decide" },
      schema: {
        summary: "Takes a dismissal back",
        params: Id,
        response: { 200: FindingDetail, ...problems },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const view = viewOf(request, reply);
      await foundRow(view, id);
      const at = context.now().toISOString();
      inRegister((register) =>
        reopenFinding(register, { id, actor: view.principal.name, at }, roleOf(view)),
      );
      return reply.send(await showFinding(viewOf(request, reply), id));
    },
  );
}
