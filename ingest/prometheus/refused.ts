import { AppError, firstLine } from "../../data/errors.ts";

/** More than the server answers at once: asked again in smaller pieces. */
export class TooMuch extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TooMuch";
  }
}

/** Where there is nothing smaller to ask for. */
export function insisted(error: unknown): unknown {
  if (!(error instanceof TooMuch)) return error;
  return new AppError(
    "SOURCE_UNREADABLE",
    `${error.message}; the server is busy or limited: run the command again later, or raise its limits`,
    { cause: error },
  );
}

export interface Answered {
  status: number;
  contentType: string;
  /** The beginning of the body. */
  body: string;
}

/** What to do about an answer that is none; `TooMuch` where smaller pieces may help. */
export function refused(place: string, azure: boolean, answer: Answered): Error {
  const { status, body } = answer;
  const said = saidBy(answer);
  const fault = (message: string) => new AppError("SOURCE_UNREADABLE", `${place}: ${message}`);
  if (status === 401)
    return azure
      ? new AppError(
          "AZURE_REFUSED",
          `${place}: 401, the token was not taken (${said}); check that the address is the query endpoint of the Azure Monitor workspace, and the tenant`,
        )
      : fault(`401, it wants to know who asks (${said}); set "auth" of the source`);
  if (status === 403)
    return azure
      ? new AppError(
          "AZURE_REFUSED",
          `${place}: 403 (${said}); give the identity the role "Monitoring Data Reader" on the Azure Monitor workspace`,
        )
      : fault(`403 (${said}); allow the account of "auth" to query, and check "tenant"`);
  if (isHtml(answer))
    return fault(
      `${status} with a web page instead of an answer (${said}); it is a proxy or a sign-in page: give the address of Prometheus itself`,
    );
  if (
    status === 503 ||
    status === 504 ||
    status === 429 ||
    /too many samples|exceed|limit|timed out|timeout|too large|resource_?exhausted/i.test(body)
  )
    return new TooMuch(`${place}: ${status} (${said})`);
  if (status === 404)
    return fault(`404, no Prometheus answers there (${said}); give the address without /api/v1`);
  if (status === 422) return new TooMuch(`${place}: 422 (${said})`);
  return fault(`${status} (${said}); look at the server's log`);
}

/** A connection that broke, in words. */
export function broken(place: string, error: unknown): Error {
  if (error instanceof AppError || error instanceof TooMuch) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ETIMEDOUT" || code === "ECONNABORTED" || /timeout|timed out/i.test(message))
    return new TooMuch(`${place}: no answer in time`, { cause: error });
  const why =
    code === "ECONNREFUSED"
      ? "nothing listens there; start it, or check the address"
      : code === "ENOTFOUND" || code === "EAI_AGAIN"
        ? "no such host; check the address"
        : `the connection broke (${firstLine(message)}); run the command again`;
  return new AppError("SOURCE_UNREADABLE", `${place}: ${why}`, { cause: error });
}

export function isHtml({ contentType, body }: Answered): boolean {
  return /text\/html/i.test(contentType) || /^\s*<(!doctype|html)/i.test(body);
}

function saidBy(answer: Answered): string {
  if (isHtml(answer))
    return firstLine(/<title>([^<]*)<\/title>/i.exec(answer.body)?.[1]?.trim() ?? "HTML");
  try {
    const { error } = JSON.parse(answer.body) as { error?: unknown };
    if (typeof error === "string") return firstLine(error).slice(0, 200);
  } catch {
    // Not JSON: shown as it is.
  }
  const text = firstLine(answer.body.trim()).slice(0, 200);
  return text === "" ? "no reason given" : text;
}
