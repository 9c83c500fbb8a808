import { AppError } from "./errors.ts";

/** Now; `APPORTION_NOW` (ISO 8601) fixes it for tests. */
export function systemClock(env: NodeJS.ProcessEnv = process.env): () => Date {
  const fixed = env["APPORTION_NOW"];
  if (fixed === undefined || fixed === "") return () => new Date();
  const time = Date.parse(fixed);
  if (Number.isNaN(time))
    throw new AppError("USAGE", `APPORTION_NOW: "${fixed}" is not an ISO 8601 time`);
  return () => new Date(time);
}
