import type { PipelinePolicy, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { AppError } from "../../data/errors.ts";
import { waitAsked, type WaitBudget, type WaitLimits } from "./wait.ts";

export interface ThrottleOptions {
  /** Who is throttled, for the error. */
  place: string;
  limits: WaitLimits;
  budget: WaitBudget;
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  now: () => Date;
  onWait: (ms: number, why: string) => void;
}

const BROKEN = new Set([408, 500, 502, 503, 504]);

/**
 * Repeats what the rate limit, a server error or a broken connection stopped. It replaces the
 * SDK's own retries, which do not know Cost Management's headers; both together would multiply.
 */
export function throttlePolicy(options: ThrottleOptions): PipelinePolicy {
  return {
    name: "apportionThrottlePolicy",
    async sendRequest(request, next) {
      const blocked = options.budget.blockedFor(options.now());
      if (blocked > 0) throw throttled(options, blocked, 0);
      for (let attempt = 1; ; attempt++) {
        const outcome = await attemptOnce(request, next);
        const wait = waitBefore(outcome, attempt, options);
        if (wait === null) {
          if ("error" in outcome) throw outcome.error;
          return outcome.response;
        }
        options.onWait(wait.ms, wait.why);
        await options.sleep(wait.ms, request.abortSignal as AbortSignal | undefined);
      }
    },
  };
}

type Outcome = { response: PipelineResponse } | { error: unknown };

async function attemptOnce(
  request: PipelineRequest,
  next: (request: PipelineRequest) => Promise<PipelineResponse>,
): Promise<Outcome> {
  try {
    return { response: await next(request) };
  } catch (error) {
    const { code, name } = error as { code?: unknown; name?: unknown };
    // A time-out is an AbortError too, one that nobody asked for.
    const broken =
      code === "REQUEST_SEND_ERROR" || (name === "AbortError" && !request.abortSignal?.aborted);
    if (!broken) throw error;
    return { error };
  }
}

/** How long to wait before the next attempt; null to go on with what there is. */
function waitBefore(
  outcome: Outcome,
  attempt: number,
  options: ThrottleOptions,
): { ms: number; why: string } | null {
  const { limits, budget } = options;
  const now = options.now();
  if ("response" in outcome) {
    const { status, headers } = outcome.response;
    const asked = status === 429 || status === 503 ? waitAsked(headers, now) : null;
    if (status === 429 || asked !== null) {
      const ms = asked ?? limits.unnamedMs * 2 ** (attempt - 1);
      if (attempt >= limits.attempts || !budget.take(ms, now)) {
        budget.block(ms, now);
        throw throttled(options, ms, attempt);
      }
      return { ms, why: "Azure's rate limit" };
    }
    if (!BROKEN.has(status)) return null;
  }
  const ms = limits.brokenMs * 2 ** (attempt - 1);
  if (attempt >= limits.brokenAttempts || !budget.take(ms, now)) return null;
  return { ms, why: "response" in outcome ? `HTTP ${outcome.response.status}` : "no connection" };
}

function throttled(options: ThrottleOptions, ms: number, attempts: number): AppError {
  const tried = attempts === 0 ? "not asked again" : `asked ${attempts} times`;
  return new AppError(
    "AZURE_THROTTLED",
    `${options.place}: Azure's rate limit wants another ${Math.ceil(ms / 1000)} s (${tried}); run the command again after that, or give the source fewer months`,
  );
}
