import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Whoami } from "../../../api/schemas/common.ts";
import type { Showback } from "../../../api/schemas/showback.ts";
import { GROUPS } from "./company.ts";
import { Browser } from "./provider.ts";
import { type Running, startRunning } from "./running.ts";

/** Signing in against a real provider: who comes in, as whom, for how long. */

const COOKIE = "__Host-apportion";
let running: Running;
beforeAll(async () => {
  running = await startRunning();
});
afterAll(() => running?.close());

const json = { accept: "application/json" };
async function me(browser: Browser): Promise<Whoami> {
  return (await (
    await browser.go(`${running.address}/api/v1/me`, { headers: json })
  ).json()) as Whoami;
}
const signedIn = async (person: string) => {
  const browser = new Browser();
  await browser.signIn(`${running.address}/`, person);
  return browser;
};

describe("signing in", () => {
  it("leads through the provider to the page that was asked for, as who one is", async () => {
    const browser = new Browser();
    const page = `${running.address}/team/shop?month=2026-08`;
    const last = await browser.signIn(page, "ann");
    expect(last.status).toBe(302);
    expect(last.headers.get("location")).toBe("/team/shop?month=2026-08");
    const who = await me(browser);
    expect(who).toMatchObject({
      name: "ann@example.com",
      roles: ["viewer"],
      teams: ["shop"],
      signIn: "oidc",
    });
    const answer = await browser.go(`${running.address}/api/v1/showback?by=team`, {
      headers: json,
    });
    const { data } = (await answer.json()) as Showback;
    expect(new Set(data.map((row) => row.team))).toEqual(new Set(["shop"]));
  });

  it("gives roles by the provider's groups: finance sees all and may close", async () => {
    const who = await me(await signedIn("fin"));
    expect(who.teams).toBeNull();
    expect(who.roles).toEqual(["finance"]);
    expect(who.may).toContain("close");
    expect(who.may).not.toContain("configuration");
  });

  it("lets nobody in whose groups give nothing, and says what to do", async () => {
    const browser = new Browser();
    const answer = await browser.signIn(`${running.address}/`, "eve");
    expect(answer.status).toBe(403);
    expect(await answer.text()).toMatch(/none of your 1 groups.*platform team/s);
    expect(browser.jar(running.address).has(COOKIE)).toBe(false);
    expect((await browser.go(`${running.address}/api/v1/showback`, { headers: json })).status).toBe(
      401,
    );
  });

  it("row 39: gives a cookie that no script and no other site gets, bound to this host", async () => {
    const browser = new Browser();
    const first = await browser.go(`${running.address}/sign-in`);
    const back = await browser.throughProvider(
      `${running.address}/sign-in`,
      "ann",
      `${running.address}/sign-in/callback`,
    );
    const last = await browser.go(back);
    for (const line of [...first.headers.getSetCookie(), ...last.headers.getSetCookie()].filter(
      (line) => !/=;/.test(line),
    )) {
      expect(line).toMatch(/^__Host-/);
      for (const part of ["Path=/", "HttpOnly", "Secure", "SameSite=Lax"])
        expect(line).toContain(part);
      expect(line).not.toMatch(/Domain/i);
    }
  });

  it("row 39: gives a new cookie each time, and ends the one before (fixation)", async () => {
    const browser = new Browser();
    browser.jar(running.address).set(COOKIE, "chosen-by-somebody-else");
    await browser.signIn(`${running.address}/`, "ann");
    const first = browser.jar(running.address).get(COOKIE);
    expect(first).toMatch(/^[\w-]{43}$/);
    const back = await browser.throughProvider(
      `${running.address}/sign-in`,
      "ann",
      `${running.address}/sign-in/callback`,
    );
    await browser.go(back);
    const second = browser.jar(running.address).get(COOKIE);
    expect(second).not.toBe(first);
    const thief = new Browser();
    thief.jar(running.address).set(COOKIE, first ?? "");
    expect((await thief.go(`${running.address}/api/v1/me`, { headers: json })).status).toBe(401);
  });

  it("can be under way in two tabs at once", async () => {
    const browser = new Browser();
    const callback = `${running.address}/sign-in/callback`;
    const one = await browser.throughProvider(
      `${running.address}/sign-in?returnTo=/data`,
      "ann",
      callback,
    );
    const two = await browser.throughProvider(
      `${running.address}/sign-in?returnTo=/clusters`,
      "ann",
      callback,
    );
    expect((await browser.go(one)).headers.get("location")).toBe("/data");
    expect((await browser.go(two)).headers.get("location")).toBe("/clusters");
  });
});

