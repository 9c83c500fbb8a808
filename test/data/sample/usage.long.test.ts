import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { numberOf } from "../../../data/sample/calendar.ts";
import { CLUSTERS } from "../../../data/sample/estate.ts";
import { recordedDay } from "../../../data/sample/recorded.ts";
import { Scraped } from "../../../data/sample/series.ts";
import { nodeUse } from "../../../data/sample/shares.ts";
import { split, weights } from "../../../data/sample/split.ts";
import {
  type Costs,
  type SampleResult,
  type UsageTruth,
  writeSample,
} from "../../../data/sample/write.ts";
import { filesUnder, manifests } from "./read.ts";
import { namespaceShares, readRecorded } from "./reduce.ts";
import { Rules, type Subject } from "./rules.ts";
import { addUp } from "./sum.ts";

const PRODUCTION = "aks-northwind-production";
const folders: string[] = [];
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "apportion-usage-"));
  folders.push(made);
  return made;
}
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

const units = (text: string): bigint => BigInt(text.replace(".", ""));
const sum = (rows: readonly Costs[], measure: keyof Costs): bigint =>
  rows.reduce((total, row) => total + units(row[measure]), 0n);
const scraped = (environment: string): Scraped => {
  const cluster = CLUSTERS.find((one) => one.environment === environment);
  if (cluster === undefined) throw new Error(environment);
  return new Scraped(cluster);
};
const hash = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

describe("two months of usage", () => {
  const home = folder();
  let result: SampleResult;
  let usage: UsageTruth;

  beforeAll(async () => {
    result = await writeSample(home, { usage: true });
    if (result.truth.usage === undefined) throw new Error("no usage");
    usage = result.truth.usage;
  }, 120_000);

  it("is a file a cluster and day, and not too much of it", () => {
    const files = filesUnder(join(home, "usage"));
    expect(files).toHaveLength(62 * 5);
    const bytes = files.reduce((total, path) => total + statSync(path).size, 0);
    expect(bytes).toBeLessThan(40_000_000);
    expect(bytes).toBeGreaterThan(20_000_000);
    expect(JSON.parse(readFileSync(join(home, "truth.json"), "utf8"))).toEqual(result.truth);
  });

  it("splits the clusters' lines without a remainder, in both measures", () => {
    expect(usage.clusters).toHaveLength(10);
    for (const month of usage.clusters)
      for (const measure of ["effective", "billed"] as const) {
        const place = `${month.cluster} ${month.month} ${measure}`;
        const sentinels = sum(month.sentinels, measure);
        expect(sum(month.namespaces, measure) + sentinels, place).toBe(units(month[measure]));
        expect(sum(month.workloads, measure) + sentinels, place).toBe(units(month[measure]));
      }
    for (const { month, currency, owners } of usage.ownersWithClusters) {
      const bill = result.truth.months.find(
        (one) => one.month === month && one.currency === currency,
      );
      for (const measure of ["effective", "billed"] as const)
        expect(sum(owners, measure)).toBe(units(bill?.[measure] ?? ""));
    }
  });

  it("covers most of what was billed, and not what was missing", () => {
    expect(usage.coverage).toHaveLength(62 * 5);
    const poor: string[] = [];
    for (const { cluster, day, billedSeconds, seenSeconds, coveredSeconds } of usage.coverage) {
      expect(coveredSeconds).toBeGreaterThanOrEqual(0);
      expect(coveredSeconds).toBeLessThanOrEqual(Math.min(billedSeconds, seenSeconds));
      if (coveredSeconds < billedSeconds * 0.995) poor.push(`${cluster} ${day}`);
    }
    expect(poor.toSorted()).toEqual([
      "aks-northwind-integration 2026-08-17",
      "aks-northwind-integration 2026-08-18",
      "aks-northwind-production 2026-08-04",
      "aks-northwind-production 2026-08-11",
      "aks-northwind-test 2026-07-22",
    ]);
  });

  it("overcommits one node in one hour", () => {
    expect(usage.overcommitted).toHaveLength(1);
    const [only] = usage.overcommitted;
    const special = usage.specials.find((one) => one.what === "use above a node's allocatable");
    expect([only?.cluster, only?.hour]).toEqual([PRODUCTION, special?.from]);
    expect(only?.permille).toBeGreaterThan(1000);
  });

  it("gives every kind of cost somewhere to go", () => {
    const august = usage.clusters.find(
      (one) => one.cluster === PRODUCTION && one.month === "2026-08",
    );
    expect(august?.sentinels.map((row) => row.bucket)).toEqual([
      "__control_plane__",
      "__idle__",
      "__network__",
      "__no_usage_data__",
      "__system__",
      "__unmounted__",
    ]);
    const names = new Set(august?.namespaces.map((row) => row.namespace));
    for (const name of ["documents-scans", "temp-migration", "fraud-legacy", "model-serving"])
      expect(names).toContain(name);
    expect(names).not.toContain("underwriting-batch");
  });

  it("names its clusters, sources and rules in the configuration", () => {
    const config = parse(readFileSync(join(home, "apportion.yaml"), "utf8")) as {
      sources: { type: string; recorded?: string; cluster?: string }[];
      clusters: { name: string; resourceId: string; nodeResourceGroup: string }[];
    };
    expect(config.clusters).toHaveLength(5);
    for (const source of config.sources.filter((one) => one.type === "prometheus")) {
      expect(config.clusters.map((one) => one.name)).toContain(source.cluster);
      expect(filesUnder(join(home, source.recorded ?? ""))).toHaveLength(62);
    }
  });

  it("holds each special case where it says", () => {
    const series = (environment: string, day: string) =>
      readRecorded(join(home, "usage", environment, `${day}.jsonl.gz`)).series;
    const begin = numberOf("2026-07-22") * 86_400;
    for (const { samples } of series("test", "2026-07-22"))
      for (const time of samples.keys())
        expect(time >= begin && time < begin + 86_400, String(time)).toBe(false);
    const recycled = series("production", "2026-07-23").filter(
      (one) =>
        one.name === "kube_pod_info" &&
        one.labels["namespace"] === "claims-api" &&
        one.labels["pod"] === "api-0",
    );
    expect(new Set(recycled.map((one) => one.labels["uid"])).size).toBe(2);
    const gap = series("production", "2026-08-11");
    const from = Date.parse("2026-08-11T09:10:00Z") / 1000;
    for (const { samples } of gap)
      for (const time of samples.keys()) expect(time >= from && time < from + 12_300).toBe(false);
    const labels = series("production", "2026-08-20").find(
      (one) => one.name === "kube_pod_labels" && one.labels["label_team"] === "fraud",
    );
    expect(labels?.labels["namespace"]).toBe("claims-intake");
    const killed = series("production", "2026-08-20").filter(
      (one) =>
        one.name === "container_cpu_usage_seconds_total" &&
        one.labels["container"] === "model" &&
        one.labels["pod"]?.startsWith("scorer-"),
    );
    // One pod, a series for each time its container was started.
    expect(new Set(killed.map((one) => one.labels["uid"])).size).toBe(1);
    expect(killed.length).toBeGreaterThan(1);
  });

  it("has counters that only fall where a container was started again", () => {
    let resets = 0;
    for (const { name, samples } of readRecorded(join(home, "usage", "dev", "2026-08-20.jsonl.gz"))
      .series) {
      if (name !== "container_cpu_usage_seconds_total") continue;
      let before = 0;
      for (const value of samples.values()) {
        if (value < before) resets++;
        before = value;
      }
    }
    expect(resets).toBeLessThan(10);
  });
});

