import { Type, type Static } from "typebox";

const closed = { additionalProperties: false };

export const DirectoryLocation = Type.Object(
  { directory: Type.String({ minLength: 1, description: "a folder" }) },
  closed,
);

export const BlobLocation = Type.Object(
  {
    account: Type.String({
      pattern: "^https?://[^/?#@]+(/[A-Za-z0-9]+)?/?$",
      description: "the storage account's blob address, such as https://NAME.blob.core.windows.net",
    }),
    container: Type.String({
      pattern: "^[a-z0-9$][a-z0-9-]{1,62}$",
      description: "a container name",
    }),
    prefix: Type.Optional(Type.String()),
    auth: Type.Object(
      {
        type: Type.Union([
          Type.Literal("azure"),
          Type.Literal("connectionString"),
          Type.Literal("sas"),
        ]),
        value: Type.Optional(Type.String({ secret: true })),
      },
      closed,
    ),
  },
  closed,
);

export const AzureExportsConfig = Type.Object(
  {
    type: Type.Literal("azure-exports"),
    name: Type.String({
      pattern: "^[a-z0-9][a-z0-9-]{0,62}$",
      description: "a short lower-case name",
    }),
    location: Type.Unknown({
      description: "{ directory } or { account, container, prefix, auth }",
    }),
    // For files without a manifest, whose header does not tell actual from amortised cost.
    dataset: Type.Optional(
      Type.Union([
        Type.Literal("FocusCost"),
        Type.Literal("ActualCost"),
        Type.Literal("AmortizedCost"),
        Type.Literal("Usage"),
      ]),
    ),
  },
  closed,
);
export type AzureExportsConfig = Omit<Static<typeof AzureExportsConfig>, "location"> & {
  location: Static<typeof DirectoryLocation> | Static<typeof BlobLocation>;
};
