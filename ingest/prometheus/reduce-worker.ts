import { parentPort, workerData } from "node:worker_threads";
import { AppError } from "../../data/errors.ts";
import { ChunkedReader } from "./chunked.ts";
import { METRIC_BY_NAME, type Metric } from "./metrics.ts";
import type { FromWorker, ToWorker } from "./reduce-thread.ts";
import { Reducer } from "./reduce.ts";
import { Samples } from "./samples.ts";
import { FactFiles } from "./write.ts";

/** The other side of `ReduceThread`: one cluster-day after another. */
const place = workerData as string;
const port = parentPort;
if (port === null) throw new AppError("INTERNAL", "runs as a worker only");
const samples = new Samples();
let day: { facts: FactFiles; reducer: Reducer } | undefined;
const streams = new Map<number, ChunkedReader>();

const tell = (message: FromWorker, transfer: ArrayBuffer[] = []) =>
  port.postMessage(message, transfer);

function streamOf(id: number, metric: string): ChunkedReader {
  let stream = streams.get(id);
  if (stream === undefined) {
    const { reducer } = begun();
    const reading = reducer.reading(METRIC_BY_NAME.get(metric) as Metric);
    streams.set(id, (stream = new ChunkedReader(place, reading, reducer)));
  }
  return stream;
}

function begun(): { facts: FactFiles; reducer: Reducer } {
  if (day === undefined) throw new AppError("INTERNAL", "no day was begun");
  return day;
}

async function take(message: ToWorker): Promise<void> {
  const { id } = message;
  if ("begin" in message) {
    const { cluster, folder, ...options } = message.begin;
    const facts = new FactFiles(cluster, folder);
    day = { facts, reducer: new Reducer(options, facts, samples) };
    tell({ done: id });
  } else if ("bytes" in message) {
    const { bytes, length } = message;
    streamOf(message.stream, message.metric).take(new Uint8Array(bytes, 0, length));
    tell({ done: id, bytes }, [bytes]);
  } else if ("stream" in message) {
    streamOf(message.stream, message.metric).end();
    streams.delete(message.stream);
    tell({ done: id });
  } else if (message.what === "endShard") {
    begun().reducer.endShard();
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