describe("one day of usage", () => {
  const home = folder();
  let usage: UsageTruth;
  beforeAll(async () => {
    const { truth } = await writeSample(home, { days: 1, usage: true });
    if (truth.usage === undefined) throw new Error("no usage");
    usage = truth.usage;
  }, 60_000);

  it("agrees with its recorded samples, read plainly", () => {
    for (const cluster of CLUSTERS) {
      const { header, series } = readRecorded(
        join(home, "usage", cluster.environment, "2026-08-31.jsonl.gz"),
      );
      expect([header.recorded, header.day, header.step]).toEqual([1, "2026-08-31", 300]);
      const begin = numberOf("2026-08-31") * 86_400;
      const read = namespaceShares(series, begin);
      const model = scraped(cluster.environment);
      const pods = model.pods.on(numberOf("2026-08-31"));
      for (const node of model.pods.nodes) {
        const use = nodeUse(model, node, numberOf("2026-08-31"), pods);
        if (use === null) continue;
        const known = new Map<string, number>();
        for (const [key, weight] of use.weights) {
          const [namespace = "", kind] = key.split("\n");
          if (kind === undefined) continue;
          const share = Number((weight * 10n ** 12n) / (use.second * 86_400n)) / 1e12;
          known.set(namespace, (known.get(namespace) ?? 0) + share);
        }
        for (const [namespace, share] of known)
          // A pod's last five minutes have no sample at their end.
          expect(
            Math.abs((read.get(node.name)?.get(namespace) ?? 0) - share),
            `${node.name} ${namespace} ${share}`,
          ).toBeLessThan(share * 0.005 + 0.0004);
      }
    }
  });

  it("says whose the clusters' cost is by the rules as they are written", () => {
    const rules = new Rules(readFileSync(join(home, "owners.yaml"), "utf8"));
    const clusters = CLUSTERS.map((cluster) => cluster.environment);
    const parts = usage.shared.filter((one) => one.month === "2026-08" && one.currency === "EUR");
    const services = [...new Set(parts.map(({ service }) => service))];
    expect(services.length).toBeGreaterThan(1);
    const book = addUp(join(home, "exports"), manifests(join(home, "exports")), {
      owner: (subject: Subject, date: string) =>
        clusters.some(
          (name) =>
            subject.resourceGroup.toLowerCase() ===
              `mc_rg-platform-aks-${name}_aks-northwind-${name}_westeurope` ||
            subject.resourceId.toLowerCase().endsWith(`managedclusters/aks-northwind-${name}`),
        )
          ? '["cluster","",""]'
          : services.some((ending) => subject.resourceId.toLowerCase().endsWith(ending))
            ? '["shared","",""]'
            : rules.owner(subject, date),
    });
    const found = new Map<string, bigint>();
    const add = (owner: string, amount: bigint): unknown =>
      found.set(owner, (found.get(owner) ?? 0n) + amount);
    for (const [key, total] of book.get("2026-08 EUR") ?? [])
      if (key.startsWith("owner ") && !/"cluster"|"shared"/.test(key))
        add(key.slice(6), total.effective);
    // What many use is whole in its parts; whose a part is, the drivers' own tests say.
    expect(book.get("2026-08 EUR")?.get('owner ["shared","",""]')?.effective).toBe(
      sum(parts, "effective"),
    );
    for (const part of parts) {
      const owners = [...found.keys()].filter((key) => key.startsWith(`["${part.team}",`));
      expect(owners, part.team).toHaveLength(1);
      add(owners[0] ?? "", units(part.effective));
    }
    expect(book.get("2026-08 EUR")?.get('owner ["cluster","",""]')?.effective).toBe(
      sum(usage.clusters, "effective"),
    );
    for (const month of usage.clusters) {
      const { series } = readRecorded(
        join(home, "usage", month.cluster.slice(14), "2026-08-31.jsonl.gz"),
      );
      const labels = (name: string, wanted: Record<string, string>): string | undefined =>
        series.find(
          (one) =>
            one.name === name &&
            Object.entries(wanted).every(([key, value]) => one.labels[key] === value),
        )?.labels["label_team"];
      for (const row of month.workloads) {
        const { namespace } = row;
        const fraud = row.name === "fraud-check" ? { label_app: "fraud-check" } : null;
        const team =
          (fraud && labels("kube_pod_labels", { namespace, ...fraud })) ??
          labels("kube_namespace_labels", { namespace });
        add(
          rules.ownerInCluster(
            { cluster: month.cluster, namespace, label: team === undefined ? {} : { team } },
            "2026-08-31",
          ),
          units(row.effective),
        );
      }
      for (const row of month.sentinels)
        add(JSON.stringify([row.bucket, "", ""]), units(row.effective));
    }
    const truth = usage.ownersWithClusters.find((one) => one.currency === "EUR");
    expect(
      new Map(
        truth?.owners.map((row) => [
          JSON.stringify([row.team, row.businessUnit, row.costCenter]),
          units(row.effective),
        ]),
      ),
    ).toEqual(found);
  }, 60_000);
});

