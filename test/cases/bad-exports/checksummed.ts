import { crc32 } from "node:zlib";
import { parse } from "csv-parse/sync";
import { Thrift } from "../../../data/thrift.ts";

const MAGIC = Buffer.from("PAR1");
const BYTE_ARRAY = 6;
const UTF8 = 0;
const RLE = 3;

/** A CSV as a Parquet file of plain texts whose pages carry checksums, which the engine's own writer leaves out. */
export function checksummed(csv: Buffer): Buffer {
  const [header = [], ...rows] = parse(csv, { bom: true });
  const parts: Buffer[] = [MAGIC];
  let at = MAGIC.length;
  const chunks = header.map((name, column) => {
    const body = Buffer.concat(
      rows.flatMap((row) => {
        const text = Buffer.from(row[column] ?? "");
        const length = Buffer.alloc(4);
        length.writeUInt32LE(text.length);
        return [length, text];
      }),
    );
    const head = new Thrift();
    head.struct((page) => {
      page.i32(1, 0);
      page.i32(2, body.length);
      page.i32(3, body.length);
      page.i32(4, crc32(body) | 0);
      page.inner(5, (data) => {
        data.i32(1, rows.length);
        data.i32(2, 0);
        data.i32(3, RLE);
        data.i32(4, RLE);
      });
    });
    const from = at;
    const size = head.bytes().length + body.length;
    parts.push(head.bytes(), body);
    at += size;
    return (chunk: Thrift) => {
      chunk.i64(2, from);
      chunk.inner(3, (meta) => {
        meta.i32(1, BYTE_ARRAY);
        meta.i32s(2, [0]);
        meta.texts(3, [name]);
        meta.i32(4, 0);
        meta.i64(5, rows.length);
        meta.i64(6, size);
        meta.i64(7, size);
        meta.i64(9, from);
      });
    };
  });
  const footer = new Thrift();
  footer.struct((file) => {
    file.i32(1, 1);
    file.structs(2, [
      (root) => {
        root.text(4, "root");
        root.i32(5, header.length);
      },
      ...header.map((name) => (element: Thrift) => {
        element.i32(1, BYTE_ARRAY);
        element.i32(3, 0);
        element.text(4, name);
        element.i32(6, UTF8);
      }),
    ]);
    file.i64(3, rows.length);
    file.structs(4, [
      (group) => {
        group.structs(1, chunks);
        group.i64(2, at);
        group.i64(3, rows.length);
      },
    ]);
  });
  const end = Buffer.alloc(4);
  end.writeUInt32LE(footer.bytes().length);
  return Buffer.concat([...parts, footer.bytes(), end, MAGIC]);
}
