import { join } from "node:path";
import { homePaths, sha256 } from "../../data/files.ts";
import type { PublishedMonth } from "../../data/published.ts";
import { loadSql } from "../../data/sql.ts";
import type { Session } from "../../data/warehouse.ts";
import { type BuildSettings, type Fact, knownTo } from "../inputs.ts";
import { METHOD_VERSION } from "../method.ts";
import { LOOK_BACK_MONTHS, WORTH_FACTS } from "./worth/prepare.ts";

/** Days of usage a recommendation looks at; the last of them is the newest complete one. */
export const WINDOW_DAYS = 28;
const DAY = 86_400;

/** Raised when the same usage would give other recommendations. */
const RULES_VERSION = "3";

/** Days of usage that methods are replayed on: five weeks scored. */
export const HISTORY_DAYS = WINDOW_DAYS + 5 * 7;

/** A cluster's facts of one window; times are epoch seconds. */
export interface ClusterWindow {
  cluster: string;
  from: number;
  /** Exclusive: the end of the newest complete day that has usage. */
  until: number;
  /** Days of the window with usage, as epoch seconds of their beginnings. */
  days: number[];
  usage: Fact[];
  pods: Fact[];
  /** Samples in `usage`. */
  rows: number;
}

/** Facts of one day, `YYYY-MM-DD`. */
export interface DayFact extends Fact {
  day: string;
}

export interface FindingsInputs {
  windows: ClusterWindow[];
  /** Facts of the months looked back on that say what is used, mounted and served. */
  worth: DayFact[];
  /** All that is kept, up to the same days, for replaying. */
  history: ClusterWindow[];
  /** Published months, oldest first, by file name: what things cost, and whose they are. */
  months: { month: string; file: string }[];
  fingerprint: string;
}

interface FactRow {
  cluster: string;
  kind: string;
  day: string;
  parquet: string;
  sha: string;
  rows: string;
}

/** What the findings of now are made from, and its hash; no window where no cluster has complete days. */
export async function findingsInputs(
  session: Session,
  home: string,
  months: readonly PublishedMonth[],
  settings: BuildSettings,
  now: Date,
): Promise<FindingsInputs> {
  const rows = await session.rows<FactRow>(
    `SELECT cluster AS cluster, kind AS kind, day AS day, parquet AS parquet, parquet_sha256 AS sha, rows AS rows
     FROM unit_fact
     WHERE list_contains(['usage_5m', 'pod_day'], kind)
       AND list_contains($sources, source)
       AND list_contains($clusters, cluster)
       AND day < $today
     ORDER BY cluster, kind, day, source`,
    { ...knownTo(settings), today: now.toISOString().slice(0, 10) },
  );
  const windowsOf = (days: number) => clusterWindows(rows, homePaths(home).facts, days);
  const windows = windowsOf(WINDOW_DAYS);
  const history = windowsOf(HISTORY_DAYS);
  const worth = await worthFacts(session, home, settings);
  const published = months.flatMap(({ month, file }) => (file === null ? [] : [{ month, file }]));
  const fingerprint = sha256(
    JSON.stringify([
      history.map(({ cluster, from, until, usage, pods }) => [
        cluster,
        from,
        until,
        usage.map((fact) => fact.sha256),
        pods.map((fact) => fact.sha256),
      ]),
      published,
      worth.map((fact) => fact.sha256),
      await workloadsHash(session, settings),
      settings.findings,
      settings.ownership.teams,
      METHOD_VERSION,
      RULES_VERSION,
      loadSql(new URL("./columns.json", import.meta.url)),
    ]),
  );
  return { windows, worth, history, months: published, fingerprint };
}

/** Each cluster's last days of usage, as many as there are up to `days`, whole days from the first. */
function clusterWindows(rows: readonly FactRow[], facts: string, days: number): ClusterWindow[] {
  const windows: ClusterWindow[] = [];
  for (const cluster of new Set(rows.map((row) => row.cluster))) {
    const mine = rows.filter((row) => row.cluster === cluster);
    const measured = mine.filter((row) => row.kind === "usage_5m" && Number(row.rows) > 0);
    const [oldest, newest] = [measured[0], measured.at(-1)];
    if (oldest === undefined || newest === undefined) continue;
    const until = secondsOf(newest.day) + DAY;
    // A window is as long as its rules; a history is as long as it is.
    const from =
      days > WINDOW_DAYS ? Math.max(until - days * DAY, secondsOf(oldest.day)) : until - days * DAY;
    const of = (kind: string) =>
      mine
        .filter((row) => row.kind === kind && secondsOf(row.day) >= from)
        .map((row): Fact => ({
          kind,
          path: join(facts, row.parquet.slice("facts/".length)),
          sha256: row.sha,
        }));
    windows.push({
      cluster,
      from,
      until,
      days: [...new Set(measured.map((row) => secondsOf(row.day)))].filter((day) => day >= from),
      usage: of("usage_5m"),
      pods: of("pod_day"),
      rows: measured
        .filter((row) => secondsOf(row.day) >= from)
        .reduce((sum, row) => sum + Number(row.rows), 0),
    });
  }
  return windows;
}

/**
 * Usage by hour of the last two months that have any, and what is small for as long as findings look
 * back. By the data's own newest day: a day that passes without data changes nothing.
 */
async function worthFacts(
  session: Session,
  home: string,
  settings: BuildSettings,
): Promise<DayFact[]> {
  const rows = await session.rows<{ kind: string; day: string; parquet: string; sha: string }>(
    `SELECT kind AS kind, day AS day, parquet AS parquet, parquet_sha256 AS sha
     FROM unit_fact
     WHERE list_contains($kinds, kind)
       AND list_contains($sources, source)
       AND list_contains($clusters, cluster)
       AND CAST(day AS DATE) > (SELECT max(CAST(day AS DATE)) FROM unit_fact WHERE list_contains($sources, source) AND list_contains($clusters, cluster))
         - CASE WHEN list_contains(['usage_hour', 'node_hour', 'pod_day'], kind) THEN 62 ELSE $days END
     ORDER BY kind, day, cluster, source`,
    { ...knownTo(settings), kinds: WORTH_FACTS, days: LOOK_BACK_MONTHS * 31 },
  );
  return rows.map((row) => ({
    kind: row.kind,
    day: row.day,
    path: join(homePaths(home).facts, row.parquet.slice("facts/".length)),
    sha256: row.sha,
  }));
}

const secondsOf = (day: string) => Date.parse(`${day}T00:00:00Z`) / 1000;

/** A hash of what the inventory says of workloads and of what scales them. */
async function workloadsHash(session: Session, settings: BuildSettings): Promise<string> {
  const row = await session.one<{ hash: string }>(
    `SELECT CAST(coalesce(bit_xor(hash(i.cluster, i.kind, i.namespace, i.name, i.annotations, i.labels, i.spec, i.valid_to)), 0) AS VARCHAR) AS hash
     FROM work.inventory AS i
     WHERE i.kind <> 'Pod' AND list_contains($sources, i.source) AND list_contains($clusters, i.cluster)`,
    knownTo(settings),
  );
  return row.hash;
}
