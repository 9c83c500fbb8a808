import type { Explain, Explained, ExplainLine, Meta } from "../../api/schemas.ts";
import { explainRequest, POLICIES } from "../answers.ts";
import { answerOf } from "../answering.ts";
import type { Part } from "../charts/drawing.ts";
import { monthName } from "../dates.ts";
import { digitsFor, formatCount, formatShare, isZero, sumOf } from "../format.ts";
import { hrefOf, namespacePath, place, teamPath } from "../place.ts";
import { visible } from "../text.ts";
import { COST_NAMES, nameOf, PART_NAMES, PART_WORDS, POLICY_NAMES } from "../words.ts";
import { Amount } from "../parts/amount.tsx";
import { Failure, Stale } from "../parts/ask.tsx";
import { Notice, Panel, Skeleton } from "../parts/frame.tsx";
import { Name } from "../parts/name.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { useTitle } from "../parts/title.ts";

/** Why a figure is what it is: what adds up to it, down to the lines of the bill. */
export function ExplainPage() {
  const { view } = place.value;
  const { target } = view;
  useTitle(target === null ? "Why" : `Why: ${visible(target)}`);
  if (target === null) {
    return (
      <section class="panel">
        <h1 tabIndex={-1}>Which figure?</h1>
        <p>
          Open this page from a figure: costs in tables and the “Why?” beside a total lead here.
        </p>
      </section>
    );
  }
  const path = explainRequest(target, view);
  const answer = answerOf<Explain>(path);
  if (answer.data === null && answer.problem !== null) {
    return (
      <>
        <h1 tabIndex={-1}>{visible(target)}</h1>
        <Failure answer={answer} path={path} />
      </>
    );
  }
  return (
    <>
      <div class="crumbs">
        <nav aria-label="Where you are">
          <Origin target={target} /> <span aria-hidden="true">/</span> Why
        </nav>
      </div>
      <Stale answer={answer} path={path} />
      {answer.data === null ? (
        <section class="panel">
          <h1 class="sr" tabIndex={-1}>
            Loading
          </h1>
          <Skeleton lines={16} />
        </section>
      ) : (
        <Why {...answer.data} />
      )}
    </>
  );
}

function Why({ data, meta }: Explain) {
  const { view } = place.value;
  const digits = digitsFor(
    data.parts.map((part) => part.cost),
    meta.currency,
  );
  return (
    <>
      <section class="panel headline">
        <div class="headline-title">
          <h1 tabIndex={-1}>
            {visible(data.name)} <span class="quiet">{monthName(meta.month ?? "")}</span>
          </h1>
        </div>
        <p class="total">
          <Amount value={data.total} currency={meta.currency} />
          <span class="total-unit">{meta.currency}</span>
        </p>
        <p class="sum">
          <Amount value={data.own} currency={meta.currency} /> lines of their own +{" "}
          <Amount value={data.shares} currency={meta.currency} /> shares of cluster lines
          {data.target.startsWith("workload:") ? (
            ", before anything is passed on"
          ) : (
            <>
              {" "}
              + <Amount value={data.moved} currency={meta.currency} /> passed on
            </>
          )}
        </p>
        <p class="fine">
          {COST_NAMES[view.cost ?? "effective"]}; the three add up to the figure to the last digit.
        </p>
        {meta.unstated !== undefined && meta.unstated > 0 && (
          <Notice tone="info">
            {formatCount(meta.unstated)} lines do not state this measure; they are not in the
            figure.
          </Notice>
        )}
      </section>
      <div class="pair">
        <Panel title="What it is made of" unit={meta.currency}>
          <Parts data={data} meta={meta} digits={digits} />
        </Panel>
        {data.redistribution.length > 0 && (
          <Panel title="What policies pass on" unit={meta.currency}>
            <Passed data={data} meta={meta} digits={digits} />
          </Panel>
        )}
      </div>
      <Panel title="Bill lines" unit={meta.currency} id="lines">
        <Lines data={data} meta={meta} />
      </Panel>
    </>
  );
}

