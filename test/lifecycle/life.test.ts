import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LifeHome } from "./home.ts";
import { DELETION, serve, toNotified, writes } from "./road.ts";
import { smtp } from "./smtp.ts";

test("the whole life through the command line: told, approved, asleep, backed up, deleted, restored", async () => {
  const { mails, mood, notify } = await smtp();
  const home = await LifeHome.make(DELETION + notify("https://apportion.example.org"));
  await home.look();
  expect(await home.state("old-shop")).toBe("active");

  home.pass(35);
  const first = await home.look();
  expect(first.told).toMatch(/6 namespaces looked at/);
  expect(await home.state("old-shop")).toBe("candidate");
  expect(await home.state("busy")).toBe("active");
  expect(await home.state("kube-system")).toBe("active");
  home.pass(7);
  await home.look();
  home.pass(8);
  await home.look();
  expect(await home.state("old-shop")).toBe("confirmed");
  expect(await home.state("orphan")).toBe("confirmed");

  const dry = await home.run("notify");
  expect(mails).toHaveLength(0);
  mood.is = "defers";
  const failed = await home.run("notify", "--yes");
  expect([failed.code, await home.state("old-shop")]).toEqual([3, "confirmed"]);
  mood.is = "takes";
  const sent = await home.run("notify", "--yes");
  const messages = (text: string) => text.match(/prod\/\S+ +T-\d+/g);
  expect(messages(sent.out)).toEqual(messages(dry.out));
  // One a namespace that somebody owns; nobody's are told to nobody.
  expect(mails).toHaveLength(3);
  expect([await home.state("old-shop"), await home.state("orphan")]).toEqual([
    "notified",
    "confirmed",
  ]);

  const early = await home.run("quarantine", "prod/old-shop", "--yes");
  expect(early).toMatchObject({ code: 1 });
  expect(early.told).toMatch(/it is notified, not approved/);
  const stranger = await home.run(
    "approve",
    "prod/old-shop",
    "--as",
    "owner",
    "--by",
    "eve@example.org",
  );
  expect(stranger.told).toMatch(/only its owner approves as the owner/);
  expect(
    (await home.run("approve", "prod/old-shop", "--as", "owner", "--by", "ann@example.org")).code,
  ).toBe(0);
  const twice = await home.run(
    "approve",
    "prod/old-shop",
    "--as",
    "second",
    "--by",
    "ann@example.org",
  );
  expect(twice.told).toMatch(/another than the first/);
  // Another's name, typed by the one who typed the first.
  const word = await home.run(
    "approve",
    "prod/old-shop",
    "--as",
    "second",
    "--by",
    "bob@example.org",
  );
  expect(word.told).toMatch(/typed by the same person/);
  home.user = "local:bob";
  expect(
    (await home.run("approve", "prod/old-shop", "--as", "second", "--by", "bob@example.org")).code,
  ).toBe(0);
  home.user = "local:root";
  const shown = JSON.parse((await home.run("show", "prod/old-shop", "--format", "json")).out) as {
    approvals: object[];
  };
  expect(shown.approvals).toMatchObject([
    { as: "owner", by: "ann@example.org", onTheWordOf: "local:root" },
    { as: "second", by: "bob@example.org", onTheWordOf: "local:bob" },
  ]);

  expect(writes(home)).toEqual([]);
  const would = await home.run("quarantine", "prod/old-shop");
  expect(writes(home)).toEqual([]);
  const did = await home.run("quarantine", "prod/old-shop", "--yes");
  expect(did.out).toBe(would.out);
  expect(did.out).toContain("replicas 2 to 0");
  expect(await home.state("old-shop")).toBe("quarantined");
  const soon = await home.run("delete", "prod/old-shop", "--yes");
  expect(soon.told).toMatch(/its quarantine lasts until/);

  for (const days of [16, 7, 6, 1.5]) {
    home.pass(days);
    // What is deleted is looked at last; until then only the clock passes.
    if (days < 2) await home.look();
    await home.run("notify", "--yes");
  }
  const wouldDelete = await home.run("delete", "prod/old-shop");
  expect(wouldDelete).toMatchObject({ code: 0 });
  const before = writes(home).length;
  expect(await home.state("old-shop")).toBe("quarantined");
  const deleted = await home.run("delete", "prod/old-shop", "--yes");
  expect(deleted).toMatchObject({ code: 0 });
  expect(deleted.out).toBe(wouldDelete.out);
  expect(writes(home).slice(before)).toEqual(["DELETE /api/v1/namespaces/old-shop"]);
  expect(await home.state("old-shop")).toBe("deleted");

  const restored = await home.run("restore", "prod/old-shop", "--yes");
  expect(restored.code).toBe(0);
  const web = home.cluster.store.get(home.cluster.store.ofKind("Deployment"), "web", "old-shop");
  expect(web["spec"]).toMatchObject({ replicas: 2 });
  const verified = await home.run("audit", "--verify");
  expect(verified).toMatchObject({ code: 0 });
  const chain = await home.run("audit", "prod/old-shop");
  for (const action of [
    "delivered",
    "undelivered",
    "approved",
    "quarantined",
    "backed-up",
    "deleted",
    "restored",
  ])
    expect(chain.out).toContain(`namespace.${action}`);
  // Addresses stand in the register alone.
  expect((await readFile(join(home.folder, "home/work.duckdb"))).includes("bob@example.org")).toBe(
    false,
  );
}, 120_000);

