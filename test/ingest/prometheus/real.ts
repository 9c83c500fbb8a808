import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { sqlText } from "../../../data/warehouse.ts";
import { sql, type StoredLine } from "../taken.ts";
import type { Series } from "./scene.ts";

/** A real Prometheus over samples that a test wrote. */
export interface RunningPrometheus {
  url: string;
  port: number;
  pid: number;
  /** CPU-seconds it has used. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** OpenMetrics text of series; the names of counters end in `_total`. */
export function openMetrics(series: readonly Series[]): string {
  const families = Map.groupBy(series, ({ metric }) => metric.replace(/_total$/, ""));
  let text = "";
  for (const [family, members] of families) {
    text += `# TYPE ${family} ${members[0]?.metric.endsWith("_total") ? "counter" : "gauge"}\n`;
    for (const { metric, labels, samples } of members) {
      const inside = Object.entries(labels)
        .map(([name, value]) => `${name}="${escaped(value)}"`)
        .join(",");
      for (const [at, value] of samples)
        text += `${metric}{${inside}} ${Number.isNaN(value) ? "NaN" : value === Infinity ? "+Inf" : value} ${at}\n`;
    }
  }
  return `${text}# EOF\n`;
}

const escaped = (value: string) =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

/** Writes series as blocks below `folder`; gives the storage path. */
export function writeBlocks(folder: string, series: readonly Series[]): string {
  const data = join(folder, "tsdb");
  mkdirSync(data, { recursive: true });
  const file = join(folder, "samples.om");
  writeFileSync(file, openMetrics(series));
  execFileSync("promtool", ["tsdb", "create-blocks-from", "openmetrics", file, data], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  return data;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

export async function startPrometheus(
  program: string,
  folder: string,
  data: string,
  flags: readonly string[] = [],
): Promise<RunningPrometheus> {
  const config = join(folder, "prometheus.yml");
  writeFileSync(config, "global: {}\n");
  const port = await freePort();
  const child = spawn(
    program,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      "--storage.tsdb.retention.time=100y",
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
      ...flags,
    ],
    { stdio: "ignore" },
  );
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    const ready = await fetch(`${url}/-/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) break;
    if (tries > 200 || child.exitCode !== null) throw new Error("Prometheus did not start");
    await pause(50);
  }
  return {
    url,
    port,
    pid: child.pid ?? 0,
    async stop(signal = "SIGTERM") {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
    },
  };
}

/** Writes series whose samples are a step apart as a recorded day. */
export function writeRecorded(
  folder: string,
  cluster: string,
  day: string,
  step: number,
  series: readonly Series[],
): void {
  mkdirSync(folder, { recursive: true });
  const lines: object[] = [{ recorded: 1, cluster, day, step }];
  for (const { metric, labels, samples } of series) {
    const [first] = samples;
    if (first === undefined) continue;
    const values: (number | null)[] = [];
    for (const [at, value] of samples) {
      const index = (at - first[0]) / step;
      while (values.length < index) values.push(null);
      values.push(value);
    }
    const named = { __name__: metric, ...labels };
    const same = values.every((value) => value === values[0]);
    lines.push(
      same
        ? { metric: named, start: first[0], step, count: values.length, value: values[0] }
        : { metric: named, start: first[0], step, values },
    );
  }
  const text = `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`;
  writeFileSync(join(folder, `${day}.jsonl.gz`), gzipSync(text));
}

/** Rows of a home's facts of one kind. */
export async function factsOf(
  folder: string,
  kind: string,
  columns = "*",
  rest = "",
): Promise<StoredLine[]> {
  const files = factFiles(folder).filter((file) => file.includes(`/${kind}-`));
  if (files.length === 0) return [];
  return sql(
    `SELECT ${columns} FROM read_parquet([${files.map(sqlText).join(", ")}]) ${rest || "ORDER BY ALL"}`,
  );
}

export const factFiles = (folder: string): string[] =>
  readdirSync(join(folder, "home/facts"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".parquet"))
    .map((name) => join(folder, "home/facts", name));
