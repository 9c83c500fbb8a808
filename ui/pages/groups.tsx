import { useMemo } from "preact/hooks";
import type { Meta, Showback, ShowbackRow } from "../../api/schemas.ts";
import type { Grouping } from "../answers.ts";
import { type Bar, barsHeight, barsSpec, PART_ALPHA, type Part } from "../charts/specs.ts";
import { Chart } from "../charts/chart.tsx";
import { colorOf } from "../colors.ts";
import { monthBefore, monthName, monthShort } from "../dates.ts";
import { compareAmounts, digitsFor, formatAmount, formatShare, isZero, sumOf } from "../format.ts";
import { arrange, type Arranged, changeOf, isSentinel, OTHERS } from "../groups.ts";
import { go, hrefOf, place, teamPath } from "../place.ts";
import { visible } from "../text.ts";
import { GROUPING_NAMES, nameOf, PART_NAMES, PARTS, SENTINELS } from "../words.ts";
import { Amount, Change } from "../parts/amount.tsx";
import { Name } from "../parts/name.tsx";
import { type Column, Table } from "../parts/table.tsx";

const TOP = 12;
/** More bars than this are a carpet; the table has them all. */
const MOST_BARS = 24;

interface GroupsProps {
  showback: Showback;
  by: Grouping;
  /** The team whose page it is on: its colour for all bars, and the address orders another table. */
  within?: string;
}

/** The month's cost by team (or the like): bars beside the table that says the same. */
export function Groups({ showback, by, within }: GroupsProps) {
  const { view } = place.value;
  const { data, meta } = showback;
  const id = `by-${by}`;
  const sort = within === undefined ? (view.sort ?? "-cost") : "-cost";
  const search = within === undefined ? view.search : "";
  const top = view.all || search !== "" ? data.length : TOP;
  const arranged = useMemo(() => arrange(data, { sort, search, top }), [data, sort, search, top]);
  const names = GROUPING_NAMES[by];
  const digits = digitsFor(
    data.map((row) => row.cost),
    meta.currency,
  );
  const parts = (["direct", "shared", "idle"] as const).filter(
    (part) => part === "direct" || data.some((row) => !isZero(row[part])),
  );
  const spec = useMemo(() => {
    const bars = barsOf(arranged, { by, meta, digits, within });
    const label = `Bars of ${bars.length} ${names.many} by cost`;
    return (width: number) => barsSpec(bars, label, width);
  }, [arranged, by, meta, digits, names.many, within]);
  const count = Math.min(
    arranged.rows.length + arranged.sentinels.length + (arranged.others === null ? 0 : 1),
    MOST_BARS,
  );
  const largest = arranged.rows[0];
  return (
    <div class="beside">
      <div>
        <Key parts={parts.length > 1 ? parts : []} />
        {count > 0 && (
          <Chart
            label={`Cost by ${names.one.toLowerCase()}, ${meta.currency ?? ""}. ${arranged.found} ${names.many}${largest === undefined ? "" : `; the first is ${nameOf(largest.key, largest.name)} with ${formatAmount(largest.cost, { digits })}`}`}
            height={barsHeight(count)}
            spec={spec}
            table={id}
            onPick={(key) => {
              if (by === "team" && key !== OTHERS) void go(hrefOf({}, teamPath(key)));
            }}
          />
        )}
      </div>
      <div>
        <GroupTable
          id={id}
          arranged={arranged}
          showback={showback}
          by={by}
          parts={parts}
          digits={digits}
          sort={sort}
          within={within}
        />
        <More arranged={arranged} many={names.many} search={search} />
      </div>
    </div>
  );
}

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

function GroupTable(props: GroupTableProps) {
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
      cell: (row) => <Amount value={row.cost} currency={meta.currency} digits={digits} />,
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
      empty="Nothing has that name."
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

function More({ arranged, many, search }: { arranged: Arranged; many: string; search: string }) {
  const { all } = place.value.view;
  if (search !== "") {
    return (
      <p class="more">
        {arranged.found} {many} found. <a href={hrefOf({ search: "" })}>Show all</a>
      </p>
    );
  }
  if (arranged.otherCount > 0) {
    return (
      <p class="more">
        <a href={hrefOf({ all: true })}>
          Show all {arranged.found} {many}
        </a>
      </p>
    );
  }
  if (!all || arranged.found <= TOP) return null;
  return (
    <p class="more">
      <a href={hrefOf({ all: false })}>Show only the largest {TOP}</a>
    </p>
  );
}

/** What the shades of a bar are; grey, as each team has its own colour. */
export function Key({ parts }: { parts: readonly Part[] }) {
  const color = colorOf("__key__");
  return (
    <ul class="key" aria-label="Parts of a bar">
      {parts.map((part) => (
        <li key={part} title={PARTS[part]}>
          <svg width="12" height="12" aria-hidden="true">
            <rect
              x=".5"
              y=".5"
              width="11"
              height="11"
              fill={color}
              fill-opacity={PART_ALPHA[part]}
              stroke={color}
            />
          </svg>
          {part}
        </li>
      ))}
    </ul>
  );
}

function barsOf(
  arranged: Arranged,
  options: { by: Grouping; meta: Meta; digits: number; within: string | undefined },
): Bar[] {
  const { by, meta, digits, within } = options;
  const tail = [...(arranged.others === null ? [] : [arranged.others]), ...arranged.sentinels];
  const rows = [...arranged.rows.slice(0, MOST_BARS - tail.length), ...tail].slice(0, MOST_BARS);
  const first = arranged.rows.toSorted((a, b) => compareAmounts(b.cost, a.cost))[0];
  const largest = sumOf([first?.cost ?? "0", first?.cost ?? "0"]);
  return rows.map((row) => {
    const name = visible(nameOf(row.key, row.name));
    const amount = (text: string) => formatAmount(text, { digits });
    const change = formatAmount(changeOf(row), { digits, signed: true });
    return {
      key: row.key,
      colorKey: row.key === OTHERS ? OTHERS : (within ?? row.key),
      label: name,
      total: row.cost,
      figure: amount(row.cost),
      undrawn: row.key === OTHERS && compareAmounts(row.cost, largest) > 0,
      parts: { direct: row.direct, shared: row.shared, idle: row.idle },
      tip: [
        name,
        `${amount(row.cost)} ${meta.currency ?? ""}`,
        `direct ${amount(row.direct)} · shared ${amount(row.shared)} · idle ${amount(row.idle)}`,
        row.previous === null
          ? "not there the month before"
          : meta.state === "open"
            ? `${amount(row.previous)} in all of ${monthName(monthBefore(meta.month ?? ""))}`
            : `${change} against the month before`,
        by === "team" && row.key !== OTHERS ? "Click to open" : "",
      ]
        .filter((line) => line !== "")
        .join("\n"),
    };
  });
}
