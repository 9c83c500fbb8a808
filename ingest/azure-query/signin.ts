import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/identity";
import { AppError, firstLine } from "../../data/errors.ts";

/**
 * Signs in on first use: by the given credential, else by whatever `DefaultAzureCredential` finds.
 * The identity library is large, and reading landed files needs none of it.
 */
export function signIn(
  place: string,
  authorityHost: string,
  given: TokenCredential | undefined,
): TokenCredential {
  let credential: Promise<TokenCredential> | null = null;
  const open = async (): Promise<TokenCredential> => {
    if (given !== undefined) return given;
    const { DefaultAzureCredential } = await import("@azure/identity");
    return new DefaultAzureCredential({ authorityHost });
  };
  return {
    async getToken(
      scopes: string | string[],
      options?: GetTokenOptions,
    ): Promise<AccessToken | null> {
      try {
        credential ??= open();
        return await (await credential).getToken(scopes, options);
      } catch (error) {
        if (options?.abortSignal?.aborted === true) throw error;
        const reason = firstLine(error instanceof Error ? error.message : String(error));
        throw new AppError(
          "AZURE_REFUSED",
          `${place}: could not sign in to Azure (${reason}); run "az login", or give the process a managed identity or the AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of a service principal`,
          { cause: error },
        );
      }
    },
  };
}
