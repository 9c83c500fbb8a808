import { once } from "node:events";
import { PassThrough } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../../data/errors.ts";
import { noted } from "../../data/register.ts";
import { monthOf } from "../../analysis/snapshot.ts";
import type { App, RouteContext } from "../app.ts";
import { EXPORTS, type ExportName, writeExport } from "../exports.ts";
import { Problem } from "../schemas/common.ts";
import { ExportQuery } from "../schemas/data.ts";
import { findStatement, statementBytes } from "../statements/read.ts";
import { clientSignal } from "./reply.ts";

// A reader on a slow line holds one of the sessions; the others stay for the pages, and one for the
// next who exports.
const MAX_AT_ONCE = 3;
const MAX_OF_ONE = 2;
// A reader who takes nothing for so long is gone, whatever its connection says.
const STALL = 60_000;

const SUMMARIES = {
  statement: "The statement of a month: of a closed one its latest, byte for byte",
  allocation: "The bill lines of a month by who takes them, with what is passed on",
  lines: "The bill lines of a month with their owner",
} as const;

/** Finance's CSVs, streamed as slowly as the reader takes them. */
export function exportRoutes(app: App, context: RouteContext): void {
  const running: string[] = [];
  const stall = context.stall ?? STALL;
  for (const name of EXPORTS)
    app.get<{ Querystring: Asked }>(
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
        const closed = closedBytes(name, request);
        if (closed !== null) {
          record(name, request, closed.month);
          named(reply, name, closed.month, request.query.team);
          return reply.send(closed.bytes as never);
        }
        const { caller } = context.principal(request);
        const own = running.filter((one) => one === caller).length;
        if (running.length >= MAX_AT_ONCE || own >= MAX_OF_ONE) {
          reply.header("retry-after", "10");
          throw new AppError(
            "TOO_MANY_EXPORTS",
            `${running.length} exports are running, ${own} of them yours; try again in a moment`,
          );
        }
        const body = new PassThrough({ highWaterMark: 1 << 18 });
        // Before the answer begins nobody else listens, and an error without a listener ends the process.
        body.on("error", () => {});
        // An error before the first record is still a problem, and not half a file.
        const begun = Promise.withResolvers<void>();
        running.push(caller);
        void stream(name, request, reply, body, begun.resolve)
          .then(
            () => body.end(),
            (error: unknown) => {
              begun.reject(error as Error);
              body.destroy(error as Error);
            },
          )
          .finally(() => void running.splice(running.indexOf(caller), 1));
        await begun.promise;
        return reply.send(body as never);
      },
    );

  async function stream(
    name: ExportName,
    request: FastifyRequest<{ Querystring: Asked }>,
    reply: FastifyReply,
    body: PassThrough,
    begun: () => void,
  ): Promise<void> {
    const snapshot = context.snapshots.current;
    const { month, team } = request.query;
    const entry = monthOf(snapshot, month);
    const signal = clientSignal(reply);
    named(reply, name, entry.month, team);
    record(name, request, entry.month);
    await writeExport(
      name,
      snapshot,
      context.principal(request),
      { month: entry.month, team },
      async (text) => {
        begun();
        if (body.write(text)) return;
        const stalled = AbortSignal.timeout(stall);
        await once(body, "drain", { signal: AbortSignal.any([signal, stalled]) }).catch(
          (error: unknown) => {
            if (!stalled.aborted) throw error;
            throw new AppError("CLIENT_GONE", `the reader took nothing for ${stall} ms`);
          },
        );
      },
      signal,
    );
  }

  /** Who took which money out; a full disk keeps the record back, and not the file. */
  function record(
    name: ExportName,
    request: FastifyRequest<{ Querystring: Asked }>,
    month: string,
  ): void {
    const { team, number, live } = request.query;
    const details = {
      export: name,
      team: team ?? null,
      number: number ?? null,
      live: live ?? false,
    };
    noted(() =>
      context.access.record(context.principal(request), "export.read", `month:${month}`, details),
    );
  }

  /** The statement of a closed month, unless today's view is asked for; null: it is to be made now. */
  function closedBytes(
    name: ExportName,
    request: FastifyRequest<{ Querystring: Asked }>,
  ): { month: string; bytes: Buffer } | null {
    const { number, live, team, month } = request.query;
    if (number !== undefined && (name !== "statement" || live === true))
      throw new AppError(
        "BAD_PARAMETER",
        name === "statement"
          ? "number: a closed statement, and live is today's view; give one"
          : `number: statements have numbers; ${name} is today's view`,
      );
    if (name !== "statement" || live === true) return null;
    const entry = monthOf(context.snapshots.current, month);
    const manifest = findStatement(context.paths, entry.month, number);
    if (manifest === null) return null;
    const { teams } = context.principal(request);
    return { month: entry.month, bytes: statementBytes(context.paths, manifest, teams, team) };
  }
}

interface Asked {
  month?: string;
  team?: string;
  live?: boolean;
  number?: number;
}

function named(reply: FastifyReply, name: string, month: string, team: string | undefined): void {
  const of = team === undefined ? "" : `-${team.replaceAll(/[^\w.-]/g, "_")}`;
  reply.header("content-type", "text/csv; charset=utf-8");
  reply.header("content-disposition", `attachment; filename="${name}-${month}${of}.csv"`);
}
