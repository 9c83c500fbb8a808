import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readConfig } from "../../../api/config.ts";
import { cli, withFolder, writeConfig, writeTree } from "../../home.ts";
import { factsOf } from "../prometheus/real.ts";
import { ledger, take } from "../taken.ts";

const HEADER = "hour,driver,consumer,quantity\n";
const SITE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Web/sites/a";
const SOURCE = "  - { type: drivers, name: apps, file: ./apps.csv }\n";

const ingest = (folder: string, sources = SOURCE) => take(folder, { sources });

const facts = (folder: string) =>
  factsOf(
    folder,
    "driver_hour",
    "strftime(make_timestamp(hour * 1000000), '%Y-%m-%dT%H') AS hour, driver, consumer, CAST(quantity AS VARCHAR) AS quantity",
  );

test("a file's quantities are kept exactly by day, hour, driver and consumer; rows of one hour add up", async () => {
  await withFolder(async (folder) => {
    const rows = [
      "2026-08-03T10:00:00Z,app-cpu,team:claims,1.5",
      "2026-08-03T10:00:00Z,app-cpu,team:claims,0.0000005",
      `2026-08-03T11:00:00Z,app-cpu,${SITE},999999999999.999999`,
      '2026-08-04T00:00:00Z,log-bytes,"namespace:prod/shop",12e3',
    ];
    await writeFile(join(folder, "apps.csv"), `\ufeff${HEADER}${rows.join("\r\n")}\r\n`);
    const config = await writeConfig(folder, "", SOURCE);
    const first = await cli(["ingest", "--config", config], {
      env: { APPORTION_NOW: "2026-08-20T12:00:00Z" },
    });
    expect(first).toMatchObject({
      code: 0,
      units: [{ unit: "apps.csv", outcome: "loaded", rows: 4 }],
    });
    const kept = [
      { hour: "2026-08-03T10", driver: "app-cpu", consumer: "team:claims", quantity: "1500001" },
      {
        hour: "2026-08-03T11",
        driver: "app-cpu",
        consumer: SITE.toLowerCase(),
        quantity: "999999999999999999",
      },
      {
        hour: "2026-08-04T00",
        driver: "log-bytes",
        consumer: "namespace:prod/shop",
        quantity: "12000000000",
      },
    ];
    expect(await facts(folder)).toEqual(kept);
    expect(
      await ledger(
        folder,
        "SELECT kind, day, CAST(rows AS INTEGER) AS rows FROM unit_fact ORDER BY day",
      ),
    ).toEqual([
      { kind: "driver_hour", day: "2026-08-03", rows: 2 },
      { kind: "driver_hour", day: "2026-08-04", rows: 1 },
    ]);
    expect(await ingest(folder)).toMatchObject({ failed: 0, events: [{ outcome: "unchanged" }] });

    // A corrected file takes the place of all that the file said, and a gzipped one is the same file.
    await rm(join(folder, "apps.csv"));
    await writeFile(
      join(folder, "apps.csv.gz"),
      gzipSync(`${HEADER}2026-08-03,app-cpu,team:claims,2\n`),
    );
    const packed = "  - { type: drivers, name: apps, files: './apps*.csv.gz' }\n";
    expect(await ingest(folder, packed)).toMatchObject({ failed: 0, events: [{ rows: 1 }] });
    await writeFile(
      join(folder, "apps.csv.gz"),
      gzipSync(`${HEADER}2026-08-05,app-cpu,team:claims,3\n`),
    );
    expect(await ingest(folder, packed)).toMatchObject({
      failed: 0,
      events: [{ outcome: "loaded" }],
    });
    expect((await facts(folder)).slice(-1)).toEqual([
      { hour: "2026-08-05T00", driver: "app-cpu", consumer: "team:claims", quantity: "3000000" },
    ]);
    expect(await facts(folder)).toHaveLength(4);
  });
}, 60_000);

