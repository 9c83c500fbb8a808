/**
 * What Robusta KRR would say, by its strategies `simple` and `simple_limit` (robusta_krr/strategies at
 * d6baa74, defaults): 14 days; CPU is the highest of the pods' 95th percentiles (`simple`), or the 66th
 * and 96th of all pods' samples together (`simple_limit`); memory the highest use and 15 %. Percentiles
 * are interpolated linearly at rank p · (n − 1), as Prometheus and numpy do. KRR samples every 75
 * seconds; a five-minute average stands for as many of its points as it holds.
 */

export const KRR_DAYS = 14;
const POINT_SECONDS = 75;
const POINTS_REQUIRED = 100;
/** Of its points, how many an average of five minutes stands for. */
export const POINTS_OF_SAMPLE = 300 / POINT_SECONDS;
const MIB = 1_048_576;
const FLOOR = { cpu: 10_000, memory: 100 * MIB };

export type KrrUnknown = "no-data" | "not-enough-data" | "hpa";

export interface KrrPod {
  /** Its 95th percentile, microcores; interpolated. */
  p95: number;
  /** Bytes. */
  memory: number;
  seconds: number;
}

export interface KrrAnswer {
  /** Microcores and bytes; null with a reason. Memory is request and limit, CPU has no limit. */
  cpu: number | null;
  memory: number | null;
  cpuUnknown: KrrUnknown | null;
  memoryUnknown: KrrUnknown | null;
}

/** KRR's answer for one container. `hpa`: an HPA with a utilisation target of that resource. */
export function krrSimple(
  pods: readonly KrrPod[],
  hpa: { cpu: boolean; memory: boolean },
): KrrAnswer {
  const points = pods.reduce((sum, pod) => sum + Math.floor(pod.seconds / POINT_SECONDS), 0);
  const unknown = (scaled: boolean): KrrUnknown | null =>
    pods.length === 0
      ? "no-data"
      : points < POINTS_REQUIRED
        ? "not-enough-data"
        : scaled
          ? "hpa"
          : null;
  const cpuUnknown = unknown(hpa.cpu);
  const memoryUnknown = unknown(hpa.memory);
  const highest = (of: (pod: KrrPod) => number) =>
    pods.reduce((most, pod) => Math.max(most, of(pod)), 0);
  return {
    cpu: cpuUnknown === null ? krrCpu(highest((pod) => pod.p95)) : null,
    memory: memoryUnknown === null ? krrMemory(highest((pod) => pod.memory)) : null,
    cpuUnknown,
    memoryUnknown,
  };
}

/**
 * `simple_limit`'s CPU request and limit; null under the same conditions as `krrSimple`'s.
 * @param interpolated a percentile of all pods' samples together, from 0 to 1
 */
export function krrSimpleLimit(
  interpolated: (p: number) => number,
  answered: boolean,
): { request: number; limit: number } | null {
  if (!answered) return null;
  return { request: krrCpu(interpolated(0.66)), limit: krrCpu(interpolated(0.96)) };
}

/** Up to whole millicores, at least 10. */
export function krrCpu(microcores: number): number {
  // What is a thousandth of a microcore over is the last bit of a product, not use.
  return Math.max(Math.ceil(microcores / 1000 - 1e-6) * 1000, FLOOR.cpu);
}

/** 15 % on top, up to whole MiB, at least 100. */
export function krrMemory(bytes: number): number {
  return Math.max(Math.ceil((bytes * 115) / (100 * MIB)) * MIB, FLOOR.memory);
}
