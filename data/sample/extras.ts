import type { Day, Month } from "./calendar.ts";
import type { Version } from "./bill.ts";
import { money, type Money, parse } from "./decimal.ts";
import { resource } from "./build.ts";
import { SUBSCRIPTIONS } from "./estate.ts";
import type { Charge, ChargeKind, Line, Meter, Resource } from "./model.ts";
import { bareMeter, meter } from "./prices.ts";
import { UNOWNED } from "./teams.ts";

const ONE = 100_000_000n;

interface Extra {
  readonly kind: ChargeKind;
  readonly meter: Meter;
  readonly amount: string;
  readonly date: string;
  readonly owner: string;
  readonly description: string;
  readonly resource?: Resource;
  readonly publisher?: string;
}

function line(extra: Extra): Line {
  const { amount, date, ...rest } = extra;
  const paid: Money = money(parse(amount, 18));
  const charge: Charge = { ...rest, casing: "as-is", details: "" };
  const stated = extra.kind === "marketplace" ? null : paid;
  return {
    charge,
    date,
    quantity: extra.kind === "refund" || extra.kind === "credit" ? -ONE : ONE,
    billed: paid,
    effective: paid,
    list: stated,
    contracted: stated,
  };
}

const { production, preproduction } = SUBSCRIPTIONS;
const saas = { type: "Microsoft.SaaS/resources", subscription: production };
const mailer = resource({
  ...saas,
  name: "letterdrop-premium",
  group: "rg-documents-production",
  owner: "documents",
  environment: "production",
});
const scanner = resource({
  ...saas,
  name: "codewarden-enterprise",
  group: "rg-security-tools",
  owner: "security",
  environment: "production",
  teamTag: true,
});
const trial = resource({ ...saas, name: "chartly-trial", group: "rg-unsorted", owner: UNOWNED });
const firewall = resource({
  type: "Microsoft.Compute/virtualMachines",
  name: "vm-palisade-fw",
  group: "rg-network-production",
  subscription: production,
  owner: "platform",
  environment: "production",
});
const archive = resource({
  type: "Microsoft.Storage/storageAccounts",
  name: "stdocumentsscans",
  group: "rg-documents-production",
  subscription: production,
  owner: "documents",
  environment: "production",
  teamTag: true,
});
const trialEnvironment = resource({
  type: "Microsoft.ApiManagement/service",
  name: "apim-broker-pilot",
  group: "rg-broker-preproduction",
  subscription: preproduction,
  owner: "broker",
  environment: "preproduction",
});

const offer = (name: string): Meter => bareMeter(name, "SaaS", "SaaS", "Other");

/**
 * The lines of a day that no daily use makes: marketplace offers, refunds, tax and rounding.
 * A refund is billed in one month and may be about a day of the one before.
 */
export function extraLines(day: Day, month: Month, version: Version): Line[] {
  const date = day.date;
  const lines: Line[] = [];
  const add = (extra: Omit<Extra, "date"> & { date?: string }): void => {
    lines.push(line({ date, ...extra }));
  };
  if (day.dayOfMonth === 1) {
    add({
      kind: "marketplace",
      meter: offer("Letterdrop Premium - monthly"),
      amount: "412.5",
      owner: "documents",
      description: "Letterdrop Premium",
      resource: mailer,
      publisher: "Letterdrop GmbH",
    });
    add({
      kind: "marketplace",
      meter: offer("Codewarden Enterprise, 50 seats"),
      amount: "1975",
      owner: "security",
      description: "Codewarden Enterprise",
      resource: scanner,
      publisher: "Codewarden, Inc.",
    });
  }
  if (day.dayOfMonth === 7)
    add({
      kind: "marketplace",
      meter: offer("Chartly trial"),
      amount: "19.99",
      owner: UNOWNED,
      description: 'Chartly "Starter"',
      resource: trial,
      publisher: "Chartly",
    });
  add({
    kind: "marketplace",
    meter: offer("Palisade NGFW - hours"),
    amount: "21.8688",
    owner: "platform",
    description: "Palisade Firewall",
    resource: firewall,
    publisher: "Palisade Networks",
  });
  if (day.dayOfMonth === 20) {
    const charged = date === "2026-08-20" ? "2026-07-30" : `${month.name}-12`;
    add({
      kind: "refund",
      meter: meter("Hot LRS Data Stored"),
      amount: "-37.418205",
      date: charged,
      owner: "documents",
      description: "Correction of storage charged twice",
      resource: archive,
    });
    add({
      kind: "credit",
      meter: meter("Premium Units"),
      amount: "-84.57",
      owner: "broker",
      description: "Credit for an API Management outage",
      resource: trialEnvironment,
    });
  }
  if (date === month.end) {
    add({
      kind: "tax",
      meter: bareMeter("Digital levy", "Tax", "Tax", "Other"),
      amount: "213.07",
      owner: UNOWNED,
      description: "Digital levy",
    });
    add({
      kind: "rounding",
      meter: bareMeter("Rounding", "", "", "Other"),
      amount: "-0.0034127",
      owner: UNOWNED,
      description: "Rounding adjustment",
    });
  }
  // Billed by mistake at first, gone with the restatement.
  if (version === "first" && day.dayOfMonth === 18) {
    add({
      kind: "marketplace",
      meter: offer("Codewarden Enterprise, 50 seats"),
      amount: "98.75",
      owner: "security",
      description: "Codewarden Enterprise, seats added",
      resource: scanner,
      publisher: "Codewarden, Inc.",
    });
  }
  return lines;
}
