import { type AppError, ERRORS } from "../data/errors.ts";
import type { Problem } from "./schemas/common.ts";

/** RFC 9457 problem details. A fault of ours tells its id and nothing of our insides. */
export function problemOf(error: AppError, id: string): { status: number; body: Problem } {
  const { status, means } = ERRORS[error.code];
  const inside = status === 500;
  return {
    status: status === 499 ? 400 : status,
    body: {
      type: `urn:apportion:problem:${error.code.toLowerCase().replaceAll("_", "-")}`,
      title: means,
      status,
      code: error.code,
      detail: inside
        ? `something went wrong on our side; tell the platform team this id: ${id}`
        : error.message,
      instance: `urn:uuid:${id}`,
    },
  };
}
