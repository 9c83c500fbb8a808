import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../../api/config.ts";
import { startServer } from "../../../api/server.ts";
import { homePaths, readerTemporary } from "../../../data/files.ts";
import { guardedLookup, isNeverCalled } from "../../../data/outward.ts";
import { Pool } from "../../../data/pool.ts";
import { openReadOnly } from "../../../data/warehouse.ts";
import { cli, withFolder } from "../../home.ts";
import { Watched } from "../crowd.ts";
import { FOREIGN } from "./company.ts";
import { Browser, sent } from "./provider.ts";
import { type Running, startRunning } from "./running.ts";

/** Rows of the attack table, each against a server on a port, with sign-in. */

const json = { accept: "application/json" };
let running: Running;
let viewer: Record<string, string>;
let finance: Record<string, string>;
beforeAll(async () => {
  running = await startRunning({ pages: true });
  viewer = { ...json, ...running.company.as("viewer", ["viewer"], ["shop"]) };
  finance = { ...json, ...running.company.as("finance", ["finance"], null) };
});
afterAll(() => running?.close());

const get = (path: string, headers: Record<string, string> = viewer) =>
  sent(running.address + path, { headers });

/** What a server answers to just these bytes. */
function raw(bytes: string): Promise<string> {
  const { port, hostname } = new URL(running.address);
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(Number(port), hostname === "localhost" ? "127.0.0.1" : hostname, () =>
      socket.write(bytes),
    );
    socket.setTimeout(5000, () => socket.destroy());
    socket.on("data", (part) => (text += part.toString("latin1")));
    socket.on("close", () => resolve(text));
    socket.on("error", (error) => (text === "" ? reject(error) : resolve(text)));
  });
}
const host = () => new URL(running.address).host;
const statusOf = (text: string) => Number(/^HTTP\/1\.\d (\d{3})/.exec(text)?.[1]);

describe("row 31: addresses that are never called", () => {
  it.each([
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "168.63.129.16",
    "100.100.100.200",
    "fe80::1",
    "fd00:ec2::254",
    "0.0.0.0",
    "::",
    "224.0.0.1",
  ])("%s", (address) => expect(isNeverCalled(address)).toBe(true));
  it.each(["10.1.2.3", "192.168.0.1", "127.0.0.1", "::1", "52.1.2.3", "2603:1030::1"])(
    "%s may be",
    (address) => expect(isNeverCalled(address)).toBe(false),
  );
  it("a name is judged by what it resolves to when it is called, each time (rebinding)", async () => {
    const answers = ["10.0.0.1", "169.254.169.254"];
    const resolve = ((_: string, __: unknown, done: (e: null, a: unknown) => void) =>
      done(null, [{ address: answers.shift() ?? "", family: 4 }])) as never;
    const look = () =>
      new Promise((done) =>
        guardedLookup(
          "rebound.example",
          {},
          (error, address) => done(error?.message ?? address),
          resolve,
        ),
      );
    expect(await look()).toBe("10.0.0.1");
    expect(await look()).toMatch(/rebound\.example \(169\.254\.169\.254\).*never called/);
  });
});

describe("row 31: a configured source", () => {
  it.each([
    "http://169.254.169.254/prometheus",
    "http://[::ffff:169.254.169.254]",
    "http://2852039166",
    "http://0xa9fea9fe",
    "file:///etc/passwd",
    "gopher://localhost",
  ])("%s is not read, and the error says why", async (url) => {
    await withFolder(async (folder) => {
      const file = join(folder, "apportion.yaml");
      await writeFile(
        file,
        `home: ./home\nsources:\n  - { type: prometheus, name: usage, cluster: prod, url: "${url}" }\n`,
      );
      const { code, err, out } = await cli(["ingest", "--config", file]);
      expect([2, 3], out + err).toContain(code);
      expect(out + err).toMatch(/never called|url/);
    });
  });
});

