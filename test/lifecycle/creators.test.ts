import { rm } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { withCreators } from "../../analysis/lifecycle/creator-rules.ts";
import type { Seen } from "../../analysis/lifecycle/record.ts";
import { teamOf } from "../../analysis/lifecycle/team.ts";
import { buildAll } from "../../api/commands/build.ts";
import { readConfig } from "../../api/config.ts";
import { parseOwners } from "../../analysis/ownership.ts";
import { parseYaml } from "../../data/config.ts";
import { homePaths } from "../../data/files.ts";
import { Register } from "../../data/register.ts";
import { noteSeen } from "../../data/register/namespaces.ts";
import { pseudonym } from "../../data/register/people.ts";
import { clusterHome } from "../cluster-home.ts";
import { cli } from "../home.ts";

/** Ownership rules by who made a namespace: person, team, business unit. */

const OWNERS = `teams:
  - { id: shop, name: Shop, businessUnit: Retail }
  - { id: data, name: Data, businessUnit: Technology }
  - { id: platform, businessUnit: Technology }
rules:
  - { team: data, match: { creator: "ann@*", cluster: prod } }
  - { team: platform, until: 2026-01-01, match: { creator: "bob@example.org" } }
  - { team: shop, match: { cluster: prod, namespace: [shop, "100%"] } }
`;
const ownership = parseOwners(parseYaml("owners.yaml", OWNERS), true);
const MADE = [
  { cluster: "prod", name: "shop", creators: ["ann@example.org", "a1"] },
  { cluster: "dev", name: "jobs", creators: ["Ann@Example.org"] },
  { cluster: "prod", name: "100%", creators: ["ann@example.org"] },
];

test("a rule by creator owns exactly what that person made, at its place in the list", () => {
  expect(ownership.warnings).toEqual([]);
  const { rules } = withCreators(ownership, MADE);
  expect(
    rules.map(({ team, conditions }) => [
      team,
      conditions.map(({ key, patterns }) => [key, patterns]),
    ]),
  ).toEqual([
    [
      "data",
      [
        ["cluster", ["prod"]],
        ["cluster", ["prod"]],
        ["namespace", ["shop", "100\\%"]],
      ],
    ],
    [
      "data",
      [
        ["cluster", ["prod"]],
        ["cluster", ["dev"]],
        ["namespace", ["jobs"]],
      ],
    ],
    [
      "shop",
      [
        ["cluster", ["prod"]],
        ["namespace", ["shop", "100\\%"]],
      ],
    ],
  ]);
  expect(rules.map(({ order }) => order)).toEqual([1, 2, 3]);
  expect(withCreators(ownership, []).rules.map(({ team }) => team)).toEqual(["shop"]);
  const of = (creators: string[], day = "2026-08-01") =>
    teamOf(
      ownership.rules,
      { cluster: "prod", name: "shop", labels: {}, annotations: {}, creators },
      day,
    );
  expect([
    of(["ann@example.org"]),
    of(["x@example.org"]),
    of(["bob@example.org"], "2025-08-01"),
  ]).toEqual(["data", "shop", "platform"]);
});

test("what a namespace costs goes to the team of who made it, from the next build on", async () => {
  const { folder, config, home } = await clusterHome({ owners: OWNERS });
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const owner = async () => {
    const { out } = await cli([
      "explain",
      "namespace:prod/shop",
      "--month",
      "2026-08",
      "--config",
      config,
    ]);
    return /rule \d+: [^\n│]*/.exec(out)?.[0] ?? out;
  };
  expect(await owner()).toMatch(/^rule 3: cluster prod and namespace shop/);
  const register = new Register(homePaths(home).register);
  const ann = pseudonym(register, "ann@example.org");
  const seen = {
    creator: {
      person: ann,
      team: null,
      confidence: "high",
      link: "annotation",
      evidence: "",
      links: [],
    },
    owners: [ann],
  } satisfies Pick<Seen, "creator" | "owners">;
  noteSeen(register, { cluster: "prod", name: "shop", uid: "u1" }, seen);
  register.close();
  const made = readConfig(config);
  const { months } = await buildAll(
    // The facts of this home are of a source that its file does not name.
    { ...made, build: { ...made.build, sources: [...made.build.sources, "usage"] } },
    {
      words: [],
      options: {},
      screen: { out: () => {}, tell: () => {}, progress: () => {}, done: () => {}, isTTY: false },
      signal: new AbortController().signal,
      now: () => new Date("2026-09-20T12:00:00Z"),
    },
  );
  expect(months.map(({ problem }) => problem)).toEqual(months.map(() => null));
  expect(await owner()).toMatch(/^rule 1: creator ann@\* and cluster prod/);
}, 120_000);
