import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { simpleParser, type ParsedMail } from "mailparser";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { expect, onTestFinished, test } from "vitest";
import { NEW_LIFE } from "../../analysis/lifecycle/life.ts";
import type { Recorded } from "../../analysis/lifecycle/record.ts";
import { messageOf, webhookBody } from "../../api/notify/message.ts";
import { type Channels, sendMessage } from "../../api/notify/send.ts";
import { HOSTILE, shown } from "./hostile.ts";

function message(name = "old-shop", evidence = "no pod ran in 30 days") {
  const namespace: Recorded = {
    key: { cluster: "prod", name, uid: "11111111-aaaa" },
    life: { ...NEW_LIFE, state: "confirmed", dormantSince: "2026-06-01T00:00:00.000Z" },
    events: [],
    seen: {
      at: "2026-09-01T00:00:00.000Z",
      created: "2025-01-01T00:00:00.000Z",
      labels: {},
      annotations: {},
      hash: "h",
      team: "shop",
      owners: ["p_1"],
      cost: { month: "2026-08", currency: "EUR", amount: "1234.5" },
      creator: {
        person: "p_1",
        team: "shop",
        confidence: "high",
        link: "annotation",
        evidence,
        links: [],
      },
      assessment: {
        verdict: "dormant",
        why: "",
        protection: null,
        gitops: null,
        lastActivity: null,
        signals: [{ signal: "pods", holds: true, evidence }],
        holds: { volumes: 2, loadBalancers: 1, workloads: 3, isEmpty: false },
      },
    },
  };
  return messageOf({
    namespace,
    step: 30,
    deadline: "2026-10-01T00:00:00.000Z",
    keep: "https://apportion.example.org/respond?token=a.b",
    snooze: "https://apportion.example.org/respond?token=c.d",
    isDeletionOn: true,
  });
}

async function smtp(options: SMTPServerOptions = {}) {
  const mails: { to: string[]; mail: ParsedMail; raw: string }[] = [];
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    logger: false,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const raw = Buffer.concat(chunks).toString("utf8");
        void simpleParser(raw).then((mail) => {
          mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), mail, raw });
          done();
        });
      });
    },
    ...options,
  });
  server.on("error", () => {});
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.server.address() as AddressInfo;
  const channels: Channels = {
    mail: {
      host: "127.0.0.1",
      port,
      from: "apportion@example.org",
      tls: "none",
      user: null,
      password: null,
    },
    webhooks: [],
  };
  return { mails, channels };
}

test("a message arrives in text and HTML, with cost, evidence and its two links, once by its id", async () => {
  const { mails, channels } = await smtp();
  expect(await sendMessage(channels, "ann@example.org", message())).toEqual({
    problem: null,
    notes: [],
  });
  const [one] = mails;
  expect(one?.to).toEqual(["ann@example.org"]);
  expect(one?.mail.subject).toBe("Namespace prod/old-shop: still needed? (T-30, 2026-10-01)");
  for (const body of [one?.mail.text, one?.mail.html]) {
    expect(body).toContain("1234.5 EUR in 2026-08");
    expect(body).toContain("no pod ran in 30 days");
    expect(body).toContain("https://apportion.example.org/respond?token");
    expect(body).toContain("token=c.d");
  }
  expect(one?.mail.messageId).toBe("<11111111-aaaa.2026-06-01.T-30@example.org>");
  expect(one?.mail.headers.get("auto-submitted")).toBe("auto-generated");
});

test.each<[string, SMTPServerOptions, RegExp]>([
  [
    "defers",
    {
      onRcptTo: (_a, _s, done) =>
        done(Object.assign(new Error("try later"), { responseCode: 451 })),
    },
    /451/,
  ],
  [
    "refuses",
    {
      onRcptTo: (_a, _s, done) =>
        done(Object.assign(new Error("unknown user"), { responseCode: 550 })),
    },
    /550/,
  ],
  [
    "refuses the message",
    {
      onData: (stream, _s, done) => {
        stream.resume();
        stream.on("end", () => done(Object.assign(new Error("spam"), { responseCode: 554 })));
      },
    },
    /554/,
  ],
])("a server that %s is a problem, which stops the clock", async (_, options, problem) => {
  const { mails, channels } = await smtp(options);
  const sent = await sendMessage(channels, "ann@example.org", message());
  expect(sent.problem).toMatch(problem);
  expect(mails).toEqual([]);
});

