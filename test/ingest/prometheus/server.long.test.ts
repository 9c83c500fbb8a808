import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { billText } from "../../bill-with.ts";
import { cli, withFolder, writeConfig } from "../../home.ts";
import { describeWith, ROOT } from "../../needs.ts";
import { ledger } from "../taken.ts";
import {
  factFiles,
  factsOf,
  type RunningPrometheus,
  startPrometheus,
  writeBlocks,
  writeRecorded,
} from "./real.ts";
import {
  DAY,
  every,
  HOUR,
  nodeSeries,
  podSeries,
  PROVIDER,
  type Series,
  START,
  UIDS,
} from "./scene.ts";

const END = START + 24 * HOUR;
const NOW = { APPORTION_NOW: "2026-08-04T06:10:00Z" };
const ODD = 'line one\nline "two" 🦊 '.padEnd(4096, "x");

/** A cluster that has something of everything: bursts, a restart, a move, a gap, an odd label. */
function estate(label?: string): Series[] {
  const named = (series: Series[]): Series[] =>
    label === undefined
      ? series
      : series.map((one) => ({ ...one, labels: { ...one.labels, cluster: label } }));
  const burst = (series: Series[], seed: number): Series[] =>
    series.map((one) => {
      if (one.metric === "container_cpu_usage_seconds_total") {
        let total = 100;
        return {
          ...one,
          samples: one.samples.map(([at]): [number, number] => [
            at,
            (total += ((Math.floor(at / 60) * seed) % 97) / 3),
          ]),
        };
      }
      if (one.metric === "container_memory_working_set_bytes")
        return {
          ...one,
          samples: one.samples.map(([at]): [number, number] => [
            at,
            4096 * (20_000 + ((Math.floor(at / 60) * seed) % 5000)),
          ]),
        };
      return one;
    });
  const noon = START + 12 * HOUR;
  const gap = (series: Series[]): Series[] =>
    series.map((one) => ({
      ...one,
      samples: one.samples.filter(([at]) => at < START + 15 * HOUR || at >= START + 16 * HOUR),
    }));
  return named(
    gap([
      ...nodeSeries(),
      ...nodeSeries("node-2", PROVIDER.replace(/3$/, "4")),
      ...burst(
        podSeries({
          pod: "web-1",
          uid: UIDS.a,
          phase: 7,
          request: { cpu: 0.25, memory: 90 << 20 },
          limit: { cpu: 0.75, memory: 180 << 20 },
        }),
        31,
      ),
      ...burst(
        podSeries({
          namespace: "db",
          pod: "db-0",
          uid: UIDS.b,
          node: "node-2",
          until: noon,
          phase: 11,
          request: { cpu: 0.1 },
        }),
        57,
      ),
      ...burst(
        podSeries({
          namespace: "db",
          pod: "db-0",
          uid: UIDS.b.replace("b", "c"),
          from: noon + 600,
          phase: 23,
          request: { cpu: 0.1 },
        }),
        71,
      ),
      ...burst(
        podSeries({
          namespace: "batch",
          pod: "job-1",
          uid: UIDS.b.replace("b", "d"),
          from: START + 8 * HOUR,
          until: START + 8 * HOUR + 1500,
          phase: 41,
        }),
        13,
      ),
      // Throttled half a second in every minute, and killed at noon.
      ...(["container_cpu_cfs_throttled_seconds_total", "container_oom_events_total"] as const).map(
        (metric): Series => ({
          metric,
          labels: (podSeries({ pod: "web-1", uid: UIDS.a })[0] as Series).labels,
          samples: every(60, START - 293, END, (at) =>
            metric.includes("oom") ? Number(at >= noon) : (at - START) / 120,
          ),
        }),
      ),
      {
        metric: "kube_pod_labels",
        labels: {
          namespace: "shop",
          pod: "web-1",
          uid: UIDS.a,
          job: "kube-state-metrics",
          label_note: ODD,
        },
        samples: every(60, START - 300, END, () => 1),
      },
    ]),
  );
}

const source = (more: string) => `  - { type: prometheus, name: usage, cluster: prod, ${more} }\n`;

