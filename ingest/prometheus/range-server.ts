import { Readable } from "node:stream";
import { AppError, type ErrorCode } from "../../data/errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { broken, TooMuch } from "./refused.ts";

/** What answers range queries: a server, or the thread that speaks with one. */
export interface RangeServer {
  readonly place: string;
  readonly azure: boolean;
  /**
   * The answer to a form of `/api/v1/query_range`; its bytes come as they come.
   * @throws TooMuch where less may be answered; AppError else. So do the bytes.
   */
  ask(form: string): Promise<RangeAnswer>;
}

export interface RangeAnswer {
  readonly contentType: string;
  readonly pieces: AsyncIterable<Buffer>;
}

/** A server as it is reached over the network. */
export function rangeServer(
  endpoint: Endpoint,
  { signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number },
): RangeServer {
  const { place, azure } = endpoint;
  return {
    place,
    azure,
    async ask(form) {
      const answer = await endpoint.post("/api/v1/query_range", {
        body: form,
        headers: { "content-type": "application/x-www-form-urlencoded" },
        signal,
        timeoutMs,
      });
      const pieces = async function* () {
        try {
          for await (const piece of answer) yield piece as Buffer;
        } catch (error) {
          throw signal.aborted ? error : broken(place, error);
        }
      };
      return { contentType: answer.headers["content-type"] ?? "", pieces: pieces() };
    },
  };
}

/** An error on its way to another thread. */
export interface SentError {
  /** None: it was too much. */
  code: ErrorCode | undefined;
  said: string;
  stack: string;
}

export function sentError(error: unknown): SentError {
  const { message, stack } = error as Error;
  const code =
    error instanceof TooMuch ? undefined : error instanceof AppError ? error.code : "INTERNAL";
  return { code, said: message, stack: stack ?? "" };
}

export function receivedError({ code, said, stack }: SentError): Error {
  const error = code === undefined ? new TooMuch(said) : new AppError(code, said);
  error.stack = stack;
  return error;
}

/** What of an answer goes from the thread that asks the server to the one that reads. */
export type AnswerPart = { of: number } & (
  | { contentType: string }
  | { piece: Uint8Array }
  | { end: true }
  | { failed: SentError }
);

/** Asks a server on behalf of another thread, and gives it the answer in parts. */
export async function relay(
  server: RangeServer,
  of: number,
  form: string,
  send: (part: AnswerPart, transfer?: ArrayBuffer[]) => void,
): Promise<void> {
  try {
    const { contentType, pieces } = await server.ask(form);
    send({ of, contentType });
    for await (const piece of pieces) {
      // A piece may be part of a larger memory, all of which would go.
      const bytes = new Uint8Array(piece);
      send({ of, piece: bytes }, [bytes.buffer]);
    }
    send({ of, end: true });
  } catch (error) {
    send({ of, failed: sentError(error) });
  }
}

/** The other side of `relay`. */
export class RelayedServer implements RangeServer {
  readonly place: string;
  readonly azure: boolean;
  readonly #send: (of: number, form: string) => void;
  readonly #open: Map<number, Relayed>;

  /**
   * @param open the answers that are on their way, of all such servers
   * @param send tells the other thread what to ask
   */
  constructor(
    { place, azure }: Pick<RangeServer, "place" | "azure">,
    open: Map<number, Relayed>,
    send: (of: number, form: string) => void,
  ) {
    this.place = place;
    this.azure = azure;
    this.#open = open;
    this.#send = send;
  }

  ask(form: string): Promise<RangeAnswer> {
    return new Promise((begun, failed) => {
      const of = nextAnswer++;
      const pieces = new Readable({ read() {} });
      // What fails before anybody reads is said by `failed`.
      pieces.on("error", () => {});
      this.#open.set(of, { pieces, begun, failed });
      this.#send(of, form);
    });
  }
}
let nextAnswer = 0;

/** An answer that is on its way. */
export interface Relayed {
  pieces: Readable;
  begun: (answer: RangeAnswer) => void;
  failed: (error: Error) => void;
}

/** Takes a part of an answer. */
export function received(open: Map<number, Relayed>, part: AnswerPart): void {
  const relayed = open.get(part.of);
  if (relayed === undefined) throw new AppError("INTERNAL", `no answer ${part.of} was asked for`);
  const { pieces, begun, failed } = relayed;
  if ("contentType" in part) begun({ contentType: part.contentType, pieces });
  else if ("piece" in part) pieces.push(Buffer.from(part.piece.buffer));
  else {
    open.delete(part.of);
    if ("end" in part) pieces.push(null);
    else {
      const error = receivedError(part.failed);
      failed(error);
      pieces.destroy(error);
    }
  }
}
