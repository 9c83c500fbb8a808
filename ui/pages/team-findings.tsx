import type { FindingRow, Findings } from "../../api/schemas/findings.ts";
import { sumOf } from "../format.ts";
import { hrefOf } from "../place.ts";
import { Amount } from "../parts/amount.tsx";
import { Ask } from "../parts/ask.tsx";
import { Panel } from "../parts/frame.tsx";
import { findingColumns } from "./finding-columns.tsx";
import { Table } from "../parts/table.tsx";

/** What the team can do about its cost: its open findings, most to save first. */
export function TeamFindings({ path, team }: { path: string; team: string }) {
  return (
    <Panel
      title="What can be saved"
      aside={<a href={hrefOf({ team }, "/findings")}>All findings</a>}
    >
      <Ask<Findings> path={path} lines={3}>
        {(found) => <Few found={found} />}
      </Ask>
    </Panel>
  );
}

function Few({ found }: { found: Findings }) {
  const { data, sums, meta, made } = found;
  const mine = sums.filter((sum) => sum.currency === meta.currency);
  const open = mine.reduce((count, sum) => count + sum.findings, 0);
  if (data.length === 0) {
    return (
      <p class="none">
        {made.at === null ? "Nothing has been looked at yet." : "Nothing is found to save here."}
      </p>
    );
  }
  return (
    <>
      <p class="sum">
        <Amount value={sumOf(mine.map((sum) => sum.realisable))} currency={meta.currency} />{" "}
        {meta.currency} a month can be realised, of{" "}
        <Amount value={sumOf(mine.map((sum) => sum.paper))} currency={meta.currency} /> on paper, in{" "}
        {open} {open === 1 ? "finding" : "findings"}.
      </p>
      <Table<FindingRow>
        caption="Findings that save most"
        columns={findingColumns(
          data,
          meta.currency,
          (id) => hrefOf({ finding: id }, "/findings"),
          false,
        )}
        rows={data}
        keyOf={(row) => row.id}
      />
    </>
  );
}
