import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../analysis/build.ts";
import { readConfig } from "../api/config.ts";
import { homePaths, makeHome } from "../data/files.ts";
import { Register } from "../data/register.ts";
import { type Session, sqlText } from "../data/warehouse.ts";
import { ingest } from "../ingest/run.ts";
import type { FactKind, FactPart, LandedFile, Loaded, Source, Unit } from "../ingest/source.ts";
import { ROOT } from "./needs.ts";

/**
 * A home with two clusters: a FOCUS bill with odd digits, and usage facts that a tiny source writes.
 * Small enough to follow by hand, with each thing a cluster's bill holds: nodes in pools, disks,
 * volumes mounted and not, a balancer, addresses, a control plane, and cost outside clusters.
 */

const SUBSCRIPTION = "/subscriptions/11111111-2222-3333-4444-555555555555";
const GROUP = (cluster: string) =>
  `${SUBSCRIPTION}/resourceGroups/MC_rg-apps_${cluster}_westeurope/providers`;
const CLUSTER = (name: string) =>
  `${SUBSCRIPTION}/resourceGroups/rg-apps/providers/Microsoft.ContainerService/managedClusters/${name}`;
const SCALE_SET = (cluster: string, pool: string) =>
  `${GROUP(cluster)}/Microsoft.Compute/virtualMachineScaleSets/aks-${pool}-1-vmss`;
export const PLAIN_RESOURCE = `${SUBSCRIPTION}/resourceGroups/rg-shop/providers/Microsoft.Storage/storageAccounts/shopfiles`;
export const NODE = (cluster: string, pool: string, instance: number) =>
  `${SCALE_SET(cluster, pool)}/virtualMachines/${instance}`.toLowerCase();

export const DAYS = ["2026-07-31", "2026-08-01", "2026-08-02", "2026-08-03"] as const;

const OWNERS = `teams:
  - { id: shop, name: Shop, businessUnit: Retail, costCenter: CC-1 }
  - { id: data, name: Data, businessUnit: Technology, costCenter: CC-2 }
  - { id: platform, name: Platform, businessUnit: Technology, costCenter: CC-3 }
rules:
  - { team: data, match: { label: { team: data } } }
  - { team: shop, match: { cluster: prod, namespace: "shop*" } }
  - { team: data, from: 2026-08-02, match: { namespace: jobs } }
  - { team: shop, match: { namespace: jobs } }
  - { team: platform, match: { namespace: "kube-*" } }
  - { team: shop, match: { resourceGroup: rg-shop } }
`;

const CONFIG = `home: ./home
currency: EUR
owners: ./owners.yaml
sources:
  - { type: focus, name: bill, files: "./bill/*.csv" }
clusters:
  - { name: prod, resourceId: "${CLUSTER("prod")}", environment: production }
  - { name: dev, resourceId: "${CLUSTER("dev")}", environment: development }
allocation:
  network: keep
  sharedNamespaces: { match: [kube-system], by: proportional }
`;

interface Pod {
  cluster: string;
  namespace: string;
  kind: string;
  workload: string;
  pool: string;
  node: number;
  /** Hours of the day it runs in, half-open. */
  hours: readonly [number, number];
  /** Millicores and MiB, used and asked for. */
  cpu: readonly [used: number, requested: number];
  mem: readonly [used: number, requested: number];
  labels?: Record<string, string>;
}

const ALL_DAY = [0, 24] as const;
const PODS: readonly Pod[] = [
  pod("prod", "shop", "Deployment", "web", "apps", 0, ALL_DAY, [700, 500], [900, 1024]),
  pod("prod", "shop", "Deployment", "web", "apps", 1, [6, 22], [300, 500], [800, 1024]),
  pod("prod", "shop", "StatefulSet", "db", "apps", 1, ALL_DAY, [900, 1500], [5000, 6144]),
  pod("prod", "jobs", "CronJob", "nightly", "batch", 0, [1, 4], [3200, 3000], [2000, 2048]),
  pod("prod", "kube-system", "DaemonSet", "kube-proxy", "apps", 0, ALL_DAY, [50, 100], [60, 64]),
  pod("prod", "kube-system", "DaemonSet", "kube-proxy", "apps", 1, ALL_DAY, [50, 100], [60, 64]),
  pod("prod", "lab", "Deployment", "try", "apps", 0, [9, 17], [40, 250], [300, 512]),
  {
    ...pod("prod", "shop", "Deployment", "reports", "apps", 0, ALL_DAY, [110, 200], [700, 512]),
    labels: { team: "data" },
  },
  pod("dev", "shop", "Deployment", "web", "apps", 0, ALL_DAY, [90, 250], [300, 512]),
];

