import type { Showback } from "../../api/schemas/showback.ts";
import { namespaceRequests } from "../answers.ts";
import { answerOf } from "../answering.ts";
import { monthName } from "../dates.ts";
import { hrefOf, place, teamPath } from "../place.ts";
import { visible } from "../text.ts";
import { nameOf, SENTINELS } from "../words.ts";
import { Failure, Stale } from "../parts/ask.tsx";
import { Notice } from "../parts/frame.tsx";
import { useTitle } from "../parts/title.ts";
import { EmptyInstall } from "./empty.tsx";
import { Headline, HeadlineSkeleton } from "./headline.tsx";
import { TrendPanel } from "./trend.tsx";
import { UsagePanel } from "./usage.tsx";
import { WorkloadsPanel } from "./workloads.tsx";

/** What is used against what is paid, by which workload, and whose is it? */
export function NamespacePage({ cluster, namespace }: { cluster: string; namespace: string }) {
  const { view } = place.value;
  const requests = namespaceRequests(cluster, namespace, view);
  const answer = answerOf<Showback>(requests.total);
  const meta = answer.data?.meta;
  const name = visible(namespace);
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
  const nothing = answer.data !== null && answer.data.data.length === 0;
  const target = `namespace:${cluster}/${namespace}`;
  return (
    <>
      <div class="crumbs">
        <nav aria-label="Where you are">
          <a href={hrefOf({}, "/clusters")}>All clusters</a> <span aria-hidden="true">/</span>{" "}
          <a href={hrefOf({ cluster }, "/clusters")}>{visible(cluster)}</a>{" "}
          <span aria-hidden="true">/</span> {name}
        </nav>
      </div>
      <Stale answer={answer} path={requests.total} />
      {nothing && meta?.month && (
        <Notice tone="info">
          {monthName(meta.month)} holds no cost of a namespace “{name}” in cluster “
          {visible(cluster)}”.
        </Notice>
      )}
      <div class="lead">
        {answer.data === null ? (
          <HeadlineSkeleton />
        ) : (
          <Headline
            title={name}
            showback={answer.data}
            about={{ cluster, namespace }}
            target={target}
          >
            <Owners names={requests.owners} path={requests.workloads} />
          </Headline>
        )}
        <TrendPanel path={requests.trend} month={meta?.month ?? view.month} />
      </div>
      {!nothing && (
        <>
          <UsagePanel days={requests.days} usage={requests.usage} />
          <WorkloadsPanel
            path={requests.workloads}
            usage={requests.workloadUsage}
            days={requests.usage}
          />
        </>
      )}
    </>
  );
}

/** Who owns it, and the rule that says so; more than one where a rule looks at labels or days. */
function Owners({ names, path }: { names: string; path: string }) {
  const teams = answerOf<Showback>(names).data?.data ?? [];
  const rows = answerOf<Showback>(path).data?.data ?? [];
  const owners = [
    ...new Map(
      rows
        .filter((row) => row.team !== null)
        .map((row) => [`${row.team} ${row.rule ?? ""}`, { team: row.team ?? "", rule: row.rule }]),
    ).values(),
  ];
  if (owners.length === 0) return null;
  return (
    <ul class="owners" aria-label="Whose it is">
      {owners.slice(0, 3).map(({ team, rule }) => (
        <li key={`${team} ${rule ?? ""}`}>
          <a href={hrefOf({}, teamPath(team))}>
            {visible(nameOf(team, teams.find((row) => row.key === team)?.name))}
          </a>{" "}
          <span class="quiet">{visible(rule ?? SENTINELS[team]?.short ?? "")}</span>
        </li>
      ))}
    </ul>
  );
}
