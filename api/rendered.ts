import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Snapshot } from "../analysis/snapshot.ts";
import type { App, RouteContext } from "./app.ts";
import { wantsArrow } from "./arrow.ts";
import { principalOfRequest } from "./auth/gate.ts";
import { publishedIdFor } from "./meta.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The answer depends on the publish, the address and the caller's scope alone: it is made once. */
    remember?: boolean;
  }
}

type Encoding = "br" | "gzip" | "identity";

interface Rendered {
  type: string;
  encoding: Encoding;
  body: Buffer;
}

const KEPT_BYTES = 24 << 20;
const KEPT_BODY = 512 << 10;
const WORTH_COMPRESSING = 1024;

const compressors = {
  br: (body: Buffer) =>
    promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: (body: Buffer) => promisify(gzip)(body, { level: 6 }),
  identity: async (body: Buffer) => body,
} as const;

/** The latest bodies of one publish, ready to send; the oldest go when they weigh too much. */
class Bodies {
  readonly #kept = new Map<string, Rendered>();
  #bytes = 0;
  get(key: string): Rendered | undefined {
    const found = this.#kept.get(key);
    if (found === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, found);
    return found;
  }
  set(key: string, rendered: Rendered): void {
    if (rendered.body.length > KEPT_BODY || this.#kept.has(key)) return;
    this.#kept.set(key, rendered);
    this.#bytes += rendered.body.length;
    for (const [oldest, { body }] of this.#kept) {
      if (this.#bytes <= KEPT_BYTES) break;
      this.#kept.delete(oldest);
      this.#bytes -= body.length;
    }
  }
}

/**
 * Sends the answers of routes that say `config: { remember: true }` as they were rendered and
 * compressed the first time. A publish never changes, so its bodies do not; the caller's scope is in
 * the key, so nobody is sent what was made for somebody else.
 */
export function rememberRendered(app: App, context: RouteContext): void {
  const bodies = new WeakMap<Snapshot, Bodies>();
  const asked = new WeakMap<FastifyRequest, { of: Bodies; key: string; encoding: Encoding }>();

  app.addHook("onRequest", async (request, reply) => {
    if (request.method !== "GET" || request.routeOptions.config.remember !== true) return;
    if (request.headers["if-none-match"] !== undefined) return;
    const { current } = context.snapshots;
    let of = bodies.get(current);
    if (of === undefined) bodies.set(current, (of = new Bodies()));
    const encoding = encodingOf(request);
    const scope = JSON.stringify(context.principal(request).scope);
    const key = [scope, wantsArrow(request), encoding, request.url].join("\n");
    const known = of.get(key);
    if (known === undefined) {
      asked.set(request, { of, key, encoding });
      return;
    }
    validators(request, reply, current);
    return send(reply, known);
  });

  app.addHook("onSend", async (request, reply, payload) => {
    const question = asked.get(request);
    if (question === undefined || reply.statusCode !== 200) return payload;
    if (typeof payload !== "string" && !Buffer.isBuffer(payload)) return payload;
    const plain = Buffer.from(payload as string);
    const encoding = plain.length < WORTH_COMPRESSING ? "identity" : question.encoding;
    const body = await compressors[encoding](plain);
    const rendered = { type: String(reply.getHeader("content-type")), encoding, body };
    question.of.set(question.key, rendered);
    reply.removeHeader("content-length");
    head(reply, rendered);
    return body;
  });
}

/** The validators every answer of a publish carries. */
export function validators(
  request: FastifyRequest,
  reply: FastifyReply,
  snapshot: Snapshot,
): string {
  const form = wantsArrow(request) ? "-arrow" : "";
  const etag = `"${publishedIdFor(snapshot, principalOfRequest(request))}${form}"`;
  reply.header("vary", "accept, accept-encoding, authorization, cookie");
  reply.header("etag", etag);
  // The next person at this browser is somebody else; without sign-in there is only one.
  if (request.caller?.by === "machine") reply.header("cache-control", "private, no-cache");
  return etag;
}

function send(reply: FastifyReply, rendered: Rendered): FastifyReply {
  return head(reply, rendered).send(rendered.body);
}

function head(reply: FastifyReply, { type, encoding }: Rendered): FastifyReply {
  reply.header("content-type", type);
  if (encoding !== "identity") reply.header("content-encoding", encoding);
  return reply;
}

/** The best of what the client takes; a coding with `q=0` is one it refuses. */
function encodingOf(request: FastifyRequest): Encoding {
  const taken = new Map(
    String(request.headers["accept-encoding"] ?? "")
      .toLowerCase()
      .split(",")
      .map((part) => {
        const [name = "", ...parameters] = part.split(";").map((text) => text.trim());
        return [name, !parameters.some((text) => /^q=0(\.0*)?$/.test(text))] as const;
      }),
  );
  const takes = (name: string) => taken.get(name) ?? taken.get("*") ?? false;
  if (takes("br")) return "br";
  return takes("gzip") ? "gzip" : "identity";
}
