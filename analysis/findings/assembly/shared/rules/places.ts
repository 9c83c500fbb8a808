/** Numbers where they lie, by their place in a column. */

export const HOUR_SLOTS: u32 = 12;
/** Seconds of a slot. */
export const SLOT: u32 = 300;

export function u16At(at: usize, index: usize): u32 {
  return load<u16>(at + (index << 1)) as u32;
}

export function f64At(at: usize, index: usize): f64 {
  return load<f64>(at + (index << 3));
}

export function put(at: usize, index: usize, value: f64): void {
  store<f64>(at + (index << 3), value);
}

export function add(at: usize, index: usize, value: f64): void {
  put(at, index, f64At(at, index) + value);
}

export function raise(at: usize, index: usize, value: f64): void {
  if (value > f64At(at, index)) put(at, index, value);
}
