import { useMemo } from "preact/hooks";
import type { Trend, TrendRow } from "../../api/schemas/showback.ts";
import { Chart } from "../charts/chart.tsx";
import type { Col, Drawing } from "../charts/drawing.ts";
import { monthName, monthShort } from "../dates.ts";
import { digitsFor, formatAmount, formatPercentChange, sumOf } from "../format.ts";
import { go, hrefOf } from "../place.ts";
import type { MonthState } from "../words.ts";
import { Ask } from "../parts/ask.tsx";
import { Amount, Change } from "../parts/amount.tsx";
import { Panel, StateBadge } from "../parts/frame.tsx";
import { Table } from "../parts/table.tsx";

const HEIGHT = 196;

interface TrendPanelProps {
  path: string;
  month: string | null;
  /** The team whose colour the columns have; none for all teams. */
  team?: string;
  /** Which rows count; all unless said. */
  only?: (row: TrendRow) => boolean;
}

/** Thirteen months, so that the same month of last year is in sight. */
export function TrendPanel({ path, month, team, only }: TrendPanelProps) {
  return (
    <Panel title="By month" class="trend">
      <Ask<Trend> path={path} height={HEIGHT + 30}>
        {(trend) => (
          <Months
            trend={only === undefined ? trend : { ...trend, data: trend.data.filter(only) }}
            month={month ?? trend.meta.month}
            team={team}
          />
        )}
      </Ask>
    </Panel>
  );
}

interface MonthSum {
  month: string;
  cost: string;
  before: string | null;
  state: MonthState;
}

function Months({
  trend,
  month,
  team,
}: {
  trend: Trend;
  month: string | null;
  team: string | undefined;
}) {
  const { meta } = trend;
  const months = useMemo(() => monthSums(trend.data), [trend]);
  const digits = digitsFor(
    months.map((sum) => sum.cost),
    meta.currency,
  );
  const drawing = useMemo((): Drawing => {
    const cols = months.map((sum, i): Col => {
      const percent = formatPercentChange(sum.cost, sum.before);
      const year = i === 0 || sum.month.endsWith("-01") ? sum.month.slice(0, 4) : " ";
      return {
        key: sum.month,
        label: [monthShort(sum.month), year],
        value: sum.cost,
        chosen: sum.month === month,
        partial: sum.state === "open",
        labelled: sum.month === month,
        tip: `${monthName(sum.month)} (${sum.state})\n${formatAmount(sum.cost, { digits })} ${meta.currency ?? ""}${percent === null || sum.state === "open" ? "" : `\n${percent} against the month before`}`,
      };
    });
    const description = `Cost of ${cols.length} months`;
    return { kind: "columns", cols, description, height: HEIGHT, colorKey: team };
  }, [months, month, team, digits, meta.currency]);
  if (months.length === 0) return <p class="none">No months to show.</p>;
  const first = months[0];
  const last = months.at(-1);
  return (
    <>
      <Chart
        label={`Cost by month in ${meta.currency ?? ""}, ${months.length} months, from ${formatAmount(first?.cost ?? "0", { digits })} in ${monthName(first?.month ?? "")} to ${formatAmount(last?.cost ?? "0", { digits })} in ${monthName(last?.month ?? "")}`}
        height={HEIGHT}
        drawing={drawing}
        table="months"
        onPick={(key) => void go(hrefOf({ month: key }))}
      />
      <details class="as-table">
        <summary>The same as a table</summary>
        <Table
          id="months"
          caption="Cost by month"
          rows={months.toReversed()}
          keyOf={(sum) => sum.month}
          columns={[
            {
              id: "month",
              head: "Month",
              kind: "name",
              cell: (sum) => <a href={hrefOf({ month: sum.month })}>{monthName(sum.month)}</a>,
            },
            {
              id: "cost",
              head: "Cost",
              unit: meta.currency,
              kind: "number",
              cell: (sum) => <Amount value={sum.cost} currency={meta.currency} digits={digits} />,
            },
            {
              id: "change",
              head: "Change",
              kind: "number",
              cell: (sum) =>
                sum.before !== null && (
                  <Change
                    now={sum.cost}
                    before={sum.before}
                    whole={sum.cost}
                    currency={meta.currency}
                    digits={digits}
                    comparable={sum.state !== "open"}
                  />
                ),
            },
            { id: "state", head: "State", cell: (sum) => <StateBadge state={sum.state} /> },
          ]}
        />
      </details>
    </>
  );
}

/** One sum a month, oldest first, each with the one before it. */
export function monthSums(rows: readonly TrendRow[]): MonthSum[] {
  const byMonth = new Map<string, TrendRow[]>();
  for (const row of rows) byMonth.set(row.month, [...(byMonth.get(row.month) ?? []), row]);
  let before: string | null = null;
  return [...byMonth]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([month, parts]): MonthSum => {
      const cost = sumOf(parts.map((row) => row.cost));
      const sum = { month, cost, before, state: parts[0]?.state ?? "open" };
      before = cost;
      return sum;
    });
}
