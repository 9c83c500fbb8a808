import { type Signal, signal } from "@preact/signals";
import type { Problem } from "../api/schemas/common.ts";

/**
 * Answers of the API, each asked once and kept. A page reads them as signals; those that came with the
 * page are there before its first line runs.
 */

export interface Answer<T> {
  /** The last good answer; kept while a newer one fails. */
  data: T | null;
  problem: Problem | null;
  /** When the request first failed, in milliseconds; null while it succeeds. */
  failingSince: number | null;
  /** When `data` came. */
  at: number;
  pending: boolean;
}

/** An answer younger than this is used as it is; an older one is shown and asked again. */
const FRESH_MS = 60_000;

const answers = new Map<string, Signal<Answer<unknown>>>();
const running = new Map<string, Promise<void>>();

/** Takes the answers that came inside the page. */
export function seed(text: string): void {
  const given = JSON.parse(text) as Record<string, unknown>;
  for (const [path, answer] of Object.entries(given)) settle(path, answer);
}

/** The answer of an API path as it stands now; asks for it when nobody has. */
export function answerOf<T>(path: string): Answer<T> {
  const held = slot(path);
  const { data, problem, pending } = held.peek();
  if (data === null && problem === null && !pending) void load(path);
  return held.value as Answer<T>;
}

/** Asks unless a fresh answer is held; settles when there is one or the request failed. */
export function load(path: string, force = false): Promise<void> {
  const held = slot(path);
  const { data, at, failingSince } = held.peek();
  const fresh = data !== null && failingSince === null && Date.now() - at < FRESH_MS;
  if (fresh && !force) return Promise.resolve();
  const already = running.get(path);
  if (already !== undefined) return already;
  held.value = { ...held.peek(), pending: true };
  const request = ask(path).then((answer) => {
    running.delete(path);
    settle(path, answer);
  });
  running.set(path, request);
  // What is shown already is good enough to go on with while the newer answer comes.
  return data === null ? request : Promise.resolve();
}

async function ask(path: string): Promise<unknown> {
  try {
    const response = await fetch(path, { headers: { accept: "application/json" } });
    const body: unknown = await response.json().catch(() => null);
    if (response.ok && body !== null) return body;
    if (response.status === 401) leave();
    return isProblem(body)
      ? body
      : problem(response.status, "BAD_ANSWER", "The server answered something that is not JSON.");
  } catch {
    return problem(
      0,
      "UNREACHABLE",
      "The server did not answer. Is it running, and are you online?",
    );
  }
}

/** Forgets every figure and goes to the sign-in: the session is over, and so is what it showed. */
export function leave(to?: string): void {
  for (const held of answers.values())
    held.value = { data: null, problem: null, failingSince: null, at: 0, pending: true };
  const back = `${location.pathname}${location.search}`;
  location.replace(to ?? `/sign-in?returnTo=${encodeURIComponent(back)}`);
}

function settle(path: string, answer: unknown): void {
  const held = slot(path);
  const before = held.peek();
  held.value = isProblem(answer)
    ? {
        ...before,
        problem: answer,
        failingSince: before.failingSince ?? Date.now(),
        pending: false,
      }
    : { data: answer, problem: null, failingSince: null, at: Date.now(), pending: false };
}

function slot(path: string): Signal<Answer<unknown>> {
  const held = answers.get(path);
  if (held !== undefined) return held;
  const empty = { data: null, problem: null, failingSince: null, at: 0, pending: false };
  const made = signal<Answer<unknown>>(empty);
  answers.set(path, made);
  return made;
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body && "status" in body;
}

function problem(status: number, code: string, detail: string): Problem {
  return { type: "about:blank", title: "No answer", status, code, detail };
}
