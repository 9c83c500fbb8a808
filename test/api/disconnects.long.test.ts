import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../api/config.ts";
import { type RunningServer, startServer } from "../../api/server.ts";
import { homePaths } from "../../data/files.ts";
import { openReadOnly } from "../../data/warehouse.ts";
import { Pool } from "../../data/pool.ts";
import { demoHome } from "../demo-home.ts";
import { ROOT } from "../needs.ts";

let server: RunningServer;
beforeAll(async () => {
  const { home, sources, build } = readConfig((await demoHome()).config);
  server = await startServer({
    paths: homePaths(home),
    sources,
    currency: build.currency,
    host: "127.0.0.1",
    port: 0,
    pages: null,
    now: () => new Date(),
    log: "silent",
  });
});
afterAll(() => server.close());

const ENDLESS = "SELECT sum(a.i * b.i) AS s FROM range(10000000) AS a(i), range(100000) AS b(i)";

describe("clients that leave, and queries that do not end", () => {
  it("stops a query at its deadline and goes on with the session", async () => {
    const pool = await Pool.open(await openReadOnly([], {}), { size: 1, deadline: 200 });
    const started = performance.now();
    await expect(pool.with(undefined, (session) => session.rows(ENDLESS))).rejects.toMatchObject({
      code: "QUERY_TIMEOUT",
    });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await pool.with(undefined, (session) => session.rows("SELECT 1 AS one"))).toEqual([
      { one: 1 },
    ]);
    await pool.close();
  });

  it("stops a query whose client left, and refuses what would wait too long in line", async () => {
    const pool = await Pool.open(await openReadOnly([], {}), {
      size: 1,
      queue: 1,
      deadline: 20_000,
    });
    const gone = new AbortController();
    const running = pool.with({ signal: gone.signal }, (session) => session.rows(ENDLESS));
    const waiting = pool.with(undefined, (session) => session.rows("SELECT 2 AS two"));
    await expect(pool.with(undefined, (session) => session.rows("SELECT 3"))).rejects.toMatchObject(
      {
        code: "TOO_BUSY",
      },
    );
    gone.abort();
    await expect(running).rejects.toMatchObject({ code: "CLIENT_GONE" });
    expect(await waiting).toEqual([{ two: 2 }]);
    expect(pool.busy).toBe(0);
    await pool.close();
  });

  it("takes two exports at once, refuses the third, and frees a place when a reader leaves", async () => {
    const url = new URL(`${server.address}/api/v1/exports/lines.csv`);
    const slow = [0, 1].map(() => {
      const socket = connect(Number(url.port), "127.0.0.1");
      socket.write(`GET ${url.pathname} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
      return socket;
    });
    for (const socket of slow) {
      await once(socket, "data");
      socket.pause();
    }
    const third = await fetch(url);
    expect(third.status).toBe(429);
    expect((await third.json()) as unknown).toMatchObject({ code: "TOO_MANY_EXPORTS" });
    const page = await fetch(`${server.address}/api/v1/showback`);
    expect(page.status).toBe(200);
    for (const socket of slow) socket.destroy();
    let status = 429;
    for (let attempt = 0; attempt < 50 && status === 429; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const again = await fetch(`${server.address}/api/v1/exports/statement.csv`);
      status = again.status;
      await again.text();
    }
    expect(status).toBe(200);
  });

  it("serves thousands of requests on one connection without piling up listeners", async () => {
    const warnings: string[] = [];
    const listen = (warning: Error) => warnings.push(warning.name);
    process.on("warning", listen);
    for (let i = 0; i < 300; i++)
      await (await fetch(`${server.address}/api/v1/showback`)).arrayBuffer();
    process.off("warning", listen);
    expect(warnings).toEqual([]);
  });

  it("refuses to listen beyond loopback without sign-in, and says which port is taken", async () => {
    const { config } = await demoHome();
    const run = (...args: string[]) =>
      new Promise<{ code: number | null; err: string }>((resolve) => {
        const child = spawn(
          process.execPath,
          [join(ROOT, "bin/apportion.js"), "serve", "--config", config, ...args],
          { stdio: ["ignore", "ignore", "pipe"] },
        );
        let err = "";
        child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
        child.on("exit", (code) => resolve({ code, err }));
      });
    const open = await run("--host", "0.0.0.0");
    expect(open).toMatchObject({
      code: 2,
      err: expect.stringMatching(/0\.0\.0\.0: without sign-in only loopback/) as string,
    });
    const busy = await run("--port", new URL(server.address).port);
    expect(busy).toMatchObject({
      code: 2,
      err: expect.stringMatching(/port \d+ on 127\.0\.0\.1 is taken/) as string,
    });
  });
});
