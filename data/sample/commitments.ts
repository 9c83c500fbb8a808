import { parse } from "./decimal.ts";
import type { Commitment, Subscription } from "./model.ts";
import { meter, price } from "./prices.ts";
import { guid } from "./random.ts";

interface Terms {
  readonly name: string;
  readonly orderName: string;
  readonly kind: Commitment["kind"];
  readonly meter: string;
  readonly price: string;
  /** Covered units a day. */
  readonly units: string;
  readonly monthly: string;
  readonly purchaseDay: number;
  readonly owner: string;
  readonly subscription: Subscription;
}

/** Makes a commitment; `price`, `units` and `monthly` are plain decimals. */
export function commitment(terms: Terms): Commitment {
  const order = guid(`order ${terms.name}`);
  const own = guid(`commitment ${terms.name}`);
  const id =
    terms.kind === "Reservation"
      ? `/providers/Microsoft.Capacity/reservationOrders/${order}/reservations/${own}`
      : `/providers/Microsoft.BillingBenefits/savingsPlanOrders/${order}/savingsPlans/${own}`;
  const unit = price(terms.price);
  return {
    id,
    order,
    name: terms.name,
    orderName: terms.orderName,
    kind: terms.kind,
    meter: meter(terms.meter),
    price: unit,
    daily: unit * parse(terms.units, 8),
    monthly: parse(terms.monthly, 18),
    purchaseDay: terms.purchaseDay,
    owner: terms.owner,
    subscription: terms.subscription,
  };
}
