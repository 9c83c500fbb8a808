import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { AppError } from "../../data/errors.ts";
import { type ThriftFields, ThriftReader, type ThriftValue } from "../../data/thrift.ts";

const TAIL = 8;

/**
 * Compares the pages of a Parquet file with the checksums its writer left beside them (CRC32 of the page
 * as stored, `PageHeader.crc` of parquet.thrift); the engine does not look at them, and a changed digit
 * is still a digit. Writers may leave them out: such pages are taken as they are.
 * @param file as the provider names it, and where our copy is
 * @throws FILE_INVALID naming the column whose page is not what was written
 */
export async function verifyPages(file: { name: string; path: string }): Promise<void> {
  const handle = await open(file.path, "r");
  try {
    for (const chunk of await columnChunks(handle)) {
      const bytes = await readAt(handle, chunk.at, chunk.size);
      for (let at = 0; at < bytes.length;) {
        const reader = new ThriftReader(bytes, at);
        const page = reader.struct();
        const expected = page.get(4);
        // A writer leaves checksums at all pages of a column or at none.
        if (expected === undefined) break;
        const end = reader.at + whole(page.get(3));
        if ((crc32(bytes.subarray(reader.at, end)) | 0) !== expected)
          throw new AppError(
            "FILE_INVALID",
            `${file.name}: the Parquet data is damaged (a page of column ${chunk.column} has not its checksum); export it again`,
          );
        at = end;
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new AppError(
      "FILE_INVALID",
      `${file.name}: this is not a readable Parquet file (${error.message}); export it again`,
      { cause: error },
    );
  } finally {
    await handle.close();
  }
}

interface Chunk {
  column: string;
  at: number;
  size: number;
}

async function columnChunks(handle: FileHandle): Promise<Chunk[]> {
  const { size } = await handle.stat();
  if (size < TAIL) throw new RangeError("it ends too early");
  const tail = await readAt(handle, size - TAIL, TAIL);
  if (tail.toString("latin1", 4) !== "PAR1") throw new RangeError("it does not end with PAR1");
  const length = tail.readUInt32LE(0);
  if (length > size - TAIL) throw new RangeError("its footer is longer than the file");
  const footer = new ThriftReader(await readAt(handle, size - TAIL - length, length), 0).struct();
  return structs(footer.get(4)).flatMap((group) =>
    structs(group.get(1)).map((chunk): Chunk => {
      const meta = chunk.get(3);
      if (!(meta instanceof Map)) throw new RangeError("a column has no metadata");
      const dictionary = meta.get(11);
      const path = (meta.get(3) as Uint8Array[] | undefined) ?? [];
      const found = {
        column: path.map((part) => Buffer.from(part).toString()).join("."),
        at: typeof dictionary === "number" && dictionary > 0 ? dictionary : whole(meta.get(9)),
        size: whole(meta.get(7)),
      };
      if (found.at + found.size > size) throw new RangeError("a column ends behind the file");
      return found;
    }),
  );
}

async function readAt(handle: FileHandle, at: number, size: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, at);
  if (bytesRead < size) throw new RangeError("it ends too early");
  return buffer;
}

function structs(value: ThriftValue | undefined): ThriftFields[] {
  if (!Array.isArray(value) || value.some((one) => !(one instanceof Map)))
    throw new RangeError("its footer lists no columns");
  return value as ThriftFields[];
}

function whole(value: ThriftValue | undefined): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw new RangeError("a size is no number");
  return value;
}
