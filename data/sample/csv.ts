/** A cell as RFC 4180 wants it: quoted when it holds a comma, a quote or a line end. */
export function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A row without its line end. */
export function row(cells: readonly string[]): string {
  return cells.map(cell).join(",");
}
