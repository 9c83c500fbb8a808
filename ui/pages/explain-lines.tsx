import type { Meta } from "../../api/schemas/common.ts";
import type { Explained, ExplainLine } from "../../api/schemas/explain.ts";
import { formatCount, formatShare } from "../format.ts";
import { hrefOf, namespacePath, place } from "../place.ts";
import { lastOf, visible } from "../text.ts";
import { nameOf } from "../words.ts";
import { Amount } from "../parts/amount.tsx";
import { Name } from "../parts/name.tsx";
import { type Column, Table } from "../parts/table.tsx";

/** The lines of the bill under a figure, a page of them, each with what it was divided by. */
export function Lines({ data, meta }: { data: Explained; meta: Meta }) {
  const { view } = place.value;
  const columns: Column<ExplainLine & { place: number }>[] = [
    { id: "day", head: "Day", cell: (line) => line.day },
    {
      id: "name",
      head: "Bill line",
      kind: "name",
      cell: (line) => (
        <span title={visible(`${line.resource}\n${line.origin}`)}>
          <Name text={line.resourceName === "" ? lastOf(line.resource) : line.resourceName} />
        </span>
      ),
    },
    { id: "service", head: "Service", wide: true, cell: (line) => <Name text={line.service} /> },
    {
      id: "whole",
      head: "Line cost",
      kind: "number",
      wide: true,
      cell: (line) => <Amount value={line.lineCost} currency={meta.currency} />,
    },
    {
      id: "split",
      head: "Divided by",
      wide: true,
      cell: (line) => (line.splitKind === null ? "" : <Split line={line} />),
    },
    {
      id: "weight",
      head: "Weight",
      kind: "number",
      title: "This consumer's weight, of all weights together",
      cell: (line) =>
        line.weight === null || line.whole === null ? (
          ""
        ) : (
          <span title={`${line.weight} of ${line.whole}`}>
            {formatShare(line.weight, line.whole)}
          </span>
        ),
    },
    {
      id: "share",
      head: "Share",
      kind: "number",
      cell: (line) => <Amount value={line.cost} currency={meta.currency} digits={4} />,
    },
    { id: "consumer", head: "Consumer", wide: true, cell: (line) => <Consumer line={line} /> },
    {
      id: "rule",
      head: "Rule",
      wide: true,
      cell: (line) => <Name text={line.rule ?? nameOf(line.bucket, line.bucket)} />,
    },
  ];
  return (
    <>
      <Table
        caption="Bill lines behind the figure, the dearest share first"
        rows={data.lines.map((line, place) => ({ ...line, place }))}
        keyOf={(line) => String(line.place)}
        columns={columns}
        empty="No line of the bill is in it."
      />
      {(view.cursor !== null || meta.next !== null) && (
        <p class="more">
          {formatCount(data.lineCount)} in all.{" "}
          {view.cursor !== null && <a href={hrefOf({ cursor: null })}>First page</a>}{" "}
          {meta.next !== null && <a href={hrefOf({ cursor: meta.next })}>Next page</a>}
        </p>
      )}
    </>
  );
}

function Split({ line }: { line: ExplainLine }) {
  const hours = (seconds: number | null) => formatCount(Math.round((seconds ?? 0) / 360) / 10);
  return (
    <span title={visible(line.splitKey ?? "")}>
      {line.splitKind} <Name text={nodeOf(line.splitKey ?? "")} />
      {line.billedSeconds !== null && (
        <span class="hint">
          {hours(line.billedSeconds)} h billed, {hours(line.seenSeconds)} seen,{" "}
          {hours(line.coveredSeconds)} covered
          {line.nodeBy === null ? "" : `; by ${line.nodeBy}`}
        </span>
      )}
    </span>
  );
}

function Consumer({ line }: { line: ExplainLine }) {
  if (line.splitKind === null) return <Name text={line.teamName} />;
  if (line.namespace === "")
    return <Name text={`${line.cluster}: ${nameOf(line.bucket, line.bucket)}`} />;
  return (
    <a href={hrefOf({}, namespacePath(line.cluster, line.namespace))}>
      <Name
        text={[line.cluster, line.namespace, line.workload].filter((part) => part !== "").join("/")}
      />
    </a>
  );
}

function nodeOf(key: string): string {
  const parts = key.split("/");
  return parts.at(-2) === "virtualmachines" && parts.length > 4
    ? `${parts.at(-3) ?? ""}/${parts.at(-1) ?? ""}`
    : lastOf(key);
}