describeWith("Prometheus", "usage from a real Prometheus", (program) => {
  const folder = mkdtempSync(join(tmpdir(), "apportion-prometheus-"));
  let server: RunningPrometheus;
  let noRead: RunningPrometheus;
  beforeAll(async () => {
    const data = writeBlocks(folder, estate());
    server = await startPrometheus(program, folder, data);
    const other = join(folder, "second");
    // The same samples, from a server that answers queries of few samples only.
    noRead = await startPrometheus(program, folder, writeBlocks(other, estate()), [
      "--query.max-samples=700",
    ]);
  });
  afterAll(async () => {
    await server.stop();
    await noRead.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const ingest = async (home: string, more: string, args: string[] = []) => {
    const config = await writeConfig(home, "", source(more));
    return cli(["ingest", "--config", config, ...args], { env: NOW });
  };
  const recordsOf = (home: string) =>
    readdirSync(join(home, "home/landing"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith("record.json"))
      .map(
        (name) =>
          JSON.parse(readFileSync(join(home, "home/landing", name), "utf8")) as {
            day: string;
            until: string;
            server: { rung: string };
            requests: { what: string }[];
          },
      );

  it("lands and loads a day from streamed chunks; a second time it changes nothing", () =>
    withFolder(async (home) => {
      const first = await ingest(home, `url: "${server.url}"`);
      expect(first.err).toBe("");
      expect(first.code).toBe(0);
      expect(first.units.map(({ unit, outcome }) => [unit, outcome])).toEqual([
        [`prod ${DAY}`, "loaded"],
        ["prod 2026-08-04", "loaded"],
      ]);
      const record = recordsOf(home).find(({ day }) => day === DAY);
      expect(record?.server.rung).toBe("remote-read");
      const [node] = await factsOf(
        home,
        "node_hour",
        "count(*) AS n, sum(covered_s) AS covered, count(DISTINCT node) AS nodes",
        "",
      );
      expect(node).toMatchObject({ nodes: "2" });
      const pods = await factsOf(
        home,
        "pod_day",
        "pod, pod_uid, node, labels",
        `WHERE day = '${DAY}' ORDER BY pod_uid`,
      );
      expect(pods.map((pod) => pod["pod"])).toEqual(["web-1", "db-0", "db-0", "job-1"]);
      expect(JSON.parse(pods[0]?.["labels"] ?? "")).toEqual({ note: ODD });
      const [limited] = await factsOf(
        home,
        "usage_5m",
        "max(cpu_limit) AS cpu, max(mem_limit) AS memory, sum(throttled_ms) AS throttled, sum(oom_kills) AS kills",
        `WHERE pod_uid = '${UIDS.a}' AND "at" < ${END}`,
      );
      // An hour is missing, and what was throttled on the way out of it is not known.
      expect(limited).toMatchObject({ cpu: "750000", memory: String(180 << 20), kills: "1" });
      expect(Number(limited?.["throttled"])).toBe((23 * 60 - 1) * 500);
      const [unit] = await ledger(home, "SELECT coverage FROM unit WHERE unit = 'prod 2026-08-03'");
      // Node 1 but for its gap; node 2 until its only pod moved.
      expect(Number(unit?.["coverage"])).toBeGreaterThan(35 * HOUR - 700);
      const again = await ingest(home, `url: "${server.url}"`);
      expect(again.units.map(({ outcome }) => outcome)).toEqual(["unchanged", "unchanged"]);
    }));

  it("doctor says what it is, how it is read and what it lacks, with what to do", () =>
    withFolder(async (home) => {
      const config = await writeConfig(home, "", source(`url: "${server.url}"`));
      const { out } = await cli(["doctor", "--config", config], { env: NOW });
      expect(out).toMatch(/ok +source usage +2 units.*Prometheus [0-9.]+\S*, read by remote read/);
      expect(out).toMatch(
        /note +source usage +no kube_namespace_labels: rules by label see no namespace; start kube-state-metrics with/,
      );
      expect(out).not.toContain("no kube_pod_labels");
      expect(out).not.toContain("no kube_node_info");
    }));

  it("gives the same facts by fitted queries, within one scrape at the edges", () =>
    withFolder((left) =>
      withFolder(async (right) => {
        // A remote read of more than a few samples is refused by a server that streams none.
        await ingest(left, `url: "${server.url}"`, ["--until", "2026-08-04"]);
        const proxy = await noStreaming(server.url);
        try {
          const { code, err } = await ingest(right, `url: "${proxy.url}"`, [
            "--until",
            "2026-08-04",
          ]);
          expect({ code, err }).toEqual({ code: 0, err: "" });
        } finally {
          await proxy.stop();
        }
        expect(recordsOf(right)[0]?.server.rung).toBe("query-range");
        await same(left, right);
      }),
    ));

  it("asks one question a request where the server answers no second one, and gets the same", () =>
    withFolder((left) =>
      withFolder(async (right) => {
        const args = ["--until", "2026-08-04"];
        await ingest(left, `url: "${server.url}"`, args);
        const proxy = await oneQuestion(server.url);
        try {
          const { code, err } = await ingest(right, `url: "${proxy.url}"`, args);
          expect({ code, err }).toEqual({ code: 0, err: "" });
        } finally {
          await proxy.stop();
        }
        const [many, one] = [left, right].map((home) => recordsOf(home)[0]);
        expect([many?.server.rung, one?.server.rung]).toEqual(["remote-read", "remote-read"]);
        const asked = (record: typeof many) => record?.requests.map(({ what }) => what) ?? [];
        expect(asked(many)).toHaveLength(4);
        expect(asked(one).toSorted()).toEqual(
          asked(many)
            .flatMap((what) => what.split(" "))
            .toSorted(),
        );
        for (const kind of ["usage_5m", "usage_hour", "node_hour", "pod_day", "namespace_day"])
          expect(await factsOf(right, kind), kind).toEqual(await factsOf(left, kind));
      }),
    ));

  it("asks for less where the server says it is too much, and gets the same", () =>
    withFolder((left) =>
      withFolder(async (right) => {
        await ingest(left, `url: "${server.url}"`, ["--until", "2026-08-04"]);
        const proxy = await noStreaming(noRead.url);
        try {
          const { code, err } = await ingest(right, `url: "${proxy.url}"`, [
            "--until",
            "2026-08-04",
          ]);
          expect({ code, err }).toEqual({ code: 0, err: "" });
        } finally {
          await proxy.stop();
        }
        await same(left, right);
        expect(recordsOf(right)[0]?.requests.length).toBeGreaterThan(38);
      }),
    ));

  /** Both rungs: sums within one scrape interval for each begin and end, states to the second. */
  async function same(left: string, right: string): Promise<void> {
    const totals =
      "pod_uid, sum(seconds) AS seconds, sum(cpu_used) AS cpu, sum(cpu_effective) AS effective, sum(mem_used) AS mem, sum(mem_effective) AS mem_effective";
    const [a, b] = await Promise.all(
      [left, right].map((home) =>
        factsOf(home, "usage_hour", totals, "GROUP BY pod_uid ORDER BY pod_uid"),
      ),
    );
    expect(a?.length).toBe(4);
    for (const [index, row] of (a ?? []).entries()) {
      const other = b?.[index] ?? {};
      expect(other["pod_uid"]).toBe(row["pod_uid"]);
      // A life of a day with a gap and of 25 minutes: 4 edges of a minute at most.
      for (const column of ["seconds", "cpu", "effective", "mem", "mem_effective"]) {
        const [x, y] = [Number(row[column]), Number(other[column])];
        const perSecond = x / Number(row["seconds"]);
        expect(Math.abs(x - y), `${row["pod_uid"]} ${column} ${x} ${y}`).toBeLessThanOrEqual(
          perSecond * 4 * 60,
        );
      }
    }
    const peaks = (home: string) =>
      factsOf(
        home,
        "usage_5m",
        "pod_uid, max(cpu_max) AS cpu, max(mem_max) AS mem",
        "GROUP BY pod_uid ORDER BY pod_uid",
      );
    const [peakA, peakB] = await Promise.all([peaks(left), peaks(right)]);
    for (const [index, row] of peakA.entries()) {
      expect(peakB[index]?.["mem"]).toBe(row["mem"]);
      expect(Number(peakB[index]?.["cpu"]) / Number(row["cpu"])).toBeCloseTo(1, 3);
    }
    // Bucket by bucket inside a steady stretch the two agree to a rounding.
    const inside = `WHERE "at" BETWEEN ${START + HOUR} AND ${START + 7 * HOUR} ORDER BY pod_uid, "at"`;
    const columns =
      'pod_uid, "at", seconds, cpu_avg, mem_avg, mem_max, cpu_request, mem_request, cpu_limit, mem_limit, throttled_ms';
    const fiveA = await factsOf(left, "usage_5m", columns, inside);
    const fiveB = await factsOf(right, "usage_5m", columns, inside);
    expect(fiveB.length).toBe(fiveA.length);
    for (const [index, row] of fiveA.entries())
      for (const [column, value] of Object.entries(row)) {
        const other = fiveB[index]?.[column];
        if (column === "cpu_avg" || column === "mem_avg" || value === "2500")
          expect(Number(other) / Number(value), column).toBeCloseTo(1, 1);
        else expect(other, column).toBe(value);
      }
  }

  it("grows today by the hour, and does not ask again within one", () =>
    withFolder(async (home) => {
      await ingest(home, `url: "${server.url}"`);
      const config = join(home, "apportion.yaml");
      const later = await cli(["ingest", "--config", config], {
        env: { APPORTION_NOW: "2026-08-04T06:50:00Z" },
      });
      expect(later.units.map(({ outcome }) => outcome)).toEqual(["unchanged", "unchanged"]);
      const next = await cli(["ingest", "--config", config], {
        env: { APPORTION_NOW: "2026-08-04T07:06:00Z" },
      });
      expect(next.units[0]?.outcome).toBe("unchanged");
      expect(recordsOf(home).map(({ until }) => until)).toContain("2026-08-04T07:00:00.000Z");
    }));

  it("a server killed in the middle of a day leaves no unit; the next run takes it", () =>
    withFolder(async (home) => {
      const data = writeBlocks(join(home, "own"), estate());
      const own = await startPrometheus(program, home, data);
      const cut = await cutting(own.url, 4000);
      const broken = await ingest(home, `url: "${cut.url}"`, ["--until", "2026-08-04"]);
      await cut.stop();
      await own.stop("SIGKILL");
      expect(broken.code).toBe(3);
      expect(broken.units.map(({ outcome, code }) => [outcome, code])).toEqual([
        ["failed", "SOURCE_UNREADABLE"],
      ]);
      expect(await ledger(home, "SELECT unit FROM unit")).toEqual([]);
      expect(factFiles(home)).toEqual([]);
      const gone = await ingest(home, `url: "${own.url}"`, ["--until", "2026-08-04"]);
      expect(gone.code).toBe(3);
      expect(gone.units[0]?.problem).toContain("nothing listens there");
      const back = await ingest(home, `url: "${server.url}"`, ["--until", "2026-08-04"]);
      expect(back.units[0]?.outcome).toBe("loaded");
    }));

  it("a server that is killed while a day is read: exit 3, the days before kept, the next run completes", () =>
    withFolder((home) =>
      withFolder(async (calm) => {
        const own = await startPrometheus(program, home, writeBlocks(join(home, "own"), estate()));
        // Killed itself, at the third of the second day's requests: a probe, and four a day, come before.
        const { forward } = await import("../../fakes/proxy.ts");
        let reads = 0;
        let killed: Promise<void> | undefined;
        const watching = await forward(own.url, {
          refuse(request) {
            if (request.url !== "/api/v1/read" || ++reads < 8) return null;
            killed ??= own.stop("SIGKILL");
            return null;
          },
        });
        const lost = await ingest(home, `url: "${watching.url}"`);
        await killed;
        await watching.stop();
        expect(killed).toBeDefined();
        expect(lost.code).toBe(3);
        expect(lost.units.map(({ unit, outcome, code }) => [unit, outcome, code])).toEqual([
          [`prod ${DAY}`, "loaded", null],
          ["prod 2026-08-04", "failed", "SOURCE_UNREADABLE"],
        ]);
        expect(lost.units[1]?.problem).toMatch(/nothing listens there|the connection broke/);
        expect((await ledger(home, "SELECT unit FROM unit")).map((row) => row["unit"])).toEqual([
          `prod ${DAY}`,
        ]);
        const back = await ingest(home, `url: "${server.url}"`);
        expect(back.units.map(({ outcome }) => outcome)).toEqual(["unchanged", "loaded"]);
        await ingest(calm, `url: "${server.url}"`);
        for (const kind of ["usage_5m", "usage_hour", "node_hour", "pod_day"])
          expect(await factsOf(home, kind), kind).toEqual(await factsOf(calm, kind));
      }),
    ));

  it("ours killed while a day is read leaves no half of it; the next run takes it whole", () =>
    withFolder((home) =>
      withFolder(async (calm) => {
        const { forward } = await import("../../fakes/proxy.ts");
        let reads = 0;
        let pid = 0;
        const watching = await forward(server.url, {
          refuse(request) {
            // The command runs under the pinned Node, perhaps a child of its own: the whole group goes.
            if (request.url === "/api/v1/read" && ++reads === 4) process.kill(-pid, "SIGKILL");
            return null;
          },
        });
        const config = await writeConfig(home, "", source(`url: "${watching.url}"`));
        const args = ["ingest", "--config", config, "--until", "2026-08-04"];
        const child = spawn(process.execPath, [join(ROOT, "bin/apportion.js"), ...args], {
          env: { ...process.env, ...NOW },
          stdio: "ignore",
          detached: true,
        });
        pid = child.pid ?? 0;
        await once(child, "exit");
        expect(child.signalCode).toBe("SIGKILL");
        const half = await ledger(home, "SELECT unit FROM unit");
        expect(half).toEqual([]);
        const again = await cli(args, { env: NOW });
        await watching.stop();
        expect(again.units.map(({ outcome }) => outcome)).toEqual(["loaded"]);
        await ingest(calm, `url: "${server.url}"`, ["--until", "2026-08-04"]);
        for (const kind of ["usage_5m", "usage_hour", "node_hour", "pod_day"])
          expect(await factsOf(home, kind), kind).toEqual(await factsOf(calm, kind));
      }),
    ));

  it("±Inf and NaN among samples: left out, named by `sources`, and nothing fails for them, by either rung", () =>
    withFolder(async (home) => {
      const odd = new Map([
        [2, Infinity],
        [3, -Infinity],
        [4, Number.NaN],
      ]);
      const data = writeBlocks(
        home,
        estate().map((series) =>
          series.metric === "container_memory_working_set_bytes"
            ? {
                ...series,
                samples: series.samples.map(([at, value]): [number, number] => [
                  at,
                  odd.get(Math.floor((at - START) / HOUR)) === undefined || at % HOUR >= 60
                    ? value
                    : (odd.get(Math.floor((at - START) / HOUR)) as number),
                ]),
              }
            : series,
        ),
      );
      const own = await startPrometheus(program, home, data);
      const proxy = await noStreaming(own.url);
      try {
        for (const [name, url] of [
          ["streamed", own.url],
          ["queried", proxy.url],
        ] as const)
          await withFolder(async (folder) => {
            const { code, err, units } = await ingest(folder, `url: "${url}"`, [
              "--until",
              "2026-08-04",
            ]);
            expect([name, code, err, units.length]).toEqual([name, 0, "", 1]);
            const config = join(folder, "apportion.yaml");
            const { out } = await cli(["sources", "--config", config]);
            expect(out).toMatch(/container_memory_working_set_bytes.*\d+ samples: ±Inf/);
            const [five] = await factsOf(
              folder,
              "usage_5m",
              "count(*) AS n, min(mem_avg) AS least, max(mem_max) AS most",
              `WHERE pod_uid = '${UIDS.a}' AND "at" < ${START + 7 * HOUR}`,
            );
            // Seven hours without a gap, and no figure beyond what was ever sampled.
            expect([name, five?.["n"]]).toEqual([name, String(7 * 12)]);
            expect(Number(five?.["most"])).toBeLessThan(25_000 * 4096);
            expect(Number(five?.["least"])).toBeGreaterThanOrEqual(0);
            // Beside a bill of the node: what was left out is in no share, and everything adds up.
            await mkdir(join(folder, "exports"));
            await writeFile(
              join(folder, "exports/bill.csv"),
              billText([
                {
                  BilledCost: "4.321",
                  ChargePeriodStart: "2026-08-03T00:00:00Z",
                  ResourceId: PROVIDER.replace("azure://", ""),
                  ServiceName: "Virtual Machines",
                  x_ResourceGroupName: "mc",
                },
              ]),
            );
            await writeConfig(
              folder,
              `clusters:\n  - { name: prod, resourceId: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/prod", nodeResourceGroup: ${/resourceGroups\/([^/]+)/i.exec(PROVIDER)?.[1]} }\n`,
              `${source(`url: "${url}"`)}  - { type: focus, name: bill, files: "./exports/*.csv" }
`,
            );
            for (const args of [["ingest", "--until", "2026-08-04"], ["build"]]) {
              const done = await cli([...args, "--config", config], { env: NOW });
              expect([name, done.code, done.err]).toEqual([name, 0, ""]);
            }
            const check = await cli(["check", "--config", config], { env: NOW });
            expect([name, check.code]).toEqual([name, 0]);
            expect(check.err).toMatch(/^all \d+ checks hold\n$/);
            expect(check.out).toMatch(/ok +node-days-add-up .* 2 days of nodes/);
            expect(check.out).toMatch(/ok +shares-equal-lines /);
          });
      } finally {
        await proxy.stop();
        await own.stop();
      }
    }));

  it("13: several clusters in one server are told apart by a label", () =>
    withFolder(async (home) => {
      const data = writeBlocks(home, [
        ...estate("one"),
        ...estate("two").map((series) =>
          series.metric === "container_cpu_usage_seconds_total"
            ? {
                ...series,
                samples: series.samples.map(([at, value]): [number, number] => [at, value * 2]),
              }
            : series,
        ),
      ]);
      const both = await startPrometheus(program, home, data);
      try {
        const of = (value: string) =>
          `  - { type: prometheus, name: ${value}, cluster: ${value}, url: "${both.url}", clusterLabel: { name: cluster, value: ${value} } }\n`;
        const config = await writeConfig(home, "", of("one") + of("two"));
        const { code } = await cli(["ingest", "--config", config, "--until", "2026-08-04"], {
          env: NOW,
        });
        expect(code).toBe(0);
        const totals = await factsOf(
          home,
          "usage_hour",
          "cluster, sum(cpu_used) AS used",
          "GROUP BY cluster ORDER BY cluster",
        );
        expect(totals.map((row) => row["cluster"])).toEqual(["one", "two"]);
        expect(Number(totals[1]?.["used"]) / Number(totals[0]?.["used"])).toBeCloseTo(2, 4);
      } finally {
        await both.stop();
      }
    }));

  it("a recorded day gives what the server gives for the same samples", () =>
    withFolder((left) =>
      withFolder(async (right) => {
        await ingest(left, `url: "${server.url}"`, ["--until", "2026-08-04"]);
        const upTo = estate().map((series) => ({
          ...series,
          samples: series.samples.filter(([at]) => at < END),
        }));
        writeRecorded(join(right, "recorded"), "prod", DAY, 60, upTo);
        const { code } = await ingest(right, "recorded: ./recorded");
        expect(code).toBe(0);
        for (const kind of ["usage_5m", "usage_hour", "node_hour", "pod_day", "namespace_day"])
          expect(await factsOf(right, kind), kind).toEqual(await factsOf(left, kind));
      }),
    ));
});

/** The server behind a proxy that has no remote read, as Thanos and Azure have none. */
async function noStreaming(url: string) {
  const { forward } = await import("../../fakes/proxy.ts");
  return forward(url, { refuse: (request) => (request.url === "/api/v1/read" ? 404 : null) });
}

/** The server behind a proxy that passes on the first question of a request only. */
async function oneQuestion(url: string) {
  const { forward } = await import("../../fakes/proxy.ts");
  const { firstQuestion } = await import("../../fakes/remote-request.ts");
  return forward(url, {
    edited: (request, body) => (request.url === "/api/v1/read" ? firstQuestion(body) : body),
  });
}

/** The server behind a proxy that breaks an answer of remote read after so many bytes. */
async function cutting(url: string, bytes: number) {
  const { forward } = await import("../../fakes/proxy.ts");
  return forward(url, {
    cutAfter: (request) => (request.url === "/api/v1/read" ? bytes : Infinity),
  });
}
