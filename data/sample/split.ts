/** Shares of a whole: whole numbers by consumer, in the order of their keys. */
export interface Weights {
  readonly keys: readonly string[];
  readonly parts: readonly bigint[];
  readonly sum: bigint;
}

/** Puts weights in the order of their keys; those of nothing are left out. */
export function weights(of: ReadonlyMap<string, bigint>): Weights {
  const entries = [...of]
    .filter(([, part]) => part > 0n)
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    keys: entries.map(([key]) => key),
    parts: entries.map(([, part]) => part),
    sum: entries.reduce((sum, [, part]) => sum + part, 0n),
  };
}

/**
 * Splits a whole number exactly: each part rounded down, what is left over one by one to the largest remainders, equal
 * ones in the order of the keys; the sign is put back afterwards. Throws when there is no weight at all.
 */
export function split(amount: bigint, by: Weights): bigint[] {
  if (by.sum <= 0n) throw new RangeError("nothing to split by");
  const whole = amount < 0n ? -amount : amount;
  const shares: bigint[] = [];
  const rests: { index: number; rest: bigint }[] = [];
  let left = whole;
  by.parts.forEach((part, index) => {
    const product = whole * part;
    const share = product / by.sum;
    shares.push(share);
    left -= share;
    rests.push({ index, rest: product - share * by.sum });
  });
  rests.sort((a, b) => (a.rest === b.rest ? a.index - b.index : a.rest > b.rest ? -1 : 1));
  for (const { index } of rests.slice(0, Number(left))) shares[index] = (shares[index] ?? 0n) + 1n;
  return amount < 0n ? shares.map((share) => -share) : shares;
}
