import { fillSql, loadSql } from "../../../data/sql.ts";
import type { Session } from "../../../data/warehouse.ts";
import { type FindingsSettings, type Tier, TIERS } from "../settings.ts";

/** What pods are of, and what Kubernetes says of their workloads: tier, autoscalers, images. */

export interface WorkloadKey {
  cluster: string;
  namespace: string;
  kind: string;
  workload: string;
  /** As the bill knows it; another only for grouped jobs. */
  billKind: string;
  billWorkload: string;
}

export interface PodFacts {
  workload: WorkloadKey;
  runningSeconds: number;
  runsOn: boolean;
  revision: string | null;
  annotations: Record<string, string>;
}

interface PodRow {
  pod_uid: string;
  namespace: string;
  pod: string;
  workload_kind: string | null;
  workload: string | null;
  running_s: string;
  runs_on: boolean;
  revision: string | null;
  labels: string | null;
  annotations: string | null;
}

/** Pods of `window_pods`, by uid. */
export async function podsOf(
  session: Session,
  cluster: string,
  until: number,
  jobLabels: readonly string[],
): Promise<Map<string, PodFacts>> {
  const rows = await session.rows<PodRow>(loadSql(new URL("./pods.sql", import.meta.url)), {
    window_until: until,
  });
  return new Map(
    rows.map((row) => {
      const billKind = row.workload_kind ?? "Pod";
      const billWorkload = row.workload ?? row.pod;
      const group = billKind === "Job" ? groupOf(row.labels, jobLabels) : null;
      return [
        row.pod_uid,
        {
          workload: {
            cluster,
            namespace: row.namespace,
            kind: group === null ? billKind : "GroupedJob",
            workload: group ?? billWorkload,
            billKind,
            billWorkload,
          },
          runningSeconds: Number(row.running_s),
          runsOn: row.runs_on,
          revision: row.revision ?? revisionIn(row.pod, billKind),
          annotations: textsOf(row.annotations),
        },
      ];
    }),
  );
}

/** `label=value` by which jobs without a CronJob are one workload. */
function groupOf(labels: string | null, keys: readonly string[]): string | null {
  if (keys.length === 0) return null;
  const texts = textsOf(labels);
  for (const key of keys) {
    const value = texts[key] ?? texts[mangled(key)];
    if (value !== undefined && value !== "") return `${key}=${value}`;
  }
  return null;
}

/** The pod template's hash in the name a ReplicaSet gives its pods. */
function revisionIn(pod: string, kind: string): string | null {
  if (kind !== "Deployment" && kind !== "Rollout") return null;
  return /^.+-([0-9a-z]+)-[0-9a-z]{5}$/.exec(pod)?.[1] ?? null;
}

const mangled = (key: string) => key.replaceAll(/[^a-zA-Z0-9_]/g, "_");

function textsOf(json: string | null): Record<string, string> {
  return json === null || json === "" ? {} : (JSON.parse(json) as Record<string, string>);
}

/** An annotation by which a workload's people say something to us. */
const ANNOTATIONS = {
  tier: "apportion.io/tier",
  rightsizing: "apportion.io/rightsizing",
  runtime: "apportion.io/runtime",
} as const;

interface WorkloadObject {
  annotations: Record<string, string>;
  images: Map<string, string>;
  /** Init containers that end before the others begin. */
  inits: Set<string>;
}

interface Spec {
  containers?: { name?: string; image?: string }[];
  initContainers?: { name?: string; image?: string; sidecar?: boolean }[];
  targetKind?: string;
  target?: string;
  metrics?: { type?: string; name?: string }[];
}

export interface Scaled {
  cpu: "hpa" | "keda" | "no";
  mem: "hpa" | "keda" | "no";
  other: boolean;
}

const NOT_SCALED: Scaled = { cpu: "no", mem: "no", other: false };

/** What the inventory says of a cluster's workloads; nothing where it has no Kubernetes source. */
export class Objects {
  readonly #workloads = new Map<string, WorkloadObject>();
  readonly #scaled = new Map<string, Scaled>();
  readonly #scanned: ReadonlySet<string>;

  private constructor(scanned: ReadonlySet<string>) {
    this.#scanned = scanned;
  }

