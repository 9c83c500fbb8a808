import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadSql } from "../../data/sql.ts";
import type { Param, Session } from "../../data/warehouse.ts";
import { isWhole } from "../long.ts";
import {
  CLUSTER,
  costs,
  type Estate,
  nodeHour,
  nodeId,
  nodeLine,
  podHour,
  SCALE_SET,
  second,
  withMonth,
} from "./clusters/month.ts";
import { asNodeLine, dividedNodes, unitsOf } from "./clusters/oracle.ts";

const DAY = "2026-08-03";
const hours = Array.from({ length: 24 }, (_, hour) => hour);
const check = (session: Session, name: string) =>
  session.rows<{ ok: boolean; detail: string }>(
    loadSql(new URL(`../../analysis/checks/${name}.sql`, import.meta.url)),
  );
const CHECKS = [
  "shares-equal-lines",
  "node-days-add-up",
  "redistribution-cancels",
  "line-has-one-owner",
  "answers-equal-lines",
];
/** Shares line by line, as explain works them out: all of the line, and none of them against its sign. */
const BY_LINE = `SELECT l.line_id AS line
  FROM line_amount AS l JOIN weight AS w ON w.split_id = l.split_id
  GROUP BY l.line_id, l.effective, l.list
  HAVING sum(amount_of(share_of(times_in(l.effective, l.whole), rest_in(l.effective, l.whole), w.weight, w.mark, l.whole))) <> l.effective
    OR sum(amount_of(share_of(times_in(l.list, l.whole), rest_in(l.list, l.whole), w.weight, w.mark, l.whole))) <> l.list
    OR min(share_of(times_in(l.effective, l.whole), rest_in(l.effective, l.whole), w.weight, w.mark, l.whole) * sign_of(l.effective)) < 0`;
async function allHold(session: Session): Promise<void> {
  expect(await session.rows(BY_LINE)).toEqual([]);
  for (const name of CHECKS)
    for (const { ok, detail } of await check(session, name))
      expect(ok, `${name}: ${detail}`).toBe(true);
}
/** Costs to nine digits: weights are scaled to 10^12. */
const rounded = (all: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(all).map(([key, cost]) => [key, Number(cost).toFixed(9).replace(/0+$/, "")]),
  );
const busy = (
  instance: number,
  pods: { namespace: string; pod: string; cpu: number; mem: number }[],
) => hours.flatMap((hour) => pods.map((pod) => podHour(instance, DAY, hour, pod)));
const whole = (instance: number, other: Record<string, Param> = {}) =>
  hours.map((hour) => nodeHour(instance, DAY, hour, other));

