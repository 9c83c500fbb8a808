import { Type, type Static } from "typebox";

/** FOCUS files of any provider, by a glob. */
export const FocusConfig = Type.Object(
  {
    type: Type.Literal("focus"),
    name: Type.String({
      pattern: "^[a-z0-9][a-z0-9-]{0,62}$",
      description: "a short lower-case name",
    }),
    files: Type.String({ minLength: 1, description: "a glob such as ./focus/*.csv" }),
  },
  { additionalProperties: false },
);
export type FocusConfig = Static<typeof FocusConfig>;
