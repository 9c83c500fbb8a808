import { FRONTIER_HEIGHT, type FrontierLine } from "./drawing.ts";
import { base, type ChartSpec, INK } from "./specs.ts";

/** Dashes tell the methods apart without their colour; ours is whole. */
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3]] as const;

const OURS = "var(--good)";
/** A line that passed behind a name would strike it out. */
const HALO = { color: INK.back, stroke: INK.back, strokeWidth: 4 };

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
  // Answers that anybody would choose are over a few percent of the time; a linear scale gives those a tenth.
  const y = {
    field: "over",
    type: "quantitative",
    scale: { type: "sqrt" },
    axis: { ...axis, values: [0, 1, 2, 5, 10, 20, 40, 60, 80, 100], title: figure, grid: true },
  };
  const lineOf = ({ ours, points }: FrontierLine, index: number) => {
    const color = ours ? OURS : INK.strong;
    const encoding = { x, y, tooltip: { field: "tip", type: "nominal" } };
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
      ],
    };
  };
  const nameOf = ({ name, ours, points }: FrontierLine, index: number) => ({
    data: { values: points.filter(({ itself }) => itself).map((point) => ({ ...point, name })) },
    encoding: { x, y, text: { field: "name", type: "nominal" } },
    layer: [HALO, { color: ours ? OURS : INK.strong }].map((drawn) => ({
      mark: {
        type: "text",
        aria: false,
        fontSize: 12,
        fontWeight: ours ? 600 : 400,
        // Methods stand close together: ours is named on its left, the others above one another.
        align: ours ? "right" : "left",
        dx: ours ? -8 : 8,
        dy: ours ? -10 : 10 - 14 * index,
        ...drawn,
      },
    })),
  });
  return {
    ...base(description, width, FRONTIER_HEIGHT),
    layer: [...lines.map(lineOf), ...lines.map(nameOf)],
  };
}