function pod(
  cluster: string,
  namespace: string,
  kind: string,
  workload: string,
  pool: string,
  node: number,
  hours: readonly [number, number],
  cpu: readonly [number, number],
  mem: readonly [number, number],
): Pod {
  return { cluster, namespace, kind, workload, pool, node, hours, cpu, mem };
}

const NODES = [
  { cluster: "prod", pool: "apps", node: 0, type: "Standard_D4s_v5", cores: 4, gib: 16 },
  { cluster: "prod", pool: "apps", node: 1, type: "Standard_D4s_v5", cores: 4, gib: 16 },
  { cluster: "prod", pool: "batch", node: 0, type: "Standard_D4s_v5", cores: 4, gib: 16 },
  { cluster: "dev", pool: "apps", node: 0, type: "Standard_D2s_v5", cores: 2, gib: 8 },
] as const;

/** Hours of the day that have usage data; the node of dev is covered for half of it. */
const coveredHours = (cluster: string) => (cluster === "dev" ? 12 : 24);

interface Row {
  [column: string]: string | number | boolean | null;
}

const second = (day: string) => Date.parse(`${day}T00:00:00Z`) / 1000;

function factsOf(cluster: string, day: string): Record<string, Row[]> {
  const start = second(day);
  const pods = PODS.filter((one) => one.cluster === cluster);
  const hours = Array.from({ length: 24 }, (_, hour) => hour);
  const uid = (one: Pod) => `${one.workload}-${one.pool}-${one.node}`;
  return {
    node_hour: NODES.filter((node) => node.cluster === cluster).flatMap((node) =>
      hours.map((hour) => ({
        cluster,
        hour: start + hour * 3600,
        node: NODE(cluster, node.pool, node.node),
        node_name: `aks-${node.pool}-1-vmss00000${node.node}`,
        pool: node.pool,
        instance_type: node.type,
        cpu_capacity: node.cores * 1000,
        cpu_allocatable: node.cores * 1000 - 140,
        mem_capacity: node.gib * 1024,
        mem_allocatable: node.gib * 1024 - 2048,
        gpu_capacity: 0,
        gpu_allocatable: 0,
        seen_s: 3600,
        covered_s: hour < coveredHours(cluster) ? 3600 : 0,
        virtual: false,
      })),
    ),
    usage_hour: pods.flatMap((one) =>
      hours
        .filter((hour) => hour >= one.hours[0] && hour < one.hours[1])
        .filter((hour) => hour < coveredHours(cluster))
        .map((hour) => ({
          cluster,
          hour: start + hour * 3600,
          node: NODE(cluster, one.pool, one.node),
          namespace: one.namespace,
          pod: `${one.workload}-abc-${one.node}`,
          pod_uid: uid(one),
          container: "main",
          seconds: 3600,
          cpu_used: one.cpu[0] * 3600,
          cpu_requested: one.cpu[1] * 3600,
          cpu_effective: Math.max(...one.cpu) * 3600,
          mem_used: one.mem[0] * 3600,
          mem_requested: one.mem[1] * 3600,
          mem_effective: Math.max(...one.mem) * 3600,
          gpu_requested: 0,
          net_rx: 1_000_000,
          net_tx: 2_000_000,
          throttled_ms: 0,
          oom_kills: 0,
          restarts: 0,
        })),
    ),
    pod_day: pods.map((one) => ({
      cluster,
      day,
      namespace: one.namespace,
      pod: `${one.workload}-abc-${one.node}`,
      pod_uid: uid(one),
      node: NODE(cluster, one.pool, one.node),
      workload_kind: one.kind,
      workload: one.workload,
      labels: JSON.stringify(one.labels ?? {}),
      annotations: "{}",
      from_s: start + one.hours[0] * 3600,
      until_s: start + one.hours[1] * 3600,
      running_s: (one.hours[1] - one.hours[0]) * 3600,
    })),
    namespace_day: [...new Set(pods.map((one) => one.namespace))].map((namespace) => ({
      cluster,
      day,
      namespace,
      labels: "{}",
      annotations: "{}",
      seconds: 86400,
    })),
    volume_day:
      cluster === "prod"
        ? [
            volume(day, "pvc-db", "shop", "data-db-0", null, null, 0),
            volume(day, "pvc-db", "shop", "data-db-0", "StatefulSet", "db", 86400),
            volume(day, "pvc-old", "lab", "scratch", null, null, 0),
          ]
        : [],
    service_hour:
      cluster === "prod"
        ? hours.flatMap((hour) =>
            [
              ["shop", "web"],
              ["lab", "try"],
            ].map(([namespace = "", service = ""]) => ({
              cluster,
              hour: start + hour * 3600,
              namespace,
              service,
              seconds: 3600,
            })),
          )
        : [],
  };
}

