import { FOCUS_COLUMNS } from "../data/line-columns.ts";

/** FOCUS 1.2 columns of the lines CSV: name outside, column inside. */
export const FOCUS_EXPORT: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(FOCUS_COLUMNS).map((column) => [
    column.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    column,
  ]),
);
