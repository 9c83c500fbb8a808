import { EVIDENCE_ROW, type Evidence, type EvidenceRow } from "./drawing.ts";
import { base, type ChartSpec, INK, mixed, ROW_AXIS, rowAxis, rowTitle } from "./specs.ts";

/** Dashes tell the level lines apart without their colour. */
const LEVEL_DASH = { recommended: [], KRR: [6, 3], VPA: [2, 3] } as const;

/** CPU above memory over one axis of time: used, asked for, and what each method would ask for. */
export function evidenceSpec({ rows }: Evidence, description: string, width: number): ChartSpec {
  const inner = Math.max(120, width - ROW_AXIS - 10);
  const { width: _width, height: _height, autosize: _autosize, ...about } = base(description, 0, 0);
  return {
    ...about,
    padding: { left: 0, right: 4, top: 2, bottom: 8 },
    spacing: 8,
    vconcat: rows.map((row, index) => rowSpec(row, inner, index === rows.length - 1)),
  };
}

function rowSpec(row: EvidenceRow, width: number, labelled: boolean): ChartSpec {
  const values = row.hours.map((hour) => ({ ...hour, at: hour.at * 1000 }));
  const x = {
    field: "at",
    type: "temporal",
    scale: { type: "utc" },
    axis: {
      title: null,
      labels: labelled,
      format: "%-d %b",
      tickCount: Math.max(2, Math.floor(width / 80)),
      labelColor: INK.text,
      ticks: false,
      grid: false,
      domainColor: INK.axis,
    },
  };
  const y = (field: string) => ({
    field,
    type: "quantitative",
    scale: { zero: true },
    axis: rowAxis(",~f", 4),
  });
  const step = (field: string, color: string, dash: readonly number[], strokeWidth: number) => ({
    mark: {
      type: "line",
      interpolate: "step-after",
      aria: false,
      color,
      strokeDash: dash,
      strokeWidth,
    },
    encoding: { x, y: y(field) },
  });
  return {
    title: rowTitle(row.title),
    width,
    height: EVIDENCE_ROW,
    data: { values },
    layer: [
      {
        mark: {
          type: "area",
          aria: false,
          color: mixed(INK.accent, 0.2),
          interpolate: "step-after",
        },
        encoding: { x, y: y("max") },
      },
      {
        mark: { type: "line", aria: false, color: INK.accent, strokeWidth: 1.5 },
        encoding: { x, y: y("average") },
      },
      step("request", INK.strong, [4, 3], 1.5),
      step("limit", INK.axis, [1, 2], 1.5),
      ...row.levels.map(({ name, value }) => ({
        data: { values: [{ value }] },
        mark: {
          type: "rule",
          aria: false,
          color: name === "recommended" ? "var(--good)" : INK.text,
          strokeWidth: name === "recommended" ? 2.5 : 1,
          strokeDash: LEVEL_DASH[name],
        },
        encoding: { y: y("value") },
      })),
      {
        transform: [{ filter: "datum.marked" }],
        mark: {
          type: "point",
          shape: "triangle-down",
          filled: true,
          size: 30,
          color: "var(--bad)",
          opacity: 1,
          aria: false,
        },
        // Along the top: on the line, a month of throttled hours would hide what was used.
        encoding: { x, y: { value: -5 }, tooltip: { field: "tip", type: "nominal" } },
      },
      {
        mark: { type: "bar", opacity: 0, aria: false, width: Math.max(1, width / values.length) },
        encoding: {
          x,
          y: { value: 0 },
          y2: { value: EVIDENCE_ROW },
          tooltip: { field: "tip", type: "nominal" },
        },
      },
    ],
  };
}
