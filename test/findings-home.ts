import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../analysis/build.ts";
import { readConfig } from "../api/config.ts";
import { homePaths, makeHome } from "../data/files.ts";
import { readList } from "../data/published.ts";
import { Register } from "../data/register.ts";
import { openReadOnly } from "../data/warehouse.ts";
import type { Source } from "../ingest/source.ts";
import { ingest } from "../ingest/run.ts";

/** A bill of things that are used and things that are not, four months of it, and its findings. */

export const ONE = "/subscriptions/0aaaaaaa-1111-2222-3333-444444444444";
export const TWO = "/subscriptions/0bbbbbbb-1111-2222-3333-444444444444";
const FROM = "2026-05-01";
const UNTIL = "2026-08-31";

const COLUMNS = [
  "BilledCost",
  "BillingCurrency",
  "BillingPeriodStart",
  "BillingPeriodEnd",
  "ChargeCategory",
  "ChargeDescription",
  "ChargePeriodStart",
  "ChargePeriodEnd",
  "CommitmentDiscountId",
  "CommitmentDiscountName",
  "CommitmentDiscountStatus",
  "CommitmentDiscountType",
  "ConsumedQuantity",
  "ConsumedUnit",
  "ContractedCost",
  "EffectiveCost",
  "ListCost",
  "PricingCategory",
  "ProviderName",
  "ResourceId",
  "ResourceName",
  "ServiceName",
  "SkuMeter",
  "SubAccountId",
  "SubAccountName",
  "Tags",
  "x_SkuDetails",
  "x_SkuMeterCategory",
] as const;

export type Cells = Partial<Record<(typeof COLUMNS)[number], string>>;

/** A daily charge from one day to another, both whole. */
export interface Charge {
  from?: string;
  until?: string;
  cells: Cells | ((day: string) => Cells | null);
}

const id = (subscription: string, group: string, type: string, name: string) =>
  `${subscription}/resourceGroups/${group}/providers/${type}/${name}`;
const VM = "Microsoft.Compute/virtualMachines";
const DISK = "Microsoft.Compute/disks";

export const compute = (
  resource: string,
  cost: string,
  days: { from?: string; until?: string } = {},
  more: Cells = {},
): Charge => ({
  ...days,
  cells: {
    EffectiveCost: cost,
    ResourceId: resource,
    ServiceName: "Virtual Machines",
    x_SkuMeterCategory: "Virtual Machines",
    SkuMeter: "D2s v5",
    ConsumedQuantity: "24",
    ConsumedUnit: "Hours",
    ...more,
  },
});
export const traffic = (
  resource: string,
  gigabytes: (day: string) => string,
  days: { from?: string; until?: string } = {},
): Charge => ({
  ...days,
  cells: (day) => ({
    EffectiveCost: "0.01",
    ResourceId: resource,
    ServiceName: "Bandwidth",
    x_SkuMeterCategory: "Bandwidth",
    ConsumedQuantity: gigabytes(day),
    ConsumedUnit: "GB",
  }),
});
export const plain = (
  resource: string,
  cost: string,
  service: string,
  more: Cells & { from?: string; until?: string } = {},
): Charge => {
  const { from, until, ...cells } = more;
  return {
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    cells: { EffectiveCost: cost, ResourceId: resource, ServiceName: service, ...cells },
  };
};

export const THINGS = {
  stopped: id(ONE, "rg-stopped", VM, "vm-old"),
  stoppedDisk: id(ONE, "rg-stopped", DISK, "vm-old_OsDisk_1_abc"),
  older: id(ONE, "rg-app", VM, "app-v1"),
  newer: id(ONE, "rg-app", VM, "app-v2"),
  first: id(ONE, "rg-web", VM, "web-01"),
  second: id(ONE, "rg-web", VM, "web-02"),
  gone: id(ONE, "rg-gone", VM, "vm-gone"),
  goneDisk: id(ONE, "rg-gone", DISK, "data-77"),
  goneAddress: id(ONE, "rg-gone", "Microsoft.Network/publicIPAddresses", "ip-9"),
  lentDisk: id(ONE, "rg-disks", DISK, "lent"),
  oldSnapshot: id(ONE, "rg-snap", "Microsoft.Compute/snapshots", "before-upgrade"),
  newSnapshot: id(ONE, "rg-snap", "Microsoft.Compute/snapshots", "of-august"),
  planWithApp: id(ONE, "rg-plans", "Microsoft.Web/serverfarms", "plan-a"),
  emptyPlan: id(ONE, "rg-plans", "Microsoft.Web/serverfarms", "plan-b"),
  untoldPlan: id(TWO, "rg-plans", "Microsoft.Web/serverfarms", "plan-c"),
  app: id(ONE, "rg-plans", "Microsoft.Web/sites", "portal"),
  emptyStamp: id(TWO, "rg-ase", "Microsoft.Web/hostingEnvironments", "ase-empty"),
  usedStamp: id(ONE, "rg-ase", "Microsoft.Web/hostingEnvironments", "ase-used"),
  isolatedPlan: id(ONE, "rg-ase", "Microsoft.Web/serverfarms", "plan-in-ase"),
  covered: id(ONE, "rg-covered", VM, "vm-covered"),
  wasted: "/providers/Microsoft.Capacity/reservationOrders/o1/reservations/wasted",
  spent: "/providers/Microsoft.Capacity/reservationOrders/o2/reservations/spent",
} as const;

