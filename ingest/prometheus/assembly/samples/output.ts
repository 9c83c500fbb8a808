import { endBucket, firstBucket, Fold, RUN, STATE } from "./fold";

/**
 * Series that are done, until somebody takes them: one record each, and what it points to. Places are
 * counted from the beginning of `data`, which may move.
 *
 *   0 labels (numbers of a name and a value, by turns), 4 how many, 8 runs, 12 how many, 16 figures (sums, then maxima), 20 first bucket,
 *   24 buckets, 28 samples, 32 infinite, 36 implausible, 40 whether chunks of another kind were left out,
 *   44 the stream
 */
export const RECORD: usize = 48;

export let records: usize = heap.alloc(RECORD * 256);
let recordsRoom: i32 = 256;
export let count: i32 = 0;
export let data: usize = heap.alloc(1 << 18);
let dataRoom: usize = 1 << 18;
export let used: usize = 0;

export function clear(): void {
  count = 0;
  used = 0;
}

/** Room for so many bytes of data; gives their place. */
function cut(bytes: usize): usize {
  const place = used;
  const end = (place + bytes + 7) & ~7;
  if (end > dataRoom) {
    const room = max(end, dataRoom * 2);
    const larger = heap.alloc(room);
    memory.copy(larger, data, place);
    data = larger;
    dataRoom = room;
  }
  used = end;
  return place;
}

function copied(from: usize, bytes: usize): usize {
  const place = cut(bytes);
  memory.copy(data + place, from, bytes);
  return place;
}

/** Ends a series and puts its record. */
export function put(stream: usize, fold: Fold, labels: usize, pairs: i32, skipped: bool): void {
  if (count == recordsRoom) {
    const larger = heap.alloc(RECORD * <usize>recordsRoom * 2);
    memory.copy(larger, records, RECORD * <usize>recordsRoom);
    records = larger;
    recordsRoom *= 2;
  }
  const record = records + RECORD * <usize>count;
  count++;
  const isState = fold.kind == STATE;
  const first = fold.samples == 0 || isState ? -1 : firstBucket(fold);
  const length = first < 0 ? 0 : endBucket(fold) - first;
  let infinite = fold.infinite;
  let implausible = fold.implausible;
  let cells: usize = 0;
  if (first >= 0 || isState) fold.end();
  else {
    infinite = 0;
    implausible = 0;
  }
  if (length > 0) {
    const bytes = (<usize>length) << 3;
    const skip = (<usize>first) << 3;
    cells = copied(fold.sums + skip, bytes);
    copied(fold.maxima + skip, bytes);
    memory.fill(fold.sums + skip, 0, bytes);
    memory.fill(fold.maxima + skip, 0, bytes);
  }
  store<usize>(record, copied(labels, (<usize>pairs) << 3));
  store<i32>(record, pairs, 4);
  store<usize>(record, copied(fold.runs, <usize>fold.held * RUN), 8);
  store<i32>(record, fold.held, 12);
  store<usize>(record, cells, 16);
  store<i32>(record, max(first, 0), 20);
  store<i32>(record, length, 24);
  store<i32>(record, fold.samples, 28);
  store<i32>(record, infinite, 32);
  store<i32>(record, implausible, 36);
  store<i32>(record, skipped ? 1 : 0, 40);
  store<usize>(record, stream, 44);
  fold.clear();
}
