import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { homePaths } from "../../../data/files.ts";
import { openLedger } from "../../../data/ledger.ts";
import { Register } from "../../../data/register.ts";
import type { Session } from "../../../data/warehouse.ts";
import { KubernetesConfig } from "../../../ingest/kubernetes/config.ts";
import { LIST_LIMITS } from "../../../ingest/kubernetes/list.ts";
import {
  kubernetesSource,
  type KubernetesDependencies,
} from "../../../ingest/kubernetes/source.ts";
import { ingest } from "../../../ingest/run.ts";
import { FakeCluster, type FakeOptions, TOKEN } from "../../fakes/kubernetes/server.ts";
import type { GivenObject, StoredObject } from "../../fakes/kubernetes/object.ts";

/** A row of `inventory`, its JSON read. */
export interface InventoryRow {
  source: string;
  cluster: string;
  kind: string;
  namespace: string;
  name: string;
  uid: string;
  from: string;
  to: string | null;
  assumed: string | null;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  owner: string | null;
  node: string | null;
  spec: Record<string, unknown>;
}

export interface ScanResult {
  outcomes: string[];
  /** Error lines, with their codes. */
  problems: string[];
  rows: number;
}

export interface ScanSettings {
  name?: string;
  cluster?: string;
  token?: string;
  pageSize?: number;
  again?: boolean;
  dependencies?: KubernetesDependencies;
  signal?: AbortSignal;
}

/** A fake cluster with a clock of its own. */
export class Cluster extends FakeCluster {
  at: Date;
  constructor(at: string, options: FakeOptions = {}) {
    super({ now: () => this.at, ...options });
    this.at = new Date(at);
  }
  add(kind: string, namespace: string, name: string, more: GivenObject = {}): StoredObject {
    const metadata = { ...more.metadata, name, ...(namespace === "" ? {} : { namespace }) };
    return this.store.create(this.store.ofKind(kind), { ...more, metadata });
  }
  change(
    kind: string,
    namespace: string,
    name: string,
    edit: (object: StoredObject) => GivenObject,
  ): StoredObject {
    return this.store.update(this.store.ofKind(kind), name, namespace, edit, { part: "all" });
  }
  label(kind: string, namespace: string, name: string, labels: Record<string, string>): void {
    this.change(kind, namespace, name, (object) => ({
      ...object,
      metadata: { ...object.metadata, labels },
    }));
  }
  remove(kind: string, namespace: string, name: string): void {
    this.store.delete(this.store.ofKind(kind), name, namespace);
  }
}

/** Starts a fake cluster that ends with the test. */
export async function startCluster(at: string, options: FakeOptions = {}): Promise<Cluster> {
  const cluster = new Cluster(at, options);
  await cluster.start();
  onTestFinished(async () => cluster.stop().catch(() => {}));
  return cluster;
}

/** A folder with a home that ends with the test. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "apportion-kubernetes-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Scans a cluster into the home of `folder` at its clock's time, through the whole pipeline. */
export async function scan(
  folder: string,
  cluster: Cluster,
  settings: ScanSettings = {},
): Promise<ScanResult> {
  const { name = "prod-api", again = false, dependencies = {} } = settings;
  const kubeconfig = join(folder, `${name}.kubeconfig`);
  await writeFile(kubeconfig, cluster.kubeconfig(settings.token ?? TOKEN));
  const config: KubernetesConfig = {
    type: "kubernetes",
    name,
    cluster: settings.cluster ?? "prod",
    ...(settings.pageSize === undefined ? {} : { pageSize: settings.pageSize }),
  };
  const source = kubernetesSource(
    config,
    { kubeconfig, context: null },
    { sleep: () => Promise.resolve(), limits: LIST_LIMITS, ...dependencies },
  );
  const home = join(folder, "home");
  const register = new Register(homePaths(home).register);
  const outcomes: string[] = [];
  const problems: string[] = [];
  let rows = 0;
  try {
    await ingest({
      home,
      sources: [source],
      register,
      now: () => cluster.at,
      signal: settings.signal ?? new AbortController().signal,
      again,
      landingDays: 7,
      report: {
        progress() {},
        unit(event) {
          outcomes.push(`${event.unit} ${event.outcome}`);
          rows += event.rows;
          if (event.code !== null) problems.push(`${event.problem ?? ""} [${event.code}]`);
        },
      },
    });
  } finally {
    register.close();
  }
  return { outcomes, problems, rows };
}

/** Works on the ledger of a folder's home. */
export async function onLedger<T>(
  folder: string,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const ledger = await openLedger(homePaths(join(folder, "home")));
  try {
    return await use(ledger.session);
  } finally {
    ledger.close();
  }
}

/** The history, by kind, namespace, name and time. */
export async function history(folder: string, kind?: string): Promise<InventoryRow[]> {
  return onLedger(folder, (session) => historyOf(session, kind));
}

export async function historyOf(session: Session, kind?: string): Promise<InventoryRow[]> {
  const rows = await session.rows<Record<string, string | null>>(
    "SELECT * FROM inventory WHERE $kind IS NULL OR kind = $kind ORDER BY source, kind, namespace, name, valid_from",
    { kind: kind ?? null },
  );
  return rows.map((row) => ({
    source: row["source"] ?? "",
    cluster: row["cluster"] ?? "",
    kind: row["kind"] ?? "",
    namespace: row["namespace"] ?? "",
    name: row["name"] ?? "",
    uid: row["uid"] ?? "",
    from: row["valid_from"] ?? "",
    to: row["valid_to"] ?? null,
    assumed: row["assumed_until"] ?? null,
    labels: JSON.parse(row["labels"] ?? "null") as Record<string, string>,
    annotations: JSON.parse(row["annotations"] ?? "null") as Record<string, string>,
    owner: row["owner_kind"] == null ? null : `${row["owner_kind"]}/${row["owner_name"]}`,
    node: row["node"] ?? null,
    spec: JSON.parse(row["spec"] ?? "null") as Record<string, unknown>,
  }));
}

/** The whole ledger's history as text, to compare before and after. */
export async function frozen(folder: string): Promise<string> {
  return JSON.stringify(await history(folder), null, 1);
}

/** A reference to an object's controller. */
export function controlledBy(owner: StoredObject): Record<string, unknown> {
  return {
    ownerReferences: [
      {
        apiVersion: owner.apiVersion,
        kind: owner.kind,
        name: owner.metadata.name,
        uid: owner.metadata.uid,
        controller: true,
      },
    ],
  };
}

export const PROVIDER = "azure:///subscriptions/S-1/resourceGroups/MC/providers/Microsoft.Compute";
