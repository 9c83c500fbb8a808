import { createHash } from "node:crypto";

/** A 32-bit seed of a name. Everything random hangs on a name, so that one resource more changes no other. */
export function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash ^= name.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return mix(hash >>> 0, 0x9e3779b9);
}

/** A well-mixed unsigned 32-bit number of a seed and a counter. */
export function mix(seed: number, counter: number): number {
  let value = (seed ^ Math.imul(counter + 0x7f4a7c15, 0x85ebca6b)) >>> 0;
  value = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  value = Math.imul(value ^ (value >>> 15), 0x735a2d97);
  return (value ^ (value >>> 15)) >>> 0;
}

/** A whole number from 0 to below `bound` that belongs to a name. */
export function pick(name: string, bound: number): number {
  return seedOf(name) % bound;
}

/** The element of a list that belongs to a name. Throws on an empty list. */
export function choose<T>(name: string, list: readonly T[]): T {
  const item = list[pick(name, list.length)];
  if (item === undefined) throw new RangeError(`nothing to choose from for ${name}`);
  return item;
}

/** Lower-case hexadecimal digits (at most 64) that belong to a name. */
export function hex(name: string, length: number): string {
  return createHash("sha256").update(name).digest("hex").slice(0, length);
}

/** A version-4 shaped GUID that belongs to a name. */
export function guid(name: string): string {
  const digits = hex(name, 32);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`;
}

/** `length` decimal digits that belong to a name. */
export function digits(name: string, length: number): string {
  return String(pick(name, 10 ** length)).padStart(length, "0");
}
