import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NO_SIGN_IN } from "../../../api/auth/config.ts";
import type { Whoami } from "../../../api/schemas/common.ts";
import { Register } from "../../../data/register.ts";
import { auditRows, verifyRegister } from "../../../data/register/audit.ts";
import { cli } from "../../home.ts";
import { appOver, type TestApp } from "../server-fixture.ts";
import { type Company, makeCompany } from "./company.ts";

/** Tokens from the command line, used over HTTP. */

let company: Company;
let server: TestApp;
beforeAll(async () => {
  company = await makeCompany();
  server = await appOver(company.config);
});
afterAll(async () => {
  await server?.close();
  await company?.remove();
});

const token = (...args: string[]) => cli(["token", ...args, "--config", company.config]);
const me = async (text: string) => server.get("/api/v1/me", { authorization: `Bearer ${text}` });

describe("a token", () => {
  it("is shown once, opens what it is for, and nothing once it is revoked", async () => {
    const made = await token("create", "--name", "grafana", "--role", "viewer", "--team", "shop");
    expect(made.code, made.err).toBe(0);
    const text = made.out.trim();
    expect(text).toMatch(/^apt_[0-9a-f]{12}_[\w-]{43}$/);
    const answer = await me(text);
    expect(answer.status).toBe(200);
    expect(answer.json() as Whoami).toMatchObject({
      name: "token:grafana",
      teams: ["shop"],
      roles: ["viewer"],
      csrf: null,
    });
    const list = await token("list", "--format", "json");
    expect(list.out).toContain('"grafana"');
    expect(list.out).not.toContain(text.slice(17));
    expect(list.out).not.toMatch(/hash|[0-9a-f]{64}/);
    const id = text.slice(4, 16);
    expect((await token("revoke", id)).code).toBe(0);
    expect((await me(text)).status).toBe(401);
    expect((await token("list")).out).toMatch(/revoked/);
    expect((await stat(join(company.home, "register.sqlite"))).mode & 0o077).toBe(0);
    const register = new Register(join(company.home, "register.sqlite"));
    const rows = auditRows(register).filter(({ subject }) => subject === "token:grafana");
    expect(rows.map(({ action }) => action)).toEqual(["token.create", "token.revoke"]);
    expect(JSON.stringify(rows)).not.toContain(text.slice(17));
    expect(verifyRegister(register).broken).toBeNull();
    register.close();
  });

  it("is all that a server of tokens takes: who opens a page is told so, in words", async () => {
    const html = { accept: "text/html" };
    const page = await server.get("/team/shop", html);
    expect(page.status).toBe(302);
    expect(String(page.headers["location"])).toMatch(/^\/sign-in\?/);
    const told = await server.get(String(page.headers["location"]), html);
    expect(told.status).toBe(200);
    expect(told.text).toContain("<h1>This server is for scripts</h1>");
    expect(told.text).toContain("server.auth");
  });

  it("ends on its day", async () => {
    const made = await token("create", "--name", "short", "--role", "finance", "--expires", "1d");
    expect((await me(made.out.trim())).status).toBe(200);
    const late = await appOver(company.config, null, {
      now: () => new Date("2026-09-21T12:00:01Z"),
    });
    try {
      const headers = { authorization: `Bearer ${made.out.trim()}` };
      const answer = await late.get("/api/v1/me", headers);
      expect(answer.status).toBe(401);
      expect(answer.headers["www-authenticate"]).toMatch(/^Bearer/);
    } finally {
      await late.close();
    }
  });

  it("of a role that sees all may be narrowed to teams, and is then as narrow as any", async () => {
    const made = await token(
      "create",
      "--name",
      "narrow",
      "--role",
      "finance",
      "--team",
      "shop,data",
    );
    const who = (await me(made.out.trim())).json() as Whoami;
    expect(who.teams).toEqual(["data", "shop"]);
    expect(who.may).not.toContain("company");
    expect(who.may).not.toContain("close");
  });

  it.each([
    [["create", "--name", "x", "--role", "viewer"], /--team.*its own teams/],
    [["create", "--name", "x", "--role", "admin"], /"admin" is not a role/],
    [
      ["create", "--name", "x", "--role", "viewer", "--team", "shpo"],
      /no team "shpo" - did you mean "shop"/,
    ],
    [["create", "--name", "x", "--role", "finance", "--expires", "never"], /1d to 366d/],
    [["create", "--name", "x", "--role", "finance", "--expires", "400d"], /1d to 366d/],
    [["create", "--role", "finance"], /--name/],
    [["revoke", "000000000000"], /no token has the id/],
    [["revoke"], /token: say one of/],
    [["forget", "all"], /token: say one of/],
  ])("%j is refused with what to do", async (args, words) => {
    const { code, err, out } = await token(...args);
    expect(code).toBe(2);
    expect(err).toMatch(words);
    expect(out).toBe("");
  });

  it.each([
    "Basic YWRtaW46YWRtaW4=",
    "Bearer ",
    "Bearer apt_",
    `Bearer apt_${"0".repeat(12)}_${"A".repeat(43)}`,
    `Bearer apt_' OR 1=1--_${"A".repeat(43)}`,
    "Bearer null",
  ])("%s opens nothing", async (authorization) => {
    const answer = await server.get("/api/v1/showback", { authorization });
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain("Shop");
  });
});

describe("without sign-in", () => {
  it("who sends a token is what the token says, and who sends a wrong one is refused", async () => {
    const open = await appOver(company.config, null, { auth: NO_SIGN_IN });
    try {
      expect(((await open.get("/api/v1/me")).json() as Whoami).teams).toBeNull();
      const narrow = company.as("narrowed", ["viewer"], ["shop"]);
      expect(((await open.get("/api/v1/me", narrow)).json() as Whoami).teams).toEqual(["shop"]);
      const wrong = { authorization: `Bearer apt_${"0".repeat(12)}_${"A".repeat(43)}` };
      expect((await open.get("/api/v1/me", wrong)).status).toBe(401);
      // A proxy that signs people in by itself sends its own on.
      expect((await open.get("/api/v1/me", { authorization: "Basic eDp5" })).status).toBe(200);
    } finally {
      await open.close();
    }
  });
});

describe("totals that teams may see", () => {
  it("are one number of all, beside one's own, and what shares are shares of; no other team's", async () => {
    const shown = await appOver(company.config, null, {
      auth: { ...(await settings()), totals: true },
    });
    try {
      const viewer = company.as("totals", ["viewer"], ["shop"]);
      const all = company.as("totals-all", ["finance"], null);
      type Answer = { meta: { total: string; companyTotal?: string }; data: { team: string }[] };
      const url = "/api/v1/showback?month=2026-08&by=team";
      const own = (await shown.get(url, viewer)).json() as Answer;
      const whole = (await shown.get(url, all)).json() as Answer;
      expect(own.meta.companyTotal).toBe(whole.meta.total);
      expect(whole.meta.companyTotal).toBeUndefined();
      expect(own.data.map((row) => row.team)).toEqual(["shop"]);
      expect((await shown.get("/api/v1/reconciliation", viewer)).status).toBe(403);
      const csv = await shown.get("/api/v1/exports/allocation.csv?month=2026-08", viewer);
      expect(csv.text).toContain("AllocatedRatio");
      expect(csv.text).not.toContain("betamark");
    } finally {
      await shown.close();
    }
  });
});

async function settings() {
  const { readConfig } = await import("../../../api/config.ts");
  return readConfig(company.config).server.auth;
}
