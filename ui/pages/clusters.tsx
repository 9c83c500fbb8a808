import type { Meta } from "../../api/schemas/common.ts";
import type { Showback } from "../../api/schemas/showback.ts";
import { clustersRequests } from "../answers.ts";
import { answerOf } from "../answering.ts";
import { monthName } from "../dates.ts";
import { isZero, sumOf } from "../format.ts";
import { mergeSentinels } from "../groups.ts";
import { hrefOf, place } from "../place.ts";
import { visible } from "../text.ts";
import { Ask, Failure, Stale } from "../parts/ask.tsx";
import { Panel } from "../parts/frame.tsx";
import { Search } from "../parts/search.tsx";
import { useTitle } from "../parts/title.ts";
import { EmptyInstall } from "./empty.tsx";
import { Groups } from "./groups.tsx";
import { Headline, HeadlineSkeleton } from "./headline.tsx";
import { TrendPanel } from "./trend.tsx";

/** What do clusters cost, who uses them, and what does nobody use? */
export function ClustersPage() {
  const { view } = place.value;
  const requests = clustersRequests(view);
  const answer = answerOf<Showback>(requests.clusters);
  const namespaces = answerOf<Showback>(requests.namespaces).data;
  const meta = answer.data?.meta;
  const title = view.cluster === null ? "Clusters" : visible(view.cluster);
  useTitle(meta?.month ? `${title}, ${monthName(meta.month)}` : title);
  if (answer.data === null && answer.problem !== null) {
    return (
      <>
        <h1 tabIndex={-1}>Clusters</h1>
        <Failure answer={answer} path={requests.clusters} />
      </>
    );
  }
  if (answer.data !== null && answer.data.meta.month === null) return <EmptyInstall />;
  const inside = answer.data === null ? null : insideClusters(answer.data);
  if (inside !== null && inside.data.length === 0) return <NoClusters />;
  return (
    <>
      <Stale answer={answer} path={requests.clusters} />
      {view.cluster !== null && (
        <div class="crumbs">
          <nav aria-label="Where you are">
            <a href={hrefOf({ cluster: null })}>All clusters</a> <span aria-hidden="true">/</span>{" "}
            {title}
          </nav>
        </div>
      )}
      <div class="lead">
        {namespaces === null ? (
          <HeadlineSkeleton />
        ) : (
          <Headline
            title={title}
            showback={insideClusters(merged(namespaces, view.cluster))}
            about={view.cluster === null ? {} : { cluster: view.cluster }}
            days={view.cluster !== null}
          />
        )}
        <TrendPanel
          path={requests.trend}
          month={meta?.month ?? view.month}
          only={(row) => row.key !== ""}
        />
      </div>
      {inside !== null && view.cluster === null && (
        <Panel title="Cost by cluster" unit={meta?.currency}>
          <Groups showback={inside} by="cluster" within="" />
        </Panel>
      )}
      <Panel
        title={`Cost by namespace${view.cluster === null ? "" : ` of ${title}`}`}
        unit={meta?.currency}
        aside={
          <div class="tools">
            {inside !== null && <ClusterTabs showback={inside} />}
            <Search label="Find namespaces" placeholder="Find namespaces" />
          </div>
        }
      >
        <Ask<Showback> path={requests.namespaces} lines={14}>
          {(showback) => (
            <Groups showback={insideClusters(merged(showback, view.cluster))} by="namespace" />
          )}
        </Ask>
      </Panel>
    </>
  );
}

/** More than this are found in the table above. */
const MOST_TABS = 6;

function ClusterTabs({ showback }: { showback: Showback }) {
  const { cluster } = place.value.view;
  if (showback.data.length < 2 || showback.data.length > MOST_TABS) return null;
  const tabs = [null, ...showback.data.map((row) => row.key)];
  return (
    <ul class="tabs" aria-label="Cluster">
      {tabs.map((one) => (
        <li key={one}>
          <a
            href={hrefOf({ cluster: one, sort: null, search: "", all: false })}
            {...(one === cluster ? { "aria-current": "true" as const } : {})}
          >
            {one === null ? "All" : visible(one)}
          </a>
        </li>
      ))}
    </ul>
  );
}

/** Without what is outside clusters, in the rows and in the sums. */
function insideClusters(showback: Showback): Showback {
  const data = showback.data.filter((row) => row.key !== "");
  const known = data.filter((row) => row.previous !== null);
  const meta: Meta = {
    ...showback.meta,
    total: sumOf(data.map((row) => row.cost)),
    previousTotal: known.length === 0 ? null : sumOf(known.map((row) => row.previous ?? "0")),
  };
  return { data, meta };
}

/** Of many clusters, what belongs to nobody is one row a bucket; what is passed on whole is none. */
function merged(showback: Showback, cluster: string | null): Showback {
  const data = cluster === null ? mergeSentinels(showback.data) : showback.data;
  return {
    ...showback,
    data: data.filter((row) => !isZero(row.cost) || !isZero(row.previous ?? "0")),
  };
}

function NoClusters() {
  useTitle("Clusters");
  return (
    <section class="panel">
      <h1 tabIndex={-1}>No clusters yet</h1>
      <p>
        Name your AKS clusters under <code>clusters</code> in apportion.yaml with their resource
        ids, add a <code>prometheus</code> source for each, and run <code>npx apportion run</code>.
        The bill of their nodes, disks and addresses is then divided among namespaces and workloads.
      </p>
    </section>
  );
}
