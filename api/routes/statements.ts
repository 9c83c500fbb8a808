import { createReadStream, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { FastifyReply } from "fastify";
import { AppError } from "../../data/errors.ts";
import { sha256, sha256File } from "../../data/files.ts";
import { noted, Register } from "../../data/register.ts";
import { statements } from "../../data/register/statements.ts";
import { type StatementManifest, statementPath } from "../../data/statements.ts";
import type { App, RouteContext } from "../app.ts";
import { mayAsk } from "../auth/needs.ts";
import { listMeta } from "../meta.ts";
import { Problem } from "../schemas/common.ts";
import {
  CloseBody,
  Closed,
  StatementDiff,
  type StatementMonth,
  StatementPlace,
  type StatementRow,
  Statements,
  StatementsQuery,
} from "../schemas/statements.ts";
import { viewClose } from "../statements/close.ts";
import { figuresOf } from "../statements/figures.ts";
import { findStatement, statementBytes } from "../statements/read.ts";
import { clientSignal } from "./reply.ts";

const NO_PARAMETERS = { type: "object", additionalProperties: false, properties: {} } as const;
const CSVS = {
  "diff.csv": ["diff", "What a statement changes, by team, service and line"],
  "diff-lines.csv": ["diffLines", "What a statement changes, by line of the bill"],
} as const;

/** Finance's months: which are closed, as what, and what stands between a month and its next statement. */
export function statementRoutes(app: App, context: RouteContext): void {
  let closing = false;
  const { paths } = context;

  app.get(
    "/api/v1/statements",
    {
      config: { needs: "company" },
      schema: {
        summary:
          "Statements of the months, what was restated since, and what is open before closing",
        querystring: StatementsQuery,
        response: { 200: Statements, "4xx": Problem, "5xx": Problem },
      },
    },
    async (request, reply) => {
      const principal = context.principal(request);
      const signal = clientSignal(reply);
      const snapshot = context.snapshots.current;
      const register = new Register(paths.register);
      try {
        const all = statements(register);
        const data: StatementMonth[] = [];
        for (const entry of snapshot.list.months.toReversed()) {
          if (request.query.month !== undefined && request.query.month !== entry.month) continue;
          const own = all.filter(({ month }) => month === entry.month);
          if (entry.file === null) {
            data.push({ ...unpublished(entry.month, entry.state), statements: own.map(rowOf) });
            continue;
          }
          const view = await viewClose(snapshot, register, principal, entry.month, signal);
          const figures = await figuresOf(snapshot, principal, entry.month, signal);
          data.push({
            month: entry.month,
            state: entry.state,
            published: true,
            statements: own.toReversed().map(rowOf),
            totals: figures.totals,
            restated: view.latest !== null && view.differs ? view.changes : null,
            questions: view.questions,
          });
        }
        const meta = {
          ...listMeta(snapshot, principal),
          mayClose: context.close !== null && mayAsk(principal, "close"),
        };
        return reply.send({ data, meta });
      } finally {
        register.close();
      }
    },
  );

  app.post(
    "/api/v1/statements",
    {
      config: { needs: "close" },
      schema: {
        summary: "Closes a month: the next numbered statement of what is published",
        querystring: NO_PARAMETERS,
        body: CloseBody,
        response: { 200: Closed, 201: Closed, "4xx": Problem, "5xx": Problem },
      },
    },
    async (request, reply) => {
      const principal = context.principal(request);
      if (context.close === null)
        throw new AppError(
          "METHOD_NOT_ALLOWED",
          'this server closes no months; run "apportion close" where the home is',
        );
      if (closing) {
        reply.header("retry-after", "5");
        throw new AppError("TOO_BUSY", "another month is being closed; try again in a moment");
      }
      closing = true;
      try {
        const { month, reason } = request.body;
        const { outcome, manifest } = await context.close({
          month,
          reason: reason ?? null,
          name: principal.name,
          role: principal.roles.join(","),
        });
        await context.refresh();
        return await reply.code(outcome === "closed" ? 201 : 200).send({
          data: { month, number: manifest.number, outcome, sha256: manifest.files.statement ?? "" },
        });
      } finally {
        closing = false;
      }
    },
  );

  app.get(
    "/api/v1/statements/:month/:number.csv",
    {
      config: { needs: "company" },
      schema: {
        summary: "A closed statement, byte for byte",
        params: StatementPlace,
        querystring: NO_PARAMETERS,
        produces: ["text/csv"],
        response: { "4xx": Problem, "5xx": Problem },
      },
    },
    async (request, reply) => {
      const principal = context.principal(request);
      const manifest = place(request.params);
      const bytes = statementBytes(paths, manifest, principal.teams);
      const { month, number } = manifest;
      noted(() =>
        context.access.record(principal, "export.read", `month:${month}`, {
          export: "statement",
          number,
        }),
      );
      asCsv(reply, `statement-${manifest.month}-${manifest.number}.csv`, sha256(bytes));
      return reply.send(bytes as never);
    },
  );

  app.get(
    "/api/v1/statements/:month/:number/diff",
    {
      config: { needs: "company" },
      schema: {
        summary: "What a statement changes against the one before, by team and service",
        params: StatementPlace,
        querystring: NO_PARAMETERS,
        response: { 200: StatementDiff, "4xx": Problem, "5xx": Problem },
      },
    },
    async (request, reply) => {
      const file = await fileOf(place(request.params), "diffTeams");
      const { teams, ...about } = JSON.parse(await readFile(file, "utf8")) as {
        teams: StatementDiff["data"];
      } & Omit<StatementDiff, "data">;
      return reply.send({ data: teams, ...about });
    },
  );

  for (const [name, [kind, summary]] of Object.entries(CSVS))
    app.get(
      `/api/v1/statements/:month/:number/${name}`,
      {
        config: { needs: "company" },
        schema: {
          summary,
          params: StatementPlace,
          querystring: NO_PARAMETERS,
          produces: ["text/csv"],
          response: { "4xx": Problem, "5xx": Problem },
        },
      },
      async (request, reply) => {
        const manifest = place(request.params);
        const file = await fileOf(manifest, kind);
        asCsv(
          reply,
          `statement-${manifest.month}-${manifest.number}-${name}`,
          manifest.files[kind] ?? "",
        );
        return reply.send(createReadStream(file) as never);
      },
    );

  function place({ month, number }: { month: string; number: string }): StatementManifest {
    // A number was asked for, so there is one or an error.
    return findStatement(paths, month, Number(number)) as StatementManifest;
  }

  /** A file of a statement whose bytes are those that were closed. */
  async function fileOf(
    manifest: StatementManifest,
    kind: "diff" | "diffLines" | "diffTeams",
  ): Promise<string> {
    const { month, number, files } = manifest;
    const expected = files[kind];
    if (expected === undefined)
      throw new AppError(
        "NOT_FOUND",
        `statement ${number} of ${month} is the first; there is nothing it changes`,
      );
    const path = statementPath(paths, month, number, kind);
    if (!existsSync(path) || (await sha256File(path)) !== expected)
      throw new AppError(
        "STATEMENT_DAMAGED",
        `statement ${number} of ${month} has lost its diff or it is damaged; run "apportion audit --verify"`,
      );
    return path;
  }
}

function asCsv(reply: FastifyReply, name: string, hash: string): void {
  reply.header("content-type", "text/csv; charset=utf-8");
  reply.header("content-disposition", `attachment; filename="${name}"`);
  reply.header("etag", `"${hash}"`);
  reply.header("cache-control", "private, no-cache");
}

function rowOf(manifest: StatementManifest): StatementRow {
  const { number, closedAt, closedBy, reason, state, totals, change, questions, files } = manifest;
  return {
    number,
    closedAt,
    closedBy,
    reason,
    state,
    sha256: files.statement ?? "",
    totals,
    change,
    questions,
  };
}

function unpublished(month: string, state: StatementMonth["state"]): StatementMonth {
  const questions: StatementMonth["questions"] = [
    {
      kind: "stale",
      blocks: true,
      text: "an invariant failed before it was ever published",
      currency: null,
      amount: null,
    },
  ];
  return { month, state, published: false, statements: [], totals: [], restated: null, questions };
}