function volume(
  day: string,
  pv: string,
  namespace: string,
  claim: string,
  kind: string | null,
  workload: string | null,
  mounted: number,
): Row {
  return {
    cluster: "prod",
    day,
    pv,
    volume_handle: null,
    claim_namespace: namespace,
    claim,
    bound_s: 86400,
    workload_kind: kind,
    workload,
    mounted_s: mounted,
  };
}

const COLUMNS = JSON.parse(
  readFileSync(join(ROOT, "analysis/models/fact-columns.json"), "utf8"),
) as Record<string, Record<string, string>>;

/** Writes the facts above, a unit a cluster-day. */
function usage(home: string): Source {
  const fingerprint = "1";
  const units = DAYS.flatMap((day) =>
    ["prod", "dev"].map((cluster): Unit => ({
      unit: `${cluster} ${day}`,
      run: null,
      submittedAt: null,
      months: [day.slice(0, 7)],
      fingerprint,
      bytes: 1,
    })),
  );
  return {
    name: "usage",
    type: "prometheus",
    plan: async () => ({ units, problems: [] }),
    async land(unit): Promise<LandedFile[]> {
      const folder = join(home, "landing", "usage", unit.unit.replace(" ", "-"));
      await mkdir(folder, { recursive: true });
      const path = join(folder, "facts.json");
      await writeFile(path, unit.unit);
      const sha256 = createHash("sha256").update(unit.unit).digest("hex");
      return [{ name: "facts.json", path, sha256, bytes: unit.unit.length }];
    },
    async load(unit, _landed, { session }): Promise<Loaded> {
      const [cluster = "", day = ""] = unit.unit.split(" ");
      const folder = join(homePaths(home).facts, "usage");
      await mkdir(folder, { recursive: true });
      const facts: FactPart[] = [];
      for (const [kind, rows] of Object.entries(factsOf(cluster, day))) {
        const parquet = join(folder, `${cluster}-${day}-${kind}.parquet`);
        await writeFacts(session, kind, rows, parquet);
        facts.push({
          kind: kind as FactKind,
          cluster,
          day,
          parquet,
          parquetSha256: createHash("sha256")
            .update(await readFile(parquet))
            .digest("hex"),
          rows: rows.length,
        });
      }
      return {
        dataset: "usage",
        scope: null,
        exportName: null,
        rows: 0,
        promised: null,
        parts: [],
        controls: [],
        rejected: [],
        subAccounts: [],
        stated: [],
        facts,
      };
    },
  };
}

async function writeFacts(session: Session, kind: string, rows: Row[], path: string) {
  const columns = Object.entries(COLUMNS[kind] ?? {});
  const value = (cell: Row[string]) =>
    cell === null || cell === undefined
      ? "NULL"
      : typeof cell === "string"
        ? sqlText(cell)
        : String(cell);
  const select = (row: Row | undefined) =>
    `SELECT ${columns.map(([name, type]) => `CAST(${row === undefined ? "NULL" : value(row[name] ?? null)} AS ${type}) AS ${name}`).join(", ")}`;
  const values = rows
    .map((row) => `(${columns.map(([name]) => value(row[name] ?? null)).join(", ")})`)
    .join(", ");
  const from =
    rows.length === 0
      ? `${select(undefined)} LIMIT 0`
      : `SELECT ${columns.map(([name, type]) => `CAST(${name} AS ${type}) AS ${name}`).join(", ")} FROM (VALUES ${values}) AS f(${columns.map(([name]) => name).join(", ")})`;
  await session.run(`COPY (${from}) TO ${sqlText(path)} (FORMAT parquet)`);
}

export type Cells = Record<string, string>;

