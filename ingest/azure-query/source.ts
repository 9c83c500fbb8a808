import { setTimeout } from "node:timers/promises";
import type { HttpClient } from "@azure/core-rest-pipeline";
import type { TokenCredential } from "@azure/identity";
import { AppError } from "../../data/errors.ts";
import { addMonths, type Month } from "../../data/period.ts";
import type {
  LandedFile,
  Loaded,
  Plan,
  Source,
  SourceContext,
  StatedTotal,
  Unit,
} from "../source.ts";
import { askTotal, type AskOptions, type QueryType } from "./ask.ts";
import { API_VERSION, openClient, type AzureClient } from "./client.ts";
import { cloudOf, type AzureQueryConfig } from "./config.ts";
import { failedExports, listExports, type ExportStatus } from "./exports.ts";
import { landedQuery, landJson, readLanded } from "./landing.ts";
import { parseScope } from "./scope.ts";
import { signIn } from "./signin.ts";
import { readTotals } from "./totals.ts";
import { WAIT_LIMITS, WaitBudget, type WaitLimits } from "./wait.ts";

/** What a test, or an embedding, hands in instead of the real thing. */
export interface AzureQueryDependencies {
  httpClient?: HttpClient;
  credential?: TokenCredential;
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** The clock that waits are measured by; the month comes from the context's. */
  now?: () => Date;
  limits?: Partial<WaitLimits>;
}

export interface AzureQueryUnit extends Unit {
  readonly month: Month;
}

export interface AzureQuerySource extends Source<AzureQueryUnit> {
  /** The scope's exports and how their last runs went. */
  listExports(context: SourceContext): Promise<ExportStatus[]>;
  /** Stores no lines, so it needs no session. */
  load(unit: AzureQueryUnit, landed: readonly LandedFile[]): Promise<Loaded>;
}

const QUERIES: readonly { type: QueryType; measure: StatedTotal["measure"] }[] = [
  { type: "ActualCost", measure: "billed" },
  { type: "AmortizedCost", measure: "effective" },
];
const QUERY_FILE = "query";
const EXPORTS_FILE = "exports";

