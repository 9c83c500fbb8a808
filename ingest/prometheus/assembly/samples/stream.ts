import { crc32c } from "./crc32c";
import { Fold } from "./fold";
import { put, used } from "./output";
import { NONE, numberOf } from "./texts";
import { decodeXor, SLACK } from "./xor";

/**
 * The stream that remote read answers with: frames (length, checksum, `ChunkedReadResponse`) of
 * series, which go on in the next frame under the same labels, of chunks. A frame's series answer one of
 * the request's questions.
 */

// Far above what any server sends: it cuts frames at a megabyte, and a series never.
const MOST_FRAME: u64 = 64 << 20;
/** Bytes of done series after which they are to be taken before more are made. */
const ENOUGH: usize = 1 << 20;

/** What `Stream.read` gives; the negative ones of a chunk are added to CHUNK. */
export const READ: i32 = 0;
export const MORE: i32 = 1;
export const NO_LENGTH: i32 = 2;
export const TOO_LONG: i32 = 3;
export const WRONG_CHECKSUM: i32 = 4;
export const WITHIN_FRAME: i32 = 5;
export const CUT_NUMBER: i32 = 6;
export const CUT_FIELD: i32 = 7;
export const UNKNOWN_KIND: i32 = 8;
export const NOT_ASKED: i32 = 9;
export const CHUNK: i32 = 16;

// Far more than any server takes.
const MOST_LABELS: i32 = 4096;
const PAIRS: usize = heap.alloc(4097 * 8);
/** Bytes of a question: hold, most, kind. */
const QUESTION: usize = 24;

/** Number that belongs to a fault. */
export let detail: f64 = 0;
/** Where we are in a frame, and what is wrong with it. */
let at: usize = 0;
let fault: i32 = READ;

function number(until: usize): u64 {
  let value: u64 = 0;
  let shift: u64 = 0;
  let byte: u64 = 0;
  do {
    if (at >= until) {
      fault = CUT_NUMBER;
      return 0;
    }
    byte = <u64>load<u8>(at++);
    value |= (byte & 127) << shift;
    shift += 7;
  } while (byte >= 128);
  return value;
}

/** Reads a field's length; gives where it ends. */
function field(until: usize): usize {
  const length = number(until);
  if (fault != READ) return until;
  if (length > <u64>(until - at)) {
    fault = CUT_FIELD;
    return until;
  }
  return at + <usize>length;
}

export class Stream {
  next: usize = 0;
  fold: Fold = new Fold();
  /** Bytes that came and are not read yet: from `read` to `filled`. */
  input: usize = 0;
  room: usize = 0;
  start: usize = 0;
  filled: usize = 0;
  frames: i32 = 0;
  /** Labels of the series that is open. */
  labels: usize = 0;
  labelsRoom: usize = 0;
  labelsSize: usize = 0;
  isOpen: bool = false;
  skipped: bool = false;
  /** How the answers of each question are reduced, how many there are, and how many there is room for. */
  questions: usize = 0;
  asked: i32 = 0;
  askedRoom: i32 = 0;
  /** The one whose answer is being read. */
  question: i32 = -1;
  answered: i32 = 0;

  ask(kind: i32, hold: f64, most: f64): void {
    if (this.asked == this.askedRoom) {
      const room = this.askedRoom * 2 + 8;
      const larger = heap.alloc(<usize>room * QUESTION);
      memory.copy(larger, this.questions, <usize>this.asked * QUESTION);
      this.questions = larger;
      this.askedRoom = room;
    }
    const question = this.questions + <usize>this.asked * QUESTION;
    this.asked++;
    store<f64>(question, hold);
    store<f64>(question, most, 8);
    store<i32>(question, kind, 16);
  }

  /** Ends the series that is open where what follows answers another question. */
  turn(index: i32): void {
    if (index == this.question) return;
    this.give();
    this.question = index;
    this.answered = max(this.answered, index + 1);
    const question = this.questions + <usize>index * QUESTION;
    this.fold.hold = load<f64>(question);
    this.fold.most = load<f64>(question, 8);
    this.fold.kind = load<i32>(question, 16);
  }

  /** Room for so many bytes more; gives where they are to be put. */
  reserve(bytes: usize): usize {
    const kept = this.filled - this.start;
    if (this.start > 0) {
      memory.copy(this.input, this.input + this.start, kept);
      this.start = 0;
      this.filled = kept;
    }
    if (kept + bytes + SLACK > this.room) {
      this.room = max(kept + bytes + SLACK, this.room * 2);
      const larger = heap.alloc(this.room);
      memory.copy(larger, this.input, kept);
      this.input = larger;
    }
    return this.input + kept;
  }

