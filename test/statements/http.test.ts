import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROLES } from "../../analysis/principal.ts";
import { closeInChild } from "../../api/commands/close-child.ts";
import type {
  Closed,
  StatementDiff,
  StatementMonth,
  Statements,
} from "../../api/schemas/statements.ts";
import { type RunningServer, startServer } from "../../api/server.ts";
import { homePaths } from "../../data/files.ts";
import { Register } from "../../data/register.ts";
import { auditRows, verifyRegister } from "../../data/register/audit.ts";
import { readListSync } from "../../data/published.ts";
import { command } from "../durability/company.ts";
import { type Post, startPost } from "../post.ts";
import { csvRows, makeBooks, MONTH, RESTATED, run, sumOf, writeBill } from "./books.ts";

let root: string;
let folder: string;
let server: RunningServer;
let told: { status: number; bodies: string[] };
let webhook: ReturnType<typeof createServer>;
let mailbox: Post;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "apportion-statements-"));
  told = { status: 503, bodies: [] };
  webhook = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      told.bodies.push(body);
      response.writeHead(told.status).end();
    });
  });
  webhook.listen(0, "127.0.0.1");
  await once(webhook, "listening");
  mailbox = await startPost();
  folder = await makeBooks(
    join(root, "books"),
    `checks: { settledAfterDays: 0 }
months: { notify: { webhook: '\${file:./webhook}', mail: [finance@example.org, audit@example.org] } }
namespaces: { notify: { mail: { host: 127.0.0.1, port: ${mailbox.port}, from: apportion@example.org, tls: none } } }
`,
  );
  await writeFile(
    join(folder, "webhook"),
    `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/finance\n`,
  );
  await run(folder, "run");
  server = await startServer({
    paths: homePaths(join(folder, "home")),
    sources: [{ name: "bill", type: "focus" }],
    currency: "EUR",
    host: "127.0.0.1",
    port: 0,
    pages: null,
    now: () => new Date(process.env["APPORTION_NOW"] ?? ""),
    close: closeInChild(join(folder, "apportion.yaml")),
    log: "silent",
  });
});
afterAll(async () => {
  await server?.close();
  webhook?.close();
  await mailbox?.stop();
  await rm(root, { recursive: true, force: true });
});

const get = (path: string) => fetch(`${server.address}/api/v1/${path}`);
const bytes = async (path: string) => Buffer.from(await (await get(path)).arrayBuffer());
async function month(): Promise<StatementMonth> {
  const { data } = (await (await get(`statements?month=${MONTH}`)).json()) as Statements;
  expect(data).toHaveLength(1);
  return data[0] as StatementMonth;
}
async function post(body: object): Promise<{ status: number; body: Closed & { code?: string } }> {
  const answer = await fetch(`${server.address}/api/v1/statements`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Closed & { code?: string } };
}
function register<T>(use: (register: Register) => T): T {
  const open = new Register(homePaths(join(folder, "home")).register);
  try {
    return use(open);
  } finally {
    open.close();
  }
}

