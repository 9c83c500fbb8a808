import { brotliDecompressSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Answers } from "../../../analysis/snapshot.ts";
import type { Role } from "../../../analysis/principal.ts";
import type { Door } from "../../../api/auth/needs.ts";
import { buildUi } from "../../../ui/build.ts";
import { appOver, type TestApp } from "../server-fixture.ts";
import { addressesOf, type Values } from "./addresses.ts";
import { type Company, FOREIGN, LOOKERS, makeCompany, VARIANTS } from "./company.ts";

/**
 * Nothing of a foreign team, whoever of another asks for whatever. Two ways: what stands only in
 * foreign figures is looked for in every answer; and of two companies that differ in the foreign
 * team alone, every answer is the same, byte for byte, so no count, total, percentage or error tells.
 */

type Headers = Record<string, string>;
interface Side {
  company: Company;
  server: TestApp;
  as: Map<string, Headers>;
}

const RUNS = process.env["APPORTION_SOAK"] === undefined ? 6 : 200;

const sides: Record<"one" | "two", Side> = {} as never;
/** Every route there is; what is added tomorrow too. */
let doors: readonly Door[];
/** Of them those that show something. */
let shows: readonly Door[];
/** Ids of findings, one's own and others'. */
let more: Values;

beforeAll(async () => {
  const { dir } = await buildUi();
  for (const name of ["one", "two"] as const) {
    const company = await makeCompany(VARIANTS[name]);
    // Shown first is a currency that none of shop's lines is in, so that another must be chosen.
    const server = await appOver(company.config, dir, { currency: "GBP" });
    const as = new Map(
      [...LOOKERS, { name: "finance", roles: ["finance"] as Role[], teams: null }].map((looker) => [
        looker.name,
        company.as(looker.name, looker.roles, looker.teams),
      ]),
    );
    sides[name] = { company, server, as };
  }
  doors = sides.one.server.app.doors.filter(({ url }) => !url.includes("assets"));
  shows = doors.filter(({ method }) => method === "GET");
  const found = await asked(sides.one, "finance", "/api/v1/findings?limit=1000");
  const ids = (JSON.parse(found.text) as { data: { id: string }[] }).data.map(({ id }) => id);
  more = { id: [...ids, "0".repeat(ids[0]?.length ?? 16)] };
});
afterAll(async () => {
  for (const { server, company } of Object.values(sides)) {
    await server?.close();
    await company?.remove();
  }
});

const looker = fc.constantFrom(...LOOKERS.map(({ name }) => name));
const accept = fc.constantFrom(
  "application/json",
  "text/html",
  "application/vnd.apache.arrow.stream",
);

/** A reason and a day, for what wants them. */
const BODY = { reason: "still needed", until: "2026-10-01" };

async function asked(
  side: Side,
  who: string,
  url: string,
  headers: Headers = {},
  method: Door["method"] = "GET",
) {
  const answer = await side.server.app.inject({
    method: method as "GET",
    url,
    headers: { host: "127.0.0.1", ...side.as.get(who), ...headers },
    ...(method === "POST" ? { payload: BODY } : {}),
  });
  const bytes =
    answer.headers["content-encoding"] === "br"
      ? brotliDecompressSync(answer.rawPayload)
      : answer.rawPayload;
  const { "content-length": _, date: __, ...told } = answer.headers;
  return {
    status: answer.statusCode,
    headers: answer.headers as Record<string, unknown>,
    text: answer.payload,
    all: `${JSON.stringify(told)}\n${bytes.toString("latin1")}`,
  };
}

/** Lines of a CSV come in any order. */
function inOrder(answer: { headers: Record<string, unknown>; all: string }): string {
  return String(answer.headers["content-type"]).startsWith("text/csv")
    ? answer.all.split("\n").toSorted().join("\n")
    : answer.all;
}

