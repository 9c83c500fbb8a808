import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { homePaths } from "../../data/files.ts";
import { readList } from "../../data/published.ts";
import { openReadOnly } from "../../data/warehouse.ts";
import { cli, writeConfig } from "../home.ts";
import { describeWithBills } from "../needs.ts";
import { csvRows } from "../ingest/oracle.ts";

const FILE = "aks-cost-analysis-export/cost-management-export.csv";
const SUBSCRIPTION = "/subscriptions/11111111-2222-3333-4444-555555555555";

describeWithBills("a real bill of one AKS cluster", (bills) => {
  let folder = "";
  let rows: Record<string, string | null>[] = [];
  let spend: Record<string, string | null>[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "apportion-aks-"));
    mkdirSync(join(folder, "exports"));
    copyFileSync(join(bills, FILE), join(folder, "exports/bill.csv"));
    const config = await writeConfig(
      folder,
      `clusters:\n  - { name: contoso-aks, resourceId: "${SUBSCRIPTION}/resourceGroups/contoso/providers/Microsoft.ContainerService/managedClusters/contoso-aks" }\nallocation: { idle: keep, system: keep, controlPlane: keep, network: keep }\n`,
    );
    const run = await cli(["run", "--config", config]);
    expect(run.code, run.err).toBe(0);
    const paths = homePaths(join(folder, "home"));
    const [month] = (await readList(paths)).months;
    const engine = await openReadOnly(
      [{ name: "m", path: join(paths.published, month?.file ?? "") }],
      {},
      async (session) => {
        rows = await session.rows(
          `SELECT l.x_match AS kind, l.x_cluster AS cluster, lower(l.resource_id) AS resource, CAST(l.x_day AS VARCHAR) AS day, l.effective_cost AS cost,
             c.split_kind AS split, c.split_key AS key, c.node_by AS "nodeBy", c.claim_namespace AS namespace
           FROM m.main.line AS l LEFT JOIN m.main.cluster_line AS c ON c.line_id = l.line_id`,
        );
        spend = await session.rows(
          "SELECT CASE WHEN namespace = '' THEN bucket ELSE namespace END AS key, sum(effective) AS cost FROM m.main.spend GROUP BY 1 ORDER BY 1",
        );
      },
    );
    engine.close();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("gives each of its 28 lines the kind it has", () => {
    const kinds = Map.groupBy(rows, (row) => row["kind"]);
    expect(Object.fromEntries([...kinds].map(([kind, all]) => [kind, all.length]))).toEqual({
      // 5 of compute time, 6 of bandwidth, 4 of Defender.
      node: 15,
      "os-disk": 3,
      volume: 4,
      "load-balancer": 4,
      "public-ip": 2,
    });
    expect(rows.every((row) => row["cluster"] === "contoso-aks")).toBe(true);
  });

  it("knows the instance of every line about a node, from its id or its VM name", () => {
    const nodes = rows.filter((row) => row["kind"] === "node");
    for (const row of nodes)
      expect(row["key"]).toMatch(
        /virtualmachinescalesets\/aks-nodepool1-37076539-vmss\/virtualmachines\/[01]$/,
      );
    const how = new Set(nodes.map((row) => row["nodeBy"]));
    expect(how).toEqual(new Set(["resource id", "VM name"]));
  });

  it("gives the volume to the namespace its tags name, and what nothing measured to nobody", () => {
    const volumes = rows.filter((row) => row["kind"] === "volume");
    const tags = csvRows(readFileSync(join(bills, FILE), "utf8"))
      .filter((row) => row["InstanceId"]?.includes("/disks/pvc-"))
      .map((row) => JSON.parse(row["Tags"] ?? "{}") as Record<string, string>);
    const [namespace] = new Set(tags.map((tag) => tag["kubernetes.io-created-for-pvc-namespace"]));
    expect(namespace).toBeDefined();
    for (const row of volumes) expect(row["namespace"]).toBe(namespace);
    expect(new Set(spend.map((row) => row["key"]))).toEqual(
      new Set(["__network__", "__no_usage_data__", namespace]),
    );
  });

  it("adds up to the bill, to the last digit", () => {
    const units = (text: string) => {
      const [whole = "0", fraction = ""] = text.split(".");
      return BigInt(whole) * 10n ** 18n + BigInt(fraction.padEnd(18, "0"));
    };
    const sum = spend.reduce((all, row) => all + units(row["cost"] ?? "0"), 0n);
    expect(sum).toBe(units("4.800897501684201753"));
  });
});
