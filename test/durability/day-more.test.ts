import { mkdtemp, rename, rm } from "node:fs/promises";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { build } from "../../analysis/build.ts";
import { readConfig } from "../../api/config.ts";
import { homePaths, sha256 } from "../../data/files.ts";
import { openLedger } from "../../data/ledger.ts";
import { readList } from "../../data/published.ts";
import { Register } from "../../data/register.ts";
import type { Session } from "../../data/warehouse.ts";
import { addDay, makeClusterHome } from "../bench/cluster-home.ts";

/** Three months of a small cluster, built; then a day more of the newest. */
const MONTHS = ["2026-06", "2026-07", "2026-08"];
const NEWEST = "2026-08";

let root: string;
let config: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "apportion-day-more-"));
  config = await makeClusterHome(root, MONTHS, { containers: 30, lines: 900 });
  await builds();
});
afterAll(() => rm(root, { recursive: true, force: true }));

const home = () => homePaths(readConfig(config).home);

async function builds() {
  const { home, build: settings } = readConfig(config);
  const register = new Register(homePaths(home).register);
  try {
    const { months } = await build({
      home,
      settings,
      register,
      now: () => new Date("2026-09-20T12:00:00Z"),
      signal: new AbortController().signal,
      progress() {},
    });
    return Object.fromEntries(months.map(({ month, outcome }) => [month, outcome]));
  } finally {
    register.close();
  }
}

async function withLedger<T>(use: (session: Session) => Promise<T>): Promise<T> {
  const ledger = await openLedger(home());
  try {
    return await use(ledger.session);
  } finally {
    ledger.close();
  }
}

async function publishedFiles() {
  return Object.fromEntries(
    (await readList(home())).months.map(({ month, file }) => [
      month,
      `${file} ${sha256(readFileSync(join(home().published, file ?? "")).toString("latin1"))}`,
    ]),
  );
}

it("a day more rebuilds its month alone, and reads nothing of the others", async () => {
  const before = await publishedFiles();
  expect(Object.keys(before)).toEqual(MONTHS);
  await addDay(root, NEWEST, 2);
  // A day forgotten of what is known: of files that changed nothing known counts.
  await withLedger(async (session) =>
    session.run("DELETE FROM charge_day WHERE month = $month AND day = '2026-08-15'", {
      month: NEWEST,
    }),
  );
  // Whatever of the earlier months a build still needs is found missing. Findings look back on two months' usage.
  const away: [from: string, to: string][] = [
    ...namesOf(home().lines, /^2026-0[67]/),
    ...namesOf(home().facts, /2026-06/),
  ];
  expect(away.length).toBeGreaterThan(100);
  for (const [from, to] of away) await rename(from, to);
  expect(await builds()).toEqual({
    "2026-06": "unchanged",
    "2026-07": "unchanged",
    [NEWEST]: "published",
  });
  for (const [from, to] of away) await rename(to, from);
  const days = await withLedger(async (session) =>
    session.rows<{ month: string; days: string }>(
      "SELECT month AS month, count(*) AS days FROM charge_day GROUP BY month ORDER BY month",
    ),
  );
  expect(days.map((row) => Number(row.days))).toEqual([30, 31, 31]);
  const after = await publishedFiles();
  expect(after[NEWEST]).not.toBe(before[NEWEST]);
  expect({ ...after, [NEWEST]: "" }).toEqual({ ...before, [NEWEST]: "" });
  expect(new Set(Object.values(await builds()))).toEqual(new Set(["unchanged"]));
  expect(await publishedFiles()).toEqual(after);
});

function namesOf(folder: string, pattern: RegExp): [string, string][] {
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => [join(folder, name), join(root, name)]);
}
