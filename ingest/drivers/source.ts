import { hint } from "../../data/config.ts";
import { AppError } from "../../data/errors.ts";
import type { PrometheusConfig } from "../prometheus/config.ts";
import type { Source } from "../source.ts";
import type { DriversConfig } from "./config.ts";
import { driverFiles } from "./files.ts";
import { driverQuery } from "./query.ts";

/**
 * Quantities that share a cost, from files or from a server.
 * @param folder what paths are relative to
 * @param siblings all entries of `sources`, for the server that `prometheus` names
 */
export function driversSource(
  config: DriversConfig,
  folder: string,
  siblings: readonly unknown[],
): Source {
  const { name, file, files, prometheus } = config;
  const refuse = (why: string): never => {
    throw new AppError("CONFIG_INVALID", `source ${name}: ${why}`);
  };
  const given = [file, files, prometheus].filter((place) => place !== undefined);
  if (given.length !== 1) return refuse('give one of "file", "files" and "prometheus"');
  const ofQuery = ["query", "driver", "consumer", "days"] as const;
  if (prometheus === undefined) {
    const stray = ofQuery.find((key) => config[key] !== undefined);
    if (stray !== undefined) return refuse(`"${stray}" goes with "prometheus", not with a file`);
    return driverFiles(name, (file ?? files) as string, folder) as unknown as Source;
  }
  const { query, driver, consumer } = config;
  if (query === undefined || driver === undefined || consumer === undefined)
    return refuse('"prometheus" needs "query", "driver" and "consumer"');
  const servers = siblings.filter(
    (entry): entry is PrometheusConfig =>
      (entry as { type?: unknown } | null)?.type === "prometheus",
  );
  const server = servers.find((entry) => entry.name === prometheus);
  if (server === undefined)
    return refuse(
      `prometheus: no source of type prometheus is called "${prometheus}"${hint(
        prometheus,
        servers.map((entry) => entry.name),
      )}`,
    );
  if (server.url === undefined)
    return refuse(`prometheus: "${prometheus}" reads recorded samples and has no server to ask`);
  const days = config.days ?? 92;
  return driverQuery({ name, query, driver, consumer, days, server }, folder) as unknown as Source;
}
