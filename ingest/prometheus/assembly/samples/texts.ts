/**
 * The texts of labels, each once: series name theirs by number. A day's series tell the same few names
 * over and over, and to compare bytes here costs a tenth of making a text of them there.
 *
 * `data` holds them one after another: four bytes of length, the text, and up to a multiple of four.
 */

const FIRST_ROOM: u32 = 1 << 14;

/** Places of numbers + 1 by hash; twice as many as there is room for texts. */
let slots: usize = heap.alloc((<usize>FIRST_ROOM) << 3);
let room: u32 = FIRST_ROOM;
/** Hash and place of each text. */
let entries: usize = heap.alloc((<usize>FIRST_ROOM) << 4);
let count: u32 = 0;
export let data: usize = heap.alloc(1 << 20);
let dataRoom: usize = 1 << 20;
export let used: usize = 0;

memory.fill(slots, 0, (<usize>FIRST_ROOM) << 3);

/** Forgets all of them: numbers begin again. */
export function forget(): void {
  memory.fill(slots, 0, (<usize>room) << 3);
  count = 0;
  used = 0;
}

function hashOf(at: usize, length: usize): u64 {
  let hash: u64 = <u64>length;
  const end = at + length;
  for (; at + 8 <= end; at += 8) hash = mixed(hash ^ load<u64>(at));
  const over = (<u64>(8 - (end - at))) << 3;
  return over == 64 ? hash : mixed(hash ^ (load<u64>(at) << (<u64>over)));
}

// Of a product the high bits depend on all of the number, and come down for the next.
function mixed(value: u64): u64 {
  const product = value * 0x9e3779b97f4a7c15;
  return product ^ (product >>> 32);
}

/** In place of the number of a text that is empty. */
export const NONE: u32 = 0xffffffff;

/** Whether the bytes of two texts are the same; those after them may be read, too. */
function same(a: usize, b: usize, length: usize): bool {
  let at: usize = 0;
  for (; at + 8 <= length; at += 8) if (load<u64>(a + at) != load<u64>(b + at)) return false;
  const over = (<u64>(8 - (length - at))) << 3;
  return over == 64 || (load<u64>(a + at) ^ load<u64>(b + at)) << (<u64>over) == 0;
}

/** The number of a text, which may be that of another, known one. */
export function numberOf(at: usize, length: usize, guess: u32): u32 {
  if (guess < count) {
    const text = data + load<usize>(entries + ((<usize>guess) << 4), 8);
    if (load<u32>(text) == <u32>length && same(text + 4, at, length)) return guess;
  }
  const hash = hashOf(at, length);
  const mask = (room << 1) - 1;
  let slot = <u32>hash & mask;
  for (;;) {
    const known = load<u32>(slots + ((<usize>slot) << 2));
    if (known == 0) break;
    const entry = entries + ((<usize>(known - 1)) << 4);
    if (load<u64>(entry) == hash) {
      const text = data + load<usize>(entry, 8);
      if (load<u32>(text) == <u32>length && same(text + 4, at, length)) return known - 1;
    }
    slot = (slot + 1) & mask;
  }
  const number = count++;
  store<u32>(slots + ((<usize>slot) << 2), number + 1);
  const entry = entries + ((<usize>number) << 4);
  store<u64>(entry, hash);
  store<usize>(entry, used, 8);
  const end = (used + 4 + length + 3) & ~3;
  // And room to be read past its end.
  if (end + 8 > dataRoom) {
    const larger = heap.alloc(end * 2);
    memory.copy(larger, data, used);
    data = larger;
    dataRoom = end * 2;
  }
  store<u32>(data + used, <u32>length);
  memory.copy(data + used + 4, at, length);
  used = end;
  if (count == room) grow();
  return number;
}

function grow(): void {
  const larger = heap.alloc((<usize>room) << 5);
  memory.copy(larger, entries, (<usize>room) << 4);
  entries = larger;
  room <<= 1;
  slots = heap.alloc((<usize>room) << 3);
  memory.fill(slots, 0, (<usize>room) << 3);
  const mask = (room << 1) - 1;
  for (let number: u32 = 0; number < count; number++) {
    let slot = <u32>load<u64>(entries + ((<usize>number) << 4)) & mask;
    while (load<u32>(slots + ((<usize>slot) << 2)) != 0) slot = (slot + 1) & mask;
    store<u32>(slots + ((<usize>slot) << 2), number + 1);
  }
}
