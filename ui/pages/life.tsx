import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { NamespaceDetail } from "../../api/schemas/namespaces.ts";
import type { Problem, Whoami } from "../../api/schemas/common.ts";
import { lifeRequest, ME } from "../answers.ts";
import { answerOf, load } from "../answering.ts";
import { formatTime } from "../dates.ts";
import { hrefOf, namespacePath, place, whyHref } from "../place.ts";
import { Amount } from "../parts/amount.tsx";
import { Ask } from "../parts/ask.tsx";
import { Notice, Panel } from "../parts/frame.tsx";
import { Table } from "../parts/table.tsx";
import { useTitle } from "../parts/title.ts";
import { visible } from "../text.ts";

/** One namespace: who made it, is it used, what happened to it, what may be decided. */
export function LifePage() {
  const { page } = place.value;
  if (page.name !== "life") return null;
  const { cluster, namespace } = page;
  return <OneLife key={`${cluster}/${namespace}`} cluster={cluster} namespace={namespace} />;
}

function OneLife({ cluster, namespace }: { cluster: string; namespace: string }) {
  useTitle(namespace);
  const path = lifeRequest(cluster, namespace);
  return (
    <>
      <div class="page-title">
        <h1 tabIndex={-1}>
          {visible(namespace)} <span class="quiet">{visible(cluster)}</span>
        </h1>
      </div>
      <Ask<{ data: NamespaceDetail }> path={path} lines={14}>
        {({ data }) => (
          <>
            <Summary detail={data} />
            <Actions detail={data} path={path} />
            <Signals detail={data} />
            <Owner detail={data} />
            <Timeline detail={data} />
          </>
        )}
      </Ask>
    </>
  );
}

function Summary({ detail }: { detail: NamespaceDetail }) {
  const { cluster, name, cost } = detail;
  return (
    <Panel title="Now">
      <dl class="facts life-facts">
        <Fact word="State">
          <span class={`badge life-${detail.state}`}>{detail.state}</span>
          {detail.since !== null && <> since {formatTime(detail.since)}</>}
        </Fact>
        <Fact word="Why">{visible(detail.why)}</Fact>
        <Fact word="Next">
          {detail.next === null ? (
            "nothing is under way"
          ) : (
            <>
              {visible(detail.next.what)}
              {detail.next.at !== null && <>, {formatTime(detail.next.at)}</>}
            </>
          )}
        </Fact>
        <Fact word="Cost">
          {cost === null ? (
            "none billed"
          ) : (
            <a href={whyHref(`namespace:${cluster}/${name}`)}>
              <Amount value={cost.amount} currency={cost.currency} /> {cost.currency} in{" "}
              {cost.month}
            </a>
          )}
          {" · "}
          <a href={hrefOf({}, namespacePath(cluster, name))}>its figures</a>
        </Fact>
        <Fact word="Holds">
          {counted(detail.holds.workloads, "workload")}, {counted(detail.holds.volumes, "volume")},{" "}
          {counted(detail.holds.loadBalancers, "load balancer")}
        </Fact>
        {detail.lastResult !== null && <Fact word="Last asked">{visible(detail.lastResult)}</Fact>}
      </dl>
      {detail.gitops !== null && (
        <Notice tone="info">
          Managed by {visible(detail.gitops)}, which would make it again: remove it from its
          repository by a pull request instead.
        </Notice>
      )}
      {detail.pullRequest !== null && (
        <details class="request">
          <summary>Text for the pull request</summary>
          <pre tabIndex={0}>{detail.pullRequest.split("\n").map(visible).join("\n")}</pre>
        </details>
      )}
    </Panel>
  );
}

