import { AppError } from "../../data/errors.ts";
import { crc32c } from "./crc32c.ts";
import { XOR_SLACK } from "./xor.ts";

/** Cuts the stream that remote read answers with into its frames: length, checksum, protobuf. */

// Far above what any server sends: it cuts frames at a megabyte, and a series never.
const MOST_FRAME = 64 << 20;
/** Bytes before each frame of a batch: its length. */
export const FRAME_HEAD = 4;

/** Why nothing of an answer is kept. */
export function invalid(place: string, what: string, cause?: unknown): AppError {
  return new AppError(
    "SOURCE_UNREADABLE",
    `${place}: the answer of /api/v1/read ${what}; nothing of it is kept: run the command again`,
    cause === undefined ? undefined : { cause },
  );
}

/** Takes a whole frame, `bytes[from, until)`, with room to read past its end; copies what it keeps. */
export type FrameSink = (bytes: Buffer, from: number, until: number) => void;

/** The frames of one answer, each checked. */
export class Frames {
  readonly #place: string;
  readonly #sink: FrameSink;
  /** The frame being put together. */
  #frame = Buffer.alloc(0);
  #length = -1;
  #filled = 0;
  #head: number[] = [];
  #crc = 0;
  #frames = 0;

  constructor(place: string, sink: FrameSink) {
    this.#place = place;
    this.#sink = sink;
  }

  /** Takes the next bytes; they are the caller's again when it returns. */
  take(piece: Buffer): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#length < 0) {
        this.#head.push(piece[at++] as number);
        this.#begin();
        continue;
      }
      // A frame that lies whole in the piece, with room after it, is read where it lies.
      if (this.#filled === 0 && piece.length - at >= this.#length + XOR_SLACK) {
        const from = at;
        at += this.#length;
        this.#finish(piece, from);
        continue;
      }
      if (this.#filled === 0 && this.#frame.length < this.#length + XOR_SLACK)
        this.#frame = Buffer.alloc(this.#length * 2 + XOR_SLACK);
      const some = Math.min(piece.length - at, this.#length - this.#filled);
      piece.copy(this.#frame, this.#filled, at, at + some);
      this.#filled += some;
      at += some;
      if (this.#filled === this.#length) this.#finish(this.#frame, 0);
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
    if (length === 0) this.#finish(this.#frame, 0);
  }

  #finish(bytes: Buffer, from: number): void {
    const until = from + this.#length;
    this.#length = -1;
    this.#filled = 0;
    this.#frames++;
    if (crc32c(bytes, from, until) !== this.#crc)
      throw invalid(this.#place, "holds a frame whose checksum is wrong");
    this.#sink(bytes, from, until);
  }

  /** The answer is whole: gives how many frames it had. */
  end(): number {
    if (this.#length >= 0 || this.#head.length > 0)
      throw invalid(this.#place, "ended within a frame");
    return this.#frames;
  }
}
