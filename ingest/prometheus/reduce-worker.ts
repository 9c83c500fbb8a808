import { parentPort, workerData } from "node:worker_threads";
import { AppError } from "../../data/errors.ts";
import { SeriesReader } from "./chunked.ts";
import { FRAME_HEAD } from "./frames.ts";
import type { FromWorker, ToWorker } from "./reduce-thread.ts";
import { Reducer } from "./reduce.ts";
import { FactFiles } from "./write.ts";

/** The other side of `ReduceThread`: one cluster-day after another. */
const place = workerData as string;
const port = parentPort;
if (port === null) throw new AppError("INTERNAL", "runs as a worker only");
let day: { facts: FactFiles; reducer: Reducer } | undefined;
const streams = new Map<number, SeriesReader>();

const tell = (message: FromWorker, transfer: ArrayBuffer[] = []) =>
  port.postMessage(message, transfer);

function streamOf(id: number): SeriesReader {
  let stream = streams.get(id);
  if (stream === undefined) streams.set(id, (stream = new SeriesReader(place, begun().reducer)));
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
    day = { facts, reducer: new Reducer(options, facts) };
    tell({ done: id });
  } else if ("bytes" in message) {
    const stream = streamOf(message.stream);
    const batch = Buffer.from(message.bytes);
    for (let at = 0; at < message.length;) {
      const from = at + FRAME_HEAD;
      at = from + batch.readUInt32LE(at);
      stream.frame(batch, from, at);
    }
    tell({ done: id, bytes: message.bytes }, [message.bytes]);
  } else if ("stream" in message) {
    const skipped = streamOf(message.stream).end();
    streams.delete(message.stream);
    tell({ done: id, skipped });
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
