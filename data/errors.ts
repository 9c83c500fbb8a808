/**
 * Every error a person can meet, once: what the code means, which exit code the command line gives
 * and which HTTP status the API. `docs/errors.md` and the tests iterate over this table.
 *
 * Exit codes: 1 a check failed, 2 wrong use or configuration, 3 a source could not be read or
 * another writer is busy, 4 internal.
 */
export const ERRORS = {
  USAGE: { exit: 2, status: 400, means: "The command line was not understood." },
  CONFIG_MISSING: { exit: 2, status: 500, means: "No configuration file was found." },
  CONFIG_INVALID: { exit: 2, status: 500, means: "The configuration or owners file has an error." },
  CONFIG_SECRET: { exit: 2, status: 500, means: "A secret is written into the configuration." },
  NOT_BUILT_YET: { exit: 2, status: 501, means: "A part of the contract this version lacks." },
  HOME_REFUSED: { exit: 2, status: 500, means: "The folder is not one this command may write." },
  HOST_REFUSED: { exit: 2, status: 500, means: "Listening beyond loopback needs authentication." },
  PORT_BUSY: { exit: 2, status: 500, means: "The port is taken by another process." },
  UNKNOWN_SOURCE: { exit: 2, status: 400, means: "No configured source has that name." },
  UNKNOWN_PARAMETER: { exit: 2, status: 400, means: "A parameter the route does not know." },
  BAD_PARAMETER: {
    exit: 2,
    status: 400,
    means: "A parameter's value is not one of those allowed.",
  },
  STEP_TOO_FINE: {
    exit: 2,
    status: 400,
    means: "Cost is known by whole UTC days, and less was asked for.",
  },
  MONTH_UNKNOWN: { exit: 2, status: 404, means: "That month has not been published." },
  CURRENCY_UNKNOWN: { exit: 2, status: 404, means: "That month holds no cost in that currency." },
  TEAM_UNKNOWN: { exit: 2, status: 404, means: "No team has that id." },
  NAMESPACE_UNKNOWN: { exit: 2, status: 404, means: "No scan saw that namespace." },
  NAMESPACE_REFUSED: {
    exit: 1,
    status: 409,
    means: "Something stands against what was asked of a namespace.",
  },
  LINK_INVALID: { exit: 2, status: 403, means: "A link of a message is not ours or has ended." },
  FINDING_UNKNOWN: { exit: 2, status: 404, means: "No finding has that id." },
  NOT_FOUND: { exit: 2, status: 404, means: "There is nothing at that address." },
  METHOD_NOT_ALLOWED: { exit: 2, status: 405, means: "That address does not take that method." },
  SIGN_IN_NEEDED: {
    exit: 2,
    status: 401,
    means: "Nobody has signed in, or the session has ended.",
  },
  SIGN_IN_REFUSED: {
    exit: 2,
    status: 401,
    means: "The identity provider's answer was not accepted.",
  },
  SIGN_IN_UNAVAILABLE: {
    exit: 3,
    status: 502,
    means: "The identity provider cannot be reached or is not one.",
  },
  TOKEN_REFUSED: { exit: 2, status: 401, means: "The token is unknown, expired or revoked." },
  TOKEN_UNKNOWN: { exit: 2, status: 404, means: "No token has that id." },
  NO_ROLE: { exit: 2, status: 403, means: "The person's groups give no role and no team here." },
  FORBIDDEN_ROLE: { exit: 2, status: 403, means: "The caller's role does not allow this." },
  NOT_YOUR_TEAM: { exit: 2, status: 403, means: "The team is not one of the caller's." },
  CROSS_SITE: { exit: 2, status: 403, means: "The request did not come from one of our pages." },
  TOO_MANY_REQUESTS: { exit: 4, status: 429, means: "The caller asks more often than is allowed." },
  ADDRESS_REFUSED: {
    exit: 3,
    status: 502,
    means: "An address that is never called, such as a cloud's metadata service.",
  },
  FORBIDDEN_HOST: { exit: 2, status: 400, means: "The Host header names another server." },
  NOTHING_PUBLISHED: { exit: 2, status: 503, means: "No month has been built yet." },
  TOO_BUSY: { exit: 4, status: 503, means: "Too many queries are waiting." },
  TOO_MANY_EXPORTS: { exit: 4, status: 429, means: "As many exports run as may run at once." },
  QUERY_TIMEOUT: {
    exit: 4,
    status: 504,
    means: "The query ran past its deadline and was stopped.",
  },
  QUERY_TOO_LARGE: {
    exit: 4,
    status: 503,
    means: "The query needed more memory or disk than queries may take, and was stopped.",
  },
  CLIENT_GONE: { exit: 4, status: 499, means: "The client left before the answer." },
  CHECK_FAILED: { exit: 1, status: 500, means: "An invariant or tolerance is violated." },
  WRITER_BUSY: { exit: 3, status: 503, means: "Another process is writing this home." },
  SOURCE_UNREADABLE: {
    exit: 3,
    status: 502,
    means: "The source or one of its units cannot be read.",
  },
  MANIFEST_INVALID: {
    exit: 3,
    status: 502,
    means: "An export manifest is broken or points outside.",
  },
  HEADER_INVALID: {
    exit: 3,
    status: 502,
    means: "A file's header lacks, repeats or hides a column.",
  },
  FILE_INVALID: { exit: 3, status: 502, means: "A file's bytes are not what they should be." },
  CONTROL_MISMATCH: { exit: 3, status: 502, means: "Rows or bytes differ from what was promised." },
  EXPORTS_OVERLAP: {
    exit: 3,
    status: 502,
    means: "Two exports bill the same subscription and month.",
  },
  UNIT_CHANGED: { exit: 3, status: 502, means: "The export changed while it was read." },
  DISK_FULL: { exit: 3, status: 507, means: "The disk is full." },
  AZURE_REFUSED: { exit: 3, status: 502, means: "Azure refused the call." },
  AZURE_THROTTLED: { exit: 3, status: 503, means: "Azure's rate limit did not lift in time." },
  STATEMENT_UNKNOWN: { exit: 2, status: 404, means: "That month has no statement of that number." },
  CLOSE_REFUSED: {
    exit: 1,
    status: 409,
    means: "The month has open questions that only a reason closes.",
  },
  STATEMENT_DAMAGED: {
    exit: 1,
    status: 500,
    means: "A statement's file is not as it was closed.",
  },
  ARCHIVE_DAMAGED: {
    exit: 1,
    status: 500,
    means: "An archive, a backup or a pack, is not as it was written.",
  },
  AUDIT_BROKEN: { exit: 1, status: 500, means: "The audit log is not as it was written." },
  WAREHOUSE_DAMAGED: { exit: 4, status: 500, means: "A stored file is damaged or unreadable." },
  ATTRIBUTION_OVERFLOW: { exit: 4, status: 500, means: "An amount is too large to split exactly." },
  INTERNAL: { exit: 4, status: 500, means: "A fault of ours." },
} as const satisfies Record<string, { exit: number; status: number; means: string }>;

