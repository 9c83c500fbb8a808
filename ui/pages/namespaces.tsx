import type { NamespaceRow, Namespaces } from "../../api/schemas/namespaces.ts";
import { namespacesRequest } from "../answers.ts";
import { compareAmounts } from "../format.ts";
import { hrefOf, place } from "../place.ts";
import { Ago } from "../parts/ago.tsx";
import { Amount } from "../parts/amount.tsx";
import { Ask } from "../parts/ask.tsx";
import { Notice, Panel } from "../parts/frame.tsx";
import { Search } from "../parts/search.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { useTitle } from "../parts/title.ts";
import { visible } from "../text.ts";

/** The path of a namespace's life. */
export function lifePath(cluster: string, name: string): string {
  return `/namespaces/${encodeURIComponent(cluster)}/${encodeURIComponent(name)}`;
}

/** Whose is it, may it go? */
export function NamespacesPage() {
  useTitle("Namespaces");
  return (
    <>
      <div class="page-title">
        <h1 tabIndex={-1}>Whose is each namespace, and may it go?</h1>
      </div>
      <Panel
        title="Namespaces"
        aside={<Search label="Find a namespace" placeholder="Name, owner, state" />}
      >
        <Ask<Namespaces> path={namespacesRequest()} lines={12}>
          {(answer) => <NamespacesTable answer={answer} />}
        </Ask>
      </Panel>
    </>
  );
}

function NamespacesTable({ answer }: { answer: Namespaces }) {
  const { search, sort } = place.value.view;
  const order = sort ?? "-cost";
  const words = search.toLowerCase();
  const rows = answer.data
    .filter((row) =>
      [row.cluster, row.name, row.owner ?? "", row.team ?? "", row.state, row.why].some((text) =>
        text.toLowerCase().includes(words),
      ),
    )
    .toSorted(by(order));
  const currencies = [...new Set(answer.data.map((row) => row.cost?.currency ?? ""))].filter(
    Boolean,
  );
  if (answer.data.length === 0)
    return (
      <p class="none">
        No scan has looked yet. Connect a cluster with a source of type <code>kubernetes</code>,
        then run <code>apportion namespaces scan --yes</code>.
      </p>
    );
  return (
    <>
      {!answer.meta.deletion && (
        <Notice tone="info">
          Deleting is switched off: owners are told and asked, and nothing is scaled down or
          deleted.
        </Notice>
      )}
      <Table<NamespaceRow>
        caption="Namespaces with owner, last activity, cost and state"
        class="stacked"
        sort={order}
        rows={rows}
        keyOf={(row) => `${row.cluster}/${row.name}`}
        empty="No namespace matches."
        columns={columns(currencies.length === 1 ? (currencies[0] ?? null) : null)}
      />
      {rows.length < answer.meta.total && (
        <p class="fine quiet">
          {rows.length} of {answer.meta.total} namespaces.
        </p>
      )}
    </>
  );
}

function columns(currency: string | null): Column<NamespaceRow>[] {
  return [
    {
      id: "name",
      head: "Namespace",
      kind: "name",
      cell: (row) => (
        <a href={hrefOf({}, lifePath(row.cluster, row.name))}>
          {visible(row.name)} <span class="quiet">{visible(row.cluster)}</span>
        </a>
      ),
    },
    {
      id: "owner",
      head: "Owner",
      cell: (row) => (
        <span title={visible(row.ownerEvidence)}>
          {row.owner === null ? <span class="none">nobody</span> : visible(row.owner)}
          {row.confidence !== null && <span class="quiet"> {row.confidence}</span>}
        </span>
      ),
    },
    {
      id: "activity",
      head: "Last activity",
      cell: (row) =>
        row.lastActivity === null ? (
          <span class="none">not known</span>
        ) : (
          <span title={visible(row.lastActivity.what)}>
            <Ago time={row.lastActivity.at} never="never" />
          </span>
        ),
    },
    {
      id: "cost",
      head: "Cost",
      unit: currency,
      kind: "number",
      cell: (row) =>
        row.cost === null ? (
          <span class="none">none billed</span>
        ) : (
          <Amount value={row.cost.amount} currency={row.cost.currency} />
        ),
    },
    {
      id: "state",
      head: "State",
      cell: (row) => <span class={`badge life-${row.state}`}>{row.state}</span>,
    },
    { id: "why", head: "Why", kind: "text", wide: true, cell: (row) => visible(row.why) },
    {
      id: "next",
      head: "Next",
      kind: "text",
      wide: true,
      cell: (row) =>
        row.next === null ? (
          ""
        ) : (
          <>
            {visible(row.next.what)}
            {row.next.at !== null && <span class="quiet"> {row.next.at.slice(0, 10)}</span>}
          </>
        ),
    },
  ];
}

type Order = (a: NamespaceRow, b: NamespaceRow) => number;

const text = (of: (row: NamespaceRow) => string): Order => {
  return (a, b) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0);
};

const ORDERS: Readonly<Record<string, Order>> = {
  name: text((row) => row.name),
  owner: text((row) => row.owner ?? ""),
  activity: text((row) => row.lastActivity?.at ?? ""),
  cost: (a, b) => compareAmounts(a.cost?.amount ?? "0", b.cost?.amount ?? "0"),
  state: text((row) => row.state),
};
const byPlace = text((row) => `${row.cluster}/${row.name}`);

function by(order: string): Order {
  const direction = order.startsWith("-") ? -1 : 1;
  const main = ORDERS[order.replace(/^-/, "")] ?? byPlace;
  return (a, b) => direction * main(a, b) || byPlace(a, b);
}