/** What is the publish's own, and each request's: which publish it is may be known. */
function masked(all: string): string {
  return all
    .replaceAll(/"publishedId":"[^"]*"/g, '"publishedId":""')
    .replaceAll(/"etag":"[^,}]*"/g, '"etag":""')
    .replaceAll(/\\?"publishedId\\?":\\?"[0-9a-f]+/g, "publishedId")
    .replaceAll(/urn:uuid:[0-9a-f-]{36}/g, "urn:uuid:");
}

describe("of a foreign team", () => {
  it("there is something to see: who sees all sees each of these words", async () => {
    const seen: string[] = [];
    for (const url of [
      "/api/v1/showback?month=2026-08&by=team",
      "/api/v1/showback?month=2026-08&by=businessUnit",
      "/api/v1/showback?month=2026-08&by=resource&limit=1000",
      "/api/v1/exports/statement.csv?month=2026-08",
      "/api/v1/exports/lines.csv?month=2026-08",
      "/api/v1/showback?month=2026-08&by=workload&cluster=prod&namespace=shop",
      "/api/v1/showback?month=2026-08&by=workload&cluster=prod&namespace=kube-system",
    ])
      seen.push((await asked(sides.one, "finance", url)).all);
    const all = seen.join("\n");
    // Where there was nothing to see, nothing would be shown by seeing nothing.
    for (const url of [
      "/api/v1/findings",
      "/api/v1/namespaces",
      "/api/v1/namespaces/prod/lab",
      "/api/v1/statements",
      "/api/v1/statements/2026-07/1.csv",
      "/api/v1/exports/statement.csv?month=2026-07",
      "/api/v1/exports/allocation.csv?month=2026-08",
      "/api/v1/showback/movers?month=2026-08",
      "/api/v1/showback/trend?month=2026-08&by=team",
      "/api/v1/reconciliation",
      "/api/v1/sources",
      "/metrics",
    ])
      expect((await asked(sides.one, "finance", url)).all, url).toMatch(/betamark|JPY/i);
    for (const word of FOREIGN.filter((word) => !/^(112649|39257|136067)/.test(word)))
      expect(all, word).toContain(word);
  });

  it("nothing stands in any answer of any route, in any role, and nothing makes a difference", async () => {
    for (const door of doors)
      await fc.assert(
        fc.asyncProperty(looker, addressesOf(door, more), accept, async (who, url, accept) => {
          // Who sees all asks in between, so that no cache is only ever filled by the looker.
          if (door.method === "GET") await asked(sides.two, "finance", url, { accept });
          const one = await asked(sides.one, who, url, { accept }, door.method);
          const two = await asked(sides.two, who, url, { accept }, door.method);
          // Words of the question may stand in the refusal.
          const question = decodeURIComponent(url);
          const told = FOREIGN.filter((word) => !question.includes(word) && one.all.includes(word));
          expect(told, `${who} asks ${url}`).toEqual([]);
          expect(masked(inOrder(two)) === masked(inOrder(one)), `${who} asks ${url}`).toBe(true);
          expect(two.status).toBe(one.status);
        }),
        // A page asks for all of its answers at once.
        { numRuns: door.needs === "shell" || door.method === "HEAD" ? Math.ceil(RUNS / 2) : RUNS },
      );
  });

  it("there is no difference between a team that is not one's own and one that is not at all", async () => {
    for (const [url, other] of [
      ["/api/v1/showback?team=beta", "/api/v1/showback?team=nobo"],
      ["/api/v1/explain?target=team:beta", "/api/v1/explain?target=team:nobo"],
      ["/api/v1/exports/lines.csv?team=beta", "/api/v1/exports/lines.csv?team=nobo"],
      [
        "/api/v1/explain?target=namespace:prod/lab&limit=17",
        "/api/v1/explain?target=namespace:prod/bal&limit=17",
      ],
      [
        "/api/v1/showback?by=day&cluster=prod&namespace=lab&limit=17",
        "/api/v1/showback?by=day&cluster=prod&namespace=bal&limit=17",
      ],
    ] as const) {
      const queries: number[] = [];
      const { current } = sides.one.server.snapshots;
      const { pool } = current;
      const original = pool.with.bind(pool);
      let count = 0;
      pool.with = ((...args: Parameters<typeof pool.with>) => {
        count += 1;
        return original(...args);
      }) as typeof pool.with;
      const answers = [];
      try {
        for (const one of [url, other]) {
          count = 0;
          current.answers = new Answers();
          answers.push(await asked(sides.one, "viewer", one));
          queries.push(count);
        }
      } finally {
        pool.with = original;
      }
      const [theirs, nobodys] = answers;
      // The same work for both, so the same time: nothing is looked up for the one and not the other.
      expect(queries[1], url).toBe(queries[0]);
      expect(theirs?.status).toBe(nobodys?.status);
      expect(
        masked(theirs?.all ?? "")
          .replaceAll("beta", "nobo")
          .replaceAll("lab", "bal"),
      ).toBe(masked(nobodys?.all ?? ""));
    }
  });
});

/** Where two answers part, with what stands around it; empty where they do not. */
function apart(one: string, other: string): string {
  if (one === other) return "";
  let at = 0;
  while (one[at] === other[at]) at += 1;
  const around = (text: string) => text.slice(Math.max(0, at - 80), at + 80);
  return `${around(one)} | ${around(other)}`;
}

describe("a name of others and one that nobody has", () => {
  it("are the same to every route: the same words, and the same number of queries behind them", async () => {
    // A server of its own, which remembers no answer to either name.
    const server = await appOver(sides.one.company.config, null, { currency: "GBP" });
    const side = { ...sides.one, server };
    const { pool } = server.snapshots.current;
    const original = pool.with.bind(pool);
    let queries = 0;
    pool.with = ((...args: Parameters<typeof pool.with>) => {
      queries += 1;
      return original(...args);
    }) as typeof pool.with;
    const unknown = (text: string) => text.replaceAll("beta", "nobo").replaceAll("lab", "bal");
    let compared = 0;
    try {
      // Pages ask these same routes.
      for (const door of shows.filter(({ needs }) => needs !== "shell"))
        for (const url of new Set(
          fc.sample(addressesOf(door, more), { numRuns: 4 * RUNS, seed: 11 }),
        )) {
          // A refusal cuts so long a name of a team in the middle of the word.
          if (unknown(url) === url || /team=resource/.test(url)) continue;
          compared += 1;
          const answers: { status: number; all: string; queries: number }[] = [];
          for (const one of [url, unknown(url)]) {
            queries = 0;
            server.snapshots.current.answers = new Answers();
            const answer = await asked(side, "viewer", one);
            const all = unknown(masked(inOrder(answer)));
            answers.push({ status: answer.status, all, queries });
          }
          const [theirs, nobodys] = answers;
          expect([nobodys?.status, nobodys?.queries], url).toEqual([
            theirs?.status,
            theirs?.queries,
          ]);
          expect(apart(theirs?.all ?? "", nobodys?.all ?? ""), url).toBe("");
        }
    } finally {
      pool.with = original;
      await server.close();
    }
    expect(compared).toBeGreaterThan(20);
  });
});

describe("below the routes", () => {
  it("what a team may see of any table is the same whatever another has, and of the whole company nothing", async () => {
    const seen = [];
    for (const { server } of Object.values(sides))
      seen.push(
        await server.snapshots.current.pool.with(undefined, async (session) => {
          const macros = await session.rows<{ place: string }>(
            "SELECT DISTINCT concat(schema_name, '.', function_name) AS place FROM duckdb_functions() WHERE function_name LIKE 'visible\\_%' ESCAPE '\\' ORDER BY 1",
          );
          const tables: Record<string, string[]> = {};
          for (const { place } of macros) {
            // Lines and splits are numbered over all of a month's, and where a file lies is its own.
            const rows = await session.rows<Record<string, unknown>>(
              `SELECT * FROM ${place}($scope)`,
              {
                scope: ["shop"],
              },
            );
            tables[place] = rows
              .map(({ line_id: _, split_id: __, consumer_id: ___, ...row }) => JSON.stringify(row))
              .toSorted();
          }
          return tables;
        }),
      );
    const [one = {}, two = {}] = seen;
    expect(Object.keys(one).length).toBeGreaterThan(40);
    expect(
      Object.keys(one).filter((place) => place.endsWith("visible_check_result")).length,
    ).toBeGreaterThan(0);
    for (const [place, rows] of Object.entries(one)) {
      expect(two[place], place).toEqual(rows);
      for (const word of FOREIGN)
        expect(
          rows.some((row) => row.includes(word)),
          `${place}: ${word}`,
        ).toBe(false);
      if (/_(imported|repair|stated|check_result|rejected|month_unit)$/.test(place))
        expect(rows, place).toEqual([]);
    }
  });
});

describe("what is kept", () => {
  const URL = "/api/v1/showback?month=2026-08&by=service";
  it("is each one's own: no validator of somebody else's answer is taken for one's own", async () => {
    const finance = await asked(sides.one, "finance", URL);
    const viewer = await asked(sides.one, "viewer", URL);
    const etag = String(finance.headers["etag"]);
    expect(viewer.headers["etag"]).not.toBe(etag);
    expect((await asked(sides.one, "viewer", URL, { "if-none-match": etag })).status).toBe(200);
    const own = String(viewer.headers["etag"]);
    expect((await asked(sides.one, "viewer", URL, { "if-none-match": own })).status).toBe(304);
    expect((await asked(sides.one, "finance", URL, { "if-none-match": own })).status).toBe(200);
  });

  it("is kept by nobody in between or after: no-store on every figure, Vary on who asks", async () => {
    for (const url of [
      URL,
      "/api/v1/exports/lines.csv",
      "/",
      "/team/shop",
      "/api/v1/me",
      "/api/v1/explain?target=team:shop",
    ]) {
      const { headers, status } = await asked(sides.one, "viewer", url, { accept: "text/html" });
      expect(status, url).toBe(200);
      expect(headers["cache-control"], url).toBe("no-store");
    }
    const { headers } = await asked(sides.one, "viewer", URL);
    expect(headers["vary"]).toMatch(/authorization/);
    expect(headers["vary"]).toMatch(/cookie/);
  });
});

describe("every route", () => {
  it("is closed to who has not signed in, but for those that hold nothing", async () => {
    for (const door of doors) {
      const [url = ""] = fc.sample(addressesOf(door), { numRuns: 1, seed: 7 });
      const answer = await asked(sides.one, "nobody", url, {}, door.method);
      if (["public", "health"].includes(door.needs)) {
        expect(answer.status, url).not.toBe(401);
        expect(FOREIGN.filter((word) => answer.text.includes(word))).toEqual([]);
      } else expect(answer.status, url).toBe(401);
    }
    expect(
      new Set(
        shows.filter(({ needs }) => ["public", "health"].includes(needs)).map(({ url }) => url),
      ),
    ).toEqual(
      new Set([
        "/healthz",
        "/readyz",
        "/sign-in",
        "/sign-in.css",
        "/icon.svg",
        "/theme.js",
        "/index.html",
        // Of who holds a signed link.
        "/respond",
      ]),
    );
  });

  it("refuses roles that lack what it needs", async () => {
    const { company } = sides.one;
    const may = {
      viewer: ["shell", "figures"],
      engineer: ["shell", "figures", "decide"],
      finance: ["shell", "figures", "company", "close", "operations"],
      platform: [
        "shell",
        "figures",
        "decide",
        "company",
        "operations",
        "lifecycle",
        "configuration",
        "audit",
      ],
      auditor: ["shell", "figures", "company", "operations", "configuration", "audit"],
    } as const;
    for (const [role, needs] of Object.entries(may)) {
      const headers = company.as(
        `one-${role}`,
        [role as Role],
        role === "viewer" || role === "engineer" ? ["shop"] : null,
      );
      for (const door of doors.filter(({ method }) => method !== "HEAD")) {
        const [url = ""] = fc.sample(addressesOf(door), { numRuns: 1, seed: 3 });
        const { status, text } = await asked(sides.one, "nobody", url, headers, door.method);
        const open = ["public", "health", ...needs].includes(door.needs);
        // What is open to a role may still hold something that is not: a second approval, say.
        if (open && door.method === "POST") continue;
        if (open)
          expect(status === 403 && text.includes("FORBIDDEN_ROLE"), `${role} ${url}`).toBe(false);
        else {
          expect(status, `${role} ${url}`).toBe(403);
          expect(text).toContain("FORBIDDEN_ROLE");
        }
      }
    }
  });
});
