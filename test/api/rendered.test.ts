import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appOver, type TestApp } from "./server-fixture.ts";

let server: TestApp;
beforeAll(async () => {
  server = await appOver();
});
afterAll(() => server.close());

const ADDRESS = "/api/v1/showback?month=2026-08&by=service&limit=1000";
const unpack = {
  br: (bytes: Buffer) => brotliDecompressSync(bytes),
  gzip: (bytes: Buffer) => gunzipSync(bytes),
  identity: (bytes: Buffer) => bytes,
} as const;

describe("a remembered answer", () => {
  const cases: [accept: string, coding: keyof typeof unpack][] = [
    ["br, gzip", "br"],
    ["gzip", "gzip"],
    ["br;q=0, gzip;q=0.5", "gzip"],
    ["br;q=0.0, *", "gzip"],
    ["identity", "identity"],
    ["", "identity"],
  ];
  it.each(cases)(
    "accept-encoding %j gets %s, the second time as the first",
    async (accept, coding) => {
      const plain = await server.get(ADDRESS);
      const ask = () => server.get(ADDRESS, accept === "" ? {} : { "accept-encoding": accept });
      for (const answer of [await ask(), await ask(), await ask()]) {
        expect(answer.status).toBe(200);
        expect(answer.headers["content-encoding"] ?? "identity").toBe(coding);
        expect(unpack[coding](answer.bytes).toString()).toBe(plain.text);
        expect(answer.headers["content-type"]).toContain("application/json");
        expect(answer.headers["etag"]).toBe(plain.headers["etag"]);
        expect(answer.headers["cache-control"]).toBe("private, no-cache");
        expect(answer.headers["vary"]).toContain("accept-encoding");
        expect(Number(answer.headers["content-length"])).toBe(answer.bytes.length);
        expect(answer.headers["content-security-policy"]).toContain("default-src 'self'");
      }
    },
  );

  it("is told apart by form: JSON is never sent to who asks for Arrow", async () => {
    const json = await server.get(ADDRESS);
    const arrow = await server.get(ADDRESS, { accept: "application/vnd.apache.arrow.stream" });
    const again = await server.get(ADDRESS, { accept: "application/vnd.apache.arrow.stream" });
    expect(json.headers["content-type"]).toContain("application/json");
    expect(again.headers["content-type"]).toBe("application/vnd.apache.arrow.stream");
    expect(again.bytes.equals(arrow.bytes)).toBe(true);
    expect(again.headers["etag"]).not.toBe(json.headers["etag"]);
  });

  it("is not what an error is kept as", async () => {
    for (const _ of [1, 2]) {
      const wrong = await server.get("/api/v1/showback?month=2020-01");
      expect(wrong.status).toBe(404);
      expect(wrong.headers["content-type"]).toContain("application/problem+json");
    }
  });

  it("answers 304 to who holds it", async () => {
    const { headers } = await server.get(ADDRESS);
    const again = await server.get(ADDRESS, { "if-none-match": String(headers["etag"]) });
    expect(again.status).toBe(304);
    expect(again.bytes).toHaveLength(0);
  });
});
