import type { Meta } from "../../api/schemas/common.ts";
import type { ShowbackRow } from "../../api/schemas/showback.ts";
import type { Grouping } from "../answers.ts";
import { type Bar, PART_ALPHA, type Part } from "../charts/drawing.ts";
import { colorOf } from "../colors.ts";
import { monthBefore, monthName } from "../dates.ts";
import { compareAmounts, formatAmount, sumOf } from "../format.ts";
import { type Arranged, changeOf, isSentinel, OTHERS } from "../groups.ts";
import { place } from "../place.ts";
import { visible } from "../text.ts";
import { nameOf, PARTS } from "../words.ts";

/** More bars than this are a carpet; the table has them all. */
export const MOST_BARS = 24;

/** What the shades of a bar are; grey, as each team has its own colour. */
export function Key({ parts }: { parts: readonly Part[] }) {
  const color = colorOf("__key__");
  return (
    <ul class="key" aria-label="Parts of a bar">
      {parts.map((part) => (
        <li key={part} title={PARTS[part]}>
          <svg width="12" height="12" aria-hidden="true">
            <rect
              x=".5"
              y=".5"
              width="11"
              height="11"
              fill={color}
              fill-opacity={PART_ALPHA[part]}
              stroke={color}
            />
          </svg>
          {part}
        </li>
      ))}
    </ul>
  );
}

/** What a row is called; of many clusters a namespace with its cluster, as two may have one name. */
export function rowName(by: Grouping, row: ShowbackRow): string {
  const whole = by === "namespace" && place.value.view.cluster === null;
  return whole && row.key !== OTHERS && !isSentinel(row.key) ? row.key : nameOf(row.key, row.name);
}

/** The bars of what is shown, each with what is said of it on hover. */
export function barsOf(
  arranged: Arranged,
  options: { by: Grouping; meta: Meta; digits: number; within: string | undefined },
): Bar[] {
  const { by, meta, digits, within } = options;
  const tail = [...(arranged.others === null ? [] : [arranged.others]), ...arranged.sentinels];
  const rows = [...arranged.rows.slice(0, MOST_BARS - tail.length), ...tail].slice(0, MOST_BARS);
  const first = arranged.rows.toSorted((a, b) => compareAmounts(b.cost, a.cost))[0];
  const largest = sumOf([first?.cost ?? "0", first?.cost ?? "0"]);
  return rows.map((row) => {
    const name = visible(rowName(by, row));
    const amount = (text: string) => formatAmount(text, { digits });
    const change = formatAmount(changeOf(row), { digits, signed: true });
    return {
      key: row.key,
      colorKey: row.key === OTHERS ? OTHERS : within || row.key,
      label: name,
      total: row.cost,
      figure: amount(row.cost),
      undrawn: row.key === OTHERS && compareAmounts(row.cost, largest) > 0,
      parts: { direct: row.direct, shared: row.shared, idle: row.idle },
      tip: [
        name,
        `${amount(row.cost)} ${meta.currency ?? ""}`,
        `direct ${amount(row.direct)} · shared ${amount(row.shared)} · idle ${amount(row.idle)}`,
        row.previous === null
          ? "not there the month before"
          : meta.state === "open"
            ? `${amount(row.previous)} in all of ${monthName(monthBefore(meta.month ?? ""))}`
            : `${change} against the month before`,
        ["team", "cluster", "namespace"].includes(by) && row.key !== OTHERS ? "Click to open" : "",
      ]
        .filter((line) => line !== "")
        .join("\n"),
    };
  });
}
