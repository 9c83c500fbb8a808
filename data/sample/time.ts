/** Seconds of a day and of a bucket: within a bucket the rate of CPU use and the memory in use do not change. */
export const DAY = 86_400;
export const BUCKET = 300;

/** Epoch seconds of a UTC time such as `2026-08-11T09:10`. */
export function at(text: string): number {
  return Date.parse(`${text}:00Z`) / 1000;
}
