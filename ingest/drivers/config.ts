import { Type, type Static } from "typebox";
import { DRIVER_NAME } from "../../data/drivers.ts";

const closed = { additionalProperties: false };

/**
 * An entry of `sources` with `type: drivers`: measured quantities that share a cost, by `file`, by
 * `files` or by a `query` to the server of a `prometheus` source.
 */
export const DriversConfig = Type.Object(
  {
    type: Type.Literal("drivers"),
    name: Type.String({
      pattern: "^[a-z0-9][a-z0-9-]{0,62}$",
      description: "a short lower-case name",
    }),
    file: Type.Optional(
      Type.String({
        minLength: 1,
        description: "a CSV file (or .csv.gz) with the columns hour,driver,consumer,quantity",
      }),
    ),
    files: Type.Optional(
      Type.String({ minLength: 1, description: "a glob of such files, ./drivers/*.csv" }),
    ),
    prometheus: Type.Optional(
      Type.String({ minLength: 1, description: "the name of a source of type prometheus" }),
    ),
    query: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "PromQL, evaluated at the end of every hour; its value is that hour's quantity",
      }),
    ),
    driver: Type.Optional(
      Type.String({
        pattern: DRIVER_NAME,
        description: "what the quantities of the query are called: letters, digits, dot and dash",
      }),
    ),
    consumer: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'who a series is about, with labels in braces: "team:{team}", "namespace:prod/{namespace}" or "{resource_id}"',
      }),
    ),
    days: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 400,
        default: 92,
        description: "how many days back the query is asked, today included",
      }),
    ),
  },
  closed,
);
export type DriversConfig = Static<typeof DriversConfig>;
