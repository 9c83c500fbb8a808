import { setTimeout } from "node:timers/promises";
import { AppError, firstLine } from "../../data/errors.ts";
import { call } from "../../data/outward.ts";
import type { Person } from "./people.ts";

/** How Microsoft Graph is reached. */
export interface GraphAccess {
  url: string;
  token(signal: AbortSignal): Promise<string>;
  teamFrom: "department" | "companyName" | "jobTitle";
}

interface GraphUser {
  id?: string;
  mail?: string | null;
  userPrincipalName?: string;
  accountEnabled?: boolean;
  department?: string | null;
  companyName?: string | null;
  jobTitle?: string | null;
  employeeLeaveDateTime?: string | null;
  manager?: { mail?: string | null; userPrincipalName?: string };
}

const SELECT =
  "id,mail,userPrincipalName,accountEnabled,department,companyName,jobTitle,employeeLeaveDateTime";
const ATTEMPTS = 4;
const MAX_PAGES = 10_000;
const MOST_BYTES = 16 << 20;

/**
 * All users with their managers. One whose account is off has left: on the day the directory gives,
 * else today, since no day is known.
 * @throws SOURCE_UNREADABLE
 */
export async function graphPeople(
  access: GraphAccess,
  now: Date,
  signal: AbortSignal,
): Promise<Person[]> {
  const people: Person[] = [];
  const start = new URL("/v1.0/users", access.url);
  start.searchParams.set("$select", SELECT);
  start.searchParams.set("$expand", "manager($select=mail,userPrincipalName)");
  start.searchParams.set("$top", "999");
  let next: string | undefined = start.href;
  for (let page = 0; next !== undefined; page++) {
    // The token goes with each page, so a page elsewhere would be given it.
    if (new URL(next).origin !== start.origin || page >= MAX_PAGES)
      throw failed(access, `the list of users leads to ${new URL(next).origin}, or does not end`);
    const body = (await getJson(access, next, signal)) as {
      value?: GraphUser[];
      "@odata.nextLink"?: string;
    };
    if (!Array.isArray(body.value)) throw failed(access, "the answer holds no list of users");
    people.push(...body.value.flatMap((user) => personOf(user, access, now)));
    next = body["@odata.nextLink"];
  }
  return people;
}

function personOf(user: GraphUser, access: GraphAccess, now: Date): Person[] {
  const email = user.mail ?? user.userPrincipalName;
  if (email === undefined || email === "") return [];
  const left = user.employeeLeaveDateTime?.slice(0, 10) ?? null;
  return [
    {
      email,
      aliases: [user.id, user.userPrincipalName].filter(
        (alias): alias is string => alias !== undefined && alias !== email,
      ),
      manager: user.manager?.mail ?? user.manager?.userPrincipalName ?? null,
      team: user[access.teamFrom] ?? null,
      validFrom: null,
      validTo: user.accountEnabled === false ? (left ?? now.toISOString().slice(0, 10)) : left,
    },
  ];
}

async function getJson(access: GraphAccess, url: string, signal: AbortSignal): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    const response = await call(new URL(url), {
      headers: {
        authorization: `Bearer ${await access.token(signal)}`,
        accept: "application/json",
      },
      signal,
      timeoutMs: 60_000,
      maxBytes: MOST_BYTES,
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw failed(access, `could not be reached (${firstLine(String((error as Error).message))})`);
    });
    if (response.ok) return response.json();
    const passing = response.status === 429 || response.status >= 500;
    if (!passing || attempt >= ATTEMPTS)
      throw failed(
        access,
        response.status === 403
          ? "HTTP 403: grant the application permission User.Read.All"
          : `HTTP ${response.status}`,
      );
    await response.body?.cancel();
    const seconds = Number(response.headers.get("retry-after") ?? 2 ** attempt);
    await setTimeout(Math.min(Number.isFinite(seconds) ? seconds : 2, 60) * 1000, undefined, {
      signal,
    });
  }
}

function failed(access: GraphAccess, why: string): AppError {
  return new AppError("SOURCE_UNREADABLE", `Microsoft Graph at ${access.url}: ${why}`);
}