describe("statements over HTTP", () => {
  let first: Buffer;

  it("says what is open before a month is closed", async () => {
    expect(await month()).toMatchObject({
      state: "settled",
      statements: [],
      restated: null,
      totals: [{ currency: "EUR", effective: "14.670000000000000001" }, { currency: "USD" }],
      questions: [{ kind: "unowned", blocks: false, amount: "7.77", currency: "EUR" }],
    });
  });

  it("closes on POST, and the month, its ETag and its statement follow at once", async () => {
    const before = await get(`showback?month=${MONTH}`);
    const { status, body } = await post({ month: MONTH });
    expect([status, body.data.number, body.data.outcome]).toEqual([201, 1, "closed"]);
    const after = await get(`showback?month=${MONTH}`);
    expect(after.headers.get("etag")).not.toBe(before.headers.get("etag"));
    expect(((await after.json()) as { meta: { state: string } }).meta.state).toBe("closed");
    expect(await month()).toMatchObject({ state: "closed", statements: [{ number: 1 }] });
    const answer = await get(`statements/${MONTH}/1.csv`);
    expect(answer.headers.get("etag")).toBe(`"${body.data.sha256}"`);
    first = Buffer.from(await answer.arrayBuffer());
    expect(first).toEqual(await readFile(join(folder, "home/statements", MONTH, "1.csv")));
    expect(await bytes(`exports/statement.csv?month=${MONTH}`)).toEqual(first);
    expect(await bytes(`exports/statement.csv?month=${MONTH}&number=1`)).toEqual(first);
    const live = csvRows(await bytes(`exports/statement.csv?month=${MONTH}&live=true`));
    expect(live[0]).toMatchObject({ StatementNumber: "", State: "settled" });
    const row = register((open) => auditRows(open, { subject: `month:${MONTH}` })).find(
      ({ action }) => action === "statement.close",
    );
    expect(row).toMatchObject({ action: "statement.close", actor: "local", role: ROLES.join(",") });
  });

  it("closes the same figures once", async () => {
    const { status, body } = await post({ month: MONTH });
    expect([status, body.data.number, body.data.outcome]).toEqual([200, 1, "unchanged"]);
  });

  it("refuses what is no month, no number, and what it does not know", async () => {
    expect((await post({ month: "2020-01" })).status).toBe(404);
    expect((await post({ month: "August" })).status).toBe(400);
    expect((await post({ month: MONTH, reason: "" })).status).toBe(400);
    expect((await post({ month: MONTH, force: true })).body.code).toBe("UNKNOWN_PARAMETER");
    for (const path of ["2.csv", "1/diff", "1/diff.csv", "9/diff-lines.csv"])
      expect([path, (await get(`statements/${MONTH}/${path}`)).status]).toEqual([path, 404]);
    for (const path of ["0.csv", "1e1.csv", "..%2f1.csv", "1.json", "1.duckdb"])
      expect([400, 404]).toContain((await get(`statements/${MONTH}/${path}`)).status);
    expect((await get(`statements/..%2f..%2f${MONTH}/1.csv`)).status).toBe(400);
    expect((await get(`exports/lines.csv?month=${MONTH}&number=1`)).status).toBe(400);
    expect((await get(`exports/statement.csv?month=${MONTH}&number=1&live=true`)).status).toBe(400);
  });

  it("a restated month says by how much; finance is told, and told again where it was not", async () => {
    await writeBill(folder, RESTATED);
    const built = await command(folder, "run");
    expect(built.code).toBe(0);
    expect(built.err).toMatch(
      /2026-08: closed as no\. 1 and restated; .*makes no\. 2 \(finance was not told: .* answered 503/,
    );
    told.status = 200;
    mailbox.refuses = "audit@example.org";
    expect((await command(folder, "build")).code).toBe(0);
    mailbox.refuses = "";
    await run(folder, "build");
    await run(folder, "build");
    // Until both ways took it, and not once more; a mail that comes twice is the same message.
    expect(told.bodies).toHaveLength(3);
    expect(mailbox.mails.map(({ to }) => to)).toEqual([
      "finance@example.org",
      "audit@example.org",
      "finance@example.org",
      "finance@example.org",
      "audit@example.org",
    ]);
    expect(new Set(mailbox.mails.map(({ mail }) => mail.messageId)).size).toBe(1);
    expect(mailbox.mails[0]?.mail.subject).toBe(`${MONTH} was restated after it was closed`);
    expect(mailbox.mails[0]?.mail.text).toContain("restated: 4.450000000000000002 EUR");
    expect(JSON.parse(told.bodies[1] ?? "")).toMatchObject({
      month: MONTH,
      number: 1,
      changes: [{ currency: "EUR", effective: "4.450000000000000002" }],
      text: expect.stringContaining("restated: 4.450000000000000002 EUR") as string,
    });
    await server.refresh();
    expect(await month()).toMatchObject({
      state: "closed",
      restated: [{ currency: "EUR", effective: "4.450000000000000002" }],
    });
    expect(await bytes(`exports/statement.csv?month=${MONTH}`)).toEqual(first);
  });

  it("closed again: no. 2 with a diff by team and service that adds up; no. 1 is the same bytes", async () => {
    expect((await post({ month: MONTH })).body.data).toMatchObject({
      number: 2,
      outcome: "closed",
    });
    const second = csvRows(await bytes(`statements/${MONTH}/2.csv`));
    const difference =
      sumOf(second, "EffectiveCost", "EUR") - sumOf(csvRows(first), "EffectiveCost", "EUR");
    expect(difference).toBe(4_450_000_000_000_000_002n);
    const diff = (await (await get(`statements/${MONTH}/2/diff`)).json()) as StatementDiff;
    expect(diff.data.map(({ team, service, effective }) => [team, service, effective])).toEqual([
      ["claims", "Storage", "0.000000000000000002"],
      ["claims", "Virtual Machines", "-0.1"],
      ["data", "Storage", "4.55"],
    ]);
    for (const name of ["diff.csv", "diff-lines.csv"])
      expect(
        sumOf(csvRows(await bytes(`statements/${MONTH}/2/${name}`)), "EffectiveCostChange", "EUR"),
      ).toBe(difference);
    expect(await bytes(`statements/${MONTH}/1.csv`)).toEqual(first);
    expect(await month()).toMatchObject({
      restated: null,
      statements: [
        { number: 2, change: [{ currency: "EUR", effective: "4.450000000000000002" }] },
        { number: 1, change: null },
      ],
    });
  });

  it("left on record who closed, what each build was made from, and heads to check the log by", async () => {
    const all = register((open) => auditRows(open));
    const rows = all.filter(({ action }) => !action.startsWith("export."));
    expect(all.length).toBeGreaterThan(rows.length);
    expect(rows.map(({ action }) => action)).toEqual([
      "build.publish",
      "statement.close",
      "build.publish",
      "month.restate",
      "statement.close",
    ]);
    const details = JSON.parse(rows[2]?.details ?? "") as {
      method: string;
      months: { month: string; causes: Record<string, string> }[];
    };
    expect(details.months[0]).toMatchObject({ month: MONTH });
    expect(Object.keys(details.months[0]?.causes ?? {}).toSorted()).toEqual([
      "configuration",
      "import",
      "method",
      "rules",
      "usage",
    ]);
    const { audit } = readListSync(homePaths(join(folder, "home")));
    expect(audit?.rows).toBeGreaterThan(1);
    expect(audit?.hash).toBe(all[(audit?.rows ?? 0) - 1]?.hash);
    expect(register((open) => verifyRegister(open)).broken).toBe(null);
  });
});

it("a server that was given no way to close says where months are closed", async () => {
  const other = await startServer({
    paths: homePaths(join(folder, "home")),
    sources: [],
    currency: "EUR",
    host: "127.0.0.1",
    port: 0,
    pages: null,
    now: () => new Date(),
    log: "silent",
  });
  try {
    const answer = await fetch(`${other.address}/api/v1/statements`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ month: MONTH }),
    });
    expect(answer.status).toBe(405);
  } finally {
    await other.close();
  }
});