describe("row 35: another team's", () => {
  it.each([
    ["/api/v1/showback?team=beta", 403],
    ["/api/v1/showback?team=nobody", 403],
    ["/api/v1/showback?team=SHOP", 403],
    ["/api/v1/showback?team=shop%00", 403],
    ["/api/v1/showback?team=shop%00beta", 403],
    ["/api/v1/showback?team=__unowned__", 403],
    ["/api/v1/showback?team=", 403],
    ["/api/v1/showback?team[]=shop&team[]=beta", 400],
    ["/api/v1/showback?team=shop&team=beta", 400],
    ["/api/v1/exports/statement.csv?team=beta", 403],
    ["/api/v1/exports/lines.csv?team=beta", 403],
    ["/api/v1/exports/allocation.csv?team=beta", 403],
    ["/api/v1/explain?target=team:beta", 403],
    ["/api/v1/explain?target=bucket:__unowned__", 403],
    ["/api/v1/explain?target=namespace:prod/lab", 404],
    ["/api/v1/reconciliation", 403],
    ["/api/v1/sources", 403],
    ["/metrics", 403],
    ["/api/v1/access", 403],
    ["/api/v1/statements", 403],
    ["/api/v1/statements/2026-08/1.csv", 403],
    ["/api/v1/statements/2026-08/2/diff", 403],
    ["/api/v1/exports/statement.csv?month=2026-08&number=1", 404],
  ])("%s is %i", async (path, status) => {
    const answer = await get(path);
    const text = await answer.text();
    expect(answer.status, text).toBe(status);
    expect(FOREIGN.filter((word) => !path.includes(word) && text.includes(word))).toEqual([]);
  });

  it("totals, tops and what is left over are one's own: the rows add up to the total shown", async () => {
    for (const by of [
      "team",
      "businessUnit",
      "service",
      "environment",
      "cluster",
      "namespace",
      "resource",
    ]) {
      const answer = (await (
        await get(`/api/v1/showback?month=2026-08&by=${by}&limit=1000`)
      ).json()) as {
        data: { cost: string }[];
        meta: { total: string; companyTotal?: string };
      };
      const units = (text: string) => {
        const [, sign = "", whole = "", part = ""] = /^(-?)(\d+)\.?(\d*)$/.exec(text) ?? [];
        return BigInt(`${sign}${whole}${part.padEnd(18, "0")}`);
      };
      const sum = answer.data.reduce((all, row) => all + units(row.cost), 0n);
      expect(sum, by).toBe(units(answer.meta.total));
      expect(answer.meta.companyTotal).toBeUndefined();
    }
  });

  it("a link that finance made for itself gives the viewer what is the viewer's (cache key)", async () => {
    const path = "/api/v1/exports/lines.csv?month=2026-08";
    const all = await (await get(path, finance)).text();
    const own = await (await get(path)).text();
    expect(all).toContain("betamarkstore");
    expect(own).not.toContain("betamarkstore");
    expect(own.split("\n").length).toBeGreaterThan(2);
    const url = "/api/v1/showback?month=2026-08&by=service";
    for (const headers of [finance, viewer, finance, viewer]) {
      const text = await (await get(url, { ...headers, "accept-encoding": "identity" })).text();
      expect(text.includes("Betamark")).toBe(headers === finance);
    }
  });

  it("what shares are shares of is told to who sees all, and not to a team", async () => {
    const path = "/api/v1/explain?target=namespace:prod/shop&month=2026-08&limit=1000";
    type Lines = {
      data: {
        lines: {
          splitKind: string | null;
          whole: string | null;
          lineCost: string | null;
          weight: string | null;
        }[];
      };
    };
    const all = (await (await get(path, finance)).json()) as Lines;
    const own = (await (await get(path)).json()) as Lines;
    const divided = (lines: Lines) => lines.data.lines.filter((line) => line.splitKind !== null);
    expect(divided(all).length).toBeGreaterThan(0);
    expect(divided(all).every((line) => line.whole !== null && line.lineCost !== null)).toBe(true);
    expect(divided(own).length).toBeGreaterThan(0);
    expect(
      divided(own).every(
        (line) => line.whole === null && line.lineCost === null && line.weight !== null,
      ),
    ).toBe(true);
    const csv = await (await get("/api/v1/exports/allocation.csv?month=2026-08")).text();
    expect(csv).not.toContain("AllocatedRatio");
    expect(
      await (await get("/api/v1/exports/allocation.csv?month=2026-08", finance)).text(),
    ).toContain("AllocatedRatio");
  });
});

