import { loadSql } from "../../../data/sql.ts";
import { type Session, sqlName, sqlText } from "../../../data/warehouse.ts";
import type { FindingsContext } from "../context.ts";
import type { ClusterWindow } from "../inputs.ts";
import { compare, seesHpa } from "./compared.ts";
import type { Asked, Part, Track } from "./hold.ts";
import { HELD_SAMPLES, seriesOf } from "./read.ts";
import { ReadAhead } from "./read-ahead.ts";
import { JOB_KINDS, recommend } from "./recommend.ts";
import { HourWriter, recommendationRow, RowWriter } from "./rows.ts";
import { type Series, SLOT } from "./series.ts";
import { Objects, ownersOf, type PodFacts, podsOf, tierOf, type WorkloadKey } from "./workloads.ts";

/** Columns of the facts that are read here, by kind. */
const COLUMNS = JSON.parse(loadSql(new URL("./fact-columns.json", import.meta.url))) as Record<
  string,
  Record<string, string>
>;

/**
 * Fills `recommendation` and `recommendation_hours`, cluster after cluster, a part of a cluster's
 * namespaces at a time where it has more samples than are held at once:
 *
 *   usage_5m -> samples in memory, by container -> summary -> rules -> row, hours
 *                                               -> KRR, VPA ---------^
 */
export async function makeRecommendations(context: FindingsContext): Promise<void> {
  const { session, inputs, settings, signal } = context;
  const teamOf = await ownersOf(session, context.months);
  const rows = await RowWriter.open(session, "recommendation");
  const hours = await HourWriter.open(session);
  const asked = inputs.windows.map((window) => askedOf(window));
  const samples = inputs.windows.reduce((sum, window) => sum + window.rows, 0);
  const parts = new ReadAhead(asked.flat(), samples, signal);
  let seriesId = 0;
  try {
    for (const [index, window] of inputs.windows.entries()) {
      context.progress(`recommendations for ${window.cluster}`, index, inputs.windows.length);
      for await (const one of containersOf(session, window, settings, signal, {
        parts,
        count: asked[index]?.length ?? 0,
      })) {
        const { key, container, facts, series, pods } = one;
        const team = teamOf(key);
        const word = (name: "tier" | "rightsizing") => facts.objects.annotation(key, name, pods);
        const { tier, by } = tierOf(settings.findings, key, team, word("tier"));
        const scaled = facts.objects.scaled(key);
        const runs = JOB_KINDS.has(key.kind) ? startsOf(series) : 0;
        const found = recommend(
          series,
          {
            kind: key.kind,
            tier,
            optedOut: word("rightsizing") === "off",
            init: facts.objects.isInit(key, container),
            autoscaler: scaled,
            managedHeap: facts.objects.managedHeap(key, container, pods),
            rollout: one.revisions > 1,
            expectedSeconds: one.expectedSeconds,
            clusterCoverage: one.clusterCoverage,
            runs,
          },
          settings.findings,
        );
        const compared = compare(series, seesHpa(scaled), one.containers);
        seriesId++;
        rows.add(
          recommendationRow(
            seriesId,
            {
              key,
              container,
              team,
              tier,
              tierBy: by,
              from: window.from,
              until: window.until,
              pods: one.podCount,
              runs,
            },
            found,
            compared,
          ),
        );
        hours.add(seriesId, window.from, found.summary.hours);
      }
    }
  } finally {
    await parts.close();
    rows.close();
    hours.close();
  }
}

/** What is read of a window, part by part. @param only of so many parts of the namespaces this one alone */
export function askedOf({ usage, from, until, rows }: ClusterWindow, only?: Part): Asked[] {
  const of = Math.max(1, Math.ceil(rows / HELD_SAMPLES));
  const parts =
    only === undefined ? Array.from({ length: of }, (_, part) => ({ part, of })) : [only];
  const files = usage.map(({ path }) => path);
  return parts.map((part) => ({ files, from, slots: (until - from) / SLOT, part }));
}

/** Distinct five minutes in which pods began. */
function startsOf(series: Series): number {
  return new Set(series.pods.map(({ from }) => series.slot[from])).size;
}

interface ClusterFacts {
  pods: Map<string, PodFacts>;
  objects: Objects;
}