test("a message's link keeps or puts off by a POST of the page it opens, and nothing else; what is made again begins a life of its own", async () => {
  const { mails, notify } = await smtp();
  const home = await LifeHome.make(notify("http://127.0.0.1:1"));
  await toNotified(home);
  const address = await serve(home);
  const text = (mails.find((mail) => mail.includes("team-0")) ?? "")
    .replaceAll("=\r\n", "")
    .replaceAll("=3D", "=");
  const links = [...text.matchAll(/\/respond\?token=([\w.-]+)/g)].map(([, token = ""]) => token);
  const [keep = "", snooze = ""] = [...new Set(links)];
  const open = (token: string, method = "GET") =>
    fetch(`${address}/respond?token=${token}`, { method });

  const page = await open(snooze);
  expect(page.status).toBe(200);
  expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
  expect(await page.text()).toContain('method="post"');
  expect(await home.state("team-0")).toBe("notified");
  for (const forged of [
    `${snooze}x`,
    keep.replace(/^./, (char) => (char === "a" ? "b" : "a")),
    `${keep.split(".")[0]}.${snooze.split(".")[1]}`,
    "",
  ])
    expect((await open(forged, "POST")).status).toBe(403);
  expect(await home.state("team-0")).toBe("notified");
  const crossSite = await fetch(`${address}/respond?token=${keep}`, {
    method: "POST",
    headers: { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
  });
  expect(crossSite.status).toBe(403);

  const done = await fetch(`${address}/respond?token=${snooze}`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "",
  });
  expect(done.status).toBe(200);
  expect(await home.state("team-0")).toBe("snoozed");
  // Once: a link that was passed on, or followed by a program, does nothing more.
  for (const method of ["GET", "POST"]) {
    const again = await open(snooze, method);
    expect([again.status, await again.text()]).toEqual([
      403,
      expect.stringContaining("followed on 2026-07-21 already"),
    ]);
  }
  expect((await open(keep, "POST")).status).toBe(200);
  expect(await home.state("team-0")).toBe("kept");
  // Somebody else's by now: the link of who had it before does nothing.
  const { store } = home.cluster;
  const mail = (mails.find((one) => one.includes("team-1")) ?? "")
    .replaceAll("=\r\n", "")
    .replaceAll("=3D", "=");
  const [, theirs = ""] = /\/respond\?token=([\w.-]+)/.exec(mail) ?? [];
  expect((await open(theirs)).status).toBe(200);
  store.update(store.ofKind("Namespace"), "team-1", "", (object) => ({
    ...object,
    metadata: { ...object.metadata, annotations: { owner: "bob@example.org" } },
  }));
  home.pass(0.1);
  await home.look();
  const stale = await open(theirs, "POST");
  expect([stale.status, await stale.text()]).toEqual([
    403,
    expect.stringContaining("another person answers for the namespace"),
  ]);
  // Another of the same home; deleting is off where nothing is said of it.
  await home.agree("old-shop");
  expect((await home.run("quarantine", "prod/old-shop", "--yes")).told).toMatch(/deleting is off/);
  home.pass(0.1);
  store.delete(store.ofKind("Namespace"), "old-shop");
  store.create(store.ofKind("Namespace"), {
    metadata: { name: "old-shop", annotations: { owner: "ann@example.org" } },
  });
  const replaced = await home.run("quarantine", "prod/old-shop", "--yes");
  expect(replaced.code).toBe(1);
  expect(replaced.told).toMatch(/another namespace has that name/);
  await home.look();
  expect(await home.state("old-shop")).toBe("active");
  expect((await home.run("audit", "prod/old-shop")).out).toContain("namespace.gone");
  home.pass(60);
  const late = await open(snooze, "POST");
  expect([late.status, ((await late.json()) as { code: string }).code]).toEqual([
    403,
    "LINK_INVALID",
  ]);
}, 120_000);

