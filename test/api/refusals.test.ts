import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Problem } from "../../api/schemas/common.ts";
import { appOver, type TestApp } from "./server-fixture.ts";

let server: TestApp;
beforeAll(async () => {
  server = await appOver();
});
afterAll(() => server.close());

// What is asked, and the code and words of the refusal.
const REFUSED: [string, number, string, RegExp][] = [
  ["/api/v1/showback?foo=1", 400, "UNKNOWN_PARAMETER", /"foo"/],
  ["/api/v1/showback?team=a&team=b", 400, "BAD_PARAMETER", /team/],
  ["/api/v1/showback?team[]=a", 400, "UNKNOWN_PARAMETER", /team\[\]/],
  ["/api/v1/showback?month=2026-13", 400, "BAD_PARAMETER", /month/],
  ["/api/v1/showback?month=9999-12", 404, "MONTH_UNKNOWN", /9999-12 .* 2026-07 to 2026-08/],
  ["/api/v1/showback?month=-infinity", 400, "BAD_PARAMETER", /month/],
  ["/api/v1/showback?by=teem", 400, "BAD_PARAMETER", /did you mean "team"/],
  ["/api/v1/showback?by=cost;select", 400, "BAD_PARAMETER", /cost;select/],
  ["/api/v1/showback?by=(select%201)", 400, "BAD_PARAMETER", /select 1/],
  ["/api/v1/showback?by=rowid", 400, "BAD_PARAMETER", /rowid/],
  ["/api/v1/showback?by=constructor", 400, "BAD_PARAMETER", /constructor/],
  ["/api/v1/showback?by=__proto__", 400, "BAD_PARAMETER", /__proto__/],
  ["/api/v1/showback?by=workload&policy=even", 400, "BAD_PARAMETER", /before redistribution/],
  ["/api/v1/showback?by=resource&cluster=x", 400, "BAD_PARAMETER", /by=namespace/],
  ["/api/v1/showback?namespace=x", 400, "BAD_PARAMETER", /cluster=NAME/],
  ["/api/v1/showback?cost=toString", 400, "BAD_PARAMETER", /cost/],
  ["/api/v1/showback?limit=1001", 400, "BAD_PARAMETER", /limit/],
  ["/api/v1/showback?limit=NaN", 400, "BAD_PARAMETER", /limit/],
  ["/api/v1/showback?limit=1e3000", 400, "BAD_PARAMETER", /limit/],
  ["/api/v1/showback?cursor=abc", 400, "BAD_PARAMETER", /cursor/],
  ["/api/v1/showback?currency=eur", 400, "BAD_PARAMETER", /currency/],
  ["/api/v1/showback?currency=JPY", 404, "CURRENCY_UNKNOWN", /JPY.*EUR, USD/],
  ["/api/v1/showback/trend?months=37", 400, "BAD_PARAMETER", /months/],
  ["/api/v1/reconciliation?month=2020-01", 404, "MONTH_UNKNOWN", /2020-01/],
  ["/api/v1/exports/statement.csv?month=2020-01", 404, "MONTH_UNKNOWN", /2020-01/],
  ["/api/v1/exports/statement.csv?team=nobody", 404, "TEAM_UNKNOWN", /nobody/],
  ["/api/v1/sources?x=1", 400, "UNKNOWN_PARAMETER", /"x"/],
  ["/..%2f..%2fetc/passwd", 404, "NOT_FOUND", /nothing/],
  ["/static//../config", 404, "NOT_FOUND", /nothing/],
  ["/%c0%ae%c0%ae/etc/passwd", 400, "BAD_PARAMETER", /./],
];

describe("refusals", () => {
  for (const [url, status, code, words] of REFUSED)
    it(`${url} is a ${status} ${code}`, async () => {
      const answer = await server.get(url);
      expect(answer.status, answer.text).toBe(status);
      expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
      const problem = answer.json() as Problem;
      expect(problem.code).toBe(code);
      expect(problem.status).toBe(status);
      expect(problem.detail).toMatch(words);
    });

  it("binds what looks like SQL as a value", async () => {
    for (const team of ["x' OR 1=1--", "$1", ";drop table line", "/**/", "\\", "%", "_"]) {
      const answer = await server.get(
        `/api/v1/showback?by=service&team=${encodeURIComponent(team)}`,
      );
      expect(answer.status).toBe(200);
      expect((answer.json() as { data: unknown[] }).data).toEqual([]);
    }
  });

  it("answers under its own name only, so that no other site's page reads it", async () => {
    const answer = await server.get("/api/v1/showback", { host: "attacker.example" });
    expect(answer.status).toBe(400);
    expect((answer.json() as Problem).code).toBe("FORBIDDEN_HOST");
    const forwarded = await server.get("/api/v1/showback", {
      "x-forwarded-host": "attacker.example",
    });
    expect(forwarded.status).toBe(200);
  });

  it("takes nothing but GET and HEAD", async () => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH"] as const) {
      const answer = await server.app.inject({
        method,
        url: "/api/v1/showback",
        headers: { host: "127.0.0.1" },
      });
      expect(answer.statusCode).toBe(404);
    }
  });

  it("answers a very long query in no time", async () => {
    const started = performance.now();
    const answer = await server.get(`/api/v1/showback?team=${"a".repeat(1 << 20)}`);
    expect(answer.status).toBe(400);
    expect(performance.now() - started).toBeLessThan(500);
  });

  it("sends strict headers with every answer, refusals too", async () => {
    for (const url of ["/api/v1/showback", "/api/v1/nope", "/openapi.json", "/healthz"]) {
      const { headers } = await server.get(url);
      expect(headers["content-security-policy"]).toBe(
        "default-src 'self';script-src 'self';style-src 'self';img-src 'self' data:;object-src 'none';base-uri 'none';form-action 'self';frame-ancestors 'none'",
      );
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["referrer-policy"]).toBe("no-referrer");
    }
  });
});
