import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { namespacesCommand } from "../../api/commands/namespaces.ts";
import { readConfig } from "../../api/config.ts";
import { homePaths, makeHome } from "../../data/files.ts";
import { Register } from "../../data/register.ts";
import { type Session, sqlText } from "../../data/warehouse.ts";
import { ingest } from "../../ingest/run.ts";
import type { FactKind, FactPart, Source, Unit } from "../../ingest/source.ts";
import { FakeCluster } from "../fakes/kubernetes/server.ts";
import { NO_LINES } from "../../ingest/directory/source.ts";

/** A home with one cluster behind a fake API server, usage of forty days, people, and a clock. */

const DAY = 86_400_000;

export interface Ran {
  code: number;
  out: string;
  told: string;
}

export class LifeHome {
  now: Date;
  readonly cluster: FakeCluster;
  readonly folder: string;
  readonly config: string;
  /** Usage that is not there: a metric, as a server that does not scrape it leaves it. */
  without: "all" | "pods" | "network" | null = null;
  /** Who types at the machine. */
  user = "local:root";

  private constructor(folder: string, cluster: FakeCluster, now: Date) {
    this.folder = folder;
    this.config = join(folder, "apportion.yaml");
    this.cluster = cluster;
    this.now = now;
  }

  /** @param names more namespaces of Ann's, each with a workload, a secret and settings */
  static async make(
    more: string,
    names: readonly string[] = [],
    atEnd: (end: () => Promise<void>) => void = onTestFinished,
  ): Promise<LifeHome> {
    const folder = await mkdtemp(join(tmpdir(), "apportion-life-"));
    const start = new Date("2026-06-01T10:00:00Z");
    let home: LifeHome | undefined = undefined;
    const cluster = await new FakeCluster({
      now: () => (home as LifeHome | undefined)?.now ?? new Date("2025-01-01T00:00:00Z"),
    }).start();
    const { store } = cluster;
    const put = (
      kind: string,
      name: string,
      namespace: string | null,
      fields: object = {},
      meta: object = {},
    ) =>
      store.create(store.ofKind(kind), {
        metadata: { name, ...(namespace === null ? {} : { namespace }), ...meta },
        ...fields,
      });
    const template = { spec: { containers: [{ name: "main", image: "x:1" }] } };
    for (const name of [
      "old-shop",
      "busy",
      "orphan",
      "kube-system",
      ...Array.from({ length: 2 }, (_, index) => `team-${index}`),
    ])
      put(
        "Namespace",
        name,
        null,
        {},
        {
          annotations:
            name === "old-shop" || name.startsWith("team-") ? { owner: "ann@example.org" } : {},
        },
      );
    for (const name of names) {
      put("Namespace", name, null, {}, { annotations: { owner: "ann@example.org" } });
      put("Deployment", "web", name, { spec: { replicas: 2, template } });
      put("Secret", "password", name, { data: { p: "aHVudGVyMg==" } });
      put("ConfigMap", "settings", name, { data: { a: "1" } });
    }
    put("Deployment", "web", "old-shop", { spec: { replicas: 2, template } });
    put("Secret", "password", "old-shop", { data: { p: "aHVudGVyMg==" } });
    put("Deployment", "web", "busy", { spec: { replicas: 1, template } });
    put("Pod", "web-1", "busy", {
      spec: { nodeName: "n1", containers: [] },
      status: { phase: "Running" },
    });
    home = new LifeHome(folder, cluster, start);
    await mkdir(join(folder, "usage"));
    await writeFile(join(folder, "reader.json"), cluster.kubeconfig());
    await writeFile(join(folder, "key"), "a key of at least thirty-two characters\n");
    await writeFile(
      join(folder, "people.csv"),
      "email,manager,team,valid_from,valid_to\nann@example.org,bob@example.org,shop,,\nbob@example.org,,platform,,\n",
    );
    await writeFile(
      join(folder, "owners.yaml"),
      "teams:\n  - { id: shop, name: Shop, contacts: [ann@example.org] }\n  - { id: platform, contacts: [bob@example.org] }\nrules:\n  - { team: shop, match: { cluster: prod, namespace: [old-shop, 'team-*'] } }\n",
    );
    await writeFile(
      home.config,
      `home: ./home
currency: EUR
owners: ./owners.yaml
sources:
  - { type: kubernetes, name: prod-api, cluster: prod, kubeconfig: ./reader.json }
  - { type: prometheus, name: usage, cluster: prod, recorded: ./usage }
  - { type: directory, name: people, file: ./people.csv }
clusters:
  - { name: prod, resourceId: "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/prod" }
namespaces:
  worker:
    - { cluster: prod, kubeconfig: ./reader.json }
  backup: { folder: ./backups, key: "\${file:./key}" }
${more}`,
    );
    await makeHome(homePaths(readConfig(home.config).home));
    atEnd(async () => {
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    });
    return home;
  }

