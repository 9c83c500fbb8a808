import { USAGE_COLUMNS } from "./columns.ts";
import { row } from "./csv.ts";
import { plain } from "./decimal.ts";
import { quantityText } from "./bill.ts";
import type { Line } from "./model.ts";
import { SANDBOX } from "./sandbox.ts";
import type { ExportDefinition } from "./tree.ts";
import { consumedOfHour, spelled, tagsJson } from "./written.ts";

/** The sandbox is paid by credit card: 24 columns, US dollars, no list price. */
export const USAGE_EXPORT: ExportDefinition = {
  root: "sandbox",
  name: "usage-daily",
  scope: `/subscriptions/${SANDBOX.id}`,
  type: "Usage",
  dataVersion: "2019-11-01",
  gzip: false,
  header: USAGE_COLUMNS.join(","),
};

/** A line as a row of 24 cells, without its line end. */
export function usageRow(line: Line): string {
  const { meter, resource, casing, details } = line.charge;
  const cells: Record<string, string> = {
    SubscriptionGuid: SANDBOX.id,
    ResourceGroup: spelled(resource?.group ?? "", casing),
    ResourceLocation: "westeurope",
    UsageDateTime: line.date,
    MeterCategory: meter.category,
    MeterSubCategory: meter.subcategory,
    MeterId: meter.id,
    MeterName: meter.name,
    MeterRegion: "EU West",
    UsageQuantity: quantityText(line.quantity),
    ResourceRate: plain(meter.list, 10),
    PreTaxCost: line.billed.text,
    ConsumedService: resource?.type.split("/")[0] ?? "",
    ResourceType: resource?.type ?? "",
    InstanceId: spelled(resource?.id ?? "", casing),
    Tags: tagsJson(resource),
    OfferId: "MS-AZR-0003P",
    AdditionalInfo: details.replace("%Q%", consumedOfHour(line.quantity)),
    ServiceName: meter.category,
    ServiceTier: meter.subcategory,
    Currency: "USD",
    UnitOfMeasure: meter.unit,
  };
  return row(USAGE_COLUMNS.map((column) => cells[column] ?? ""));
}
