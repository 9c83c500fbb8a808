import { setImmediate } from "node:timers/promises";
import type { FindingsContext } from "../findings/context.ts";
import type { ClusterWindow } from "../findings/inputs.ts";
import { askedOf, containersOf } from "../findings/recommend/make.ts";
import { ReadAhead } from "../findings/recommend/read-ahead.ts";
import { JOB_KINDS } from "../findings/recommend/recommend.ts";
import { RowWriter } from "../findings/recommend/rows.ts";
import type { BacktestAnswer } from "./answer.ts";
import { Replay } from "./replay.ts";

/** Days of a recommendation, as they are replayed in every build. */
export const BACKTEST_DAYS = 28;
/** Samples that are replayed at most; of more, one part of the namespaces stands for all. */
const MOST_SAMPLES = 20_000_000;

/** Fills `backtest` from all the usage that is kept. */
export async function makeBacktest(context: FindingsContext): Promise<void> {
  const answer = await backtestOf(context, BACKTEST_DAYS);
  const rows = await RowWriter.open(context.session, "backtest");
  try {
    if (answer.weeks > 0)
      rows.add({
        days: answer.days,
        workloads: answer.workloads,
        weeks: answer.weeks,
        answer: JSON.stringify(answer),
      });
  } finally {
    rows.close();
  }
}

/** Replays the clusters' histories; `weeks` is 0 where none is as long as a window and a week. */
export async function backtestOf(
  {
    session,
    inputs,
    settings,
    signal,
    progress,
  }: Pick<FindingsContext, "session" | "inputs" | "settings" | "signal" | "progress">,
  days: number,
): Promise<BacktestAnswer> {
  const replay = new Replay(days, settings.findings);
  const rows = inputs.history.reduce((sum, window) => sum + window.rows, 0);
  const of = Math.max(1, Math.ceil(rows / MOST_SAMPLES));
  const long = inputs.history.filter((window) => (window.until - window.from) / 86_400 >= days + 7);
  const asked = long.flatMap((window) => askedOf(window, { part: 0, of }));
  const parts = new ReadAhead(asked, rows / of, signal);
  try {
    for (const [index, window] of long.entries()) {
      progress(`backtest of ${window.cluster}`, index, long.length);
      await replayCluster(replay, window);
    }
  } finally {
    await parts.close();
  }
  return replay.answer(of);

  async function replayCluster(into: Replay, window: ClusterWindow): Promise<void> {
    for await (const one of containersOf(session, window, settings, signal, { parts, count: 1 })) {
      const { key, container, facts, series, pods } = one;
      into.add({
        series,
        facts: {
          kind: key.kind,
          tier: settings.findings.tier,
          optedOut: false,
          init: facts.objects.isInit(key, container),
          autoscaler: facts.objects.scaled(key),
          managedHeap: facts.objects.managedHeap(key, container, pods),
          // Whether pods of two revisions ran on a day long past is not kept.
          rollout: false,
          runs: JOB_KINDS.has(key.kind) ? series.pods.length : 0,
        },
        containers: one.containers,
      });
      // A replay is long and the process may be asked to stop.
      await setImmediate();
    }
  }
}
