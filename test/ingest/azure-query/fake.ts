import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHttpHeaders, RestError, type HttpClient } from "@azure/core-rest-pipeline";
import type { TokenCredential } from "@azure/identity";
import { onTestFinished } from "vitest";
import type { AzureQueryConfig } from "../../../ingest/azure-query/config.ts";
import {
  createAzureQuerySource,
  type AzureQueryDependencies,
  type AzureQuerySource,
  type AzureQueryUnit,
} from "../../../ingest/azure-query/source.ts";
import type { Loaded, SourceContext } from "../../../ingest/source.ts";

export const SUBSCRIPTION = "subscriptions/ea42f556-5106-4743-99b0-c129bfa71a47";
export const JSON_TYPE = { "content-type": "application/json; charset=utf-8" };

export interface Sent {
  method: string;
  url: string;
  host: string;
  headers: Record<string, string>;
  body: string;
}

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  /** The connection breaks instead. */
  breaks?: boolean;
}

type Responder = (sent: Sent, count: number) => Reply;

/** Stands where the network would be: below the SDK's whole pipeline. */
export function network(respond: Responder): { httpClient: HttpClient; sent: Sent[] } {
  const sent: Sent[] = [];
  const httpClient: HttpClient = {
    sendRequest(request) {
      const one = {
        method: request.method,
        url: request.url,
        host: new URL(request.url).host,
        headers: request.headers.toJSON(),
        body: typeof request.body === "string" ? request.body : "",
      };
      sent.push(one);
      const reply = respond(one, sent.length);
      if (reply.breaks === true)
        return Promise.reject(
          new RestError("read ECONNRESET", { code: "REQUEST_SEND_ERROR", request }),
        );
      return Promise.resolve({
        request,
        status: reply.status ?? 200,
        headers: createHttpHeaders(reply.headers ?? JSON_TYPE),
        bodyAsText: reply.body ?? "",
      });
    },
  };
  return { httpClient, sent };
}

/** A query's answer with one row a currency; the amounts are put in as the text they are. */
export function totals(rows: [amount: string, currency: string][], nextLink?: string): Reply {
  const link = nextLink === undefined ? "null" : JSON.stringify(nextLink);
  const cells = rows.map(([amount, currency]) => `[${amount},${JSON.stringify(currency)}]`);
  return {
    body: `{"properties":{"nextLink":${link},"columns":[{"name":"Cost","type":"Number"},{"name":"Currency","type":"String"}],"rows":[${cells.join(",")}]}}`,
  };
}

export interface Bench {
  source: AzureQuerySource;
  context: SourceContext;
  sent: Sent[];
  slept: number[];
  progress: string[];
  stop: AbortController;
  tokens: string[];
}

/** A source on a fake network, with a clock that moves only when it sleeps. */
export function bench(
  respond: Responder,
  config: Partial<AzureQueryConfig> = {},
  dependencies: AzureQueryDependencies = {},
  now = "2026-09-15T10:00:00Z",
): Bench {
  const { httpClient, sent } = network(respond);
  const slept: number[] = [];
  const progress: string[] = [];
  const tokens: string[] = [];
  const stop = new AbortController();
  let clock = Date.parse(now);
  const credential: TokenCredential = {
    getToken(scopes) {
      tokens.push(String(scopes));
      return Promise.resolve({ token: "secret", expiresOnTimestamp: Date.now() + 3_600_000 });
    },
  };
  const source = createAzureQuerySource(
    { type: "azure-query", name: "azure-says", scope: SUBSCRIPTION, ...config },
    {
      httpClient,
      credential,
      now: () => new Date(clock),
      sleep(ms) {
        slept.push(ms);
        clock += ms;
        return Promise.resolve();
      },
      ...dependencies,
    },
  );
  const home = mkdtempSync(join(tmpdir(), "apportion-azure-query-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const context: SourceContext = {
    home,
    now: () => new Date(now),
    progress: (what) => progress.push(what),
    signal: stop.signal,
  };
  return { source, context, sent, slept, progress, stop, tokens };
}

/** A unit as `plan` makes it, without the calls of `plan`. */
export function unitOf(month: string, scope = SUBSCRIPTION): AzureQueryUnit {
  return {
    unit: `${scope}/${month}`,
    run: null,
    submittedAt: null,
    months: [month],
    fingerprint: month,
    bytes: 0,
    month,
  };
}

/** Lands and loads one settled month. */
export async function ingest(on: Bench, month = "2026-07"): Promise<Loaded> {
  const unit = unitOf(month);
  return await on.source.load(unit, await on.source.land(unit, on.context));
}

/** What of a loaded unit the tests look at. */
export function amounts(loaded: Loaded): string[] {
  return loaded.stated.map(({ measure, amount, currency }) => `${measure} ${amount} ${currency}`);
}

const DATA = join(import.meta.dirname, "../../../../shared/data/azure");

/** A file recorded from Azure, outside of the repository; null where this machine lacks it. */
export function recorded(name: string): unknown {
  const path = join(DATA, name);
  if (!existsSync(path)) return null;
  return parseRaw(readFileSync(path, "utf8"));
}

const parseWith = JSON.parse as (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown;
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

/** Keeps the recording's own digits, so that stringifying gives the body that was sent. */
function parseRaw(text: string): unknown {
  return parseWith(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined ? rawJSON(source) : value,
  );
}
