import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { clusterNames } from "./clusters.ts";
import { CLUSTERS } from "./estate.ts";
import { FORGOTTEN, type Forgotten, PEOPLE } from "./forgotten.ts";
import { namespacesOf } from "./namespaces.ts";
import { guid } from "./random.ts";
import { workloadsOf } from "./workloads.ts";

/** The cluster whose objects are recorded: where people try things, and forget them. */
export const RECORDED = { environment: "dev", cluster: clusterNames("dev").name } as const;

/** When the cluster was listed. */
export const SCANS = [
  "2026-07-01T06:00:00Z",
  "2026-07-22T06:00:00Z",
  "2026-08-02T06:00:00Z",
  "2026-08-09T06:00:00Z",
  "2026-08-16T06:00:00Z",
  "2026-08-24T06:00:00Z",
  "2026-08-31T06:00:00Z",
] as const;

type Json = Record<string, unknown>;

/** Writes the recorded scans of the cluster and the company's directory under `home`. */
export async function writeInventory(home: string): Promise<void> {
  const folder = join(home, "inventory", RECORDED.environment);
  await mkdir(folder, { recursive: true });
  for (const at of SCANS) {
    const objects = [
      ...namespaces(at),
      ...FORGOTTEN.flatMap((one) => contentOf(one, at)),
      ...users(),
    ];
    const header = { recorded: 1, cluster: RECORDED.cluster };
    const lines = [header, ...objects].map((line) => `${JSON.stringify(line)}\n`);
    await writeFile(join(folder, `${at.replaceAll(":", "-")}.jsonl.gz`), gzipSync(lines.join("")));
  }
  const people = PEOPLE.map(({ name, manager, team, left }) =>
    [
      email(name),
      manager === null ? "" : email(manager),
      team,
      "",
      left ?? "",
      guid(`person ${name}`),
    ].join(","),
  );
  await writeFile(
    join(home, "people.csv"),
    `email,manager,team,valid_from,valid_to,aliases\n${people.join("\n")}\n`,
  );
}

/** `ann.berger@northwind.example`. */
export function email(name: string): string {
  return `${name}@northwind.example`;
}

function object(
  kind: string,
  namespace: string | null,
  name: string,
  created: string,
  more: Json & { metadata?: Json } = {},
): Json {
  const { metadata, ...rest } = more;
  return {
    kind,
    metadata: {
      name,
      ...(namespace === null ? {} : { namespace }),
      uid: guid(`${RECORDED.cluster} ${kind} ${namespace ?? ""} ${name}`),
      creationTimestamp: created,
      ...metadata,
    },
    ...rest,
  };
}

/** The namespaces that are in use, with their workloads; some say who made them. */
function namespaces(at: string): Json[] {
  const cluster = CLUSTERS.find(({ environment }) => environment === RECORDED.environment);
  if (cluster === undefined) return [];
  const now = Date.parse(at) / 1000;
  const used = namespacesOf(cluster).filter(
    ({ created, until }) => created <= now && (until === undefined || now < until),
  );
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
  return [
    ...used.map(({ name, created, labels }) => {
      const owner = PEOPLE.find(
        ({ left, team }) => left === undefined && name.startsWith(`${team}-`),
      );
      return object("Namespace", null, name, iso(created), {
        metadata: {
          labels: labels.findLast(({ from }) => from <= now)?.labels ?? {},
          annotations: owner === undefined ? {} : { owner: email(owner.name) },
        },
      });
    }),
    ...workloadsOf(cluster)
      .filter(({ namespace }) => used.some(({ name }) => name === namespace))
      .map(({ kind, namespace, name, labels, replicas, cron }) =>
        object(kind, namespace, name, "2025-02-03T09:00:00Z", {
          metadata: { labels },
          spec:
            cron === undefined
              ? { replicas, template: { metadata: { labels } } }
              : { schedule: "10 * * * *", jobTemplate: { spec: { template: {} } } },
        }),
      ),
  ];
}

/** What stands in a forgotten namespace. */
function contentOf(one: Forgotten, at: string): Json[] {
  const { name, created, labels = {}, annotations = {}, binding, volume, touched } = one;
  const isTouched = touched !== undefined && at >= touched;
  return [
    object("Namespace", null, name, created, { metadata: { labels, annotations } }),
    object("Deployment", name, one.workload, created, {
      metadata: { annotations: isTouched ? { "example.org/reviewed": touched.slice(0, 10) } : {} },
      spec: { replicas: 0, template: { metadata: { labels: { app: one.workload } } } },
    }),
    ...(volume === undefined
      ? []
      : [
          object("PersistentVolumeClaim", name, `${one.workload}-data`, created, {
            spec: { resources: { requests: { storage: volume } }, volumeName: `pvc-${guid(name)}` },
          }),
        ]),
    ...(binding === undefined
      ? []
      : [
          object("RoleBinding", name, "admins", created, {
            roleRef: { kind: "ClusterRole", name: "admin" },
            subjects: [{ kind: "User", name: email(binding) }],
          }),
        ]),
    ...(one.sleeps === true
      ? [object("SleepInfo", name, "nights", created, { spec: { sleepAt: "20:00" } })]
      : []),
  ];
}

/** Rancher's users, who are known there by an id of its own. */
function users(): Json[] {
  return PEOPLE.flatMap(({ name, rancher }) =>
    rancher === undefined
      ? []
      : [
          object("User", null, rancher, "2024-04-02T10:00:00Z", {
            username: email(name),
            displayName: name,
            principalIds: [`azuread_user://${guid(`person ${name}`)}`],
          }),
        ],
  );
}
