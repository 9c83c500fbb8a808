import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { Reducer } from "../../../ingest/prometheus/reduce.ts";
import { openClient } from "../../../ingest/prometheus/client.ts";
import { openEndpoint } from "../../../ingest/prometheus/endpoint.ts";
import { intervalOf } from "../../../ingest/prometheus/probe.ts";
import { type Matcher, METRIC_BY_NAME, type Metric } from "../../../ingest/prometheus/metrics.ts";
import { readMetric } from "../../../ingest/prometheus/query-range.ts";
import { ChunkedReader, type SeriesSink } from "../../../ingest/prometheus/chunked.ts";
import { remoteRead } from "../../../ingest/prometheus/remote-read.ts";
import { Samples, type SeriesFigures } from "../../../ingest/prometheus/samples.ts";
import { grouped } from "../../../ingest/prometheus/shards.ts";
import { prometheusSource } from "../../../ingest/prometheus/source.ts";
import type { SourceContext } from "../../../ingest/source.ts";
import { frame, framed } from "../../fakes/chunks.ts";
import { Collected, DAY, START } from "./scene.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A server that answers as a test says. */
async function serve(answer: Answer): Promise<string> {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("latin1");
    request.on("data", (piece) => (body += piece));
    request.on("end", () => answer(request, response, body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stops.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

const signal = new AbortController().signal;
const opened = (url: string, auth?: object) =>
  openEndpoint({ type: "prometheus", name: "usage", cluster: "c", url, ...auth }, ".", {
    getToken: () => Promise.resolve({ token: "secret-token", expiresOnTimestamp: 0 }),
  });
const instant = async (answer: Answer, auth?: object, timeoutMs = 5000) => {
  const endpoint = opened(await serve(answer), auth);
  return openClient(endpoint, signal, timeoutMs).instant("up", START * 1000);
};
const send =
  (status: number, body: string, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);

const STREAM = {
  "content-type": "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse",
};
const samples = (from: number, count: number): [number, number][] =>
  Array.from({ length: count }, (_, index) => [from + index * 60_000, index]);

class Kept implements SeriesSink {
  readonly all: { metric: string; labels: Record<string, string>; samples: [number, number][] }[] =
    [];
  series(metric: string, labels: object, { samples, runs }: SeriesFigures) {
    // Of a state whose every sample says another value each is a run.
    expect(runs).toHaveLength(samples);
    this.all.push({
      metric,
      labels: labels as Record<string, string>,
      samples: runs.map(({ from, value }) => [from, value]),
    });
  }
}

const reader = (sink: SeriesSink) => {
  const folds = [{ kind: "state", hold: 60_000, most: Infinity }] as const;
  const window = { from: 0, until: 1e9 };
  return new ChunkedReader("usage", { samples: new Samples(), folds, window }, sink);
};

async function read(answer: Answer, kept = new Kept()): Promise<Kept> {
  await remoteRead(
    opened(await serve(answer)),
    [{ from: 0, until: 1, matchers: [["__name__", "=", "m"]] }],
    reader(kept),
    { signal, timeoutMs: 500 },
  );
  return kept;
}
const stream =
  (bytes: Buffer, piece = bytes.length): Answer =>
  (_, response) => {
    response.writeHead(200, STREAM);
    for (let at = 0; at < bytes.length; at += piece) response.write(bytes.subarray(at, at + piece));
    response.end();
  };

describe("answers that are none, to a question", () => {
  it("a web page: a proxy stands between", async () => {
    const page = "<!DOCTYPE html><html><title>Sign in to Contoso</title></html>";
    await expect(instant(send(200, page, { "content-type": "text/html" }))).rejects.toThrow(
      /127\.0\.0\.1:\d+: 200 with a web page .*Sign in to Contoso.*give the address of Prometheus itself/,
    );
  });
  it("401 wants to know who asks", async () => {
    await expect(instant(send(401, "Unauthorized"))).rejects.toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: expect.stringMatching(/401, it wants to know who asks .*set "auth"/) as string,
    });
  });
  it("403 of Azure names the role that is missing, and no token", async () => {
    const asked = instant(send(403, "Forbidden"), { auth: { type: "azure" } });
    await expect(asked).rejects.toMatchObject({
      code: "AZURE_REFUSED",
      message: expect.stringMatching(
        /"Monitoring Data Reader" on the Azure Monitor workspace/,
      ) as string,
    });
    await expect(asked).rejects.not.toThrow(/secret-token/);
  });
  it("403 of any other says to allow the account", async () => {
    await expect(instant(send(403, "no"))).rejects.toThrow(/403 \(no\); allow the account/);
  });
  it("404: no Prometheus there", async () => {
    await expect(instant(send(404, "404 page not found"))).rejects.toThrow(
      /404, no Prometheus answers there .*without \/api\/v1/,
    );
  });
  it("JSON cut short", async () => {
    await expect(
      instant(send(200, '{"status":"success","data":{"resultType":"vector","res')),
    ).rejects.toThrow(/the answer is cut or is not JSON/);
  });
  it("a query that it does not understand", async () => {
    await expect(
      instant(send(400, '{"status":"error","errorType":"bad_data","error":"parse error"}')),
    ).rejects.toThrow(/400 \(parse error\)/);
  });
  it("silence", async () => {
    await expect(instant(() => {}, undefined, 200)).rejects.toThrow(/no answer in time/);
  });
  it("nobody", async () => {
    const client = openClient(opened("http://127.0.0.1:1"), signal);
    await expect(client.instant("up", START * 1000)).rejects.toThrow(
      /http:\/\/127\.0\.0\.1:1: nothing listens there/,
    );
  });
  it("errors are Errors, and an abort is an abort", async () => {
    const controller = new AbortController();
    const url = await serve(() => controller.abort(new Error("stopped by hand")));
    const client = openClient(opened(url), controller.signal);
    await expect(client.instant("up", START * 1000)).rejects.toThrow("stopped by hand");
    await expect(instant(send(500, "boom"))).rejects.toBeInstanceOf(Error);
  });
});

describe("numbers that JSON has none for", () => {
  it("±Inf and NaN are told apart", async () => {
    const result = ["+Inf", "-Inf", "NaN", "1.5"].map((value, index) => ({
      metric: { index: String(index) },
      value: [START, value],
    }));
    const values = await instant(
      send(200, JSON.stringify({ status: "success", data: { resultType: "vector", result } })),
    );
    expect(values.map(({ value }) => value)).toEqual([Infinity, -Infinity, Number.NaN, 1.5]);
  });
});

describe("who asks", () => {
  const seen: Record<string, unknown>[] = [];
  const note: Answer = (request, response) => {
    seen.push(request.headers);
    response.writeHead(200).end('{"status":"success","data":{"resultType":"vector","result":[]}}');
  };
  it("is sent as configured, by both clients", async () => {
    process.env["TEST_PROMETHEUS_TOKEN"] = "t0ken";
    const url = await serve(note);
    for (const [config, header] of [
      [{ auth: { type: "bearer", token: "${env:TEST_PROMETHEUS_TOKEN}" } }, "Bearer t0ken"],
      [
        { auth: { type: "basic", username: "u", password: "${env:TEST_PROMETHEUS_TOKEN}" } },
        `Basic ${Buffer.from("u:t0ken").toString("base64")}`,
      ],
      [{ auth: { type: "azure" } }, "Bearer secret-token"],
    ] as const) {
      const endpoint = opened(url, { ...config, tenant: "team-a" });
      await openClient(endpoint, signal).instant("up", START * 1000);
      await endpoint
        .post("/api/v1/read", { body: "", headers: {}, signal, timeoutMs: 1000 })
        .then((answer) => answer.resume());
      for (const headers of seen.splice(0))
        expect(headers).toMatchObject({ authorization: header, "x-scope-orgid": "team-a" });
    }
  });
});

describe("a stream of chunks", () => {
  const labels = { __name__: "m", pod: 'a\nb "c" 🦊 '.padEnd(4096, "x") };
  const whole = Buffer.concat([
    frame([{ labels, chunks: [samples(1000, 120)] }]),
    frame([
      { labels, chunks: [samples(1000 + 120 * 60_000, 30)] },
      { labels: { __name__: "m", pod: "b" }, chunks: [samples(5, 3)] },
    ]),
  ]);

  it("goes on over frames and pieces of any size, whatever a label holds", async () => {
    for (const piece of [whole.length, 7, 1]) {
      const { all } = await read(stream(whole, piece));
      expect(all.map((series) => [series.labels, series.samples.length])).toEqual([
        [labels, 150],
        [{ __name__: "m", pod: "b" }, 3],
      ]);
    }
  });
  it("of overlapping blocks tells no sample twice", async () => {
    const { all } = await read(
      stream(frame([{ labels, chunks: [samples(0, 50), samples(40 * 60_000, 50)] }])),
    );
    expect(all[0]?.samples.map(([at]) => at / 60_000)).toEqual(
      Array.from({ length: 90 }, (_, index) => index),
    );
  });
  it("skips native histograms by name", async () => {
    const url = await serve(stream(frame([{ labels, chunks: [samples(0, 5)], encoding: 2 }])));
    const kept = new Kept();
    const result = await remoteRead(
      opened(url),
      [{ from: 0, until: 1, matchers: [] }],
      reader(kept),
      {
        signal,
        timeoutMs: 500,
      },
    );
    expect(result.skipped).toEqual(["m"]);
    expect(kept.all).toEqual([]);
  });
  it.each([
    ["cut within a frame", whole.subarray(0, whole.length - 10), /ended within a frame/],
    ["cut within a head", whole.subarray(0, 3), /ended within a frame/],
    ["with a wrong checksum", frame([{ labels, chunks: [samples(0, 5)] }], 1), /checksum is wrong/],
    ["of nonsense", Buffer.alloc(64, 255), /no frame length/],
    [
      "that answers a question nobody asked",
      frame([{ labels, chunks: [samples(0, 5)] }], undefined, 3),
      /answers question 3, which was not asked/,
    ],
    [
      "with a chunk that is cut",
      (() => {
        const good = frame([{ labels: { a: "b" }, chunks: [samples(0, 120)] }]);
        const body = Buffer.from(good.subarray(6));
        // The count of samples of the chunk says more than it holds.
        const at = body.indexOf(Buffer.from([0, 120]));
        body[at] = 200;
        return framed(body);
      })(),
      /cannot be read/,
    ],
  ])("%s is refused, and its last series is not kept", async (_, bytes, message) => {
    const kept = new Kept();
    await expect(read(stream(bytes), kept)).rejects.toThrow(message);
    expect(kept.all.map(({ labels }) => labels["pod"])).not.toContain("b");
  });
  it("that breaks off is refused", async () => {
    await expect(
      read((_, response) => {
        response.writeHead(200, { ...STREAM, "content-length": String(whole.length) });
        response.write(whole.subarray(0, 400), () => response.destroy());
      }),
    ).rejects.toThrow(/the connection broke|ended before it was whole/);
  });
  it("that stops is not waited for", async () => {
    await expect(
      read((_, response) => {
        response.writeHead(200, STREAM);
        response.write(whole.subarray(0, 100));
      }),
    ).rejects.toThrow(/in time|broke/);
  });
  it("of a server that is busy is asked for again, before anything is taken", async () => {
    let tries = 0;
    const kept = new Kept();
    const busy: Answer = (request, response, body) => {
      if (++tries < 3) response.writeHead(503).end("busy");
      else stream(whole)(request, response, body);
    };
    const options = { signal, timeoutMs: 500, pauses: [1, 1] };
    const query = [{ from: 0, until: 1, matchers: [] }];
    await remoteRead(opened(await serve(busy)), query, reader(kept), options);
    expect(kept.all).toHaveLength(2);
    const never = opened(await serve((_, response) => response.writeHead(503).end("busy")));
    await expect(remoteRead(never, query, reader(kept), options)).rejects.toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: expect.stringMatching(/503 \(busy\); the server is busy or limited/) as string,
    });
  });
  it("that is a web page is refused", async () => {
    await expect(
      read((_, response) =>
        response.writeHead(200, { "content-type": "text/html" }).end("<html></html>"),
      ),
    ).rejects.toThrow(/a proxy or a sign-in page/);
  });
});

