import { spawn } from "node:child_process";
import { once } from "node:events";
import { AppError, type ErrorCode, ERRORS } from "../../data/errors.ts";
import type { CloseOutcome } from "../statements/close.ts";
import { CLOSER_ENV } from "./close.ts";

/** What a server asks its child to close. */
export interface CloseOrder {
  month: string;
  reason: string | null;
  name: string;
  role: string;
}

/** How long a close may take: comparing two months of three million lines takes about a minute. */
const DEADLINE = 5 * 60_000;

/**
 * Closes months in a process of its own: comparing two states of a month takes memory and processor
 * that the pages need, and the server stays one that only reads what is published.
 */
export function closeInChild(configFile: string): (order: CloseOrder) => Promise<CloseOutcome> {
  return async ({ month, reason, name, role }) => {
    const child = spawn(
      process.execPath,
      [
        new URL("../../bin/apportion.js", import.meta.url).pathname,
        "close",
        `--month=${month}`,
        "--format=json",
        `--config=${configFile}`,
        ...(reason === null ? [] : ["--force", `--reason=${reason}`]),
      ],
      {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, [CLOSER_ENV]: JSON.stringify({ name, role }) },
        timeout: DEADLINE,
      },
    );
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    await once(child, "close");
    const answer = answerOf(out);
    if (answer === null)
      throw new AppError(
        "INTERNAL",
        `closing ${month} ended without an answer; see the server's log`,
      );
    if ("error" in answer) {
      const { code, message } = answer.error;
      throw new AppError(Object.hasOwn(ERRORS, code) ? code : "INTERNAL", message);
    }
    return answer;
  };
}

/** What `close --format json` printed. */
function answerOf(
  text: string,
): CloseOutcome | { error: { code: ErrorCode; message: string } } | null {
  try {
    return JSON.parse(text) as CloseOutcome;
  } catch {
    return null;
  }
}
