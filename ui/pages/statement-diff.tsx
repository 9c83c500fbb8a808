import type { StatementDiff } from "../../api/schemas/statements.ts";
import { statementDiffRequest } from "../answers.ts";
import { compareAmounts } from "../format.ts";
import { hrefOf } from "../place.ts";
import { Amount } from "../parts/amount.tsx";
import { Ask } from "../parts/ask.tsx";
import { Name } from "../parts/name.tsx";
import { Table } from "../parts/table.tsx";

const SHOWN = 50;

type Row = StatementDiff["data"][number];

/** What a statement changes, by team and service, the largest first. */
export function DiffTable({ month, number }: { month: string; number: number }) {
  return (
    <Ask<StatementDiff> path={statementDiffRequest(month, number)} lines={6}>
      {(diff) => {
        const rows = diff.data.toSorted((a, b) => bySize(a.effective, b.effective));
        return (
          <>
            <Table<Row>
              caption="What the statement changes by team and service"
              rows={rows.slice(0, SHOWN)}
              keyOf={(row) => `${row.team} ${row.service} ${row.currency}`}
              empty="Nothing but owners of the same money."
              columns={[
                {
                  id: "team",
                  head: "Team",
                  kind: "name",
                  cell: (row) => (
                    <a href={hrefOf({ month }, `/team/${encodeURIComponent(row.team)}`)}>
                      <Name text={row.team} />
                    </a>
                  ),
                },
                { id: "service", head: "Service", cell: (row) => <Name text={row.service} /> },
                {
                  id: "effective",
                  head: "Effective",
                  kind: "number",
                  cell: (row) => (
                    <>
                      <Amount value={row.effective} currency={row.currency} signed />{" "}
                      <span class="unit">{row.currency}</span>
                    </>
                  ),
                },
                {
                  id: "billed",
                  head: "Billed",
                  kind: "number",
                  wide: true,
                  cell: (row) => <Amount value={row.billed} currency={row.currency} signed />,
                },
              ]}
            />
            {rows.length > SHOWN && (
              <p class="more">
                The {SHOWN} largest of {rows.length}; the file holds all.
              </p>
            )}
          </>
        );
      }}
    </Ask>
  );
}

/** Largest first, whatever the sign. */
function bySize(a: string, b: string): number {
  const size = (text: string) => (text.startsWith("-") ? text.slice(1) : text);
  return compareAmounts(size(b), size(a));
}
