import { onTestFinished } from "vitest";
import { readConfig } from "../../api/config.ts";
import { startServer } from "../../api/server.ts";
import { homePaths } from "../../data/files.ts";
import type { LifeHome } from "./home.ts";

/** The way a namespace goes, a stage at a time. Every namespace of Ann's goes along. */

/** Deleting switched on, at any hour, one in a run. */
export const DELETION = `  deletion:
    noticeDays: 30
    quarantineDays: 7
    maxCount: 1
    maxPercent: 20
    window: { days: [sun, mon, tue, wed, thu, fri, sat], from: "00:00", until: "23:59" }
`;

/** Dormant in three scans over a fortnight. */
export async function toConfirmed(home: LifeHome): Promise<void> {
  await home.look();
  home.pass(35);
  for (const days of [7, 8, 0]) {
    await home.look();
    home.pass(days);
  }
}

/** To `notified`, with its owner told. */
export async function toNotified(home: LifeHome): Promise<void> {
  await toConfirmed(home);
  await home.run("notify", "--yes");
}

/** To quarantine, by both people. */
export async function toQuarantine(home: LifeHome, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await home.agree(name);
    const { code, told } = await home.run("quarantine", `prod/${name}`, "--yes");
    if (code !== 0) throw new Error(told);
  }
}

/** To the day after the deadline, all four messages arrived, looked at this minute. */
export async function toDue(home: LifeHome): Promise<void> {
  for (const days of [16, 7, 6, 1.5]) {
    home.pass(days);
    // What is deleted is looked at last; until then only the clock passes.
    if (days < 2) await home.look();
    await home.run("notify", "--yes");
  }
}

/** What was really asked of the cluster, beyond reading and trying. */
export function writes(home: LifeHome): string[] {
  return home.cluster.asked
    .filter(({ method, query }) => method !== "GET" && query["dryRun"] !== "All")
    .map(({ method, path }) => `${method} ${path}`);
}

/** The server over that home, until the test ends. */
export async function serve(home: LifeHome): Promise<string> {
  const config = readConfig(home.config);
  const server = await startServer({
    paths: homePaths(config.home),
    sources: [],
    currency: "EUR",
    host: "127.0.0.1",
    port: 0,
    pages: null,
    now: () => home.now,
    log: "silent",
    lifecycle: config.lifecycle,
  });
  onTestFinished(() => server.close());
  return server.address;
}
