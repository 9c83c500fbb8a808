import type { IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { AppError, firstLine } from "../../data/errors.ts";
import { invalid } from "./chunked.ts";
import type { Endpoint } from "./endpoint.ts";
import { broken, insisted, isHtml, TooMuch } from "./refused.ts";
import { type RemoteQuery, remoteRequest } from "./remote-request.ts";

/**
 * Remote read with streamed XOR chunks: the server sends blocks as they lie on its disk, for a
 * nineteenth of the work that queries make it do, and every scrape is seen.
 */

/** Where the bytes of one answer go; see `ChunkedReader`. */
export interface ChunkSink<End> {
  /** Takes the next bytes, and copies what it keeps; a promise is to be waited for before more is given. */
  take(piece: Buffer): Promise<void> | undefined;
  /** The answer is whole; gives what is known of it. */
  end(): End;
}

export interface RemoteReadOptions {
  signal: AbortSignal;
  timeoutMs: number;
  /** Milliseconds between the tries at a server that is busy. */
  pauses?: readonly number[];
}

const STREAMED = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";

/** Reads what matches, series after series; nothing of a stream that breaks is to be kept. */
export async function remoteRead<End extends object>(
  endpoint: Endpoint,
  query: RemoteQuery,
  into: ChunkSink<End>,
  options: RemoteReadOptions,
): Promise<{ bytes: number } & End> {
  const { place } = endpoint;
  const answer = await begin(endpoint, remoteRequest(query), options);
  const type = answer.headers["content-type"] ?? "";
  if (!type.startsWith("application/x-streamed-protobuf")) {
    answer.destroy();
    const html = isHtml({ status: 200, contentType: type, body: "" });
    throw new AppError(
      "SOURCE_UNREADABLE",
      html
        ? `${place}: /api/v1/read answered with a web page; it is a proxy or a sign-in page: give the address of Prometheus itself`
        : `${place}: /api/v1/read answered ${firstLine(type)}, not ${STREAMED}`,
    );
  }
  let bytes: number;
  try {
    bytes = await drained(answer, into);
  } catch (error) {
    if (options.signal.aborted || error instanceof AppError) throw error;
    throw insisted(broken(place, error));
  }
  if (!answer.complete) throw invalid(place, "ended before it was whole");
  return { bytes, ...into.end() };
}

/**
 * Frees what the network handed over and nobody holds. It lives outside the heap until the next small
 * collection, which the heap alone would ask for after a hundred megabytes of it; one takes half a
 * millisecond.
 */
const collect = (() => {
  setFlagsFromString("--expose-gc");
  const run = runInNewContext("gc") as (options: { type: "minor" }) => void;
  return () => run({ type: "minor" });
})();
const COLLECT_EVERY = 8 << 20;
let uncollected = 0;

/** Hands all bytes on; resolves with their number. Events, since iterating costs as much again. */
function drained(answer: IncomingMessage, into: ChunkSink<object>): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const fail = (error: unknown) => {
      reject(error as Error);
      answer.destroy();
    };
    answer.on("data", (piece: Buffer) => {
      bytes += piece.length;
      uncollected += piece.length;
      if (uncollected > COLLECT_EVERY) {
        uncollected = 0;
        collect();
      }
      try {
        const room = into.take(piece);
        if (room === undefined) return;
        answer.pause();
        room.then(() => answer.resume(), fail);
      } catch (error) {
        fail(error);
      }
    });
    answer.on("end", () => resolve(bytes));
    answer.on("error", reject);
    answer.on("close", () => reject(new Error("closed")));
  });
}

/** The open answer; a server that is busy is asked again, before anything of an answer is taken. */
async function begin(
  endpoint: Endpoint,
  body: Buffer,
  { signal, timeoutMs, pauses = [1000, 5000] }: RemoteReadOptions,
): Promise<IncomingMessage> {
  for (const wait of [...pauses, null])
    try {
      return await endpoint.post("/api/v1/read", {
        body,
        headers: {
          "content-type": "application/x-protobuf",
          "content-encoding": "snappy",
          "x-prometheus-remote-read-version": "0.1.0",
        },
        signal,
        timeoutMs,
      });
    } catch (error) {
      if (!(error instanceof TooMuch) || wait === null) throw insisted(error);
      await pause(wait, undefined, { signal });
    }
  throw new AppError("INTERNAL", "a loop that ends by returning or throwing ended otherwise");
}