function Parts({ data, meta, digits }: { data: Explained; meta: Meta; digits: number }) {
  return (
    <Table
      caption="Parts of the figure before anything is passed on"
      rows={data.parts}
      keyOf={(part) => [part.part, part.cluster, part.bucket, part.rule].join(" ")}
      empty="No line of the bill is in it."
      columns={[
        {
          id: "name",
          head: "Part",
          kind: "name",
          cell: (part) => <Name text={PART_WORDS[part.part] ?? part.part} />,
          foot: "Before redistribution",
        },
        { id: "cluster", head: "Cluster", wide: true, cell: (part) => visible(part.cluster) },
        {
          id: "cost",
          head: "Cost",
          kind: "number",
          cell: (part) => <Amount value={part.cost} currency={meta.currency} digits={digits} />,
          foot: (
            <Amount
              value={sumOf([data.own, data.shares])}
              currency={meta.currency}
              digits={digits}
            />
          ),
        },
        {
          id: "lines",
          head: "Lines",
          kind: "number",
          cell: (part) => formatCount(part.lines),
          foot: formatCount(data.lineCount),
        },
        {
          id: "rule",
          head: "Owned by",
          cell: (part) => <Name text={part.rule ?? nameOf(part.bucket, part.bucket)} />,
        },
      ]}
    />
  );
}

function Passed({ data, meta, digits }: { data: Explained; meta: Meta; digits: number }) {
  const chosen = meta.policy ?? "configured";
  const rows = data.redistribution
    .filter((row) => !isZero(row.cost))
    .toSorted((a, b) => POLICIES.indexOf(a.policy) - POLICIES.indexOf(b.policy));
  return (
    <Table
      caption="What each policy passes on"
      rows={rows}
      keyOf={(row) => [row.policy, row.cluster, row.bucket].join(" ")}
      rowClass={(row) => (row.policy === chosen ? "chosen" : "")}
      empty="Nothing is passed on to it or from it."
      columns={[
        {
          id: "name",
          head: "Policy",
          kind: "name",
          cell: (row) => (
            <a href={hrefOf({ policy: row.policy === "configured" ? null : row.policy })}>
              {POLICY_NAMES[row.policy]}
            </a>
          ),
        },
        { id: "cluster", head: "Cluster", cell: (row) => visible(row.cluster) },
        {
          id: "what",
          head: "What",
          cell: (row) => PART_NAMES[row.bucket as Part] ?? nameOf(row.bucket, null),
        },
        {
          id: "cost",
          head: "Cost",
          kind: "number",
          cell: (row) => (
            <Amount value={row.cost} currency={meta.currency} digits={digits} signed />
          ),
        },
      ]}
    />
  );
}

function Lines({ data, meta }: { data: Explained; meta: Meta }) {
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

/** Where the figure stands that is explained. */
function Origin({ target }: { target: string }) {
  const at = target.indexOf(":");
  const [kind, rest] = [target.slice(0, at), target.slice(at + 1)];
  if (kind === "team" || kind === "bucket")
    return <a href={hrefOf({}, teamPath(rest))}>{visible(nameOf(rest, null))}</a>;
  const parts = rest.split("/");
  if (kind === "namespace" || kind === "workload") {
    const cut = kind === "namespace" ? -1 : -3;
    const cluster = parts.slice(0, cut).join("/");
    const namespace = parts.at(cut) ?? "";
    return namespace.startsWith("__") ? (
      <a href={hrefOf({ cluster }, "/clusters")}>{visible(cluster)}</a>
    ) : (
      <a href={hrefOf({}, namespacePath(cluster, namespace))}>
        {visible(`${cluster}/${namespace}`)}
      </a>
    );
  }
  return <a href={hrefOf({}, "/")}>Overview</a>;
}

function lastOf(path: string): string {
  return path.split("/").at(-1) ?? path;
}

function nodeOf(key: string): string {
  const parts = key.split("/");
  return parts.at(-2) === "virtualmachines" && parts.length > 4
    ? `${parts.at(-3) ?? ""}/${parts.at(-1) ?? ""}`
    : lastOf(key);
}
