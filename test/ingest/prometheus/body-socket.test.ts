import { once } from "node:events";
import { request } from "node:https";
import { createRequire } from "node:module";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { createServer as createTlsServer } from "node:tls";
import type { IncomingMessage } from "node:http";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bodyAgent, divert } from "../../../ingest/prometheus/body-socket.ts";
import { type Endpoint, openEndpoint } from "../../../ingest/prometheus/endpoint.ts";

/**
 * Bodies taken off the socket, against a server that writes an answer's bytes in whatever pieces a test
 * says: what comes is what was sent, and what is wrong with it is seen.
 */

const TYPE = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";
const HEAD = `HTTP/1.1 200 OK\r\nContent-Type: ${TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n`;
const signal = new AbortController().signal;

/** Pieces that the next request is answered with; `null` closes the connection. */
let answers: (readonly (Buffer | null)[])[] = [];
let connections = 0;
let server: Server;
let endpoint: Endpoint;

async function answer(socket: Socket): Promise<void> {
  for (const piece of answers.shift() ?? [null]) {
    if (piece === null) return void socket.destroy();
    await new Promise((resolve) => socket.write(piece, resolve));
    await new Promise(setImmediate);
  }
}
beforeAll(async () => {
  server = createServer((socket) => {
    connections++;
    socket.setNoDelay(true);
    socket.on("error", () => {});
    let asked = "";
    socket.on("data", (bytes) => {
      asked += bytes.toString("latin1");
      if (!asked.endsWith("the question")) return;
      asked = "";
      void answer(socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const url = `http://127.0.0.1:${port}`;
  endpoint = openEndpoint({ type: "prometheus", name: "usage", cluster: "c", url }, ".");
});
afterAll(() => {
  endpoint.close();
  server.close();
});

/** What comes of an answer sent in these pieces. */
async function taken(
  pieces: readonly (Buffer | null)[],
  take: (piece: Buffer) => Promise<void> | undefined = () => undefined,
): Promise<{ body: Buffer; passed: Buffer; complete: boolean }> {
  answers = [pieces];
  const body: Buffer[] = [];
  const passed: Buffer[] = [];
  const sent = await endpoint.post("/api/v1/read", {
    body: "the question",
    headers: {},
    signal,
    timeoutMs: 2000,
    into: {
      type: "application/x-streamed-protobuf",
      take(piece) {
        body.push(Buffer.from(piece));
        return take(piece);
      },
    },
  });
  for await (const piece of sent) passed.push(piece as Buffer);
  return { body: Buffer.concat(body), passed: Buffer.concat(passed), complete: sent.complete };
}

const cut = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieces.at(-1)?.length ?? 1)
    pieces.push(bytes.subarray(at, at + (sizes[pieces.length % sizes.length] as number)));
  return pieces;
};
const chunk = (bytes: Uint8Array, extension = "", upper = false) => {
  const size = bytes.length.toString(16);
  return Buffer.concat([
    Buffer.from(`${upper ? size.toUpperCase() : size}${extension}\r\n`),
    bytes,
    Buffer.from("\r\n"),
  ]);
};

describe("a streamed body", () => {
  it("is what was sent, however it was cut, and the connection serves the next", async () => {
    const before = connections;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom("", ";a=b", "; x"),
        fc.boolean(),
        fc.constantFrom("", "X-After: all\r\n"),
        async (bodies, sizes, extension, upper, trailer) => {
          const whole = Buffer.concat([
            Buffer.from(HEAD),
            ...bodies.map((body) => chunk(body, extension, upper)),
            Buffer.from(`0\r\n${trailer}\r\n`),
          ]);
          const { body, passed, complete } = await taken(cut(whole, sizes));
          expect(body).toEqual(Buffer.concat(bodies));
          expect(passed).toHaveLength(0);
          expect(complete).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
    expect(connections - before).toBeLessThanOrEqual(1);
  });

  it("waits while what came is not worked off, and loses nothing", async () => {
    const bodies = Array.from({ length: 40 }, (_, index) => Buffer.alloc(20_000, index));
    let busy = false;
    const { body } = await taken(
      [
        Buffer.concat([
          Buffer.from(HEAD),
          ...bodies.map((one) => chunk(one)),
          Buffer.from("0\r\n\r\n"),
        ]),
      ],
      () => {
        expect(busy).toBe(false);
        busy = true;
        return pause(2).then(() => void (busy = false));
      },
    );
    expect(body.equals(Buffer.concat(bodies))).toBe(true);
  });

  it("comes after a provisional answer", async () => {
    const { body } = await taken([
      Buffer.from(`HTTP/1.1 100 Continue\r\n\r\n${HEAD}3\r\nabc\r\n0\r\n\r\n`),
    ]);
    expect(body.toString()).toBe("abc");
  });

  it.each([
    [
      "of another type",
      "Content-Type: text/html\r\nTransfer-Encoding: chunked",
      "3\r\nabc\r\n0\r\n\r\n",
    ],
    ["with its length", `Content-Type: ${TYPE}\r\nContent-Length: 3`, "abc"],
  ])("%s is left to Node", async (_, headers, rest) => {
    const { body, passed, complete } = await taken([
      Buffer.from(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n${rest}`),
    ]);
    expect(body).toHaveLength(0);
    expect(passed.toString()).toBe("abc");
    expect(complete).toBe(true);
  });

  it.each([
    ["breaks off in a chunk", [Buffer.from(`${HEAD}9\r\nabc`), null]],
    ["breaks off between chunks", [Buffer.from(`${HEAD}3\r\nabc\r\n`), null]],
    ["has a size that is none", [Buffer.from(`${HEAD}3\r\nabc\r\nxyz\r\n0\r\n\r\n`)]],
    ["has no size", [Buffer.from(`${HEAD}\r\nabc\r\n0\r\n\r\n`)]],
    ["has a size beyond all", [Buffer.from(`${HEAD}1234567890\r\nabc\r\n0\r\n\r\n`)]],
    ["goes on past its size", [Buffer.from(`${HEAD}3\r\nabcd\r\n0\r\n\r\n`)]],
    ["goes on past its size with another", [Buffer.from(`${HEAD}3\r\nabcx3\r\nabc\r\n0\r\n\r\n`)]],
  ])("that %s is no whole answer", async (_, pieces) => {
    await expect(taken(pieces)).rejects.toThrow(/aborted|Parse Error|ECONNRESET|terminated/);
  });

  it("is broken off where taking it fails", async () => {
    const whole = Buffer.from(`${HEAD}3\r\nabc\r\n0\r\n\r\n`);
    const fail = () => {
      throw new Error("no room");
    };
    await expect(taken([whole], fail)).rejects.toThrow(/aborted|no room/);
  });
});

it("a body that comes over TLS is the same, on a connection that is used again", async () => {
  // A certificate of nobody's, which the mail server for tests brings.
  const tlsOptions = createRequire(import.meta.url)("smtp-server/lib/tls-options.js") as () => {
    key: string;
    cert: string;
  };
  const { key, cert } = tlsOptions();
  const whole = Buffer.from(
    Array.from({ length: 700_000 }, (_, at) => (at * 31 + (at >> 9)) & 255),
  );
  let opened = 0;
  const secure = createTlsServer({ key, cert }, (socket) => {
    opened++;
    socket.on("error", () => {});
    socket.on("data", (asked) => {
      if (!asked.toString("latin1").endsWith("the question")) return;
      socket.write(HEAD);
      for (const piece of cut(whole, [2999])) socket.write(chunk(piece));
      socket.write("0\r\n\r\n");
    });
  });
  secure.listen(0, "127.0.0.1");
  await once(secure, "listening");
  const { port } = secure.address() as AddressInfo;
  const agent = bodyAgent(true, { keepAlive: true });
  try {
    for (let turn = 0; turn < 3; turn++) {
      const body: Buffer[] = [];
      const sink = {
        type: "application/x-streamed-protobuf",
        take(piece: Buffer) {
          body.push(Buffer.from(piece));
          return body.length % 7 === 0 ? pause(1) : undefined;
        },
      };
      const to = { host: "127.0.0.1", port, method: "POST", agent, rejectUnauthorized: false };
      const sent = await new Promise<IncomingMessage>((resolve, reject) => {
        const asked = request(to, resolve).on("error", reject);
        asked.on("socket", (socket) => divert(socket, sink));
        asked.end("the question");
      });
      let passed = 0;
      for await (const piece of sent) passed += (piece as Buffer).length;
      expect(Buffer.concat(body).equals(whole)).toBe(true);
      expect([passed, sent.complete]).toEqual([0, true]);
    }
    expect(opened).toBe(1);
  } finally {
    agent.destroy();
    secure.close();
  }
});
