/**
 * The hot loops of reading samples: from the bytes of remote read to what each series comes to.
 * AssemblyScript: TypeScript's syntax, WebAssembly's numbers; built by `npm run build:wasm` to
 * `../samples.wasm`, whose other side is `../samples.ts`. No decorators: the formatter reads plain TypeScript.
 */
import * as output from "./samples/output";
import * as texts from "./samples/texts";
import { detail as detailOf, Stream } from "./samples/stream";
import { TIMES, VALUES } from "./samples/xor";

/** Streams nobody reads, as a list. */
let spare: usize = 0;

/** Begins a stream over [from, until); `ask` says how its series are reduced. */
export function open(from: f64, until: f64): Stream {
  const stream = spare == 0 ? new Stream() : changetype<Stream>(spare);
  spare = stream.next;
  stream.next = 0;
  const fold = stream.fold;
  const buckets = <i32>ceil((until - from) / 300_000);
  if (buckets > fold.buckets) {
    fold.sums = heap.alloc((<usize>buckets) << 3);
    fold.maxima = heap.alloc((<usize>buckets) << 3);
    memory.fill(fold.sums, 0, (<usize>buckets) << 3);
    memory.fill(fold.maxima, 0, (<usize>buckets) << 3);
    fold.buckets = buckets;
  }
  fold.from = from;
  fold.until = until;
  fold.clear();
  stream.start = 0;
  stream.filled = 0;
  stream.frames = 0;
  stream.isOpen = false;
  stream.skipped = false;
  stream.asked = 0;
  stream.question = -1;
  stream.answered = 0;
  return stream;
}

/** Says how the series are reduced that answer the next question of a stream's request. */
export function ask(stream: Stream, kind: i32, hold: f64, most: f64): void {
  stream.ask(kind, hold, most);
}

/** Lets go of a stream that was read to its end; its memory serves the next. */
export function close(stream: Stream): void {
  stream.next = spare;
  spare = changetype<usize>(stream);
}

export function reserve(stream: Stream, bytes: usize): usize {
  return stream.reserve(bytes);
}

/** Takes bytes that were put where `reserve` said. */
export function take(stream: Stream, bytes: usize): i32 {
  stream.filled += bytes;
  return stream.read();
}

export function end(stream: Stream): i32 {
  return stream.end();
}

export function frames(stream: Stream): i32 {
  return stream.frames;
}
/** One more than the last question that was answered. */
export function answered(stream: Stream): i32 {
  return stream.answered;
}

export function detail(): f64 {
  return detailOf;
}

/** Where samples are put that come without a chunk, and how they are taken; `give` ends their series. */
export function times(): usize {
  return TIMES;
}
export function values(): usize {
  return VALUES;
}
export function fold(stream: Stream, count: i32): void {
  stream.turn(0);
  stream.isOpen = true;
  stream.labelsSize = 0;
  stream.fold.take(count);
}
export function give(stream: Stream): void {
  stream.give();
}

/** The series that are done. */
export function count(): i32 {
  return output.count;
}
export function records(): usize {
  return output.records;
}
export function used(): usize {
  return output.used;
}
export function data(): usize {
  return output.data;
}
export function clear(): void {
  output.clear();
}

/** The texts that series name by number. */
export function textBytes(): usize {
  return texts.used;
}
export function textData(): usize {
  return texts.data;
}
export function forget(): void {
  texts.forget();
}
