import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "../../../analysis/build.ts";
import { readConfig } from "../../../api/config.ts";
import { homePaths, makeHome, sha256 } from "../../../data/files.ts";

import type { PublishedList } from "../../../data/published.ts";
import { Register } from "../../../data/register.ts";
import { ingest } from "../../../ingest/run.ts";
import type {
  FactKind,
  FactPart,
  LandedFile,
  Loaded,
  Source,
  Unit,
} from "../../../ingest/source.ts";
import { type Cell, parquet, USAGE } from "../../parquet.ts";
import { podsOf, type Shape, sizesOf, windowOf } from "./shape.ts";

/** A home whose one cluster runs the shapes, a namespace each, and whose bill is one line. */

const SUBSCRIPTION = "/subscriptions/11111111-2222-3333-4444-555555555555";
const DAY = 86_400;

const CONFIG = `home: ./home
currency: EUR
owners: ./owners.yaml
sources:
  - { type: focus, name: bill, files: "./bill/*.csv" }
clusters:
  - { name: prod, resourceId: "${SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/prod" }
`;
/** Bare jobs are grouped by a label; the tier of a case by configuration is its namespace's. */
const findingsOf = (cases: readonly [string, Shape][]) => `findings:
  jobLabels: [batch]
  tiers:
${cases
  .filter(([, { tierByConfiguration }]) => tierByConfiguration === true)
  .map(
    ([name, { facts }]) =>
      `    - { tier: ${facts?.tier ?? "balanced"}, match: { namespace: ${name}, workload: "ap?*" } }\n`,
  )
  .join("")}`;
const OWNERS = `teams: [{ id: shapes, name: Shapes }]
rules: [{ team: shapes, match: { cluster: prod, namespace: "*" } }]
`;
const BILL = `BilledCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,EffectiveCost,ProviderName,ResourceId,ServiceName,SubAccountId
1,EUR,2026-08-01T00:00:00Z,2026-09-01T00:00:00Z,Usage,2026-08-03T00:00:00Z,2026-08-04T00:00:00Z,1,Microsoft,${SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/s,Storage,${SUBSCRIPTION}
`;

const PODS = {
  cluster: "VARCHAR",
  day: "VARCHAR",
  namespace: "VARCHAR",
  pod: "VARCHAR",
  pod_uid: "VARCHAR",
  node: "VARCHAR",
  workload_kind: "VARCHAR",
  workload: "VARCHAR",
  labels: "VARCHAR",
  annotations: "VARCHAR",
  from_s: "BIGINT",
  until_s: "BIGINT",
  running_s: "INTEGER",
} as const;

const isoDay = (time: number) => new Date(time * 1000).toISOString().slice(0, 10);

const kindOf = ({ facts, runs }: Shape) =>
  facts?.kind ?? (runs === undefined ? "Deployment" : "CronJob");

/** The facts of one day of all shapes. */
function factsOn(
  cases: readonly [string, Shape][],
  start: number,
): Record<"usage_5m" | "pod_day", Record<string, Cell>[]> {
  const usage: Record<string, Cell>[] = [];
  const pods: Record<string, Cell>[] = [];
  const asked = (value: number) => (value < 0 ? null : value);
  for (const [name, shape] of cases) {
    for (const [index, pod] of podsOf(shape).entries()) {
      const from = Math.max(start, pod.began);
      const until = Math.min(start + DAY, pod.ended);
      if (until <= from) continue;
      const names = {
        cluster: "prod",
        namespace: name,
        pod: pod.pod,
        pod_uid: `${name}/${pod.pod}`,
        node: "node",
      };
      pods.push({
        ...names,
        day: isoDay(start),
        // A job that nobody schedules is a workload of its own; what groups them is a label.
        workload_kind: kindOf(shape) === "GroupedJob" ? "Job" : kindOf(shape),
        workload: kindOf(shape) === "GroupedJob" ? pod.pod : "app",
        labels: JSON.stringify({
          "pod-template-hash": shape.facts?.rollout === true ? `r${index}` : "r",
          batch: name,
        }),
        annotations: JSON.stringify({
          ...(shape.facts?.tier === undefined || shape.tierByConfiguration === true
            ? {}
            : { apportion_io_tier: shape.facts.tier }),
          ...(shape.facts?.optedOut === true ? { "apportion.io/rightsizing": "off" } : {}),
        }),
        from_s: from,
        until_s: until,
        running_s: until - from,
      });
      for (const row of pod.rows) {
        if (row.at < from || row.at >= until) continue;
        const sizes = sizesOf(shape, row.at);
        usage.push({
          ...names,
          at: row.at,
          container: "app",
          seconds: row.seconds,
          cpu_avg: row.cpu,
          cpu_max: row.cpu,
          mem_avg: row.mem,
          mem_max: row.mem,
          cpu_request: asked(sizes.cpuRequest),
          mem_request: asked(sizes.memRequest),
          cpu_limit: asked(sizes.cpuLimit),
          mem_limit: asked(sizes.memLimit),
          throttled_ms: row.throttled,
          oom_kills: row.oom,
          restarts: row.restarts,
        });
      }
    }
  }
  return { usage_5m: usage, pod_day: pods };
}

