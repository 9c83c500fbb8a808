import type { Meta } from "../../api/schemas/common.ts";
import type { ExplainCommitment, Explained } from "../../api/schemas/explain.ts";
import { POLICIES } from "../answers.ts";
import type { Part } from "../charts/drawing.ts";
import { formatCount, formatShare, isZero, sumOf } from "../format.ts";
import { hrefOf, teamPath } from "../place.ts";
import { lastOf, visible } from "../text.ts";
import { nameOf, PART_NAMES, PART_WORDS, POLICY_NAMES } from "../words.ts";
import { Amount } from "../parts/amount.tsx";
import { Name } from "../parts/name.tsx";
import { Table } from "../parts/table.tsx";

/** What a figure is made of, before the lines: its parts, what policies pass on, unused commitments. */

export function Parts({ data, meta, digits }: { data: Explained; meta: Meta; digits: number }) {
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

export function Passed({ data, meta, digits }: { data: Explained; meta: Meta; digits: number }) {
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
        { id: "cluster", head: "Cluster", wide: true, cell: (row) => visible(row.cluster) },
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

const GIVEN_BY: Readonly<Record<ExplainCommitment["mode"], string>> = {
  buyer: "whoever bought it",
  covered: "what it covered",
  team: "the team that takes all",
};

export function Commitments({
  data,
  meta,
  digits,
}: {
  data: Explained;
  meta: Meta;
  digits: number;
}) {
  return (
    <Table
      caption="Commitments that were not used up, and whom what was left of them goes to"
      rows={data.commitments}
      keyOf={(row) => [row.commitment, row.team].join(" ")}
      empty=""
      columns={[
        {
          id: "name",
          head: "Commitment",
          kind: "name",
          cell: (row) => (
            <span title={visible(row.commitment)}>
              <Name text={lastOf(row.commitment)} />
            </span>
          ),
        },
        {
          id: "team",
          head: "Goes to",
          cell: (row) => (
            <a href={hrefOf({}, teamPath(row.team))}>
              <Name text={nameOf(row.team, row.teamName)} />
            </a>
          ),
        },
        {
          id: "by",
          head: "By",
          cell: (row) => (
            <>
              {GIVEN_BY[row.mode]}
              {row.rule !== null && <span class="hint">{visible(row.rule)}</span>}
            </>
          ),
        },
        {
          id: "base",
          head: "Covered",
          kind: "number",
          wide: true,
          title: "Effective cost that the commitment covered for the team in the month",
          cell: (row) =>
            row.base === null ? (
              ""
            ) : (
              <Amount value={row.base} currency={meta.currency} digits={digits} />
            ),
        },
        {
          id: "weight",
          head: "Part",
          kind: "number",
          wide: true,
          cell: (row) =>
            row.weight === null || row.whole === null ? (
              ""
            ) : (
              <span title={`${row.weight} of ${row.whole}`}>
                {formatShare(row.weight, row.whole)}
              </span>
            ),
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
