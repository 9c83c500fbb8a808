import type { FastifyReply, FastifyRequest } from "fastify";

export const ARROW = "application/vnd.apache.arrow.stream";

/** True when the client asks for Arrow; JSON is what everybody else gets. */
export function wantsArrow(request: FastifyRequest): boolean {
  return (request.headers.accept ?? "")
    .split(",")
    .some((type) => type.split(";")[0]?.trim() === ARROW);
}

/**
 * Rows as an Arrow stream. Every column is text, amounts too: an Arrow decimal of 38 digits is read
 * as a float by half of its readers. The answer's `meta` is the schema's metadata.
 */
export async function sendArrow(
  reply: FastifyReply,
  rows: readonly object[],
  columns: readonly string[],
  meta: unknown,
): Promise<FastifyReply> {
  // 2 MB that only notebooks need.
  const { Field, Schema, Table, Utf8, tableToIPC, vectorFromArray } = await import("apache-arrow");
  const schema = new Schema(
    columns.map((column) => new Field(column, new Utf8(), true)),
    new Map([["meta", JSON.stringify(meta)]]),
  );
  const data = Object.fromEntries(
    columns.map((column) => [
      column,
      vectorFromArray(
        rows.map((row) => {
          const value = (row as Record<string, unknown>)[column];
          return value === null || value === undefined ? null : String(value as string | number);
        }),
        new Utf8(),
      ),
    ]),
  );
  const bytes = tableToIPC(new Table(schema, data), "stream");
  return reply.type(ARROW).send(Buffer.from(bytes));
}
