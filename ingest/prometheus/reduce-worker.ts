import { parentPort, workerData } from "node:worker_threads";
import { AppError } from "../../data/errors.ts";
import { ChunkedReader } from "./chunked.ts";
import type { FromWorker, ReduceOptions, ToWorker } from "./reduce-thread.ts";
import { Reducer } from "./reduce.ts";
import { FactFiles } from "./write.ts";

/** The other side of `ReduceThread`: one cluster-day. */
const { cluster, folder, place, ...options } = workerData as ReduceOptions;
const port = parentPort;
if (port === null) throw new AppError("INTERNAL", "runs as a worker only");
const facts = new FactFiles(cluster, folder);
const reducer = new Reducer(options, facts);
const streams = new Map<number, ChunkedReader>();

const tell = (message: FromWorker, transfer: ArrayBuffer[] = []) =>
  port.postMessage(message, transfer);

async function take(message: ToWorker): Promise<void> {
  if ("bytes" in message) {
    let stream = streams.get(message.stream);
    if (stream === undefined)
      streams.set(message.stream, (stream = new ChunkedReader(place, reducer)));
    stream.take(Buffer.from(message.bytes, 0, message.length));
    tell({ done: message.id, bytes: message.bytes }, [message.bytes]);
  } else if ("stream" in message) {
    const stream = streams.get(message.stream) ?? new ChunkedReader(place, reducer);
    streams.delete(message.stream);
    tell({ done: message.id, end: stream.end() });
  } else if (message.what === "endShard") {
    reducer.endShard();
    tell({ done: message.id });
  } else {
    const { coverage, notes } = reducer.end();
    const files = await facts.finish();
    tell({ done: message.id, reduced: { coverage, notes, files } });
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
