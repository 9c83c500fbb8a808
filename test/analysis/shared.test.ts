import { rm } from "node:fs/promises";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, LOCAL_ADMINISTRATOR } from "../../analysis/ask.ts";
import { openSnapshot, type Snapshot } from "../../analysis/snapshot.ts";
import { explain } from "../../api/explain.ts";
import { writeExport } from "../../api/exports.ts";
import { homePaths } from "../../data/files.ts";
import {
  type Cells,
  clusterHome,
  type ClusterHomeChanges,
  NODE,
  PLAIN_RESOURCE,
  rebuild,
} from "../cluster-home.ts";

/**
 * Services that many use, and commitments that nobody used: a month with clusters, so that both meet
 * redistribution. What is expected is worked out here, with whole numbers, from the files.
 */

const GROUP = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups";
const ASE = `${GROUP}/rg-platform/providers/Microsoft.Web/hostingEnvironments/ase-1`;
const POOL = `${GROUP}/rg-platform/providers/Microsoft.Sql/servers/sql/elasticPools/pool`;
const LOGS = `${GROUP}/rg-platform/providers/Microsoft.OperationalInsights/workspaces/logs`;
const APIM = `${GROUP}/rg-platform/providers/Microsoft.ApiManagement/service/apim`;
const PLAN = `${GROUP}/rg-platform/providers/Microsoft.Web/serverfarms/plan-1`;
const SITE = `${GROUP}/rg-shop/providers/Microsoft.Web/sites/Shop-Front`;
const STRANGE_SITE = `${GROUP}/rg-strange/providers/Microsoft.Web/sites/lost`;
const RESERVATION = "/providers/Microsoft.Capacity/reservationOrders/o/reservations/r-1";
const DAYS = ["2026-08-01", "2026-08-02", "2026-08-03"] as const;

function line(day: string, cost: string, cells: Cells): Cells {
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
  return {
    BillingCurrency: "EUR",
    ChargeCategory: "Usage",
    ChargePeriodStart: `${day}T00:00:00Z`,
    ChargePeriodEnd: `${next}T00:00:00Z`,
    BilledCost: cost,
    EffectiveCost: cost,
    ContractedCost: cost,
    ...cells,
  };
}

const node = NODE("prod", "apps", 0).replace(/\/virtualmachines\/0$/, "");
const lines: Cells[] = DAYS.flatMap((day, index) => [
  line(day, `10.00000000000000000${index + 1}`, { ResourceId: ASE, ServiceName: "App Service" }),
  line(day, `7.3${index}`, { ResourceId: PLAN, ServiceName: "App Service", ListCost: "9.1" }),
  line(day, `-0.1${index}7`, { ResourceId: POOL, ServiceName: "SQL Database" }),
  line(day, "5.000000000000000003", { ResourceId: POOL, ServiceName: "SQL Database" }),
  line(day, "0.7", { ResourceId: LOGS, ServiceName: "Log Analytics" }),
  line(day, "4", { ResourceId: APIM, ServiceName: "API Management" }),
  line(day, "2.5", { ServiceName: "Support", ChargeDescription: "Support plan" }),
  // A reservation that covered a machine of the cluster and a plain resource, and more was bought.
  line(day, "3.1", {
    ResourceId: node,
    ServiceName: "Virtual Machines",
    CommitmentDiscountId: RESERVATION,
    CommitmentDiscountStatus: "Used",
    x_SkuDetails: '{"VMName":"aks-apps-1-vmss_0"}',
    BilledCost: "0",
  }),
  line(day, "1.7", {
    ResourceId: PLAIN_RESOURCE,
    ServiceName: "Storage",
    CommitmentDiscountId: RESERVATION.toUpperCase(),
    CommitmentDiscountStatus: "Used",
    BilledCost: "0",
  }),
  line(day, "0.900000000000000001", {
    ServiceName: "Virtual Machines",
    ChargeDescription: "Unused reservation",
    CommitmentDiscountId: RESERVATION,
    CommitmentDiscountStatus: "Unused",
    BilledCost: "0",
    Tags: '{"owner":"buyers"}',
  }),
]);

