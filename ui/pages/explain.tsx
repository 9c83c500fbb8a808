import type { Explain } from "../../api/schemas/explain.ts";
import { explainRequest } from "../answers.ts";
import { answerOf } from "../answering.ts";
import { monthName } from "../dates.ts";
import { digitsFor, formatCount } from "../format.ts";
import { hrefOf, namespacePath, place, teamPath } from "../place.ts";
import { visible } from "../text.ts";
import { COST_NAMES, nameOf } from "../words.ts";
import { Amount } from "../parts/amount.tsx";
import { Failure, Stale } from "../parts/ask.tsx";
import { Notice, Panel, Skeleton } from "../parts/frame.tsx";
import { useTitle } from "../parts/title.ts";
import { Lines } from "./explain-lines.tsx";
import { Commitments, Parts, Passed } from "./explain-parts.tsx";

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
      {data.commitments.length > 0 && (
        <Panel title="Unused commitments" unit={meta.currency}>
          <Commitments data={data} meta={meta} digits={digits} />
        </Panel>
      )}
      <Panel title="Bill lines" unit={meta.currency} id="lines">
        <Lines data={data} meta={meta} />
      </Panel>
    </>
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
