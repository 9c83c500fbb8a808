import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { dayOf } from "./calendar.ts";
import type { Series, Silence } from "./samples.ts";
import type { Scraped } from "./series.ts";
import { BUCKET, DAY } from "./time.ts";

const compress = promisify(gzip);

/** Bytes of text, as they come; numbers are written without becoming strings first. */
class Text {
  #bytes = Buffer.allocUnsafe(1 << 22);
  #length = 0;

  put(text: string): void {
    this.#room(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length);
  }

  comma(): void {
    this.#room(1);
    this.#bytes[this.#length++] = 44;
  }

  /** Writes `value / scale`, both whole and not negative. */
  number(value: number, scale: 1 | 1000): void {
    this.#room(24);
    let whole = value;
    if (scale === 1000) {
      whole = Math.floor(value / 1000);
      let rest = value - whole * 1000;
      this.#integer(whole);
      if (rest === 0) return;
      this.#bytes[this.#length++] = 46;
      for (let unit = 100; rest > 0; unit /= 10) {
        const digit = Math.floor(rest / unit);
        this.#bytes[this.#length++] = 48 + digit;
        rest -= digit * unit;
      }
      return;
    }
    this.#integer(whole);
  }

  #integer(value: number): void {
    let end = this.#length + 1;
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end++;
    this.#length = end;
    let rest = value;
    do {
      const next = Math.floor(rest / 10);
      this.#bytes[--end] = 48 + (rest - next * 10);
      rest = next;
    } while (rest > 0);
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe((this.#bytes.length + more) * 2);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  /** What was written, and an empty text again. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }
}

const text = new Text();

/**
 * A day of a cluster as recorded samples: a header line, then one line a series, scraped every five minutes. Counters also
 * have the scrape before the day and the one at its end, so that the day's increase can be told from its file alone.
 */
export function recordedDay(scraped: Scraped, day: number): Buffer {
  const head = { recorded: 1, cluster: scraped.name, day: dayOf(day).date, step: BUCKET };
  text.put(`${JSON.stringify(head)}\n`);
  for (const series of scraped.day(day)) putSeries(series, day, scraped.silence(series));
  return text.take();
}

function putSeries(series: Series, day: number, silence: Silence): void {
  const begin = day * DAY;
  const counter = series.type === "counter";
  const earliest = Math.max(series.from, counter ? begin - BUCKET : begin);
  const first = Math.ceil(earliest / BUCKET) * BUCKET;
  // The last scrape is before the end of the series, and before the end of the day or at it.
  const last = Math.min(
    Math.ceil(series.until / BUCKET) * BUCKET - BUCKET,
    begin + DAY - (counter ? 0 : BUCKET),
  );
  if (last < first) return;
  const silent = silence.filter((gap) => gap.from <= last && first < gap.until);
  const quiet = (time: number): boolean =>
    silent.some((gap) => gap.from <= time && time < gap.until);
  if (silent.length > 0) {
    let some = false;
    for (let time = first; time <= last && !some; time += BUCKET) some = !quiet(time);
    if (!some) return;
  }
  const { value, scale } = series;
  text.put(
    `{"metric":${JSON.stringify({ __name__: series.name, ...Object.fromEntries(series.labels) })},"start":${first},"step":${BUCKET},`,
  );
  if (typeof value === "number" && silent.length === 0) {
    text.put(`"count":${(last - first) / BUCKET + 1},"value":`);
    text.number(value, scale);
    text.put("}\n");
    return;
  }
  text.put('"values":[');
  for (let time = first; time <= last; time += BUCKET) {
    if (time > first) text.comma();
    if (silent.length > 0 && quiet(time)) text.put("null");
    else text.number(typeof value === "number" ? value : value(time), scale);
  }
  text.put("]}\n");
}

/** Writes a day of a cluster to `folder/YYYY-MM-DD.jsonl.gz`; resolves with the bytes on disk. */
export async function writeRecorded(
  folder: string,
  scraped: Scraped,
  day: number,
): Promise<number> {
  const bytes = await compress(recordedDay(scraped, day), { level: 3 });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${dayOf(day).date}.jsonl.gz`), bytes);
  return bytes.length;
}
