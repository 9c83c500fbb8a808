/**
 * What is copied is exact: figures shown rounded go to the clipboard whole, and a piece of a table goes
 * as tab-separated cells, ready for a spreadsheet.
 */
export function copyExact(event: ClipboardEvent): void {
  const selection = getSelection();
  if (selection === null || selection.isCollapsed || event.clipboardData === null) return;
  const range = selection.getRangeAt(0);
  const within = elementOf(range.commonAncestorContainer)?.closest<HTMLElement>("[data-exact]");
  if (within !== null && within !== undefined) {
    // Part of one figure is what was asked for; only the whole of it means the amount.
    if (selection.toString().trim() !== within.textContent.trim()) return;
    event.clipboardData.setData("text/plain", within.dataset["exact"] ?? "");
    event.preventDefault();
    return;
  }
  const copy = range.cloneContents();
  const figures = copy.querySelectorAll<HTMLElement>("[data-exact]");
  if (figures.length === 0) return;
  for (const figure of figures) figure.textContent = figure.dataset["exact"] ?? "";
  const rows = [...copy.querySelectorAll("tr")];
  const text =
    rows.length === 0
      ? copy.textContent
      : rows.map((row) => [...row.querySelectorAll("th,td")].map(cellText).join("\t")).join("\n");
  event.clipboardData.setData("text/plain", text ?? "");
  event.preventDefault();
}

function cellText(cell: Element): string {
  return cell.textContent.replace(/\s+/g, " ").trim();
}

function elementOf(node: Node): Element | null {
  return node instanceof Element ? node : node.parentElement;
}
