import { rm } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { idleRules } from "../../analysis/idle-rules.ts";
import { parseOwners } from "../../analysis/ownership.ts";
import { parseYaml } from "../../data/config.ts";
import { clusterHome, PLAIN_RESOURCE } from "../cluster-home.ts";
import { cli } from "../home.ts";

const OWNERS = `teams: [{ id: shop }]
rules:
  - { team: shop, match: { cluster: "PRO?", namespace: "sh_p*" } }
  - { team: shop, match: { cluster: pord, namespace: shop } }
  - { team: shop, match: { cluster: dev, namespace: jobs } }
  - { team: shop, match: { cluster: prod, namespace: jobs } }
  - { team: shop, match: { tag: { Aks-Managed-PoolName: apps } } }
  - { team: shop, match: { tag: { costcentre: "1" } } }
  - { team: shop, until: 2026-01-01, match: { tag: { gone: "1" } } }
  - { team: shop, match: { resourceGroup: rg-shop } }
`;

let made: Awaited<ReturnType<typeof clusterHome>>;
beforeAll(async () => {
  made = await clusterHome({
    owners: OWNERS,
    sources: `  - { type: drivers, name: quantities, file: ./drivers.csv }
  - { type: prometheus, name: gone, cluster: prod, url: "http://127.0.0.1:9" }\n`,
    allocation: `  shared: [{ name: files, match: { resourceId: "${PLAIN_RESOURCE}" }, by: { driver: app-cpuu } }]\n`,
    files: { "drivers.csv": "hour,driver,consumer,quantity\n2026-08-01,app-cpu,team:shop,1\n" },
    mayFail: true,
  });
}, 120_000);
afterAll(() => rm(made.folder, { recursive: true, force: true }));

it("names rules that cannot match, silent drivers and servers that do not answer, each with what to do", async () => {
  const { code, out } = await cli(["doctor", "--config", made.config], {
    env: { APPORTION_NOW: "2026-09-20T12:00:00Z" },
  });
  expect(code).toBe(3);
  const lines = out.split("\n");
  const about = (what: string) => lines.filter((line) => line.includes(what)).join("\n");
  expect(about("source gone")).toMatch(
    /FAILED.*nothing listens there; start it, or check the address/,
  );
  expect(about("source quantities")).toMatch(/^ok.*1 units/);
  const rules = about(" rules ");
  expect(rules).toContain(
    "rule 1: cluster PRO? and namespace sh_p* (team shop) cannot match: no namespace of the newest month",
  );
  expect(rules).toContain(
    "rule 2: cluster pord and namespace shop (team shop) cannot match: no configured cluster is called so; known: prod, dev",
  );
  expect(rules).toContain("rule 3: cluster dev and namespace jobs");
  expect(rules).toContain("rule 6: tag costcentre=1");
  expect(rules).toContain('has the tag "costcentre"');
  expect(rules).toContain(
    "shared files: nobody is known to use it in 2026-08; check the driver's name",
  );
  for (const fine of ["rule 4", "rule 5", "rule 7", "rule 8"]) expect(rules).not.toContain(fine);
}, 60_000);

it("rules by label cannot match where no source tells labels; where that is not known they are left alone", () => {
  const text = `teams: [{ id: shop }]\nrules:\n  - { team: shop, match: { label: { team: shop } } }\n  - { team: shop, match: { annotation: { a: b } } }\n`;
  const ownership = parseOwners(parseYaml("owners.yaml", text), true);
  const facts = { tagKeys: null, namespaces: [], clusters: [] };
  expect(idleRules(ownership, { ...facts, labels: false }, "2026-09-01")).toEqual([
    expect.stringMatching(/^rule 1: .*no source tells labels; add a source of type kubernetes/),
    expect.stringMatching(/^rule 2: .*no source tells annotations/),
  ]);
  expect(idleRules(ownership, { ...facts, labels: null }, "2026-09-01")).toEqual([]);
  expect(idleRules(ownership, { ...facts, labels: true }, "2026-09-01")).toEqual([]);
});