describe("a node's day", () => {
  it("worked by hand: system, pods, idle", async () => {
    // 4 cores and 16 GiB: a second is worth 4 x 1,000,000 + 16 x 113,636 = 5,818,176 ppm of a core.
    // Reserved 0.4 core + 2 GiB = 627,272; the pod 1 core + 4 GiB = 1,454,544; idle 3,736,360.
    const facts = {
      node_hour: whole(0),
      usage_hour: busy(0, [{ namespace: "a", pod: "p", cpu: 3_600_000, mem: 4096 * 3600 }]),
    };
    await withMonth({ lines: [nodeLine(0, DAY, "5.818176")], facts }, async (session) => {
      expect(rounded(await costs(session))).toEqual({
        __idle__: "3.73636",
        __system__: "0.627272",
        "a/Pod/p": "1.454544",
      });
      await allHold(session);
    });
  });

  it("use above allocatable is scaled to it, dimension by dimension; idle is never negative (peers' errors 4, 5)", async () => {
    const facts = {
      node_hour: whole(0),
      usage_hour: busy(0, [
        { namespace: "a", pod: "p", cpu: 3_600_000 * 6, mem: 1024 * 3600 },
        { namespace: "b", pod: "q", cpu: 3_600_000 * 3, mem: 1024 * 3600 },
      ]),
    };
    await withMonth({ lines: [nodeLine(0, DAY, "5.818176")], facts }, async (session) => {
      const found = rounded(await costs(session));
      // 3.6 allocatable cores, 2 to 1, and a GiB each.
      expect(found["a/Pod/p"]).toBe("2.513636");
      expect(found["b/Pod/q"]).toBe("1.313636");
      expect(found["__idle__"]).toBe("1.363632");
      const [row] = await session.rows("SELECT bool_and(overcommitted) AS o FROM node_load");
      expect(row).toEqual({ o: true });
      await allHold(session);
    });
  });

  it("what is not covered is nobody's; a gap is not charged through (peers' error 7)", async () => {
    const facts = {
      node_hour: whole(0).map((row, hour) => (hour < 12 ? row : { ...row, covered_s: 0 })),
      usage_hour: busy(0, [{ namespace: "a", pod: "p", cpu: 3_600_000, mem: 0 }]).slice(0, 12),
    };
    await withMonth({ lines: [nodeLine(0, DAY, "10")], facts }, async (session) => {
      expect(rounded(await costs(session))["__no_usage_data__"]).toBe("5.");
      await allHold(session);
    });
  });

  it("billed longer than seen: idle, not joined, where the cluster was watched all day; else no usage data", async () => {
    const half = whole(0).slice(0, 12);
    const lines = [nodeLine(0, DAY, "10")];
    await withMonth({ lines, facts: { node_hour: [...half, ...whole(1)] } }, async (session) => {
      expect(Number((await costs(session))["__idle__"])).toBeGreaterThan(9);
      expect(await costs(session)).not.toHaveProperty("__no_usage_data__");
    });
    await withMonth({ lines, facts: { node_hour: half } }, async (session) => {
      expect(rounded(await costs(session))["__no_usage_data__"]).toBe("5.");
    });
  });

  it("seen but not billed is listed and never priced (peers' error 19); virtual nodes are left out (20)", async () => {
    const facts = {
      node_hour: [
        ...whole(0),
        ...whole(1),
        ...whole(7, { virtual: true, cpu_capacity: 10_000_000, cpu_allocatable: 10_000_000 }),
      ],
      usage_hour: busy(1, [{ namespace: "a", pod: "p", cpu: 1000, mem: 0 }]),
    };
    await withMonth({ lines: [nodeLine(0, DAY, "10")], facts }, async (session) => {
      expect(Object.keys(await costs(session))).toEqual(["__idle__", "__system__"]);
      const rows = await session.rows(
        "SELECT node AS node, is_billed AS billed FROM node_day ORDER BY 1",
      );
      expect(rows).toEqual([
        { node: nodeId(0), billed: true },
        { node: nodeId(1), billed: false },
      ]);
    });
  });

  it("node 1 is not node 10 (peers' error 26), whatever the case of its id", async () => {
    const facts = {
      node_hour: [...whole(1), ...whole(10)],
      usage_hour: [
        ...busy(1, [{ namespace: "one", pod: "p", cpu: 3_600_000, mem: 0 }]),
        ...busy(10, [{ namespace: "ten", pod: "p", cpu: 3_600_000, mem: 0 }]),
      ],
    };
    const line = { ...nodeLine(10, DAY, "7"), resource: SCALE_SET.toUpperCase() };
    await withMonth({ lines: [line], facts }, async (session) => {
      expect(Object.keys(await costs(session))).toEqual(["__idle__", "__system__", "ten/Pod/p"]);
    });
  });

  it("a name in base 36 joins only as the recorded last resort", async () => {
    const facts = {
      node_hour: whole(10, { node: "name:aks-apps-1-vmss00000a" }),
      usage_hour: busy(10, [{ namespace: "ten", pod: "p", cpu: 3_600_000, mem: 0 }]).map((row) => ({
        ...row,
        node: "name:aks-apps-1-vmss00000a",
      })),
    };
    const byName = { ...nodeLine(10, DAY, "7"), details: '{"VmName":"aks-apps-1-vmss00000a"}' };
    await withMonth({ lines: [nodeLine(10, DAY, "7"), byName], facts }, async (session) => {
      expect(Object.keys(await costs(session))).toContain("ten/Pod/p");
      const how = await session.rows("SELECT node_by AS by FROM cluster_line ORDER BY line_id");
      expect(how).toEqual([{ by: "VM name" }, { by: "base-36 node name" }]);
      await allHold(session);
    });
  });

  it("partial rows of a day add up; two equal rows are two", async () => {
    const facts = { node_hour: whole(0).slice(0, 12) };
    const lines = [nodeLine(0, DAY, "1", "6"), nodeLine(0, DAY, "1", "6")];
    await withMonth({ lines, facts }, async (session) => {
      const [row] = await session.rows("SELECT billed_s AS s FROM node_day");
      expect(row).toEqual({ s: "43200" });
      expect(await costs(session)).not.toHaveProperty("__no_usage_data__");
      await allHold(session);
    });
  });

  it("Defender, licences and bandwidth of a node follow it and are no compute time; without a node they follow the pool", async () => {
    const facts = {
      node_hour: [...whole(0), ...whole(1)],
      usage_hour: busy(0, [{ namespace: "a", pod: "p", cpu: 3_600_000, mem: 0 }]),
    };
    const lines = [
      nodeLine(0, DAY, "1"),
      {
        resource: `${SCALE_SET}/virtualMachines/0`,
        day: DAY,
        effective: "1",
        service: "Microsoft Defender for Cloud",
        hours: "24",
      },
      {
        resource: SCALE_SET,
        day: DAY,
        effective: "1",
        service: "Bandwidth",
        details: '{"VmName":null}',
      },
    ];
    await withMonth({ lines, facts }, async (session) => {
      const a = Number((await costs(session))["a/Pod/p"]);
      // A core of 5.818176: all of node 0's two lines, half of the pool's.
      expect(a).toBeCloseTo((2.5 * 1_000_000) / 5_818_176, 9);
      await allHold(session);
    });
  });
});

