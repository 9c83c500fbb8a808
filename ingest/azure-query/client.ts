import type { CostManagementClient } from "@azure/arm-costmanagement";
import type { HttpClient, PipelinePolicy, PipelineRequest } from "@azure/core-rest-pipeline";
import type { TokenCredential } from "@azure/identity";
import { AppError } from "../../data/errors.ts";
import { throttlePolicy, type ThrottleOptions } from "./throttle.ts";

/** The newest version whose answers this reads; the SDK's own is from 2022. */
export const API_VERSION = "2025-03-01";

export interface ClientOptions {
  place: string;
  endpoint: string;
  credential: TokenCredential;
  httpClient?: HttpClient | undefined;
  throttle: ThrottleOptions;
}

export interface AzureClient {
  sdk: CostManagementClient;
  /** Requests whose address Azure gave: sent to exactly that address. */
  asGiven: WeakSet<PipelineRequest>;
}

/** The SDK's client with our policies; loaded on first use, since offline reading needs none of it. */
export async function openClient(options: ClientOptions): Promise<AzureClient> {
  const { CostManagementClient } = await import("@azure/arm-costmanagement");
  const { bearerTokenAuthenticationPolicy, bearerTokenAuthenticationPolicyName } =
    await import("@azure/core-rest-pipeline");
  const asGiven = new WeakSet<PipelineRequest>();
  const sdk = new CostManagementClient(options.credential, {
    endpoint: options.endpoint,
    userAgentOptions: { userAgentPrefix: "apportion" },
    ...(options.httpClient === undefined ? {} : { httpClient: options.httpClient }),
  });
  const { pipeline } = sdk;
  pipeline.removePolicy({ phase: "Retry" });
  pipeline.removePolicy({ name: "redirectPolicy" });
  // The SDK asks for the token before the retries; after a wait of minutes it could have expired.
  pipeline.removePolicy({ name: bearerTokenAuthenticationPolicyName });
  pipeline.addPolicy(
    bearerTokenAuthenticationPolicy({
      credential: options.credential,
      scopes: `${options.endpoint}/.default`,
    }),
    { phase: "Sign" },
  );
  pipeline.addPolicy(throttlePolicy(options.throttle), { phase: "Retry" });
  pipeline.addPolicy(sameHostPolicy(options.place, options.endpoint), {
    phase: "Sign",
    beforePolicies: [bearerTokenAuthenticationPolicyName],
  });
  pipeline.addPolicy(namedClientPolicy());
  pipeline.addPolicy(apiVersionPolicy(asGiven));
  return { sdk, asGiven };
}

/** Without this header all programs of a tenant share one quota, and it is usually spent. */
function namedClientPolicy(): PipelinePolicy {
  return {
    name: "apportionClientTypePolicy",
    sendRequest(request, next) {
      request.headers.set("ClientType", "apportion");
      return next(request);
    },
  };
}

/** Replaces the SDK's own, which also rewrites the addresses of next pages. */
function apiVersionPolicy(asGiven: WeakSet<PipelineRequest>): PipelinePolicy {
  return {
    name: "apportionApiVersionPolicy",
    sendRequest(request, next) {
      if (!asGiven.has(request))
        request.url = request.url.replace(/([?&]api-version=)[^&]*/, `$1${API_VERSION}`);
      return next(request);
    },
  };
}

/** The last gate before a token is attached: nothing goes anywhere but to the endpoint. */
function sameHostPolicy(place: string, endpoint: string): PipelinePolicy {
  const { origin } = new URL(endpoint);
  return {
    name: "apportionSameHostPolicy",
    sendRequest(request, next) {
      const asked = new URL(request.url).origin;
      if (asked !== origin)
        throw new AppError(
          "AZURE_REFUSED",
          `${place}: refused to send a token to ${asked}; the source's endpoint is ${origin}`,
        );
      return next(request);
    },
  };
}
