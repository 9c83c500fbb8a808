import type { FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../../data/errors.ts";
import { validators } from "../rendered.ts";
import type { Snapshot } from "../../analysis/snapshot.ts";

/** Aborts when the client leaves, so that its query stops. */
export function clientSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  // Not the socket's own event: one connection carries thousands of requests.
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** True when the client holds this publish's answer already; sets the validators either way. */
export function unchanged(
  request: FastifyRequest,
  reply: FastifyReply,
  snapshot: Snapshot,
): boolean {
  return request.headers["if-none-match"] === validators(request, reply, snapshot);
}

/** How many rows the pages before held; a cursor is what `meta.next` gave. */
export function cursorOffset(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (!/^\d{1,9}$/.test(cursor))
    throw new AppError("BAD_PARAMETER", "cursor: take it from meta.next of the page before");
  return Number(cursor);
}
