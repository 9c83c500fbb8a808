import { createWriteStream } from "node:fs";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { CLUSTERS } from "./estate.ts";
import type { Series } from "./samples.ts";
import { Scraped } from "./series.ts";
import { DAY } from "./time.ts";

/** What to export: a cluster's environment, epoch seconds [from, to), and the seconds between scrapes (a divisor of a day). */
export interface OpenMetricsOptions {
  readonly cluster: string;
  readonly from: number;
  readonly to: number;
  readonly step?: number; // defaults to 60
  /** Seconds between scrapes of all but the containers' usage. */
  readonly stateStep?: number; // defaults to `step`
  /** Labels every series gets, such as the one that tells clusters of one server apart. */
  readonly labels?: Readonly<Record<string, string>>;
}

const PIECE = 1 << 18;

/**
 * Writes lines to a stream or file in pieces and waits when the other side is slower. A file is closed at the end, a
 * stream is left open. Rejects with the stream's error.
 */
export class Lines {
  readonly #to: Writable;
  readonly #own: boolean;
  #text = "";
  #failed: Error | null = null;
  written = 0;

  constructor(to: Writable | string) {
    this.#own = typeof to === "string";
    this.#to = typeof to === "string" ? createWriteStream(to) : to;
    this.#to.once("error", (error: Error) => (this.#failed = error));
  }

  put(text: string): void {
    this.#text += text;
  }

  /** Passes on what there is, if it is much or `all` of it is asked for. */
  async flush(all = false): Promise<void> {
    if (this.#text.length < PIECE && !all) return;
    const bytes = Buffer.from(this.#text);
    this.#text = "";
    this.written += bytes.length;
    const more = this.#to.write(bytes);
    if (this.#failed !== null) throw this.#failed;
    if (!more) await once(this.#to, "drain");
  }

  async end(): Promise<void> {
    await this.flush(true);
    if (this.#own) await once(this.#to.end(), "close");
    if (this.#failed !== null) throw this.#failed;
  }
}

/** `name{a="b"} ` with the values escaped as OpenMetrics wants it. */
export function metricText(name: string, labels: Iterable<readonly [string, string]>): string {
  const pairs: string[] = [];
  for (const [key, value] of labels)
    pairs.push(
      `${key}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`,
    );
  return `${name}{${pairs.join(",")}} `;
}

/**
 * Writes what Prometheus would have scraped from a cluster as OpenMetrics text, metric by metric, for
 * `promtool tsdb create-blocks-from openmetrics`. Resolves with the bytes written; throws when there is no such cluster.
 */
export async function writeOpenMetrics(
  to: Writable | string,
  options: OpenMetricsOptions,
): Promise<number> {
  const { from, to: until, step = 60 } = options;
  const cluster = CLUSTERS.find((one) => one.environment === options.cluster);
  if (cluster === undefined) throw new RangeError(`no such cluster: ${options.cluster}`);
  const { stateStep = step } = options;
  for (const every of [step, stateStep])
    if (!Number.isInteger(every) || every < 1 || DAY % every !== 0)
      throw new RangeError(`a step is whole seconds that a day is a multiple of, not ${every}`);
  const extra = Object.entries(options.labels ?? {});
  const scraped = new Scraped(cluster);
  const families = new Map<string, { type: Series["type"]; series: [Series, number][] }>();
  for (let day = Math.floor(from / DAY); day * DAY < until; day++)
    for (const series of scraped.day(day)) {
      const family = families.get(series.name);
      if (family === undefined)
        families.set(series.name, { type: series.type, series: [[series, day]] });
      else family.series.push([series, day]);
    }
  const lines = new Lines(to);
  for (const [name, { type, series }] of families) {
    lines.put(`# TYPE ${type === "counter" ? name.replace(/_total$/, "") : name} ${type}\n`);
    for (const [one, day] of series) {
      putSamples(lines, scraped, one, extra, {
        from: Math.max(from, day * DAY),
        until: Math.min(until, (day + 1) * DAY),
        step: name.startsWith("container_") ? step : stateStep,
      });
      await lines.flush();
    }
  }
  lines.put("# EOF\n");
  await lines.end();
  return lines.written;
}

function putSamples(
  lines: Lines,
  scraped: Scraped,
  series: Series,
  extra: readonly (readonly [string, string])[],
  range: { from: number; until: number; step: number },
): void {
  const { value, scale } = series;
  const first = Math.ceil(Math.max(range.from, series.from) / range.step) * range.step;
  const until = Math.min(range.until, series.until);
  const silence = scraped.silence(series).filter((gap) => gap.from < until && first < gap.until);
  const metric = metricText(series.name, [...series.labels, ...extra]);
  for (let time = first; time < until; time += range.step) {
    if (silence.some((gap) => gap.from <= time && time < gap.until)) continue;
    const whole = typeof value === "number" ? value : value(time);
    lines.put(`${metric}${scale === 1 ? whole : whole / scale} ${time}\n`);
  }
}
