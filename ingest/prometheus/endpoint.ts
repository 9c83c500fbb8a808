import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { TokenCredential } from "@azure/identity";
import { readSecret } from "../../data/config.ts";
import { AppError, firstLine } from "../../data/errors.ts";
import { guardedLookup, refuseNever } from "../../data/outward.ts";
import { bodyAgent, type BodySink, divert } from "./body-socket.ts";
import type { PrometheusConfig } from "./config.ts";
import { broken, refused } from "./refused.ts";

/** Where a server is, who asks, and how long an answer may take. */
export interface Endpoint {
  /** Without a slash at its end, and without `/api/v1`. */
  readonly url: string;
  /** `NAME: ADDRESS`, for errors. */
  readonly place: string;
  readonly azure: boolean;
  headers(): Promise<Record<string, string>>;
  /** The difference to the server's clock in milliseconds, as of the last answer; 0 before. */
  skew(): number;
  sawDate(header: string | undefined): void;
  close(): void;
  /** Sends a POST; gives the open answer where its status is 200, throws what to do where it is not. */
  post(path: string, options: PostOptions): Promise<IncomingMessage>;
}

export interface PostOptions {
  body: Uint8Array | string;
  headers: Record<string, string>;
  signal: AbortSignal;
  /** Longest silence. */
  timeoutMs: number;
  /** Takes the body as it comes, if it is of its type; the answer that is given has none then. */
  into?: BodySink;
}

const AZURE_SCOPE = "https://prometheus.monitor.azure.com/.default";
// Half an answer's beginning says enough.
const MOST_SAID = 64 << 10;

/**
 * Throws ADDRESS_REFUSED for a link-local or metadata address.
 * @param credential in place of what `DefaultAzureCredential` finds
 */
export function openEndpoint(
  config: PrometheusConfig,
  folder: string,
  credential?: TokenCredential,
): Endpoint {
  const url = (config.url ?? "").replace(/\/+$/, "").replace(/\/api\/v1$/, "");
  const place = `${config.name}: ${url}`;
  refuseNever(url);
  const auth = config.auth ?? { type: "none" };
  const azure = auth.type === "azure";
  const secure = url.startsWith("https:");
  const agent = bodyAgent(secure, { keepAlive: true, maxSockets: 16, lookup: guardedLookup });
  let signedIn: Promise<TokenCredential> | undefined;
  let skew = 0;
  const token = async (): Promise<string> => {
    signedIn ??= (async () => {
      if (credential !== undefined) return credential;
      const { DefaultAzureCredential } = await import("@azure/identity");
      return new DefaultAzureCredential();
    })();
    try {
      const given = await (await signedIn).getToken(AZURE_SCOPE);
      if (given === null) throw new Error("no token was given");
      return given.token;
    } catch (error) {
      throw new AppError(
        "AZURE_REFUSED",
        `${place}: could not sign in to Azure (${firstLine((error as Error).message)}); run "az login", or give the process a managed identity with the role "Monitoring Data Reader" on the Azure Monitor workspace`,
        { cause: error },
      );
    }
  };
  const secretOf = (reference: string, what: string) =>
    readSecret(reference, folder, `source ${config.name}: auth.${what}`);
  const headers = async (): Promise<Record<string, string>> => ({
    "user-agent": "apportion",
    ...(config.tenant === undefined ? {} : { "x-scope-orgid": config.tenant }),
    ...(auth.type === "basic"
      ? {
          authorization: `Basic ${Buffer.from(`${auth.username}:${secretOf(auth.password, "password")}`).toString("base64")}`,
        }
      : auth.type === "bearer"
        ? { authorization: `Bearer ${secretOf(auth.token, "token")}` }
        : auth.type === "azure"
          ? { authorization: `Bearer ${await token()}` }
          : {}),
  });
  const sawDate = (header: string | undefined) => {
    const said = header === undefined ? Number.NaN : Date.parse(header);
    // The header has whole seconds, and ours is the true time: a fixed clock is for days, not for this.
    if (!Number.isNaN(said)) skew = said + 500 - Date.now();
  };
  return {
    url,
    place,
    azure,
    headers,
    skew: () => skew,
    sawDate,
    close: () => agent.destroy(),
    async post(path, options) {
      const sent = await headers();
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const request = (secure ? httpsRequest : httpRequest)(
          `${url}${path}`,
          {
            method: "POST",
            agent,
            signal: options.signal,
            headers: {
              ...sent,
              ...options.headers,
              "content-length": Buffer.byteLength(options.body),
            },
          },
          resolve,
        );
        request.setTimeout(options.timeoutMs, () =>
          request.destroy(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" })),
        );
        request.on("error", reject);
        const { into } = options;
        if (into !== undefined) request.on("socket", (socket) => divert(socket, into));
        request.end(options.body);
      }).catch((error: unknown) => {
        if (options.signal.aborted) throw error;
        throw broken(place, error);
      });
      sawDate(answer.headers.date);
      if (answer.statusCode === 200) return answer;
      const said = await beginning(answer).catch(() => "");
      throw refused(place, azure, {
        status: answer.statusCode ?? 0,
        contentType: answer.headers["content-type"] ?? "",
        body: said,
      });
    },
  };
}

async function beginning(answer: IncomingMessage): Promise<string> {
  let text = "";
  answer.setEncoding("utf8");
  for await (const piece of answer) {
    text += String(piece);
    if (text.length > MOST_SAID) break;
  }
  return text;
}
