import type { PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { AppError, firstLine, printable } from "../../data/errors.ts";
import { monthBounds, type Month } from "../../data/period.ts";
import { readJson, refuseFailure, type Answer } from "./answer.ts";
import type { AzureClient } from "./client.ts";
import { parseExact } from "./exact.ts";
import type { Scope } from "./scope.ts";

export type QueryType = "ActualCost" | "AmortizedCost";

export interface AskOptions {
  scope: Scope;
  endpoint: string;
  /** Who asks about what, for errors. */
  place: string;
  signal: AbortSignal;
}

const TIMEOUT_MS = 120_000;
// One row a currency fits one page; this only stops a link that leads on forever.
const MAX_PAGES = 100;

/** Asks for the total of one month, all pages of the answer as received. */
export async function askTotal(
  client: AzureClient,
  type: QueryType,
  month: Month,
  options: AskOptions,
): Promise<Answer[]> {
  const { start, end } = monthBounds(month);
  const definition = {
    type,
    timeframe: "Custom",
    timePeriod: {
      from: new Date(`${start}T00:00:00Z`),
      to: new Date(Date.parse(`${end}T00:00:00Z`) - 1000),
    },
    // Without a grouping Azure still gives one row a currency, on every kind of scope; grouping by
    // BillingCurrency is refused on some.
    dataset: {
      granularity: "None",
      aggregation: { totalCost: { name: "Cost", function: "Sum" } },
    },
  };
  const first = await exchange(options, (onResponse) =>
    client.sdk.query.usage(options.scope.path, definition, { ...sdkOptions(options), onResponse }),
  );
  return await allPages(client, first, options, (body) => body["properties"]);
}

/** Lists the exports of the scope with their last run. */
export async function askExports(client: AzureClient, options: AskOptions): Promise<Answer[]> {
  const first = await exchange(options, (onResponse) =>
    client.sdk.exports.list(options.scope.path, {
      ...sdkOptions(options),
      expand: "runHistory",
      onResponse,
    }),
  );
  return await allPages(client, first, options, (body) => body);
}

/** Lists the runs of one export. */
export async function askRuns(
  client: AzureClient,
  exportName: string,
  options: AskOptions,
): Promise<Answer> {
  const response = await exchange(options, (onResponse) =>
    client.sdk.exports.getExecutionHistory(options.scope.path, encodeURIComponent(exportName), {
      ...sdkOptions(options),
      onResponse,
    }),
  );
  const answer = answerOf(response);
  refuseFailure(answer, options.place, options.scope);
  return answer;
}

function sdkOptions(options: AskOptions) {
  return {
    abortSignal: options.signal,
    // The SDK's objects lack fields and hold amounts as doubles; the text is all that is used.
    requestOptions: { shouldDeserialize: false, timeout: TIMEOUT_MS },
  };
}

async function allPages(
  client: AzureClient,
  first: PipelineResponse,
  options: AskOptions,
  holder: (body: Record<string, unknown>) => unknown,
): Promise<Answer[]> {
  const { method, body } = first.request;
  const pages: Answer[] = [];
  const seen = new Set<string>();
  for (let response = first; ;) {
    const answer = answerOf(response);
    refuseFailure(answer, options.place, options.scope);
    pages.push(answer);
    if (answer.status === 204) return pages;
    const link = nextLinkOf(holder(readJson(answer, options.place, parseExact)));
    if (link === null) return pages;
    const url = nextUrl(link, options);
    if (seen.has(url) || pages.length >= MAX_PAGES)
      throw new AppError(
        "SOURCE_UNREADABLE",
        `${options.place}: Azure's pages do not end (${seen.has(url) ? "a page links to itself" : `more than ${MAX_PAGES}`})`,
      );
    seen.add(url);
    response = await exchange(options, () => follow(client, url, method, body, options));
  }
}

function nextLinkOf(holder: unknown): string | null {
  const link = (holder as { nextLink?: unknown } | null | undefined)?.nextLink;
  return typeof link === "string" && link !== "" ? link : null;
}

/** The address of a next page, which gets a token: only ever one of the endpoint's own. */
function nextUrl(link: string, options: AskOptions): string {
  const { origin } = new URL(options.endpoint);
  const url = URL.canParse(link) ? new URL(link) : null;
  if (
    url === null ||
    url.origin !== origin ||
    url.username !== "" ||
    url.password !== "" ||
    !/\/providers\/microsoft\.costmanagement\//i.test(url.pathname)
  )
    throw new AppError(
      "AZURE_REFUSED",
      `${options.place}: the next page is said to be at "${printable(link.slice(0, 200))}", which is not Cost Management at ${origin}; not followed`,
    );
  return link;
}

async function follow(
  client: AzureClient,
  url: string,
  method: PipelineRequest["method"],
  body: PipelineRequest["body"],
  options: AskOptions,
): Promise<PipelineResponse> {
  const { createHttpHeaders, createPipelineRequest } = await import("@azure/core-rest-pipeline");
  const request = createPipelineRequest({
    url,
    method,
    ...(body === undefined ? {} : { body }),
    headers: createHttpHeaders({ Accept: "application/json", "Content-Type": "application/json" }),
    timeout: TIMEOUT_MS,
    abortSignal: options.signal,
  });
  client.asGiven.add(request);
  return await client.sdk.sendRequest(request);
}

function answerOf(response: PipelineResponse): Answer {
  return {
    status: response.status,
    contentType: response.headers.get("content-type") ?? "",
    body: response.bodyAsText ?? "",
  };
}

/** One call; the response as received, also where the SDK could not parse it. */
async function exchange(
  options: AskOptions,
  call: (onResponse: (response: PipelineResponse) => void) => Promise<unknown>,
): Promise<PipelineResponse> {
  let received: PipelineResponse | undefined;
  try {
    const result = await call((response) => (received = response));
    return received ?? (result as PipelineResponse);
  } catch (error) {
    if (error instanceof AppError || options.signal.aborted) throw error;
    const { response, code, message } = error as {
      response?: PipelineResponse;
      code?: unknown;
      message?: unknown;
    };
    if (code === "PARSE_ERROR" && response !== undefined) return response;
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${options.place}: ${new URL(options.endpoint).host} could not be reached (${firstLine(String(message))}); check the network, or set HTTPS_PROXY`,
      { cause: error },
    );
  }
}
