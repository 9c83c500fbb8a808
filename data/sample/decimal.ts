/** Money without floats: BigInt counts of 1e-18, and the exact text that stands in a file for it. */

/** An amount as the provider wrote it (`text`) and as a ledger keeps it (`value`, in 1e-18, rounded half away from zero). */
export interface Money {
  readonly value: bigint;
  readonly text: string;
}

const POWERS = Array.from({ length: 40 }, (_, power) => 10n ** BigInt(power));

export const ZERO: Money = { value: 0n, text: "0" };

/** 10^power, power 0 to 39. */
export function power10(power: number): bigint {
  const value = POWERS[power];
  if (value === undefined) throw new RangeError(`power of ten out of range: ${power}`);
  return value;
}

/** Reads a plain decimal such as `-12.034` as a count of 10^-scale. Throws when it is not one, or has more decimals than that. */
export function parse(text: string, scale: number): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  const decimals = match?.[3] ?? "";
  if (match === null || decimals.length > scale)
    throw new RangeError(`not a decimal of scale ${scale}: ${text}`);
  const digits = BigInt((match[2] ?? "") + decimals.padEnd(scale, "0"));
  return match[1] === "-" ? -digits : digits;
}

/** Divides, rounding half away from zero; the divisor is positive. */
export function divide(value: bigint, divisor: bigint): bigint {
  const half = divisor / 2n;
  return value < 0n ? -((-value + half) / divisor) : (value + half) / divisor;
}

/** Writes a count of 10^-scale as a plain decimal without trailing zeros. */
export function plain(value: bigint, scale: number): string {
  if (value === 0n) return "0";
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  let end = digits.length;
  while (end > whole.length && digits.charCodeAt(end - 1) === 48) end--;
  const text = end === whole.length ? whole : `${whole}.${digits.slice(whole.length, end)}`;
  return negative ? `-${text}` : text;
}

/** Writes a count of 1e-18 with exactly 18 decimals. */
export function fixed18(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(19, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -18)}.${digits.slice(-18)}`;
}

/** Writes a count of 10^-scale with an exponent (`5.64902E-05`), as Azure does for some small amounts. */
export function exponent(value: bigint, scale: number): string {
  if (value === 0n) return "0";
  const digits = (value < 0n ? -value : value).toString();
  const power = digits.length - 1 - scale;
  const tail = digits.slice(1).replace(/0+$/, "");
  const mantissa = `${value < 0n ? "-" : ""}${digits.slice(0, 1)}${tail === "" ? "" : `.${tail}`}`;
  return `${mantissa}E${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** Money from a count of 10^-scale; past 18 decimals the value is rounded, the text is not. */
export function money(value: bigint, scale = 18, withExponent = false): Money {
  const text = withExponent ? exponent(value, scale) : plain(value, scale);
  if (scale === 18) return { value, text };
  return {
    value: scale > 18 ? divide(value, power10(scale - 18)) : value * power10(18 - scale),
    text,
  };
}
