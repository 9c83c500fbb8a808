import type { MonthRow, RejectedRow, Sources } from "../../api/schemas/data.ts";
import { monthName } from "../dates.ts";
import { formatCount } from "../format.ts";
import { hrefOf } from "../place.ts";
import { visible } from "../text.ts";
import { Ago } from "../parts/ago.tsx";
import { Amount } from "../parts/amount.tsx";
import { StateBadge } from "../parts/frame.tsx";
import { Name } from "../parts/name.tsx";
import { Status } from "../parts/status.tsx";
import { Table } from "../parts/table.tsx";

/** The states of all months, newest first. */
export function MonthsTable({ sources }: { sources: Sources }) {
  const currencies = [
    ...new Set(sources.months.flatMap((month) => month.totals.map((total) => total.currency))),
  ].toSorted();
  return (
    <Table<MonthRow>
      caption="States of the months"
      rows={sources.months.toSorted((a, b) => (a.month < b.month ? 1 : -1))}
      keyOf={(month) => month.month}
      empty="No month is built yet: run npx apportion build."
      columns={[
        {
          id: "month",
          head: "Month",
          kind: "name",
          cell: (month) =>
            month.published ? (
              <a href={hrefOf({ month: month.month }, "/")}>{monthName(month.month)}</a>
            ) : (
              monthName(month.month)
            ),
        },
        { id: "state", head: "State", cell: (month) => <StateBadge state={month.state} /> },
        {
          id: "checks",
          head: "Checks",
          cell: (month) =>
            month.checkFailed ? (
              <a href={`${hrefOf({ month: month.month })}#checks`}>
                <Status tone={month.published ? "warn" : "bad"}>failed</Status>
              </a>
            ) : (
              <Status tone="good">hold</Status>
            ),
        },
        {
          id: "lines",
          head: "Lines",
          kind: "number",
          wide: true,
          cell: (month) => formatCount(month.lines),
        },
        {
          id: "rejected",
          head: "Rejected",
          kind: "number",
          wide: true,
          cell: (month) => formatCount(month.rejected),
        },
        ...currencies.map((currency) => ({
          id: currency,
          head: "Effective",
          unit: currency,
          kind: "number" as const,
          cell: (month: MonthRow) => {
            const total = month.totals.find((one) => one.currency === currency);
            return total === undefined ? (
              ""
            ) : (
              <Amount value={total.effective} currency={currency} digits={0} />
            );
          },
        })),
        {
          id: "published",
          head: "Published",
          cell: (month) =>
            month.published ? (
              <Ago time={month.publishedAt} never="" />
            ) : (
              <span class="none">not published</span>
            ),
        },
        { id: "problem", head: "Problem", cell: (month) => visible(month.problem ?? "") },
        {
          id: "file",
          head: "File",
          wide: true,
          cell: (month) =>
            month.published && (
              <a
                download
                href={`/api/v1/exports/statement.csv?month=${encodeURIComponent(month.month)}`}
              >
                CSV<span class="sr"> statement of {monthName(month.month)}</span>
              </a>
            ),
        },
      ]}
    />
  );
}

/** Rows that could not be read: where, why, and what stands there. */
export function RejectedTable({ sources }: { sources: Sources }) {
  if (sources.rejected.length === 0) {
    return <p class="none">None: every row of every source could be read.</p>;
  }
  const all = sources.data.reduce((sum, source) => sum + source.rejected, 0);
  return (
    <>
      <p class="fine quiet">
        These rows are in no figure. Correct the file (or let the provider write it again) and run{" "}
        <code>npx apportion run</code>; the same unit is then read anew.
      </p>
      <Table<RejectedRow & { place: string }>
        class="stacked"
        caption="Rejected rows"
        rows={sources.rejected.map((row, i) => ({ ...row, place: `${i}` }))}
        keyOf={(row) => row.place}
        columns={[
          {
            id: "file",
            head: "File and line",
            kind: "name",
            cell: (row) => (
              <span class="place">
                <Name text={row.file} />
                {row.line !== null && <span class="quiet">:{row.line}</span>}
              </span>
            ),
          },
          { id: "source", head: "Source", wide: true, cell: (row) => <Name text={row.source} /> },
          { id: "reason", head: "Reason", cell: (row) => visible(row.reason) },
          {
            id: "amount",
            head: "Amount",
            kind: "number",
            cell: (row) =>
              row.amount === null ? (
                <span class="none">unknown</span>
              ) : (
                <>
                  <Amount value={row.amount} currency={row.currency} />{" "}
                  <span class="unit">{row.currency}</span>
                </>
              ),
          },
          {
            id: "text",
            head: "What stands there",
            cell: (row) => (
              <code class="raw" title={visible(row.text)}>
                {visible(row.text)}
              </code>
            ),
          },
        ]}
      />
      {all > sources.rejected.length && (
        <p class="more">
          The first {formatCount(sources.rejected.length)} of {formatCount(all)}.
        </p>
      )}
    </>
  );
}
