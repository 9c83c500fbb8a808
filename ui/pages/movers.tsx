import type { MoverRow, Movers } from "../../api/schemas/showback.ts";
import { monthBefore, monthName } from "../dates.ts";
import {
  compareAmounts,
  digitsFor,
  formatAmount,
  formatPercentChange,
  isNegative,
  isZero,
  matters,
} from "../format.ts";
import { answerOf } from "../answering.ts";
import { hrefOf, teamPath } from "../place.ts";
import { visible } from "../text.ts";
import { nameOf } from "../words.ts";
import { Ask } from "../parts/ask.tsx";
import { Amount } from "../parts/amount.tsx";
import { Panel } from "../parts/frame.tsx";
import { Name } from "../parts/name.tsx";
import { type Column, Table } from "../parts/table.tsx";

interface MoversPanelProps {
  path: string;
  /** The same question about the month before; asked instead while the month runs. */
  pathOf: (month: string) => string;
  withTeam?: boolean;
}

/** What moved most against the month before, and why. */
export function MoversPanel({ path, pathOf, withTeam = false }: MoversPanelProps) {
  const meta = answerOf<Movers>(path).data?.meta;
  const month = meta?.month ?? "";
  const last = monthBefore(month);
  // Against all of the last month, a running one has only "fallen": that would be noise.
  const running = meta?.state === "open" && meta.months.includes(last);
  const about = running ? last : month;
  return (
    <Panel
      title={about === "" ? "What moved, and why" : `What moved in ${monthName(about)}, and why`}
      unit={meta?.currency}
      aside={
        running && (
          <span class="fine">{monthName(month)} still runs; this is the last whole month</span>
        )
      }
    >
      <Ask<Movers> path={running ? pathOf(last) : path} lines={12}>
        {(movers) => <MoverTable movers={movers} withTeam={withTeam} />}
      </Ask>
    </Panel>
  );
}

function MoverTable({ movers, withTeam }: { movers: Movers; withTeam: boolean }) {
  const { data, meta } = movers;
  const digits = digitsFor(
    data.flatMap((row) => [row.cost, row.previous]),
    meta.currency,
  );
  const most = data.reduce((max, row) => (compareAmounts(row.cost, max) > 0 ? row.cost : max), "0");
  const amount = (value: string, signed = false) => (
    <Amount value={value} currency={meta.currency} digits={digits} signed={signed} />
  );
  const columns: Column<MoverRow>[] = [
    {
      id: "who",
      head: withTeam ? "Team and service" : "Service",
      kind: "name",
      cell: (row) =>
        withTeam ? (
          <>
            <a href={hrefOf({}, teamPath(row.team))}>
              <Name text={nameOf(row.team, row.teamName)} />
            </a>
            <span class="second">
              <Name text={row.service} />
            </span>
          </>
        ) : (
          <Name text={row.service} />
        ),
    },
    {
      id: "previous",
      head: "Was",
      kind: "number",
      wide: true,
      cell: (row) => amount(row.previous),
    },
    { id: "cost", head: "Is", kind: "number", wide: true, cell: (row) => amount(row.cost) },
    {
      id: "change",
      head: "Change",
      kind: "number",
      cell: (row) => <span class={`change ${tone(row, most)}`}>{amount(row.change, true)}</span>,
    },
    {
      id: "percent",
      head: "%",
      kind: "number",
      cell: (row) => formatPercentChange(row.cost, row.previous) ?? "new",
    },
    { id: "why", head: "Why", kind: "text", cell: (row) => <Why row={row} digits={digits} /> },
  ];
  return (
    <Table
      class="movers"
      caption="Biggest changes against the month before"
      columns={columns}
      rows={data}
      keyOf={(row) => `${row.team} ${row.service}`}
      empty="Nothing moved against the month before, or there is no month before."
    />
  );
}

function tone(row: MoverRow, most: string): string {
  if (!matters(row.cost, row.previous, most)) return "calm";
  return isNegative(row.change) ? "down" : "up";
}

/** The reasons of a change, each with its money. */
function Why({ row, digits }: { row: MoverRow; digits: number }) {
  const signed = (text: string) => formatAmount(text, { digits, signed: true });
  const reasons = [
    row.appearedCount > 0 && `${count(row.appearedCount, "new resource")} ${signed(row.appeared)}`,
    row.goneCount > 0 && `${count(row.goneCount, "resource")} gone ${signed(row.gone)}`,
    !isZero(row.changed) && `changed use of what stayed ${signed(row.changed)}`,
  ].filter((reason) => reason !== false);
  return (
    <span class="why">
      <span>{reasons.join(" · ")}</span>
      {row.topResource !== null && (
        <span class="second" title={visible(row.topResource)}>
          <span class="most">most by</span> <Name text={lastPart(row.topResource)} />
        </span>
      )}
    </span>
  );
}

function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? "" : "s"}`;
}

/** A resource id's own name; the whole id is on hover. */
function lastPart(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1) || id;
}
