import type { Socket } from "node:net";
import { once } from "node:events";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningServer, startServer } from "../../api/server.ts";
import { homePaths } from "../../data/files.ts";
import { LINES, makeBooks, MONTH, run, writeBill } from "../statements/books.ts";
import { Client } from "./crowd.ts";
import { appOver } from "./server-fixture.ts";

/**
 * Row 42 of the attack table: a flood of questions, readers on bad lines, clients that leave. At a size
 * that a suite can bear (`npm run bench load` is the whole); `PATIENCE` stands for a minute.
 */
const PATIENCE = 1_500;
const READERS = 50;
const FLOOD = 100;
const TIMES = 1_500;

let root: string;
let folder: string;
let server: RunningServer;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "apportion-slow-"));
  folder = await makeBooks(join(root, "books"), "checks: { settledAfterDays: 0 }\n");
  // More than the buffers on the way hold, so that a reader who takes nothing is felt; each line of a
  // resource of its own with a long name, so that a month by resource is work and takes memory.
  const many = Array.from({ length: TIMES }, (_, n) => {
    const name = createHash("sha512").update(`${n}`).digest("hex").repeat(4);
    return LINES.map((line) => ({ ...line, ResourceId: `${line["ResourceId"]}-${name}` }));
  }).flat();
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

const LINES_CSV = `/api/v1/exports/lines.csv?month=${MONTH}`;
const lines = () => fetch(`${server.address}${LINES_CSV}`);

describe("readers who take nothing", () => {
  it("keep others from no page, are cut off in time, and leave the exports free", async () => {
    const slow = new Client(server.address, 2);
    const readers = Array.from({ length: READERS }, () => slow.deaf(LINES_CSV));
    try {
      await setTimeout(PATIENCE / 4);
      const refused = await slow.ask(LINES_CSV);
      expect(refused.status).toBe(429);
      // As many as one may run are held; pages answer all the same, and others export.
      const page = await fetch(`${server.address}/api/v1/showback?month=${MONTH}`);
      expect(page.status).toBe(200);
      const whole = await (await lines()).text();
      expect(whole.split("\r\n").length).toBe(TIMES * LINES.length + 2);
      const before = Date.now();
      let answer = refused;
      while (answer.status === 429 && Date.now() - before < 15 * PATIENCE) {
        await setTimeout(PATIENCE / 5);
        answer = await slow.ask(LINES_CSV);
      }
      expect(answer.status).toBe(200);
      // They were cut: what stood in the buffers is all that they ever get.
      for (const reader of readers) expect(await rest(reader)).toBeLessThan(whole.length);
    } finally {
      for (const reader of readers) reader.destroy();
      slow.close();
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

describe("a hundred months asked for at once", () => {
  it("wait for the few questions of others, with readers who take nothing and clients that leave; nothing is left", async () => {
    const { app, snapshots, close } = await appOver(join(folder, "apportion.yaml"), null, {
      stall: PATIENCE,
    });
    const address = await app.listen({ host: "127.0.0.1", port: 0 });
    const [flood, slow, leaver, other, another] = [2, 3, 4, 5, 6].map(
      (last) => new Client(address, last),
    ) as [Client, Client, Client, Client, Client];
    const month = (n: number) => `/api/v1/showback?month=${MONTH}&by=resource&limit=${100 + n}`;
    const page = (n: number) => `/api/v1/showback?month=${MONTH}&by=service&limit=${100 + n}`;
    try {
      const { pool } = snapshots.current;
      const readers = Array.from({ length: READERS }, () => slow.deaf(LINES_CSV));
      let answered = 0;
      const flooded = Promise.all(
        Array.from({ length: FLOOD }, async (_, n) => {
          const { status } = await flood.ask(month(n));
          answered += 1;
          return status;
        }),
      );
      const left = Promise.all(
        Array.from({ length: 20 }, (_, n) => leaver.leave(month(300 + n), 5 * n)),
      );
      for (let n = 0; n < 10; n++)
        for (const client of [other, another])
          expect((await client.ask(page(2 * n + Number(client === other)))).status).toBe(200);
      // Twenty answers one after another, each of which would have waited for a hundred.
      expect(answered).toBeLessThan(FLOOD / 2);
      expect((await other.ask(LINES_CSV)).status).toBe(200);
      // None is turned away: so many may wait, and each has its turn before its deadline or is told so.
      const statuses = await flooded;
      expect(statuses).toContain(200);
      expect(statuses.filter((status) => status !== 200 && status !== 504)).toEqual([]);
      await left;
      for (const reader of readers) reader.destroy();
      while (pool.busy + pool.waiting > 0) await setTimeout(20);
      for (const client of [flood, slow, leaver, other, another]) client.close();
      while ((await connections(app.server)) > 0) await setTimeout(20);
      expect(await readdir(join(folder, "home/tmp"))).toEqual([]);
    } finally {
      await close();
    }
  });
});

describe("row 43: a question that outgrows what all may take together", () => {
  it("is stopped and says so, and the others go on; what spills is in attacks.test.ts", async () => {
    const { get, close } = await appOver(join(folder, "apportion.yaml"), null, {
      limits: { memory: "16MB", threads: 1, spill: "1MB" },
    });
    const by = (what: string) => get(`/api/v1/showback?month=${MONTH}&by=${what}`);
    try {
      expect((await by("resource")).json()).toMatchObject({
        status: 503,
        code: "QUERY_TOO_LARGE",
        detail: expect.stringMatching(/^the query was stopped: it needed more \w+ than/) as string,
      });
      for (const what of ["team", "service", "day"])
        expect([what, (await by(what)).status]).toEqual([what, 200]);
    } finally {
      await close();
    }
  });
});

const connections = (of: { getConnections(done: (error: unknown, n: number) => void): unknown }) =>
  new Promise<number>((resolve) => of.getConnections((_, n) => resolve(n)));