const DRIVERS = `hour,driver,consumer,quantity
2026-08-01T00:00:00Z,app-cpu,team:shop,1.5
2026-08-01T13:00:00Z,app-cpu,team:Shop,1.5
2026-08-01T05:00:00Z,app-cpu,namespace:PROD/jobs,1
2026-08-01T05:00:00Z,app-cpu,${SITE},2
2026-08-01T05:00:00Z,app-cpu,${STRANGE_SITE},1
2026-08-03,app-cpu,team:data,7
2026-08-03,app-cpu,team:ghost,1
2026-08-03,app-cpu,namespace:prod/kube-system,2
2026-08-03,zero,team:data,0
2026-07-20,old,team:data,5
`;
const WEIGHTS = `day_from,consumer,weight
2026-08-02,team:shop,1
2026-08-02,team:data,2.5
2026-08-03,team:data,1
`;
const SHARED = `  shared:
    - { name: ase, match: { resourceId: ["*/hostingEnvironments/*", "*/serverfarms/*"] }, by: { driver: app-cpu } }
    - { name: never, match: { resourceId: "*/hostingEnvironments/*" }, by: even }
    - { name: sql, match: { resourceId: "*/elasticPools/*" }, by: { weights: ./weights.csv } }
    - { name: logs, match: { service: "log analytics" }, by: even, consumers: ["team:shop", "namespace:prod/jobs"] }
    - { name: apim, match: { resourceGroup: RG-Platform }, by: even }
    - { name: support, match: { service: Support }, by: { driver: zero } }
`;
const more = (allocation = SHARED, files: Record<string, string> = {}): ClusterHomeChanges => ({
  lines: (month) => (month === "2026-08" ? lines : []),
  sources: "  - { type: drivers, name: quantities, file: ./drivers.csv }\n",
  allocation,
  files: { "drivers.csv": DRIVERS, "weights.csv": WEIGHTS, "owners.yaml": OWNERS, ...files },
});
const OWNERS = `teams:
  - { id: shop, name: Shop, businessUnit: Retail, costCenter: CC-1 }
  - { id: data, name: Data, businessUnit: Technology, costCenter: CC-2 }
  - { id: platform, name: Platform, businessUnit: Technology, costCenter: CC-3 }
rules:
  - { team: shop, match: { cluster: prod, namespace: "shop*" } }
  - { team: data, from: 2026-08-02, match: { namespace: jobs } }
  - { team: shop, match: { namespace: jobs } }
  - { team: platform, match: { namespace: "kube-*" } }
  - { team: shop, match: { resourceGroup: rg-shop } }
  - { team: data, match: { tag: { owner: buyers } } }
  - { team: platform, match: { resourceGroup: rg-platform } }
`;

type Row = Record<string, string>;
const units = (text: string | undefined): bigint => {
  const [, sign = "", whole = "0", fraction = ""] = /^(-?)(\d+)\.?(\d*)$/.exec(text ?? "0") ?? [];
  return BigInt(`${sign}${whole}${fraction.padEnd(18, "0")}`);
};
const total = (rows: readonly Row[], column = "EffectiveCost") =>
  rows.reduce((sum, row) => sum + units(row[column] === "" ? "0" : row[column]), 0n);
const abs = (value: bigint) => (value < 0n ? -value : value);

let made: Awaited<ReturnType<typeof clusterHome>>;
let snapshot: Snapshot;
let rows: Row[];

async function open(): Promise<void> {
  await snapshot?.pool.close();
  snapshot = await openSnapshot(homePaths(made.home));
  rows = await exported("allocation");
}
async function exported(name: "allocation" | "statement"): Promise<Row[]> {
  let text = "";
  await writeExport(name, snapshot, LOCAL_ADMINISTRATOR, { month: "2026-08" }, async (part) => {
    text += part;
  });
  return parse(text, { columns: true });
}
const statementUnder = (policy: string) => {
  const params = { team: null, start: "", end: "", number: null, state: "open", policy };
  return ask<Row>(snapshot, "statement", LOCAL_ADMINISTRATOR, { month: "2026-08", params });
};
beforeAll(async () => {
  made = await clusterHome(more());
  await open();
}, 120_000);
afterAll(async () => {
  await snapshot?.pool.close();
  if (made !== undefined) await rm(made.folder, { recursive: true, force: true });
});

