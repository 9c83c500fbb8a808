import type { IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { AppError, firstLine } from "../../data/errors.ts";
import type { BodySink } from "./body-socket.ts";
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

/** Reads what matches each query, one after another, series after series; nothing of a stream that breaks is to be kept. */
export async function remoteRead<End extends object>(
  endpoint: Endpoint,
  queries: readonly RemoteQuery[],
  into: ChunkSink<End>,
  options: RemoteReadOptions,
): Promise<{ bytes: number } & End> {
  const { place } = endpoint;
  let bytes = 0;
  let fault: unknown;
  const failed = (error: unknown) => {
    fault ??= error;
    throw error;
  };
  const counted: BodySink = {
    type: "application/x-streamed-protobuf",
    take(piece) {
      bytes += piece.length;
      try {
        return into.take(piece)?.catch(failed);
      } catch (error) {
        return failed(error);
      }
    },
  };
  try {
    const answer = await begin(endpoint, remoteRequest(queries), counted, options);
    const type = answer.headers["content-type"] ?? "";
    if (!type.startsWith(counted.type)) {
      answer.destroy();
      const html = isHtml({ status: 200, contentType: type, body: "" });
      throw new AppError(
        "SOURCE_UNREADABLE",
        html
          ? `${place}: /api/v1/read answered with a web page; it is a proxy or a sign-in page: give the address of Prometheus itself`
          : `${place}: /api/v1/read answered ${firstLine(type)}, not ${STREAMED}`,
      );
    }
    await ended(answer, counted);
    if (!answer.complete) throw invalid(place, "ended before it was whole");
  } catch (error) {
    if (options.signal.aborted) throw error;
    const first = fault ?? error;
    if (first instanceof AppError) throw first;
    throw insisted(broken(place, first));
  }
  return { bytes, ...into.end() };
}

/** Resolves when an answer has ended; what of its body came another way is taken here. */
function ended(answer: IncomingMessage, sink: BodySink): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      reject(error as Error);
      answer.destroy();
    };
    answer.on("data", (piece: Buffer) => {
      try {
        const room = sink.take(piece);
        if (room === undefined) return;
        answer.pause();
        room.then(() => answer.resume(), fail);
      } catch (error) {
        fail(error);
      }
    });
    answer.on("end", resolve);
    answer.on("error", reject);
    answer.on("close", () => reject(new Error("closed")));
  });
}

/** The open answer; a server that is busy is asked again, before anything of an answer is taken. */
async function begin(
  endpoint: Endpoint,
  body: Buffer,
  into: BodySink,
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
        into,
      });
    } catch (error) {
      if (!(error instanceof TooMuch) || wait === null) throw insisted(error);
      await pause(wait, undefined, { signal });
    }
  throw new AppError("INTERNAL", "a loop that ends by returning or throwing ended otherwise");
}
