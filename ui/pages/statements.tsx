import { signal } from "@preact/signals";
import type { Problem, Whoami } from "../../api/schemas/common.ts";
import type {
  Closed,
  StatementMonth,
  StatementRow,
  Statements,
} from "../../api/schemas/statements.ts";
import { ME, statementsRequest } from "../answers.ts";
import { answerOf, load } from "../answering.ts";
import { formatTime, monthName } from "../dates.ts";
import { hrefOf, place } from "../place.ts";
import { visible } from "../text.ts";
import { Amount } from "../parts/amount.tsx";
import { Ask } from "../parts/ask.tsx";
import { Notice, Panel, StateBadge } from "../parts/frame.tsx";
import { Name } from "../parts/name.tsx";
import { Status } from "../parts/status.tsx";
import { Table } from "../parts/table.tsx";
import { useTitle } from "../parts/title.ts";
import { DiffTable } from "./statement-diff.tsx";

/** May I book it? */
export function MonthsPage() {
  const path = statementsRequest();
  const answer = answerOf<Statements>(path).data;
  const shown = shownMonth(answer);
  useTitle("Months");
  return (
    <>
      <div class="page-title">
        <h1 tabIndex={-1}>
          May it be booked? {shown !== null && <span class="quiet">{monthName(shown.month)}</span>}
        </h1>
        {shown !== null && <StateBadge state={shown.state} />}
      </div>
      <Ask<Statements> path={path} lines={12}>
        {(statements) => (
          <>
            {shown === null ? (
              <Notice tone="warn">That month is not built; these are.</Notice>
            ) : (
              <MonthPanels key={shown.month} month={shown} mayClose={statements.meta.mayClose} />
            )}
            <Panel title="All months" id="all">
              <AllMonths statements={statements} />
            </Panel>
          </>
        )}
      </Ask>
    </>
  );
}

/** The month of the address, else the newest that can be booked or was, else the newest. */
function shownMonth(statements: Statements | null): StatementMonth | null {
  if (statements === null) return null;
  const { month } = place.value.view;
  const { data } = statements;
  if (month !== null) return data.find((one) => one.month === month) ?? null;
  return data.find(({ state }) => state === "settled" || state === "closed") ?? data[0] ?? null;
}

function MonthPanels({ month, mayClose }: { month: StatementMonth; mayClose: boolean }) {
  const latest = month.statements[0];
  return (
    <>
      <Verdict month={month} />
      <div class="pair">
        <Panel title="Open before closing" id="open">
          <Questions month={month} />
          {mayClose && month.published && (latest === undefined || month.restated !== null) && (
            <CloseForm month={month} />
          )}
        </Panel>
        <Panel title="Files" id="files">
          <Files month={month} />
        </Panel>
      </div>
      <Panel title="Statements" id="statements">
        <StatementTable month={month} />
      </Panel>
      {latest !== undefined && latest.change !== null && (
        <Panel
          title={`What no. ${latest.number} changes against no. ${latest.number - 1}`}
          id="diff"
        >
          <DiffTable month={month.month} number={latest.number} />
        </Panel>
      )}
    </>
  );
}

/** The answer in one line. */
function Verdict({ month }: { month: StatementMonth }) {
  const latest = month.statements[0];
  if (month.restated !== null && latest !== undefined)
    return (
      <Notice tone="warn">
        Closed as no. {latest.number}, and restated since
        {month.restated.length > 0 && <>: {amountsOf(month.restated, true)}</>}. No. {latest.number}{" "}
        stays as it is; closing again makes no. {latest.number + 1} with a diff.
      </Notice>
    );
  if (latest !== undefined)
    return (
      <Notice tone="info">
        Booked as statement no. {latest.number}, closed {formatTime(latest.closedAt)} by{" "}
        {visible(latest.closedBy)}. Nothing was restated since.
      </Notice>
    );
  const blocking = month.questions.filter(({ blocks }) => blocks).length;
  if (blocking > 0)
    return (
      <Notice tone="warn">
        Not yet: {blocking === 1 ? "one thing speaks" : `${blocking} things speak`} against it.
      </Notice>
    );
  return (
    <Notice tone="info">Yes: the month is settled and its checks hold. Close it to book it.</Notice>
  );
}