const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? "" : "s"}`;

function Fact({ word, children }: { word: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{word}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Actions({ detail, path }: { detail: NamespaceDetail; path: string }) {
  const [problem, setProblem] = useState<string | null>(null);
  const [reason, setReason] = useState("");
  const act = async (action: string, body: object) => {
    const answer = await fetch(`${path}/${action}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        // Of who has signed in; nobody else needs one.
        "x-csrf-token": answerOf<Whoami>(ME).data?.csrf ?? "",
      },
      body: JSON.stringify(body),
    }).catch(() => null);
    if (answer?.ok === true) {
      setProblem(null);
      setReason("");
      await load(path, true);
      return;
    }
    const said = (await answer?.json().catch(() => null)) as Problem | null | undefined;
    setProblem(said?.detail ?? "The server did not answer. Try again.");
  };
  const month = () => new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  const { state, inventoryHash } = detail;
  // Until it is known who looks, everything is shown: the server asks again.
  const may = answerOf<Whoami>(ME).data?.may;
  const decides = may?.includes("decide") !== false;
  const isPlatforms = may?.includes("lifecycle") !== false;
  const isThere = !["deleted", "restored", "purged", "gone"].includes(state);
  const said = reason.trim();
  return (
    <Panel title="Decide">
      {problem !== null && <Notice tone="bad">{visible(problem)}</Notice>}
      {!decides && <p class="none">Its team, and the platform, decide about it.</p>}
      {isThere && decides && (
        <div class="actions">
          <label>
            Reason
            <input
              type="text"
              value={reason}
              maxLength={500}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          </label>
          <button
            type="button"
            class="button"
            disabled={said === ""}
            onClick={() => void act("keep", { reason: said })}
          >
            Keep it
          </button>
          <button
            type="button"
            class="button"
            disabled={
              said === "" || !["candidate", "confirmed", "notified", "approved"].includes(state)
            }
            onClick={() => void act("snooze", { reason: said, until: month() })}
          >
            Put it off for 30 days
          </button>
        </div>
      )}
      {state === "notified" && decides && (
        <div class="actions">
          <button
            type="button"
            class="button"
            onClick={() => void act("approve", { as: "owner", inventoryHash })}
          >
            Approve as its owner
          </button>
          {isPlatforms && (
            <button
              type="button"
              class="button"
              onClick={() => void act("approve", { as: "second", inventoryHash })}
            >
              Approve as the second person
            </button>
          )}
        </div>
      )}
      {state === "approved" && isPlatforms && (
        <div class="actions">
          <button type="button" class="button" onClick={() => void act("quarantine", {})}>
            Ask for quarantine
          </button>
        </div>
      )}
      {(state === "quarantined" || state === "backed-up") && isPlatforms && (
        <div class="actions">
          <button type="button" class="button" onClick={() => void act("release", {})}>
            Wake it again
          </button>
          <button type="button" class="button" onClick={() => void act("delete", {})}>
            Ask for deletion
          </button>
        </div>
      )}
      {state === "deleted" && isPlatforms && (
        <div class="actions">
          <button type="button" class="button" onClick={() => void act("restore", {})}>
            Ask for a restore
          </button>
        </div>
      )}
      <p class="fine quiet">
        What touches a cluster is carried out by a worker, which looks again first.
        {detail.approvals.length > 0 && ` Approved: ${detail.approvals.map(approval).join(", ")}.`}
      </p>
    </Panel>
  );
}

function approval({ as, by, onTheWordOf, isValid }: NamespaceDetail["approvals"][number]): string {
  return [
    `${as} ${visible(by)}`,
    onTheWordOf === null ? "" : `on the word of ${visible(onTheWordOf)}`,
    isValid ? "" : "(void, the content changed)",
  ]
    .filter(Boolean)
    .join(" ");
}

function Signals({ detail }: { detail: NamespaceDetail }) {
  return (
    <Panel title="Signs of life">
      <Table
        caption="Signs of life with their evidence"
        class="stacked"
        rows={detail.signals}
        keyOf={(row) => row.signal}
        columns={[
          { id: "signal", head: "Sign", kind: "name", cell: (row) => row.signal },
          {
            id: "holds",
            head: "Says",
            cell: (row) => (row.holds === null ? "not known" : row.holds ? "dormant" : "active"),
          },
          { id: "evidence", head: "Evidence", cell: (row) => visible(row.evidence) },
        ]}
      />
    </Panel>
  );
}

function Owner({ detail }: { detail: NamespaceDetail }) {
  return (
    <Panel title="Owner">
      <p>
        {detail.owner === null ? "Nobody is known." : visible(detail.owner)}{" "}
        <span class="quiet">
          {detail.confidence ?? "unknown"} confidence, {visible(detail.ownerEvidence)}
        </span>
      </p>
      <Table
        caption="What tells who made it"
        class="stacked"
        rows={detail.links}
        keyOf={(row) => `${row.link} ${row.person}`}
        empty="Nothing tells who made it."
        columns={[
          { id: "link", head: "By", kind: "name", cell: (row) => row.link },
          { id: "person", head: "Who", cell: (row) => visible(row.person) },
          { id: "confidence", head: "Confidence", cell: (row) => row.confidence ?? "" },
          { id: "evidence", head: "Evidence", wide: true, cell: (row) => visible(row.evidence) },
        ]}
      />
    </Panel>
  );
}

function Timeline({ detail }: { detail: NamespaceDetail }) {
  return (
    <Panel title="Timeline">
      <Table
        caption="What happened, newest first"
        class="stacked"
        rows={detail.timeline}
        keyOf={(row) => `${row.at} ${row.action} ${row.details}`}
        empty="Nothing has happened yet."
        columns={[
          { id: "at", head: "When", kind: "name", cell: (row) => formatTime(row.at) },
          { id: "action", head: "What", cell: (row) => visible(row.action) },
          { id: "actor", head: "Who", cell: (row) => visible(row.actor) },
          { id: "details", head: "Details", cell: (row) => visible(row.details) },
        ]}
      />
    </Panel>
  );
}
