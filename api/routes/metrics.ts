import { ask } from "../../analysis/ask.ts";
import { plainAmount } from "../../data/money.ts";
import type { App, RouteContext } from "../app.ts";
import { teamName, teamNames } from "../names.ts";
import { sourcesReport } from "../sources-report.ts";
import { clientSignal } from "./reply.ts";

/** More series than this belong into a query, not into a scrape. */
const MOST_SERIES = 10_000;

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: string | number];

/** What Grafana draws: cost of the newest month, and how fresh all of it is. */
export function metricsRoutes(app: App, context: RouteContext): void {
  app.get(
    "/metrics",
    { config: { needs: "operations" }, schema: { hide: true } },
    async (request, reply) => {
      const snapshot = context.snapshots.current;
      const principal = context.principal(request);
      const signal = clientSignal(reply);
      const newest = snapshot.list.months.filter((month) => month.file !== null).at(-1);
      const teams: Sample[] = [];
      const namespaces: Sample[] = [];
      if (newest !== undefined) {
        const { month } = newest;
        const names = await teamNames(snapshot, principal, month, signal);
        for (const { currency } of newest.totals)
          for (const key of ["team", "namespace"] as const) {
            const rows = await ask<{ key: string; cost: string }>(
              snapshot,
              "showback",
              principal,
              { month, key, params: { currency, team: null, limit: MOST_SERIES, offset: 0 } },
              signal,
            );
            for (const row of rows) {
              if (key === "team")
                teams.push([
                  { month, currency, team: row.key, name: teamName(row.key, names) },
                  plainAmount(row.cost),
                ]);
              else if (row.key !== "") {
                const cut = row.key.lastIndexOf("/");
                const [cluster, namespace] = [row.key.slice(0, cut), row.key.slice(cut + 1)];
                namespaces.push([{ month, currency, cluster, namespace }, plainAmount(row.cost)]);
              }
            }
          }
      }
      const report = sourcesReport(context.paths.home, context.sources, snapshot.list);
      const seconds = (time: string) => Date.parse(time) / 1000;
      const published = snapshot.list.months.filter((month) => month.publishedAt !== null);
      const text = [
        family(
          "apportion_team_effective_cost",
          "Effective cost of a team or bucket in the newest month, as configured.",
          teams,
        ),
        family(
          "apportion_namespace_effective_cost",
          "Effective cost of a namespace, or of what is left on a cluster, in the newest month, as configured.",
          namespaces,
        ),
        family(
          "apportion_month_published_timestamp_seconds",
          "When a month's figures were last built.",
          published.map((month) => [{ month: month.month }, seconds(month.publishedAt ?? "")]),
        ),
        family(
          "apportion_month_checks_failed",
          "Checks of a month that do not hold.",
          published.map((month) => [{ month: month.month }, month.failed.length]),
        ),
        family(
          "apportion_source_last_success_timestamp_seconds",
          "When a source was last read without a problem.",
          report.data
            .filter((source) => source.lastSuccess !== null)
            .map((source) => [{ source: source.name }, seconds(source.lastSuccess ?? "")]),
        ),
        family(
          "apportion_source_ok",
          "1 where the last reading of a source had no problem.",
          report.data.map((source) => [{ source: source.name }, source.state === "ok" ? 1 : 0]),
        ),
      ].join("");
      return reply.type("text/plain; version=0.0.4; charset=utf-8").send(text);
    },
  );
}

/** One metric in Prometheus's text form; amounts go out as the decimal text they are. */
function family(name: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(
    ([labels, value]) =>
      `${name}{${Object.entries(labels)
        .map(([label, text]) => `${label}="${escaped(text)}"`)
        .join(",")}} ${value}\n`,
  );
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join("")}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
