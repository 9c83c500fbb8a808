import type { FindingRow } from "../../api/schemas/findings.ts";
import { digitsFor, isZero } from "../format.ts";
import { hrefOf, teamPath } from "../place.ts";
import { Amount } from "../parts/amount.tsx";
import { Name } from "../parts/name.tsx";
import type { Column } from "../parts/table.tsx";

/** Columns of a list of findings; `openHref` is where a finding's evidence is. */
export function findingColumns(
  rows: readonly FindingRow[],
  currency: string | null,
  openHref: (id: string) => string,
  owned = true,
): Column<FindingRow>[] {
  const digits = digitsFor(
    rows.flatMap((row) => [row.paper, row.realisable]),
    currency,
  );
  const money = (id: "cost" | "paper" | "realisable", head: string, title: string) => ({
    id,
    head,
    title,
    unit: currency,
    kind: "number" as const,
    ...(id === "realisable" ? {} : { wide: true }),
    cell: (row: FindingRow) =>
      id === "paper" && !isZero(row.extra) ? (
        <span class="fine" title="What the request lacks, at what the pool costs">
          costs <Amount value={row.extra} currency={currency} digits={digits} /> more
        </span>
      ) : (
        <Amount value={row[id]} currency={currency} digits={digits} />
      ),
  });
  return [
    {
      id: "name",
      head: "What",
      kind: "name",
      cell: (row) => (
        <a class="finding-name" href={openHref(row.id)}>
          <Name text={row.name} />
          <span class="fine">
            {row.kindName}
            {row.cluster !== null && ` · ${placeOf(row)}`}
          </span>
        </a>
      ),
    },
    ...(owned
      ? [
          {
            id: "team",
            head: "Owner",
            kind: "text" as const,
            wide: true,
            cell: (row: FindingRow) => (
              <>
                <a href={hrefOf({}, teamPath(row.team))}>
                  <Name text={row.teamName} />
                </a>
                {row.hint !== null && <span class="fine hint">{row.hint}</span>}
              </>
            ),
          },
        ]
      : []),
    {
      id: "since",
      head: "Since",
      kind: "text",
      wide: true,
      cell: (row) => (
        <span
          class="nowrap"
          title={row.sinceAtLeast ? "It may be older: the data begins there." : undefined}
        >
          {row.sinceAtLeast && "before "}
          {row.since}
        </span>
      ),
    },
    money("cost", "Costs", "Effective cost of what it is about, last 30 days of the bill"),
    money("paper", "On paper", "What would not have been asked for, at what it really cost"),
    money("realisable", "Realisable", "The part of it that stops being billed"),
  ];
}

/** Where in a cluster a finding is; what its name says already is not said again. */
export function placeOf(row: FindingRow): string {
  const isNamespace = row.kind === "dormant-namespace";
  return [row.cluster, isNamespace ? null : row.namespace]
    .filter((part): part is string => part !== null)
    .join(" / ");
}
