/**
 * Amounts travel as decimal text and are shown from that text: rounded, grouped and compared as
 * integers, so what a person reads is never a float's idea of it.
 */

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?$/;
const SCALE = 18;
const WHOLE = 10n ** BigInt(SCALE);

const MINUS = "\u2212";

export interface AmountStyle {
  /** Decimal places shown; defaults to 2. */
  digits?: number;
  /** BCP 47 tag for separators; defaults to the browser's. */
  locale?: string | undefined;
  /** Writes "+" before what is above zero, as changes want. */
  signed?: boolean;
}

/** Decimal text as a count of 10^-18, or null where it is not plain decimal text. */
export function unitsOf(text: string): bigint | null {
  const match = DECIMAL.exec(text);
  if (match === null) return null;
  const fraction = (match[3] ?? "").slice(0, SCALE).padEnd(SCALE, "0");
  const units = BigInt(`${match[2]}${fraction}`);
  return match[1] === "-" ? -units : units;
}

/** The inverse of `unitsOf`, without trailing zeros. */
export function textOf(units: bigint): string {
  const digits = magnitude(units)
    .toString()
    .padStart(SCALE + 1, "0");
  const fraction = digits.slice(-SCALE).replace(/0+$/, "");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -SCALE)}${fraction === "" ? "" : `.${fraction}`}`;
}

/** Σ of decimal texts, exact; what is not an amount counts as nothing. */
export function sumOf(texts: Iterable<string>): string {
  let sum = 0n;
  for (const text of texts) sum += unitsOf(text) ?? 0n;
  return textOf(sum);
}

/** a − b, exact. */
export function minus(a: string, b: string): string {
  return textOf((unitsOf(a) ?? 0n) - (unitsOf(b) ?? 0n));
}

/** Order of two amounts, for sorting. */
export function compareAmounts(a: string, b: string): number {
  const difference = (unitsOf(a) ?? 0n) - (unitsOf(b) ?? 0n);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Whether the amount is exactly nothing. */
export function isZero(text: string): boolean {
  return unitsOf(text) === 0n;
}

/** Whether the amount is below nothing. */
export function isNegative(text: string): boolean {
  return (unitsOf(text) ?? 0n) < 0n;
}

/** An amount as people read it: `12345.678` is `12,345.68`. Text that is no amount comes back as it is. */
export function formatAmount(text: string, style: AmountStyle = {}): string {
  const units = unitsOf(text);
  if (units === null) return text;
  const digits = style.digits ?? 2;
  const rounded = roundTo(units, digits);
  const separators = separatorsOf(style.locale);
  const plain = magnitude(rounded)
    .toString()
    .padStart(digits + 1, "0");
  const whole = plain.slice(0, plain.length - digits);
  const fraction = digits === 0 ? "" : separators.decimal + plain.slice(-digits);
  const sign = rounded < 0n ? MINUS : style.signed === true && rounded > 0n ? "+" : "";
  return sign + separators.integer.format(BigInt(whole)) + fraction;
}

/** A short form for chart labels, three figures or so: `412.3k`, `1.28M`, `56`. */
export function formatCompact(text: string, locale?: string): string {
  const units = unitsOf(text);
  if (units === null) return text;
  const size = magnitude(units);
  for (const [suffix, power] of [
    ["bn", 9],
    ["M", 6],
    ["k", 3],
  ] as const) {
    const step = WHOLE * 10n ** BigInt(power);
    // 999,500 and up reads as 1.00M, never as 1000k.
    if (size * 2000n < step * 1999n) continue;
    const digits = size >= step * 100n ? 0 : size >= step * 10n ? 1 : 2;
    const scaled = textOf(divideRounded(units, 10n ** BigInt(power)));
    return formatAmount(scaled, { digits, locale }) + suffix;
  }
  const digits = size === 0n || size >= WHOLE * 100n ? 0 : size >= WHOLE * 10n ? 1 : 2;
  return formatAmount(text, { digits, locale });
}

/** Change in percent of what was, `+3.1%`; null where there was nothing to compare with. */
export function formatPercentChange(
  now: string,
  before: string | null,
  locale?: string,
): string | null {
  const was = before === null ? null : unitsOf(before);
  const is = unitsOf(now);
  if (was === null || is === null || was === 0n) return null;
  const percent = ((is - was) * 100n * WHOLE) / magnitude(was);
  if (magnitude(percent) >= 1000n * WHOLE) {
    return is - was > 0n ? ">+999%" : `<${MINUS}999%`;
  }
  const digits = magnitude(percent) >= 100n * WHOLE ? 0 : 1;
  return `${formatAmount(textOf(percent), { digits, locale, signed: true })}%`;
}

/** A part of a whole, `12.4%`; empty where the whole is nothing. */
export function formatShare(part: string, whole: string, locale?: string): string {
  const base = unitsOf(whole) ?? 0n;
  if (base === 0n) return "";
  const percent = ((unitsOf(part) ?? 0n) * 100n * WHOLE) / base;
  return `${formatAmount(textOf(percent), { digits: 1, locale })}%`;
}

/**
 * Whether a change deserves a colour: at least 5 % of what was and 1 % of the page's whole. Anything
 * smaller in red teaches people to look away.
 */
export function matters(now: string, before: string | null, whole: string): boolean {
  if (before === null) return false;
  const was = unitsOf(before) ?? 0n;
  const change = magnitude((unitsOf(now) ?? 0n) - was);
  if (change === 0n) return false;
  const base = magnitude(unitsOf(whole) ?? 0n);
  return change * 20n >= magnitude(was) && change * 100n >= base;
}

/** Decimal places one column of amounts needs: whole units once any of it reaches 10,000. */
export function digitsFor(amounts: Iterable<string>, currency: string | null): number {
  const natural = currencyDigits(currency);
  for (const amount of amounts) {
    if (magnitude(unitsOf(amount) ?? 0n) >= 10_000n * WHOLE) return 0;
  }
  return natural;
}

/** Decimal places a currency is written with: 2 for EUR, 0 for JPY. */
export function currencyDigits(currency: string | null): number {
  if (currency === null || !/^[A-Z]{3}$/.test(currency)) return 2;
  const options = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions();
  return options.maximumFractionDigits ?? 2;
}

/** A count, grouped: 12,345. */
export function formatCount(count: number, locale?: string): string {
  return separatorsOf(locale).integer.format(count);
}

/**
 * The one place where an amount becomes a number: how long a mark is. A pixel forgives the float;
 * no text is ever made from it.
 */
export function markLength(text: string): number {
  const length = Number(text);
  return Number.isFinite(length) ? length : 0;
}

function magnitude(units: bigint): bigint {
  return units < 0n ? -units : units;
}

/** Half away from zero, as invoices round. */
function roundTo(units: bigint, digits: number): bigint {
  return divideRounded(units, 10n ** BigInt(SCALE - digits));
}

function divideRounded(value: bigint, divisor: bigint): bigint {
  const half = divisor / 2n;
  return value < 0n ? -((-value + half) / divisor) : (value + half) / divisor;
}

interface Separators {
  decimal: string;
  integer: Intl.NumberFormat;
}

const known = new Map<string, Separators>();

function separatorsOf(locale: string | undefined): Separators {
  const name = locale ?? "";
  const found = known.get(name);
  if (found !== undefined) return found;
  // Latin digits whatever the locale: the exact value beside it is in Latin digits too.
  const options = { numberingSystem: "latn", maximumFractionDigits: 0 };
  const decimal = new Intl.NumberFormat(locale, {
    numberingSystem: "latn",
    minimumFractionDigits: 1,
  })
    .formatToParts(1.5)
    .find((part) => part.type === "decimal");
  const made = { decimal: decimal?.value ?? ".", integer: new Intl.NumberFormat(locale, options) };
  known.set(name, made);
  return made;
}
