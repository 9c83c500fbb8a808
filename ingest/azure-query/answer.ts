import { AppError, firstLine } from "../../data/errors.ts";
import type { Scope } from "./scope.ts";

/** An answer as received: its body is text until its numbers can be read exactly. */
export interface Answer {
  status: number;
  contentType: string;
  body: string;
}

// What Azure calls a permission that exists but is switched off, and who can switch it on.
const SWITCHED_OFF: Readonly<Record<string, string>> = {
  AccountCostDisabled:
    'an enterprise administrator must switch on "Account owners can view charges" in the enrolment\'s policies',
  DepartmentCostDisabled:
    'an enterprise administrator must switch on "Department admins can view charges" in the enrolment\'s policies',
  IndirectCostDisabled:
    "the enrolment is bought through a partner, who must release its markup (prices) to the customer",
};

/** Throws a person's error for every answer but 200 and 204. */
export function refuseFailure(answer: Answer, place: string, scope: Scope): void {
  const { status } = answer;
  if (status === 200 || status === 204) return;
  const { code, message } = errorOf(answer.body);
  const said = `HTTP ${status}${code === "" ? "" : ` ${code}`}${message === "" ? "" : `: ${message}`}`;
  const off = SWITCHED_OFF[code];
  if (off !== undefined)
    throw new AppError("AZURE_REFUSED", `${place}: Azure hides the cost (${said}); ${off}`);
  if (isHtml(answer) || status === 407) throw notAzure(place, answer);
  if (status === 401 || status === 403)
    throw new AppError(
      "AZURE_REFUSED",
      `${place}: Azure refused (${said}); the identity ${scope.role}`,
    );
  if (status >= 400 && status < 500)
    throw new AppError(
      "AZURE_REFUSED",
      `${place}: Azure refused (${said}); check the source's scope in the configuration`,
    );
  throw new AppError(
    "SOURCE_UNREADABLE",
    `${place}: Azure answered ${said}; run the command again later`,
  );
}

/** Parses a 200's body; what is not JSON is named for what it is. */
export function readJson(
  answer: Answer,
  place: string,
  parse: (text: string) => unknown,
): Record<string, unknown> {
  if (isHtml(answer)) throw notAzure(place, answer);
  let value: unknown;
  try {
    value = parse(answer.body);
  } catch (error) {
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${place}: the answer is ${answer.body === "" ? "empty" : `not whole JSON (${Buffer.byteLength(answer.body)} bytes, ${firstLine((error as Error).message)})`}; run the command again`,
      { cause: error },
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new AppError("SOURCE_UNREADABLE", `${place}: the answer is JSON but not an object`);
  return value as Record<string, unknown>;
}

function isHtml(answer: Answer): boolean {
  return /text\/html/i.test(answer.contentType) || /^\s*<(?:!doctype|html)/i.test(answer.body);
}

function notAzure(place: string, answer: Answer): AppError {
  const title = /<title[^>]*>([^<]{1,120})/i.exec(answer.body)?.[1]?.trim();
  return new AppError(
    "SOURCE_UNREADABLE",
    `${place}: a web page came back instead of Azure's answer (HTTP ${answer.status}${title === undefined ? "" : `, "${firstLine(title)}"`}); a proxy stands in between: let it pass the endpoint, or set HTTPS_PROXY / NO_PROXY`,
  );
}

/** `code` and `message` of an error body, empty where it has none. */
export function errorOf(body: string): { code: string; message: string } {
  try {
    const { error } = JSON.parse(body) as { error?: { code?: unknown; message?: unknown } };
    return { code: short(error?.code), message: short(error?.message) };
  } catch {
    return { code: "", message: "" };
  }
}

function short(value: unknown): string {
  if (typeof value !== "string") return "";
  const line = firstLine(value).trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
