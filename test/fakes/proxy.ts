import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";

/** What stands between us and a server: refuses some requests, breaks some answers. */
export async function forward(
  url: string,
  refuse: (request: IncomingMessage) => number | null,
  cutAfter: (request: IncomingMessage) => number = () => Infinity,
  answered: (status: number) => void = () => {},
  edited: ((request: IncomingMessage, body: Buffer) => Buffer) | null = null,
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
    if (edited === null) incoming.pipe(onward);
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
