import { AppError } from "../../data/errors.ts";
import type { Labels } from "../prometheus/labels.ts";
import { type Read, readConsumer } from "../../data/drivers.ts";

/** Who a series is about, from its labels. */
export type ConsumerTemplate = (labels: Readonly<Labels>) => Read<string>;

const LABEL = /\{([a-zA-Z_][a-zA-Z0-9_]*)\}/g;

/** Reads `namespace:prod/{namespace}` and its like; `place` begins the error where it is none. */
export function consumerTemplate(text: string, place: string): ConsumerTemplate {
  const rest = text.replaceAll(LABEL, "");
  if (/[{}]/.test(rest))
    throw new AppError(
      "CONFIG_INVALID",
      `${place}: "${text}" has a brace that names no label; write {label}`,
    );
  const names = [...text.matchAll(LABEL)].map(([, name]) => name ?? "");
  return (labels) => {
    const lacking = names.find((name) => (labels[name] ?? "") === "");
    if (lacking !== undefined)
      return {
        reason: `the series has no label "${lacking}", which "${text}" takes its consumer from; keep it in the query ("by (${names.join(", ")})")`,
      };
    return readConsumer(text.replaceAll(LABEL, (_, name: string) => labels[name] ?? ""));
  };
}
