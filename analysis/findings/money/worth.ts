/**
 * What findings are worth, in integers of 10^-18 of a currency: no amount passes through a float.
 * A month of money is the last 30 days of the bill, as billed and not scaled.
 */

/** A node pool over the window, in one currency. */
export interface PoolCost {
  /** Effective cost of its nodes, after commitments, while they were measured. */
  cost: bigint;
  /** Σ over its nodes' seconds of capacity × weight: what that cost bought. */
  value: bigint;
  /** The part of the cost that is paid by the hour and ends with a node. */
  hourly: bigint;
  /** Node-seconds billed by the hour; a commitment covers the others, used or not. */
  hourlySeconds: bigint;
  /** Seconds of the window that the pool was billed in. */
  seconds: bigint;
}

/**
 * Paper saving of a smaller request: its value (capacity units × weight × seconds) at what the pool
 * really cost for each. Rounded down; 0 where the change gives nothing back.
 */
export function paperOf(pool: PoolCost, value: bigint): bigint {
  if (value <= 0n || pool.value <= 0n || pool.cost <= 0n) return 0n;
  return (pool.cost * min(value, pool.value)) / pool.value;
}

/**
 * What so many nodes less would have saved over the window. Commitments already paid save nothing and
 * move to the nodes that stay, so only node time billed by the hour counts, at its average price: nodes
 * of a pool are of one size.
 */
export function releasedBy(pool: PoolCost, nodes: number): bigint {
  if (nodes <= 0 || pool.hourlySeconds <= 0n || pool.hourly <= 0n) return 0n;
  const gone = min(BigInt(nodes) * pool.seconds, pool.hourlySeconds);
  return (pool.hourly * gone) / pool.hourlySeconds;
}

/**
 * Divides what a pool releases over the findings that release it, by their paper saving. The parts add
 * up to the smaller of the released and all paper, and none is above its own paper.
 */
export function sharedOut(released: bigint, papers: readonly bigint[]): bigint[] {
  const all = papers.reduce((sum, paper) => sum + paper, 0n);
  if (all === 0n) return papers.map(() => 0n);
  const whole = min(released, all);
  let running = 0n;
  let given = 0n;
  return papers.map((paper) => {
    running += paper;
    const upTo = (whole * running) / all;
    const part = upTo - given;
    given = upTo;
    return part;
  });
}

export function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
