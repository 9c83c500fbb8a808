import { readFileSync } from "node:fs";
import { AppError } from "./errors.ts";

const cache = new Map<string, string>();

/** The text of an SQL file that stands beside its owner. */
export function loadSql(url: URL): string {
  let text = cache.get(url.href);
  if (text === undefined) {
    text = readFileSync(url, "utf8");
    cache.set(url.href, text);
  }
  return text;
}

/** For each slot, the closed table of texts that may fill it. */
export type Slots = Readonly<
  Record<string, readonly [table: Readonly<Record<string, string>>, key: string]>
>;

/**
 * Fills `{{slot}}`s of a query from closed tables of constants; the only place that puts text into
 * SQL. A key that is not in its table, a slot without a table and a table without a slot are refused.
 */
export function fillSql(text: string, slots: Slots): string {
  const used = new Set<string>();
  const filled = text.replace(/\{\{(\w+)\}\}/g, (_, slot: string) => {
    const entry = slots[slot];
    if (entry === undefined) throw new AppError("INTERNAL", `no table fills the slot ${slot}`);
    const [table, key] = entry;
    if (!Object.hasOwn(table, key))
      throw new AppError(
        "BAD_PARAMETER",
        `${slot}: "${key}" is not one of ${Object.keys(table).join(", ")}`,
      );
    used.add(slot);
    return table[key] as string;
  });
  for (const slot of Object.keys(slots))
    if (!used.has(slot)) throw new AppError("INTERNAL", `the query has no slot ${slot}`);
  return filled;
}
