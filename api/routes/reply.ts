import type { FastifyReply, FastifyRequest } from "fastify";
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