function Questions({ month }: { month: StatementMonth }) {
  if (month.questions.length === 0) return <p class="none">Nothing is open.</p>;
  return (
    <ul class="questions">
      {month.questions.map((question) => (
        <li key={`${question.kind} ${question.text} ${question.currency}`}>
          <Status tone={question.blocks ? "bad" : "warn"}>
            {question.blocks ? "speaks against closing" : "to know"}
          </Status>{" "}
          {question.amount !== null && (
            <>
              <a
                class="door"
                href={hrefOf(
                  { month: month.month, currency: question.currency },
                  question.kind === "unowned"
                    ? `/team/${encodeURIComponent(/__\w+__/.exec(question.text)?.[0] ?? "")}`
                    : "/data",
                )}
              >
                <Amount value={question.amount} currency={question.currency} />{" "}
                <span class="unit">{question.currency}</span>
              </a>{" "}
            </>
          )}
          {visible(question.text)}
        </li>
      ))}
    </ul>
  );
}

function Files({ month }: { month: StatementMonth }) {
  const query = `?month=${encodeURIComponent(month.month)}`;
  const latest = month.statements[0];
  return (
    <ul class="files">
      {latest !== undefined && (
        <li>
          <a download href={`/api/v1/statements/${month.month}/${latest.number}.csv`}>
            Statement no. {latest.number}
          </a>{" "}
          <span class="quiet">by team and cost centre, as it was closed</span>
        </li>
      )}
      {month.published && (
        <>
          <li>
            <a
              download
              href={`/api/v1/exports/statement.csv${query}${latest === undefined ? "" : "&live=true"}`}
            >
              {latest === undefined ? "Statement" : "Today's view"}
            </a>{" "}
            <span class="quiet">by team and cost centre, not closed</span>
          </li>
          <li>
            <a download href={`/api/v1/exports/allocation.csv${query}`}>
              Allocation
            </a>{" "}
            <span class="quiet">every line by who takes it</span>
          </li>
          <li>
            <a download href={`/api/v1/exports/lines.csv${query}`}>
              Lines
            </a>{" "}
            <span class="quiet">the bill in FOCUS, with owners</span>
          </li>
        </>
      )}
      <li>
        <a href={`${hrefOf({ month: month.month }, "/data")}#reconciliation`}>Reconciliation</a>{" "}
        <span class="quiet">to the bill and to Azure's own total</span>
      </li>
    </ul>
  );
}

function StatementTable({ month }: { month: StatementMonth }) {
  return (
    <Table<StatementRow>
      class="stacked"
      caption={`Statements of ${monthName(month.month)}`}
      rows={month.statements}
      keyOf={(statement) => String(statement.number)}
      empty="Not closed yet."
      columns={[
        {
          id: "number",
          head: "No.",
          kind: "name",
          cell: (one) => (
            <a download href={`/api/v1/statements/${month.month}/${one.number}.csv`}>
              {one.number}
              <span class="sr"> of {monthName(month.month)}, CSV</span>
            </a>
          ),
        },
        { id: "closed", head: "Closed", cell: (one) => formatTime(one.closedAt) },
        { id: "by", head: "By", cell: (one) => <Name text={one.closedBy} /> },
        { id: "total", head: "Effective", kind: "number", cell: (one) => amountsOf(one.totals) },
        {
          id: "change",
          head: "Change",
          kind: "number",
          cell: (one) =>
            one.change === null ? (
              ""
            ) : one.change.length === 0 ? (
              <span class="none">other owners</span>
            ) : (
              amountsOf(one.change, true)
            ),
        },
        {
          id: "files",
          head: "What changed",
          cell: (one) =>
            one.change !== null && (
              <>
                <a download href={`/api/v1/statements/${month.month}/${one.number}/diff.csv`}>
                  by team
                </a>
                {" · "}
                <a download href={`/api/v1/statements/${month.month}/${one.number}/diff-lines.csv`}>
                  by line
                </a>
              </>
            ),
        },
        {
          id: "reason",
          head: "Reason",
          cell: (one) => (one.reason === null ? "" : visible(one.reason)),
        },
        {
          id: "hash",
          head: "SHA-256",
          wide: true,
          cell: (one) => (
            <code class="wrap" title={one.sha256}>
              {one.sha256.slice(0, 12)}…
            </code>
          ),
        },
      ]}
    />
  );
}

