import type { Casing, Charge, Resource } from "./model.ts";
import { quantityText } from "./bill.ts";

const HOUR = 100_000_000n;

/** An ARM id or name the way a file spells it. */
export function spelled(text: string, casing: Casing): string {
  if (casing === "lower") return text.toLowerCase();
  return casing === "upper" ? text.toUpperCase() : text;
}

/** The resource id a line is about: a resource's, else a commitment's, else none. */
export function resourceIdOf(charge: Charge): string {
  return charge.resource?.id ?? charge.commitment?.id ?? "";
}

/** Tags as JSON with braces; nothing when there are none. */
export function tagsJson(resource: Resource | undefined): string {
  if (resource === undefined || resource.tags.length === 0) return "";
  return `{${resource.tags.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
}

/** Tags as an enterprise enrolment writes them: JSON that lost its braces. */
export function tagsBare(resource: Resource | undefined): string {
  return (
    resource?.tags
      .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
      .join(",") ?? ""
  );
}

/** The `ConsumedQuantity` of a machine's details: 1.0 for whole hours, else the part of an hour. */
export function consumedOfHour(quantity: bigint): string {
  return quantity < HOUR ? quantityText(quantity) : "1.0";
}

/** The day after a date, both `YYYY-MM-DD`. */
export function dayAfter(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

/** `2026-08-31` as `08/31/2026`. */
export function american(date: string): string {
  return `${date.slice(5, 7)}/${date.slice(8)}/${date.slice(0, 4)}`;
}