test("without usage data, without pods' metrics, or without the network nothing becomes a candidate", async () => {
  const home = await LifeHome.make("");
  await home.look();
  home.pass(35);
  home.without = "network";
  await home.look();
  const withAll = await home.state("busy");
  expect(withAll).toBe("active");
  for (const without of ["all", "pods"] as const) {
    home.without = without;
    home.pass(0.5);
    await home.look();
    expect(await home.state("old-shop")).toBe("active");
  }
}, 60_000);

test("the API lists, shows and decides; what touches a cluster waits for the worker", async () => {
  const { notify } = await smtp();
  const home = await LifeHome.make(DELETION + notify("http://127.0.0.1:1"));
  await toNotified(home);
  const address = await serve(home);
  const get = async (path: string) =>
    (await fetch(`${address}/api/v1/namespaces${path}`)).json() as Promise<Record<string, never>>;
  const list = (await get("?limit=5")) as unknown as {
    data: { name: string; owner: string | null }[];
    meta: { total: number; next: string };
  };
  expect([list.data.length, list.meta.total, list.meta.next]).toEqual([5, 6, "5"]);
  const detail = (
    (await get("/prod/old-shop")) as unknown as {
      data: {
        state: string;
        owner: string;
        confidence: string;
        signals: unknown[];
        inventoryHash: string;
        timeline: { action: string }[];
      };
    }
  ).data;
  expect(detail).toMatchObject({ state: "notified", owner: "ann@example.org", confidence: "high" });
  expect(detail.signals).toHaveLength(8);
  expect(detail.timeline.map(({ action }) => action)).toEqual(["delivered", "scanned", "scanned"]);
  const post = (action: string, body: object) =>
    fetch(`${address}/api/v1/namespaces/prod/old-shop/${action}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const refused = await post("approve", { as: "owner", inventoryHash: detail.inventoryHash });
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
    409,
    "NAMESPACE_REFUSED",
  ]);
  expect((await post("snooze", { until: "2030-01-01", reason: "x" })).status).toBe(409);
  expect((await post("explode", {})).status).toBe(400);
  expect((await fetch(`${address}/api/v1/namespaces/prod/none`)).status).toBe(404);
  expect((await post("quarantine", {})).status).toBe(200);
  expect(writes(home)).toEqual([]);
  const worked = await home.run("work", "--yes");
  expect(worked.told).toMatch(/it is notified, not approved/);
  expect(writes(home)).toEqual([]);
}, 60_000);

test("a grace that is not written is refused, as is a secret that is (cloud-custodian's mark-for-op)", async () => {
  const made = (more: string) =>
    LifeHome.make(more).then(
      () => "taken",
      (error: Error) => error.message,
    );
  expect(await made("  deletion: { noticeDays: 30, maxCount: 1, maxPercent: 2 }\n")).toMatch(
    /quarantineDays/,
  );
  expect(await made("  deletion: { quarantineDays: 7, maxCount: 1, maxPercent: 2 }\n")).toMatch(
    /noticeDays/,
  );
  expect(
    await made("  deletion: { noticeDays: 29, quarantineDays: 7, maxCount: 1, maxPercent: 2 }\n"),
  ).toMatch(/noticeDays/);
  expect(
    await made(
      '  notify: { mail: { host: h, port: 25, from: "a@b.c", user: u, password: hunter2 } }\n',
    ),
  ).toMatch(/holds a secret/);
}, 60_000);
