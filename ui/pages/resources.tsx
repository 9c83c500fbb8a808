import { useMemo } from "preact/hooks";
import type { Meta } from "../../api/schemas/common.ts";
import type { Showback, ShowbackRow } from "../../api/schemas/showback.ts";
import { digitsFor, formatCount } from "../format.ts";
import { ordered } from "../groups.ts";
import { hrefOf, place } from "../place.ts";
import { matches, visible } from "../text.ts";
import { nameOf } from "../words.ts";
import { Amount, Change } from "../parts/amount.tsx";
import { Door } from "../parts/door.tsx";
import { wholeColumn } from "./group-table.tsx";
import { Ask } from "../parts/ask.tsx";
import { Panel } from "../parts/frame.tsx";
import { Name } from "../parts/name.tsx";
import { Search } from "../parts/search.tsx";
import { type Column, Table } from "../parts/table.tsx";

/** More rows than this nobody reads; a search finds the rest. */
const MOST_ROWS = 200;

/** The team's resources, dearest first, a page at a time; searched and ordered where asked. */
export function ResourcesPanel({ path, team }: { path: string; team: string }) {
  return (
    <Panel
      title="Cost by resource"
      id="resources"
      aside={
        <div class="tools">
          <Search label="Find resources" placeholder="Find by name, service, group" />
        </div>
      }
    >
      <Ask<Showback> path={path} lines={20}>
        {(showback) => <Resources showback={showback} team={team} />}
      </Ask>
    </Panel>
  );
}

function Resources({ showback, team }: { showback: Showback; team: string }) {
  const { view } = place.value;
  const { data, meta } = showback;
  const rows = useMemo(() => {
    const found =
      view.search === "" ? data : data.filter((row) => matches(wordsOf(row), view.search));
    return view.sort === null ? found : ordered(found, view.sort);
  }, [data, view.search, view.sort]);
  const digits = digitsFor(
    data.map((row) => row.cost),
    meta.currency,
  );
  const hinted = team.startsWith("__");
  const columns: Column<ShowbackRow>[] = [
    {
      id: "name",
      head: "Resource",
      kind: "name",
      cell: (row) => (
        <span title={visible(row.key)}>
          <Name text={nameOf(row.key, row.name)} />
        </span>
      ),
    },
    {
      id: "service",
      head: "Service",
      kind: "text",
      wide: true,
      cell: (row) => <Name text={row.service ?? ""} />,
    },
    {
      id: "group",
      head: "Resource group",
      kind: "text",
      wide: true,
      cell: (row) => <Name text={row.resourceGroup ?? ""} />,
    },
    {
      id: "cost",
      head: "Cost",
      unit: meta.currency,
      kind: "number",
      cell: (row) => (
        <Door target={`resource:${row.key}`}>
          <Amount value={row.cost} currency={meta.currency} digits={digits} />
        </Door>
      ),
    },
    ...changeColumns(meta, digits),
    hinted
      ? {
          id: "hint",
          head: "Whose it may be",
          kind: "text",
          cell: (row) => <Name text={row.hint ?? ""} />,
        }
      : {
          id: "rule",
          head: "Owned by rule",
          kind: "text",
          wide: true,
          cell: (row) => <Name text={row.rule ?? ""} />,
        },
  ];
  return (
    <>
      <Table
        caption="Cost by resource"
        columns={columns}
        rows={rows.slice(0, MOST_ROWS)}
        keyOf={(row) => `${row.key} ${row.team ?? ""} ${row.bucket}`}
        sort={view.sort ?? "-cost"}
        empty={view.search === "" ? "No resource has a cost." : "No resource has that name."}
      />
      <Pages showback={showback} found={rows.length} />
    </>
  );
}

function changeColumns(meta: Meta, digits: number): Column<ShowbackRow>[] {
  const whole = meta.total ?? "0";
  if (meta.state === "open") {
    const { foot: _, ...column } = wholeColumn(meta, digits);
    return [column];
  }
  return (["amount", "percent"] as const).map((show) => ({
    id: show === "amount" ? "change" : "percent",
    head: show === "amount" ? "Change" : "%",
    kind: "number",
    cell: (row) => (
      <Change
        now={row.cost}
        before={row.previous}
        whole={whole}
        currency={meta.currency}
        digits={digits}
        show={show}
      />
    ),
  }));
}

/** Where in the list one is, and how to go on. */
function Pages({ showback, found }: { showback: Showback; found: number }) {
  const { view } = place.value;
  const { meta, data } = showback;
  if (view.search !== "" || view.sort !== null) {
    return (
      <p class="more">
        {found > MOST_ROWS
          ? `The first ${MOST_ROWS} of ${formatCount(found)}.`
          : `${formatCount(found)} found.`}
        {meta.next !== null &&
          ` Looked through the ${formatCount(data.length)} dearest; lines.csv has all.`}{" "}
        <a href={hrefOf({ search: "", sort: null })}>Back to the dearest</a>
      </p>
    );
  }
  if (view.cursor === null && meta.next === null) return null;
  return (
    <p class="more">
      {view.cursor !== null && <a href={hrefOf({})}>First page</a>}
      {meta.next !== null && <a href={hrefOf({ cursor: meta.next })}>Next {data.length}</a>}
    </p>
  );
}

function wordsOf(row: ShowbackRow): string {
  return [row.name, row.key, row.service, row.resourceGroup].join(" ");
}
