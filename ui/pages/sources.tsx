import type { MonthRow, RejectedRow, SourceRow, Sources, SourceUnit } from "../../api/schemas.ts";
import { ageOf, formatTime, isOlder, monthName } from "../dates.ts";
import { formatCount } from "../format.ts";
import { hrefOf } from "../place.ts";
import { visible } from "../text.ts";
import { Amount } from "../parts/amount.tsx";
import { StateBadge } from "../parts/frame.tsx";
import { Name } from "../parts/name.tsx";
import { Status } from "../parts/status.tsx";
import { Table } from "../parts/table.tsx";
import { LATE_HOURS } from "./verdict.tsx";

/** Each source: how fresh, how much, what is wrong and what to do. */
export function SourcesTable({ sources }: { sources: Sources }) {
  return (
    <>
      <Table<SourceRow>
        class="sources stacked"
        caption="Sources"
        rows={sources.data}
        keyOf={(source) => source.name}
        empty="No source is configured. Name one under sources: in apportion.yaml, then run npx apportion run."
        columns={[
          {
            id: "name",
            head: "Source",
            kind: "name",
            cell: (source) => <Name text={source.name} />,
          },
          { id: "type", head: "Type", wide: true, cell: (source) => visible(source.type) },
          { id: "state", head: "State", cell: (source) => <SourceStatus source={source} /> },
          {
            id: "read",
            head: "Last read",
            cell: (source) => <Ago time={source.lastSuccess} never="never" />,
          },
          {
            id: "units",
            head: "Units",
            kind: "number",
            wide: true,
            cell: (source) => formatCount(source.units.length),
          },
          { id: "rows", head: "Rows", kind: "number", cell: (source) => formatCount(source.rows) },
          {
            id: "rejected",
            head: "Rejected",
            kind: "number",
            cell: (source) => formatCount(source.rejected),
          },
          { id: "problem", head: "What to do", cell: (source) => <Advice source={source} /> },
        ]}
      />
      {sources.data.map(
        (source) => source.units.length > 0 && <Units key={source.name} source={source} />,
      )}
    </>
  );
}

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

function Units({ source }: { source: SourceRow }) {
  return (
    <details class="as-table">
      <summary>
        {visible(source.name)}: {formatCount(source.units.length)} units
      </summary>
      <Table<SourceUnit>
        caption={`Units of ${visible(source.name)}`}
        rows={source.units}
        keyOf={(unit) => `${unit.unit} ${unit.run ?? ""}`}
        columns={[
          { id: "unit", head: "Unit", kind: "name", cell: (unit) => <Name text={unit.unit} /> },
          { id: "months", head: "Months", cell: (unit) => visible(unit.months.join(", ")) },
          {
            id: "state",
            head: "State",
            cell: (unit) => (
              <Status
                tone={unit.state === "loaded" ? "good" : unit.state === "vanished" ? "warn" : "bad"}
              >
                {unit.state}
              </Status>
            ),
          },
          { id: "at", head: "When", cell: (unit) => <Ago time={unit.at} never="" /> },
          { id: "rows", head: "Rows", kind: "number", cell: (unit) => formatCount(unit.rows) },
          {
            id: "rejected",
            head: "Rejected",
            kind: "number",
            cell: (unit) => formatCount(unit.rejected),
          },
          {
            id: "amount",
            head: "Rejected amount",
            kind: "number",
            wide: true,
            cell: (unit) =>
              unit.rejectedAmount.map(({ currency, amount }) => (
                <span key={currency}>
                  <Amount value={amount} currency={currency} /> {currency}{" "}
                </span>
              )),
          },
          { id: "problem", head: "Problem", cell: (unit) => visible(unit.problem ?? "") },
        ]}
      />
    </details>
  );
}

function SourceStatus({ source }: { source: SourceRow }) {
  if (source.state === "failed") return <Status tone="bad">failing</Status>;
  if (source.state === "never") return <Status tone="warn">never read</Status>;
  const late = source.lastSuccess !== null && isOlder(source.lastSuccess, LATE_HOURS, Date.now());
  return late ? <Status tone="warn">late</Status> : <Status tone="good">fresh</Status>;
}

function Advice({ source }: { source: SourceRow }) {
  const { state, problem, failingSince, lastSuccess, name } = source;
  if (state === "failed") {
    return (
      <>
        {problem !== null && <span class="problem">{visible(problem)}</span>}
        <span class="quiet">
          {failingSince !== null && `Failing since ${formatTime(failingSince)}. `}
          {lastSuccess !== null && "What was read before still holds. "}
          <code>npx apportion doctor</code> says what is missing.
        </span>
      </>
    );
  }
  if (state === "never") {
    return (
      <span>
        Run <code>npx apportion ingest {visible(name)}</code>
      </span>
    );
  }
  if (lastSuccess !== null && isOlder(lastSuccess, LATE_HOURS, Date.now())) {
    return (
      <span>
        See whether the export still runs, then <code>npx apportion run</code>
      </span>
    );
  }
  if (source.rejected > 0) return <a href="#rejected">Look at the rejected rows</a>;
  return <span class="none">nothing</span>;
}

function Ago({ time, never }: { time: string | null; never: string }) {
  if (time === null) return <span class="none">{never}</span>;
  return (
    <time dateTime={time} title={formatTime(time)}>
      {ageOf(time, Date.now())} ago
    </time>
  );
}
