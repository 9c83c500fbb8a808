import { divide, parse } from "./decimal.ts";
import type { Meter } from "./model.ts";
import { guid } from "./random.ts";

/** Counts of 1e-10, as prices are kept. */
export function price(text: string): bigint {
  return parse(text, 10);
}

/** Counts of 1e-8, as quantities are kept. */
export function quantity(text: string): bigint {
  return parse(text, 8);
}

const CATEGORY: Record<string, string> = {
  Compute: "Compute",
  Storage: "Storage",
  Databases: "Databases",
  Networking: "Networking",
  Security: "Security",
  Management: "Management and Governance",
  Web: "Web",
  Integration: "Integration",
  Analytics: "Analytics",
  Containers: "Compute",
};

// family | meter category | subcategory | meter | unit of measure | list price | FOCUS service name, where it is not the category
const LIST = `
Compute|Virtual Machines|Dsv5 Series|D8s v5|1 Hour|0.4224|
Compute|Virtual Machines|Dsv5 Series|D8s v5 Spot|1 Hour|0.0766|
Compute|Virtual Machines|NCasT4_v3 Series|NC4as T4 v3|1 Hour|0.579|
Compute|Virtual Machines|Dsv5 Series|D4s v5|1 Hour|0.2112|
Compute|Virtual Machines|Dsv5 Series|D2s v5|1 Hour|0.1056|
Compute|Virtual Machines|Esv5 Series|E8s v5|1 Hour|0.5712|
Compute|Virtual Machines|Dv3/DSv3 Series Windows|D4 v3/D4s v3|1 Hour|0.424|
Compute|Virtual Machines|BS Series|B2ms|1 Hour|0.0912|
Storage|Storage|Premium SSD Managed Disks|P10 LRS Disk|1/Month|18.4768|
Storage|Storage|Premium SSD Managed Disks|P20 LRS Disk|1/Month|71.6774|
Storage|Storage|Standard SSD Managed Disks|E4 LRS Disk|1/Month|2.4|
Storage|Storage|Standard SSD Managed Disks|E10 LRS Disk|1/Month|9.6|
Storage|Storage|Standard SSD Managed Disks|E4 LRS Disk Operations|10K|0.002|
Storage|Storage|Standard HDD Managed Disks|S10 LRS Disk|1/Month|5.888|
Storage|Storage|General Block Blob v2|Hot LRS Data Stored|1 GB/Month|0.0196|
Storage|Storage|General Block Blob v2|Hot LRS Write Operations|10K|0.054|
Storage|Storage|General Block Blob v2|Hot Read Operations|10K|0.0043|
Storage|Storage|Tables|LRS Batch Write Operations|10K|0.00036|
Networking|Bandwidth|Rtn Preference: MGN|Standard Data Transfer Out|1 GB|0.0735|
Networking|Bandwidth|Inter-Region|Intra Continent Data Transfer Out|1 GB|0.0184|
Networking|Load Balancer|Standard|Standard Included LB Rules and Outbound Rules|1 Hour|0.023|
Networking|Load Balancer|Standard|Standard Data Processed|1 GB|0.0046|
Networking|Virtual Network|IP Addresses|Standard IPv4 Static Public IP|1 Hour|0.0046|
Networking|Virtual Network|Private Link|Standard Private Endpoint|1 Hour|0.0092|
Networking|Application Gateway|WAF v2|Standard Fixed Cost|1 Hour|0.4075|
Networking|Application Gateway|WAF v2|Standard Capacity Units|1 Hour|0.0132|
Networking|NAT Gateway|Standard|Standard Gateway|1 Hour|0.0414|
Networking|Azure DNS|Private|Private Queries|1M|0.368|
Containers|Azure Kubernetes Service|Standard|Standard Uptime SLA|1 Hour|0.092|
Containers|Container Registry|Premium|Premium Registry Unit|1/Day|1.5334|
Security|Microsoft Defender for Cloud|Servers|Standard P2 Node|1 Hour|0.0184|
Security|Microsoft Defender for Cloud|Containers|Standard vCore|1 Hour|0.00864|
Security|Microsoft Defender for Cloud|Storage|Standard Transactions|10K|0.0184|
Security|Key Vault|Premium|Operations|10K|0.0276|
Web|Azure App Service|Isolated v2 Plan|I1 v2 App|1 Hour|0.5076|
Web|Azure App Service|Isolated v2 Plan|I2 v2 App|1 Hour|1.0152|
Web|Azure App Service|Isolated v2 Plan|Stamp Fee|1 Hour|0.92|
Databases|SQL Managed Instance|General Purpose - Compute Gen5|vCore|1 Hour|0.2318|Azure SQL Managed Instance
Databases|SQL Managed Instance|General Purpose - Storage|Data Stored|1 GB/Month|0.1265|Azure SQL Managed Instance
Databases|SQL Managed Instance|PITR Backup Storage|LRS Data Stored|1 GB/Month|0.11|Azure SQL Managed Instance
Databases|SQL Database|Elastic Pool General Purpose - Compute Gen5|vCore|1 Hour|0.1894|Azure SQL Database
Databases|SQL Database|Elastic Pool General Purpose - Storage|General Purpose Data Stored|1 GB/Month|0.1265|Azure SQL Database
Databases|SQL Database|PITR Backup Storage|RA-GRS Data Stored|1 GB/Month|0.22|Azure SQL Database
Databases|SQL Database|LTR Backup Storage|LTR RA-GRS Data Stored|1 GB/Month|0.055|Azure SQL Database
Management|Log Analytics|Pay-as-you-go|Analytics Logs Data Ingestion|1 GB|2.5392|Azure Monitor
Management|Log Analytics|Pay-as-you-go|Analytics Logs Data Retention|1 GB/Month|0.11|Azure Monitor
Management|Azure Monitor|Prometheus|Metrics Ingestion|10M|0.147|
Web|API Management|Premium|Premium Units|1 Hour|3.5239|
Web|API Management|Developer|Developer Units|1 Hour|0.0607|
Integration|Service Bus|Standard|Standard Messaging Operations|1M|0.736|
Integration|Event Hubs|Standard|Standard Throughput Unit|1 Hour|0.0276|
Analytics|Azure Data Factory v2|Azure Data Factory v2|Cloud Orchestration Activity Run|1K|0.92|Azure Data Factory
Analytics|Azure Databricks|Premium|All-purpose Compute DBU|1 Hour|0.506|
Compute|Azure OpenAI|Models|gpt-large Input Tokens|1K|0.0023|
`;

