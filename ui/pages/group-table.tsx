import type { Meta, Showback, ShowbackRow } from "../../api/schemas.ts";
import type { Grouping } from "../answers.ts";
import type { Part } from "../charts/specs.ts";
import { colorOf } from "../colors.ts";
import { monthBefore, monthName, monthShort } from "../dates.ts";
import { formatShare, sumOf } from "../format.ts";
import { type Arranged, isSentinel, OTHERS } from "../groups.ts";
import { hrefOf, place, teamPath } from "../place.ts";
import { GROUPING_NAMES, nameOf, PART_NAMES, PARTS, SENTINELS } from "../words.ts";
import { Amount, Change } from "../parts/amount.tsx";
import { Name } from "../parts/name.tsx";
import { type Column, Table } from "../parts/table.tsx";

interface GroupTableProps {
  id: string;
  within: string | undefined;
  arranged: Arranged;
  showback: Showback;
  by: Grouping;
  parts: readonly Part[];
  digits: number;
  sort: string;
}

/** The table that says what the bars show, and what changed. */
export function GroupTable(props: GroupTableProps) {
  const { id, arranged, showback, by, parts, digits, sort, within } = props;
  const { meta, data } = showback;
  const searching = within === undefined && place.value.view.search !== "";
  const shown = [
    ...arranged.rows,
    ...(arranged.others === null ? [] : [arranged.others]),
    ...arranged.sentinels,
  ];
  const total = searching
    ? sumOf(shown.map((row) => row.cost))
    : (meta.total ?? sumOf(data.map((row) => row.cost)));
  const before = searching ? null : (meta.previousTotal ?? null);
  const comparable = meta.state !== "open";
  const columns: Column<ShowbackRow>[] = [
    {
      id: "name",
      head: GROUPING_NAMES[by].one,
      kind: "name",
      cell: (row) => <GroupName row={row} by={by} colored={within === undefined} />,
      foot: searching ? "Found" : "Total",
    },
    {
      id: "cost",
      head: "Cost",
      unit: meta.currency,
      kind: "number",
      cell: (row) =>
        row.stated === false ? (
          <span class="quiet">not stated</span>
        ) : (
          <Amount value={row.cost} currency={meta.currency} digits={digits} />
        ),
      foot: <Amount value={total} currency={meta.currency} digits={digits} />,
    },
    {
      id: "share",
      head: "Share",
      kind: "number",
      wide: true,
      cell: (row) => formatShare(row.cost, meta.total ?? total),
      foot: formatShare(total, meta.total ?? total),
    },
    ...(parts.length > 1 ? parts : []).map((part): Column<ShowbackRow> => ({
      id: part,
      head: PART_NAMES[part],
      title: PARTS[part],
      kind: "number",
      wide: true,
      cell: (row) => <Amount value={row[part]} currency={meta.currency} digits={digits} />,
      foot: (
        <Amount
          value={sumOf(shown.map((row) => row[part]))}
          currency={meta.currency}
          digits={digits}
        />
      ),
    })),
    ...(comparable
      ? changeColumns(total, before, meta.currency, digits)
      : [wholeColumn(meta, digits)]),
  ];
  return (
    <Table
      id={id}
      caption={`Cost by ${GROUPING_NAMES[by].one.toLowerCase()}`}
      columns={columns}
      rows={arranged.rows}
      pinned={shown.slice(arranged.rows.length)}
      keyOf={(row) => row.key}
      {...(within === undefined ? { sort } : {})}
      rowClass={(row) => (isSentinel(row.key) ? "pinned" : "")}
      empty={searching ? "Nothing has that name." : "Nothing has a cost."}
    />
  );
}

function changeColumns(
  total: string,
  before: string | null,
  currency: string | null,
  digits: number,
): Column<ShowbackRow>[] {
  const change = (now: string, was: string | null, show: "amount" | "percent") => (
    <Change now={now} before={was} whole={total} currency={currency} digits={digits} show={show} />
  );
  return [
    {
      id: "change",
      head: "Change",
      kind: "number",
      title: "Against the month before",
      cell: (row) => change(row.cost, row.previous, "amount"),
      foot: before !== null && change(total, before, "amount"),
    },
    {
      id: "percent",
      head: "%",
      kind: "number",
      cell: (row) => change(row.cost, row.previous, "percent"),
      foot: before !== null && change(total, before, "percent"),
    },
  ];
}

/** A running month has no change worth the name yet; what all of the last one was is a fact. */
export function wholeColumn(meta: Meta, digits: number): Column<ShowbackRow> {
  const cell = (amount: string | null | undefined) =>
    amount === null || amount === undefined ? (
      <span class="none">–</span>
    ) : (
      <span class="quiet">
        <Amount value={amount} currency={meta.currency} digits={digits} />
      </span>
    );
  const last = monthBefore(meta.month ?? "");
  return {
    id: "previous",
    head: `All of ${monthShort(last)}`,
    kind: "number",
    title: `The whole of ${monthName(last)}; this month still runs`,
    cell: (row) => cell(row.previous),
    foot: cell(meta.previousTotal),
  };
}

function GroupName({ row, by, colored }: { row: ShowbackRow; by: Grouping; colored: boolean }) {
  const name = nameOf(row.key, row.name);
  const known = SENTINELS[row.key];
  const swatch = colored && <span class="swatch" style={{ background: colorOf(row.key) }} />;
  if (row.key === OTHERS) {
    return (
      <span class="named">
        {swatch}
        {name}
      </span>
    );
  }
  const label =
    by === "team" || known !== undefined ? (
      <a href={hrefOf({}, teamPath(row.key))}>
        <Name text={name} />
      </a>
    ) : (
      <Name text={name} />
    );
  return (
    <span class="named">
      {swatch}
      {known === undefined ? (
        label
      ) : (
        <span class="with-hint">
          {label}
          <span class="hint" title={known.hint}>
            {known.short}
          </span>
        </span>
      )}
    </span>
  );
}
