import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { graphPeople } from "../../../ingest/directory/graph.ts";
import { readPeople } from "../../../ingest/directory/people.ts";

/** Microsoft Graph over HTTP, as its reference has it, and a directory in CSV. */

const NOW = new Date("2026-09-01T06:00:00Z");

interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body: object;
}

async function graph(answer: (path: string, base: string) => Reply) {
  const asked: { path: string; authorization: string | undefined }[] = [];
  let base = "";
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? "", authorization: request.headers.authorization });
    const { status = 200, headers = {}, body } = answer(request.url ?? "", base);
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => void server.close());
  const people = () =>
    graphPeople(
      { url: base, token: async () => "t0ken", teamFrom: "department" },
      NOW,
      new AbortController().signal,
    );
  return { asked, people };
}

test("reads every page, with managers, aliases and who has left, and sends the token along", async () => {
  const { asked, people } = await graph((path, base) =>
    path.includes("skiptoken")
      ? {
          body: {
            value: [
              { id: "2", userPrincipalName: "bob@x.org", mail: null, accountEnabled: false },
              {
                id: "3",
                mail: "cyd@x.org",
                userPrincipalName: "cyd@x.org",
                employeeLeaveDateTime: "2026-06-30T00:00:00Z",
                accountEnabled: false,
              },
              { id: "4" },
            ],
          },
        }
      : {
          body: {
            value: [
              {
                id: "11111111-2222-3333-4444-555555555555",
                mail: "ann@x.org",
                userPrincipalName: "ann.upn@x.org",
                accountEnabled: true,
                department: "claims",
                manager: { mail: "bob@x.org" },
              },
            ],
            "@odata.nextLink": `${base}/v1.0/users?$skiptoken=2`,
          },
        },
  );
  expect(await people()).toEqual([
    {
      email: "ann@x.org",
      aliases: ["11111111-2222-3333-4444-555555555555", "ann.upn@x.org"],
      manager: "bob@x.org",
      team: "claims",
      validFrom: null,
      validTo: null,
    },
    {
      email: "bob@x.org",
      aliases: ["2"],
      manager: null,
      team: null,
      validFrom: null,
      validTo: "2026-09-01",
    },
    {
      email: "cyd@x.org",
      aliases: ["3"],
      manager: null,
      team: null,
      validFrom: null,
      validTo: "2026-06-30",
    },
  ]);
  expect(asked.map(({ authorization }) => authorization)).toEqual(["Bearer t0ken", "Bearer t0ken"]);
  expect(decodeURIComponent(asked[0]?.path ?? "")).toContain(
    "$expand=manager($select=mail,userPrincipalName)",
  );
});

test("never takes its token to another server, and says what is lacking", async () => {
  const elsewhere = await graph(() => ({
    body: { value: [], "@odata.nextLink": "http://127.0.0.1:9/v1.0/users?$skiptoken=2" },
  }));
  await expect(elsewhere.people()).rejects.toThrow(/leads to http:\/\/127\.0\.0\.1:9/);
  expect(elsewhere.asked).toHaveLength(1);
  const refused = await graph(() => ({ status: 403, body: {} }));
  await expect(refused.people()).rejects.toThrow(/User\.Read\.All/);
  const moved = await graph(() => ({ status: 302, headers: { location: "/other" }, body: {} }));
  await expect(moved.people()).rejects.toThrow(/HTTP 302/);
  const strange = await graph(() => ({ body: { error: "no" } }));
  await expect(strange.people()).rejects.toThrow(/no list of users/);
});

test("asks again when it is told to wait", async () => {
  let first = true;
  const { asked, people } = await graph(() => {
    if (!first) return { body: { value: [{ id: "1", mail: "ann@x.org" }] } };
    first = false;
    return { status: 429, headers: { "retry-after": "0" }, body: {} };
  });
  expect(await people()).toHaveLength(1);
  expect(asked).toHaveLength(2);
});

test("a CSV is read by its columns, and a mistake is named with its line", () => {
  const header = "Email,manager,team,valid_from,valid_to,aliases";
  const read = (...lines: string[]) => readPeople([header, ...lines].join("\n"), "people.csv");
  expect(
    read('"ann@x.org",bob@x.org,claims,2026-01-01,,a1 ann.upn@x.org', "", "bob@x.org,,,,,"),
  ).toEqual([
    {
      email: "ann@x.org",
      aliases: ["a1", "ann.upn@x.org"],
      manager: "bob@x.org",
      team: "claims",
      validFrom: "2026-01-01",
      validTo: null,
    },
    { email: "bob@x.org", aliases: [], manager: null, team: null, validFrom: null, validTo: null },
  ]);
  expect(() => read("ann@x.org,,,,", "ann,,,,")).toThrow(
    /people\.csv:3: "ann" is not an e-mail address/,
  );
  expect(() => read("ann@x.org,,,yesterday,")).toThrow(
    /people\.csv:2: valid_from "yesterday" is not a day/,
  );
  expect(() => readPeople("email,team\n", "people.csv")).toThrow(
    /people\.csv:1: the column "manager" is missing/,
  );
  expect(() => readPeople('"a', "people.csv")).toThrow(/people\.csv:1: is not CSV/);
});
