import type {
  CheckRow,
  Reconciliation,
  ReconciliationRow,
  RestatementRow,
} from "../../api/schemas/data.ts";
import { ageOf, formatTime } from "../dates.ts";
import { formatCount, formatPercentChange, isZero } from "../format.ts";
import { hrefOf, teamPath } from "../place.ts";
import { visible } from "../text.ts";
import { COST_MEANINGS, COST_NAMES, nameOf } from "../words.ts";
import { Amount } from "../parts/amount.tsx";
import { Panel } from "../parts/frame.tsx";
import { Name } from "../parts/name.tsx";
import { Status } from "../parts/status.tsx";
import { Table } from "../parts/table.tsx";

/** The proof that the month adds up, the checks behind it, and what changed after publishing. */
export function ReconciliationPanels({ reconciliation }: { reconciliation: Reconciliation }) {
  return (
    <>
      <Panel title="Reconciliation" id="reconciliation">
        <Sums rows={reconciliation.data} />
      </Panel>
      <Panel title="Checks" id="checks">
        <Checks checks={reconciliation.checks} month={reconciliation.meta.month ?? ""} />
      </Panel>
      <Panel title="Restatements" id="restatements">
        <Restatements rows={reconciliation.restatements} />
      </Panel>
    </>
  );
}

function Sums({ rows }: { rows: ReconciliationRow[] }) {
  const adjusted = rows.some((row) => !isZero(row.adjusted));
  const rounded = rows.some((row) => !isZero(row.rounded));
  return (
    <>
      <p class="fine quiet">
        Attributed is what teams and named buckets have together. It equals what was imported to the
        last digit, or the month is not published.
      </p>
      <Table<ReconciliationRow>
        class="stacked"
        caption="Reconciliation of the month"
        rows={rows}
        keyOf={(row) => `${row.currency} ${row.measure}`}
        empty="Nothing is published for this month yet."
        columns={[
          {
            id: "measure",
            head: "Measure",
            kind: "name",
            cell: (row) => (
              <span title={COST_MEANINGS[row.measure]}>
                {COST_NAMES[row.measure]} <span class="unit">{row.currency}</span>
              </span>
            ),
          },
          {
            id: "imported",
            head: "Imported",
            kind: "number",
            cell: (row) => <Amount value={row.imported} currency={row.currency} />,
          },
          ...(adjusted
            ? [
                {
                  id: "adjusted",
                  head: "Adjusted",
                  kind: "number" as const,
                  title: "Repairs of known defects of the provider's data, as lines of their own",
                  cell: (row: ReconciliationRow) => (
                    <Amount value={row.adjusted} currency={row.currency} signed />
                  ),
                },
              ]
            : []),
          {
            id: "attributed",
            head: "Attributed",
            kind: "number",
            cell: (row) => <Amount value={row.attributed} currency={row.currency} />,
          },
          {
            id: "difference",
            head: "Difference",
            kind: "number",
            cell: (row) => <Difference value={row.difference} currency={row.currency} />,
          },
          {
            id: "azure",
            head: "Azure says",
            kind: "number",
            cell: (row) =>
              row.azure === null ? (
                <span class="none">not asked</span>
              ) : (
                <Amount value={row.azure} currency={row.currency} />
              ),
          },
          {
            id: "drift",
            head: "Against Azure",
            kind: "number",
            cell: (row) =>
              row.azureDifference !== null && (
                <span
                  {...(row.azureAsOf === null
                    ? {}
                    : { title: `As of ${formatTime(row.azureAsOf)}` })}
                >
                  <Difference value={row.azureDifference} currency={row.currency} />
                </span>
              ),
          },
          {
            id: "lines",
            head: "Lines",
            kind: "number",
            wide: true,
            cell: (row) => formatCount(row.lines),
          },
          {
            id: "unstated",
            head: "Not stated",
            kind: "number",
            wide: true,
            title: "Lines whose amount in this measure the provider did not state",
            cell: (row) => formatCount(row.unstated),
          },
          ...(rounded
            ? [
                {
                  id: "rounded",
                  head: "Rounded",
                  kind: "number" as const,
                  wide: true,
                  title: "Digits past the 18th, cut on import",
                  cell: (row: ReconciliationRow) => <code>{row.rounded}</code>,
                },
              ]
            : []),
        ]}
      />
    </>
  );
}

/** Nothing is what one hopes for; anything else is shown whole. */
function Difference({ value, currency }: { value: string; currency: string }) {
  if (isZero(value)) {
    return (
      <span class="status good">
        <Amount value={value} currency={currency} digits={0} />
      </span>
    );
  }
  return (
    <span class="change up">
      <Amount value={value} currency={currency} signed />
    </span>
  );
}

