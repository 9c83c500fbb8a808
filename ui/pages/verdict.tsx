import type { ComponentChildren } from "preact";
import type { Reconciliation, Sources } from "../../api/schemas/data.ts";
import { ageOf, isOlder } from "../dates.ts";
import { formatAmount, formatCount, isZero } from "../format.ts";
import { Skeleton } from "../parts/frame.tsx";

/** A source not read for so long is late; exports come daily. */
export const LATE_HOURS = 36;

type Tone = "good" | "warn" | "bad" | "none";

interface VerdictProps {
  reconciliation: Reconciliation | null;
  sources: Sources | null;
}

/** The page's answer in one line of sentences; each is the door to its evidence. */
export function Verdict({ reconciliation, sources }: VerdictProps) {
  if (sources === null && reconciliation === null) return <Skeleton height={84} />;
  return (
    <ul class="verdict">
      {sources !== null && <Freshness sources={sources} />}
      {reconciliation !== null && reconciliation.data.length > 0 && (
        <>
          <AddsUp reconciliation={reconciliation} />
          <AzureSays reconciliation={reconciliation} />
          <ChecksHold reconciliation={reconciliation} />
        </>
      )}
      {sources !== null && sources.data.length > 0 && <Rejected sources={sources} />}
    </ul>
  );
}

function Freshness({ sources }: { sources: Sources }) {
  const { data } = sources;
  const failing = data.filter((source) => source.state === "failed");
  const late = data.filter(
    (source) => source.lastSuccess === null || isOlder(source.lastSuccess, LATE_HOURS, Date.now()),
  );
  const newest = data
    .map((source) => source.lastSuccess)
    .filter((time) => time !== null)
    .toSorted()
    .at(0);
  if (data.length === 0) {
    return (
      <Card tone="none" title="Nothing is connected" to="#sources">
        Name a source in apportion.yaml
      </Card>
    );
  }
  if (failing.length > 0) {
    return (
      <Card
        tone="bad"
        title={`${failing.length} of ${data.length} sources ${failing.length === 1 ? "fails" : "fail"}`}
        to="#sources"
      >
        the last good figures stay
      </Card>
    );
  }
  return (
    <Card
      tone={late.length > 0 ? "warn" : "good"}
      title={
        late.length > 0
          ? `${late.length} of ${data.length} sources ${late.length === 1 ? "is" : "are"} late`
          : "Sources are fresh"
      }
      to="#sources"
    >
      {newest === undefined ? "never read" : `the oldest was read ${ageOf(newest, Date.now())} ago`}
    </Card>
  );
}

function AddsUp({ reconciliation }: { reconciliation: Reconciliation }) {
  const off = reconciliation.data.filter((row) => !isZero(row.difference));
  return off.length === 0 ? (
    <Card tone="good" title="It adds up" to="#reconciliation">
      every cent imported has an owner or a named bucket
    </Card>
  ) : (
    <Card tone="bad" title="It does not add up" to="#reconciliation">
      {off
        .map((row) => `${formatAmount(row.difference, { signed: true })} ${row.currency}`)
        .join(", ")}
    </Card>
  );
}

function AzureSays({ reconciliation }: { reconciliation: Reconciliation }) {
  const stated = reconciliation.data.filter((row) => row.azure !== null);
  const off = stated.filter((row) => row.azureDifference !== null && !isZero(row.azureDifference));
  if (stated.length === 0) {
    return (
      <Card tone="none" title="Azure was not asked" to="#reconciliation">
        connect an azure-query source to compare totals
      </Card>
    );
  }
  return (
    <Card
      tone={off.length === 0 ? "good" : "warn"}
      title={off.length === 0 ? "Azure agrees" : "Azure's total differs"}
      to="#reconciliation"
    >
      {off.length === 0
        ? "its own total is the same"
        : off
            .slice(0, 2)
            .map(
              (row) =>
                `${formatAmount(row.azureDifference ?? "0", { signed: true })} ${row.currency}`,
            )
            .join(", ")}
    </Card>
  );
}

function ChecksHold({ reconciliation }: { reconciliation: Reconciliation }) {
  const { checks } = reconciliation;
  const failed = checks.filter((check) => !check.ok);
  const grave = failed.some((check) => check.kind === "invariant");
  return (
    <Card
      tone={failed.length === 0 ? "good" : grave ? "bad" : "warn"}
      title={
        failed.length === 0
          ? `All ${checks.length} checks hold`
          : `${failed.length} of ${checks.length} checks ${failed.length === 1 ? "fails" : "fail"}`
      }
      to="#checks"
    >
      {failed.length === 0
        ? "run on every build"
        : grave
          ? "an invariant: not published"
          : "published with a mark"}
    </Card>
  );
}

function Rejected({ sources }: { sources: Sources }) {
  const count = sources.data.reduce((sum, source) => sum + source.rejected, 0);
  return (
    <Card
      tone={count === 0 ? "good" : "warn"}
      title={count === 0 ? "No row was rejected" : `${formatCount(count)} rows rejected`}
      to="#rejected"
    >
      {count === 0 ? "every line could be read" : "not in any figure"}
    </Card>
  );
}

interface CardProps {
  tone: Tone;
  title: string;
  to: string;
  children: ComponentChildren;
}

const SIGNS: Record<Tone, string> = { good: "✓", warn: "!", bad: "✕", none: "–" };

function Card({ tone, title, to, children }: CardProps) {
  return (
    <li class={`card ${tone}`}>
      <a href={to}>
        <span class="sign" aria-hidden="true">
          {SIGNS[tone]}
        </span>
        <span>
          <strong>{title}</strong>
          <span class="card-detail">{children}</span>
        </span>
      </a>
    </li>
  );
}
