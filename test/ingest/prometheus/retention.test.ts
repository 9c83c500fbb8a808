import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cli, withFolder, writeConfig } from "../../home.ts";
import { ledger } from "../taken.ts";
import { factFiles, factsOf, writeRecorded } from "./real.ts";
import { HOUR, nodeSeries, podSeries, START, UIDS } from "./scene.ts";

const NOW = { APPORTION_NOW: "2026-08-04T06:10:00Z" };
const day = (back: number) =>
  new Date((START - back * 24 * HOUR) * 1000).toISOString().slice(0, 10);

/** A recorded day of two hours of one pod, so many days before the scene's. */
function record(folder: string, back: number): void {
  const from = START - back * 24 * HOUR;
  const span = { from, until: from + 2 * HOUR };
  writeRecorded(join(folder, "recorded"), "prod", day(back), 60, [
    ...nodeSeries("node-1", undefined, 60, span.from, span.until),
    ...podSeries({ pod: "web-1", uid: UIDS.a, ...span }),
  ]);
}

it("five minutes go after their time, here and in the landing; their hours stay as they were", () =>
  withFolder(async (home) => {
    for (const back of [0, 30, 36, 60]) record(home, back);
    const source = "  - { type: prometheus, name: usage, cluster: prod, recorded: ./recorded }\n";
    const ingest = (config: string, ...args: string[]) =>
      cli(["ingest", "--config", config, ...args], { env: NOW });
    const kept = () =>
      ledger(home, "SELECT day FROM unit_fact WHERE kind = 'usage_5m' ORDER BY day").then((rows) =>
        rows.map((row) => row["day"]),
      );
    const landed = () =>
      readdirSync(join(home, "home/landing"), { recursive: true, encoding: "utf8" }).filter(
        (name) => name.endsWith("usage_5m.parquet"),
      ).length;
    const all = await writeConfig(home, "retention: { samples: 100d }\n", source);
    expect((await ingest(all)).code).toBe(0);
    expect(await kept()).toEqual([day(60), day(36), day(30), day(0)]);
    const hours = await factsOf(home, "usage_hour");
    expect(hours).toHaveLength(8);

    // 35 days without being told.
    const config = await writeConfig(home, "", source);
    const later = await ingest(config);
    expect(later.units.map(({ outcome }) => outcome)).toEqual(Array(4).fill("unchanged"));
    expect(await kept()).toEqual([day(30), day(0)]);
    expect(factFiles(home).filter((file) => file.includes("/usage_5m-"))).toHaveLength(2);
    expect(landed()).toBe(2);
    expect(await factsOf(home, "usage_hour")).toEqual(hours);

    // Neither a load from the landing nor a lost ledger makes hours anew, or fails for what is gone.
    expect(await ingest(config, "--again")).toMatchObject({ code: 0, err: "" });
    expect(await factsOf(home, "usage_hour")).toEqual(hours);
    rmSync(join(home, "recorded"), { recursive: true });
    for (const file of ["work.duckdb", "work.duckdb.wal"])
      rmSync(join(home, "home", file), { force: true });
    // The samples themselves are gone from their source, too.
    expect((await ingest(config)).code).toBe(3);
    expect(await kept()).toEqual([day(30), day(0)]);
    expect(await factsOf(home, "usage_hour")).toEqual(hours);
  }));
