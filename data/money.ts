/**
 * Money as text. Arithmetic on amounts belongs to SQL (DECIMAL); what TypeScript needs is to add a
 * few totals and to write them plainly, and both are exact.
 */

const DECIMAL = /^(-?)(\d+)(?:\.(\d*))?$/;
const SCALE = 18;

/** Decimal text to an integer count of 10^-18; throws on anything that is not plain decimal text. */
export function toUnits(text: string): bigint {
  const match = DECIMAL.exec(text);
  const fraction = match?.[3] ?? "";
  if (match === null || fraction.length > SCALE) throw new RangeError(`not an amount: ${text}`);
  const units = BigInt(match[2] + fraction.padEnd(SCALE, "0"));
  return match[1] === "-" ? -units : units;
}

/** The inverse of `toUnits`, without trailing zeros: `1.5`, `-0.000001`, `0`. */
export function fromUnits(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(SCALE + 1, "0");
  const fraction = digits.slice(-SCALE).replace(/0+$/, "");
  const sign = units < 0n ? "-" : "";
  return `${sign}${digits.slice(0, -SCALE)}${fraction === "" ? "" : `.${fraction}`}`;
}

/** Σ of decimal texts, exact. */
export function addAmounts(amounts: Iterable<string>): string {
  let sum = 0n;
  for (const amount of amounts) sum += toUnits(amount);
  return fromUnits(sum);
}

/** A decimal text without trailing zeros; `1.500000000000000000` becomes `1.5`. */
export function plainAmount(text: string): string {
  return fromUnits(toUnits(text));
}
