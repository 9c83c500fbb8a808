import type { ComponentChildren } from "preact";
import type { Meta } from "../../api/schemas/common.ts";
import type { Showback, ShowbackRow } from "../../api/schemas/showback.ts";
import { type About, daysRequest, type View } from "../answers.ts";
import { answerOf } from "../answering.ts";
import { ageOf, formatTime, isOlder, monthBefore, monthName, monthShort } from "../dates.ts";
import { compareAmounts, formatShare, isZero, minus, sumOf } from "../format.ts";
import { isSentinel } from "../groups.ts";
import { hrefOf, place, teamPath, whyHref } from "../place.ts";
import { COST_NAMES, COST_MEANINGS, nameOf, PART_NAMES, PARTS, sentinelOf } from "../words.ts";
import { Amount, Change } from "../parts/amount.tsx";
import { Notice, Skeleton, StateBadge } from "../parts/frame.tsx";

/** A month without a fresh publish for so long deserves a word. */
const STALE_HOURS = 48;

interface HeadlineProps {
  title: string;
  showback: Showback;
  /** Whose page it is; nothing in it for all. */
  about: About;
  /** The target that explains the figure, where there is one. */
  target?: string;
  /** The page's own answers say the days; null: the sum of many cannot be asked for. */
  days?: boolean;
  children?: ComponentChildren;
}

/** What did it cost, is that more than before, and may one rely on it. */
export function Headline(props: HeadlineProps) {
  const { title, showback, about, target, days = true } = props;
  const { data, meta } = showback;
  const { view } = place.value;
  const cost = view.cost ?? "effective";
  const total = meta.total ?? sumOf(data.map((row) => row.cost));
  const before = meta.previousTotal ?? null;
  const month = meta.month ?? "";
  const running = meta.state === "open";
  const byTeam = Object.keys(about).length === 0 && days && (view.by ?? "team") === "team";
  return (
    <section class="panel headline">
      <div class="headline-title">
        <h1 tabIndex={-1}>
          {title} <span class="quiet">{monthName(month)}</span>
        </h1>
        {meta.state !== null && <StateBadge state={meta.state} />}
        {meta.checkFailed && (
          <a
            class="badge check-failed"
            href={`${hrefOf({}, "/data")}#checks`}
            title="A check of this month failed. Data says which, and what to do."
          >
            check failed
          </a>
        )}
      </div>
      <p class="total">
        <Amount value={total} currency={meta.currency} />
        <span class="total-unit">{meta.currency}</span>
        {target !== undefined && (
          <a class="because" href={whyHref(target)} title="What this figure is made of">
            Why?
          </a>
        )}
      </p>
      <p class="total-change">
        {running && days && meta.months.includes(monthBefore(month)) ? (
          <SoFar meta={meta} about={about} view={view} total={total} before={before} />
        ) : before === null ? (
          <span class="quiet">
            {meta.months.includes(monthBefore(month))
              ? `Nothing in ${monthName(monthBefore(month))}.`
              : `${monthName(monthBefore(month))} is not here to compare with.`}
          </span>
        ) : (
          <>
            <Change now={total} before={before} whole={total} currency={meta.currency} />{" "}
            <span class="quiet">
              against <Amount value={before} currency={meta.currency} /> in{" "}
              <a href={hrefOf({ month: monthBefore(month) })}>{monthName(monthBefore(month))}</a>
            </span>
          </>
        )}
      </p>
      <Composition rows={data} meta={meta} total={total} byTeam={byTeam} />
      {props.children}
      <p class="fine">
        <span title={COST_MEANINGS[cost]}>{COST_NAMES[cost]}</span>
        {meta.publishedAt !== null && (
          <>
            , as of <time dateTime={meta.publishedAt}>{formatTime(meta.publishedAt)}</time> (
            {ageOf(meta.publishedAt, Date.now())} ago)
          </>
        )}
        <OtherCurrencies meta={meta} />
        {meta.companyTotal !== undefined && !isZero(meta.companyTotal) && (
          <>
            . {formatShare(total, meta.companyTotal)} of what all teams cost,{" "}
            <Amount value={meta.companyTotal} currency={meta.currency} />
          </>
        )}
      </p>
      <Warnings meta={meta} running={running} />
    </section>
  );
}

/** The room a headline takes, while it is on its way. */
export function HeadlineSkeleton() {
  return (
    <section class="panel headline">
      <h1 class="sr" tabIndex={-1}>
        Loading
      </h1>
      <Skeleton height={248} />
    </section>
  );
}