/** Parts that consumers have of a service's lines of a day. */
function partsOf(resource: string, day: string): Map<string, { cost: bigint; rule: string }> {
  const found = rows.filter(
    (row) =>
      row["ResourceId"] === resource &&
      row["ChargePeriodStart"]?.startsWith(day) === true &&
      row["AllocatedMethodId"] !== "",
  );
  const parts = new Map<string, { cost: bigint; rule: string }>();
  for (const row of found) {
    const who = [row["x_Team"], row["x_Cluster"], row["x_Namespace"], row["AllocatedResourceId"]]
      .filter((text) => text !== "")
      .join(" ");
    const before = parts.get(who)?.cost ?? 0n;
    parts.set(who, { cost: before + units(row["EffectiveCost"]), rule: row["x_Rule"] ?? "" });
  }
  return parts;
}

/** Each part is its weight's proportion, to one unit of the last digit a line. */
function expectParts(resource: string, day: string, weights: Record<string, bigint>, rule: string) {
  const parts = partsOf(resource, day);
  const whole = Object.values(weights).reduce((sum, weight) => sum + weight, 0n);
  const amount = lines
    .filter((one) => one["ResourceId"] === resource && one["ChargePeriodStart"]?.startsWith(day))
    .reduce((sum, one) => sum + units(one["EffectiveCost"]), 0n);
  expect([...parts.keys()].toSorted()).toEqual(Object.keys(weights).toSorted());
  expect([...parts.values()].reduce((sum, { cost }) => sum + cost, 0n)).toBe(amount);
  for (const [who, weight] of Object.entries(weights)) {
    const part = parts.get(who);
    expect([who, abs((part?.cost ?? 0n) * whole - amount * weight) <= 2n * whole]).toEqual([
      who,
      true,
    ]);
    expect(part?.rule).toContain(rule);
  }
}

const LOWER = (id: string) => id.toLowerCase();

describe("a shared service is divided", () => {
  it("by its driver of the day, among teams, namespaces and resources", () => {
    const weights = {
      shop: 3n,
      "shop prod jobs prod/jobs": 1n,
      [`shop ${LOWER(SITE)}`]: 2n,
      [`__unowned__ ${LOWER(STRANGE_SITE)}`]: 1n,
    };
    for (const resource of [ASE, PLAN])
      expectParts(resource, "2026-08-01", weights, "shared ase by driver app-cpu");
    const rules = [...partsOf(ASE, "2026-08-01").values()].map(({ rule }) => rule);
    expect(rules).toContain("shared ase by driver app-cpu; rule 3: namespace jobs");
    expect(rules).toContain("shared ase by driver app-cpu; rule 5: resourceGroup rg-shop");
  });

  it("by the driver's month where it says nothing that day; a team nobody knows is nobody's", () => {
    const weights = {
      shop: 3n,
      "data prod jobs prod/jobs": 1n,
      [`shop ${LOWER(SITE)}`]: 2n,
      [`__unowned__ ${LOWER(STRANGE_SITE)}`]: 1n,
      data: 7n,
      __unowned__: 1n,
      "platform prod kube-system prod/kube-system": 2n,
    };
    expectParts(ASE, "2026-08-02", weights, "shared ase by driver app-cpu over the month");
    const ghost = partsOf(ASE, "2026-08-03").get("__unowned__");
    expect(ghost?.rule).toBe("shared ase by driver app-cpu; no team has the id ghost");
  });

  it("by the weights in force, before the first of the month by those", () => {
    expectParts(
      POOL,
      "2026-08-01",
      { shop: 2n, data: 5n },
      "by the month's first weights, from 2026-08-02",
    );
    expectParts(
      POOL,
      "2026-08-02",
      { shop: 2n, data: 5n },
      "shared sql by the weights from 2026-08-02",
    );
    expectParts(POOL, "2026-08-03", { data: 1n }, "by the weights from 2026-08-03");
  });

  it("evenly over the list, without one over all teams", () => {
    expectParts(
      LOGS,
      "2026-08-03",
      { shop: 1n, "data prod jobs prod/jobs": 1n },
      "shared logs evenly",
    );
    expectParts(APIM, "2026-08-01", { shop: 1n, data: 1n, platform: 1n }, "shared apim evenly");
  });

  it("and stays named where nobody is known to use it", () => {
    const support = rows.filter((row) => row["ServiceName"] === "Support");
    expect(total(support)).toBe(units("7.5"));
    for (const row of support)
      expect([row["x_Team"], row["x_Rule"]]).toEqual([
        "__no_usage_data__",
        "shared support: nobody is known to use it",
      ]);
  });
});