describe("a day of a cluster", () => {
  it("is the same bytes whatever was asked for before", () => {
    const day = numberOf("2026-08-20");
    const alone = hash(recordedDay(scraped("production"), day));
    const later = scraped("production");
    for (const before of [day - 2, day - 1]) recordedDay(later, before);
    later.forget(day - 1);
    expect(hash(recordedDay(later, day))).toBe(alone);
    const back = scraped("production");
    recordedDay(back, day + 3);
    expect(hash(recordedDay(back, day))).toBe(alone);
  });

  it("weighs each node exactly as long as it was covered", () => {
    const models = new Map(CLUSTERS.map((one) => [one.environment, scraped(one.environment)]));
    const nodes = [...models.values()].flatMap((model) =>
      model.pods.nodes.map((node) => ({ model, node })),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...nodes),
        fc.integer({ min: numberOf("2026-06-01"), max: numberOf("2026-08-31") }),
        ({ model, node }, day) => {
          const use = nodeUse(model, node, day, model.pods.on(day));
          if (use === null) return;
          const whole = [...use.weights.values()].reduce((total, part) => total + part, 0n);
          expect(whole).toBe(BigInt(use.covered) * use.second);
          expect(use.covered).toBeLessThanOrEqual(use.seen);
        },
      ),
      { numRuns: 150, seed: 3 },
    );
  }, 60_000);

  it("has no pod outside its node's life, and no pod twice", () => {
    const model = scraped("production");
    for (let day = numberOf("2026-07-19"); day < numberOf("2026-08-20"); day++) {
      const pods = model.pods.on(day);
      expect(new Set(pods.map((pod) => pod.uid)).size).toBe(pods.length);
      for (const pod of pods) {
        if (pod.node === null) continue;
        const from = Math.max(pod.start, day * 86_400);
        const until = Math.min(pod.end, (day + 1) * 86_400);
        for (const segment of model.pods.segments(day))
          if (segment.from < until && from < segment.until)
            expect(segment.nodes, `${pod.name} ${day}`).toContain(pod.node);
      }
    }
  });
});

describe("split", () => {
  it("gives every unit to someone, whatever the weights", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
        fc.dictionary(fc.string(), fc.bigInt({ min: 0n, max: 10n ** 24n }), { minKeys: 1 }),
        (amount, parts) => {
          const by = weights(new Map(Object.entries(parts)));
          fc.pre(by.sum > 0n);
          const shares = split(amount, by);
          expect(shares.reduce((total, share) => total + share, 0n)).toBe(amount);
          for (const share of shares) expect(share * amount).toBeGreaterThanOrEqual(0n);
        },
      ),
    );
  });
});