/** A running month against as many whole days of the one before; less than all of it says nothing. */
function SoFar(props: {
  meta: Meta;
  about: About;
  view: View;
  total: string;
  before: string | null;
}) {
  const { meta, about, view, total, before } = props;
  const month = meta.month ?? "";
  const last = monthBefore(month);
  const now = answerOf<Showback>(daysRequest(month, about, view)).data;
  const then = answerOf<Showback>(daysRequest(last, about, view)).data;
  if (now === null || then === null)
    return <span class="bone line" aria-label="Loading" role="status" />;
  // The newest day is still filling, so it is in neither sum.
  const days = now.data.map((row) => row.key).toSorted();
  const upTo = days.at(-2)?.slice(8, 10);
  if (upTo === undefined) return <span class="quiet">The month has just begun.</span>;
  const sumUpTo = (rows: ShowbackRow[]) =>
    sumOf(rows.filter((row) => row.key.slice(8, 10) <= upTo).map((row) => row.cost));
  return (
    <>
      <Change
        now={sumUpTo(now.data)}
        before={sumUpTo(then.data)}
        whole={total}
        currency={meta.currency}
      />{" "}
      <span class="quiet">
        over the first {Number(upTo)} days, against the same days of{" "}
        <a href={hrefOf({ month: last })}>{monthShort(last)}</a>
        {before !== null && (
          <>
            {" "}
            (<Amount value={before} currency={meta.currency} /> in all)
          </>
        )}
      </span>
    </>
  );
}

/** What the total is made of; a door to what belongs to nobody. */
function Composition(props: {
  rows: ShowbackRow[];
  meta: Meta;
  total: string;
  /** The rows are all teams: then what is direct is theirs, and nobody's stands apart. */
  byTeam: boolean;
}) {
  const { rows, meta, total, byTeam } = props;
  const sentinels = rows
    .filter((row) => isSentinel(row.key) && !isZero(row.cost))
    .toSorted((a, b) => compareAmounts(b.cost, a.cost));
  const owned = rows.filter((row) => !isSentinel(row.key));
  const parts = (["direct", "shared", "idle"] as const).map((part) => ({
    part,
    sum: sumOf(owned.map((row) => row[part])),
  }));
  const shown = parts.filter(({ part, sum }) => part === "direct" || !isZero(sum));
  const rest = meta.next === null ? null : minus(total, sumOf(rows.map((row) => row.cost)));
  return (
    <dl class="composition">
      {owned.length > 0 &&
        shown.map(({ part, sum }) => (
          <div key={part}>
            <dt title={PARTS[part]}>
              {part === "direct" && byTeam ? "Direct to teams" : PART_NAMES[part]}
            </dt>
            <dd>
              <Amount value={sum} currency={meta.currency} digits={0} />{" "}
              <span class="quiet">{formatShare(sum, total)}</span>
            </dd>
          </div>
        ))}
      {owned.length > 0 &&
        sentinels.slice(0, byTeam ? 3 : 5).map((row) => (
          <div key={row.key}>
            <dt title={sentinelOf(row.key)?.hint ?? ""}>
              <a
                href={
                  row.key.includes("/")
                    ? whyHref(`namespace:${row.key}`)
                    : hrefOf({}, teamPath(row.key))
                }
              >
                {nameOf(row.key, row.name)}
              </a>
            </dt>
            <dd>
              <Amount value={row.cost} currency={meta.currency} digits={0} />{" "}
              <span class="quiet">{formatShare(row.cost, total)}</span>
            </dd>
          </div>
        ))}
      {rest !== null && (
        <div>
          <dt>Not listed</dt>
          <dd>
            <Amount value={rest} currency={meta.currency} digits={0} />
          </dd>
        </div>
      )}
    </dl>
  );
}

function OtherCurrencies({ meta }: { meta: Meta }) {
  const others = meta.currencies.filter((currency) => currency !== meta.currency);
  if (others.length === 0) return null;
  return (
    <>
      . Billed apart, never converted:{" "}
      {others.map((currency, i) => (
        <span key={currency}>
          {i > 0 && ", "}
          <a href={hrefOf({ currency })}>{currency}</a>
        </span>
      ))}
    </>
  );
}

function Warnings({ meta, running }: { meta: Meta; running: boolean }) {
  const late =
    running && meta.publishedAt !== null && isOlder(meta.publishedAt, STALE_HOURS, Date.now());
  return (
    <>
      {late && (
        <Notice tone="warn">
          These figures are {ageOf(meta.publishedAt ?? "", Date.now())} old. What is shown still
          holds; newer lines are not in it.{" "}
          <a href={hrefOf({}, "/data")}>See which source is late</a>
        </Notice>
      )}
      {meta.unstated !== undefined && meta.unstated > 0 && (
        <Notice tone="info">
          The provider states no such amount on {meta.unstated.toLocaleString()} lines; they are not
          in these figures.
        </Notice>
      )}
      {meta.coverage !== null && isLow(meta.coverage) && (
        <Notice tone="warn">
          Usage was measured for {formatShare(meta.coverage, "1")} of the node time on the bill; the
          rest stands as “No usage data”, on nobody.
        </Notice>
      )}
    </>
  );
}

/** Under 95 % a figure that depends on usage is marked. */
export function isLow(coverage: string): boolean {
  return minus(coverage, "0.95").startsWith("-");
}
