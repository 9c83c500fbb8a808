import type { PrometheusDriver } from "prometheus-query";
import { guardedLookup } from "../../data/outward.ts";
import { AppError } from "../../data/errors.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Labels } from "./labels.ts";
import { broken, insisted, isHtml, refused } from "./refused.ts";

/** One value of an instant query; ±Infinity and NaN are told apart. */
export interface Value {
  labels: Labels;
  /** Milliseconds. */
  at: number;
  value: number;
}

/**
 * Metadata and small queries through `prometheus-query`, whose faults are mended here: what it rejects
 * with is no Error, it reads ±Inf as NaN, and it takes no signal. Bulk does not go this way.
 */
export interface PrometheusClient {
  /** The server's version; null where it does not say. */
  version(): Promise<string | null>;
  instant(query: string, at: number): Promise<Value[]>;
  range(
    query: string,
    from: number,
    until: number,
    stepMs: number,
  ): Promise<{ labels: Labels; points: { at: number; value: number }[] }[]>;
  /** Values of a label on series that match, over a stretch of time; null where the server will not say. */
  labelValues(label: string, match: string, from: number, until: number): Promise<string[] | null>;
}

const MOST_POINTS = 11_000;

export function openClient(
  endpoint: Endpoint,
  signal: AbortSignal,
  timeoutMs = 60_000,
): PrometheusClient {
  const { place } = endpoint;
  // One a call: what the library makes of a failure says nothing, so it is caught on its way there.
  const ask = async <T>(use: (driver: PrometheusDriver) => Promise<T>): Promise<T> => {
    const { PrometheusDriver } = await import("prometheus-query");
    let fault: Error | undefined;
    const failed = (error: unknown) => {
      fault ??= broken(place, error);
      return Promise.reject(fault);
    };
    const driver = new PrometheusDriver({
      endpoint: endpoint.url,
      baseURL: "/api/v1",
      timeout: timeoutMs,
      preferPost: true,
      requestInterceptor: {
        async onFulfilled(request) {
          try {
            for (const [name, value] of Object.entries(await endpoint.headers()))
              request.headers.set(name, value);
          } catch (error) {
            return failed(error);
          }
          // As text: the library takes whatever is not JSON for an answer.
          const asText = { responseType: "text", transformResponse: [(text: unknown) => text] };
          return Object.assign(request, asText, {
            signal,
            proxy: false,
            maxRedirects: 0,
            lookup: guardedLookup,
            validateStatus: () => true,
          });
        },
      },
      responseInterceptor: {
        onFulfilled(answer) {
          const { status, headers } = answer;
          const contentType = String(headers["content-type"] ?? "");
          endpoint.sawDate(headers["date"] as string | undefined);
          const text = String(answer.data);
          try {
            if (status !== 200)
              throw refused(place, endpoint.azure, {
                status,
                contentType,
                body: text.slice(0, 65_536),
              });
            answer.data = parsed(place, text, contentType);
          } catch (error) {
            return failed(error);
          }
          return answer;
        },
        onRejected: failed,
      },
    });
    try {
      return await use(driver);
    } catch (error) {
      signal.throwIfAborted();
      throw insisted(fault ?? broken(place, error instanceof Error ? error : unnamed(error)));
    }
  };
  return {
    async version() {
      try {
        const info = (await ask((driver) => driver.statusBuildinfo())) as { version?: unknown };
        return typeof info.version === "string" ? info.version : null;
      } catch (error) {
        // Not every server has the page; what else is wrong the next question will say.
        if (error instanceof AppError && /: 40[045]/.test(error.message)) return null;
        throw error;
      }
    },
    async instant(query, at) {
      const { result } = await ask((driver) => driver.instantQuery(query, at));
      return (result as RawInstant[]).map(({ metric, value }) => ({
        labels: { ...metric.labels },
        at: value.time.getTime(),
        value: value.value,
      }));
    },
    async range(query, from, until, stepMs) {
      if ((until - from) / stepMs + 1 > MOST_POINTS)
        throw new AppError("INTERNAL", `${query}: more than ${MOST_POINTS} points were asked for`);
      const { result } = await ask((driver) =>
        driver.rangeQuery(query, from, until, stepMs / 1000),
      );
      return (result as RawRange[]).map(({ metric, values }) => ({
        labels: { ...metric.labels },
        points: values.map(({ time, value }) => ({ at: time.getTime(), value })),
      }));
    },
    async labelValues(label, match, from, until) {
      // Azure gives the values of `__name__` only.
      if (endpoint.azure) return null;
      try {
        const found = await ask((driver) => driver.labelValues(label, [match], from, until));
        return (found as unknown as string[]).map(String);
      } catch (error) {
        if (error instanceof AppError && /: 40[045]/.test(error.message)) return null;
        throw error;
      }
    },
  };
}

interface RawInstant {
  metric: { labels: Record<string, string> };
  value: { time: Date; value: number };
}
interface RawRange {
  metric: { labels: Record<string, string> };
  values: { time: Date; value: number }[];
}

/** The library rejects with plain objects. */
const unnamed = (error: unknown): Error => {
  const { message } = (error ?? {}) as { message?: unknown };
  return new Error(typeof message === "string" ? message : JSON.stringify(error), { cause: error });
};

/** An answer's JSON, with what it cannot say as a number put in a form the library keeps. */
function parsed(place: string, text: string, contentType: string): unknown {
  const answer = { status: 200, contentType, body: text.slice(0, 65_536) };
  if (isHtml(answer)) throw refused(place, false, answer);
  try {
    return JSON.parse(text, (_, value: unknown) =>
      value === "+Inf" ? "Infinity" : value === "-Inf" ? "-Infinity" : value,
    );
  } catch (error) {
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${place}: the answer is cut or is not JSON (${text.length} bytes); run the command again, and look at what is between us and the server`,
      { cause: error },
    );
  }
}