  /** Lets days pass; nothing is read meanwhile. */
  pass(days: number): void {
    this.now = new Date(this.now.getTime() + days * DAY);
  }

  /** Reads the cluster, its usage and the directory as they are now. */
  async ingest(): Promise<void> {
    const config = readConfig(this.config);
    const register = new Register(homePaths(config.home).register);
    const problems: string[] = [];
    try {
      await ingest({
        home: config.home,
        sources: config.sources.map((source) =>
          source.name === "usage" ? this.#usage(config.home) : source,
        ),
        register,
        now: () => this.now,
        signal: new AbortController().signal,
        landingDays: 7,
        report: {
          progress: () => {},
          unit: ({ unit, problem }) => {
            if (problem !== null) problems.push(`${unit}: ${problem}`);
          },
        },
      });
    } finally {
      register.close();
    }
    if (problems.length > 0) throw new Error(problems.join("\n"));
  }

  /** Runs `apportion namespaces …`; a refusal gives its exit code and its message. */
  async run(...args: string[]): Promise<Ran> {
    const words: string[] = [];
    const options: Record<string, string | boolean> = { config: this.config };
    for (let index = 0; index < args.length; index++) {
      const word = args[index] ?? "";
      if (!word.startsWith("--")) words.push(word);
      else if (["--yes", "--undo", "--verify", "--dry-run"].includes(word))
        options[word.slice(2)] = true;
      else options[word.slice(2)] = args[++index] ?? "";
    }
    const ran: Ran = { code: 0, out: "", told: "" };
    try {
      ran.code = await namespacesCommand.run({
        words,
        options,
        screen: {
          out: (text) => void (ran.out += text),
          tell: (line) => void (ran.told += `${line}\n`),
          progress: () => {},
          done: () => {},
          isTTY: false,
        },
        signal: new AbortController().signal,
        now: () => this.now,
        user: this.user,
      });
    } catch (error) {
      const known = error as { exit?: number; message: string };
      if (known.exit === undefined) throw error;
      ran.code = known.exit;
      ran.told += known.message;
    }
    return ran;
  }

  /** Both approvals, each typed by its own person. */
  async agree(name: string): Promise<void> {
    for (const [as, by, user] of [
      ["owner", "ann@example.org", "local:ann"],
      ["second", "bob@example.org", "local:bob"],
    ] as const) {
      this.user = user;
      const { code, told } = await this.run("approve", `prod/${name}`, "--as", as, "--by", by);
      if (code !== 0) throw new Error(told);
    }
    this.user = "local:root";
  }

  /** The state of a namespace, as the command line lists it. */
  async state(name: string): Promise<string> {
    const { out } = await this.run("list", "--format", "json");
    const rows = JSON.parse(out) as { name: string; state: string }[];
    return rows.find((row) => row.name === name)?.state ?? "not listed";
  }

  /** Ingests and scans. */
  async look(): Promise<Ran> {
    await this.ingest();
    return this.run("scan", "--yes");
  }

