import { AppError, printable } from "../../data/errors.ts";
import type { UnitProblem } from "../source.ts";
import { errorOf, readJson, type Answer } from "./answer.ts";
import { askExports, askRuns, type AskOptions } from "./ask.ts";
import type { AzureClient } from "./client.ts";

export interface ExportRun {
  /** As Azure says: Queued, InProgress, Completed, Failed, Timeout, … */
  status: string;
  submittedTime: string | null;
  error?: string;
}

/** One export of the scope and how its last run went. */
export interface ExportStatus {
  name: string;
  /** FocusCost, ActualCost, AmortizedCost, Usage, … */
  type: string;
  dataVersion?: string;
  /** Active or Inactive; null for an export without a schedule. */
  scheduleStatus: string | null;
  lastRun: ExportRun | null;
}

type Json = Record<string, unknown>;

/** Lists the scope's exports; from the text, since the SDK's objects lack half of the fields. */
export async function listExports(
  client: AzureClient,
  options: AskOptions,
): Promise<ExportStatus[]> {
  const statuses: ExportStatus[] = [];
  for (const page of await askExports(client, options)) {
    for (const item of valuesOf(readPlain(page, options.place))) {
      const properties = object(item["properties"]);
      const name = text(item["name"]);
      if (name === null) continue;
      const history =
        properties["runHistory"] === undefined
          ? readPlain(await askRuns(client, name, options), options.place)
          : object(properties["runHistory"]);
      statuses.push(statusOf(name, properties, valuesOf(history)));
    }
  }
  return statuses.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Exports that should be running and last failed: their bill goes stale without another sign. */
export function failedExports(place: string, exports: readonly ExportStatus[]): UnitProblem[] {
  return exports
    .filter(
      ({ lastRun, scheduleStatus }) =>
        scheduleStatus !== "Inactive" &&
        (lastRun?.status === "Failed" || lastRun?.status === "Timeout"),
    )
    .map(({ name, lastRun }) => ({
      unit: `exports/${name}`,
      error: new AppError(
        "SOURCE_UNREADABLE",
        `${place}: the last run of export "${printable(name)}" (${lastRun?.submittedTime ?? "time unknown"}) ended as ${lastRun?.status}${lastRun?.error === undefined ? "" : `: ${lastRun.error}`}; see Cost Management > Exports in the portal and run it again`,
      ),
    }));
}

function statusOf(name: string, properties: Json, runs: readonly Json[]): ExportStatus {
  const definition = object(properties["definition"]);
  const dataVersion = text(object(object(definition["dataSet"])["configuration"])["dataVersion"]);
  return {
    name,
    type: text(definition["type"]) ?? "unknown",
    ...(dataVersion === null ? {} : { dataVersion }),
    scheduleStatus: text(object(properties["schedule"])["status"]),
    lastRun: lastOf(runs.map(({ properties: run }) => runOf(object(run)))),
  };
}

function runOf(run: Json): ExportRun {
  const { code, message } = errorOf(JSON.stringify({ error: run["error"] }));
  const error = [code, message].filter((part) => part !== "").join(": ");
  return {
    status: text(run["status"]) ?? "unknown",
    submittedTime: text(run["submittedTime"]),
    ...(error === "" ? {} : { error }),
  };
}

/** Azure does not promise an order. */
function lastOf(runs: readonly ExportRun[]): ExportRun | null {
  const time = ({ submittedTime }: ExportRun) => Date.parse(submittedTime ?? "") || 0;
  return runs.reduce<ExportRun | null>(
    (last, run) => (last === null || time(run) > time(last) ? run : last),
    null,
  );
}

function readPlain(answer: Answer, place: string): Json {
  return answer.status === 204 ? {} : readJson(answer, place, JSON.parse);
}

function valuesOf(list: Json): Json[] {
  return Array.isArray(list["value"]) ? list["value"].map(object) : [];
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
