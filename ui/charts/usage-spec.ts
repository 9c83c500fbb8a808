import { markLength } from "../format.ts";
import { PART_ALPHA, USAGE_ROW, type UsageDay } from "./drawing.ts";
import { base, type ChartSpec, INK, mixed, ROW_AXIS, rowAxis, rowTitle } from "./specs.ts";

/** Three rows over one axis of days: no figure shares a scale with one of another unit. */
export function usageSpec(
  days: UsageDay[],
  currency: string,
  description: string,
  width: number,
): ChartSpec {
  const inner = Math.max(120, width - ROW_AXIS - 10);
  const every = Math.ceil(days.length / Math.max(1, Math.floor(inner / 24)));
  const values = days.map((day, i) => ({
    x: `${i}\u0001${i % every === 0 ? Number(day.day.slice(8, 10)) : " "}`,
    tip: day.tip,
    cpuRequested: day.cpu?.requested ?? null,
    cpuUsed: day.cpu?.used ?? null,
    cpuEffective: day.cpu?.effective ?? null,
    memRequested: day.mem?.requested ?? null,
    memUsed: day.mem?.used ?? null,
    memEffective: day.mem?.effective ?? null,
  }));
  const pieces = days.flatMap((day, i) =>
    (["direct", "shared", "idle"] as const).map((part, order) => ({
      x: values[i]?.x,
      tip: day.tip,
      order,
      length: markLength(day.parts[part]),
      fill: mixed(INK.accent, PART_ALPHA[part]),
    })),
  );
  const x = (labels: boolean) => ({
    field: "x",
    type: "ordinal",
    sort: values.map((value) => value.x),
    scale: { paddingInner: 0.3, paddingOuter: 0.15 },
    axis: {
      title: null,
      labels,
      labelExpr: "split(datum.value, '\u0001')[1]",
      labelAngle: 0,
      labelOverlap: false,
      labelColor: INK.text,
      ticks: false,
      domainColor: INK.axis,
    },
  });
  const y = (field: string) => ({
    field,
    type: "quantitative",
    scale: { zero: true },
    axis: rowAxis("~s", 3, { labelExpr: "datum.value === 0 ? '0' : datum.label" }),
  });
  const titled = (text: string) => ({
    title: rowTitle(text),
    width: inner,
    height: USAGE_ROW,
  });
  /** The room of a day, so that the tip is met anywhere above it. */
  const hover = {
    mark: { type: "bar", opacity: 0, aria: false },
    encoding: {
      x: x(false),
      y: { value: 0 },
      y2: { value: USAGE_ROW },
      tooltip: { field: "tip", type: "nominal" },
    },
  };
  const levels = (name: "cpu" | "mem", title: string) => ({
    ...titled(title),
    data: { values },
    layer: [
      {
        mark: { type: "bar", aria: false, color: mixed(INK.accent, 0.16) },
        encoding: { x: x(false), y: y(`${name}Effective`) },
      },
      {
        mark: {
          type: "line",
          aria: false,
          color: INK.strong,
          strokeDash: [4, 3],
          strokeWidth: 1.5,
          point: days.length < 3,
        },
        encoding: { x: x(false), y: y(`${name}Requested`) },
      },
      {
        mark: {
          type: "line",
          aria: false,
          color: INK.accent,
          strokeWidth: 2.5,
          point: days.length < 3,
        },
        encoding: { x: x(false), y: y(`${name}Used`) },
      },
      hover,
    ],
  });
  const { width: _width, height: _height, autosize: _autosize, ...about } = base(description, 0, 0);
  return {
    ...about,
    padding: { left: 0, right: 4, top: 2, bottom: 0 },
    spacing: 8,
    vconcat: [
      levels("cpu", "CPU, cores"),
      levels("mem", "Memory, GiB"),
      {
        ...titled(`Paid, ${currency}`),
        data: { values: pieces },
        layer: [
          {
            mark: { type: "bar", aria: false, stroke: INK.accent, strokeWidth: 0.5 },
            encoding: {
              x: x(true),
              y: { ...y("length"), stack: "zero" },
              order: { field: "order", type: "quantitative" },
              fill: { field: "fill", type: "nominal", scale: null },
              tooltip: { field: "tip", type: "nominal" },
            },
          },
        ],
      },
    ],
  };
}