  /** Reads the frames that are whole; MORE: until enough series are done. */
  read(): i32 {
    while (used < ENOUGH) {
      const begin = this.input + this.start;
      const end = this.input + this.filled;
      let length: u64 = 0;
      let size: usize = 0;
      for (; begin + size < end && load<u8>(begin + size) >= 128 && size < 6; size++)
        length |= (<u64>(load<u8>(begin + size) & 127)) << (7 * <u64>size);
      if (size == 6) return NO_LENGTH;
      if (begin + size + 5 > end) return READ;
      length |= (<u64>load<u8>(begin + size)) << (7 * <u64>size);
      if (length > MOST_FRAME) {
        detail = <f64>length;
        return TOO_LONG;
      }
      const body = begin + size + 5;
      if (length > <u64>(end - body)) return READ;
      const until = body + <usize>length;
      if (crc32c(body, until) != bswap<u32>(load<u32>(begin + size + 1))) return WRONG_CHECKSUM;
      this.start = until - this.input;
      this.frames++;
      fault = READ;
      at = body;
      this.frame(until);
      if (fault != READ) return fault;
    }
    return MORE;
  }

  private frame(until: usize): void {
    const begin = at;
    const index = this.questionOf(until);
    if (fault != READ) return;
    if (index >= <u64>this.asked) {
      detail = <f64>index;
      fault = NOT_ASKED;
      return;
    }
    this.turn(<i32>index);
    at = begin;
    while (at < until && fault == READ) {
      const tag = number(until);
      if ((tag & 7) == 0) number(until);
      else {
        const end = field(until);
        if (tag == 10) this.series(end);
        at = end;
      }
    }
  }

  /** The question that a frame answers, which is said after its series; what is wrong with its fields is found here. */
  private questionOf(until: usize): u64 {
    let index: u64 = 0;
    while (at < until && fault == READ) {
      const tag = number(until);
      const kind = tag & 7;
      if (kind == 0) {
        const value = number(until);
        if (tag == 16) index = value;
      } else if (kind == 2) at = field(until);
      else if (fault == READ) {
        detail = <f64>kind;
        fault = UNKNOWN_KIND;
      }
    }
    return index;
  }

  /** A `ChunkedSeries`: labels, then chunks. */
  private series(end: usize): void {
    const begin = at;
    while (at < end && load<u8>(at) == 10) {
      at++;
      at = field(end);
      if (fault != READ) return;
    }
    const size = at - begin;
    if (!this.isOpen || size != this.labelsSize || memory.compare(this.labels, begin, size) != 0) {
      this.give();
      if (size > this.labelsRoom) {
        this.labelsRoom = size * 2;
        this.labels = heap.alloc(size * 2 + SLACK);
      }
      memory.copy(this.labels, begin, size);
      this.labelsSize = size;
      this.isOpen = true;
    }
    while (at < end) {
      const tag = number(end);
      if (fault != READ) return;
      const stop = field(end);
      if (fault != READ) return;
      if (tag == 18) this.chunk(stop);
      if (fault != READ) return;
      at = stop;
    }
  }

  private chunk(end: usize): void {
    let encoding: u64 = 0;
    let from: usize = 0;
    let until: usize = 0;
    while (at < end) {
      const tag = number(end);
      if ((tag & 7) == 0) {
        const value = number(end);
        if (tag == 24) encoding = value;
      } else {
        const last = field(end);
        if (tag == 34) {
          from = at;
          until = last;
        }
        at = last;
      }
      if (fault != READ) return;
    }
    if (from == 0) return;
    if (encoding != 1) {
      this.skipped = true;
      return;
    }
    const samples = decodeXor(from, until, this.fold.last);
    if (samples < 0) fault = CHUNK - samples;
    else this.fold.take(samples);
  }

  /** Ends the series that is open. */
  give(): void {
    if (this.isOpen && (this.skipped || this.fold.samples > 0)) {
      const pairs = this.pairs();
      put(changetype<usize>(this), this.fold, PAIRS, pairs, this.skipped);
    }
    this.isOpen = false;
    this.skipped = false;
  }

  /** Puts the numbers of names and values to PAIRS; gives how many pairs there are. */
  private pairs(): i32 {
    const here = at;
    const end = this.labels + this.labelsSize;
    let pairs: i32 = 0;
    at = this.labels;
    while (at < end && fault == READ) {
      at++;
      const last = field(end);
      let name: u32 = NONE;
      let value: u32 = NONE;
      // Mostly they are those of the series before: all names are.
      const pair = PAIRS + ((<usize>pairs) << 3);
      while (at < last && fault == READ) {
        const tag = number(last);
        const stop = field(last);
        if (fault != READ) break;
        if (tag == 10) name = numberOf(at, stop - at, load<u32>(pair));
        else value = numberOf(at, stop - at, load<u32>(pair, 4));
        at = stop;
      }
      if (pairs == MOST_LABELS) fault = CUT_FIELD;
      if (fault != READ) break;
      store<u32>(pair, name);
      store<u32>(pair, value, 4);
      pairs++;
    }
    at = here;
    return pairs;
  }

  /** The answer is whole: ends its last series. */
  end(): i32 {
    if (this.filled > this.start) return WITHIN_FRAME;
    fault = READ;
    this.give();
    return fault;
  }
}
