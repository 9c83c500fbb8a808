import type { Reconciliation, Sources } from "../../api/schemas/data.ts";
import { dataRequests } from "../answers.ts";
import { answerOf } from "../answering.ts";
import { monthName } from "../dates.ts";
import { hrefOf, place } from "../place.ts";
import { GLOSSARY } from "../words.ts";
import { Ask } from "../parts/ask.tsx";
import { Notice, Panel, StateBadge } from "../parts/frame.tsx";
import { useTitle } from "../parts/title.ts";
import { ReconciliationPanels } from "./reconciliation.tsx";
import { isRefusal } from "./forbidden.tsx";
import { MonthsTable, RejectedTable } from "./months.tsx";
import { SourcesTable } from "./sources.tsx";
import { Verdict } from "./verdict.tsx";

/** Can I trust today's numbers? */
export function DataPage() {
  const requests = dataRequests(place.value.view);
  const reconciliation = answerOf<Reconciliation>(requests.reconciliation).data;
  const sources = answerOf<Sources>(requests.sources).data;
  const meta = reconciliation?.meta ?? sources?.meta;
  useTitle("Data");
  const refused = isRefusal(answerOf<Sources>(requests.sources).problem);
  return (
    <>
      <div class="page-title">
        <h1 tabIndex={-1}>
          Can these numbers be trusted?{" "}
          {meta?.month && <span class="quiet">{monthName(meta.month)}</span>}
        </h1>
        {meta?.state && <StateBadge state={meta.state} />}
      </div>
      {refused ? <OtherRoles /> : <Evidence requests={requests} />}
      <Panel title="Words" id="words">
        <dl class="glossary">
          {GLOSSARY.map(({ id, word, meaning }) => (
            <div key={id} id={`word-${id}`}>
              <dt>{word}</dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
        <p class="fine quiet">
          <a href={hrefOf({}, "/")}>Back to the overview</a>
        </p>
      </Panel>
    </>
  );
}

function Evidence({ requests }: { requests: ReturnType<typeof dataRequests> }) {
  return (
    <>
      <Verdict
        reconciliation={answerOf<Reconciliation>(requests.reconciliation).data}
        sources={answerOf<Sources>(requests.sources).data}
      />
      <Panel title="Sources" id="sources">
        <Ask<Sources> path={requests.sources} lines={5}>
          {(answer) => <SourcesTable sources={answer} />}
        </Ask>
      </Panel>
      <Ask<Reconciliation> path={requests.reconciliation} lines={8}>
        {(answer) => <ReconciliationPanels reconciliation={answer} />}
      </Ask>
      <Panel title="Months" id="months">
        <Ask<Sources> path={requests.sources} lines={8}>
          {(answer) => <MonthsTable sources={answer} />}
        </Ask>
      </Panel>
      <Panel title="Rejected rows" id="rejected">
        <Ask<Sources> path={requests.sources} lines={4}>
          {(answer) => <RejectedTable sources={answer} />}
        </Ask>
      </Panel>
    </>
  );
}

/** For who sees some teams: the evidence is about the whole company's bill. */
function OtherRoles() {
  return (
    <Notice tone="info">
      The evidence compares figures of the whole company, which finance, platform and auditors see.
      What they know of a month stands on every page: its state, when it was built, and whether a
      check failed.
    </Notice>
  );
}
