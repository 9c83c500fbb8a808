import { resolve } from "node:path";
import { type Static, Type } from "typebox";
import { hint } from "../data/config.ts";
import { DRIVER_NAME, readConsumer } from "../data/drivers.ts";
import { AppError } from "../data/errors.ts";
import type { Ownership } from "./ownership.ts";
import { type Condition, conditionsOf, describeMatch } from "./ownership.ts";
import { Match } from "./owners-config.ts";
import { readWeights, type WeightRow } from "./shared-weights.ts";

const closed = { additionalProperties: false };

const LINE_MATCH = Type.Omit(Match, ["cluster", "namespace", "label", "annotation", "creator"], {
  additionalProperties: false,
  minProperties: 1,
  description: "at least one key",
});

/** `allocation.shared`: services that many use and one bill line pays for. */
export const SharedConfig = Type.Array(
  Type.Object(
    {
      name: Type.String({
        pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
        description: "letters, digits, dot, dash and underscore",
      }),
      match: LINE_MATCH,
      by: Type.Union(
        [
          Type.Literal("even"),
          Type.Object(
            {
              driver: Type.Optional(
                Type.String({ pattern: DRIVER_NAME, description: "the name of a driver" }),
              ),
              weights: Type.Optional(
                Type.String({
                  minLength: 1,
                  description: "a CSV file with the columns day_from,consumer,weight",
                }),
              ),
            },
            { ...closed, minProperties: 1 },
          ),
        ],
        { description: "even, { driver: NAME } or { weights: FILE }" },
      ),
      consumers: Type.Optional(
        Type.Array(Type.String(), {
          minItems: 1,
          description:
            "who shares where nothing says how much: team:ID, namespace:CLUSTER/NS or a resource id",
        }),
      ),
    },
    closed,
  ),
);

/** A service whose cost is shared, as a build takes it. */
export interface SharedCost {
  name: string;
  conditions: Condition[];
  /** For people: what it matches. */
  text: string;
  driver: string | null;
  /** Of the weights file, as it stood when the configuration was read. */
  weights: WeightRow[];
  /** Who shares evenly where nothing else says; empty: whoever the weights or the driver know. */
  consumers: string[];
  isEven: boolean;
}

/**
 * Reads `allocation.shared` and the weights files it names.
 * @param place the section's place in its file, for errors
 * @throws AppError CONFIG_INVALID where two share a name, a consumer is none, or a team is unknown
 */
export function sharedCostsOf(
  config: Static<typeof SharedConfig>,
  folder: string,
  ownership: Ownership,
  place: string,
): SharedCost[] {
  const seen = new Set<string>();
  const teams = [...new Set(ownership.teams.map((version) => version.team))];
  return config.map((entry) => {
    const where = `${place}: shared "${entry.name}"`;
    if (seen.has(entry.name.toLowerCase()))
      throw new AppError("CONFIG_INVALID", `${where}: a second one has that name`);
    seen.add(entry.name.toLowerCase());
    const consumers = (entry.consumers ?? []).map((text) => {
      const consumer = readConsumer(text);
      if ("reason" in consumer)
        throw new AppError("CONFIG_INVALID", `${where}: consumers: ${consumer.reason}`);
      refuseStranger(consumer.value, teams, `${where}: consumers`);
      return consumer.value;
    });
    const by = entry.by === "even" ? {} : entry.by;
    const weights =
      by.weights === undefined
        ? []
        : readWeights(resolve(folder, by.weights), `${where}: weights`, (consumer, at) =>
            refuseStranger(consumer, teams, at),
          );
    return {
      name: entry.name,
      conditions: conditionsOf(entry.match),
      text: describeMatch(entry.match),
      driver: by.driver ?? null,
      weights,
      consumers: [...new Set(consumers)],
      isEven: entry.by === "even",
    };
  });
}

function refuseStranger(consumer: string, teams: readonly string[], place: string): void {
  if (!consumer.startsWith("team:")) return;
  const id = consumer.slice("team:".length);
  if (!teams.some((team) => team.toLowerCase() === id.toLowerCase()))
    throw new AppError("CONFIG_INVALID", `${place}: no team has the id "${id}"${hint(id, teams)}`);
}
