import { parentPort } from "node:worker_threads";
import { AppError } from "../../data/errors.ts";
import { METRIC_BY_NAME } from "./metrics.ts";
import { type Pace, readMetric } from "./query-range.ts";
import {
  type RangeServer,
  received,
  type Relayed,
  RelayedServer,
  sentError,
} from "./range-server.ts";
import type { Asked, FromWorker, MetricQuery, ToWorker } from "./reduce-thread.ts";
import { Reducer, type ReducerOptions } from "./reduce.ts";
import { MovedSeries, type StreamedSeries } from "./samples.ts";
import { FactFiles } from "./write.ts";

/** The other side of `ReduceThread`: one cluster-day after another. */
const port = parentPort;
if (port === null) throw new AppError("INTERNAL", "runs as a worker only");
let day: { facts: FactFiles; reducer: Reducer; options: ReducerOptions; pace: Pace } | undefined;
const answers = new Map<number, Relayed>();
const moved = new MovedSeries();

const tell = (message: FromWorker, transfer: ArrayBuffer[] = []) =>
  port.postMessage(message, transfer);

function begun(): NonNullable<typeof day> {
  if (day === undefined) throw new AppError("INTERNAL", "no day was begun");
  return day;
}

function takeSeries(reducer: Reducer, series: StreamedSeries): void {
  if (series.samples > 0) reducer.series(series.labels["__name__"] ?? "", series.labels, series);
}

async function query(
  id: number,
  { metric, matchers }: MetricQuery,
  of: Pick<RangeServer, "place" | "azure">,
): Promise<Asked[]> {
  const { reducer, options, pace } = begun();
  const known = METRIC_BY_NAME.get(metric);
  if (known === undefined) throw new AppError("INTERNAL", `no metric ${metric}`);
  const server = new RelayedServer(of, answers, (answer, form) =>
    tell({ ask: id, of: answer, form }),
  );
  const asked: Asked[] = [];
  await readMetric(server, known, matchers, reducer, {
    window: options.window,
    interval: options.interval,
    pace,
    asked: (what, bytes) => asked.push({ what, bytes }),
  });
  return asked;
}

async function take(message: Exclude<ToWorker, { answer: unknown }>): Promise<void> {
  const { id } = message;
  if ("begin" in message) {
    const { cluster, folder, ...options } = message.begin;
    const facts = new FactFiles(cluster, folder);
    day = { facts, reducer: new Reducer(options, facts), options, pace: { points: Infinity } };
    tell({ done: id });
  } else if ("series" in message) {
    const { series } = message;
    const { reducer } = begun();
    moved.each(series, (one) => takeSeries(reducer, one));
    tell({ done: id, free: series.buffer }, [series.buffer]);
  } else if ("query" in message) {
    tell({ done: id, asked: await query(id, message.query, message.server) });
  } else if (message.what === "endShard") {
    begun().reducer.endShard();
    moved.forget();
    tell({ done: id });
  } else {
    const { facts, reducer } = begun();
    day = undefined;
    const { coverage, notes } = reducer.end();
    const files = await facts.finish();
    tell({ done: id, reduced: { coverage, notes, files } });
  }
}

port.on("message", (message: ToWorker) => {
  if ("answer" in message) received(answers, message.answer);
  else
    take(message).catch((error: unknown) => tell({ done: message.id, failed: sentError(error) }));
});