export type ErrorCode = keyof typeof ERRORS;

/**
 * An error for a person: one line that names the file and place or the address, what was wrong with
 * which value, and what to do.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(redacted(message), options);
    this.name = "AppError";
    this.code = code;
  }
  get exit(): number {
    return ERRORS[this.code].exit;
  }
  get status(): number {
    return ERRORS[this.code].status;
  }
}

const DISK_FULL = /No space left|ENOSPC|not enough space|disk (?:is )?full/i;

/** Turns whatever was thrown into an `AppError`, so that a full disk is never called internal. */
export function asAppError(error: unknown, about?: string): AppError {
  if (error instanceof AppError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const place = about === undefined ? "" : `${about}: `;
  const options = { cause: error };
  if (DISK_FULL.test(message) || (error as { code?: unknown } | null)?.code === "ENOSPC")
    return new AppError(
      "DISK_FULL",
      `${place}the disk is full (${firstLine(message)}); free space and run the command again`,
      options,
    );
  return new AppError("INTERNAL", `${place}${firstLine(message)}`, options);
}

const SECRETS: readonly [RegExp, string][] = [
  // Of a connection string and of a SAS.
  [/\b(AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd)=[^;"'\s]+/gi, "$1=…"],
  [/([?&;]|\b)(sig)=[^&;"'\s]+/gi, "$1$2=…"],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}/g, "$1 …"],
  [/(\bhttps?:\/\/)[^/?#@\s"']*@/gi, "$1…@"],
];

/** Text without the secrets a connection string, a SAS, an address or a header may carry. */
export function redacted(text: string): string {
  return SECRETS.reduce((clean, [secret, put]) => clean.replace(secret, put), text);
}

/** The first line, with control characters shown, so that a name cannot forge terminal output. */
export function firstLine(text: string): string {
  const line = text.split(/\r?\n/, 1)[0] ?? "";
  return printable(line);
}

/** Control and direction-changing characters as `\u{…}`: names come from thousands of people. */
export function printable(text: string): string {
  return text.replace(
    // oxlint-disable-next-line no-control-regex
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (char) => `\\u{${char.charCodeAt(0).toString(16)}}`,
  );
}
