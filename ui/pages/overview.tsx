import type { Whoami } from "../../api/schemas/common.ts";
import type { Showback } from "../../api/schemas/showback.ts";
import { GROUPINGS, ME, overviewRequests } from "../answers.ts";
import { answerOf } from "../answering.ts";
import { hrefOf, place } from "../place.ts";
import { GROUPING_NAMES } from "../words.ts";
import { Failure, Stale } from "../parts/ask.tsx";
import { Panel, Skeleton } from "../parts/frame.tsx";
import { Search } from "../parts/search.tsx";
import { useTitle } from "../parts/title.ts";
import { EmptyInstall } from "./empty.tsx";
import { Groups } from "./groups.tsx";
import { Headline, HeadlineSkeleton } from "./headline.tsx";
import { MoversPanel } from "./movers.tsx";
import { TrendPanel } from "./trend.tsx";
import { monthName } from "../dates.ts";

/** Where did the money go? */
export function OverviewPage() {
  const { view } = place.value;
  const requests = overviewRequests(view);
  const answer = answerOf<Showback>(requests.groups);
  const meta = answer.data?.meta;
  useTitle(meta?.month ? monthName(meta.month) : "Overview");

  if (answer.data === null && answer.problem !== null) {
    return (
      <>
        <h1 tabIndex={-1}>Overview</h1>
        <Failure answer={answer} path={requests.groups} />
      </>
    );
  }
  if (answer.data !== null && answer.data.meta.month === null) return <EmptyInstall />;

  const by = view.by ?? "team";
  const names = GROUPING_NAMES[by];
  const teams = answerOf<Whoami>(ME).data?.teams ?? null;
  return (
    <>
      <Stale answer={answer} path={requests.groups} />
      <div class="lead">
        {answer.data === null ? (
          <HeadlineSkeleton />
        ) : (
          <Headline
            title={teams === null ? "All teams" : "Your teams"}
            showback={answer.data}
            about={{}}
          />
        )}
        <TrendPanel path={requests.trend} month={meta?.month ?? view.month} />
      </div>
      <Panel
        title={`Cost by ${names.one.toLowerCase()}`}
        unit={meta?.currency}
        aside={
          <div class="tools">
            <ul class="tabs" aria-label="Group by">
              {GROUPINGS.map((grouping) => (
                <li key={grouping}>
                  <a
                    href={hrefOf({
                      by: grouping === "team" ? null : grouping,
                      sort: null,
                      search: "",
                      all: false,
                    })}
                    {...(grouping === by ? { "aria-current": "true" as const } : {})}
                  >
                    {GROUPING_NAMES[grouping].one}
                  </a>
                </li>
              ))}
            </ul>
            <Search label={`Find ${names.many}`} placeholder={`Find ${names.many}`} />
          </div>
        }
      >
        {answer.data === null ? <Skeleton lines={14} /> : <Groups showback={answer.data} by={by} />}
      </Panel>
      <MoversPanel
        path={requests.movers}
        pathOf={(month) => overviewRequests({ ...view, month }).movers}
        withTeam
      />
    </>
  );
}
