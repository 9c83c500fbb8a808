import { setTimeout } from "node:timers/promises";
import type { KubernetesObject } from "@kubernetes/client-node";
import type { ClusterClient, PageOptions } from "./client.ts";
import { asFailure, CallFailure } from "./failure.ts";
import type { InventoryKind, ObjectPage } from "./kinds.ts";

export interface ListLimits {
  /** Sends of one page, the first included. */
  attempts: number;
  /** The first wait before a page is asked for again; it doubles. */
  waitMs: number;
  /** The longest wait a server may ask for. */
  longestWaitMs: number;
  /** A page that has not come whole by then is not waited for. */
  deadlineMs: number;
}

export const LIST_LIMITS: ListLimits = {
  attempts: 3,
  waitMs: 1_000,
  longestWaitMs: 30_000,
  deadlineMs: 60_000,
};

export interface ListOptions {
  pageSize: number;
  limits: ListLimits;
  signal: AbortSignal;
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

// A hundred million objects; this only stops tokens that lead on forever.
const MAX_PAGES = 200_000;

/**
 * All objects of a kind, page by page, of one moment: the server keeps it as long as its continue
 * token lives. Ends only when everything promised has come.
 * @throws CallFailure; `expired` when the token has died and the list has to start over
 */
export async function* listPages(
  client: ClusterClient,
  kind: InventoryKind,
  options: ListOptions,
): AsyncGenerator<KubernetesObject[]> {
  let next: string | undefined;
  let read = 0;
  let promised = 0;
  const seen = new Set<string>();
  for (let page = 1; ; page++) {
    const answer = await onePage(client, kind, next, options);
    const items: unknown = answer.items;
    if (!Array.isArray(items) || answer.metadata === undefined)
      throw new CallFailure("malformed", "the answer is JSON but not a list");
    read += items.length;
    const { remainingItemCount } = answer.metadata;
    if (typeof remainingItemCount === "number")
      promised = Math.max(promised, read + remainingItemCount);
    yield items as KubernetesObject[];
    // What is passed through untyped keeps its own name.
    const token =
      answer.metadata["_continue"] ?? (answer.metadata as { continue?: string }).continue ?? "";
    if (token === "") {
      if (read < promised)
        throw new CallFailure(
          "malformed",
          `the list ended after ${read} of ${promised} objects; run the command again`,
        );
      return;
    }
    if (seen.has(token) || page >= MAX_PAGES)
      throw new CallFailure("malformed", "the pages of the list do not end");
    seen.add(token);
    next = token;
  }
}

/**
 * Whether the cluster serves a group at all. Asked before a list, since the API server answers 403 for
 * what it does not have too; true where it cannot be told.
 */
export async function servesGroup(
  client: ClusterClient,
  group: string,
  options: ListOptions,
): Promise<boolean> {
  try {
    const { groups } = await oneCall(client, options, (call) =>
      client.api.apis.getAPIVersions({}, call),
    );
    return !Array.isArray(groups) || groups.some(({ name }) => name === group);
  } catch (error) {
    if (error instanceof CallFailure && !error.isTotal) return true;
    throw error;
  }
}

async function onePage(
  client: ClusterClient,
  kind: InventoryKind,
  next: string | undefined,
  options: ListOptions,
): Promise<ObjectPage> {
  const ask = { limit: options.pageSize, ...(next === undefined ? {} : { _continue: next }) };
  return await oneCall(client, options, (call) => kind.list(client.api, ask, call));
}

/** One call, made again while that may help. @throws CallFailure */
async function oneCall<T>(
  client: ClusterClient,
  options: ListOptions,
  call: (options: PageOptions) => Promise<T>,
): Promise<T> {
  const { limits, signal } = options;
  for (let attempt = 1; ; attempt++) {
    const deadline = AbortSignal.timeout(limits.deadlineMs);
    try {
      return await call(client.options(AbortSignal.any([signal, deadline])));
    } catch (error) {
      signal.throwIfAborted();
      const failure = asFailure(error, deadline, limits.deadlineMs);
      if (!failure.isPassing || attempt >= limits.attempts) throw failure;
      const wait = failure.waitMs ?? limits.waitMs * 2 ** (attempt - 1);
      await (options.sleep ?? pause)(Math.min(wait, limits.longestWaitMs), signal);
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal });
}
