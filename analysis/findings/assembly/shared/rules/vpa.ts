/** VPA's histogram. */

import { SLOT, u16At, f64At, put } from "./places";

/**
 * Adds averages of five minutes to VPA's histogram, each as the minutes it stands for.
 * @param steps the bucket in which each 1,024 microcores begin; of `stepCount`, then the last
 * @param starts the least microcores of each bucket, as doubles
 * @param factors by slot
 * @param state doubles: the total, the first and the last bucket of weight
 * @returns minutes
 */
export function vpaCpu(
  cpu: usize,
  slot: usize,
  seconds: usize,
  from: usize,
  until: usize,
  steps: usize,
  stepCount: u32,
  bucketCount: u32,
  starts: usize,
  factors: usize,
  factor: f64,
  weight: f64,
  least: f64,
  weights: usize,
  state: usize,
): f64 {
  let total = f64At(state, 0);
  let first = f64At(state, 1) as u32;
  let last = f64At(state, 2) as u32;
  let minutes: u64 = 0;
  for (let i = from; i < until; i++) {
    const observed = u16At(seconds, i);
    const count = observed == SLOT ? 5 : max(1, (observed + 30) / 60);
    const used = load<u32>(cpu + (i << 2));
    const step = used >>> 10;
    let bucket = step < stepCount ? (load<u8>(steps + (step as usize)) as u32) : bucketCount - 1;
    if ((used as f64) >= f64At(starts, (bucket + 1) as usize)) bucket++;
    const added = weight * (count as f64) * factor * f64At(factors, u16At(slot, i) as usize);
    const sum = f64At(weights, bucket as usize) + added;
    put(weights, bucket as usize, sum);
    total += added;
    minutes += count as u64;
    if (sum < least) continue;
    first = min(first, bucket);
    last = max(last, bucket);
  }
  put(state, 0, total);
  put(state, 1, first as f64);
  put(state, 2, last as f64);
  return minutes as f64;
}
