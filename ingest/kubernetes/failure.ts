import { AppError, firstLine } from "../../data/errors.ts";
import type { InventoryKind } from "./kinds.ts";

export type FailureKind =
  /** 401: who we are is not accepted. */
  | "unauthorized"
  /** 403: we may not do this one thing. */
  | "refused"
  /** 404: the cluster has no such kind. */
  | "absent"
  /** 409: somebody else was faster, or it is not the object that was meant. */
  | "conflict"
  /** 410: the continue token is too old. */
  | "expired"
  /** A web page, or another server altogether. */
  | "foreign"
  /** No answer, or not in time. */
  | "unreachable"
  /** 429 and 5xx. */
  | "busy"
  /** An answer that is not what the API promises. */
  | "malformed";

/** What went wrong with one call, before it is known what it costs. */
export class CallFailure extends Error {
  readonly kind: FailureKind;
  /** What the server asks to wait, in milliseconds. */
  readonly waitMs: number | null;
  constructor(
    kind: FailureKind,
    message: string,
    options: ErrorOptions & { waitMs?: number | null } = {},
  ) {
    super(message, options);
    this.name = "CallFailure";
    this.kind = kind;
    this.waitMs = options.waitMs ?? null;
  }
  /** Worth asking again. */
  get isPassing(): boolean {
    return this.kind === "unreachable" || this.kind === "busy";
  }
  /** The next kind would fail the same way. */
  get isTotal(): boolean {
    return ["unauthorized", "foreign", "unreachable"].includes(this.kind);
  }
}

const BY_STATUS: Readonly<Record<number, FailureKind>> = {
  401: "unauthorized",
  403: "refused",
  404: "absent",
  409: "conflict",
  410: "expired",
  429: "busy",
};

/** The failure an answer tells of; null for a success that holds JSON. */
export function failureOf(answer: {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}): CallFailure | null {
  const { status, headers, body } = answer;
  const type = headers["content-type"] ?? "";
  if (/text\/html/i.test(type) || /^\s*<(?:!doctype|html)/i.test(body)) {
    const title = /<title[^>]*>([^<]{1,120})/i.exec(body)?.[1]?.trim();
    const said = title === undefined || title === "" ? "" : `, "${firstLine(title)}"`;
    return new CallFailure(
      "foreign",
      `a web page came back instead of the API's answer (HTTP ${status}${said}); a proxy or login page stands in between: check the server's address in the kubeconfig, HTTPS_PROXY and NO_PROXY`,
    );
  }
  if (status >= 200 && status < 300)
    return /json/i.test(type)
      ? null
      : new CallFailure(
          "foreign",
          `the answer is ${type === "" ? "of no content type" : firstLine(type.slice(0, 80))} and not JSON; check the server's address in the kubeconfig`,
        );
  const kind = BY_STATUS[status] ?? (status >= 500 ? "busy" : "malformed");
  const seconds = Number(headers["retry-after"] ?? "");
  return new CallFailure(kind, `HTTP ${status}${messageOf(body)}`, {
    waitMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null,
  });
}

/** The message of a `Status` body; nothing where it is none. */
function messageOf(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    if (typeof message !== "string" || message === "") return "";
    const line = firstLine(message);
    return `: ${line.length > 200 ? `${line.slice(0, 200)}…` : line}`;
  } catch {
    return "";
  }
}

/** The failure behind whatever the client threw. */
export function asFailure(error: unknown, deadline: AbortSignal, deadlineMs: number): CallFailure {
  if (error instanceof CallFailure) return error;
  if (deadline.aborted)
    return new CallFailure(
      "unreachable",
      `no whole answer within ${Math.ceil(deadlineMs / 1000)} s; check the network, or set a smaller pageSize`,
      { cause: error },
    );
  if (error instanceof SyntaxError)
    return new CallFailure(
      "malformed",
      `the answer is not whole JSON (${firstLine(error.message)}); run the command again`,
      { cause: error },
    );
  return new CallFailure("unreachable", `the server could not be reached (${reasons(error)})`, {
    cause: error,
  });
}

/** `fetch failed` says nothing; its causes do. */
function reasons(error: unknown): string {
  const said: string[] = [];
  for (let at: unknown = error; at instanceof Error && said.length < 3; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    const line = firstLine(at.message) || (code ?? "");
    if (line !== "" && line !== "fetch failed") said.push(line);
  }
  return said.length === 0 ? firstLine(String(error)) : said.join(": ");
}

/** A person's error for one kind that could not be read. */
export function kindError(place: string, kind: InventoryKind, failure: CallFailure): AppError {
  const what = `${kind.resource}${kind.group === "" ? "" : `.${kind.group}`}`;
  const stays = `the history of ${kind.resource} stays as it was`;
  const advice =
    failure.kind === "refused"
      ? `not allowed: verb list on resource ${what} (${failure.message}); bind the ClusterRole apportion-reader of deploy/rbac/reader.yaml`
      : failure.kind === "absent"
        ? `the cluster serves no ${what} of the version that is read (${failure.message}); Kubernetes 1.25 or newer is needed`
        : `${what}: ${failure.message}`;
  return new AppError("SOURCE_UNREADABLE", `${place}: ${advice}; ${stays}`, { cause: failure });
}

/** A person's error for a cluster of which nothing, or nothing more, can be read. */
export function clusterError(place: string, server: string, failure: CallFailure): AppError {
  const advice =
    failure.kind === "unauthorized"
      ? `${server} does not accept the credentials (${failure.message}); renew the token or certificate in the kubeconfig, or sign in again`
      : `${server}: ${failure.message}`;
  return new AppError("SOURCE_UNREADABLE", `${place}: ${advice}`, { cause: failure });
}
