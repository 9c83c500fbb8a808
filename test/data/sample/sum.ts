import { join } from "node:path";
import { amount, eachRow, type Manifest } from "./read.ts";
import type { Rules, Subject } from "./rules.ts";

/** Sums of written cells, in 1e-18. */
export class Total {
  lines = 0;
  billed = 0n;
  effective = 0n;
  list = 0n;
  contracted = 0n;
  listNulls = 0;
  contractedNulls = 0;
}

interface Read extends Subject {
  currency: string;
  date: string;
  environment: string;
  unused: boolean;
  costs: (bigint | null)[];
}

/** Totals of a month and currency, by `total`, `owner …`, `service …`, `environment …` and `day …`. */
export type Book = Map<string, Map<string, Total>>;

/** Reads the CSVs of the given runs and adds them up again; a legacy pair becomes all amortised rows and the purchases of the actual ones. */
export function addUp(
  exportsFolder: string,
  runs: readonly Manifest[],
  rules: Pick<Rules, "owner">,
): Book {
  const books: Book = new Map();
  for (const run of runs) {
    const month = run.runInfo.startDate.slice(0, 7);
    for (const blob of run.blobs) {
      let columns: Map<string, number> | undefined;
      eachRow(join(exportsFolder, blob.blobName), (cells) => {
        if (columns === undefined) {
          columns = new Map(cells.map((name, index) => [name, index]));
          return;
        }
        const index = columns;
        if (cells.length !== index.size)
          throw new Error(`${cells.length} cells: ${cells.join("|")}`);
        const read = readers[run.exportConfig.type]?.((name) => cells[index.get(name) ?? -1] ?? "");
        if (read === undefined || read === null) return;
        const key = `${month} ${read.currency}`;
        let book = books.get(key);
        if (book === undefined) books.set(key, (book = new Map()));
        const owner = read.unused
          ? '["__commitment_unused__","",""]'
          : rules.owner(read, read.date);
        for (const name of [
          "total",
          `owner ${owner}`,
          `service ${read.service}`,
          `environment ${read.environment}`,
          `day ${read.date}`,
        ])
          count(book, name, read.costs);
      });
    }
  }
  return books;
}

function count(book: Map<string, Total>, name: string, costs: readonly (bigint | null)[]): void {
  let total = book.get(name);
  if (total === undefined) book.set(name, (total = new Total()));
  const [billed, effective, list, contracted] = costs;
  total.lines++;
  total.billed += billed ?? 0n;
  total.effective += effective ?? 0n;
  total.list += list ?? 0n;
  total.contracted += contracted ?? 0n;
  if (list === null) total.listNulls++;
  if (contracted === null) total.contractedNulls++;
}

const ENVIRONMENT = /"environment":\s*"([^"]*)"/i;
const environmentOf = (tags: string): string => ENVIRONMENT.exec(tags)?.[1] ?? "";
const isoDate = (text: string): string =>
  `${text.slice(6)}-${text.slice(0, 2)}-${text.slice(3, 5)}`;

const readers: Record<string, (cell: (name: string) => string) => Read | null> = {
  FocusCost: (cell) => ({
    currency: cell("BillingCurrency"),
    date: cell("ChargePeriodStart").slice(0, 10),
    environment: environmentOf(cell("Tags")),
    unused: cell("CommitmentDiscountStatus") === "Unused",
    tags: cell("Tags"),
    resourceGroup: cell("x_ResourceGroupName"),
    resourceId: cell("ResourceId"),
    subscription: [cell("SubAccountId").slice(15), cell("SubAccountName")],
    service: cell("ServiceName"),
    costs: [
      amount(cell("BilledCost")),
      amount(cell("EffectiveCost")),
      amount(cell("ListCost")),
      amount(cell("ContractedCost")),
    ],
  }),
  ActualCost: (cell) =>
    cell("ChargeType") === "Purchase" && cell("PricingModel") === "Reservation"
      ? legacy(cell, amount(cell("CostInBillingCurrency")), 0n)
      : null,
  AmortizedCost: (cell) => {
    const cost = amount(cell("CostInBillingCurrency"));
    return legacy(cell, cell("PricingModel") === "Reservation" ? 0n : cost, cost);
  },
  Usage: (cell) => ({
    currency: cell("Currency"),
    date: cell("UsageDateTime"),
    environment: environmentOf(cell("Tags")),
    unused: false,
    tags: cell("Tags"),
    resourceGroup: cell("ResourceGroup"),
    resourceId: cell("InstanceId"),
    subscription: [cell("SubscriptionGuid")],
    service: cell("MeterCategory"),
    costs: [amount(cell("PreTaxCost")), amount(cell("PreTaxCost")), null, null],
  }),
};

function legacy(
  cell: (name: string) => string,
  billed: bigint | null,
  effective: bigint | null,
): Read {
  const tags = cell("Tags") === "" ? "" : `{${cell("Tags")}}`;
  return {
    currency: cell("BillingCurrencyCode"),
    date: isoDate(cell("Date")),
    environment: environmentOf(tags),
    unused: cell("ChargeType") === "UnusedReservation",
    tags,
    resourceGroup: cell("ResourceGroup"),
    resourceId: cell("ResourceId"),
    subscription: [cell("SubscriptionId"), cell("SubscriptionName")],
    service: cell("MeterCategory"),
    costs: [billed, effective, null, null],
  };
}