function Checks({ checks, month }: { checks: CheckRow[]; month: string }) {
  const order = (check: CheckRow) => (check.ok ? 2 : check.kind === "invariant" ? 0 : 1);
  return (
    <Table<CheckRow & { place: string }>
      class="stacked"
      caption="Checks of the month"
      rows={checks
        .toSorted((a, b) => order(a) - order(b))
        .map((check, i) => ({ ...check, place: `${i}` }))}
      keyOf={(check) => check.place}
      empty="No check has run for this month yet."
      columns={[
        {
          id: "state",
          head: "State",
          cell: (check) =>
            check.ok ? (
              <Status tone="good">holds</Status>
            ) : (
              <Status tone={check.kind === "invariant" ? "bad" : "warn"}>fails</Status>
            ),
        },
        {
          id: "name",
          head: "Check",
          kind: "name",
          cell: (check) => (
            <>
              {visible(check.name.replaceAll("-", " "))}{" "}
              {check.currency !== null && <span class="unit">{check.currency}</span>}
            </>
          ),
        },
        {
          id: "kind",
          head: "Kind",
          wide: true,
          cell: (check) => <a href={`#word-${check.kind}`}>{check.kind}</a>,
        },
        { id: "detail", head: "What was compared", cell: (check) => visible(check.detail) },
        {
          id: "todo",
          head: "What to do",
          cell: (check) =>
            check.ok ? <span class="none">nothing</span> : <Advice check={check} month={month} />,
        },
      ]}
    />
  );
}

function Advice({ check, month }: { check: CheckRow; month: string }) {
  const see = <code>npx apportion check --month {month}</code>;
  if (/reject|quarantin/i.test(check.name)) {
    return (
      <>
        <a href="#rejected">Look at the rejected rows</a>, correct the file, and run{" "}
        <code>npx apportion run</code>
      </>
    );
  }
  if (/azure|drift/i.test(check.name)) {
    return (
      <>
        A day's lag is usual while a month runs. If it stays, an export or a scope is missing:
        compare the scopes under <a href="#sources">Sources</a>
      </>
    );
  }
  if (/pair/i.test(check.name)) {
    return (
      <>
        The two exports were written at different times, mostly; the next day's pair agrees. If not,
        export both anew and run <code>npx apportion run</code>
      </>
    );
  }
  if (/promised/i.test(check.name)) {
    return (
      <>
        A file is cut short or damaged: export the unit named here again and run{" "}
        <code>npx apportion run</code>
      </>
    );
  }
  if (check.kind === "invariant") {
    return (
      <>
        The last good figures of the month stay. {see} shows the rows; build again once the cause is
        gone
      </>
    );
  }
  return <>The month is published with a mark. {see} shows the rows</>;
}

function Restatements({ rows }: { rows: RestatementRow[] }) {
  if (rows.length === 0)
    return <p class="none">None: nothing changed in this month after it was published.</p>;
  return (
    <Table<RestatementRow & { place: string }>
      class="stacked"
      caption="Changes after publishing"
      rows={rows.map((row, i) => ({ ...row, place: `${i}` }))}
      keyOf={(row) => row.place}
      columns={[
        {
          id: "at",
          head: "When",
          cell: (row) => (
            <time dateTime={row.at} title={formatTime(row.at)}>
              {ageOf(row.at, Date.now())} ago
            </time>
          ),
        },
        { id: "cause", head: "Cause", cell: (row) => visible(row.cause) },
        {
          id: "team",
          head: "Team",
          kind: "name",
          cell: (row) => (
            <a href={hrefOf({}, teamPath(row.team))}>
              <Name text={nameOf(row.team, null)} />
            </a>
          ),
        },
        { id: "service", head: "Service", wide: true, cell: (row) => <Name text={row.service} /> },
        {
          id: "was",
          head: "Was",
          kind: "number",
          wide: true,
          cell: (row) => <Amount value={row.was} currency={row.currency} />,
        },
        {
          id: "now",
          head: "Is",
          kind: "number",
          wide: true,
          cell: (row) => <Amount value={row.now} currency={row.currency} />,
        },
        {
          id: "change",
          head: "Change",
          kind: "number",
          cell: (row) => (
            <>
              <Amount value={row.change} currency={row.currency} signed />{" "}
              <span class="unit">{row.currency}</span>
            </>
          ),
        },
        {
          id: "percent",
          head: "%",
          kind: "number",
          cell: (row) => formatPercentChange(row.now, row.was) ?? "new",
        },
      ]}
    />
  );
}
