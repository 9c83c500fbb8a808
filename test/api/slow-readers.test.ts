import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningServer, startServer } from "../../api/server.ts";
import { homePaths } from "../../data/files.ts";
import { LINES, makeBooks, MONTH, run, writeBill } from "../statements/books.ts";

/** Readers on bad lines, at a size that a suite can bear; `PATIENCE` stands for a minute. */
const PATIENCE = 3_000;
const READERS = 12;

let root: string;
let server: RunningServer;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "apportion-slow-"));
  const folder = await makeBooks(join(root, "books"), "checks: { settledAfterDays: 0 }\n");
  // More than the buffers on the way hold, so that a reader who takes nothing is felt.
  const many = Array.from({ length: 5_000 }, () => LINES).flat();
  await writeBill(folder, many);
  await run(folder, "run");
  server = await startServer({
    paths: homePaths(join(folder, "home")),
    sources: [],
    currency: "EUR",
    host: "127.0.0.1",
    port: 0,
    pages: null,
    now: () => new Date(process.env["APPORTION_NOW"] ?? ""),
    log: "silent",
    stall: PATIENCE,
  });
});
afterAll(async () => {
  await server?.close();
  await rm(root, { recursive: true, force: true });
});

/** Asks for all lines of the month and then reads nothing. */
async function slowReader(): Promise<Socket> {
  const { hostname, port } = new URL(server.address);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => {});
  socket.pause();
  socket.write(
    `GET /api/v1/exports/lines.csv?month=${MONTH} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\n\r\n`,
  );
  return socket;
}

const lines = () => fetch(`${server.address}/api/v1/exports/lines.csv?month=${MONTH}`);

describe("readers who take nothing", () => {
  it("keep others from no page, are cut off in time, and leave the exports free", async () => {
    const readers = await Promise.all(Array.from({ length: READERS }, slowReader));
    try {
      await setTimeout(PATIENCE / 4);
      const refused = await lines();
      expect(refused.status).toBe(429);
      expect(refused.headers.get("retry-after")).toBe("10");
      // As many as may run are held; pages answer all the same.
      const page = await fetch(`${server.address}/api/v1/showback?month=${MONTH}`);
      expect(page.status).toBe(200);
      const before = Date.now();
      let answer = refused;
      while (answer.status === 429 && Date.now() - before < 15 * PATIENCE) {
        await answer.arrayBuffer();
        await setTimeout(PATIENCE / 5);
        answer = await lines();
      }
      expect(answer.status).toBe(200);
      const whole = await answer.text();
      expect(whole.split("\r\n").length).toBe(5_000 * LINES.length + 2);
      // They were cut: what stood in the buffers is all that they ever get.
      for (const reader of readers) expect(await rest(reader)).toBeLessThan(whole.length);
    } finally {
      for (const reader of readers) reader.destroy();
    }
  });
});

/** Bytes that come when a reader reads after all, until its line ends. */
async function rest(socket: Socket): Promise<number> {
  let bytes = 0;
  socket.on("data", (chunk: Buffer) => (bytes += chunk.length));
  const ended = once(socket, "close");
  socket.resume();
  await ended;
  return bytes;
}