describe("what is not a node", () => {
  const group = "/subscriptions/s1/resourceGroups/MC_rg_prod_westeurope/providers";
  const disk = `${group}/Microsoft.Compute/disks/pvc-1`;
  it("a volume goes to the namespace of its claim: to workloads by mounted time, the rest marked unmounted", async () => {
    const volume = (workload: string | null, mounted: number) => ({
      cluster: "prod",
      day: DAY,
      pv: "pvc-1",
      volume_handle: disk.toLowerCase(),
      claim_namespace: "a",
      claim: "data",
      bound_s: 86_400,
      workload_kind: workload === null ? null : "StatefulSet",
      workload,
      mounted_s: mounted,
    });
    await withMonth(
      {
        lines: [{ resource: disk, day: DAY, effective: "4", service: "Storage" }],
        facts: { volume_day: [volume(null, 0), volume("db", 21_600)] },
      },
      async (session) => {
        expect(await costs(session)).toEqual({
          "a/StatefulSet/db": "1.000000000000000000",
          "a/unmounted": "3.000000000000000000",
        });
        await allHold(session);
      },
    );
  });
  it("a volume known from the bill alone goes to its tag's namespace; one without a claim to nobody", async () => {
    const lines = [
      {
        resource: disk,
        day: DAY,
        effective: "1",
        service: "Storage",
        tags: '{"kubernetes.io-created-for-pvc-namespace":"a","kubernetes.io-created-for-pvc-name":"data"}',
      },
      {
        resource: `${group}/Microsoft.Compute/disks/left-over`,
        day: DAY,
        effective: "2",
        service: "Storage",
      },
    ];
    await withMonth({ lines, facts: {} }, async (session) => {
      expect(await costs(session)).toEqual({
        __unmounted__: "2.000000000000000000",
        a: "1.000000000000000000",
      });
    });
  });
  it("load balancers by the hour's services, addresses to theirs, the rest to network and control plane", async () => {
    const lines = [
      {
        resource: `${group}/Microsoft.Network/loadBalancers/kubernetes`,
        day: DAY,
        effective: "24",
        service: "Load Balancer",
      },
      {
        resource: `${group}/Microsoft.Network/publicIPAddresses/kubernetes-a1`,
        day: DAY,
        effective: "1",
        service: "Virtual Network",
        tags: '{"k8s-azure-service":"web/front"}',
      },
      {
        resource: `${group}/Microsoft.Network/publicIPAddresses/out`,
        day: DAY,
        effective: "2",
        service: "Virtual Network",
      },
      {
        resource: CLUSTER.resourceId,
        day: DAY,
        effective: "3",
        service: "Azure Kubernetes Service",
      },
    ];
    const service = (namespace: string, hour: number) => ({
      cluster: "prod",
      hour: second(DAY, hour),
      namespace,
      service: "front",
      seconds: 3600,
    });
    const facts = {
      service_hour: [
        ...hours.slice(0, 12).map((hour) => service("web", hour)),
        ...hours.slice(0, 6).map((hour) => service("shop", hour)),
      ],
    };
    await withMonth({ lines, facts }, async (session) => {
      expect(await costs(session)).toEqual({
        __control_plane__: "3.000000000000000000",
        __network__: "14.000000000000000000",
        shop: "3.000000000000000000",
        web: "10.000000000000000000",
      });
      await allHold(session);
    });
  });
});