/** The bill: amounts that do not divide evenly, a credit, and lines without a list price. */
export function billOf(month: string): Cells[] {
  const days = DAYS.filter((day) => day.startsWith(month));
  const lines: Cells[] = [];
  const add = (day: string, cells: Cells) => {
    const next = new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString();
    lines.push({
      BilledCost: cells["EffectiveCost"] ?? "",
      BillingCurrency: "EUR",
      ChargeCategory: "Usage",
      ChargePeriodStart: `${day}T00:00:00Z`,
      ChargePeriodEnd: next.replace(".000", ""),
      ContractedCost: cells["EffectiveCost"] ?? "",
      ...cells,
    });
  };
  days.forEach((day, index) => {
    for (const node of NODES) {
      const scaleSet = SCALE_SET(node.cluster, node.pool);
      add(day, {
        EffectiveCost: `${node.cores + index}.3${index}7${node.node}11000000000001`.slice(0, 18),
        ListCost: `${node.cores + index + 1}.7`,
        ResourceId: scaleSet,
        ResourceName: scaleSet.split("/").at(-1) ?? "",
        ServiceName: "Virtual Machines",
        x_SkuMeterCategory: "Virtual Machines",
        x_SkuDetails: `{"VMName":"aks-${node.pool}-1-vmss_${node.node}"}`,
        ConsumedQuantity: "24",
        ConsumedUnit: "Hours",
        Tags: `{"aks-managed-poolName":"${node.pool}"}`,
      });
      add(day, {
        EffectiveCost: "0.1000000007",
        ResourceId: `${GROUP(node.cluster)}/Microsoft.Compute/disks/os-${node.pool}-${node.node}`,
        ServiceName: "Storage",
        Tags: `{"aks-managed-poolName":"${node.pool}","aks-managed-creationSource":"vmssclient-aks-${node.pool}-1-vmss"}`,
      });
    }
    for (const [pv, namespace, claim, cost] of [
      ["pvc-db", "shop", "data-db-0", "0.3333333333"],
      ["pvc-old", "lab", "scratch", "0.07"],
    ] as const)
      add(day, {
        EffectiveCost: cost,
        ResourceId: `${GROUP("prod")}/Microsoft.Compute/disks/${pv}`,
        ServiceName: "Storage",
        Tags: `{"kubernetes.io-created-for-pv-name":"${pv}","kubernetes.io-created-for-pvc-namespace":"${namespace}","kubernetes.io-created-for-pvc-name":"${claim}"}`,
      });
    add(day, {
      EffectiveCost: "0.61",
      ResourceId: `${GROUP("prod")}/Microsoft.Network/loadBalancers/kubernetes`,
      ServiceName: "Load Balancer",
    });
    add(day, {
      EffectiveCost: "0.12",
      ResourceId: `${GROUP("prod")}/Microsoft.Network/publicIPAddresses/outbound`,
      ServiceName: "Virtual Network",
    });
    for (const cluster of ["prod", "dev"])
      add(day, {
        EffectiveCost: "2.4",
        ResourceId: CLUSTER(cluster),
        ResourceName: cluster,
        ServiceName: "Azure Kubernetes Service",
      });
    add(day, {
      EffectiveCost: "1.01",
      ListCost: "1.5",
      ResourceId: PLAIN_RESOURCE,
      ResourceName: "shopfiles",
      ServiceName: "Storage",
    });
    add(day, { EffectiveCost: "-0.05", ChargeDescription: "Rounding, =1+1", ServiceName: "" });
  });
  add(days[0] ?? "", {
    EffectiveCost: "-0.3333333331",
    ChargeDescription: "Correction of compute",
    ResourceId: SCALE_SET("prod", "apps"),
    ServiceName: "Virtual Machines",
    x_SkuMeterCategory: "Virtual Machines",
    x_SkuDetails: '{"VMName":"aks-apps-1-vmss_0"}',
    ChargeClass: "Correction",
  });
  add(days[0] ?? "", {
    EffectiveCost: "3.3",
    BillingCurrency: "USD",
    ResourceId: SCALE_SET("dev", "apps"),
    ServiceName: "Virtual Machines",
    x_SkuMeterCategory: "Virtual Machines",
    x_SkuDetails: '{"VMName":"aks-apps-1-vmss_0"}',
    Tags: '{"aks-managed-poolName":"apps"}',
  });
  return lines;
}

