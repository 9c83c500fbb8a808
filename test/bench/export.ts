import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { openWriter, sqlText } from "../../data/warehouse.ts";

/**
 * Bills of any size for the benches: Azure's MCA cost details (65 columns, about 1 kB a row, 14-digit
 * amounts, JSON tags and additional info) or a narrow FocusCost, as real export trees.
 */

type Columns = Record<string, string>;

const AMOUNT = (seed: number, whole: number) =>
  `printf('%d.%014d', CAST(hash(i * ${seed}) % ${whole} AS BIGINT), CAST(hash(i * ${seed + 4}) % 100000000000000 AS BIGINT))`;
const SUBSCRIPTION = "'00000000-0000-0000-0000-' || printf('%012d', i % 40)";
const RESOURCE = `'/subscriptions/00000000-0000-0000-0000-' || printf('%012d', i % 40) || '/resourceGroups/rg-' || (i % 900) || '/providers/Microsoft.Compute/virtualMachines/vm-' || (i % 90000)`;
const TAGS = `'{"team":"t' || (i % 40) || '","env":"prod","costCenter":"CC-' || (i % 50) || '","application":"application-name-' || (i % 1000) || '","owner":"someone' || (i % 300) || '@example.com"}'`;
const FILLER = "'v'";

/** Columns of the 65-column shape in Azure's order; each an SQL expression over the row number `i`. */
const MCA: Columns = {
  invoiceId: "''",
  previousInvoiceId: "''",
  billingAccountId: "'12345678'",
  billingAccountName: "'Northwind Mutual plc'",
  billingProfileId: "'BP-1'",
  billingProfileName: "'Northwind'",
  invoiceSectionId: "'IS-' || (i % 7)",
  invoiceSectionName: "'Section ' || (i % 7)",
  resellerName: "''",
  resellerMpnId: "''",
  costCenter: "'CC-' || (i % 50)",
  billingPeriodEndDate: "'08/31/2026'",
  billingPeriodStartDate: "'08/01/2026'",
  servicePeriodEndDate: "'08/31/2026'",
  servicePeriodStartDate: "'08/01/2026'",
  date: "strftime(DATE '2026-08-01' + CAST(i % 31 AS INTEGER), '%m/%d/%Y')",
  serviceFamily: "'Compute'",
  productOrderId: "md5(CAST(i % 20 AS VARCHAR))",
  productOrderName: "'Azure plan'",
  consumedService: "'Microsoft.Compute'",
  meterId: "md5(CAST(i % 3000 AS VARCHAR))",
  meterName: "'meter ' || (i % 3000)",
  meterCategory: "'Virtual Machines ' || (i % 40)",
  meterSubCategory: "'Dv' || (i % 100)",
  meterRegion: "'EU West'",
  ProductId: "'DZH' || (i % 3000)",
  ProductName: "'Virtual Machines Series - D' || (i % 3000)",
  SubscriptionId: SUBSCRIPTION,
  subscriptionName: "'sub-' || (i % 40)",
  publisherType: "'Microsoft'",
  publisherId: "''",
  publisherName: "'Microsoft'",
  resourceGroupName: "'rg-' || (i % 900)",
  ResourceId: RESOURCE,
  resourceLocation: "'westeurope'",
  location: "'EU West'",
  effectivePrice: "printf('0.%012d', CAST(hash(i % 5000) % 1000000000000 AS BIGINT))",
  quantity:
    "printf('%d.%06d', CAST(hash(i * 3) % 24 AS BIGINT), CAST(hash(i * 5) % 1000000 AS BIGINT))",
  unitOfMeasure: "'1 Hour'",
  chargeType: "'Usage'",
  billingCurrency: "'EUR'",
  pricingCurrency: "'USD'",
  costInBillingCurrency: AMOUNT(1, 50),
  costInPricingCurrency: AMOUNT(7, 50),
  costInUsd: AMOUNT(9, 50),
  paygCostInBillingCurrency: AMOUNT(11, 50),
  paygCostInUsd: AMOUNT(13, 50),
  exchangeRatePricingToBilling: "'0.91234'",
  exchangeRateDate: "'08/01/2026'",
  isAzureCreditEligible: "'True'",
  serviceInfo1: "''",
  serviceInfo2: "''",
  additionalInfo: `'{"UsageType":"ComputeHR","ImageType":"Canonical","ServiceType":"Standard_DS2_v2","VMName":"vm-' || (i % 90000) || '","VCPUs":2,"ConsumedQuantity":' || (i % 24) || '.0}'`,
  tags: TAGS,
  PayGPrice: "printf('0.%06d', CAST(hash(i % 5000) % 1000000 AS BIGINT))",
  frequency: "'UsageBased'",
  term: "''",
  reservationId: "''",
  reservationName: "''",
  pricingModel: "'OnDemand'",
  unitPrice: "printf('0.%06d', CAST(hash(i % 5000) % 1000000 AS BIGINT))",
  costAllocationRuleName: "''",
  benefitId: "''",
  benefitName: "''",
  provider: FILLER,
};

