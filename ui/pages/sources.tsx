import type { SourceRow, Sources, SourceUnit } from "../../api/schemas/data.ts";
import { formatTime, isOlder } from "../dates.ts";
import { formatCount } from "../format.ts";
import { visible } from "../text.ts";
import { Ago } from "../parts/ago.tsx";
import { Amount } from "../parts/amount.tsx";
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
