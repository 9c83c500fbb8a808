import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TokenCredential } from "@azure/identity";
import { AppError, printable } from "../../data/errors.ts";
import { sha256, writeWhole } from "../../data/files.ts";
import { finishLanding, landingFolder, readLanded, startLanding } from "../landing.ts";
import { openClient, type PrometheusClient } from "../prometheus/client.ts";
import type { PrometheusConfig } from "../prometheus/config.ts";
import { openEndpoint } from "../prometheus/endpoint.ts";
import type { LandedFile, RejectedLine, Source, SourceContext, Unit } from "../source.ts";
import { readQuantity } from "../../data/drivers.ts";
import { DriverRows } from "./facts.ts";
import { loadedDrivers } from "./loaded.ts";
import { consumerTemplate } from "./template.ts";

/** A day of a driver. */
export interface DriverUnit extends Unit {
  readonly day: string;
  /** ISO time up to which hours are in it. */
  readonly until: string;
}

export interface DriverQuery {
  name: string;
  query: string;
  driver: string;
  consumer: string;
  /** How many days back, today included. */
  days: number;
  server: PrometheusConfig;
}

/** What is landed: the query's answer, hour by hour, as the server gave it. */
interface Answer {
  format: typeof FORMAT;
  query: string;
  day: string;
  series: { labels: Record<string, string>; hours: [hour: number, quantity: string][] }[];
}

const FORMAT = "apportion/drivers/1";
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
// What is scraped is not at once to be read, and a remote write is slower still.
const SETTLED_MS = 5 * 60_000;
const ANSWER = "answer.json";

/**
 * A driver by PromQL, a unit a day. The query is evaluated at the end of every hour and its value is
 * that hour's quantity: `increase(…[1h])` for counters. Today is a unit that grows by the hour.
 */
export function driverQuery(
  config: DriverQuery,
  folder: string,
  credential?: TokenCredential,
): Source<DriverUnit> {
  const { name, query, driver } = config;
  const consumerOf = consumerTemplate(config.consumer, `source ${name}: consumer`);
  const asked = sha256(JSON.stringify([query, driver, config.consumer])).slice(0, 16);

  return {
    name,
    type: "drivers",

    async plan(context) {
      const now = context.now().getTime();
      const settled = Math.floor((now - SETTLED_MS) / HOUR_MS) * HOUR_MS;
      const today = Math.floor(now / DAY_MS) * DAY_MS;
      const units: DriverUnit[] = [];
      for (let start = today - (config.days - 1) * DAY_MS; start <= today; start += DAY_MS) {
        const until = Math.min(start + DAY_MS, settled);
        if (until > start) units.push(unitOf(driver, start, until, asked));
      }
      // A server that is down, or a query it refuses, is one problem and not one a day.
      await withClient(config, folder, context, credential, (client) =>
        client.instant(query, settled),
      );
      return { units, problems: [] };
    },

    async land(unit, context): Promise<LandedFile[]> {
      const run = landingFolder(context.home, name, unit.unit, unit.fingerprint);
      const before = await readLanded(run);
      if (before !== null) return before;
      const answer: Answer = {
        format: FORMAT,
        query,
        day: unit.day,
        series: await askServer(config, unit, folder, context, credential),
      };
      await startLanding(run);
      const text = `${JSON.stringify(answer)}\n`;
      const path = join(run, ANSWER);
      await writeWhole(path, text);
      const landed = [{ name: ANSWER, path, sha256: sha256(text), bytes: Buffer.byteLength(text) }];
      await finishLanding(run, unit, landed);
      return landed;
    },

    async load(unit, landed, context) {
      const answer = await readAnswer(landed, `${name}: ${unit.unit}`);
      const rows = await DriverRows.open(context.session);
      const rejected: RejectedLine[] = [];
      for (const { labels, hours } of answer.series) {
        const refuse = (reason: string, count: number, first: readonly [number, string]) =>
          rejected.push({
            file: `${name}: ${driver}`,
            line: null,
            reason: count === 1 ? reason : `${reason} (${count} hours of the day)`,
            text: printable(
              `${JSON.stringify(labels)} ${new Date(first[0] * 1000).toISOString()} ${first[1]}`,
            ).slice(0, 2_000),
            month: unit.day.slice(0, 7),
            currency: null,
            amount: null,
          });
        const [first] = hours;
        const consumer = consumerOf(labels);
        if ("reason" in consumer) {
          if (first !== undefined) refuse(consumer.reason, hours.length, first);
          continue;
        }
        const faults = new Map<string, { count: number; first: readonly [number, string] }>();
        for (const [hour, text] of hours) {
          const quantity = readQuantity(text);
          if ("value" in quantity) {
            rows.add({ hour, driver, consumer: consumer.value, quantity: quantity.value });
            continue;
          }
          const fault = faults.get(quantity.reason) ?? { count: 0, first: [hour, text] as const };
          faults.set(quantity.reason, { ...fault, count: fault.count + 1 });
        }
        for (const [reason, fault] of faults) refuse(reason, fault.count, fault.first);
      }
      const facts = await rows.finish({ home: context.home, source: name, unit: unit.unit });
      return {
        ...loadedDrivers(rows.rows, facts, rejected),
        // A server that forgot the day takes nothing from us; another query's answer does replace it.
        coverage: facts.length > 0 ? 1 : 0,
      };
    },
  };
}

function unitOf(driver: string, start: number, until: number, asked: string): DriverUnit {
  const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const day = dayOf(start);
  const iso = new Date(until).toISOString();
  return {
    unit: `${driver} ${day}`,
    run: null,
    submittedAt: iso,
    months: [day.slice(0, 7)],
    days: { from: day, until: dayOf(start + DAY_MS) },
    fingerprint: `${FORMAT} ${day} ${iso} ${asked}`,
    bytes: 0,
    day,
    until: iso,
  };
}

async function askServer(
  config: DriverQuery,
  unit: DriverUnit,
  folder: string,
  context: SourceContext,
  credential: TokenCredential | undefined,
): Promise<Answer["series"]> {
  const start = Date.parse(`${unit.day}T00:00:00Z`);
  const until = Date.parse(unit.until);
  const found = await withClient(config, folder, context, credential, (client) =>
    client.range(config.query, start + HOUR_MS, until, HOUR_MS),
  );
  return found.map(({ labels, points }) => ({
    labels,
    // A number's text is the shortest that reads as it, which is what the server wrote.
    hours: points.map(({ at, value }) => [(at - HOUR_MS) / 1000, String(value)]),
  }));
}

async function withClient<T>(
  config: DriverQuery,
  folder: string,
  context: SourceContext,
  credential: TokenCredential | undefined,
  use: (client: PrometheusClient) => Promise<T>,
): Promise<T> {
  const endpoint = openEndpoint(config.server, folder, credential);
  try {
    return await use(openClient(endpoint, context.signal));
  } finally {
    endpoint.close();
  }
}

async function readAnswer(landed: readonly LandedFile[], place: string): Promise<Answer> {
  const file = landed.find((candidate) => candidate.name === ANSWER);
  const answer =
    file === undefined ? null : (JSON.parse(await readFile(file.path, "utf8")) as Partial<Answer>);
  if (answer?.format !== FORMAT || answer.series === undefined)
    throw new AppError("FILE_INVALID", `${place}: what was landed is no answer; land it again`);
  return answer as Answer;
}