  /** Usage of the forty days before now: one busy pod, on one node that is covered whole. */
  #usage(home: string): Source {
    const now = Math.floor(this.now.getTime() / 1000 / 3600) * 3600;
    const { without } = this;
    const day = this.now.toISOString().slice(0, 10);
    const unit: Unit = {
      unit: "prod usage",
      run: null,
      submittedAt: null,
      months: [],
      fingerprint: `${now} ${without}`,
      bytes: 1,
    };
    return {
      name: "usage",
      type: "prometheus",
      plan: async () => ({ units: [unit], problems: [] }),
      async land() {
        const path = join(home, "landing", `usage-${now}.txt`);
        await writeFile(path, unit.fingerprint);
        return [
          {
            name: "usage",
            path,
            sha256: createHash("sha256").update(unit.fingerprint).digest("hex"),
            bytes: 1,
          },
        ];
      },
      async load(_unit, _landed, { session }) {
        const folder = join(homePaths(home).facts, "usage");
        await mkdir(folder, { recursive: true });
        const facts: FactPart[] = [];
        for (const [kind, select] of Object.entries(factsOf(now, without))) {
          if (without === "all" || (without === "pods" && kind === "pod_day")) continue;
          facts.push(await written(session, folder, kind as FactKind, select, day));
        }
        return { ...NO_LINES, dataset: "usage", facts };
      },
    };
  }
}

function factsOf(now: number, without: LifeHome["without"]): Record<string, string> {
  const hours = `generate_series(${now - 40 * 86_400}, ${now - 3600}, 3600)`;
  const days = `generate_series(${now - 40 * 86_400}, ${now - 3600}, 86400)`;
  return {
    node_hour: `SELECT 'prod' AS cluster, h AS hour, 'n1' AS node, 'n1' AS node_name, 'p' AS pool, 'D4' AS instance_type, 4000 AS cpu_capacity, 3900 AS cpu_allocatable, 16000 AS mem_capacity, 14000 AS mem_allocatable, 0 AS gpu_capacity, 0 AS gpu_allocatable, 3600 AS seen_s, 3600 AS covered_s, false AS virtual FROM (SELECT CAST(unnest(${hours}) AS BIGINT) AS h)`,
    pod_day: `SELECT 'prod' AS cluster, strftime(make_timestamp(d * 1000000), '%Y-%m-%d') AS day, 'busy' AS namespace, 'web-1' AS pod, 'u1' AS pod_uid, 'n1' AS node, 'Deployment' AS workload_kind, 'web' AS workload, '{}' AS labels, '{}' AS annotations, d AS from_s, d + 86400 AS until_s, 86400 AS running_s FROM (SELECT CAST(unnest(${days}) AS BIGINT) AS d)`,
    usage_hour: `SELECT 'prod' AS cluster, h AS hour, 'n1' AS node, 'busy' AS namespace, 'web-1' AS pod, 'u1' AS pod_uid, 'main' AS container, 3600 AS seconds, 720000 AS cpu_used, 360000 AS cpu_requested, 720000 AS cpu_effective, 400000 AS mem_used, 400000 AS mem_requested, 400000 AS mem_effective, 0 AS gpu_requested, ${without === "network" ? 0 : 90_000_000} AS net_rx, 0 AS net_tx, 0 AS throttled_ms, 0 AS oom_kills, 0 AS restarts FROM (SELECT CAST(unnest(${hours}) AS BIGINT) AS h)`,
  };
}

async function written(
  session: Session,
  folder: string,
  kind: FactKind,
  select: string,
  day: string,
): Promise<FactPart> {
  const parquet = join(
    folder,
    `${kind}-${createHash("sha256").update(select).digest("hex").slice(0, 12)}.parquet`,
  );
  await session.run(`COPY (${select}) TO ${sqlText(parquet)} (FORMAT parquet)`);
  const bytes = await readFile(parquet);
  return {
    kind,
    cluster: "prod",
    day,
    parquet,
    parquetSha256: createHash("sha256").update(bytes).digest("hex"),
    rows: 1,
  };
}
