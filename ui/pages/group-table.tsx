import type { Meta } from "../../api/schemas/common.ts";
import type { Showback, ShowbackRow } from "../../api/schemas/showback.ts";
import type { Grouping } from "../answers.ts";
import type { Part } from "../charts/drawing.ts";
import { colorOf } from "../colors.ts";
import { monthBefore, monthName, monthShort } from "../dates.ts";
import { formatShare, sumOf } from "../format.ts";
import { type Arranged, isSentinel, OTHERS } from "../groups.ts";
import { hrefOf, namespacePath, place, teamPath, whyHref } from "../place.ts";
import { GROUPING_NAMES, PART_NAMES, PARTS, SENTINELS, sentinelOf } from "../words.ts";
import { rowName } from "./group-bars.tsx";
import { Amount, Change } from "../parts/amount.tsx";
import { Door } from "../parts/door.tsx";
import { Name } from "../parts/name.tsx";
import { Status } from "../parts/status.tsx";
import { isLow } from "./headline.tsx";
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
      cell: (row) => <GroupName row={row} by={by} colored={!within} />,
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
          <Door target={targetOf(by, row)}>
            <Amount value={row.cost} currency={meta.currency} digits={digits} />
          </Door>
        ),
      foot: <Amount value={total} currency={meta.currency} digits={digits} />,
    },
    ...(data.some((row) => row.coverage !== undefined) ? [COVERAGE] : []),
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

/** How much of the billed node time was measured; under 95 % the rest is a guess worth a mark. */
const COVERAGE: Column<ShowbackRow> = {
  id: "coverage",
  head: "Coverage",
  title: "The part of the billed node time for which usage was measured",
  kind: "number",
  cell: (row) => {
    if (row.coverage === undefined || row.coverage === null) return <span class="none">–</span>;
    const share = formatShare(row.coverage, "1");
    return isLow(row.coverage) ? <Status tone="warn">{share}</Status> : share;
  },
};

/** What explains a row's figure; null where the figure is a sum of many. */
export function targetOf(by: Grouping, row: ShowbackRow): string | null {
  if (row.key === OTHERS || row.key === "") return null;
  if (SENTINELS[row.key] !== undefined) return `bucket:${row.key}`;
  return by === "team" || by === "namespace" ? `${by}:${row.key}` : null;
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
  const name = rowName(by, row);
  const known = sentinelOf(row.key);
  const swatch = colored && <span class="swatch" style={{ background: colorOf(row.key) }} />;
  if (row.key === OTHERS) {
    return (
      <span class="named">
        {swatch}
        {name}
      </span>
    );
  }
  const href = hrefOfRow(by, row.key);
  const label =
    href === null ? (
      <Name text={name} />
    ) : (
      <a href={href}>
        <Name text={name} />
      </a>
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

/** The page of a row, by what the table is by. */
export function hrefOfRow(by: Grouping, key: string): string | null {
  if (key === OTHERS || key === "") return null;
  if (by === "team" || SENTINELS[key] !== undefined) return hrefOf({}, teamPath(key));
  if (by === "cluster") return hrefOf({ cluster: key, sort: null, search: "" }, "/clusters");
  if (by !== "namespace") return null;
  const cut = key.lastIndexOf("/");
  const [cluster, namespace] = [key.slice(0, cut), key.slice(cut + 1)];
  return isSentinel(key) || namespace.startsWith("team:")
    ? whyHref(`namespace:${key}`)
    : hrefOf({}, namespacePath(cluster, namespace));
}
