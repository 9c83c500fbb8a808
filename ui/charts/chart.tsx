import { useEffect, useRef } from "preact/hooks";
import type { Drawn } from "./draw.ts";
import type { Drawing } from "./drawing.ts";

interface ChartProps {
  /** Says in words what the chart shows; it is the chart for who cannot see it. */
  label: string;
  height: number;
  drawing: Drawing;
  /** The table that says the same; Enter goes there. */
  table: string;
  onPick?: (key: string) => void;
}

/** A chart whose room is kept from the start; what draws it comes later, in its own chunk. */
export function Chart({ label, height, drawing, table, onPick }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const pick = useRef(onPick);
  pick.current = onPick;

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    let gone = false;
    let drawn: Drawn | null = null;
    let width = 0;

    const draw = async () => {
      const { draw } = await import("./draw.ts");
      const room = Math.floor(element.clientWidth);
      if (gone || room === 0 || room === width) return;
      width = room;
      const next = await draw(drawing, room, (key) => pick.current?.(key));
      if (gone || room !== width) return next.remove();
      drawn?.remove();
      drawn = next;
      element.replaceChildren(next.element);
    };
    const failed = () => {
      element.textContent = "The chart could not be drawn; the table says the same.";
    };
    const watch = new ResizeObserver(() => void draw().catch(failed));
    watch.observe(element);
    return () => {
      gone = true;
      watch.disconnect();
      drawn?.remove();
    };
  }, [drawing]);

  return (
    <div
      class="chart"
      ref={box}
      role="img"
      tabIndex={0}
      aria-label={`${label}. Press Enter for the table.`}
      style={{ height: `${height}px` }}
      onKeyDown={(event) => {
        if (event.key === "Enter") showTable(table);
      }}
    />
  );
}

function showTable(id: string): void {
  const table = document.getElementById(id);
  table?.closest("details")?.setAttribute("open", "");
  table?.focus();
  table?.scrollIntoView({ block: "nearest" });
}
