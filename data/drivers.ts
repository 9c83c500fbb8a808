import { printable } from "./errors.ts";

/** A cell that was read, or why it was not. */
export type Read<T> = { value: T } | { reason: string };

/** How a driver may be called, in a file and in the configuration. */
export const DRIVER_NAME = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$";

/** A cell as an error shows it. */
export const shownCell = (text: string) => `"${printable(text.slice(0, 80))}"`;

const DECIMAL = /^\+?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;
const NOT_A_NUMBER = /^[+-]?(nan|inf|infinity)$/i;
/** Digits after the point that a stored quantity has. */
const DIGITS = 6;
const MOST = 10n ** 18n;

/**
 * A quantity as millionths, rounded half away from zero; exact from its decimal text, whatever its
 * length. At most 10^12, so that no sum of an hour's rows leaves the column.
 */
export function readQuantity(text: string): Read<bigint> {
  if (NOT_A_NUMBER.test(text))
    return { reason: `the quantity is ${shownCell(text)}, not a number` };
  if (text.startsWith("-") && DECIMAL.test(text.slice(1)))
    return { reason: `the quantity ${shownCell(text)} is negative` };
  const match = DECIMAL.exec(text);
  const [, whole = "", fraction = "", exponent = "0"] = match ?? [];
  if (match === null || (whole === "" && fraction === ""))
    return {
      reason: `the quantity ${shownCell(text)} is not a number; write it plainly, with a point`,
    };
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  // What the digits are to be multiplied by is 10^shift.
  const shift = Number(exponent) - fraction.length + DIGITS;
  if (digits === "") return { value: 0n };
  const length = digits.length + shift;
  if (length > 19) return tooLarge(text);
  if (length < 0) return { value: 0n };
  const kept = shift >= 0 ? digits + "0".repeat(shift) : digits.slice(0, length);
  const isHalf = shift < 0 && (digits[length] ?? "0") >= "5";
  const value = BigInt(kept === "" ? "0" : kept) + (isHalf ? 1n : 0n);
  return value > MOST ? tooLarge(text) : { value };
}

function tooLarge(text: string): Read<never> {
  return { reason: `the quantity ${shownCell(text)} is over 10^12; count in a larger unit` };
}

const TEAM = /^team:([A-Za-z0-9][A-Za-z0-9._-]{0,62})$/;
const NAMESPACE = /^namespace:([^/]{1,100})\/([a-zA-Z0-9][a-zA-Z0-9.-]{0,252})$/;
const RESOURCE = /^\/(subscriptions|providers)\/[^/].*$/i;

/**
 * Who a quantity is of: `team:ID`, `namespace:CLUSTER/NS` or a resource id. Ids of resources and
 * names of namespaces come in lower case, as they are compared.
 */
export function readConsumer(text: string): Read<string> {
  const wanted = "write team:ID, namespace:CLUSTER/NS or a resource id (/subscriptions/…)";
  if (text === "") return { reason: `there is no consumer; ${wanted}` };
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(text))
    return { reason: `the consumer ${shownCell(text)} holds a control character` };
  if (text.length > 2_000) return { reason: `the consumer is ${text.length} characters long` };
  if (TEAM.test(text)) return { value: text };
  const namespace = NAMESPACE.exec(text);
  if (namespace !== null)
    return { value: `namespace:${namespace[1] ?? ""}/${(namespace[2] ?? "").toLowerCase()}` };
  if (RESOURCE.test(text)) return { value: text.toLowerCase().replace(/\/+$/, "") };
  return { reason: `the consumer ${shownCell(text)} is of no known shape; ${wanted}` };
}
