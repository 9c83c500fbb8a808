import { describe, expect, test } from "vitest";
import { initialRequests, pageOf, viewOf, withAnswers } from "../../ui/answers.ts";

describe("the requests of a page", () => {
  test("the overview asks for groups, trend and movers", () => {
    expect(initialRequests("/", "")).toEqual([
      "/api/v1/showback?by=team&limit=1000",
      "/api/v1/showback/trend?months=13",
      "/api/v1/showback/movers?limit=10",
    ]);
  });

  test("what the address asks for is passed on, the trend keeps its months", () => {
    expect(initialRequests("/", "?month=2026-08&cost=billed&currency=USD&by=service")).toEqual([
      "/api/v1/showback?by=service&limit=1000&month=2026-08&cost=billed&currency=USD",
      "/api/v1/showback/trend?months=13&cost=billed&currency=USD",
      "/api/v1/showback/movers?limit=10&month=2026-08&cost=billed&currency=USD",
    ]);
  });

  test("a team's page asks about that team, whatever its id", () => {
    const asked = initialRequests("/team/R%26D%20%2F%20x", "?cursor=50");
    expect(asked).toHaveLength(8);
    expect(asked.every((path) => path.includes("team=R%26D+%2F+x"))).toBe(true);
    expect(asked).toContain("/api/v1/showback?by=resource&team=R%26D+%2F+x&limit=50&cursor=50");
  });

  test("a search or an order needs all resources, not one page", () => {
    for (const search of ["?q=sql&cursor=50", "?sort=name&cursor=50"]) {
      expect(initialRequests("/team/claims", search)).toContain(
        "/api/v1/showback?by=resource&team=claims&limit=1000",
      );
    }
  });

  test("the findings page asks for a list, and for the evidence of the one that is open", () => {
    expect(initialRequests("/findings", "?kind=idle-workload&team=a%2Fb&state=open&q=web")).toEqual(
      ["/api/v1/findings?kind=idle-workload&team=a%2Fb&state=open&q=web&limit=50"],
    );
    expect(initialRequests("/findings", "?finding=0123456789abcdef&cursor=50")).toEqual([
      "/api/v1/findings?limit=50&cursor=50",
      "/api/v1/findings/0123456789abcdef",
    ]);
  });

  test("the backtest page asks for the replay, whatever the month", () => {
    expect(initialRequests("/backtest", "?month=2026-08")).toEqual(["/api/v1/backtest"]);
  });

  test("the data page asks for the month's proof and the sources", () => {
    expect(initialRequests("/data", "?month=2026-08&cost=list")).toEqual([
      "/api/v1/reconciliation?month=2026-08",
      "/api/v1/sources",
    ]);
  });

  test("the pages of clusters pass the policy on, but not to workloads", () => {
    expect(initialRequests("/clusters", "?cluster=prod&policy=keep")).toEqual([
      "/api/v1/showback?by=cluster&limit=1000&policy=keep",
      "/api/v1/showback?by=namespace&cluster=prod&limit=1000&policy=keep",
      "/api/v1/showback/trend?by=cluster&cluster=prod&months=13&policy=keep",
    ]);
    const asked = initialRequests("/namespace/prod/a%2Fb", "?policy=even&month=2026-08");
    expect(asked).toContain(
      "/api/v1/showback?by=workload&cluster=prod&namespace=a%2Fb&limit=1000&month=2026-08",
    );
    expect(asked).toContain("/api/v1/usage?by=day&cluster=prod&namespace=a%2Fb&month=2026-08");
    expect(initialRequests("/explain", "?target=workload%3Ap%2Fn%2FPod%2Fx&policy=even")).toEqual([
      "/api/v1/explain?target=workload%3Ap%2Fn%2FPod%2Fx&limit=50",
    ]);
    expect(initialRequests("/explain", "?target=team%3Ax&policy=even&cursor=50")).toEqual([
      "/api/v1/explain?target=team%3Ax&limit=50&cursor=50&policy=even",
    ]);
    expect(initialRequests("/explain", "")).toEqual([]);
  });

  test("an address that is no page asks for nothing", () => {
    for (const path of ["/nope", "/team", "/team/a/b", "/team/%E0%A4%A", "/data/x"]) {
      expect(initialRequests(path, "")).toEqual([]);
      expect(pageOf(path).name).toBe("missing");
    }
  });

  test("what is wrong in an address is dropped", () => {
    const view = viewOf(
      "?month=2026-13&cost=free&currency=euro&by=moon&sort=<b>&cursor=../x&all=2&kind=A&state=gone&finding=../x",
    );
    expect(view).toEqual({
      month: null,
      cost: null,
      currency: null,
      policy: null,
      by: null,
      cluster: null,
      target: null,
      sort: null,
      search: "",
      all: false,
      cursor: null,
      kind: null,
      team: null,
      state: null,
      finding: null,
    });
  });
});

describe("a page with its answers", () => {
  const shell = `<div id="app"></div>
    <script type="application/json" id="answers">
      {}
    </script>
    <script type="module" src="/x.js"></script>`;

  test("holds them by path, and no name can end the block", () => {
    const answers = { "/api/v1/x?a=1": { name: "</script><script>alert(1)</script>$&$1" } };
    const html = withAnswers(shell, answers);
    const block = /<script type="application\/json" id="answers">([\s\S]*?)<\/script>/.exec(html);
    expect(JSON.parse(block?.[1] ?? "")).toEqual(answers);
    expect(html.match(/<script/g)).toHaveLength(2);
  });

  test("is unchanged where there is no place for them", () => {
    expect(withAnswers("<p>no</p>", { a: 1 })).toBe("<p>no</p>");
  });
});
