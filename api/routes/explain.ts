import type { App, RouteContext } from "../app.ts";
import { explain } from "../explain.ts";
import { Problem } from "../schemas/common.ts";
import { Explain, ExplainQuery } from "../schemas/explain.ts";
import { clientSignal, cursorOffset, unchanged } from "./reply.ts";

/** Why a figure is what it is: lines, shares, rules, redistribution. */
export function explainRoutes(app: App, context: RouteContext): void {
  app.get(
    "/api/v1/explain",
    {
      config: { needs: "figures", remember: true },
      schema: {
        summary: "What a figure is made of, down to bill lines, weights and rules",
        querystring: ExplainQuery,
        response: { 200: Explain, "4xx": Problem, "5xx": Problem },
      },
    },
    async (request, reply) => {
      const snapshot = context.snapshots.current;
      const { cursor, limit, ...asked } = request.query;
      const offset = cursorOffset(cursor);
      if (unchanged(request, reply, snapshot)) return reply.code(304).send(undefined as never);
      return reply.send(
        await explain(
          snapshot,
          context.principal(request),
          { ...asked, limit: limit ?? 100, offset },
          context.currency,
          clientSignal(reply),
        ),
      );
    },
  );
}
