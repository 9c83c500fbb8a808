import { ask } from "../../analysis/ask.ts";
import { AppError } from "../../data/errors.ts";
import type { App, RouteContext } from "../app.ts";
import { filters, viewMonth } from "../meta.ts";
import { Problem } from "../schemas/common.ts";
import { Usage, UsageQuery, type UsageRow } from "../schemas/showback.ts";
import { clientSignal, unchanged } from "./reply.ts";

/** What clusters asked for and used, to stand beside what was paid. */
export function usageRoutes(app: App, context: RouteContext): void {
  app.get(
    "/api/v1/usage",
    {
      config: { needs: "figures", remember: true },
      schema: {
        summary: "Requested, used and effective CPU and memory, by day or by workload",
        querystring: UsageQuery,
        response: { 200: Usage, "4xx": Problem, "5xx": Problem },
      },
    },
    async (request, reply) => {
      const snapshot = context.snapshots.current;
      const principal = context.principal(request);
      const signal = clientSignal(reply);
      const { query } = request;
      const [kind, ...name] = query.workload?.split("/") ?? [];
      if (query.workload !== undefined && (kind === "" || name.join("/") === ""))
        throw new AppError("BAD_PARAMETER", `workload: "${query.workload}" is not KIND/NAME`);
      if (unchanged(request, reply, snapshot)) return reply.code(304).send(undefined as never);
      const about = {
        ...(query.month === undefined ? {} : { month: query.month }),
        ...(query.cluster === undefined ? {} : { cluster: query.cluster }),
        ...(query.namespace === undefined ? {} : { namespace: query.namespace }),
      };
      const view = await viewMonth(snapshot, principal, about, context.currency, signal);
      const { cluster, namespace } = filters(about);
      const data = await ask<UsageRow>(
        snapshot,
        "usage",
        principal,
        {
          month: view.entry.month,
          params: {
            cluster,
            namespace,
            workload_kind: kind ?? null,
            workload: query.workload === undefined ? null : name.join("/"),
            by: query.by ?? "day",
            limit: query.limit ?? 1000,
          },
        },
        signal,
      );
      return reply.send({ data, meta: view.meta });
    },
  );
}
