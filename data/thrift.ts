const I8 = 3;
const I16 = 4;
const I32 = 5;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const SET = 10;
const STRUCT = 12;

/** Thrift's compact protocol, as far as footers need it. */
export class Thrift {
  readonly #out: number[] = [];
  #last = 0;

  bytes(): Buffer {
    return Buffer.from(this.#out);
  }
  struct(write: (inside: Thrift) => void): void {
    const before = this.#last;
    this.#last = 0;
    write(this);
    this.#out.push(0);
    this.#last = before;
  }
  #field(id: number, type: number): void {
    this.#out.push(((id - this.#last) << 4) | type);
    this.#last = id;
  }
  #zigzag(value: number): void {
    putZigzag(this.#out, value);
  }
  #raw(bytes: Uint8Array): void {
    putVarint(this.#out, bytes.length);
    for (const byte of bytes) this.#out.push(byte);
  }
  #list(id: number, type: number, size: number): void {
    this.#field(id, LIST);
    if (size < 15) this.#out.push((size << 4) | type);
    else {
      this.#out.push(0xf0 | type);
      putVarint(this.#out, size);
    }
  }
  i32(id: number, value: number): void {
    this.#field(id, I32);
    this.#zigzag(value);
  }
  i64(id: number, value: number): void {
    this.#field(id, I64);
    this.#zigzag(value);
  }
  binary(id: number, value: Uint8Array): void {
    this.#field(id, BINARY);
    this.#raw(value);
  }
  text(id: number, value: string): void {
    this.binary(id, Buffer.from(value));
  }
  texts(id: number, values: readonly string[]): void {
    this.#list(id, BINARY, values.length);
    for (const value of values) this.#raw(Buffer.from(value));
  }
  i32s(id: number, values: readonly number[]): void {
    this.#list(id, I32, values.length);
    for (const value of values) this.#zigzag(value);
  }
  inner(id: number, write: (inside: Thrift) => void): void {
    this.#field(id, STRUCT);
    this.struct(write);
  }
  structs(id: number, writes: readonly ((inside: Thrift) => void)[]): void {
    this.#list(id, STRUCT, writes.length);
    for (const write of writes) this.struct(write);
  }
}

export const putZigzag = (out: number[], value: number): void =>
  putVarint(out, value < 0 ? -value * 2 - 1 : value * 2);

export function putVarint(out: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
}

/** A struct as it stands in bytes: by field, numbers, booleans, texts as bytes, lists, and structs in it. */
export type ThriftValue = number | boolean | Uint8Array | ThriftValue[] | ThriftFields;
export type ThriftFields = Map<number, ThriftValue>;

/**
 * Reads what `Thrift` writes, and the footers and page headers of others; numbers beyond 2^53 are rounded.
 * A place that is passed on stands after what was read.
 * @throws RangeError where the bytes are no such structure
 */
export class ThriftReader {
  readonly #bytes: Uint8Array;
  at: number;
  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  struct(): ThriftFields {
    const fields: ThriftFields = new Map();
    let id = 0;
    for (;;) {
      const head = this.#byte();
      if (head === 0) return fields;
      const step = head >>> 4;
      id = step === 0 ? this.#zigzag() : id + step;
      fields.set(id, this.#value(head & 15));
    }
  }

  #value(type: number): ThriftValue {
    switch (type) {
      case 1:
      case 2:
        return type === 1;
      case I8:
        return this.#byte();
      case I16:
      case I32:
      case I64:
        return this.#zigzag();
      case DOUBLE:
        this.at += 8;
        return Number.NaN;
      case BINARY: {
        const length = this.varint();
        this.at += length;
        return this.#bytes.subarray(this.at - length, this.at);
      }
      case LIST:
      case SET: {
        const head = this.#byte();
        const size = head >>> 4 === 15 ? this.varint() : head >>> 4;
        if (size > this.#bytes.length) throw new RangeError("a list is longer than all");
        return Array.from({ length: size }, () => this.#value(head & 15));
      }
      case STRUCT:
        return this.struct();
      default:
        throw new RangeError(`there is no type ${type}`);
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new RangeError("it ends too early");
    return byte;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  #zigzag(): number {
    return unzigzag(this.varint());
  }
}

export const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);
