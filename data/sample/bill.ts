import type { Day, Month } from "./calendar.ts";
import { money, plain, type Money, ZERO } from "./decimal.ts";
import type { Charge, Commitment, Estate, Line, Use } from "./model.ts";
import { mix } from "./random.ts";
import { COMMITMENT_UNUSED } from "./teams.ts";

/** Which prices a bill states. `payg` and `legacy` know no list and contracted cost. */
export type Agreement = "focus" | "legacy" | "payg";

/** What the bill said at first, and what a later run corrected it to. */
export type Version = "first" | "final";

const HOUR = 100_000_000n;
const DAY_HOURS = 24n * HOUR;

interface Standing {
  readonly usage: Charge;
  readonly covered: Charge | null;
}

/** Makes the usage lines of a month, day by day. Keeps what commitments covered, and writes what they did not. */
export class Bill {
  readonly #estate: Estate;
  readonly #agreement: Agreement;
  readonly #charges: Standing[];
  readonly #unused: Map<Commitment, Charge>;

  constructor(estate: Estate, agreement: Agreement) {
    this.#estate = estate;
    this.#agreement = agreement;
    this.#charges = estate.uses.map((use) => standing(use));
    this.#unused = new Map(
      estate.commitments.map((commitment) => [commitment, unusedCharge(commitment)]),
    );
  }

  /** The lines of a day. `version` first gives the estimates that month's end was first billed with. */
  day(day: Day, month: Month, version: Version): Line[] {
    const lines: Line[] = [];
    const covered = new Map<Commitment, bigint>();
    const estimated = version === "first" && day.date > month.end.slice(0, 8) + "26";
    this.#estate.uses.forEach((use, index) => {
      const charges = this.#charges[index];
      const random = mix(use.seed, day.number);
      if (charges === undefined || !runs(use, day, random)) return;
      // Late usage: a few lines come only with the restatement.
      if (estimated && random % 331 === 7) return;
      const quantity = amountOf(use, day, random, estimated);
      const parts = use.hours?.(day) ?? partsOf(use, quantity, random);
      for (const part of parts) {
        const line = this.#usage(use, charges, part, day.date, random);
        if (line.charge.kind === "covered" && use.commitment !== undefined) {
          covered.set(use.commitment, (covered.get(use.commitment) ?? 0n) + line.effective.value);
        }
        lines.push(line);
        if (use.twins === true && random % 83 === 11) lines.push(line);
      }
    });
    for (const commitment of this.#estate.commitments) {
      const unused = commitment.daily - (covered.get(commitment) ?? 0n);
      const charge = this.#unused.get(commitment);
      if (unused > 0n && charge !== undefined)
        lines.push(this.#unusedLine(charge, commitment, unused, day.date));
      if (day.dayOfMonth === commitment.purchaseDay)
        lines.push(this.#purchase(commitment, day.date));
    }
    return lines;
  }

  #usage(use: Use, charges: Standing, quantity: bigint, date: string, random: number): Line {
    const stated = this.#agreement === "focus";
    if (charges.covered !== null && use.commitment !== undefined) {
      return {
        charge: charges.covered,
        date,
        quantity,
        billed: ZERO,
        effective: money(quantity * use.commitment.price),
        list: stated ? money(quantity * use.meter.list) : null,
        contracted: stated ? money(quantity * use.meter.contracted) : null,
      };
    }
    // Ten more digits than a ledger keeps: quantity to 1e-22, and six decimals of a price.
    const extra = use.long === true ? BigInt(mix(random, 1)) * 20_014n + 1n : 0n;
    const scale = use.long === true ? 32 : 18;
    const fine = use.long === true ? quantity * 100_000_000_000_000n + extra : quantity;
    const withExponent = random % 16 === 3 && quantity * use.meter.list < 100_000_000_000_000n;
    const price = this.#agreement === "payg" ? use.meter.list : use.meter.contracted;
    const paid = money(fine * price, scale, withExponent);
    return {
      charge: charges.usage,
      date,
      quantity,
      billed: paid,
      effective: paid,
      list: stated ? money(fine * use.meter.list, scale, withExponent) : null,
      contracted: stated ? paid : null,
    };
  }

  #unusedLine(charge: Charge, commitment: Commitment, amount: bigint, date: string): Line {
    const stated: Money | null = this.#agreement === "focus" ? ZERO : null;
    return {
      charge,
      date,
      quantity: amount / commitment.price,
      billed: ZERO,
      effective: money(amount),
      list: stated,
      contracted: stated,
    };
  }

  #purchase(commitment: Commitment, date: string): Line {
    const paid = money(commitment.monthly);
    const stated = this.#agreement === "focus" ? paid : null;
    const charge: Charge = {
      kind: "purchase",
      meter: commitment.meter,
      description: commitment.orderName,
      casing: "as-is",
      details: "",
      owner: commitment.owner,
      commitment,
    };
    return {
      charge,
      date,
      quantity: HOUR,
      billed: paid,
      effective: ZERO,
      list: stated,
      contracted: stated,
    };
  }
}

function standing(use: Use): Standing {
  const { meter, resource, commitment } = use;
  const usage: Charge = {
    kind: "usage",
    meter,
    description: `${meter.category} - ${meter.subcategory} - ${meter.name} - EU West`,
    casing: use.casing,
    details: use.details,
    owner: use.owner ?? resource.owner,
    resource,
    ...(use.part === undefined ? {} : { part: use.part }),
  };
  return {
    usage,
    covered: commitment === undefined ? null : { ...usage, kind: "covered", commitment },
  };
}

function unusedCharge(commitment: Commitment): Charge {
  return {
    kind: "unused",
    meter: commitment.meter,
    description: `${commitment.orderName} - Unused`,
    casing: "lower",
    details: "",
    owner: COMMITMENT_UNUSED,
    commitment,
  };
}

function runs(use: Use, day: Day, random: number): boolean {
  if (use.since !== undefined && day.date < use.since) return false;
  if (use.until !== undefined && day.date >= use.until) return false;
  if (use.idle?.includes(day.weekday) === true) return false;
  if (use.when?.(day) === false) return false;
  return use.chance === undefined || random % 1000 < use.chance;
}

function amountOf(use: Use, day: Day, random: number, estimated: boolean): bigint {
  if (use.noise === 0) return use.quantity;
  let quantity =
    (use.quantity * BigInt(1_000_000 + (random % (2 * use.noise * 1000 + 1)) - use.noise * 1000)) /
    1_000_000n;
  if (day.weekday === 0 || day.weekday === 6) quantity = (quantity * BigInt(use.weekend)) / 1000n;
  if (estimated && random % 5 < 2) quantity = (quantity * 93n) / 100n;
  const step = 10n ** BigInt(8 - use.decimals);
  const rounded = (quantity / step) * step;
  return rounded === 0n ? step : rounded;
}

function partsOf(use: Use, quantity: bigint, random: number): bigint[] {
  if (use.partial !== true || quantity !== DAY_HOURS || random % 17 !== 4) return [quantity];
  const rest = BigInt(100_000 + (mix(random, 2) % 890_000)) * 100n;
  const whole = BigInt(14 + (mix(random, 3) % 10)) * HOUR;
  return [whole, rest];
}

/** A quantity of pricing units as text. */
export function quantityText(quantity: bigint): string {
  return plain(quantity, 8);
}

/** Consumed units of a quantity of pricing units, as text. */
export function consumedText(charge: Charge, quantity: bigint): string {
  return plain(quantity * charge.meter.block, 8);
}
