import type { Matcher } from "./metrics.ts";

/** What is asked of remote read, as its protocol writes it: protobuf in snappy. */

export interface RemoteQuery {
  /** Milliseconds, both inclusive. */
  from: number;
  until: number;
  matchers: readonly Matcher[];
}

const MATCHER_TYPES = { "=": 0, "!=": 1, "=~": 2, "!~": 3 } as const;

/** The body that asks a query. */
export const remoteRequest = (query: RemoteQuery): Buffer => literalSnappy(readRequest(query));

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
