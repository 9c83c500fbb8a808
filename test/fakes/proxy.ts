import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";

/** What a proxy does that does more than pass on. */
export interface Meddling {
  /** The status a request is refused with; null lets it pass. */
  refuse?: (request: IncomingMessage) => number | null;
  /** Bytes of an answer after which the connection breaks. */
  cutAfter?: (request: IncomingMessage) => number;
  /** Told of each answer. */
  answered?: (status: number) => void;
  /** What is passed on in place of a request's body. */
  edited?: (request: IncomingMessage, body: Buffer) => Buffer;
}

/** What stands between us and a server. */
export async function forward(
  url: string,
  { refuse = () => null, cutAfter = () => Infinity, answered = () => {}, edited }: Meddling,
): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    const status = refuse(incoming);
    if (status !== null) {
      incoming.resume();
      outgoing.writeHead(status).end("not here");
      return;
    }
    const most = cutAfter(incoming);
    const onward = request(
      `${url}${incoming.url}`,
      { method: incoming.method ?? "GET", headers: incoming.headers },
      (answer) => {
        answered(answer.statusCode ?? 500);
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        let sent = 0;
        answer.on("data", (piece: Buffer) => {
          sent += piece.length;
          outgoing.write(piece);
          if (sent > most) outgoing.destroy();
        });
        answer.on("end", () => outgoing.end());
        answer.on("error", () => outgoing.destroy());
      },
    );
    onward.on("error", () => outgoing.destroy());
    if (edited === undefined) incoming.pipe(onward);
    else
      void buffer(incoming).then((body) => {
        const other = edited(incoming, body);
        onward.setHeader("content-length", other.length);
        onward.end(other);
      });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