const commitment = (resource: string, status: "Used" | "Unused", cost: string): Cells => ({
  CommitmentDiscountId: resource,
  CommitmentDiscountName: resource.split("/").at(-1) ?? "",
  CommitmentDiscountStatus: status,
  CommitmentDiscountType: "Reservation",
  PricingCategory: "Committed",
  EffectiveCost: cost,
  BilledCost: "0",
});

/** The charges by what they tell; a test may leave a stream out. */
export const STREAMS: Record<string, Charge[]> = {
  compute: [
    compute(THINGS.stopped, "2.5", { until: "2026-07-20" }),
    compute(THINGS.older, "3"),
    compute(THINGS.newer, "4", { from: "2026-07-01" }),
    compute(THINGS.first, "1"),
    compute(THINGS.second, "1", { from: "2026-07-01" }),
    compute(THINGS.gone, "1", { until: "2026-06-30" }),
  ],
  commitments: [
    compute(THINGS.covered, "6", {}, commitment(THINGS.wasted, "Used", "6")),
    { cells: { ...commitment(THINGS.wasted, "Unused", "4"), ServiceName: "Virtual Machines" } },
    compute(THINGS.covered, "9.5", {}, commitment(THINGS.spent, "Used", "9.5")),
    { cells: { ...commitment(THINGS.spent, "Unused", "0.5"), ServiceName: "Virtual Machines" } },
  ],
  traffic: [
    traffic(THINGS.older, (day) => (day < "2026-07-01" ? "12" : "0.02")),
    traffic(THINGS.newer, () => "11", { from: "2026-07-01" }),
    traffic(THINGS.first, () => "8"),
    traffic(THINGS.second, () => "8", { from: "2026-07-01" }),
  ],
  disks: [
    plain(THINGS.stoppedDisk, "0.4", "Storage"),
    plain(THINGS.goneDisk, "0.3", "Storage"),
    plain(THINGS.goneAddress, "0.12", "Virtual Network"),
    plain(THINGS.lentDisk, "0.2", "Storage"),
    plain(THINGS.oldSnapshot, "0.15", "Storage"),
    plain(THINGS.newSnapshot, "0.15", "Storage", { from: "2026-08-10" }),
  ],
  plans: [
    plain(THINGS.planWithApp, "2", "Azure App Service"),
    plain(THINGS.emptyPlan, "2.2", "Azure App Service"),
    plain(THINGS.untoldPlan, "2.4", "Azure App Service"),
    plain(THINGS.emptyStamp, "9", "Azure App Service", { SkuMeter: "I1 v2 App" }),
    plain(THINGS.usedStamp, "8", "Azure App Service", { SkuMeter: "I1 v2 App" }),
    plain(THINGS.isolatedPlan, "8", "Azure App Service", { SkuMeter: "I2 v2 App" }),
  ],
  apps: [
    plain(THINGS.app, "0.001", "Bandwidth", {
      Tags: `{"hidden-related:${THINGS.planWithApp}":"Resource"}`,
    }),
    plain(`${THINGS.app}-isolated`, "0.001", "Bandwidth", {
      Tags: `{"hidden-related:${THINGS.isolatedPlan}":"Resource"}`,
    }),
  ],
};

const OWNERS = `teams:
  - { id: app, name: App, businessUnit: Retail, costCenter: CC-1 }
  - { id: web, name: Web, businessUnit: Retail, costCenter: CC-2 }
rules:
  - { team: app, match: { resourceGroup: ["rg-app", "rg-stopped", "rg-covered"] } }
  - { team: web, match: { resourceGroup: ["rg-web", "rg-plans", "rg-ase", "rg-snap"] } }
`;

function* days(): Generator<string> {
  for (let at = Date.parse(FROM); at <= Date.parse(UNTIL); at += 86_400_000)
    yield new Date(at).toISOString().slice(0, 10);
}

