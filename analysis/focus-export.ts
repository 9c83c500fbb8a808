import { loadSql } from "../data/sql.ts";

const stored = Object.keys(
  JSON.parse(loadSql(new URL("./models/line-columns.json", import.meta.url))) as Record<
    string,
    string
  >,
).filter((column) => !column.startsWith("x_"));

/** FOCUS 1.2 columns of the lines CSV: name outside, column inside. */
export const FOCUS_EXPORT: Readonly<Record<string, string>> = Object.fromEntries(
  stored.map((column) => [
    column.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    column,
  ]),
);
