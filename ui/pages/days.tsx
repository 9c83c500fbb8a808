import { useMemo } from "preact/hooks";
import type { Showback, ShowbackRow } from "../../api/schemas/showback.ts";
import { Chart } from "../charts/chart.tsx";
import type { Col, Drawing } from "../charts/drawing.ts";
import { monthShort } from "../dates.ts";
import { compareAmounts, digitsFor, formatAmount } from "../format.ts";
import { Ask } from "../parts/ask.tsx";
import { Amount } from "../parts/amount.tsx";
import { Panel } from "../parts/frame.tsx";
import { Table } from "../parts/table.tsx";

const HEIGHT = 168;

/** The month day by day; the newest day of a running month is still filling. */
export function DaysPanel({ path, team }: { path: string; team: string }) {
  return (
    <Panel title="By day">
      <Ask<Showback> path={path} height={HEIGHT + 30}>
        {(showback) => <Days showback={showback} team={team} />}
      </Ask>
    </Panel>
  );
}

function Days({ showback, team }: { showback: Showback; team: string }) {
  const { data, meta } = showback;
  const days = useMemo(() => data.toSorted((a, b) => (a.key < b.key ? -1 : 1)), [data]);
  const digits = digitsFor(
    days.map((day) => day.cost),
    meta.currency,
  );
  const filling = meta.state === "open" ? days.at(-1)?.key : undefined;
  const top = days.reduce<ShowbackRow | undefined>(
    (most, day) => (most === undefined || compareAmounts(day.cost, most.cost) > 0 ? day : most),
    undefined,
  );
  const drawing = useMemo((): Drawing => {
    const cols = days.map((day, i): Col => {
      const number = Number(day.key.slice(8, 10));
      return {
        key: day.key,
        label: [
          number === 1 || number % 5 === 0 ? String(number) : " ",
          i === 0 ? monthShort(day.key) : " ",
        ],
        value: day.cost,
        chosen: day.key !== filling,
        partial: day.key === filling,
        labelled: day.key === top?.key,
        tip: `${dayName(day.key)}${day.key === filling ? ", still filling" : ""}\n${formatAmount(day.cost, { digits })} ${meta.currency ?? ""}`,
      };
    });
    const description = `Cost of ${cols.length} days`;
    return { kind: "columns", cols, description, height: HEIGHT, colorKey: team };
  }, [days, filling, top?.key, team, digits, meta.currency]);
  if (days.length === 0) return <p class="none">No day has a cost.</p>;
  return (
    <>
      <Chart
        label={`Cost by day in ${meta.currency ?? ""}, ${days.length} days; the most, ${formatAmount(top?.cost ?? "0", { digits })}, on ${dayName(top?.key ?? "")}`}
        height={HEIGHT}
        drawing={drawing}
        table="days"
      />
      <details class="as-table">
        <summary>The same as a table</summary>
        <Table
          id="days"
          caption="Cost by day"
          rows={days}
          keyOf={(day) => day.key}
          columns={[
            { id: "day", head: "Day", kind: "name", cell: (day) => dayName(day.key) },
            {
              id: "cost",
              head: "Cost",
              unit: meta.currency,
              kind: "number",
              cell: (day) => <Amount value={day.cost} currency={meta.currency} />,
            },
            {
              id: "note",
              head: "Note",
              cell: (day) => (day.key === filling ? "still filling" : ""),
            },
          ]}
        />
      </details>
    </>
  );
}

function dayName(day: string): string {
  return `${Number(day.slice(8, 10))} ${monthShort(day)} ${day.slice(0, 4)}`;
}
