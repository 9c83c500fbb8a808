const I32 = 5;
const I64 = 6;
const BINARY = 8;
const LIST = 9;
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