function AllMonths({ statements }: { statements: Statements }) {
  return (
    <Table<StatementMonth>
      class="stacked"
      caption="All months"
      rows={statements.data}
      keyOf={(month) => month.month}
      empty="No month is built yet: run npx apportion run."
      columns={[
        {
          id: "month",
          head: "Month",
          kind: "name",
          cell: (month) => <a href={hrefOf({ month: month.month })}>{monthName(month.month)}</a>,
        },
        { id: "state", head: "State", cell: (month) => <StateBadge state={month.state} /> },
        {
          id: "statement",
          head: "Statement",
          cell: (month) => {
            const latest = month.statements[0];
            return latest === undefined ? <span class="none">none</span> : `no. ${latest.number}`;
          },
        },
        {
          id: "total",
          head: "Effective",
          kind: "number",
          cell: (month) => amountsOf(month.totals),
        },
        {
          id: "open",
          head: "Open",
          cell: (month) => <OpenStatus month={month} />,
        },
      ]}
    />
  );
}

function OpenStatus({ month }: { month: StatementMonth }) {
  if (month.restated !== null) return <Status tone="warn">restated</Status>;
  if (month.state === "closed") return <Status tone="good">closed</Status>;
  const blocking = month.questions.filter(({ blocks }) => blocks).length;
  if (blocking > 0)
    return <Status tone="bad">{blocking === 1 ? "not ready" : `${blocking} against`}</Status>;
  return <Status tone="good">ready</Status>;
}

function amountsOf(amounts: readonly { currency: string; effective: string }[], signed = false) {
  return amounts.map(({ currency, effective }, index) => (
    <span key={currency} class="money">
      {index > 0 && ", "}
      <Amount value={effective} currency={currency} signed={signed} />{" "}
      <span class="unit">{currency}</span>
    </span>
  ));
}

const reason = signal("");
const closing = signal<"idle" | "running" | Problem>("idle");

/** Closes the month; over what speaks against it only with a reason. */
function CloseForm({ month }: { month: StatementMonth }) {
  const blocked = month.questions.some(({ blocks }) => blocks);
  const state = closing.value;
  const next = (month.statements[0]?.number ?? 0) + 1;
  return (
    <form
      class="close-form"
      onSubmit={(event) => {
        event.preventDefault();
        void close(month.month, blocked ? reason.value.trim() : null);
      }}
    >
      {blocked && (
        <label>
          Reason for closing it all the same
          <textarea
            required
            maxLength={1000}
            rows={2}
            value={reason.value}
            onInput={(event) => (reason.value = event.currentTarget.value)}
          />
        </label>
      )}
      <button type="submit" class="button" disabled={state === "running"}>
        {state === "running" ? "Closing…" : `Close as no. ${next}`}
      </button>
      {state !== "idle" && state !== "running" && (
        <p class="failure" role="alert">
          {visible(state.detail)}
        </p>
      )}
    </form>
  );
}

async function close(month: string, why: string | null): Promise<void> {
  closing.value = "running";
  const answer = await fetch("/api/v1/statements", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      // Of who has signed in; nobody else needs one.
      "x-csrf-token": answerOf<Whoami>(ME).data?.csrf ?? "",
    },
    body: JSON.stringify({ month, ...(why === null ? {} : { reason: why }) }),
  }).catch(() => null);
  const body = (await answer?.json().catch(() => null)) as Closed | Problem | null | undefined;
  if (answer?.ok === true) {
    reason.value = "";
    closing.value = "idle";
    await load(statementsRequest(), true);
    return;
  }
  closing.value =
    body != null && "detail" in body
      ? body
      : {
          type: "about:blank",
          title: "No answer",
          status: 0,
          code: "UNREACHABLE",
          detail: "The server did not answer; look at the statements before closing again.",
        };
}
