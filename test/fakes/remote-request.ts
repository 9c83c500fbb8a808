/**
 * The first question of a remote read alone, as a server takes it that knows of no second one. Reads what
 * Prometheus's `remote.proto` and snappy's format say, apart from what wrote it.
 */
export function firstQuestion(request: Buffer): Buffer {
  const [size, begin] = varint(request, 0);
  const parts: Buffer[] = [];
  for (let at = begin; at < request.length;) {
    // A literal of up to 65,536 bytes, whose length less one stands in the next two.
    if (request[at] !== 61 << 2) throw new Error(`snappy with a tag of ${request[at]}`);
    const length = request.readUInt16LE(at + 1) + 1;
    parts.push(request.subarray(at + 3, at + 3 + length));
    at += 3 + length;
  }
  const body = Buffer.concat(parts);
  if (body.length !== size) throw new Error(`${body.length} bytes instead of ${size}`);
  const kept: Buffer[] = [];
  let questions = 0;
  for (let at = 0; at < body.length;) {
    const [tag, inside] = varint(body, at);
    const [value, after] = varint(body, inside);
    // A question is field 1, with its length; the types of answer that are taken are numbers.
    const end = (tag & 7) === 2 ? after + value : after;
    if (tag !== 10 || questions++ === 0) kept.push(body.subarray(at, end));
    at = end;
  }
  const whole = Buffer.concat(kept);
  const head = Buffer.from([...bytesOf(whole.length), 61 << 2, 0, 0]);
  head.writeUInt16LE(whole.length - 1, head.length - 2);
  return Buffer.concat([head, whole]);
}

function varint(bytes: Buffer, at: number): [value: number, end: number] {
  let value = 0;
  let scale = 1;
  for (; (bytes[at] as number) >= 128; at++, scale *= 128)
    value += ((bytes[at] as number) & 127) * scale;
  return [value + (bytes[at] as number) * scale, at + 1];
}

function bytesOf(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...bytesOf(value >>> 7)];
}
