/** An answer that is no object: what the API server calls a Status. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Record<string, unknown>;
  /** For 410 on a list: a token that goes on, without the old moment. */
  readonly next: string | undefined;
  constructor(
    code: number,
    reason: string,
    message: string,
    more: { details?: Record<string, unknown>; next?: string } = {},
  ) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = more.details ?? {};
    this.next = more.next;
  }
  body(): object {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: this.next === undefined ? {} : { continue: this.next },
      status: "Failure",
      message: this.message,
      reason: this.reason,
      details: this.details,
      code: this.code,
    };
  }
}

export const notFound = (plural: string, name: string) =>
  new StatusError(404, "NotFound", `${plural} "${name}" not found`, {
    details: { name, kind: plural },
  });
export const badRequest = (message: string) => new StatusError(400, "BadRequest", message);
export const conflict = (plural: string, name: string, why: string) =>
  new StatusError(409, "Conflict", `Operation cannot be fulfilled on ${plural} "${name}": ${why}`, {
    details: { name, kind: plural },
  });
export const expired = (message: string, next?: string) =>
  new StatusError(410, "Expired", message, next === undefined ? {} : { next });