const OWNERS = {
  teams: ["red", "blue"].map((team) => ({
    team,
    from: "0001-01-01",
    until: "9999-12-31",
    name: team,
    businessUnit: `unit of ${team}`,
    costCenter: "",
  })),
  budgets: [],
  warnings: [],
  rules: [],
};
const rule = (
  order: number,
  team: string,
  conditions: [
    key: "namespace" | "label" | "cluster" | "annotation",
    name: string,
    pattern: string,
  ][],
  from = "0001-01-01",
  until = "9999-12-31",
) => ({
  order,
  team,
  from,
  until,
  text: `rule ${order}`,
  conditions: conditions.map(([key, name, pattern]) => ({ key, name, patterns: [pattern] })),
});
const owners = (session: Session) =>
  session.rows<{
    namespace: string;
    workload: string;
    day: string;
    team: string;
    rule: string | null;
  }>(
    `SELECT c.namespace AS namespace, c.workload AS workload, CAST(d.day AS VARCHAR) AS day, d.team AS team, d.rule_text AS rule
     FROM consumer_day AS d JOIN consumer AS c ON c.consumer_id = d.consumer_id WHERE c.namespace <> '' ORDER BY ALL`,
  );
const podDay = (
  namespace: string,
  pod: string,
  labels: object,
  running = 86_400,
  day = DAY,
  until = second(DAY, 24),
) => ({
  cluster: "prod",
  day,
  namespace,
  pod,
  pod_uid: `uid-${namespace}-${pod}`,
  node: nodeId(0),
  workload_kind: "Deployment",
  workload: "web",
  labels: JSON.stringify(labels),
  annotations: "{}",
  from_s: second(day, 0),
  until_s: until,
  running_s: running,
});

describe("whose a namespace is", () => {
  const facts = {
    node_hour: whole(0),
    usage_hour: busy(0, [
      { namespace: "a", pod: "p", cpu: 3_600_000, mem: 0 },
      { namespace: "b", pod: "q", cpu: 1_800_000, mem: 0 },
    ]),
    pod_day: [podDay("a", "p", { "app.kubernetes.io/part-of": "Shop" })],
    namespace_day: ["a", "b"].map((namespace) => ({
      cluster: "prod",
      day: DAY,
      namespace,
      labels: '{"team":"red","app_kubernetes_io_part_of":"none"}',
      annotations: '{"owner":"blue"}',
      seconds: 86_400,
    })),
  };
  const lines = [nodeLine(0, DAY, "10")];
  it("rules in order; keys AND; the pod template's label before the namespace's; mangled keys too", async () => {
    const ownership = {
      ...OWNERS,
      rules: [
        rule(1, "blue", [
          ["namespace", "", "a"],
          ["label", "team", "green"],
        ]),
        rule(2, "blue", [["label", "app.kubernetes.io/part-of", "sho%"]]),
        rule(3, "red", [
          ["cluster", "", "prod"],
          ["label", "team", "red"],
        ]),
      ],
    };
    await withMonth({ lines, facts, ownership }, async (session) => {
      expect(await owners(session)).toEqual([
        { namespace: "a", workload: "web", day: DAY, team: "blue", rule: "rule 2" },
        { namespace: "b", workload: "q", day: DAY, team: "red", rule: "rule 3" },
      ]);
      await allHold(session);
    });
  });
  it("a rule in force on the day only, and none: __unowned__, which still receives its share of idle", async () => {
    const ownership = {
      ...OWNERS,
      rules: [
        rule(1, "red", [["namespace", "", "%"]], "2026-08-04"),
        rule(2, "blue", [
          ["annotation", "owner", "blue"],
          ["namespace", "", "b"],
        ]),
      ],
    };
    await withMonth({ lines, facts, ownership }, async (session) => {
      expect((await owners(session)).map(({ team }) => team)).toEqual(["__unowned__", "blue"]);
      const rows = await session.rows(
        "SELECT team AS team, bucket AS bucket, sum(effective) AS cost FROM spend WHERE policy IS NULL OR policy = 'configured' GROUP BY ALL HAVING sum(effective) <> 0 ORDER BY ALL",
      );
      expect(rows.map((row) => [row["team"], row["bucket"]])).toEqual([
        ["__unowned__", "__unowned__"],
        ["blue", "direct"],
        ["blue", "idle"],
        ["blue", "shared"],
      ]);
      await allHold(session);
    });
  });
  it("the label held longest that day decides, of two as long the later; another cluster's is another's (peers' error 13)", async () => {
    const ownership = {
      ...OWNERS,
      rules: [rule(1, "red", [["label", "v", "1"]]), rule(2, "blue", [["label", "v", "2"]])],
    };
    const pods = [
      podDay("a", "p", { v: "1" }, 40_000, DAY, second(DAY, 11)),
      podDay("a", "p2", { v: "2" }, 40_000, DAY, second(DAY, 22)),
      { ...podDay("a", "p3", { v: "1" }, 90_000), cluster: "other" },
    ];
    await withMonth({ lines, facts: { ...facts, pod_day: pods }, ownership }, async (session) => {
      expect((await owners(session))[0]).toMatchObject({ namespace: "a", team: "blue" });
    });
  });
});