test("a server that drops the connection, is not there, or an owner without an address is a problem", async () => {
  const dropping = await smtp({
    onMailFrom: (_address, session) => void session,
    onConnect: (_session, done) => done(),
  });
  const { createServer: tcp } = await import("node:net");
  const server = tcp((socket) => {
    socket.write("220 hello\r\n");
    socket.once("data", () => socket.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const at = (port: number): Channels => ({
    ...dropping.channels,
    mail: { ...(dropping.channels.mail as NonNullable<Channels["mail"]>), port },
  });
  const { port } = server.address() as AddressInfo;
  expect((await sendMessage(at(port), "ann@example.org", message())).problem).toMatch(
    /127\.0\.0\.1/,
  );
  expect((await sendMessage(at(1), "ann@example.org", message())).problem).toMatch(/ECONNREFUSED/);
  expect((await sendMessage(at(port), "", message())).problem).toMatch(/no e-mail address/);
  expect(
    (await sendMessage({ mail: null, webhooks: [] }, "ann@example.org", message())).problem,
  ).toMatch(/no way/);
});

test.each(Object.entries(HOSTILE))(
  "a hostile name is text in every part of a mail: %s",
  async (_, name) => {
    const { mails, channels } = await smtp();
    await sendMessage(channels, "ann@example.org", message(name, name));
    const [one] = mails;
    expect(one?.to).toEqual(["ann@example.org"]);
    expect(one?.mail.bcc).toBeUndefined();
    expect(one?.mail.headerLines.filter(({ key }) => key === "bcc")).toEqual([]);
    expect(one?.mail.subject).not.toMatch(/[\r\n\u202e]/);
    expect(one?.mail.html).not.toMatch(/<img|<b>two|\u202e/);
    expect(one?.mail.text).not.toContain("\u202e");
    expect(one?.mail.text?.replaceAll("\n", "")).toContain(shown(name));
  },
);

test("an address with more than one recipient in it is sent to none", async () => {
  const { mails, channels } = await smtp();
  for (const to of [
    "ann@example.org, eve@example.org",
    "ann@example.org\r\nBcc: eve@example.org",
    "Ann <ann@example.org>",
  ])
    expect((await sendMessage(channels, to, message())).problem).toMatch(/no e-mail address/);
  expect(mails).toEqual([]);
});

async function hook(status: number, location?: string) {
  const bodies: { body: Record<string, unknown>; authorization: string | undefined }[] = [];
  const server: Server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      bodies.push({
        body: JSON.parse(text) as Record<string, unknown>,
        authorization: request.headers.authorization,
      });
      response.writeHead(status, location === undefined ? {} : { location }).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

test("webhooks get the bodies that Slack, Teams and ServiceNow take; a refusal is a problem", async () => {
  const good = await hook(200);
  const channels = (form: string, url = good.url): Channels => ({
    mail: null,
    webhooks: [{ url, form, token: "t0ken" }],
  });
  for (const form of ["slack", "teams", "servicenow", "json"])
    expect(
      (await sendMessage(channels(form), "ann@example.org", message("<!channel>"))).problem,
    ).toBeNull();
  const [slack, teams, servicenow, json] = good.bodies.map(({ body }) => body);
  expect(slack?.["text"]).toContain("prod/&lt;!channel&gt;");
  expect(slack?.["blocks"]).toMatchObject([{ type: "section", text: { type: "plain_text" } }]);
  expect(teams).toMatchObject({
    type: "message",
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        content: { type: "AdaptiveCard", version: "1.4" },
      },
    ],
  });
  expect(servicenow).toMatchObject({
    category: "cloud",
    urgency: "3",
    correlation_display: "Apportion",
    correlation_id: "11111111-aaaa.2026-06-01.T-30",
  });
  expect(String(servicenow?.["short_description"]).length).toBeLessThanOrEqual(160);
  expect(json).toMatchObject({
    namespace: "prod/<!channel>",
    step: 30,
    cost: "1234.5 EUR in 2026-08",
  });
  expect(good.bodies.every(({ authorization }) => authorization === "Bearer t0ken")).toBe(true);

  const bad = await hook(500);
  expect((await sendMessage(channels("slack", bad.url), "", message())).problem).toMatch(
    /HTTP 500/,
  );
  const elsewhere = await hook(302, good.url);
  const before = good.bodies.length;
  expect(
    (await sendMessage(channels("json", elsewhere.url), "", message())).problem,
  ).not.toBeNull();
  expect(good.bodies).toHaveLength(before);
});

test("a refused webhook beside an accepted mail is told and stops nothing", async () => {
  const { channels } = await smtp();
  const bad = await hook(500);
  const sent = await sendMessage(
    { ...channels, webhooks: [{ url: bad.url, form: "json", token: null }] },
    "ann@example.org",
    message(),
  );
  expect(sent.problem).toBeNull();
  expect(sent.notes[0]).toMatch(/HTTP 500/);
});

test.each(Object.entries(HOSTILE))("a hostile name is text in every webhook: %s", (_, name) => {
  const text = JSON.stringify(
    ["slack", "teams", "servicenow", "json"].map((form) =>
      webhookBody(form, message(name, name), "x"),
    ),
  );
  expect(text).not.toMatch(/\u202e/);
  expect(JSON.stringify(webhookBody("slack", message(name, name), "x"))).not.toMatch(/<img|<b>two/);
});
