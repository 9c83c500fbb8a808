/**
 * JSON whose numbers keep the digits they were sent with. A double holds 15 of them surely; a total
 * that went through one is no longer the provider's.
 */

/** A number of a JSON text, as written. */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

// TypeScript's library does not know the reviver's third argument yet.
const parse = JSON.parse as (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown;

/** `JSON.parse` with every number as a `JsonNumber`; throws a SyntaxError like it. */
export function parseExact(text: string): unknown {
  return parse(text.replace(/^\ufeff/, ""), (_key, value, context) =>
    typeof value === "number" ? new JsonNumber(context.source ?? "") : value,
  );
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
// Any double fits; an exponent of millions would be a text of millions of zeros.
const MAX_EXPONENT = 400;

/** The same number without an exponent, no digit added or lost; null where it is no number. */
export function decimalText(source: string): string | null {
  const match = NUMBER.exec(source);
  if (match === null) return null;
  const [, sign = "", whole = "", fraction = "", exponentText] = match;
  if (!/[1-9]/.test(whole + fraction)) return "0";
  if (exponentText === undefined) return source;
  const exponent = Number(exponentText);
  if (!(Math.abs(exponent) <= MAX_EXPONENT)) return null;
  const point = whole.length + exponent;
  const digits = (whole + fraction)
    .padStart(whole.length + fraction.length + Math.max(0, 1 - point), "0")
    .padEnd(Math.max(0, point), "0");
  const cut = Math.max(1, point);
  const integer = digits.slice(0, cut).replace(/^0+(?=\d)/, "");
  const rest = digits.slice(cut);
  return `${sign}${integer}${rest === "" ? "" : `.${rest}`}`;
}

/** Σ of decimal texts, exact whatever their number of decimals; a single one stays as written. */
export function sumTexts(amounts: readonly string[]): string {
  const [only] = amounts;
  if (amounts.length === 1 && only !== undefined) return only;
  const scale = amounts.reduce((most, amount) => Math.max(most, fractionOf(amount).length), 0);
  let sum = 0n;
  for (const amount of amounts)
    sum += BigInt((amount.split(".", 1)[0] ?? "") + fractionOf(amount).padEnd(scale, "0"));
  const digits = (sum < 0n ? -sum : sum).toString().padStart(scale + 1, "0");
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  return `${sum < 0n ? "-" : ""}${digits.slice(0, digits.length - scale)}${fraction === "" ? "" : `.${fraction}`}`;
}

function fractionOf(amount: string): string {
  return amount.split(".", 2)[1] ?? "";
}