describe("fitted queries", () => {
  const window = { from: START * 1000, until: (START + 7200) * 1000 };
  const memory = METRIC_BY_NAME.get("container_memory_working_set_bytes") as Metric;
  const run = async (answer: Answer, matchers: readonly Matcher[] = []) => {
    const facts = new Collected();
    const interval = { cadvisor: 60_000, ksm: 60_000 };
    const reducer = new Reducer({ day: DAY, window, interval }, facts);
    const asked: string[] = [];
    await readMetric(opened(await serve(answer)), memory, matchers, reducer, {
      window,
      interval,
      pace: { points: Infinity },
      signal,
      timeoutMs: 300,
      asked: (query) => asked.push(query),
    });
    reducer.endShard();
    reducer.end();
    return { facts, asked };
  };
  const points = (body: string, most = Infinity) => {
    const form = new URLSearchParams(body);
    const [start, end, step] = ["start", "end", "step"].map((name) => Number(form.get(name)));
    const count = Math.round(((end ?? 0) - (start ?? 0)) / (step ?? 1)) + 1;
    if (count > most) return null;
    const values = Array.from({ length: count }, (_, index) => [
      (start ?? 0) + index * (step ?? 1),
      form.get("query")?.startsWith("count") === true ? "5" : "1048576",
    ]);
    const metric = { namespace: "n", pod: "p", container: "c", node: "x" };
    return JSON.stringify({
      status: "success",
      data: { resultType: "matrix", result: [{ metric, values }] },
    });
  };
  const limited =
    (status: number, error: string): Answer =>
    (_, response, body) => {
      const good = points(body, 6);
      response
        .writeHead(good === null ? status : 200)
        .end(good ?? JSON.stringify({ status: "error", error }));
    };

  it.each([
    [422, "query processing would load too many samples into memory"],
    [503, "query timed out in expression evaluation"],
    [429, "slow down"],
    [400, "exceeded maximum resolution of 11,000 points per timeseries"],
  ])("are halved on %i (%s)", async (status, error) => {
    const { facts, asked } = await run(limited(status, error));
    expect(asked).toHaveLength(3 * 4);
    expect(facts.hours.map((hour) => hour["mem_used"])).toEqual([3600, 3600]);
  });
  it("are halved when no answer comes in time", async () => {
    const { facts } = await run((_, response, body) => {
      const good = points(body, 12);
      if (good !== null) response.writeHead(200).end(good);
    });
    expect(facts.hours).toHaveLength(2);
  });
  it("that were too much are not asked so large again", async () => {
    let refused = 0;
    await run((request, response, body) => {
      if (points(body, 6) === null) refused++;
      limited(422, "too many samples")(request, response, body);
    });
    // 24 points, 12, then 6, found out once and not by each of three queries.
    expect(refused).toBe(2);
  });
  it("are halved by namespace where there is no less time to ask for", async () => {
    const pods: string[] = [];
    const { facts, asked } = await run(
      (_, response, body) => {
        const names = /namespace=~"([^"]*)"/.exec(new URLSearchParams(body).get("query") ?? "");
        const namespaces = names?.[1]?.split("|") ?? [];
        const good = namespaces.length > 1 ? null : points(body, 6);
        if (good === null) {
          response.writeHead(422).end('{"error":"too many samples"}');
          return;
        }
        pods.push(...namespaces);
        response
          .writeHead(200)
          .end(good.replace('"namespace":"n"', `"namespace":"${namespaces[0] ?? ""}"`));
      },
      [["namespace", "=~", "a|b|c"]],
    );
    expect(new Set(pods)).toEqual(new Set(["a", "b", "c"]));
    expect(asked.length).toBe(pods.length);
    const used = Map.groupBy(facts.hours, (hour) => hour["namespace"]);
    expect(new Set(used.keys())).toEqual(new Set(["a", "b", "c"]));
    for (const hours of used.values())
      expect(hours.map((hour) => hour["mem_used"])).toEqual([3600, 3600]);
  });
  it("that are too much however small name the limit", async () => {
    await expect(run(send(422, '{"error":"too many samples"}'))).rejects.toThrow(
      /422 \(too many samples\), even for 2 points of count_over_time.*raise the server's limits/,
    );
  });
  it("never ask for samples, nor for more than one metric", async () => {
    const { asked } = await run(limited(422, "too many samples"));
    for (const query of asked) {
      expect(query).toMatch(/^(count|avg|max)_over_time\(/);
      expect(query.match(/container_\w+/g)).toHaveLength(1);
    }
  });
});

