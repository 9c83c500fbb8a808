import type { Meta } from "../api/schemas.ts";
import { initialRequests } from "./answers.ts";
import { answerOf } from "./answering.ts";
import { Header } from "./header.tsx";
import { ClustersPage } from "./pages/clusters.tsx";
import { DataPage } from "./pages/data.tsx";
import { ExplainPage } from "./pages/explain.tsx";
import { MissingPage } from "./pages/missing.tsx";
import { LifePage } from "./pages/life.tsx";
import { NamespacesPage } from "./pages/namespaces.tsx";
import { NamespacePage } from "./pages/namespace.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { TeamPage } from "./pages/team.tsx";
import { place } from "./place.ts";

/** The whole application: a header that never moves and the page that the address names. */
export function App() {
  const { page, pathname, search } = place.value;
  const main = initialRequests(pathname, search)[0];
  const meta = main === undefined ? null : answerOf<{ meta: Meta }>(main).data?.meta;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the figures
      </a>
      <Header meta={meta ?? null} />
      <main id="main" tabIndex={-1}>
        {page.name === "overview" && <OverviewPage />}
        {page.name === "team" && <TeamPage key={page.team} team={page.team} />}
        {page.name === "clusters" && <ClustersPage />}
        {page.name === "namespace" && (
          <NamespacePage
            key={`${page.cluster}/${page.namespace}`}
            cluster={page.cluster}
            namespace={page.namespace}
          />
        )}
        {page.name === "namespaces" && <NamespacesPage />}
        {page.name === "life" && (
          <LifePage
            key={`${page.cluster}/${page.namespace}`}
            cluster={page.cluster}
            namespace={page.namespace}
          />
        )}
        {page.name === "explain" && <ExplainPage />}
        {page.name === "data" && <DataPage />}
        {page.name === "missing" && <MissingPage />}
      </main>
    </>
  );
}