const BLOCKS: Record<string, [unit: string, block: bigint]> = {
  "1 Hour": ["Hours", 1n],
  "1/Month": ["Units/Month", 1n],
  "10K": ["Units", 10_000n],
  "1K": ["Units", 1_000n],
  "1M": ["Units", 1_000_000n],
  "10M": ["Units", 10_000_000n],
  "1 GB/Month": ["GB/Month", 1n],
  "1 GB": ["GB", 1n],
  "1/Day": ["Units/Day", 1n],
};

function read(text: string): Meter {
  const [
    family = "",
    category = "",
    subcategory = "",
    name = "",
    unit = "",
    list = "",
    service = "",
  ] = text.split("|");
  const block = BLOCKS[unit];
  if (block === undefined) throw new RangeError(`unknown unit of measure: ${unit}`);
  const listed = price(list);
  // The enrolment's discount, then the 6 decimals of a price sheet.
  const contracted = divide(listed * 88n, 1_000_000n) * 10_000n;
  return {
    id: guid(`meter ${category} ${subcategory} ${name}`),
    name,
    category,
    subcategory,
    family,
    service: service === "" ? category : service,
    serviceCategory: CATEGORY[family] ?? "Other",
    unit,
    pricingUnit: block[0],
    block: block[1],
    list: listed,
    contracted: contracted === 0n ? listed : contracted,
  };
}

const ALL = LIST.trim().split("\n").map(read);
const METERS = new Map([
  ...ALL.map((meter) => [meter.name, meter] as const),
  ...ALL.map((meter) => [`${meter.category}/${meter.name}`, meter] as const),
]);

/** The meter of a name, or of `category/name` where two share one. Throws when the price list has none. */
export function meter(name: string): Meter {
  const found = METERS.get(name);
  if (found === undefined) throw new RangeError(`no such meter: ${name}`);
  return found;
}

/** A meter outside the price list: marketplace offers, tax, rounding. */
export function bareMeter(
  name: string,
  category: string,
  service: string,
  serviceCategory: string,
): Meter {
  return {
    id: guid(`meter ${category} ${name}`),
    name,
    category,
    subcategory: "",
    family: serviceCategory,
    service,
    serviceCategory,
    unit: "1",
    pricingUnit: "Units",
    block: 1n,
    list: 0n,
    contracted: 0n,
  };
}