/** The source that asks Azure for each month's total, to hold the imported lines against. */
export function createAzureQuerySource(
  config: AzureQueryConfig,
  dependencies: AzureQueryDependencies = {},
): AzureQuerySource {
  const scope = parseScope(config.scope, config.name);
  const cloud = cloudOf(config);
  const place = `${config.name}: ${scope.shown}`;
  const limits = { ...WAIT_LIMITS, ...dependencies.limits };
  const budget = new WaitBudget(limits.budgetMs);
  const credential = signIn(place, cloud.authorityHost, dependencies.credential);
  const clients = new WeakMap<SourceContext, Promise<AzureClient>>();
  const listings = new WeakMap<SourceContext, Promise<ExportStatus[]>>();

  const clientFor = (context: SourceContext): Promise<AzureClient> =>
    remember(clients, context, () =>
      openClient({
        place,
        endpoint: cloud.endpoint,
        credential,
        httpClient: dependencies.httpClient,
        throttle: {
          place,
          limits,
          budget,
          sleep: dependencies.sleep ?? pause,
          now: dependencies.now ?? (() => new Date()),
          onWait: (ms, why) =>
            context.progress(`${config.name}: waiting ${Math.ceil(ms / 1000)} s (${why})`),
        },
      }),
    );
  const about = (what: string, { signal }: SourceContext): AskOptions => ({
    scope,
    endpoint: cloud.endpoint,
    place: `${place}, ${what}`,
    signal,
  });
  const exportsOf = async (context: SourceContext): Promise<ExportStatus[]> =>
    listExports(await clientFor(context), about("exports", context));

  return {
    name: config.name,
    type: config.type,
    listExports: exportsOf,

    async plan(context): Promise<Plan<AzureQueryUnit>> {
      const units = unitsOf(scope.shown, config.months ?? 13, context.now());
      // Kept for `land`, which is not to ask again.
      const listing = exportsOf(context);
      listings.set(context, listing);
      try {
        return { units, problems: failedExports(place, await listing) };
      } catch (error) {
        if (context.signal.aborted) throw error;
        return { units, problems: [{ unit: "exports", error }] };
      }
    },

    async land(unit, context): Promise<LandedFile[]> {
      const client = await clientFor(context);
      const askedAt = context.now().toISOString();
      const queries = [];
      for (const [index, { type }] of QUERIES.entries()) {
        context.progress(`${config.name}: ${unit.month} ${type}`, index, QUERIES.length);
        const options = about(`${unit.month} (${type})`, context);
        const pages = await askTotal(client, type, unit.month, options);
        // An answer that cannot be read later is better refused while it can be asked again.
        readTotals(pages, options.place);
        queries.push({ type, pages });
      }
      const { month } = unit;
      const content = landedQuery({
        apiVersion: API_VERSION,
        scope: scope.shown,
        month,
        askedAt,
        queries,
      });
      const landed = [await landJson(context.home, config.name, month, QUERY_FILE, content)];
      // Exports are about now, so they go with the month that is now.
      if (month === monthOf(context.now())) {
        const exports = await remember(listings, context, () => exportsOf(context)).catch(
          () => null,
        );
        // Where they cannot be listed, `plan` has said so.
        if (exports !== null)
          landed.push(
            await landJson(context.home, config.name, month, EXPORTS_FILE, {
              scope: scope.shown,
              askedAt,
              exports,
            }),
          );
      }
      return landed;
    },

    async load(unit, landed): Promise<Loaded> {
      const file = landed.find(({ name }) => name === QUERY_FILE);
      if (file === undefined)
        throw new AppError(
          "FILE_INVALID",
          `${place}, ${unit.month}: no landed query among ${landed.length} files; run the ingest again`,
        );
      const content = await readLanded(file, { scope: scope.shown, month: unit.month });
      const stated = QUERIES.flatMap(({ type, measure }) => {
        const query = content.queries.find((candidate) => candidate.type === type);
        if (query === undefined)
          throw new AppError(
            "FILE_INVALID",
            `${file.path}: holds no answer for ${type}; run the ingest again to land it anew`,
          );
        return readTotals(query.pages, `${file.path}, ${type}`).map((total) => ({
          month: unit.month,
          currency: total.currency,
          measure,
          amount: total.amount,
          asOf: content.askedAt,
        }));
      });
      return {
        dataset: "AzureQuery",
        scope: scope.shown,
        exportName: null,
        rows: 0,
        promised: null,
        parts: [],
        controls: [],
        rejected: [],
        subAccounts: [],
        stated,
      };
    },
  };
}

/** The months to ask about, newest first, so that a rate limit costs the oldest. */
function unitsOf(scope: string, months: number, now: Date): AzureQueryUnit[] {
  const current = monthOf(now);
  return Array.from({ length: months }, (_, back) => {
    const month = addMonths(current, -back);
    return {
      unit: `${scope}/${month}`,
      run: null,
      submittedAt: now.toISOString(),
      months: [month],
      fingerprint: `${API_VERSION} ${scope} ${month} ${freshness(month, back, now)}`,
      bytes: 0,
      month,
    };
  });
}

/**
 * Changes daily while a month still moves, later weekly, since Azure restates old months too. Each
 * old month has its own weekday, so that a year of them is not asked for at once.
 */
function freshness(month: Month, back: number, now: Date): string {
  const day = now.toISOString().slice(0, 10);
  if (back <= 1) return `day ${day}`;
  const ordinal = Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7));
  return `week ${Math.floor((Math.floor(now.getTime() / 86_400_000) + ordinal) / 7)}`;
}

function monthOf(now: Date): Month {
  return now.toISOString().slice(0, 7);
}

/** `Map.getOrInsert` for what is made once a run. */
function remember<V>(map: WeakMap<SourceContext, V>, key: SourceContext, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, signal === undefined ? {} : { signal });
}
