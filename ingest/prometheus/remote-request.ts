import type { Matcher } from "./metrics.ts";

/** What is asked of remote read, as its protocol writes it: protobuf in snappy. */

export interface RemoteQuery {
  /** Milliseconds, both inclusive. */
  from: number;
  until: number;
  matchers: readonly Matcher[];
}

const MATCHER_TYPES = { "=": 0, "!=": 1, "=~": 2, "!~": 3 } as const;

/** The body that asks queries; frames of the answer say by their numbers which they are about. */
export const remoteRequest = (queries: readonly RemoteQuery[]): Buffer =>
  // A `ReadRequest` that takes streamed chunks only.
  literalSnappy(Buffer.concat([...queries.map((query) => block(1, asked(query))), scalar(2, 1)]));

/** A `Query`. */
function asked({ from, until, matchers }: RemoteQuery): Buffer {
  const blocks = matchers.map(([name, type, value]) =>
    block(
      3,
      Buffer.concat([
        scalar(1, MATCHER_TYPES[type]),
        block(2, Buffer.from(name)),
        block(3, Buffer.from(value)),
      ]),
    ),
  );
  return Buffer.concat([scalar(1, from), scalar(2, until), ...blocks]);
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
