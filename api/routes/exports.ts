import { once } from "node:events";
import { PassThrough } from "node:stream";
import { monthOf } from "../../analysis/snapshot.ts";
import { asAppError } from "../../data/errors.ts";
import type { App, RouteContext } from "../app.ts";
import { EXPORTS, type ExportName, writeExport } from "../exports.ts";
import { ExportQuery, Problem } from "../schemas.ts";
import { clientSignal } from "./reply.ts";

// A reader on a slow line holds one of the sessions; the others stay for the pages.
const MAX_AT_ONCE = 2;

/** Finance's CSVs, streamed as slowly as the reader takes them. */
export function exportRoutes(app: App, context: RouteContext): void {
  let running = 0;
  for (const name of EXPORTS)
    app.get(
      `/api/v1/exports/${name}.csv`,
      {
        schema: {
          summary:
            name === "statement"
              ? "The statement of a month"
              : "The bill lines of a month with their owner",
          querystring: ExportQuery,
          produces: ["text/csv"],
          response: { "4xx": Problem, "5xx": Problem },
        },
      },
      async (request, reply) => {
        if (running >= MAX_AT_ONCE) {
          reply.header("retry-after", "10");
          return reply
            .code(429)
            .type("application/problem+json")
            .send({
              type: "urn:apportion:problem:too-busy",
              title: "Too many exports are running.",
              status: 429,
              code: "TOO_BUSY",
              detail: `${MAX_AT_ONCE} exports are running; try again in a moment`,
            });
        }
        const snapshot = context.snapshots.current;
        const { month, team } = request.query;
        const entry = monthOf(snapshot, month);
        const body = new PassThrough({ highWaterMark: 1 << 18 });
        const signal = clientSignal(request, reply);
        const write = async (text: string) => {
          if (!body.write(text)) await once(body, "drain", { signal });
        };
        running += 1;
        const started = await first(name, { month: entry.month, team }, write);
        if (started instanceof Error) {
          running -= 1;
          throw started;
        }
        reply.header("content-type", "text/csv; charset=utf-8");
        reply.header(
          "content-disposition",
          `attachment; filename="${name}-${entry.month}${team === undefined ? "" : `-${team.replaceAll(/[^\w.-]/g, "_")}`}.csv"`,
        );
        return reply.send(body as never);

        /** Waits for the first record, so that an error is still a problem and not half a file. */
        async function first(
          what: ExportName,
          asked: { month: string; team: string | undefined },
          to: (text: string) => Promise<void>,
        ): Promise<Error | null> {
          const begun = Promise.withResolvers<Error | null>();
          writeExport(
            what,
            snapshot,
            context.principal(request),
            asked,
            async (text) => {
              begun.resolve(null);
              await to(text);
            },
            signal,
          )
            .then(() => body.end())
            .catch((error: unknown) => {
              begun.resolve(asAppError(error));
              body.destroy(error as Error);
            })
            .finally(() => (running -= 1));
          const result = await begun.promise;
          if (result !== null) running += 1;
          return result;
        }
      },
    );
}
