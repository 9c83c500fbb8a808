import type { FindingRow, Findings } from "../../api/schemas/findings.ts";
import { FINDING_STATES, findingRequest, findingsRequests } from "../answers.ts";
import { answerOf } from "../answering.ts";
import { formatTime } from "../dates.ts";
import { formatCount, isZero, sumOf } from "../format.ts";
import { go, hrefOf, place } from "../place.ts";
import { Amount } from "../parts/amount.tsx";
import { Ask, Failure, Stale } from "../parts/ask.tsx";
import { Notice, Panel } from "../parts/frame.tsx";
import { Search } from "../parts/search.tsx";
import { Table } from "../parts/table.tsx";
import { useTitle } from "../parts/title.ts";
import { findingColumns } from "./finding-columns.tsx";
import { FindingDetailPanel } from "./finding-detail.tsx";

const STATE_WORDS = {
  open: "Open",
  dismissed: "Dismissed",
  claimed: "Part of another",
  resolved: "Resolved",
} as const;

/** What is worth doing today? */
export function FindingsPage() {
  const { view } = place.value;
  const { list } = findingsRequests(view);
  const answer = answerOf<Findings>(list);
  useTitle("Findings");
  if (answer.data === null && answer.problem !== null) {
    return (
      <>
        <h1 tabIndex={-1}>Findings</h1>
        <Failure answer={answer} path={list} />
      </>
    );
  }
  return (
    <>
      <Stale answer={answer} path={list} />
      <Ask<Findings> path={list} lines={14}>
        {(found) => <Found found={found} />}
      </Ask>
    </>
  );
}

function Found({ found }: { found: Findings }) {
  const { view } = place.value;
  const { data, meta, made } = found;
  const state = view.state ?? "open";
  const narrowed = view.kind !== null || view.search !== "" || state !== "open";
  return (
    <>
      <Headline found={found} />
      {made.stale && made.at !== null && (
        <Notice tone="warn">
          These are the findings of {formatTime(made.at)}: the last build could not make them anew.{" "}
          <a href={hrefOf({}, "/data")}>Data</a> says why.
        </Notice>
      )}
      <Panel
        title={STATE_WORDS[state]}
        unit={meta.currency}
        id="findings"
        aside={
          <div class="tools">
            <State state={state} />
            <Search label="Find findings" placeholder="Find by name or place" />
          </div>
        }
      >
        <Kinds found={found} />
        <Table<FindingRow>
          caption="Findings, most to save first"
          class="findings"
          columns={findingColumns(data, meta.currency, (id) =>
            hrefOf({ finding: view.finding === id ? null : id, cursor: view.cursor }),
          )}
          rows={data}
          keyOf={(row) => row.id}
          rowClass={(row) => (row.id === view.finding ? "open" : "")}
          below={(row) =>
            row.id === view.finding ? (
              <FindingDetailPanel path={findingRequest(row.id)} kind={row.kind} />
            ) : null
          }
          empty={
            made.at === null
              ? "Nothing has been looked at yet: take in a bill and build."
              : narrowed
                ? "No finding is like that."
                : "Nothing is found to save. Workloads and volumes are looked at where a cluster's usage is connected; Data says which are."
          }
        />
        {(view.cursor !== null || meta.next !== null) && (
          <p class="more">
            {view.cursor !== null && <a href={hrefOf({ cursor: null })}>First page</a>}
            {meta.next !== null && <a href={hrefOf({ cursor: meta.next })}>Next {data.length}</a>}
          </p>
        )}
      </Panel>
      <Panel
        title="How savings are worked out"
        aside={<a href={hrefOf({}, "/backtest")}>Would the requests have held?</a>}
      >
        <p>
          <strong>On paper</strong>: what would not have been asked for, at what it really cost in
          the last 30 days of the bill, after commitments. <strong>Realisable</strong>: the part of
          it that stops being billed, because a thing goes, or because fewer nodes hold what is
          left. What a commitment covers is paid already and saves nothing. A euro is claimed once:
          by a dormant namespace before its idle workloads, by these before their containers, by
          these before single things.
        </p>
        <p>Nodes go when the pods that are left fit on fewer of them, where</p>
        <ul class="plain">
          {found.assumptions.map((text) => (
            <li key={text}>{text};</li>
          ))}
        </ul>
      </Panel>
    </>
  );
}

function Headline({ found }: { found: Findings }) {
  const { view } = place.value;
  const { sums, meta } = found;
  const mine = sums.filter((sum) => sum.currency === meta.currency);
  const open = mine.reduce((count, sum) => count + sum.findings, 0);
  const saved = sumOf(mine.map((sum) => sum.saved));
  const others = meta.currencies.filter((currency) => currency !== meta.currency);
  return (
    <section class="panel headline">
      <div class="headline-title">
        <h1 tabIndex={-1}>Findings{view.team === null ? "" : ` of ${view.team}`}</h1>
        {view.team !== null && <a href={hrefOf({ team: null })}>all teams</a>}
      </div>
      <p class="total">
        <Amount value={sumOf(mine.map((sum) => sum.realisable))} currency={meta.currency} />
        <span class="total-unit">{meta.currency} a month can be realised</span>
      </p>
      <p class="fine">
        of <Amount value={sumOf(mine.map((sum) => sum.paper))} currency={meta.currency} /> on paper,
        in {formatCount(open)} open {open === 1 ? "finding" : "findings"}
        {!isZero(saved) && (
          <>
            ; <Amount value={saved} currency={meta.currency} /> saved so far by those resolved, as
            the bill shows
          </>
        )}
        {others.map((currency) => (
          <>
            ; <a href={hrefOf({ currency })}>those in {currency}</a>
          </>
        ))}
      </p>
    </section>
  );
}

/** Kinds with what each can realise; one of them narrows the list. */
function Kinds({ found }: { found: Findings }) {
  const { view } = place.value;
  const { meta } = found;
  const kinds = found.sums.filter(
    (sum) => sum.currency === meta.currency && (sum.findings > 0 || sum.kind === view.kind),
  );
  if (kinds.length < 2 && view.kind === null) return null;
  return (
    <ul class="chips" aria-label="Kinds">
      <li>
        <a
          href={hrefOf({ kind: null })}
          {...(view.kind === null ? { "aria-current": "true" } : {})}
        >
          All
        </a>
      </li>
      {kinds.map((sum) => (
        <li key={sum.kind}>
          <a
            href={hrefOf({ kind: sum.kind })}
            {...(view.kind === sum.kind ? { "aria-current": "true" } : {})}
          >
            {sum.kindName} <span class="chip-count">{formatCount(sum.findings)}</span>{" "}
            <Amount value={sum.realisable} currency={meta.currency} />
          </a>
        </li>
      ))}
    </ul>
  );
}

function State({ state }: { state: (typeof FINDING_STATES)[number] }) {
  return (
    <label class="pick">
      <span class="sr">State</span>
      <select
        value={state}
        onChange={(event) => {
          const { value } = event.currentTarget;
          const next = FINDING_STATES.find((one) => one === value) ?? "open";
          void go(hrefOf({ state: next === "open" ? null : next, finding: null }));
        }}
      >
        {FINDING_STATES.map((one) => (
          <option key={one} value={one} selected={one === state}>
            {STATE_WORDS[one]}
          </option>
        ))}
      </select>
    </label>
  );
}