const FOCUS = (month: string): Columns => ({
  BilledCost: AMOUNT(1, 5),
  BillingAccountId: "'12345678'",
  BillingCurrency: "'EUR'",
  BillingPeriodStart: `'${month}-01T00:00:00Z'`,
  BillingPeriodEnd: `strftime(DATE '${month}-01' + INTERVAL 1 MONTH, '%Y-%m-%dT00:00:00Z')`,
  ChargeCategory: "'Usage'",
  ChargeDescription: "'Virtual Machines Series - D' || (i % 300)",
  ChargeFrequency: "'Usage-Based'",
  ChargePeriodStart: `strftime(DATE '${month}-01' + CAST(i % 28 AS INTEGER), '%Y-%m-%dT00:00:00Z')`,
  ChargePeriodEnd: `strftime(DATE '${month}-02' + CAST(i % 28 AS INTEGER), '%Y-%m-%dT00:00:00Z')`,
  ContractedCost: AMOUNT(1, 5),
  EffectiveCost: AMOUNT(1, 5),
  ListCost: AMOUNT(1, 6),
  PricingCategory: "'Standard'",
  PricingQuantity: "CAST(i % 24 AS VARCHAR)",
  PricingUnit: "'1 Hour'",
  ProviderName: "'Microsoft'",
  PublisherName: "'Microsoft'",
  RegionId: "'westeurope'",
  ResourceId: `'/subscriptions/00000000-0000-0000-0000-' || printf('%012d', i % 40) || '/resourcegroups/rg-' || (i % 900) || '/providers/microsoft.compute/virtualmachines/vm-' || (i % 70000)`,
  ResourceName: "'vm-' || (i % 70000)",
  ResourceType: "'Virtual machine'",
  ServiceCategory: "'Compute'",
  ServiceName: "'Service ' || (i % 40)",
  SkuId: "'DZH' || (i % 300)",
  SubAccountId: `'/subscriptions/' || ${SUBSCRIPTION}`,
  SubAccountName: "'sub-' || (i % 40)",
  SubAccountType: "'Subscription'",
  Tags: `'{"team":"t' || (i % 40) || '","environment":"' || (['dev', 'test', 'production'])[1 + i % 3] || '"}'`,
  x_ResourceGroupName: "'rg-' || (i % 900)",
});

export interface BenchExport {
  folder: string;
  shape: "mca" | "focus";
  month: string;
  rows: number;
  parts: number;
  gzip: boolean;
}

/** Writes an export tree below `folder`; returns the CSV files, plain even where gzip is asked for. */
export async function writeExportTree(bench: BenchExport): Promise<string[]> {
  const name = `${bench.shape}-${bench.month}`;
  const run = join(bench.folder, name, "run");
  if (existsSync(join(run, "manifest.json")))
    return Array.from({ length: bench.parts }, (_, part) => join(run, partName(part, bench.gzip)));
  await rm(run, { recursive: true, force: true });
  await mkdir(run, { recursive: true });
  const columns = bench.shape === "mca" ? MCA : FOCUS(bench.month);
  const list = Object.entries(columns)
    .map(([column, expression]) => `${expression} AS "${column}"`)
    .join(", ");
  const engine = await openWriter(":memory:");
  const session = await engine.session();
  const blobs = [];
  const files: string[] = [];
  for (let part = 0; part < bench.parts; part++) {
    const from = Math.floor((bench.rows * part) / bench.parts);
    const to = Math.floor((bench.rows * (part + 1)) / bench.parts);
    const plain = join(run, partName(part, false));
    await session.run(
      `COPY (SELECT ${list} FROM range(${from}, ${to}) AS t(i)) TO ${sqlText(plain)} (FORMAT csv, HEADER)`,
    );
    let file = plain;
    if (bench.gzip) {
      file = join(run, partName(part, true));
      await pipeline(createReadStream(plain), createGzip({ level: 6 }), createWriteStream(file));
      await rm(plain);
    }
    files.push(file);
    blobs.push({
      blobName: `${name}/run/${partName(part, bench.gzip)}`,
      byteCount: (await stat(file)).size,
      dataRowCount: to - from,
    });
  }
  session.close();
  engine.close();
  await writeFile(
    join(run, "manifest.json"),
    JSON.stringify({
      manifestVersion: "2024-04-01",
      byteCount: blobs.reduce((sum, blob) => sum + blob.byteCount, 0),
      blobCount: blobs.length,
      dataRowCount: bench.rows,
      exportConfig: {
        exportName: name,
        resourceId: `/providers/Microsoft.Billing/billingAccounts/1/providers/Microsoft.CostManagement/exports/${name}`,
        type: bench.shape === "mca" ? "ActualCost" : "FocusCost",
      },
      runInfo: {
        runId: name,
        submittedTime: `${bench.month}-28T06:00:00.0000000Z`,
        startDate: `${bench.month}-01T00:00:00`,
        endDate: `${bench.month}-28T00:00:00`,
      },
      blobs,
    }),
  );
  return files;
}

function partName(part: number, gzip: boolean): string {
  return `part_${part}_0001.csv${gzip ? ".gz" : ""}`;
}

export const MCA_COLUMNS = Object.keys(MCA);
