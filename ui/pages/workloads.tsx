import type { Showback, ShowbackRow, Usage, UsageRow } from "../../api/schemas/showback.ts";
import { answerOf } from "../answering.ts";
import { digitsFor, formatCount, formatShare } from "../format.ts";
import { ordered } from "../groups.ts";
import { place } from "../place.ts";
import { matches, visible } from "../text.ts";
import { Amount } from "../parts/amount.tsx";
import { Ask } from "../parts/ask.tsx";
import { Door } from "../parts/door.tsx";
import { Panel } from "../parts/frame.tsx";
import { Name } from "../parts/name.tsx";
import { Search } from "../parts/search.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { coresOf, figure, gibOf } from "./usage.tsx";

const MOST_ROWS = 200;

/** Each workload's cost beside what it asked for and used, averaged over the days with data. */
export function WorkloadsPanel(props: { path: string; usage: string; days: string }) {
  const { path } = props;
  const usage = answerOf<Usage>(props.usage).data;
  const days = answerOf<Usage>(props.days).data?.data.length ?? 1;
  return (
    <Panel
      title="Cost by workload"
      id="workloads"
      aside={
        <div class="tools">
          <span class="fine">before anything is passed on</span>
          <Search label="Find workloads" placeholder="Find workloads" />
        </div>
      }
    >
      <Ask<Showback> path={path} lines={8}>
        {(showback) => <Workloads showback={showback} usage={usage} days={days} />}
      </Ask>
    </Panel>
  );
}

interface WorkloadsProps {
  showback: Showback;
  usage: Usage | null;
  /** Days of the month that have usage data. */
  days: number;
}

function Workloads({ showback, usage, days }: WorkloadsProps) {
  const { view } = place.value;
  const { data, meta } = showback;
  const found = data.filter((row) => view.search === "" || matches(row.key, view.search));
  const rows = ordered(found, view.sort ?? "-cost");
  const digits = digitsFor(
    data.map((row) => row.cost),
    meta.currency,
  );
  const used = new Map((usage?.data ?? []).map((row) => [row.key, row]));
  const of = (id: string, head: string, title: string, text: (row: UsageRow) => string) => ({
    id,
    head,
    title,
    kind: "number" as const,
    wide: true,
    cell: (row: ShowbackRow) => {
      const own = used.get(row.key);
      return own === undefined ? <span class="none">–</span> : text(own);
    },
  });
  const columns: Column<ShowbackRow>[] = [
    {
      id: "name",
      head: "Workload",
      kind: "name",
      cell: (row) => <Name text={row.name} />,
      foot: "Total",
    },
    {
      id: "cost",
      head: "Cost",
      unit: meta.currency,
      kind: "number",
      cell: (row) => (
        <Door target={row.key.split("/").length < 4 ? null : `workload:${row.key}`}>
          <Amount value={row.cost} currency={meta.currency} digits={digits} />
        </Door>
      ),
      foot: <Amount value={meta.total ?? "0"} currency={meta.currency} digits={digits} />,
    },
    {
      id: "share",
      head: "Share",
      kind: "number",
      cell: (row) => formatShare(row.cost, meta.total ?? "0"),
    },
    of("cpureq", "CPU requested", "Cores, averaged over the days with data", (row) =>
      figure(coresOf(row.cpuRequested, days)),
    ),
    of("cpuused", "used", "Cores, averaged over the days with data", (row) =>
      figure(coresOf(row.cpuUsed, days)),
    ),
    of("memreq", "Memory requested", "GiB, averaged over the days with data", (row) =>
      figure(gibOf(row.memRequested, days)),
    ),
    of("memused", "used", "GiB, averaged over the days with data", (row) =>
      figure(gibOf(row.memUsed, days)),
    ),
    {
      id: "rule",
      head: "Owned by rule",
      kind: "text",
      wide: true,
      cell: (row) => <Name text={visible(row.rule ?? "")} />,
    },
  ];
  return (
    <>
      <Table
        caption="Cost by workload"
        columns={columns}
        rows={rows.slice(0, MOST_ROWS)}
        keyOf={(row) => row.key}
        sort={view.sort ?? "-cost"}
        empty={view.search === "" ? "No workload has a cost." : "No workload has that name."}
      />
      {rows.length > MOST_ROWS && (
        <p class="more">
          The first {MOST_ROWS} of {formatCount(rows.length)}; a search finds the others.
        </p>
      )}
    </>
  );
}