describe("the Kubernetes source", () => {
  const object = (kind: string, name: string, other: Record<string, Param>) => ({
    source: "api",
    cluster: "prod",
    kind,
    namespace: "",
    name,
    uid: `uid-${name}`,
    valid_from: "2026-07-01T00:00:00.000Z",
    labels: "{}",
    annotations: "{}",
    spec: "{}",
    ...other,
  });
  it("names nodes and namespaces that Prometheus says nothing of, as they were that day", async () => {
    const seenAs = { node: "name:worker-1" };
    const estate = {
      lines: [nodeLine(3, DAY, "7")],
      facts: {
        node_hour: whole(3, seenAs),
        usage_hour: busy(3, [{ namespace: "a", pod: "p", cpu: 3_600_000, mem: 0 }]).map((row) => ({
          ...row,
          ...seenAs,
        })),
      },
      ownership: {
        ...OWNERS,
        rules: [
          rule(1, "red", [["label", "team", "red"]]),
          rule(2, "blue", [["label", "team", "blue"]]),
        ],
      },
      inventory: [
        object("Node", "worker-1", { node: nodeId(3) }),
        object("Namespace", "a", { labels: '{"team":"red"}', valid_to: `${DAY}T00:00:00.000Z` }),
        object("Namespace", "a", { labels: '{"team":"blue"}', valid_from: `${DAY}T00:00:00.000Z` }),
        object("Namespace", "a", { cluster: "other", labels: '{"team":"red"}' }),
      ],
    };
    await withMonth(estate, async (session) => {
      expect((await owners(session)).map(({ team }) => team)).toEqual(["blue"]);
      await allHold(session);
    });
  });
});

