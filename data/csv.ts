/**
 * CSV for people who open it in a spreadsheet: RFC 4180, and no cell that one would run.
 * Numbers are exempt, so an amount of -12.3 stays a number.
 */

// What starts a formula in Excel, LibreOffice or Sheets, after whatever white space they skip.
const FORMULA = /^[\s\u00a0\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r|%]/u;
const NUMBER = /^-?\d+(\.\d+)?$/;

/** One cell; text that would run as a formula gets a leading apostrophe. */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : String(value as number | boolean);
  if (NUMBER.test(text)) return text;
  const guarded = FORMULA.test(text) || /^[\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",;\r\n\t']|^\s|\s$|^sep=/i.test(guarded)
    ? `"${guarded.replaceAll('"', '""')}"`
    : guarded;
}

/** One record with its line end. */
export function csvRecord(cells: Iterable<unknown>): string {
  return `${Array.from(cells, csvCell).join(",")}\r\n`;
}
