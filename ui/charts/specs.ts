import { colorOf } from "../colors.ts";
import { formatCompact, markLength } from "../format.ts";
import { cutMiddle } from "../text.ts";
import { type Bar, barsHeight, type Col, type Part, PART_ALPHA } from "./drawing.ts";

/**
 * Chart specifications. Field names are fixed and names are only ever values, so nothing in the data
 * can become an expression. Labels are written from the amounts' text before Vega sees them.
 */

export type ChartSpec = Record<string, unknown>;

/** The page's own colours, by name: a chart follows the theme, and paper, without being drawn anew. */
export const INK = {
  text: "var(--chart-text)",
  strong: "var(--text)",
  grid: "var(--chart-grid)",
  axis: "var(--chart-axis)",
  accent: "var(--accent)",
  back: "var(--panel)",
} as const;

const PARTS = Object.keys(PART_ALPHA) as Part[];
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** Bars to the right, one a name, its parts in shades of its colour, its total written at its end. */
export function barsSpec(bars: Bar[], description: string, width: number): ChartSpec {
  const room = width < 420 ? 14 : width < 560 ? 20 : 26;
  const rows = bars.map((bar, i) => ({
    ...bar,
    // The place keeps equal labels apart; nothing in a label can hold the separator.
    row: `${i}\u0001${cutMiddle(bar.label, room)}`,
    color: colorOf(bar.colorKey),
    end: bar.undrawn === true ? 0 : Math.max(0, markLength(bar.total)),
    text: `${width < 420 ? formatCompact(bar.total) : bar.figure}${bar.undrawn === true ? ", not drawn" : ""}`,
  }));
  const pieces = rows
    .filter((row) => row.undrawn !== true)
    .flatMap(({ key, row, color, tip, parts }) =>
      PARTS.map((part, order) => ({
        key,
        row,
        color,
        tip,
        order,
        fill: mixed(color, PART_ALPHA[part]),
        length: markLength(parts[part]),
      })).filter((piece) => piece.length !== 0),
    );
  const longest = Math.max(0, ...rows.map((row) => row.end));
  const lowest = Math.min(0, ...bars.map((bar) => markLength(bar.total)));
  const y = {
    field: "row",
    type: "ordinal",
    sort: rows.map((row) => row.row),
    scale: { paddingInner: 0.4, paddingOuter: 0.2 },
    axis: {
      title: null,
      labelExpr: "split(datum.value, '\u0001')[1]",
      labelLimit: 0,
      labelColor: INK.strong,
      ticks: false,
      domain: lowest === 0,
      labelPadding: 8,
    },
  };
  const scale = { domainMin: lowest, domainMax: longest * 1.02 || 1, nice: false };
  return {
    ...base(description, width, barsHeight(bars.length)),
    // Room at the right for the longest figure.
    padding: { left: 0, right: width < 420 ? 44 : 68, top: 2, bottom: 2 },
    layer: [
      {
        data: { values: pieces },
        mark: { type: "bar", cursor: "pointer", strokeWidth: 1, aria: false },
        encoding: {
          y,
          x: { field: "length", type: "quantitative", stack: "zero", axis: null, scale },
          order: { field: "order", type: "quantitative" },
          fill: { field: "fill", type: "nominal", scale: null },
          stroke: { field: "color", type: "nominal", scale: null },
          tooltip: { field: "tip", type: "nominal" },
        },
      },
      {
        data: { values: rows },
        mark: {
          type: "text",
          aria: false,
          align: "left",
          dx: 6,
          clip: false,
          color: INK.strong,
          fontSize: 12,
        },
        encoding: {
          y,
          x: { field: "end", type: "quantitative", axis: null, scale },
          text: { field: "text", type: "nominal" },
        },
      },
    ],
  };
}

/** About what the figures left of the columns take. */
const AXIS_WIDTH = 44;

