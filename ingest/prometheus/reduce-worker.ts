import { parentPort } from "node:worker_threads";
import { AppError } from "../../data/errors.ts";
import type { FromWorker, ToWorker } from "./reduce-thread.ts";
import { Reducer } from "./reduce.ts";
import { MovedSeries, type StreamedSeries } from "./samples.ts";
import { FactFiles } from "./write.ts";

/** The other side of `ReduceThread`: one cluster-day after another. */
const port = parentPort;
if (port === null) throw new AppError("INTERNAL", "runs as a worker only");
let day: { facts: FactFiles; reducer: Reducer } | undefined;
const moved = new MovedSeries();

const tell = (message: FromWorker, transfer: ArrayBuffer[] = []) =>
  port.postMessage(message, transfer);

function begun(): { facts: FactFiles; reducer: Reducer } {
  if (day === undefined) throw new AppError("INTERNAL", "no day was begun");
  return day;
}

function takeSeries(reducer: Reducer, series: StreamedSeries): void {
  if (series.samples > 0) reducer.series(series.labels["__name__"] ?? "", series.labels, series);
}

async function take(message: ToWorker): Promise<void> {
  const { id } = message;
  if ("begin" in message) {
    const { cluster, folder, ...options } = message.begin;
    const facts = new FactFiles(cluster, folder);
    day = { facts, reducer: new Reducer(options, facts) };
    tell({ done: id });
  } else if ("series" in message) {
    const { series } = message;
    const { reducer } = begun();
    moved.each(series, (one) => takeSeries(reducer, one));
    tell({ done: id, free: series.buffer }, [series.buffer]);
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
  take(message).catch((error: unknown) => {
    const { message: said, stack } = error as Error;
    tell({
      done: message.id,
      failed: {
        code: error instanceof AppError ? error.code : "INTERNAL",
        said,
        stack: stack ?? "",
      },
    });
  });
});