describe("a session", () => {
  it("row 39: ends at sign-out, with what the browser kept of it", async () => {
    const browser = await signedIn("ann");
    const { csrf } = await me(browser);
    const stolen = browser.jar(running.address).get(COOKIE) ?? "";
    const out = await browser.go(`${running.address}/sign-out`, {
      method: "POST",
      headers: { ...json, origin: running.address, "x-csrf-token": csrf ?? "" },
    });
    expect(out.status).toBe(204);
    expect(out.headers.get("clear-site-data")).toContain('"cache"');
    const thief = new Browser();
    thief.jar(running.address).set(COOKIE, stolen);
    expect((await thief.go(`${running.address}/api/v1/me`, { headers: json })).status).toBe(401);
  });

  it("lives on while its groups are there, and ends when the last is gone", async () => {
    running.provider.people.set("cat", { groups: [GROUPS.shop, GROUPS.beta] });
    const browser = await signedIn("cat");
    expect((await me(browser)).teams).toEqual(["beta", "shop"]);
    running.provider.people.set("cat", { groups: [GROUPS.shop] });
    expect((await me(browser)).teams).toEqual(["beta", "shop"]);
    running.later(16 * 60_000);
    expect((await me(browser)).teams).toEqual(["shop"]);
    running.provider.people.set("cat", { groups: ["nothing-here"] });
    running.later(16 * 60_000);
    expect((await browser.go(`${running.address}/api/v1/me`, { headers: json })).status).toBe(401);
  });

  it("row 36: loses a role as soon as it is looked at again (an administrator who is none any more)", async () => {
    running.provider.people.set("dan", { groups: ["Platform-People", GROUPS.shop] });
    const browser = await signedIn("dan");
    expect((await me(browser)).roles).toEqual(["viewer", "platform", "auditor"]);
    running.provider.people.set("dan", { groups: ["platform-people", GROUPS.shop] });
    running.later(16 * 60_000);
    const who = await me(browser);
    expect(who.roles).toEqual(["viewer"]);
    expect(who.teams).toEqual(["shop"]);
    expect(
      (await browser.go(`${running.address}/api/v1/reconciliation`, { headers: json })).status,
    ).toBe(403);
  });

  it("ends when it idles, and when it is a day old however busy", async () => {
    const idle = await signedIn("ann");
    running.later(8 * 3_600_000 + 1000);
    expect((await idle.go(`${running.address}/api/v1/me`, { headers: json })).status).toBe(401);
    const busy = await signedIn("ann");
    let hours = 0;
    while ((await busy.go(`${running.address}/api/v1/me`, { headers: json })).status === 200) {
      running.later(3_600_000);
      hours += 1;
      expect(hours).toBeLessThan(30);
    }
    expect(hours).toBe(24);
  });

  it("is in the register as nothing that opens it", async () => {
    const browser = await signedIn("ann");
    const cookie = browser.jar(running.address).get(COOKIE) ?? "";
    const { readFile } = await import("node:fs/promises");
    for (const end of ["", "-wal"]) {
      const bytes = await readFile(`${running.company.home}/register.sqlite${end}`);
      expect(bytes.includes(cookie)).toBe(false);
      // A refresh token of this provider is 43 characters; none stands there readable.
      expect(bytes.includes("refresh_token")).toBe(false);
    }
  });
});

describe("a request that changes something", () => {
  it("row 39: comes from our own page with the page's own token, or is refused", async () => {
    const browser = await signedIn("ann");
    const { csrf } = await me(browser);
    const token = { "x-csrf-token": csrf ?? "" };
    const post = async (headers: Record<string, string>) =>
      (
        await browser.go(`${running.address}/sign-out`, {
          method: "POST",
          headers: { ...json, ...headers },
        })
      ).status;
    expect(await post({ origin: running.address })).toBe(403);
    expect(await post({ ...token })).toBe(403);
    expect(await post({ origin: "null", ...token })).toBe(403);
    expect(await post({ origin: "https://evil.example", ...token })).toBe(403);
    expect(await post({ origin: running.address, "sec-fetch-site": "cross-site", ...token })).toBe(
      403,
    );
    expect(await post({ origin: running.address, "x-csrf-token": `${csrf}x` })).toBe(403);
    const other = await me(await signedIn("ann"));
    expect(await post({ origin: running.address, "x-csrf-token": other.csrf ?? "" })).toBe(403);
    expect((await me(browser)).name).toBe("ann@example.com");
    expect(await post({ origin: running.address, "sec-fetch-site": "same-origin", ...token })).toBe(
      204,
    );
  });
});

describe("the audit log", () => {
  it("has every sign-in, refusal and sign-out", async () => {
    const { Register } = await import("../../../data/register.ts");
    const { auditRows } = await import("../../../data/register/audit.ts");
    const register = new Register(`${running.company.home}/register.sqlite`);
    try {
      const actions = new Set(auditRows(register).map((row) => row.action));
      for (const action of ["session.begin", "session.refuse", "session.end", "session.lapse"])
        expect(actions, action).toContain(action);
    } finally {
      register.close();
    }
  });
});
