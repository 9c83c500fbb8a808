import { FRONTIER_HEIGHT, type FrontierLine } from "./drawing.ts";
import { base, type ChartSpec, INK } from "./specs.ts";

/** Dashes tell the methods apart without their colour; ours is whole. */
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3]] as const;

/** Slack to the right, what it does not hold upwards; each method a line, its own answers the point on it. */
export function frontierSpec(
  lines: FrontierLine[],
  figure: string,
  description: string,
  width: number,
): ChartSpec {
  const axis = {
    labelColor: INK.text,
    titleColor: INK.text,
    titleFontWeight: 400,
    gridColor: INK.grid,
    domainColor: INK.axis,
    ticks: false,
    labelExpr: "datum.label + ' %'",
    tickCount: 6,
  };
  const x = {
    field: "slack",
    type: "quantitative",
    scale: { zero: false, nice: false },
    axis: { ...axis, title: "slack: asked for and not used", grid: false },
  };
  const y = { field: "over", type: "quantitative", axis: { ...axis, title: figure, grid: true } };
  return {
    ...base(description, width, FRONTIER_HEIGHT),
    layer: lines.map(({ name, ours, points }, index) => {
      const color = ours ? "var(--good)" : INK.strong;
      const encoding = { x, y, tooltip: { field: "tip", type: "nominal" } };
      const [first] = points.filter((point) => point.itself);
      return {
        data: { values: points },
        layer: [
          {
            mark: {
              type: "line",
              aria: false,
              color,
              opacity: ours ? 1 : 0.6,
              strokeWidth: ours ? 2.5 : 1.5,
              strokeDash: DASHES[index] ?? [],
            },
            encoding,
          },
          { mark: { type: "point", filled: true, opacity: 0, size: 120, aria: false }, encoding },
          {
            transform: [{ filter: "datum.itself" }],
            mark: { type: "point", filled: true, color, size: 90, opacity: 1, aria: false },
            encoding,
          },
          ...(first === undefined
            ? []
            : [
                {
                  data: { values: [{ ...first, name }] },
                  mark: {
                    type: "text",
                    aria: false,
                    color,
                    fontSize: 12,
                    fontWeight: ours ? 600 : 400,
                    align: "left",
                    dx: 8,
                    // Methods stand close together: each name has a line of its own.
                    dy: ours ? 14 : -4 - 14 * index,
                  },
                  encoding: { x, y, text: { field: "name", type: "nominal" } },
                },
              ]),
        ],
      };
    }),
  };
}