export interface ContainerSeries {
  key: WorkloadKey;
  container: string;
  series: Series;
  facts: ClusterFacts;
  /** Annotations of its newest pod. */
  pods: Record<string, string>;
  podCount: number;
  /** Containers of the pods, side by side. */
  containers: number;
  /** Revisions whose pods ran at the window's end. */
  revisions: number;
  expectedSeconds: number;
  clusterCoverage: number;
}

/**
 * The series of every container of every workload of a cluster's window, in the order of their names.
 * @param parts hands out what `askedOf` says of the window next, so many parts
 */
export async function* containersOf(
  session: Session,
  window: ClusterWindow,
  settings: FindingsContext["settings"],
  signal: AbortSignal,
  { parts, count }: { parts: ReadAhead; count: number },
): AsyncGenerator<ContainerSeries> {
  const { cluster, from, until } = window;
  const slots = (until - from) / SLOT;
  await session.run(
    `CREATE OR REPLACE TEMP VIEW window_pods AS ${await factSelect(session, "pod_day", window.pods)}`,
  );
  const facts: ClusterFacts = {
    pods: await podsOf(session, cluster, until, settings.findings.jobLabels),
    objects: await Objects.of(session, cluster, until, settings.sources),
  };
  const workloadOf = (track: Track): WorkloadKey =>
    facts.pods.get(track.podUid)?.workload ?? {
      cluster,
      namespace: track.namespace,
      kind: "Pod",
      workload: track.pod,
      billKind: "Pod",
      billWorkload: track.pod,
    };
  for (let part = 0; part < count; part++) {
    const samples = await parts.next();
    const present = new Uint32Array(slots + 1);
    for (let slot = slots - 1; slot >= 0; slot--)
      present[slot] = (present[slot + 1] as number) + (samples.present[slot] as number);
    const containers = new Map<string, Set<string>>();
    for (const track of samples.tracks) {
      const key = nameOf(workloadOf(track));
      const names = containers.get(key);
      if (names === undefined) containers.set(key, new Set([track.container]));
      else names.add(track.container);
    }
    const keyOf = (track: Track) => `${nameOf(workloadOf(track))}\n${track.container}`;
    for (const { series, tracks } of seriesOf(samples, { from, slots }, keyOf)) {
      signal.throwIfAborted();
      const all = tracks.map((track) => samples.tracks[track] as Track);
      const first = all[0] as Track;
      const key = workloadOf(first);
      const pods = all.flatMap(({ podUid }) => facts.pods.get(podUid) ?? []);
      const names = containers.get(nameOf(key)) as Set<string>;
      const inits = [...names].filter((name) => facts.objects.isInit(key, name)).length;
      const begun = series.pods.reduce(
        (least, pod) => Math.min(least, series.slot[pod.from] as number),
        slots,
      );
      yield {
        key,
        container: first.container,
        series,
        facts,
        pods: pods.at(-1)?.annotations ?? {},
        podCount: all.length,
        containers: Math.max(1, names.size - inits),
        revisions: new Set(pods.flatMap((pod) => (pod.runsOn ? (pod.revision ?? []) : []))).size,
        expectedSeconds: pods.reduce((sum, pod) => sum + pod.runningSeconds, 0),
        clusterCoverage:
          begun === slots
            ? 0
            : Math.round(((present[begun] as number) / (slots - begun)) * 1_000_000),
      };
    }
  }
}

const nameOf = ({ namespace, kind, workload }: WorkloadKey) => `${namespace}\n${kind}\n${workload}`;

/** Files of one kind; a column that was not written yet when one landed is NULL. */
async function factSelect(
  session: Session,
  kind: string,
  facts: readonly { path: string }[],
): Promise<string> {
  const columns = Object.entries(COLUMNS[kind] ?? {});
  if (facts.length === 0)
    return `SELECT ${columns.map(([name, type]) => `CAST(NULL AS ${type}) AS ${sqlName(name)}`).join(", ")} LIMIT 0`;
  const files = `read_parquet([${facts.map(({ path }) => sqlText(path)).join(", ")}], union_by_name = true)`;
  const there = new Set(
    (
      await session.rows<{ name: string }>(
        `SELECT column_name AS name FROM (DESCRIBE SELECT * FROM ${files})`,
      )
    ).map(({ name }) => name),
  );
  return `SELECT ${columns
    .map(([name, type]) =>
      there.has(name)
        ? `${sqlName(name)} AS ${sqlName(name)}`
        : `CAST(NULL AS ${type}) AS ${sqlName(name)}`,
    )
    .join(", ")} FROM ${files}`;
}