describe("redistribution", () => {
  const facts = {
    node_hour: [...whole(0), ...whole(1)],
    usage_hour: [
      ...busy(0, [
        { namespace: "a", pod: "p", cpu: 3_600_000, mem: 0 },
        { namespace: "b", pod: "q", cpu: 1_200_000, mem: 0 },
      ]),
      ...busy(1, [{ namespace: "kube-system", pod: "dns", cpu: 600_000, mem: 0 }]),
    ],
  };
  const lines = [
    nodeLine(0, DAY, "5.818176"),
    nodeLine(1, DAY, "5.818176"),
    {
      resource: CLUSTER.resourceId,
      day: DAY,
      effective: "0.7",
      service: "Azure Kubernetes Service",
    },
  ];
  const after = (session: Session, policy: string) =>
    session.rows<{ namespace: string; cost: string }>(
      "SELECT CASE WHEN namespace = '' THEN bucket ELSE namespace END AS namespace, sum(effective) AS cost FROM spend WHERE policy IS NULL OR policy = $policy GROUP BY 1 HAVING sum(effective) <> 0 ORDER BY 1",
      { policy },
    );
  const exactly = async (estate: Estate, use: (session: Session) => Promise<void>) =>
    withMonth(estate, async (session) => {
      for (const policy of ["configured", "keep", "proportional", "even"]) {
        const sum = (await after(session, policy)).reduce(
          (all, row) => all + unitsOf(row.cost),
          0n,
        );
        expect(sum, policy).toBe(unitsOf("12.336352"));
      }
      await allHold(session);
      await use(session);
    });
  it("proportional gives by direct cost, even by namespace, keep leaves; the total never changes", async () => {
    await exactly({ lines, facts }, async (session) => {
      expect((await after(session, "keep")).map((row) => row.namespace)).toEqual([
        "__control_plane__",
        "__idle__",
        "__system__",
        "a",
        "b",
        "kube-system",
      ]);
      const proportional = Object.fromEntries(
        (await after(session, "proportional")).map((row) => [row.namespace, Number(row.cost)]),
      );
      expect(Object.keys(proportional)).toEqual(["a", "b", "kube-system"]);
      expect((proportional["a"] ?? 0) / (proportional["b"] ?? 1)).toBeCloseTo(3, 6);
      const even = Object.fromEntries(
        (await after(session, "even")).map((row) => [row.namespace, Number(row.cost)]),
      );
      expect((even["a"] ?? 0) - (even["b"] ?? 0)).toBeCloseTo(2 / 3, 6);
    });
  });
  it("shared namespaces give their own cost in the same pass and take nothing", async () => {
    const allocation = {
      idle: "keep",
      sharedNamespaces: { match: ["kube-*"], by: "proportional" },
    } satisfies Estate["allocation"];
    await exactly({ lines, facts, allocation }, async (session) => {
      expect((await after(session, "configured")).map((row) => row.namespace)).toEqual([
        "__idle__",
        "a",
        "b",
      ]);
    });
  });
  it("a team may take a pool whole; a pool without any namespace stays", async () => {
    const allocation = { idle: { team: "red" }, system: "keep" } satisfies Estate["allocation"];
    await exactly({ lines, facts, allocation, ownership: OWNERS }, async (session) => {
      const [row] = await session.rows(
        "SELECT sum(effective) > 0 AS ok FROM spend WHERE policy = 'configured' AND team = 'red' AND bucket = 'idle' AND business_unit = 'unit of red'",
      );
      expect(row).toEqual({ ok: true });
    });
    await withMonth({ lines, facts: { node_hour: facts.node_hour } }, async (session) => {
      expect((await after(session, "proportional")).map((row) => row.namespace)).toEqual([
        "__control_plane__",
        "__idle__",
        "__system__",
      ]);
    });
  });
});

describe("the checks see", () => {
  const estate = {
    lines: [nodeLine(0, DAY, "1")],
    facts: {
      node_hour: whole(0),
      usage_hour: busy(0, [{ namespace: "a", pod: "p", cpu: 3_600_000, mem: 0 }]),
    },
  };
  const faults: [name: string, fault: string][] = [
    [
      "shares-equal-lines",
      "UPDATE cluster_spend SET effective = effective + 1 WHERE namespace = 'a'",
    ],
    ["shares-equal-lines", "DELETE FROM cluster_spend WHERE namespace = 'a'"],
    [
      "shares-equal-lines",
      "INSERT INTO cluster_spend SELECT * FROM cluster_spend WHERE namespace = 'a'",
    ],
    [
      "shares-equal-lines",
      "UPDATE cluster_spend SET effective = effective - CAST('0.000000000000000001' AS DECIMAL(38,18)) WHERE namespace = 'a'",
    ],
    ["shares-equal-lines", "INSERT INTO weight SELECT * FROM weight WHERE consumer_id = 1"],
    ["shares-equal-lines", "DELETE FROM weight WHERE consumer_id = 1"],
    ["shares-equal-lines", "UPDATE weight SET mark = mark + 1 WHERE consumer_id = 1"],
    ["shares-equal-lines", "UPDATE split_whole SET whole = whole + 1"],
    ["shares-equal-lines", "UPDATE line_amount SET effective_rest = effective_rest + 1"],
    [
      "shares-equal-lines",
      "UPDATE line_amount SET list_times = 1, list_rest = 1, list = 1, list_alike = false",
    ],
    ["shares-equal-lines", "INSERT INTO place SELECT * FROM place"],
    ["node-days-add-up", "UPDATE node_weight SET weight = weight + 1 WHERE namespace = 'a'"],
    ["node-days-add-up", "UPDATE node_weight SET weight = -weight"],
    ["node-days-add-up", "UPDATE node_day SET covered_s = seen_s + 1"],
    ["node-days-add-up", "INSERT INTO node_name SELECT * FROM node_name"],
    [
      "redistribution-cancels",
      "UPDATE moved SET billed = billed + 1 WHERE namespace = 'a' AND from_bucket = '__idle__' AND policy = 'even'",
    ],
    ["redistribution-cancels", "DELETE FROM moved WHERE namespace = 'a' AND policy = 'configured'"],
    ["line-has-one-owner", "DELETE FROM weight"],
    ["line-has-one-owner", "DELETE FROM cluster_line"],
    ["answers-equal-lines", "UPDATE cluster_spend SET list = list + 1 WHERE namespace = 'a'"],
  ];
  it.each(faults)("%s: %s", async (name, fault) => {
    await withMonth(estate, async (session) => {
      expect((await check(session, name)).map(({ ok }) => ok)).toEqual([true]);
      await session.run(fault);
      expect((await check(session, name)).map(({ ok }) => ok)).toEqual([false]);
    });
  });
});

