import type { IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { AppError, firstLine } from "../../data/errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { crc32c } from "./crc32c.ts";
import type { Labels } from "./labels.ts";
import type { Matcher } from "./metrics.ts";
import type { SeriesSink } from "./reduce.ts";
import { broken, insisted, isHtml, TooMuch } from "./refused.ts";
import { decodeXor, XOR_SLACK, xorCount } from "./xor.ts";

/**
 * Remote read with streamed XOR chunks: the server sends blocks as they lie on its disk, for a
 * nineteenth of the work that queries make it do, and every scrape is seen.
 */

export interface RemoteQuery {
  /** Milliseconds, both inclusive. */
  from: number;
  until: number;
  matchers: readonly Matcher[];
}

export interface RemoteReadOptions {
  signal: AbortSignal;
  timeoutMs: number;
  /** Milliseconds between the tries at a server that is busy. */
  pauses?: readonly number[];
  /** Told of each frame; what is thrown stops the read. */
  frame?: (bytes: number) => void;
}

export interface RemoteReadResult {
  bytes: number;
  frames: number;
  /** Series with native histograms, which hold nothing we read, by name. */
  skipped: string[];
}

const MATCHER_TYPES = { "=": 0, "!=": 1, "=~": 2, "!~": 3 } as const;
const STREAMED = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";
// Far above what any server sends: it cuts frames at a megabyte, and a series never.
const MOST_FRAME = 64 << 20;
const XOR = 1;

/** Reads what matches, series after series; nothing of a stream that breaks is to be kept. */
export async function remoteRead(
  endpoint: Endpoint,
  query: RemoteQuery,
  sink: SeriesSink,
  options: RemoteReadOptions,
): Promise<RemoteReadResult> {
  const { place } = endpoint;
  const answer = await begin(endpoint, remoteRequest(query), options);
  const type = answer.headers["content-type"] ?? "";
  if (!type.startsWith("application/x-streamed-protobuf")) {
    answer.destroy();
    const html = isHtml({ status: 200, contentType: type, body: "" });
    throw new AppError(
      "SOURCE_UNREADABLE",
      html
        ? `${place}: /api/v1/read answered with a web page; it is a proxy or a sign-in page: give the address of Prometheus itself`
        : `${place}: /api/v1/read answered ${firstLine(type)}, not ${STREAMED}`,
    );
  }
  const result: RemoteReadResult = { bytes: 0, frames: 0, skipped: [] };
  const series = new SeriesReader(sink, result.skipped);
  const frames = new Frames(place, (bytes, until) => {
    result.frames++;
    options.frame?.(until);
    try {
      series.frame(bytes, until);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw invalid(place, `holds a frame that cannot be read (${error.message})`, error);
    }
  });
  try {
    for await (const piece of answer) {
      result.bytes += (piece as Buffer).length;
      frames.take(piece as Buffer);
    }
  } catch (error) {
    if (options.signal.aborted || error instanceof AppError) throw error;
    throw insisted(broken(place, error));
  }
  if (!answer.complete) throw invalid(place, "ended before it was whole");
  frames.end();
  series.end();
  return result;
}

/** The open answer; a server that is busy is asked again, before anything of an answer is taken. */
async function begin(
  endpoint: Endpoint,
  body: Buffer,
  { signal, timeoutMs, pauses = [1000, 5000] }: RemoteReadOptions,
): Promise<IncomingMessage> {
  for (const wait of [...pauses, null])
    try {
      return await endpoint.post("/api/v1/read", {
        body,
        headers: {
          "content-type": "application/x-protobuf",
          "content-encoding": "snappy",
          "x-prometheus-remote-read-version": "0.1.0",
        },
        signal,
        timeoutMs,
      });
    } catch (error) {
      if (!(error instanceof TooMuch) || wait === null) throw insisted(error);
      await pause(wait, undefined, { signal });
    }
  throw new AppError("INTERNAL", "a loop that ends by returning or throwing ended otherwise");
}

function invalid(place: string, what: string, cause?: unknown): AppError {
  return new AppError(
    "SOURCE_UNREADABLE",
    `${place}: the answer of /api/v1/read ${what}; nothing of it is kept: run the command again`,
    cause === undefined ? undefined : { cause },
  );
}

/** Cuts a stream into frames: length, checksum, bytes. */
class Frames {
  readonly #place: string;
  readonly #each: (bytes: Buffer, until: number) => void;
  /** The frame being put together, with room to read past its end. */
  #frame = Buffer.alloc(1 << 20);
  #length = -1;
  #filled = 0;
  #head: number[] = [];
  #crc = 0;

  constructor(place: string, each: (bytes: Buffer, until: number) => void) {
    this.#place = place;
    this.#each = each;
  }

  take(piece: Buffer): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#length < 0) {
        this.#head.push(piece[at++] as number);
        this.#begin();
        continue;
      }
      const some = Math.min(piece.length - at, this.#length - this.#filled);
      piece.copy(this.#frame, this.#filled, at, at + some);
      this.#filled += some;
      at += some;
      if (this.#filled === this.#length) this.#finish();
    }
  }

  /** Reads length and checksum once the head holds both. */
  #begin(): void {
    const head = this.#head;
    const last = head.findIndex((byte) => byte < 128);
    if (last < 0) {
      if (head.length > 5) throw invalid(this.#place, "holds no frame length");
      return;
    }
    if (head.length < last + 5) return;
    const length = head.slice(0, last + 1).reduceRight((sum, byte) => sum * 128 + (byte & 127), 0);
    if (length > MOST_FRAME) throw invalid(this.#place, `holds a frame of ${length} bytes`);
    this.#crc = Buffer.from(head.slice(last + 1)).readUInt32BE(0);
    this.#head = [];
    this.#length = length;
    this.#filled = 0;
    if (this.#frame.length < length + XOR_SLACK) this.#frame = Buffer.alloc(length + XOR_SLACK);
    if (length === 0) this.#finish();
  }

  #finish(): void {
    const length = this.#length;
    this.#length = -1;
    if (crc32c(this.#frame, 0, length) !== this.#crc)
      throw invalid(this.#place, "holds a frame whose checksum is wrong");
    this.#each(this.#frame, length);
  }

  end(): void {
    if (this.#length >= 0 || this.#head.length > 0)
      throw invalid(this.#place, "ended within a frame");
  }
}

/** Reads `ChunkedReadResponse`s; a series goes on in the next frame under the same labels. */
class SeriesReader {
  readonly #sink: SeriesSink;
  readonly #skipped: string[];
  #times = new Float64Array(4096);
  #values = new Float64Array(4096);
  #count = 0;
  #key: Buffer = Buffer.alloc(0);
  #labels: Labels | null = null;

  constructor(sink: SeriesSink, skipped: string[]) {
    this.#sink = sink;
    this.#skipped = skipped;
  }

  frame(bytes: Buffer, until: number): void {
    let at = 0;
    const number = () => {
      let value = 0;
      let scale = 1;
      let byte: number;
      do {
        if (at >= until) throw new RangeError("a number is cut");
        byte = bytes[at++] as number;
        value += (byte & 127) * scale;
        scale *= 128;
      } while (byte >= 128);
      return value;
    };
    const field = (end: number) => {
      const length = number();
      const stop = at + length;
      if (stop > end) throw new RangeError("a field is cut");
      return stop;
    };
    while (at < until) {
      const tag = number();
      if ((tag & 7) === 0) {
        number();
        continue;
      }
      if ((tag & 7) !== 2) throw new RangeError(`a field of kind ${tag & 7}`);
      const end = field(until);
      if (tag !== 10) {
        at = end;
        continue;
      }
      const start = at;
      let labelled = at;
      // Labels come before chunks.
      while (at < end) {
        const before = at;
        const inner = number();
        if (inner !== 10) {
          at = before;
          break;
        }
        at = field(end);
        labelled = at;
      }
      this.#open(bytes.subarray(start, labelled));
      while (at < end) {
        const inner = number();
        const stop = field(end);
        if (inner !== 18) {
          at = stop;
          continue;
        }
        let encoding = 0;
        let from = -1;
        let to = -1;
        while (at < stop) {
          const part = number();
          if ((part & 7) === 0) {
            const value = number();
            if (part === 24) encoding = value;
          } else {
            const last = field(stop);
            if (part === 34) {
              from = at;
              to = last;
            }
            at = last;
          }
        }
        if (from >= 0) this.#chunk(bytes, encoding, from, to);
      }
    }
  }

  #open(labels: Buffer): void {
    if (this.#labels !== null && this.#key.equals(labels)) return;
    this.end();
    this.#key = Buffer.from(labels);
    this.#labels = readLabels(this.#key);
  }

  #chunk(bytes: Buffer, encoding: number, from: number, to: number): void {
    if (encoding !== XOR) {
      const name = this.#labels?.["__name__"] ?? "";
      if (!this.#skipped.includes(name)) this.#skipped.push(name);
      return;
    }
    const count = xorCount(bytes, from);
    const room = this.#count + count;
    if (room > this.#times.length) {
      this.#times = grown(this.#times, room);
      this.#values = grown(this.#values, room);
    }
    const before = this.#count;
    const last = before === 0 ? -Infinity : (this.#times[before - 1] as number);
    this.#count = decodeXor(bytes, from, to, this.#times, this.#values, before);
    // Blocks that overlap tell a sample twice.
    if (this.#count > before && (this.#times[before] as number) <= last) this.#order(before);
  }

  #order(from: number): void {
    let kept = from;
    for (let index = from; index < this.#count; index++)
      if ((this.#times[index] as number) > (this.#times[kept - 1] as number)) {
        this.#times[kept] = this.#times[index] as number;
        this.#values[kept++] = this.#values[index] as number;
      }
    this.#count = kept;
  }

  /** Gives the series that is open to the sink. */
  end(): void {
    if (this.#labels !== null && this.#count > 0)
      this.#sink.series(
        this.#labels["__name__"] ?? "",
        this.#labels,
        this.#times,
        this.#values,
        this.#count,
      );
    this.#labels = null;
    this.#count = 0;
  }
}

function grown(array: Float64Array, room: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.max(room, array.length * 2));
  larger.set(array);
  return larger;
}

/** Labels of a series: fields of two texts, all under tag 1. */
function readLabels(bytes: Buffer): Labels {
  const labels: Record<string, string> = {};
  let at = 0;
  const number = () => {
    let value = 0;
    let scale = 1;
    let byte: number;
    do {
      byte = bytes[at++] as number;
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte >= 128);
    return value;
  };
  while (at < bytes.length) {
    number();
    const end = number() + at;
    let name = "";
    let value = "";
    while (at < end) {
      const tag = number();
      const length = number();
      const text = bytes.toString("utf8", at, at + length);
      at += length;
      if (tag === 10) name = text;
      else value = text;
    }
    if (name !== "") labels[name] = value;
  }
  return labels;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

const scalar = (field: number, value: number) =>
  Buffer.from([...varint(field << 3), ...varint(value)]);
const block = (field: number, content: Uint8Array) =>
  Buffer.concat([Buffer.from([...varint((field << 3) | 2), ...varint(content.length)]), content]);

/** A `ReadRequest` of one query that takes streamed chunks only. */
function readRequest(query: RemoteQuery): Buffer {
  const matchers = query.matchers.map(([name, type, value]) =>
    block(
      3,
      Buffer.concat([
        scalar(1, MATCHER_TYPES[type]),
        block(2, Buffer.from(name)),
        block(3, Buffer.from(value)),
      ]),
    ),
  );
  const asked = Buffer.concat([scalar(1, query.from), scalar(2, query.until), ...matchers]);
  return Buffer.concat([block(1, asked), scalar(2, 1)]);
}

/** The body that asks a query. */
export const remoteRequest = (query: RemoteQuery): Buffer => literalSnappy(readRequest(query));

/** Snappy without compressing: its format allows it, and requests are small. */
function literalSnappy(bytes: Buffer): Buffer {
  const parts: Uint8Array[] = [Buffer.from(varint(bytes.length))];
  for (let at = 0; at < bytes.length; at += 65_536) {
    const piece = bytes.subarray(at, at + 65_536);
    const length = piece.length - 1;
    parts.push(Buffer.from([61 << 2, length & 255, length >> 8]), piece);
  }
  return Buffer.concat(parts);
}