function rowsOf(charges: readonly Charge[], until: string): Map<string, string[]> {
  const months = new Map<string, string[]>();
  for (const day of days()) {
    if (day > until) break;
    const month = day.slice(0, 7);
    const rows = months.get(month) ?? [];
    months.set(month, rows);
    const [year = 0, at = 0] = month.split("-").map(Number);
    const after = new Date(Date.UTC(year, at, 1)).toISOString().slice(0, 10);
    const next = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
    for (const charge of charges) {
      if (day < (charge.from ?? FROM) || day > (charge.until ?? UNTIL)) continue;
      const own = typeof charge.cells === "function" ? charge.cells(day) : charge.cells;
      if (own === null) continue;
      const subscription = own.ResourceId?.startsWith(TWO) === true ? TWO : ONE;
      const all: Cells = {
        BillingCurrency: "EUR",
        BillingPeriodStart: `${month}-01T00:00:00Z`,
        BillingPeriodEnd: `${after}T00:00:00Z`,
        ChargeCategory: "Usage",
        ChargePeriodStart: `${day}T00:00:00Z`,
        ChargePeriodEnd: `${next}T00:00:00Z`,
        ProviderName: "Microsoft",
        SubAccountId: subscription,
        SubAccountName: "Apps",
        BilledCost: own.EffectiveCost ?? "",
        ContractedCost: own.EffectiveCost ?? "",
        ListCost: own.EffectiveCost ?? "",
        ResourceName: own.ResourceId?.split("/").at(-1) ?? "",
        ...own,
      };
      rows.push(COLUMNS.map((name) => `"${(all[name] ?? "").replaceAll('"', '""')}"`).join(","));
    }
  }
  return months;
}

/** A home whose bill can be written again, taken in and built. */
export class FindingsHome {
  readonly folder: string;
  readonly config: string;
  #source: ((home: string) => Source) | undefined;
  readonly now = () => new Date("2026-09-02T06:00:00Z");
  private constructor(folder: string) {
    this.folder = folder;
    this.config = join(folder, "apportion.yaml");
  }

  /** More of the configuration, and of what brings data beside the bill, where a test says so. */
  static async make(
    more: { owners?: string; config?: string; source?: (home: string) => Source } = {},
  ): Promise<FindingsHome> {
    const made = new FindingsHome(await mkdtemp(join(tmpdir(), "apportion-findings-")));
    made.#source = more.source;
    await mkdir(join(made.folder, "bill"));
    await writeFile(join(made.folder, "owners.yaml"), more.owners ?? OWNERS);
    await writeFile(
      made.config,
      'home: ./home\ncurrency: EUR\nowners: ./owners.yaml\nsources:\n  - { type: focus, name: bill, files: "./bill/*.csv" }\n' +
        (more.config ?? ""),
    );
    return made;
  }

  get home(): string {
    return join(this.folder, "home");
  }

  /** Writes the bill of these charges up to a day, takes it in and builds. */
  async bill(charges: readonly Charge[], until = UNTIL): Promise<void> {
    for (const [month, rows] of rowsOf(charges, until))
      if (rows.length > 0)
        await writeFile(
          join(this.folder, `bill/${month}.csv`),
          `${COLUMNS.join(",")}\n${rows.join("\n")}\n`,
        );
    const { home, sources, build: settings, landingDays } = readConfig(this.config);
    const own = this.#source === undefined ? [] : [this.#source(home)];
    await makeHome(homePaths(home));
    const register = new Register(homePaths(home).register);
    const { signal } = new AbortController();
    const problems: string[] = [];
    try {
      await ingest({
        home,
        sources: [...sources, ...own],
        register,
        now: this.now,
        signal,
        landingDays,
        report: {
          progress: () => {},
          unit: ({ unit, problem }) => {
            if (problem !== null) problems.push(`${unit}: ${problem}`);
          },
        },
      });
      const known = [...settings.sources, ...own.map((one) => one.name)];
      const options = {
        home,
        settings: { ...settings, sources: known },
        register,
        now: this.now,
        signal,
        progress: () => {},
      };
      for (const { problem } of (await build(options)).months)
        if (problem !== null) problems.push(problem);
    } finally {
      register.close();
    }
    if (problems.length > 0) throw new Error(problems.join("\n"));
  }

  /** What is published of findings. */
  async findings(): Promise<FoundRow[]> {
    const paths = homePaths(this.home);
    const { findings } = await readList(paths);
    let rows: FoundRow[] = [];
    const engine = await openReadOnly(
      [{ name: "f", path: join(paths.published, findings?.file ?? "") }],
      {},
      async (session) => {
        rows = await session.rows<FoundRow>(
          "SELECT * REPLACE (CAST(since AS VARCHAR) AS since, CAST(first_seen AS VARCHAR) AS first_seen, CAST(last_seen AS VARCHAR) AS last_seen, CAST(resolved_on AS VARCHAR) AS resolved_on) FROM f.main.finding ORDER BY kind, subject",
        );
      },
    );
    engine.close();
    return rows;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface FoundRow {
  id: string;
  kind: string;
  subject: string;
  name: string;
  cluster: string | null;
  namespace: string | null;
  team: string;
  hint: string | null;
  extra: string;
  cost: string;
  paper: string;
  realisable: string;
  since: string;
  since_at_least: boolean;
  evidence: string;
  claimed_by: string | null;
  first_seen: string;
  last_seen: string;
  resolved_on: string | null;
  saved: string | null;
}