  static async of(
    session: Session,
    cluster: string,
    until: number,
    sources: readonly string[],
  ): Promise<Objects> {
    const known = { cluster, sources };
    const scanned = await session.rows<{ kind: string }>(
      "SELECT DISTINCT kind AS kind FROM work.inventory_scan WHERE cluster = $cluster AND list_contains($sources, source)",
      known,
    );
    const objects = new Objects(new Set(scanned.map(({ kind }) => kind)));
    const rows = await session.rows<{
      kind: string;
      namespace: string;
      name: string;
      annotations: string;
      labels: string;
      spec: string;
    }>(loadSql(new URL("./objects.sql", import.meta.url)), {
      ...known,
      window_until: new Date(until * 1000).toISOString(),
    });
    for (const row of rows) {
      const spec = JSON.parse(row.spec) as Spec;
      if (row.kind === "HorizontalPodAutoscaler")
        objects.#scale(row.namespace, keda(row) ? "keda" : "hpa", spec);
      else
        objects.#workloads.set(`${row.namespace}\n${row.kind}\n${row.name}`, {
          annotations: textsOf(row.annotations),
          images: new Map(
            [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((one) => [
              one.name ?? "",
              one.image ?? "",
            ]),
          ),
          inits: new Set(
            (spec.initContainers ?? []).flatMap(({ name, sidecar }) =>
              sidecar === true || name === undefined ? [] : [name],
            ),
          ),
        });
    }
    return objects;
  }

  #scale(namespace: string, by: "hpa" | "keda", spec: Spec): void {
    const key = `${namespace}\n${spec.targetKind ?? ""}\n${spec.target ?? ""}`;
    const found: Scaled = { ...(this.#scaled.get(key) ?? NOT_SCALED) };
    // An HPA without metrics scales on CPU.
    for (const metric of spec.metrics ?? [{ type: "Resource", name: "cpu" }]) {
      const resource = /cpu/i.test(metric.name ?? "")
        ? "cpu"
        : /mem|heap/i.test(metric.name ?? "")
          ? "mem"
          : null;
      if (resource === null) found.other = true;
      else found[resource] = by;
    }
    this.#scaled.set(key, found);
  }

  /** What scales a workload; null where no Kubernetes source could say. */
  scaled({ namespace, kind, workload }: WorkloadKey): Scaled | null {
    if (!this.#scanned.has("HorizontalPodAutoscaler")) return null;
    return this.#scaled.get(`${namespace}\n${kind}\n${workload}`) ?? NOT_SCALED;
  }

  isInit(key: WorkloadKey, container: string): boolean {
    return this.#object(key)?.inits.has(container) === true;
  }

  /** The workload's own word, else the image's; null where neither is known. */
  managedHeap(key: WorkloadKey, container: string, pod: Record<string, string>): boolean | null {
    const said = this.annotation(key, "runtime", pod);
    if (said !== null) return /^(jvm|java|scala|kotlin|clojure)/i.test(said);
    const image = this.#object(key)?.images.get(container);
    return image === undefined ? null : JAVA.test(image);
  }

  /** The workload's annotation, else its pods'. */
  annotation(
    key: WorkloadKey,
    name: keyof typeof ANNOTATIONS,
    pod: Record<string, string>,
  ): string | null {
    const full = ANNOTATIONS[name];
    return (
      this.#object(key)?.annotations[full] ??
      pod[full] ??
      pod[full.replaceAll(/[^\w]/g, "_")] ??
      null
    );
  }

  #object({ namespace, kind, workload }: WorkloadKey): WorkloadObject | undefined {
    return this.#workloads.get(`${namespace}\n${kind}\n${workload}`);
  }
}

/** KEDA's HPAs say whose they are by a label, and by their name unless its ScaledObject gives another. */
function keda({ name, labels }: { name: string; labels: string }): boolean {
  return name.startsWith("keda-hpa-") || textsOf(labels)["scaledobject.keda.sh/name"] !== undefined;
}

/** Images of Java runtimes, and of servers that run on one. */
const JAVA =
  /\b(openjdk|jdk|jre|java|temurin|corretto|zulu|graalvm|semeru|tomcat|jetty|wildfly|jboss|payara|liberty|springboot|spring-boot|quarkus|keycloak|kafka|zookeeper|elasticsearch|opensearch|logstash|cassandra|solr|neo4j|activemq|artemis|pulsar|flink|spark|hadoop|hbase|trino|presto|druid|nifi|jenkins|sonarqube|nexus3?|confluence|jira)\b/i;

/** Teams by workload, from the months' bills, the newest that knows it. */
export async function ownersOf(
  session: Session,
  months: readonly { catalog: string }[],
): Promise<(key: WorkloadKey) => string> {
  const catalogs = Object.fromEntries(months.map(({ catalog }) => [catalog, catalog]));
  const teams = new Map<string, string>();
  const text = loadSql(new URL("./owners.sql", import.meta.url)).replaceAll(/^--.*\n/gm, "");
  for (const { catalog } of months.toReversed()) {
    const [known] = await session.rows(
      "SELECT 1 FROM duckdb_tables() WHERE database_name = $catalog AND table_name = 'consumer_day'",
      { catalog },
    );
    if (known === undefined) continue;
    const rows = await session.rows<{
      cluster: string;
      namespace: string;
      workload_kind: string;
      workload: string;
      team: string;
    }>(fillSql(text, { month: [catalogs, catalog] }));
    for (const row of rows) {
      const key = `${row.cluster}\n${row.namespace}\n${row.workload_kind}\n${row.workload}`;
      if (!teams.has(key)) teams.set(key, row.team);
    }
  }
  return ({ cluster, namespace, billKind, billWorkload }) =>
    teams.get(`${cluster}\n${namespace}\n${billKind}\n${billWorkload}`) ?? "__unowned__";
}

/** The tier of a workload: its annotation, else the first rule that matches, else the configured one. */
export function tierOf(
  settings: FindingsSettings,
  key: WorkloadKey,
  team: string,
  annotation: string | null,
): { tier: Tier; by: "annotation" | "configuration" | "default" } {
  if (annotation !== null && Object.hasOwn(TIERS, annotation))
    return { tier: annotation as Tier, by: "annotation" };
  const rule = settings.tiers.find(
    (one) =>
      like(one.cluster, key.cluster) &&
      like(one.namespace, key.namespace) &&
      like(one.workload, key.workload) &&
      like(one.team, team),
  );
  return rule === undefined
    ? { tier: settings.tier, by: "default" }
    : { tier: rule.tier, by: "configuration" };
}

/** SQL's LIKE over lower case, as the rules of owners are matched; NULL matches all. */
function like(pattern: string | null, text: string): boolean {
  if (pattern === null) return true;
  const source = pattern.replaceAll(/\\(.)|([%_])|([^%_\\])/gs, (_, escaped, wild, plain) =>
    wild === "%" ? ".*" : wild === "_" ? "." : literal(String(escaped ?? plain)),
  );
  return new RegExp(`^${source}$`, "su").test(text.toLowerCase());
}

const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
