import { useMemo } from "preact/hooks";
import type { Showback, Usage } from "../../api/schemas/showback.ts";
import { Chart } from "../charts/chart.tsx";
import { type Drawing, USAGE_HEIGHT, type UsageDay } from "../charts/drawing.ts";
import { monthShort } from "../dates.ts";
import { digitsFor, formatAmount } from "../format.ts";
import { Amount } from "../parts/amount.tsx";
import { Ask } from "../parts/ask.tsx";
import { Panel, Skeleton } from "../parts/frame.tsx";
import { Table } from "../parts/table.tsx";
import { answerOf } from "../answering.ts";

const DAY_MS = 86_400_000;

/** Core-milliseconds of so many days as cores. */
export function coresOf(milliseconds: number, days = 1): number {
  return milliseconds / (days * DAY_MS);
}

/** MiB-seconds of so many days as GiB. */
export function gibOf(mibSeconds: number, days = 1): number {
  return mibSeconds / 1024 / (days * 86_400);
}

/** A measured quantity to read: three figures are what it is good for. */
export function figure(value: number): string {
  return value.toLocaleString(undefined, { maximumSignificantDigits: 3 });
}

/** Requested, used and effective each day, above what was paid. */
export function UsagePanel({ days, usage }: { days: string; usage: string }) {
  return (
    <Panel title="Requested, used, paid" aside={<Key />}>
      <Ask<Usage> path={usage} height={USAGE_HEIGHT}>
        {(answer) => <Days usage={answer} path={days} />}
      </Ask>
    </Panel>
  );
}

function Key() {
  return (
    <ul class="key" aria-label="Lines of the chart">
      {(["requested", "used", "effective"] as const).map((name) => (
        <li key={name} title={MEANINGS[name]}>
          <svg width="20" height="12" aria-hidden="true" class={`line-${name}`}>
            {name === "effective" ? (
              <rect x="0" y="2" width="20" height="8" />
            ) : (
              <path d="M0 6h20" />
            )}
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}

const MEANINGS = {
  requested: "What pods asked for while they ran.",
  used: "What their containers used.",
  effective: "The larger of both, every five minutes: what the cost is divided by.",
} as const;

function Days({ usage, path }: { usage: Usage; path: string }) {
  const paid = answerOf<Showback>(path).data;
  const days = useMemo(() => (paid === null ? [] : daysOf(usage, paid)), [usage, paid]);
  const currency = paid?.meta.currency ?? "";
  const digits = digitsFor(
    days.map((day) => day.cost),
    currency,
  );
  const drawing = useMemo((): Drawing => {
    const told = days.map((day) => ({
      ...day,
      tip: [
        dayName(day.day),
        `CPU: ${told3(day.cpu)} cores`,
        `Memory: ${told3(day.mem)} GiB`,
        `paid ${formatAmount(day.cost, { digits })} ${currency}`,
      ].join("\n"),
    }));
    const description = `Requested, used and paid on ${told.length} days`;
    return { kind: "usage", days: told, currency, description };
  }, [days, digits, currency]);
  if (paid === null) return <Skeleton height={USAGE_HEIGHT} />;
  if (days.length === 0) return <p class="none">No day has a cost.</p>;
  return (
    <>
      <Chart
        label={`CPU and memory requested, used and effective, and cost in ${currency}, on ${days.length} days`}
        height={USAGE_HEIGHT}
        drawing={drawing}
        table="usage"
      />
      <details class="as-table">
        <summary>The same as a table</summary>
        <Table<UsageDay>
          id="usage"
          caption="Requested, used and paid by day"
          rows={days}
          keyOf={(day) => day.day}
          columns={[
            { id: "day", head: "Day", kind: "name", cell: (day) => dayName(day.day) },
            ...(["requested", "used", "effective"] as const).map((name) => ({
              id: `cpu-${name}`,
              head: `CPU ${name}`,
              unit: "cores",
              kind: "number" as const,
              cell: (day: UsageDay) => (day.cpu === null ? "–" : figure(day.cpu[name])),
            })),
            ...(["requested", "used", "effective"] as const).map((name) => ({
              id: `mem-${name}`,
              head: `Memory ${name}`,
              unit: "GiB",
              kind: "number" as const,
              cell: (day: UsageDay) => (day.mem === null ? "–" : figure(day.mem[name])),
            })),
            {
              id: "cost",
              head: "Paid",
              unit: currency,
              kind: "number",
              cell: (day) => <Amount value={day.cost} currency={currency} digits={digits} />,
            },
          ]}
        />
      </details>
    </>
  );
}

/** A day without usage data is a gap, never a zero. */
function daysOf(usage: Usage, paid: Showback): UsageDay[] {
  const used = new Map(usage.data.map((row) => [row.key, row]));
  return paid.data
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map((day) => {
      const own = used.get(day.key);
      return {
        day: day.key,
        cpu:
          own === undefined
            ? null
            : {
                requested: coresOf(own.cpuRequested),
                used: coresOf(own.cpuUsed),
                effective: coresOf(own.cpuEffective),
              },
        mem:
          own === undefined
            ? null
            : {
                requested: gibOf(own.memRequested),
                used: gibOf(own.memUsed),
                effective: gibOf(own.memEffective),
              },
        cost: day.cost,
        parts: { direct: day.direct, shared: day.shared, idle: day.idle },
        tip: "",
      };
    });
}

function told3(values: UsageDay["cpu"]): string {
  if (values === null) return "no data,";
  return `${figure(values.requested)} requested, ${figure(values.used)} used, ${figure(values.effective)} effective`;
}

function dayName(day: string): string {
  return `${Number(day.slice(8, 10))} ${monthShort(day)} ${day.slice(0, 4)}`;
}