describe("random estates", () => {
  const node = fc.record({
    instance: fc.integer({ min: 0, max: 12 }),
    cores: fc.constantFrom(2000, 4000, 8000),
    memory: fc.constantFrom(4096, 16_384, 65_536),
    gpus: fc.constantFrom(0, 0, 0, 2),
    reserved: fc.integer({ min: 0, max: 20 }),
    days: fc.subarray(["2026-08-01", DAY, "2026-07-31"], { minLength: 1 }),
    hours: fc.subarray(hours, { minLength: 0, maxLength: 24 }),
    seen: fc.constantFrom(3600, 3600, 1800, 60),
    covered: fc.constantFrom(3600, 3600, 900, 0),
    grows: fc.boolean(),
    pods: fc.array(
      fc.record({
        namespace: fc.constantFrom("a", "b", "kube-system"),
        pod: fc.constantFrom("p", "q", "db-0"),
        cpu: fc.integer({ min: 0, max: 20_000_000 }),
        mem: fc.integer({ min: 0, max: 200_000_000 }),
        gpu: fc.constantFrom(0, 0, 3_600_000),
      }),
      { maxLength: 4 },
    ),
    lines: fc.array(
      fc.record({
        amount: fc.tuple(
          fc.bigInt({ min: -(10n ** 12n), max: 10n ** 22n }),
          fc.constantFrom("0.5", "7", "24", "30"),
        ),
        currency: fc.constantFrom("EUR", "EUR", "USD"),
      }),
      { minLength: 0, maxLength: 3 },
    ),
  });
  it("never break an invariant, and nodes are divided as the page says, to the last digit", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(node, { minLength: 1, maxLength: 4, selector: (one) => one.instance }),
        async (nodes) => {
          const lines = nodes.flatMap(({ instance, days, lines }) =>
            days.flatMap((day) =>
              lines.map(({ amount: [units, billed], currency }) => ({
                ...nodeLine(instance, day, decimal(units), billed),
                currency,
                list: units % 3n === 0n ? null : decimal(units * 2n),
              })),
            ),
          );
          const facts = {
            node_hour: nodes.flatMap((one) =>
              one.days.flatMap((day) =>
                one.hours.map((hour) => {
                  const cores = one.grows && hour > 12 ? one.cores * 2 : one.cores;
                  return nodeHour(one.instance, day, hour, {
                    cpu_capacity: cores,
                    cpu_allocatable: cores - (cores * one.reserved) / 100,
                    mem_capacity: one.memory,
                    mem_allocatable: Math.floor(one.memory * (1 - one.reserved / 100)),
                    gpu_capacity: one.gpus,
                    gpu_allocatable: one.gpus,
                    seen_s: one.seen,
                    covered_s: one.covered,
                  });
                }),
              ),
            ),
            usage_hour: nodes.flatMap((one) =>
              one.days.flatMap((day) =>
                one.hours.flatMap((hour) =>
                  one.pods.map((pod) => podHour(one.instance, day, hour, pod)),
                ),
              ),
            ),
          };
          await withMonth(
            { lines, facts, allocation: { sharedNamespaces: { match: ["kube-*"], by: "even" } } },
            async (session) => {
              await allHold(session);
              const expected = dividedNodes(
                lines.map((line) =>
                  asNodeLine(line, nodeId(Number(/_(\d+)/.exec(line.details ?? "")?.[1]))),
                ),
                facts,
              );
              const found = Object.entries(await costs(session)).map(
                ([key, cost]) => [key, unitsOf(cost)] as const,
              );
              expect(new Map(found)).toEqual(expected);
            },
          );
        },
      ),
      { numRuns: isWhole(process.env) ? 25 : 8 },
    );
  }, 240_000);
});

const decimal = (units: bigint) => {
  const text = String(units < 0n ? -units : units).padStart(19, "0");
  return `${units < 0n ? "-" : ""}${text.slice(0, -18)}.${text.slice(-18)}`;
};
