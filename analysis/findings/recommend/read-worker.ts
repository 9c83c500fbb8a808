import { parentPort } from "node:worker_threads";
import { AppError } from "../../../data/errors.ts";
import { type Asked, PartReader } from "./hold.ts";
import type { FromReader } from "./read-ahead.ts";

/** The other side of `ReadAhead`: one part after another, into one memory and the other in turn. */
const port = parentPort;
if (port === null) throw new AppError("INTERNAL", "runs as a worker only");
const readers = [new PartReader(), new PartReader()] as const;
let turn = 0;
let before = Promise.resolve();

async function read(asked: Asked): Promise<FromReader> {
  try {
    return { held: await readers[turn++ % 2 === 0 ? 0 : 1].read(asked) };
  } catch (error) {
    const { message, stack = "" } = error as Error;
    const code = error instanceof AppError ? error.code : "INTERNAL";
    return { failed: { code, said: message, stack } };
  }
}

port.on("message", (asked: Asked) => {
  before = before.then(async () => port.postMessage(await read(asked)));
});