/** Columns over time from a zero baseline; the chosen one strong, the unfinished one an outline. */
export function columnsSpec(
  cols: Col[],
  options: { description: string; height: number; colorKey?: string | undefined },
  width: number,
): ChartSpec {
  const color = options.colorKey === undefined ? INK.accent : colorOf(options.colorKey);
  // Where there is no room for "Nov" its initial does; the order of months is known.
  const tight = width / cols.length < 34;
  const band = (width - AXIS_WIDTH) / cols.length;
  const values = cols.map((col) => ({
    key: col.key,
    column: [col.key, tight ? initial(col.label[0]) : col.label[0], col.label[1]].join("\u0001"),
    value: markLength(col.value),
    top: Math.max(0, markLength(col.value)),
    text: col.labelled ? formatCompact(col.value) : "",
    tip: col.tip,
    color,
    fill: mixed(color, col.partial ? (col.chosen ? 0.25 : 0.1) : col.chosen ? 1 : 0.45),
    edge: col.chosen || col.partial ? 1 : 0,
  }));
  const x = {
    field: "column",
    type: "ordinal",
    sort: values.map((value) => value.column),
    scale: { paddingInner: 0.28, paddingOuter: 0.1 },
    axis: {
      title: null,
      labelExpr: "slice(split(datum.value, '\u0001'), 1)",
      labelAngle: 0,
      labelOverlap: false,
      labelColor: INK.text,
      ticks: false,
      domainColor: INK.axis,
      labelPadding: 6,
    },
  };
  const axis = {
    title: null,
    format: "~s",
    labelExpr: "datum.value === 0 ? '0' : datum.label",
    tickCount: 4,
    domain: false,
    ticks: false,
    grid: true,
    gridColor: INK.grid,
    labelColor: INK.text,
    labelPadding: 6,
  };
  return {
    ...base(options.description, width, options.height),
    padding: { left: 0, right: 4, top: 14, bottom: 0 },
    layer: [
      {
        data: { values },
        // Two months alone would be two walls.
        mark: { type: "bar", cursor: "pointer", aria: false, size: Math.min(64, band * 0.72) },
        encoding: {
          x,
          y: { field: "value", type: "quantitative", axis, scale: { zero: true } },
          fill: { field: "fill", type: "nominal", scale: null },
          stroke: { field: "color", type: "nominal", scale: null },
          strokeWidth: { field: "edge", type: "quantitative", scale: null },
          tooltip: { field: "tip", type: "nominal" },
        },
      },
      {
        data: { values },
        mark: {
          type: "text",
          aria: false,
          baseline: "bottom",
          dy: -4,
          fontSize: 11,
          fontWeight: 600,
          color: INK.strong,
        },
        encoding: {
          x,
          y: { field: "top", type: "quantitative" },
          text: { field: "text", type: "nominal" },
        },
      },
    ],
  };
}

/** Opaque shades: grid lines must not show through a faint bar. */
export function mixed(color: string, alpha: number): string {
  return `color-mix(in srgb, ${color} ${alpha * 100}%, ${INK.back})`;
}

function initial(label: string): string {
  return /^\p{L}/u.test(label) ? label.slice(0, 1) : label;
}

export function base(description: string, width: number, height: number): ChartSpec {
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description,
    width,
    height,
    autosize: { type: "fit", contains: "padding" },
    background: "transparent",
    config: {
      // The element around it is the image and carries the description; marks would only be noise.
      aria: false,
      font: FONT,
      view: { stroke: null },
      axis: { labelFont: FONT, labelFontSize: 12, domainColor: INK.axis },
      text: { font: FONT },
    },
  };
}

/** Room to the left of rows over one axis, so that their plots begin at the same place. */
export const ROW_AXIS = 46;

/** The axis of values of a row among others: from zero, a line a tick, no frame. */
export function rowAxis(format: string, tickCount: number, more: Record<string, unknown> = {}) {
  return {
    title: null,
    format,
    tickCount,
    domain: false,
    ticks: false,
    grid: true,
    gridColor: INK.grid,
    labelColor: INK.text,
    labelPadding: 6,
    minExtent: ROW_AXIS,
    maxExtent: ROW_AXIS,
    ...more,
  };
}

/** The name of a row, above it. */
export const rowTitle = (text: string) => ({
  text,
  anchor: "start",
  frame: "group",
  fontSize: 12,
  fontWeight: 600,
  color: INK.text,
  offset: 8,
});
