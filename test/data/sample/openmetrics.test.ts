import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CLUSTERS } from "../../../data/sample/estate.ts";
import { writeOpenMetrics } from "../../../data/sample/openmetrics.ts";
import { Scraped } from "../../../data/sample/series.ts";
import { writeSynthetic } from "../../../data/sample/synthetic.ts";
import { rate } from "../../../data/sample/values.ts";
import { describeWith } from "../../needs.ts";

const run = promisify(execFile);
/** An hour and a half in which a pod of a StatefulSet is deleted and made anew. */
const FROM = Date.parse("2026-07-23T10:30:00Z") / 1000;
const TO = FROM + 5400;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

async function blocks(binary: string, text: string, folder: string): Promise<void> {
  const promtool = join(dirname(binary), "promtool");
  await run(promtool, ["tsdb", "create-blocks-from", "openmetrics", text, folder]);
}

describeWith("Prometheus", "the sample's usage in a real Prometheus", (binary) => {
  const folder = mkdtempSync(join(tmpdir(), "apportion-openmetrics-"));
  const stop = new AbortController();
  let origin = "";

  const query = async (text: string, time: number): Promise<[Record<string, string>, number][]> => {
    const response = await fetch(
      `${origin}/api/v1/query?${new URLSearchParams({ query: text, time: String(time) }).toString()}`,
    );
    const body = (await response.json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    return body.data.result.map((row) => [row.metric, Number(row.value[1])]);
  };

  beforeAll(async () => {
    const data = join(folder, "data");
    const options = { from: FROM, to: TO, labels: { cluster: "aks-northwind-production" } };
    const text = join(folder, "production.txt");
    const bytes = await writeOpenMetrics(text, { ...options, cluster: "production" });
    expect(statSync(text).size).toBe(bytes);
    await blocks(binary, text, data);
    const bench = join(folder, "bench.txt");
    await writeSynthetic(bench, { containers: 60, from: FROM, to: TO, stateStep: 300 });
    await blocks(binary, bench, data);
    const config = join(folder, "prometheus.yml");
    writeFileSync(config, "{}\n");
    const port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    const server = spawn(
      binary,
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${data}`,
        "--storage.tsdb.retention.time=100y",
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: "ignore", signal: stop.signal },
    );
    server.on("error", () => {});
    for (let tries = 0; ; tries++) {
      const ready = await fetch(`${origin}/-/ready`).catch(() => null);
      if (ready?.ok === true) return;
      if (tries > 200) throw new Error("Prometheus does not answer");
      await wait(100);
    }
  }, 120_000);

  afterAll(async () => {
    stop.abort();
    await wait(300);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it("answers with the values of the model", async () => {
    const cluster = CLUSTERS.find((one) => one.environment === "production");
    if (cluster === undefined) throw new Error("no production");
    const model = new Scraped(cluster);
    const day = Math.floor(FROM / 86_400);
    // Buckets begin at multiples of five minutes: over one of them the rate is what the model says.
    const end = FROM + 1800;
    const rates = await query(
      'increase(container_cpu_usage_seconds_total{namespace="claims-api",pod="api-0"}[5m:1m])',
      end,
    );
    const pod = model.pods
      .on(day)
      .find((one) => one.name === "api-0" && one.workload.namespace === "claims-api");
    const container = pod?.containers[0];
    if (container === undefined) throw new Error("no pod");
    expect(rates).toHaveLength(1);
    expect(rates[0]?.[0]["uid"]).toBe(pod?.uid);
    const wanted = (rate(container, end / 300 - 1) * 300) / 1000;
    expect(rates[0]?.[1]).toBeCloseTo(wanted, 6);
    const nodes = await query('count(kube_node_info{cluster="aks-northwind-production"})', end);
    expect(nodes[0]?.[1]).toBe(
      model.pods.segments(day).find((one) => one.from <= end && end < one.until)?.nodes.length,
    );
  });

  it("shows the pod made anew under its name as another series", async () => {
    const found = await query(
      'count by (uid) (last_over_time(kube_pod_info{namespace="claims-api",pod="api-0"}[90m]))',
      TO - 60,
    );
    expect(found).toHaveLength(2);
  });

  it("keeps annotations as they are, quotes, emoji and line ends", async () => {
    const [found] = await query('kube_pod_annotations{namespace="claims-intake"}', TO - 60);
    expect(found?.[0]["annotation_note"]).toBe('asks "is it true?" 🦊\nand waits');
  });

  it("takes the bench's cluster, whose parts fit together", async () => {
    const count = await query(
      'count(container_cpu_usage_seconds_total{pod=~"service-.*"})',
      TO - 60,
    );
    expect(count[0]?.[1]).toBe(60);
    const text = async (from: number, to: number): Promise<string> => {
      const stream = new PassThrough();
      const pieces: Buffer[] = [];
      stream.on("data", (piece: Buffer) => pieces.push(piece));
      await writeSynthetic(stream, { containers: 3, from, to });
      return Buffer.concat(pieces).toString();
    };
    const [early, late, whole] = await Promise.all([
      text(FROM, FROM + 600),
      text(FROM + 600, FROM + 1200),
      text(FROM, FROM + 1200),
    ]);
    const samples = (all: string): string[] =>
      all.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect([...samples(early), ...samples(late)].toSorted()).toEqual(samples(whole).toSorted());
  });

  it("refuses a cluster that is none and a step that does not fit a day", async () => {
    const to = join(folder, "none.txt");
    const range = { from: FROM, to: TO };
    await expect(writeOpenMetrics(to, { ...range, cluster: "nowhere" })).rejects.toThrow(/nowhere/);
    await expect(writeOpenMetrics(to, { ...range, cluster: "dev", step: 7 })).rejects.toThrow(
      /not 7/,
    );
    await writeOpenMetrics(to, { from: FROM, to: FROM + 300, cluster: "dev", step: 60 });
    const lines = readFileSync(to, "utf8").trimEnd().split("\n");
    expect(lines.at(-1)).toBe("# EOF");
    expect(
      new Set(lines.filter((line) => !line.startsWith("#")).map((line) => line.split(" ").at(-1)))
        .size,
    ).toBe(5);
  });
});