describe("what is shared", () => {
  it("adds up: every check holds, in every policy the statement is the bill", async () => {
    const checks = await ask<{ name: string; kind: string; ok: boolean }>(
      snapshot,
      "checks",
      LOCAL_ADMINISTRATOR,
      { month: "2026-08" },
    );
    expect(checks.filter((check) => check.kind === "invariant" && !check.ok)).toEqual([]);
    const of = (all: readonly Row[]) => all.filter((row) => row["BillingCurrency"] === "EUR");
    const bill = total(of(rows));
    for (const policy of ["configured", "keep", "proportional", "even"])
      expect(total(of(await statementUnder(policy)))).toBe(bill);
  });

  it("is the team's shared cost", async () => {
    const statement = await statementUnder("keep");
    const shop = statement.find(
      (row) => row["Team"] === "shop" && row["BillingCurrency"] === "EUR",
    );
    const shared = rows.filter(
      (row) => row["x_Team"] === "shop" && row["x_Bucket"] === "shared" && row["x_Rule"] !== "",
    );
    expect(units(shop?.["SharedCost"])).toBe(total(shared));
    expect(total(shared)).toBeGreaterThan(0n);
  });

  it("is explained: line, weights, share, rule", async () => {
    const answer = await explain(
      snapshot,
      LOCAL_ADMINISTRATOR,
      { target: `resource:${ASE}`, month: "2026-08", limit: 100, offset: 0 },
      "EUR",
      new AbortController().signal,
    );
    expect(units(answer.data.total)).toBe(units("30.000000000000000006"));
    const first = answer.data.lines.filter(({ day }) => day === "2026-08-01");
    expect(
      first.map(({ splitKind, splitKey, weight, whole }) => [splitKind, splitKey, weight, whole]),
    ).toEqual([
      ["shared", "ase", "3000000", "7000000"],
      ["shared", "ase", "2000000", "7000000"],
      ["shared", "ase", "1000000", "7000000"],
      ["shared", "ase", "1000000", "7000000"],
    ]);
    expect(first[0]).toMatchObject({
      team: "shop",
      kind: "shared-service",
      rule: "shared ase by driver app-cpu",
    });
    const namespace = await explain(
      snapshot,
      LOCAL_ADMINISTRATOR,
      { target: "namespace:prod/jobs", month: "2026-08", policy: "keep", limit: 100, offset: 0 },
      "EUR",
      new AbortController().signal,
    );
    expect(namespace.data.parts.map(({ part, bucket }) => `${part} ${bucket}`)).toContain(
      "shared shared",
    );
  });
});

