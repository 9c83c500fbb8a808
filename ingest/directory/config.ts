import { Type, type Static } from "typebox";

/** People, their managers and teams: a CSV file, or Microsoft Graph. */
export const DirectoryConfig = Type.Object(
  {
    type: Type.Literal("directory"),
    name: Type.String({
      pattern: "^[a-z0-9][a-z0-9-]{0,62}$",
      description: "a short lower-case name",
    }),
    file: Type.Optional(
      Type.String({
        minLength: 1,
        description: "a CSV file with email,manager,team,valid_from,valid_to",
      }),
    ),
    graph: Type.Optional(
      Type.Object(
        {
          url: Type.Optional(
            Type.String({ pattern: "^https?://", description: "https://graph.microsoft.com" }),
          ),
          token: Type.Optional(
            Type.String({
              secret: true,
              description: "a bearer token by reference; without it, the machine's Azure identity",
            }),
          ),
          teamFrom: Type.Optional(
            Type.Union([
              Type.Literal("department"),
              Type.Literal("companyName"),
              Type.Literal("jobTitle"),
            ]),
          ),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type DirectoryConfig = Static<typeof DirectoryConfig>;