const BILL_COLUMNS = [
  "CommitmentDiscountId",
  "CommitmentDiscountStatus",
  "BilledCost",
  "BillingCurrency",
  "BillingPeriodStart",
  "BillingPeriodEnd",
  "ChargeCategory",
  "ChargeClass",
  "ChargeDescription",
  "ChargePeriodStart",
  "ChargePeriodEnd",
  "ConsumedQuantity",
  "ConsumedUnit",
  "ContractedCost",
  "EffectiveCost",
  "ListCost",
  "ProviderName",
  "ResourceId",
  "ResourceName",
  "ServiceName",
  "SubAccountId",
  "SubAccountName",
  "Tags",
  "x_SkuDetails",
  "x_SkuMeterCategory",
] as const;

function billText(
  month: string,
  start: string,
  end: string,
  more: readonly Record<string, string>[],
): string {
  const rows = [...billOf(month), ...more].map((line) => {
    const all: Cells = {
      BillingPeriodStart: `${start}T00:00:00Z`,
      BillingPeriodEnd: `${end}T00:00:00Z`,
      ProviderName: "Microsoft",
      SubAccountId: SUBSCRIPTION,
      SubAccountName: "Apps",
      ...line,
    };
    return BILL_COLUMNS.map((name) => `"${(all[name] ?? "").replaceAll('"', '""')}"`).join(",");
  });
  return `${BILL_COLUMNS.join(",")}\n${rows.join("\n")}\n`;
}

/** What a home has beside, or in place of, the usual. */
export interface ClusterHomeChanges {
  owners?: string;
  /** Lines of the configuration. */
  config?: string;
  /** YAML lines below `sources:` and below `allocation:`. */
  sources?: string;
  allocation?: string;
  /** Files beside the configuration. */
  files?: Record<string, string>;
  /** A source that cannot be read is left out, where a test is about that. */
  mayFail?: boolean;
  /** More lines of a month's bill. */
  lines?: (month: string) => readonly Record<string, string>[];
}

/** Makes the home, ingests and builds it; gives its folder and configuration. */
export async function clusterHome(
  changes: ClusterHomeChanges = {},
): Promise<{ folder: string; config: string; home: string }> {
  const { owners = OWNERS, lines = () => [] } = changes;
  const folder = await mkdtemp(join(tmpdir(), "apportion-clusters-"));
  const config = join(folder, "apportion.yaml");
  await mkdir(join(folder, "bill"));
  await writeFile(
    join(folder, "bill/2026-07.csv"),
    billText("2026-07", "2026-07-01", "2026-08-01", lines("2026-07")),
  );
  await writeFile(
    join(folder, "bill/2026-08.csv"),
    billText("2026-08", "2026-08-01", "2026-09-01", lines("2026-08")),
  );
  await writeFile(join(folder, "owners.yaml"), owners);
  const made = { folder, config };
  await rebuild(made, changes);
  return { ...made, home: readConfig(config).home };
}

/** Builds a made home anew under another configuration or other files; its bill stays. */
export async function rebuild(
  made: { folder: string; config: string },
  changes: ClusterHomeChanges,
): Promise<void> {
  const { sources = "", allocation = "", config = "" } = changes;
  for (const [name, text] of Object.entries(changes.files ?? {}))
    await writeFile(join(made.folder, name), text);
  const text = CONFIG.replace("clusters:\n", `${sources}clusters:\n`);
  await writeFile(made.config, `${text}${allocation}${config}`);
  await takeAndBuild(made.config, changes.mayFail === true);
}

async function takeAndBuild(config: string, mayFail: boolean): Promise<void> {
  const { home, sources, build: settings, landingDays } = readConfig(config);
  await makeHome(homePaths(home));
  const register = new Register(homePaths(home).register);
  const now = () => new Date("2026-09-20T12:00:00Z");
  const { signal } = new AbortController();
  const problems: string[] = [];
  try {
    await ingest({
      home,
      sources: [...sources, usage(home)],
      register,
      now,
      signal,
      landingDays,
      report: {
        progress: () => {},
        unit: ({ unit, problem }) => {
          if (problem !== null) problems.push(`${unit}: ${problem}`);
        },
      },
    });
    const { months } = await build({
      home,
      settings: { ...settings, sources: [...settings.sources, "usage"] },
      register,
      now,
      signal,
      progress: () => {},
    });
    for (const month of months) if (month.problem !== null) problems.push(month.problem);
  } finally {
    register.close();
  }
  if (problems.length > 0 && !mayFail) throw new Error(problems.join("\n"));
}
