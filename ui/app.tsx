import type { Meta } from "../api/schemas/common.ts";
import { initialRequests } from "./answers.ts";
import { answerOf } from "./answering.ts";
import { Header } from "./header.tsx";
import { ClustersPage } from "./pages/clusters.tsx";
import { ForbiddenPage, isRefusal } from "./pages/forbidden.tsx";
import { MissingPage } from "./pages/missing.tsx";
import { NamespacePage } from "./pages/namespace.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { TeamPage } from "./pages/team.tsx";
import { later } from "./parts/later.tsx";
import { place } from "./place.ts";

const DataPage = later(() => import("./pages/data.tsx").then((page) => page.DataPage));
const ExplainPage = later(() => import("./pages/explain.tsx").then((page) => page.ExplainPage));
const FindingsPage = later(() => import("./pages/findings.tsx").then((page) => page.FindingsPage));
const BacktestPage = later(() => import("./pages/backtest.tsx").then((page) => page.BacktestPage));
const NamespacesPage = later(async () => (await import("./pages/namespaces.tsx")).NamespacesPage);
const LifePage = later(async () => (await import("./pages/life.tsx")).LifePage);
const MonthsPage = later(async () => (await import("./pages/statements.tsx")).MonthsPage);

/** The whole application: a header that never moves and the page that the address names. */
export function App() {
  const { page, pathname, search } = place.value;
  const main = initialRequests(pathname, search)[0];
  const answer = main === undefined ? null : answerOf<{ meta: Meta }>(main);
  const meta = answer?.data?.meta;
  // The data page says itself which of its parts are for other roles.
  const problem = page.name === "data" || answer?.data !== null ? null : answer.problem;
  const refused = isRefusal(problem);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the figures
      </a>
      <Header meta={meta ?? null} />
      <main id="main" tabIndex={-1}>
        {refused && <ForbiddenPage problem={problem} />}
        {!refused && page.name === "overview" && <OverviewPage />}
        {!refused && page.name === "team" && <TeamPage key={page.team} team={page.team} />}
        {!refused && page.name === "clusters" && <ClustersPage />}
        {!refused && page.name === "namespace" && (
          <NamespacePage
            key={`${page.cluster}/${page.namespace}`}
            cluster={page.cluster}
            namespace={page.namespace}
          />
        )}
        {!refused && page.name === "namespaces" && <NamespacesPage />}
        {!refused && page.name === "life" && <LifePage />}
        {!refused && page.name === "explain" && <ExplainPage />}
        {!refused && page.name === "findings" && <FindingsPage />}
        {!refused && page.name === "backtest" && <BacktestPage />}
        {page.name === "data" && <DataPage />}
        {page.name === "months" && <MonthsPage />}
        {page.name === "missing" && <MissingPage />}
      </main>
    </>
  );
}