describe("row 36: roles", () => {
  it("finance is refused the state of the configuration; platform and auditor see it, without secrets", async () => {
    const refused = await get("/api/v1/access", finance);
    expect(refused.status).toBe(403);
    expect(await refused.text()).toMatch(/platform or auditor.*yours: finance/);
    for (const role of ["platform", "auditor"] as const) {
      const answer = await get("/api/v1/access", {
        ...json,
        ...running.company.as(role, [role], null),
      });
      expect(answer.status).toBe(200);
      const text = await answer.text();
      expect(text).toContain("finance-people");
      expect(text).not.toMatch(/a-secret|[0-9a-f]{64}|apt_/);
    }
  });
});

describe("row 39: sessions", () => {
  it("no other site reads an answer: there is no CORS, for null and preflights either", async () => {
    for (const origin of ["null", "https://evil.example", running.address]) {
      const answer = await get("/api/v1/showback", { ...viewer, origin });
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
      const preflight = await sent(`${running.address}/sign-out`, {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST" },
      });
      expect(preflight.status).toBe(404);
      expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
    }
  });
});

describe("row 40: headers", () => {
  it("forwarded headers change nothing where nobody is trusted", async () => {
    const spoofed = {
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "https",
      "x-forwarded-for": "127.0.0.1",
      forwarded: "for=127.0.0.1;host=evil.example",
    };
    expect((await get("/api/v1/me", { ...json, ...spoofed })).status).toBe(401);
    const browser = new Browser();
    const begun = await browser.go(`${running.address}/sign-in`, { headers: spoofed });
    expect(begun.headers.get("location")).toContain(encodeURIComponent(running.address));
    expect(begun.headers.get("location")).not.toContain("evil");
  });
  it("another Host is refused, for pages and sign-in as for figures", async () => {
    for (const path of ["/", "/sign-in", "/api/v1/showback", "/icon.svg"]) {
      const answer = await sent(running.address + path, { headers: { host: "evil.example" } });
      expect(answer.status, path).toBe(400);
    }
    expect(
      (await sent(`${running.address}/healthz`, { headers: { host: "10.2.3.4:8080" } })).status,
    ).toBe(200);
  });
  it.each([
    [
      "two lengths",
      () =>
        `POST /sign-out HTTP/1.1\r\nHost: ${host()}\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n{}`,
    ],
    [
      "length and chunks",
      () =>
        `POST /sign-out HTTP/1.1\r\nHost: ${host()}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      "a header of a megabyte",
      () => `GET /api/v1/me HTTP/1.1\r\nHost: ${host()}\r\nX-A: ${"a".repeat(1 << 20)}\r\n\r\n`,
    ],
    ["no Host", () => "GET /api/v1/me HTTP/1.1\r\nConnection: close\r\n\r\n"],
  ])("%s is refused", async (_, bytes) => {
    const text = await raw(bytes());
    expect([400, 431]).toContain(statusOf(text));
    expect(text).not.toMatch(/at \w+ \(|node_modules/);
  });
  it("HTTP/1.0 is answered as anybody is: without a session, 401", async () => {
    const text = await raw(`GET /api/v1/me HTTP/1.0\r\nHost: ${host()}\r\n\r\n`);
    expect(statusOf(text)).toBe(401);
  });
  it("a content type with a tab is no way around a check", async () => {
    const answer = await sent(`${running.address}/sign-out`, {
      method: "POST",
      headers: { ...viewer, "content-type": "application/json\t;" },
      body: "{not json",
    });
    expect([204, 400, 415]).toContain(answer.status);
    expect(await answer.text()).not.toMatch(/at \w+ \(/);
  });
});

describe("row 41: files", () => {
  it.each([
    "/..%2f..%2fetc/passwd",
    "/static//../config",
    "/%c0%ae%c0%ae/etc/passwd",
    "/assets/..%2f..%2f..%2fpackage.json",
    "/assets/%2e%2e/%2e%2e/package.json",
    "/index.js.map",
    "/.env",
    "/apportion.yaml",
    "/register.sqlite",
  ])("%s is not there", async (path) => {
    const { port } = new URL(running.address);
    const text = await raw(
      `GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`,
    );
    expect([400, 404]).toContain(statusOf(text));
    expect(text).not.toMatch(/root:|"dependencies"|sources:/);
  });
  it("scripts come without their sources", async () => {
    const files = await readdir(join(import.meta.dirname, "../../../dist/ui/assets"));
    expect(files.filter((name) => name.endsWith(".map"))).toEqual([]);
    for (const name of files.filter((name) => name.endsWith(".js")))
      expect((await get(`/assets/${name}.map`)).status).toBe(404);
  });
});

describe("row 42 and 43: too much", () => {
  it("of 50 exports at once two run, the others are told when to come again, and all ends", async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => get("/api/v1/exports/lines.csv?month=2026-08", finance)),
    );
    const busy = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    expect(busy.every(({ headers }) => Number(headers.get("retry-after")) > 0)).toBe(true);
    expect(answers.every(({ status }) => status === 200 || status === 429)).toBe(true);
    expect((await get("/api/v1/exports/lines.csv?month=2026-08", finance)).status).toBe(200);
  });
  it("who asks without end is slowed down by who they are, and nobody else with them", async () => {
    const slowed = await startRunning({ server: "  requestsPerMinute: 20\n" });
    try {
      const headers = { ...json, ...slowed.company.as("busy", ["viewer"], ["shop"]) };
      const other = { ...json, ...slowed.company.as("quiet", ["viewer"], ["shop"]) };
      const statuses: number[] = [];
      for (let i = 0; i < 25; i++)
        statuses.push((await sent(`${slowed.address}/api/v1/me`, { headers })).status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(20);
      expect(statuses.slice(20)).toEqual([429, 429, 429, 429, 429]);
      expect((await sent(`${slowed.address}/api/v1/me`, { headers: other })).status).toBe(200);
      // Guesses at a token, from one address.
      const guesses: number[] = [];
      for (let i = 0; i < 35; i++)
        guesses.push(
          (
            await sent(`${slowed.address}/api/v1/me`, {
              headers: {
                ...json,
                authorization: `Bearer apt_${"0".repeat(12)}_${"a".repeat(42)}${i % 10}`,
              },
            })
          ).status,
        );
      expect(new Set(guesses)).toEqual(new Set([401, 429]));
      expect((await sent(`${slowed.address}/healthz`, {})).status).toBe(200);
    } finally {
      await slowed.close();
    }
  });
  it.each([
    [
      "a sort",
      "SELECT last(a) AS l FROM (SELECT md5(CAST(i AS VARCHAR)) AS a FROM range(1000000) AS r(i) ORDER BY a LIMIT 900000 OFFSET 10)",
    ],
    [
      "a grouping",
      "SELECT count(*) AS n FROM (SELECT DISTINCT concat(md5(CAST(i AS VARCHAR)), md5(CAST(i + 1 AS VARCHAR))) FROM range(1000000) AS r(i))",
    ],
    [
      "a join",
      "SELECT count(*) AS n FROM (SELECT md5(CAST(i AS VARCHAR)) AS a FROM range(1000000) AS r(i)) AS x JOIN (SELECT md5(CAST(i AS VARCHAR)) AS b, md5(CAST(i + 9 AS VARCHAR)) AS c FROM range(1000000) AS s(i)) AS y ON x.a = y.b WHERE a <> c",
    ],
  ])(
    "%s that would fill the disk stops at what it may, by name, and the others go on",
    async (_, sql) => {
      const temp = join(running.company.home, "tmp", "spilled");
      const spill = 16;
      const pool = await Pool.open(
        await openReadOnly([], { memory: "48MB", threads: 2, temp, spill: `${spill}MB` }),
        { size: 2, deadline: 60_000 },
      );
      const watched = new Watched(join(running.company.home, "tmp"));
      try {
        const greedy = expect(pool.with(undefined, (session) => session.rows(sql))).rejects;
        const stopped = greedy.toMatchObject({
          code: "QUERY_TOO_LARGE",
          message: expect.stringContaining("more disk than all queries") as string,
        });
        const modest = () => pool.with(undefined, (session) => session.rows("SELECT 42 AS n"));
        expect(await modest()).toEqual([{ n: 42 }]);
        await stopped;
        expect(await modest()).toEqual([{ n: 42 }]);
      } finally {
        watched.end();
        await pool.close();
      }
      // It came near, or nothing was shown.
      expect(watched.most).toBeGreaterThan(spill << 19);
      expect(watched.most).toBeLessThanOrEqual(spill << 20);
      expect(await readdir(temp).catch(() => [])).toEqual([]);
    },
  );
  it("a grouping is one of a few, and so is how much of it", async () => {
    expect((await get("/api/v1/showback?by=tags")).status).toBe(400);
    expect((await get("/api/v1/showback?by=service,resource,day")).status).toBe(400);
    expect((await get("/api/v1/showback?by=resource&limit=100000")).status).toBe(400);
  });
});

describe("row 47: without sign-in", () => {
  it("nothing listens beyond this machine", async () => {
    const { config } = running.company;
    const open = (await readFile(config, "utf8")).replace(/^server:[^]*$/m, "");
    const file = `${config}.open.yaml`;
    await writeFile(file, open);
    for (const name of ["0.0.0.0", "::", "10.0.0.1"]) {
      const { code, err } = await cli(["serve", "--config", file, "--port", "0", "--host", name]);
      expect(code, name).toBe(2);
      expect(err).toMatch(/without sign-in only loopback is served.*server\.auth/);
    }
  });
});

describe("row 51: what is kept", () => {
  it("an answer is told apart by who asked: another's validator is not one's own, and caches are told so", async () => {
    const path = "/api/v1/showback?month=2026-08&by=service";
    const [all, own] = [await get(path, finance), await get(path)];
    const [theirs, mine] = [all, own].map(({ headers }) => headers.get("etag") ?? "");
    expect(theirs).not.toBe(mine);
    expect((await get(path, { ...viewer, "if-none-match": theirs ?? "" })).status).toBe(200);
    expect((await get(path, { ...viewer, "if-none-match": mine ?? "" })).status).toBe(304);
    for (const name of ["accept", "authorization", "cookie"])
      expect(own.headers.get("vary")).toContain(name);
  });
  it("no answer with figures may be kept, whoever asks next at the same address", async () => {
    const browser = new Browser();
    await browser.signIn(`${running.address}/`, "ann");
    for (const path of [
      "/",
      "/team/shop",
      "/api/v1/showback",
      "/api/v1/exports/statement.csv",
      "/api/v1/me",
      "/allocation?window=lastmonth",
    ]) {
      const answer = await browser.go(running.address + path);
      expect(answer.status, path).toBe(200);
      expect(answer.headers.get("cache-control"), path).toBe("no-store");
    }
  });
});

describe("row 52: what a page may do", () => {
  const POLICY =
    "default-src 'self';script-src 'self';style-src 'self';img-src 'self' data:;object-src 'none';base-uri 'none';form-action 'self';frame-ancestors 'none'";
  it("every page, refusals and sign-in too: nothing inline, nothing foreign, no frame", async () => {
    for (const path of [
      "/",
      "/team/beta",
      "/signed-out",
      "/sign-in/callback?state=x",
      "/nowhere",
      "/sign-in.css",
    ]) {
      const answer = await get(path, { ...viewer, accept: "text/html" });
      const text = await answer.text();
      expect(answer.headers.get("content-security-policy"), path).toBe(POLICY);
      expect(answer.headers.get("x-frame-options")).toBe("DENY");
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
      expect(text).not.toMatch(
        /<style|\sstyle=|\son\w+=|<script(?![^>]*(?:src=|application\/json))/,
      );
    }
  });
  it("https is kept to where it is the address", async () => {
    const answer = await get("/signed-out");
    expect(answer.headers.get("strict-transport-security")).toBeNull();
  });
});

describe("row 53: a copy of what is on disk", () => {
  it("holds nothing of a server that crashed: what it had spilled is gone when the next one answers", async () => {
    const { home, config } = running.company;
    const gone = spawn(process.execPath, ["--version"], { stdio: "ignore" });
    await once(gone, "exit");
    const folderOf = (pid: number) =>
      basename(readerTemporary(homePaths(home))).replace(`-${process.pid}-`, `-${pid}-`);
    const [left, living] = [folderOf(gone.pid ?? 0), folderOf(process.pid)];
    for (const name of [left, living]) {
      await mkdir(join(home, "tmp", name));
      await writeFile(join(home, "tmp", name, "duckdb_temp_storage-0.tmp"), "money");
    }
    const { sources, build } = readConfig(config);
    const next = await startServer({
      paths: homePaths(home),
      sources,
      currency: build.currency,
      host: "127.0.0.1",
      port: 0,
      pages: null,
      now: () => new Date(),
      log: "silent",
    });
    try {
      expect((await sent(`${next.address}/healthz`, {})).status).toBe(200);
      const names = await readdir(join(home, "tmp"));
      expect(names).not.toContain(left);
      expect(names).toContain(living);
    } finally {
      await next.close();
      await rm(join(home, "tmp", living), { recursive: true });
    }
  });
  it("is readable to its owner alone", async () => {
    const { home } = running.company;
    for (const entry of await readdir(home, { recursive: true })) {
      const { mode } = await stat(join(home, entry));
      if (/register\.sqlite/.test(entry) || entry.endsWith(".duckdb"))
        expect(mode & 0o077, entry).toBe(0);
    }
    expect((await stat(home)).mode & 0o077).toBe(0);
  });
  it("opens nothing: whatever stands in the register is neither a token nor a session", async () => {
    const browser = new Browser();
    await browser.signIn(`${running.address}/`, "ann");
    const found = new Set<string>();
    for (const end of ["", "-wal"]) {
      const text = (await readFile(join(running.company.home, `register.sqlite${end}`))).toString(
        "latin1",
      );
      for (const [word] of text.matchAll(/[A-Za-z0-9_-]{40,}/g)) found.add(word);
    }
    expect(found.size).toBeGreaterThan(0);
    for (const word of [...found].slice(0, 200)) {
      const cookie = await sent(`${running.address}/api/v1/me`, {
        headers: { ...json, cookie: `__Host-apportion=${word.slice(0, 64)}` },
      });
      expect(cookie.status).toBe(401);
      const short = word.slice(0, 43);
      const [id] = /[0-9a-f]{12}/.exec(word) ?? ["0".repeat(12)];
      const bearer = await sent(`${running.address}/api/v1/me`, {
        headers: { ...json, authorization: `Bearer apt_${id}_${short}` },
      });
      expect([401, 429]).toContain(bearer.status);
    }
  });
});
