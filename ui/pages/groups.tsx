import { useMemo } from "preact/hooks";
import type { Showback } from "../../api/schemas/showback.ts";
import type { Grouping } from "../answers.ts";
import { barsHeight, type Drawing } from "../charts/drawing.ts";
import { Chart } from "../charts/chart.tsx";
import { digitsFor, formatAmount, isZero } from "../format.ts";
import { arrange, type Arranged } from "../groups.ts";
import { go, hrefOf, place } from "../place.ts";
import { GROUPING_NAMES, nameOf } from "../words.ts";
import { barsOf, Key, MOST_BARS } from "./group-bars.tsx";
import { GroupTable, hrefOfRow } from "./group-table.tsx";

const TOP = 12;
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
  const drawing = useMemo((): Drawing => {
    const bars = barsOf(arranged, { by, meta, digits, within });
    const description = `Bars of ${bars.length} ${names.many} by cost`;
    return { kind: "bars", bars, description };
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
            drawing={drawing}
            table={id}
            onPick={(key) => {
              const href = hrefOfRow(by, key);
              if (href !== null && by !== "service") void go(href);
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