test("bad rows are put aside with file, line and reason; the good ones count", async () => {
  await withFolder(async (folder) => {
    const rows = [
      "2026-08-03T10:00:00Z,app-cpu,team:claims,1",
      "2026-08-03T10:30:00Z,app-cpu,team:claims,1",
      "2026-08-03T10:00:00Z,app-cpu,claims,1",
      "2026-08-03T10:00:00Z,app-cpu,team:claims,NaN",
      "2026-08-03T10:00:00Z,app-cpu,team:claims,-2",
      "2026-08-03T10:00:00Z,app-cpu,team:claims,+Inf",
      "2026-08-03T10:00:00Z,app-cpu,team:claims",
      "2026-08-03T10:00:00Z,app cpu,team:claims,1",
      HEADER.trim(),
      '2026-08-03T11:00:00Z,app-cpu,"namespace:prod/a\nb",1',
      "",
      "2026-08-03T12:00:00Z,app-cpu,team:claims,1",
    ];
    await writeFile(join(folder, "apps.csv"), `${HEADER}${rows.join("\n")}\n`);
    const result = await ingest(folder);
    expect(result).toMatchObject({ failed: 0, events: [{ rows: 2, rejected: 9 }] });
    const aside = await ledger(
      folder,
      "SELECT CAST(line AS INTEGER) AS line, reason, month FROM quarantine ORDER BY line",
    );
    expect(aside.map((row) => [row["line"], row["month"]])).toEqual([
      [3, null],
      [4, "2026-08"],
      [5, "2026-08"],
      [6, "2026-08"],
      [7, "2026-08"],
      [8, "2026-08"],
      [9, "2026-08"],
      [10, null],
      [11, "2026-08"],
    ]);
    for (const [index, why] of [
      "not a full hour",
      'consumer "claims" is of no known shape; write team:ID, namespace:CLUSTER/NS or a resource id',
      'quantity is "NaN"',
      'quantity "-2" is negative',
      'quantity is "+Inf"',
      "3 fields, the header 4",
      'driver "app cpu" is no name',
      'hour "hour"',
      "control character",
    ].entries())
      expect(String(aside[index]?.["reason"])).toContain(why);
  });
}, 60_000);

test("a file that cannot be read is named with what to do, and what it said before stays", async () => {
  await withFolder(async (folder) => {
    const good = `${HEADER}2026-08-03T10:00:00Z,app-cpu,team:claims,1\n`;
    await mkdir(join(folder, "d"));
    await writeTree(folder, { "d/good.csv": good, "d/bad.csv": good.replace(",1\n", ",2\n") });
    const sources = "  - { type: drivers, name: apps, files: ./d/*.csv }\n";
    expect((await take(folder, { sources })).loaded).toBe(2);
    for (const [text, code, why] of [
      [
        "hour,driver,consumer,amount\n2026-08-03,a,team:x,1\n",
        "HEADER_INVALID",
        "bad.csv:1: the column quantity is missing",
      ],
      [HEADER, "FILE_INVALID", "a header and no rows"],
      [`${HEADER}2026-08-03,a,x,1\n`, "FILE_INVALID", "bad.csv:2: the consumer"],
      [
        `${HEADER}2026-08-03,a,"team:x,1\n`,
        "FILE_INVALID",
        "bad.csv:2: from here on the quotes do not match",
      ],
      ["<html><title>Sign in</title></html>", "FILE_INVALID", "web page"],
      ["", "FILE_INVALID", "empty"],
    ] as const) {
      await writeFile(join(folder, "d/bad.csv"), text);
      const { events, failed } = await take(folder, { sources });
      expect([text, failed, events[0]?.code, events[0]?.problem]).toEqual([
        text,
        1,
        code,
        expect.stringContaining(why),
      ]);
      expect(events[1]).toMatchObject({ unit: "good.csv", outcome: "unchanged" });
    }
    expect(await facts(folder)).toHaveLength(2);
  });
});

test("a configuration that says too much or too little is refused", async () => {
  await withFolder(async (folder) => {
    const usage = "  - { type: prometheus, name: usage, cluster: prod, recorded: ./usage }\n";
    const query = "query: up, driver: a, consumer: 'team:x'";
    for (const [entry, why] of [
      ["", 'give one of "file", "files" and "prometheus"'],
      ["file: a.csv, files: b.csv", "give one of"],
      ["file: a.csv, query: up", '"query" goes with "prometheus"'],
      ["prometheus: usage, query: up", 'needs "query", "driver" and "consumer"'],
      [`prometheus: usge, ${query}`, 'did you mean "usage"?'],
      [`prometheus: usage, ${query}`, "recorded samples"],
      ["fiel: a.csv", 'unknown key "fiel" - did you mean "file"?'],
    ] as const) {
      const config = await writeConfig(
        folder,
        "",
        `${usage}  - { type: drivers, name: d${entry === "" ? "" : `, ${entry}`} }\n`,
      );
      expect(() => readConfig(config), entry).toThrow(why);
    }
  });
});