/** What a Kubernetes source would know: images, and what scales what. */
function inventoryOf(
  cases: readonly [string, Shape][],
): { kind: string; namespace: string; name: string; labels?: object; spec: object }[] {
  return cases.flatMap(([namespace, shape]) => {
    const { facts, scaler, sidecar } = shape;
    const by = facts?.autoscaler;
    const metrics = [
      ...(by?.cpu === "hpa" || by?.cpu === "keda" ? [{ type: "Resource", name: "cpu" }] : []),
      ...(by?.other === true ? [{ type: "External", name: "s0-queue-length" }] : []),
    ];
    return [
      {
        kind: kindOf(shape),
        namespace,
        name: "app",
        spec: {
          [facts?.init === true || sidecar === true ? "initContainers" : "containers"]: [
            {
              name: "app",
              image: facts?.managedHeap === true ? "eclipse-temurin:21-jre" : "registry/app:1",
              ...(sidecar === true ? { sidecar } : {}),
            },
          ],
        },
      },
      ...(metrics.length === 0
        ? []
        : [
            {
              kind: "HorizontalPodAutoscaler",
              namespace,
              ...(scaler ?? { name: by?.cpu === "hpa" ? "app" : "keda-hpa-app" }),
              spec: { targetKind: "Deployment", target: "app", metrics },
            },
          ]),
    ];
  });
}

function usageSource(
  home: string,
  cases: readonly [string, Shape][],
  days: readonly number[],
): Source {
  return {
    name: "usage",
    type: "prometheus",
    plan: async () => ({
      units: days.map((start): Unit => ({
        unit: `prod ${isoDay(start)}`,
        run: null,
        submittedAt: null,
        months: [isoDay(start).slice(0, 7)],
        fingerprint: "1",
        bytes: 1,
      })),
      problems: [],
    }),
    async land(unit): Promise<LandedFile[]> {
      const path = join(home, "landing", "usage", `${unit.unit.replace(" ", "-")}.json`);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, unit.unit);
      return [{ name: "facts.json", path, sha256: sha256(unit.unit), bytes: unit.unit.length }];
    },
    async load(unit): Promise<Loaded> {
      const day = unit.unit.slice(5);
      const found = factsOn(cases, Date.parse(`${day}T00:00:00Z`) / 1000);
      const facts: FactPart[] = [];
      for (const [kind, columns] of [
        ["usage_5m", USAGE],
        ["pod_day", PODS],
      ] as const) {
        const path = join(homePaths(home).facts, "usage", `${day}-${kind}.parquet`);
        const written = await parquet(path, columns, found[kind]);
        facts.push({
          kind: kind satisfies FactKind,
          cluster: "prod",
          day,
          parquet: path,
          parquetSha256: written.sha256,
          rows: written.rows,
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
        write: async (session) => {
          if (day !== isoDay(days[0] ?? 0)) return;
          for (const object of inventoryOf(cases))
            await session.run(
              "INSERT INTO inventory (source, cluster, kind, namespace, name, uid, valid_from, labels, annotations, spec) VALUES ('usage', 'prod', $kind, $namespace, $name, concat($kind, $namespace), '2026-01-01T00:00:00.000Z', $labels, '{}', $spec)",
              {
                ...object,
                labels: JSON.stringify(object.labels ?? {}),
                spec: JSON.stringify(object.spec),
              },
            );
          await session.run(
            "INSERT INTO inventory_scan VALUES ('usage', 'prod', 'HorizontalPodAutoscaler', '2026-01-01', '2026-08-31', 1)",
          );
        },
      };
    },
  };
}

export interface ShapesHome {
  home: string;
  config: string;
  /** Takes in the days up to a day and builds. */
  run: (until: string) => Promise<PublishedList>;
}

/** Makes an empty home for shapes of one window. */
export async function shapesHome(cases: readonly [string, Shape][]): Promise<ShapesHome> {
  const folder = await mkdtemp(join(tmpdir(), "apportion-shapes-"));
  const config = join(folder, "apportion.yaml");
  await mkdir(join(folder, "bill"));
  await writeFile(join(folder, "bill/2026-08.csv"), BILL);
  await writeFile(join(folder, "owners.yaml"), OWNERS);
  await writeFile(config, CONFIG + findingsOf(cases));
  const { home, sources, build: settings, landingDays } = readConfig(config);
  await makeHome(homePaths(home));
  const { from } = windowOf((cases[0] as [string, Shape])[1]);
  return {
    home,
    config,
    async run(until) {
      const end = Date.parse(`${until}T00:00:00Z`) / 1000;
      const days = Array.from({ length: (end - from) / DAY }, (_, index) => from + index * DAY);
      const register = new Register(homePaths(home).register);
      const now = () => new Date("2026-09-20T12:00:00Z");
      const { signal } = new AbortController();
      try {
        const problems: string[] = [];
        await ingest({
          home,
          sources: [...sources, usageSource(home, cases, days)],
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
        if (problems.length > 0) throw new Error(problems.join("\n"));
        const { list } = await build({
          home,
          settings: { ...settings, sources: [...settings.sources, "usage"] },
          register,
          now,
          signal,
          progress: () => {},
        });
        return list;
      } finally {
        register.close();
      }
    },
  };
}
