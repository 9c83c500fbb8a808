import type { Day } from "./calendar.ts";
import type { Money } from "./decimal.ts";

/** A meter of the price list. Prices are counts of 1e-10 of the currency for one pricing unit, which is `block` consumed units. */
export interface Meter {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly subcategory: string;
  readonly family: string;
  readonly service: string;
  readonly serviceCategory: string;
  readonly unit: string;
  readonly pricingUnit: string;
  readonly block: bigint;
  readonly list: bigint;
  readonly contracted: bigint;
}

export interface Subscription {
  readonly id: string;
  readonly name: string;
}

/** How an id is written: Azure mixes all three inside one file. */
export type Casing = "as-is" | "lower" | "upper";

/** Something that is billed. `owner` is who it was made for, before any transfer: a team id or a sentinel. */
export interface Resource {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly group: string;
  readonly subscription: Subscription;
  readonly tags: readonly (readonly [key: string, value: string])[];
  readonly environment: string;
  readonly owner: string;
}

/** A reservation or savings plan. `daily` is what a day of it is worth (1e-18), `price` what a covered unit costs (1e-10). */
export interface Commitment {
  readonly id: string;
  readonly order: string;
  readonly name: string;
  readonly orderName: string;
  readonly kind: "Reservation" | "Savings Plan";
  readonly meter: Meter;
  readonly daily: bigint;
  readonly price: bigint;
  readonly monthly: bigint;
  readonly purchaseDay: number;
  readonly owner: string;
  readonly subscription: Subscription;
}

/**
 * What a line of a cluster pays for, as the generator knows it from having made it: a node (`compute`: its hours),
 * something of a pool that names no node, a volume, the load balancers, one service's address, the way out, the control plane.
 */
export type ClusterPart = { readonly environment: string } & (
  | {
      readonly kind: "node";
      readonly pool: string;
      readonly instance: number;
      readonly compute: boolean;
    }
  | { readonly kind: "pool"; readonly pool: string }
  | { readonly kind: "volume"; readonly volume: string }
  | { readonly kind: "service"; readonly namespace: string; readonly service: string }
  | { readonly kind: "balancer" | "network" | "plane" }
);

/** What one resource uses of one meter every day. `quantity` counts 1e-8 pricing units; `noise` and `weekend` are per mille. */
export interface Use {
  readonly resource: Resource;
  readonly meter: Meter;
  readonly seed: number;
  readonly quantity: bigint;
  readonly noise: number;
  readonly weekend: number;
  /** Decimals of the quantity, at most 8. */
  readonly decimals: number;
  readonly casing: Casing;
  /** JSON with `%Q%` where the consumed quantity of an hour goes, or empty. */
  readonly details: string;
  /** Overrides the resource's owner for this meter: some services have one owner wherever they run. */
  readonly owner?: string;
  readonly commitment?: Commitment;
  /** First day, and first day no longer (dates). */
  readonly since?: string;
  readonly until?: string;
  /** Weekdays (0 is Sunday) without any use. */
  readonly idle?: readonly number[];
  /** Per mille of the days that have a line; default all. */
  readonly chance?: number;
  /** Splits some days into whole hours and a rest, as a VM that restarted. */
  readonly partial?: boolean;
  /** Writes the row twice on some days: two equal lines, both true. */
  readonly twins?: boolean;
  /** Amounts with up to 28 decimals. */
  readonly long?: boolean;
  /** Whether a day has it at all; default every day. */
  readonly when?: (day: Day) => boolean;
  /** The day's quantities, one line each, in place of `quantity`. */
  readonly hours?: (day: Day) => readonly bigint[];
  readonly part?: ClusterPart;
}

export type ChargeKind =
  | "usage"
  | "covered"
  | "unused"
  | "purchase"
  | "marketplace"
  | "refund"
  | "credit"
  | "tax"
  | "rounding";

/** All of a line that does not change from day to day. */
export interface Charge {
  readonly kind: ChargeKind;
  readonly meter: Meter;
  readonly description: string;
  readonly casing: Casing;
  readonly details: string;
  readonly owner: string;
  readonly resource?: Resource;
  readonly commitment?: Commitment;
  readonly publisher?: string;
  readonly part?: ClusterPart;
}

/** A line of a bill. `quantity` counts 1e-8 pricing units; list and contracted are null where the bill does not state them. */
export interface Line {
  readonly charge: Charge;
  readonly date: string;
  readonly quantity: bigint;
  readonly billed: Money;
  readonly effective: Money;
  readonly list: Money | null;
  readonly contracted: Money | null;
}

export interface Estate {
  readonly uses: readonly Use[];
  readonly commitments: readonly Commitment[];
}