describe("planning", () => {
  const context: SourceContext = {
    home: "/nowhere",
    now: () => new Date("2026-08-04T06:10:00Z"),
    progress() {},
    signal,
  };
  const nodes = (request: IncomingMessage, response: ServerResponse, date: Date) =>
    response.writeHead(200, { date: date.toUTCString() }).end(
      JSON.stringify({
        status: "success",
        data: {
          resultType: "matrix",
          result: request.url?.includes("query_range")
            ? [
                {
                  metric: {},
                  values: [
                    [START + 3600, "2"],
                    [START + 7200, "2"],
                  ],
                },
              ]
            : [],
        },
      }),
    );
  it("names a clock that is off, and goes on", async () => {
    const url = await serve((request, response) =>
      nodes(request, response, new Date(Date.now() + 300_000)),
    );
    const source = prometheusSource({ type: "prometheus", name: "usage", cluster: "c", url }, ".");
    const plan = await source.plan(context);
    expect(plan.units.map(({ unit }) => unit)).toEqual([`c ${DAY}`, "c 2026-08-04"]);
    expect(String(plan.problems[0]?.error)).toMatch(
      /its clock is (299|30[01]) s ahead of ours; set both by NTP/,
    );
  });
  it("says nothing of one that is right, and plans whole hours of today", async () => {
    const url = await serve((request, response) => nodes(request, response, new Date()));
    const source = prometheusSource({ type: "prometheus", name: "usage", cluster: "c", url }, ".");
    const plan = await source.plan(context);
    expect(plan.problems).toEqual([]);
    expect(plan.units.map(({ until }) => until)).toEqual([
      "2026-08-04T00:00:00.000Z",
      "2026-08-04T06:00:00.000Z",
    ]);
  });
  it("refuses both a server and a folder, and neither", () => {
    for (const more of [{}, { url: "http://x", recorded: "./y" }])
      expect(() =>
        prometheusSource({ type: "prometheus", name: "usage", cluster: "c", ...more }, "."),
      ).toThrow(/source usage: give "url" .* or "recorded"/);
  });
});

describe("scrape intervals and shards", () => {
  it("an interval is the usual one nearest to what was counted", () => {
    expect([120, 60, 59, 30, 29, 6, 5].map((count) => intervalOf(count, "m", "p") / 1000)).toEqual([
      15, 30, 30, 60, 60, 300, 300,
    ]);
    expect(() => intervalOf(1, "m", "p")).toThrow(/m has 1 samples in half an hour/);
  });
  it("namespaces are grouped, kube-system first, and none is forgotten", () => {
    const shards = grouped(
      new Map([
        ["b.x", 500],
        ["a", 400],
        ["kube-system", 300],
        ["c", 900],
      ]),
      1000,
    );
    expect(shards.map(({ matchers }) => matchers[0])).toEqual([
      ["namespace", "=~", "kube-system"],
      ["namespace", "=~", "a|b\\.x"],
      ["namespace", "=~", "c"],
      ["namespace", "!~", "kube-system|a|b\\.x|c"],
    ]);
  });
});
