import embed, { type VisualizationSpec } from "vega-embed";
import { expressionInterpreter } from "vega-interpreter";
import type { Drawing } from "./drawing.ts";
import { barsSpec, type ChartSpec, columnsSpec } from "./specs.ts";
import { frontierSpec } from "./frontier-spec.ts";
import { evidenceSpec } from "./evidence-spec.ts";
import { usageSpec } from "./usage-spec.ts";

/** Everything that needs Vega, so that it is one chunk that no first paint waits for. */

export interface Drawn {
  element: HTMLElement;
  remove: () => void;
}

/** Draws a chart into an element of its own, ready to be put in place. */
export async function draw(
  drawing: Drawing,
  width: number,
  onPick: (key: string) => void,
): Promise<Drawn> {
  const spec = specOf(drawing, width);
  const element = document.createElement("div");
  // The element around it is the image and says in words what it shows.
  element.ariaHidden = "true";
  const { view, finalize } = await embed(element, spec as unknown as VisualizationSpec, {
    renderer: "svg",
    // The page's security policy forbids made-up code and inline styles; Vega can do without both.
    ast: true,
    expr: expressionInterpreter,
    actions: false,
    defaultStyle: false,
    tooltip: (_handler: unknown, event: MouseEvent, _item: unknown, value: unknown) =>
      tell(event, value),
  });
  view.addEventListener("click", (_event, item) => {
    const key = (item?.datum as { key?: unknown } | undefined)?.key;
    if (typeof key === "string") onPick(key);
  });
  return {
    element,
    remove: () => {
      hide();
      finalize();
    },
  };
}

function specOf(drawing: Drawing, width: number): ChartSpec {
  switch (drawing.kind) {
    case "bars":
      return barsSpec(drawing.bars, drawing.description, width);
    case "columns":
      return columnsSpec(drawing.cols, drawing, width);
    case "evidence":
      return evidenceSpec(drawing.evidence, drawing.description, width);
    case "frontier":
      return frontierSpec(drawing.lines, drawing.figure, drawing.description, width);
    case "usage":
      return usageSpec(drawing.days, drawing.currency, drawing.description, width);
  }
}

let tip: HTMLElement | null = null;

/** Vega's own tooltip writes HTML; names are untrusted, so ours writes text. */
function tell(event: MouseEvent, value: unknown): void {
  if (typeof value !== "string" || value === "") return hide();
  if (tip === null) {
    tip = document.createElement("div");
    tip.className = "chart-tip";
    tip.ariaHidden = "true";
    document.querySelector("main")?.append(tip);
  }
  tip.textContent = value;
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const x = Math.min(event.clientX + 14, innerWidth - width - 8);
  const y =
    event.clientY + 16 + height > innerHeight ? event.clientY - height - 10 : event.clientY + 16;
  tip.style.left = `${Math.max(8, x)}px`;
  tip.style.top = `${y}px`;
}

function hide(): void {
  if (tip !== null) tip.hidden = true;
}
