import { once } from "node:events";
import { PassThrough } from "node:stream";
import { AppError } from "../../data/errors.ts";
import { monthOf } from "../../analysis/snapshot.ts";
import type { App, RouteContext } from "../app.ts";
import { EXPORTS, writeExport } from "../exports.ts";
import { ExportQuery, Problem } from "../schemas.ts";
import { clientSignal } from "./reply.ts";

// A reader on a slow line holds one of the sessions; the others stay for the pages.
const MAX_AT_ONCE = 2;

const SUMMARIES = {
  statement: "The statement of a month",
  allocation: "The bill lines of a month by who takes them, with what is passed on",
  lines: "The bill lines of a month with their owner",
} as const;

/** Finance's CSVs, streamed as slowly as the reader takes them. */
export function exportRoutes(app: App, context: RouteContext): void {
  let running = 0;
  for (const name of EXPORTS)
    app.get(
      `/api/v1/exports/${name}.csv`,
      {
        config: { needs: "figures" },
        schema: {
          summary: SUMMARIES[name],
          querystring: ExportQuery,
          produces: ["text/csv"],
          response: { "4xx": Problem, "5xx": Problem },
        },
      },
      async (request, reply) => {
        if (running >= MAX_AT_ONCE) {
          reply.header("retry-after", "10");
          throw new AppError(
            "TOO_MANY_EXPORTS",
            `${MAX_AT_ONCE} exports are running; try again in a moment`,
          );
        }
        const snapshot = context.snapshots.current;
        const principal = context.principal(request);
        const { month, team } = request.query;
        const entry = monthOf(snapshot, month);
        context.access.record(principal, "export.read", `month:${entry.month}`, {
          export: name,
          team: team ?? null,
        });
        const body = new PassThrough({ highWaterMark: 1 << 18 });
        // Before the answer begins nobody else listens, and an error without a listener ends the process.
        body.on("error", () => {});
        const signal = clientSignal(reply);
        // An error before the first record is still a problem, and not half a file.
        const begun = Promise.withResolvers<void>();
        running += 1;
        void writeExport(
          name,
          snapshot,
          principal,
          { month: entry.month, team },
          async (text) => {
            begun.resolve();
            if (!body.write(text)) await once(body, "drain", { signal });
          },
          signal,
        )
          .then(
            () => body.end(),
            (error: unknown) => {
              begun.reject(error as Error);
              body.destroy(error as Error);
            },
          )
          .finally(() => (running -= 1));
        await begun.promise;
        reply.header("content-type", "text/csv; charset=utf-8");
        reply.header(
          "content-disposition",
          `attachment; filename="${name}-${entry.month}${team === undefined ? "" : `-${team.replaceAll(/[^\w.-]/g, "_")}`}.csv"`,
        );
        return reply.send(body as never);
      },
    );
}