describe("unused commitments", () => {
  const unused = units("0.900000000000000001") * 3n;
  const movedTo = (all: readonly Row[]) => {
    const byTeam = new Map<string, bigint>();
    for (const row of all)
      if (row["ChargeDescription"] === "Unused commitments passed on")
        byTeam.set(
          row["x_Team"] ?? "",
          (byTeam.get(row["x_Team"] ?? "") ?? 0n) + units(row["EffectiveCost"]),
        );
    return byTeam;
  };
  const build = async (mode: string, shared = SHARED) => {
    await rebuild(made, more(`${shared}  unusedCommitment: ${mode}\n`));
    await open();
  };

  it("stay where they are unless said", async () => {
    expect([...movedTo(rows)]).toEqual([]);
    const statement = await exported("statement");
    const kept = statement.find((row) => row["Team"] === "__commitment_unused__");
    expect(units(kept?.["EffectiveCost"])).toBe(unused);
  });

  it("go to whom the commitment covered, in proportion to what it covered", async () => {
    await build("covered");
    const covered = rows.filter((row) => row["CommitmentDiscountStatus"] === "Used");
    const base = new Map<string, bigint>();
    for (const row of covered) {
      const team = row["x_Team"] ?? "";
      if (!team.startsWith("__"))
        base.set(team, (base.get(team) ?? 0n) + units(row["EffectiveCost"]));
    }
    const whole = [...base.values()].reduce((sum, value) => sum + value, 0n);
    const moved = movedTo(rows);
    expect(base.size).toBe(2);
    expect(moved.get("__commitment_unused__")).toBe(-unused);
    moved.delete("__commitment_unused__");
    expect([...moved.values()].reduce((sum, value) => sum + value, 0n)).toBe(unused);
    expect([...moved.keys()].toSorted()).toEqual([...base.keys()].toSorted());
    // Ratios are whole parts of 10^12.
    for (const [team, part] of moved)
      expect(
        abs(part * whole - unused * (base.get(team) ?? 0n)) < (unused * whole) / 10n ** 11n,
      ).toBe(true);
    const statement = await exported("statement");
    expect(statement.some((row) => row["Team"] === "__commitment_unused__")).toBe(false);
    const kept = await statementUnder("keep");
    expect(kept.some((row) => row["Team"] === "__commitment_unused__")).toBe(true);
  }, 120_000);

  it("are explained with the base, and leave the commitment's own figure at nothing", async () => {
    const ofTeam = async (target: string) =>
      (
        await explain(
          snapshot,
          LOCAL_ADMINISTRATOR,
          { target, month: "2026-08", limit: 10, offset: 0 },
          "EUR",
          new AbortController().signal,
        )
      ).data;
    const shop = await ofTeam("team:shop");
    expect(shop.commitments).toEqual([
      expect.objectContaining({
        commitment: RESERVATION.toLowerCase(),
        mode: "covered",
        whole: expect.stringMatching(/^\d+$/),
      }),
    ]);
    const [part] = shop.commitments;
    expect(units(part?.cost)).toBe(movedTo(rows).get("shop"));
    expect(units(part?.base ?? "0")).toBeGreaterThan(units("5.1"));
    expect(units((await ofTeam("bucket:__commitment_unused__")).total)).toBe(0n);
  });

  it("go to the buyer, whom the rules give the commitment, or to a team that is named", async () => {
    await build("buyer");
    expect(movedTo(rows)).toEqual(
      new Map([
        ["__commitment_unused__", -unused],
        ["data", unused],
      ]),
    );
    const passed = () =>
      rows
        .filter((row) => row["ChargeDescription"]?.startsWith("Redistribution in cluster"))
        .filter((row) => row["ServiceName"] === "Virtual Machines")
        .map((row) =>
          [row["x_Team"], row["x_Namespace"], row["x_Bucket"], row["EffectiveCost"]].join(" "),
        )
        .toSorted();
    const before = passed();
    // And without shared services what clusters pass on is the same: they attract no cost of a cluster.
    await build("{ team: platform }", "");
    expect(movedTo(rows)).toEqual(
      new Map([
        ["__commitment_unused__", -unused],
        ["platform", unused],
      ]),
    );
    expect(before.length).toBeGreaterThan(10);
    expect(passed()).toEqual(before);
  }, 120_000);
});

it("a consumer or a team that nobody knows, a bad weights file and a second name are refused", async () => {
  const refused = async (allocation: string, files: Record<string, string> = {}) =>
    rebuild(made, more(allocation, files)).then(
      () => "taken",
      (error: Error) => error.message,
    );
  const entry = (by: string) => `  shared: [{ name: a, match: { service: x }, by: ${by} }]\n`;
  for (const [allocation, files, why] of [
    [entry("sometimes"), {}, "even, { driver: NAME } or { weights: FILE }"],
    [entry("even, consumers: ['team:shp']"), {}, 'no team has the id "shp" - did you mean "shop"?'],
    [entry("even, consumers: [shop]"), {}, "of no known shape"],
    [entry("{ weights: ./none.csv }"), {}, "none.csv cannot be read (ENOENT)"],
    [
      entry("{ weights: ./weights.csv }"),
      { "weights.csv": "day,consumer\n" },
      "weights.csv:1: the header",
    ],
    [
      entry("{ weights: ./weights.csv }"),
      { "weights.csv": "day_from,consumer,weight\n2026-08-01,team:shop,NaN\n" },
      'weights.csv:2: the weight is "NaN"',
    ],
    [
      entry("{ weights: ./weights.csv }"),
      {
        "weights.csv": "day_from,consumer,weight\n2026-08-01,team:shop,1\n2026-08-01,team:shop,2\n",
      },
      "weights.csv:3: team:shop has a weight from 2026-08-01 already, on line 2",
    ],
    [
      entry("even").replace("]", ", { name: A, match: { service: y }, by: even }]"),
      {},
      "a second one has that name",
    ],
    ["  shared: [{ name: a, match: { namespace: x }, by: even }]\n", {}, 'unknown key "namespace"'],
    ["  unusedCommitment: { team: nobody }\n", {}, 'no team has the id "nobody"'],
    ["  unusedCommitment: sell\n", {}, "keep, buyer, covered or { team: ID }"],
  ] as const)
    expect([allocation, await refused(allocation, files)]).toEqual([
      allocation,
      expect.stringContaining(why),
    ]);
});
