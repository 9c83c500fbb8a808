import type { Showback } from "../../api/schemas/showback.ts";
import { teamRequests } from "../answers.ts";
import { answerOf } from "../answering.ts";
import { monthName } from "../dates.ts";
import { hrefOf, place } from "../place.ts";
import { visible } from "../text.ts";
import { nameOf, SENTINELS } from "../words.ts";
import { Ask, Failure, Stale } from "../parts/ask.tsx";
import { Notice, Panel } from "../parts/frame.tsx";
import { useTitle } from "../parts/title.ts";
import { DaysPanel } from "./days.tsx";
import { TeamFindings } from "./team-findings.tsx";
import { EmptyInstall } from "./empty.tsx";
import { Groups } from "./groups.tsx";
import { Headline, HeadlineSkeleton } from "./headline.tsx";
import { MoversPanel } from "./movers.tsx";
import { ResourcesPanel } from "./resources.tsx";
import { TrendPanel } from "./trend.tsx";

/** What did we cost, and why? */
export function TeamPage({ team }: { team: string }) {
  const { view } = place.value;
  const requests = teamRequests(team, view);
  const answer = answerOf<Showback>(requests.total);
  const row = answer.data?.data.find((one) => one.key === team);
  const meta = answer.data?.meta;
  const name = visible(nameOf(team, row?.name));
  useTitle(meta?.month ? `${name}, ${monthName(meta.month)}` : name);

  if (answer.data === null && answer.problem !== null) {
    return (
      <>
        <h1 tabIndex={-1}>{name}</h1>
        <Failure answer={answer} path={requests.total} />
      </>
    );
  }
  if (answer.data !== null && answer.data.meta.month === null) return <EmptyInstall />;

  const hint = SENTINELS[team]?.hint;
  const nothing = answer.data !== null && row === undefined;
  return (
    <>
      <div class="crumbs">
        <nav aria-label="Where you are">
          <a href={hrefOf({}, "/")}>All teams</a> <span aria-hidden="true">/</span> {name}
        </nav>
        {meta !== undefined && meta.month !== null && <Files month={meta.month} team={team} />}
      </div>
      <Stale answer={answer} path={requests.total} />
      {hint !== undefined && <Notice tone="info">{hint}</Notice>}
      {nothing && meta?.month && (
        <Notice tone="info">
          Nothing in {monthName(meta.month)} belongs to “{name}”. A team is known by its id in
          owners.yaml.
        </Notice>
      )}
      <div class="lead">
        {answer.data === null ? (
          <HeadlineSkeleton />
        ) : (
          <Headline
            title={name}
            showback={answer.data}
            about={{ team }}
            target={`${SENTINELS[team] === undefined ? "team" : "bucket"}:${team}`}
          />
        )}
        <TrendPanel path={requests.trend} month={meta?.month ?? view.month} team={team} />
      </div>
      {!nothing && (
        <>
          <Panel title="Cost by service" unit={meta?.currency}>
            <Ask<Showback> path={requests.services} lines={12}>
              {(showback) => <Groups showback={showback} by="service" within={team} />}
            </Ask>
          </Panel>
          <TeamFindings path={requests.findings} team={team} />
          <DaysPanel path={requests.days} team={team} />
          <Panel title="Cost by environment" unit={meta?.currency}>
            <Ask<Showback> path={requests.environments} lines={4}>
              {(showback) => <Groups showback={showback} by="environment" within={team} />}
            </Ask>
          </Panel>
          <MoversPanel
            path={requests.movers}
            pathOf={(month) => teamRequests(team, { ...view, month }).movers}
          />
          <ResourcesPanel path={requests.resources} team={team} />
        </>
      )}
    </>
  );
}

/** The month as files, for who books it. */
function Files({ month, team }: { month: string; team: string }) {
  const lines = new URLSearchParams({ month, team });
  return (
    <div class="files">
      <a
        class="button"
        download
        href={`/api/v1/exports/lines.csv?${lines.toString()}`}
        title="Every bill line of this team, FOCUS columns"
      >
        Lines (CSV)
      </a>
      <a
        class="button"
        download
        href={`/api/v1/exports/statement.csv?month=${month}`}
        title="The month's statement, all teams"
      >
        Statement (CSV)
      </a>
    </div>
  );
}
