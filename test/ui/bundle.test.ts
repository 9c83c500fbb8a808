import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { withAnswers } from "../../ui/answers.ts";
import { buildUi } from "../../ui/build.ts";

const KIB = 1024;

describe("what a browser loads", () => {
  let dir = "";
  let html = "";
  let assets: string[] = [];

  beforeAll(async () => {
    ({ dir } = await buildUi());
    html = await readFile(join(dir, "index.html"), "utf8");
    assets = await readdir(join(dir, "assets"));
  }, 120_000);

  const weigh = async (path: string) =>
    gzipSync(await readFile(join(dir, path)), { level: 9 }).length;

  test("first is at most 40 KiB", async () => {
    const first = [...html.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css))"/g)].map(
      (match) => match[1] ?? "",
    );
    expect(first.length).toBeGreaterThanOrEqual(3);
    let sum = 0;
    for (const path of first) sum += await weigh(path);
    expect(sum).toBeLessThanOrEqual(40 * KIB);
  });

  test("later is one chunk for charts of at most 290 KiB, and pages of at most 16 KiB each", async () => {
    const later = assets.filter((name) => name.endsWith(".js") && !html.includes(name));
    const sizes = await Promise.all(later.map((name) => weigh(join("assets", name))));
    const [charts = 0, ...pages] = sizes.toSorted((a, b) => b - a);
    expect(charts).toBeLessThanOrEqual(290 * KIB);
    expect(charts).toBeGreaterThan(100 * KIB);
    for (const page of pages) expect(page).toBeLessThanOrEqual(16 * KIB);
  });

  test("needs no inline script or style, and nothing from another host", () => {
    const inline = [...html.matchAll(/<script(?![^>]*\bsrc=)([^>]*)>/g)];
    expect(inline.every((match) => match[1]?.includes('type="application/json"'))).toBe(true);
    expect(html).not.toMatch(/<style|style=|\son\w+=|https?:\/\//);
  });

  test("has a place for the first answers", () => {
    expect(withAnswers(html, { "/x": { y: 1 } })).toContain('{"/x":{"y":1}}');
  });

  test("is built once from the same sources", async () => {
    expect(await buildUi()).toEqual({ built: false, dir });
  });
});
