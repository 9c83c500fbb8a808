import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byText } from "../taken.ts";
import {
  DAY,
  every,
  type Fact,
  HOUR,
  nodeSeries,
  podSeries,
  PROVIDER,
  reduce,
  type Series,
  START,
  sum,
  UIDS,
} from "./scene.ts";

const END = START + 24 * HOUR;
const NODE = PROVIDER.toLowerCase().replace("azure://", "");
const web = (more = {}) =>
  podSeries({ pod: "web-1", uid: UIDS.a, request: { cpu: 0.25, memory: 64 << 20 }, ...more });
/** All that was written, in one order. */
const everything = (series: readonly Series[], scene = {}) => {
  const { names, five, hours, tables, coverage } = reduce(series, scene);
  return {
    names: names.toSorted(byText),
    five: five.toSorted(byText),
    hours: hours.toSorted(byText),
    tables,
    coverage,
  };
};

describe("a day of one container", () => {
  const facts = reduce([...nodeSeries(), ...web()]);
  it("has every five minutes with average and maximum", () => {
    expect(facts.five).toHaveLength(288);
    expect(facts.five[100]).toMatchObject({
      node: NODE,
      namespace: "shop",
      pod: "web-1",
      podUid: UIDS.a,
      container: "app",
      at: START + 30_000,
      seconds: 300,
      cpu_avg: 500_000,
      cpu_max: 500_000,
      mem_avg: 100 << 20,
      mem_max: 100 << 20,
      cpu_request: 250_000,
      mem_request: 64 << 20,
      restarts: 0,
    });
  });
  it("has every hour in core-milliseconds and MiB-seconds", () => {
    expect(facts.hours).toHaveLength(24);
    expect(facts.hours[3]).toMatchObject({
      hour: START + 3 * HOUR,
      seconds: 3600,
      cpu_used: 1_800_000,
      cpu_requested: 900_000,
      cpu_effective: 1_800_000,
      mem_used: 360_000,
      mem_requested: 230_400,
      mem_effective: 360_000,
    });
  });
  it("has its node by provider id, covered throughout", () => {
    expect(facts.coverage).toBe(86_400);
    expect(facts.tables.node_hour).toHaveLength(24);
    expect(facts.tables.node_hour[0]).toEqual({
      hour: START,
      node: NODE,
      node_name: "node-1",
      pool: null,
      instance_type: null,
      cpu_capacity: 4000,
      cpu_allocatable: 3860,
      mem_capacity: 16_384,
      mem_allocatable: null,
      gpu_capacity: 0,
      gpu_allocatable: 0,
      seen_s: 3600,
      covered_s: 3600,
      virtual: false,
    });
  });
  it("has the pod's life", () => {
    expect(facts.tables.pod_day).toEqual([
      {
        day: DAY,
        namespace: "shop",
        pod: "web-1",
        pod_uid: UIDS.a,
        node: NODE,
        workload_kind: "Pod",
        workload: "web-1",
        labels: "{}",
        annotations: "{}",
        from_s: START,
        until_s: END,
        running_s: 86_400,
      },
    ]);
  });
});

describe("errors of others (allocation-peers.md 2.6) that lie in ingestion", () => {
  it("1: a pod of one hour reports an hour's use, not a day's twenty-fourth", () => {
    const facts = reduce([
      ...nodeSeries(),
      ...web({ from: START + 5 * HOUR, until: START + 6 * HOUR, cores: 2 }),
    ]);
    expect(facts.five[5]).toMatchObject({ cpu_avg: 2_000_000, mem_avg: 100 << 20 });
    const [hour] = facts.hours;
    // The first scrape has none before it: one interval of sixty is not known.
    expect(hour?.["cpu_used"]).toBe(2 * 59 * 60 * 1000);
    expect(hour?.["mem_used"]).toBe(360_000);
    expect(hour?.["seconds"]).toBe(3600);
  });

  it("2: series of a restarted container are added, never averaged", () => {
    const half = START + 12 * HOUR;
    const life = (name: string, from: number, until: number): Series[] =>
      web({ from, until, cores: 1 })
        .filter(({ metric }) => metric.startsWith("container_"))
        .map((series) => ({
          ...series,
          labels: { ...series.labels, id: `/kubepods/pod${UIDS.a}/${name}`, name },
          samples: series.samples.map(([at, value]) => [
            at,
            // Each life counts from zero.
            series.metric.includes("cpu") ? at - from : value,
          ]),
        }));
    const ksm = web().filter(({ metric }) => metric.startsWith("kube_"));
    const facts = reduce([
      ...nodeSeries(),
      ...ksm,
      ...life("c1", START - 300, half),
      ...life("c2", half, END),
    ]);
    // One second a second, but for the one interval that c2 has nothing before.
    expect(sum(facts.hours, "cpu_used")).toBe((86_400 - 60) * 1000);
    expect(sum(facts.hours, "mem_used")).toBe(86_400 * 100);
    expect(sum(facts.hours, "seconds")).toBe(86_400);
  });

  it("2: a counter that falls began again from zero", () => {
    const reset = START + 6 * HOUR + 30;
    const series = web().map((one) =>
      one.metric === "container_cpu_usage_seconds_total"
        ? {
            ...one,
            samples: one.samples.map(([at, value]): [number, number] => [
              at,
              at < reset ? value : (at - reset) * 0.5,
            ]),
          }
        : one,
    );
    const facts = reduce([...nodeSeries(), ...series]);
    // From the last scrape before the fall to the restart half a minute's use is not known.
    expect(sum(facts.hours, "cpu_used")).toBe(86_400 * 500 - 15_000);
  });

  it("3: effective is the greater of request and use in each five minutes", () => {
    const busy = (at: number) => (at % 600 < 300 ? 1 : 0);
    let used = 0;
    const series = web({ request: { cpu: 0.5, memory: 200 << 20 } }).map((one) =>
      one.metric === "container_cpu_usage_seconds_total"
        ? {
            ...one,
            // What is used before a scrape is counted at that scrape.
            samples: one.samples.map(([at]): [number, number] => [at, (used += 60 * busy(at))]),
          }
        : one,
    );
    const [hour] = reduce([...nodeSeries(), ...series]).hours;
    expect(hour).toMatchObject({
      cpu_used: 1_800_000,
      cpu_requested: 1_800_000,
      cpu_effective: 6 * 300_000 + 6 * 150_000,
      mem_effective: 200 * 3600,
    });
  });

  it("7: a gap of more than five minutes is a gap; one of less is bridged", () => {
    const without = (from: number, until: number) =>
      [...nodeSeries(), ...web()].map((series) => ({
        ...series,
        samples: series.samples.filter(([at]) => at < from || at >= until),
      }));
    const down = reduce(without(START + 10 * HOUR, START + 12 * HOUR));
    const gone = down.hours.map((hour) => hour["hour"]);
    expect(gone).not.toContain(START + 10 * HOUR);
    expect(gone).not.toContain(START + 11 * HOUR);
    expect(down.coverage).toBe(86_400 - 7200);
    expect(sum(down.hours, "seconds")).toBe(86_400 - 7200);
    expect(sum(down.hours, "cpu_used")).toBe((86_400 - 7200 - 60) * 500);
    expect(down.tables.pod_day[0]).toMatchObject({ running_s: 86_400 - 7200 });
    const short = reduce(without(START + 10 * HOUR, START + 10 * HOUR + 240));
    expect(short.coverage).toBe(86_400);
    expect(sum(short.hours, "cpu_used")).toBe(86_400 * 500);
  });

  it("7: a kubelet that is not scraped covers nothing, whatever kube-state-metrics says", () => {
    const series = [...nodeSeries(), ...web()].map((one) =>
      one.metric.startsWith("container_")
        ? { ...one, samples: one.samples.filter(([at]) => at < START + 6 * HOUR) }
        : one,
    );
    const facts = reduce(series);
    expect(facts.coverage).toBe(6 * HOUR);
    expect(sum(facts.tables.node_hour, "seen_s")).toBe(86_400);
    expect(sum(facts.hours, "cpu_requested")).toBe(6 * HOUR * 250);
  });

  it("8: no window loses its last step", () => {
    const facts = reduce([...nodeSeries(), ...web()]);
    expect(facts.hours.map((hour) => hour["seconds"])).toEqual(Array(24).fill(3600));
    expect(facts.hours.map((hour) => hour["cpu_used"])).toEqual(Array(24).fill(1_800_000));
  });

  it("9: nothing is negative", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.integer({ min: 1, max: 900 }),
            fc.double({ noNaN: true, min: -1e6, max: 1e9 }),
          ),
          {
            maxLength: 200,
          },
        ),
        (steps) => {
          let at = START - 200;
          const samples = steps.map(([step, value]): [number, number] => [
            (at += step),
            Math.abs(value),
          ]);
          const series = web().map((one) =>
            one.metric.startsWith("container_") ? { ...one, samples } : one,
          );
          const { five, hours, tables } = reduce([...nodeSeries(), ...series]);
          for (const fact of [...five, ...hours, ...tables.node_hour, ...tables.pod_day])
            for (const [column, figure] of Object.entries(fact))
              if (typeof figure === "number" && !/_(request|limit)$/.test(column))
                expect(figure, column).toBeGreaterThanOrEqual(0);
          for (const fact of hours) expect(Number(fact["seconds"])).toBeLessThanOrEqual(3600);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("11: a recycled name is another pod, told by uid", () => {
    const noon = START + 12 * HOUR;
    const facts = reduce([
      ...nodeSeries(),
      ...nodeSeries("node-2", PROVIDER.replace(/3$/, "4")),
      ...web({ pod: "db-0", until: noon, cores: 1 }),
      ...web({ pod: "db-0", uid: UIDS.b, node: "node-2", from: noon, cores: 3 }),
    ]);
    const used = (uid: string) =>
      sum(
        facts.hours.filter((hour) => hour["podUid"] === uid),
        "cpu_used",
      );
    expect(used(UIDS.a)).toBe(12 * HOUR * 1000);
    expect(used(UIDS.b)).toBe((12 * HOUR - 60) * 3000);
    expect(facts.tables.pod_day.map((pod) => [pod["pod_uid"], pod["node"]])).toEqual([
      [UIDS.a, NODE],
      [UIDS.b, NODE.replace(/3$/, "4")],
    ]);
  });

  it("11: without any uid in cAdvisor's series, name, node and time tell pods apart", () => {
    const noon = START + 12 * HOUR;
    const both = (more: object): Series[] => web({ pod: "db-0", path: false, ...more });
    const ksm = [...both({ until: noon }), ...both({ uid: UIDS.b, from: noon })].filter(
      ({ metric }) => metric.startsWith("kube_"),
    );
    const cadvisor = both({ cores: 1 }).filter(({ metric }) => metric.startsWith("container_"));
    const facts = reduce([...nodeSeries(), ...ksm, ...cadvisor]);
    for (const uid of [UIDS.a, UIDS.b])
      expect(
        sum(
          facts.hours.filter((hour) => hour["podUid"] === uid),
          "cpu_used",
        ),
      ).toBe(12 * HOUR * 1000);
  });

  it("11: a recycled name on the same node, both alive for a while: the uid in the path decides", () => {
    // A StatefulSet's pod deleted by force: its twin runs while the old one still ends.
    const swap = START + 12 * HOUR;
    const facts = reduce([
      ...nodeSeries(),
      ...web({ pod: "db-0", until: swap + 1800, cores: 1 }),
      ...web({ pod: "db-0", uid: UIDS.b, from: swap, cores: 3 }),
    ]);
    const used = (uid: string) =>
      sum(
        facts.hours.filter((hour) => hour["podUid"] === uid),
        "cpu_used",
      );
    expect(used(UIDS.a)).toBe((12 * HOUR + 1800) * 1000);
    expect(used(UIDS.b)).toBe((12 * HOUR - 60) * 3000);
  });

  it("14: series of one pod and the pod itself from different moments are still one pod", () => {
    // kube-state-metrics was down while the pod ran: cAdvisor's series alone name it, by uid.
    const late = web({ owner: { kind: "StatefulSet", name: "db" } }).map((one) =>
      one.metric.startsWith("kube_")
        ? { ...one, samples: one.samples.filter(([at]) => at >= START + 20 * HOUR) }
        : one,
    );
    const facts = reduce([...nodeSeries(), ...late]);
    expect(facts.tables.pod_day).toHaveLength(1);
    expect(facts.tables.pod_day[0]).toMatchObject({ pod_uid: UIDS.a, workload: "db" });
    expect(sum(facts.hours, "cpu_used")).toBe(86_400 * 500);
  });

  it("16: a volume's hours are the seconds it was bound, not its pods' added up", () => {
    const at = every(60, START, END, () => 1);
    const ksm = { namespace: "shop", persistentvolumeclaim: "data" };
    const facts = reduce([
      ...nodeSeries(),
      ...["web-1", "web-2"].flatMap((pod, index): Series[] => [
        ...web({
          pod,
          uid: index === 0 ? UIDS.a : UIDS.b,
          owner: { kind: "StatefulSet", name: "web" },
        }),
        {
          metric: "kube_pod_spec_volumes_persistentvolumeclaims_info",
          labels: { ...ksm, pod, uid: index === 0 ? UIDS.a : UIDS.b },
          samples: at,
        },
      ]),
      {
        metric: "kube_persistentvolumeclaim_info",
        labels: { ...ksm, volumename: "pv-1" },
        samples: at,
      },
    ]);
    expect(
      facts.tables.volume_day.map((row) => [row["workload"], row["bound_s"], row["mounted_s"]]),
    ).toEqual([
      [null, 86_400, 86_400],
      ["web", 86_400, 86_400],
    ]);
  });

  it("12: what kube-state-metrics says and another job says again counts once", () => {
    const own = [...nodeSeries(), ...web()];
    const again = own
      .filter(({ metric }) => metric.startsWith("kube_"))
      .map((series) => ({
        ...series,
        labels: { ...series.labels, job: "opencost", instance: "opencost:9003" },
      }));
    expect(everything([...own, ...again])).toEqual(everything(own));
  });

  it("12: a kubelet that two jobs scrape is counted once, and that is said", () => {
    const own = [...nodeSeries(), ...web()];
    const again = own
      .filter(({ metric }) => metric.startsWith("container_"))
      .map((series) => ({ ...series, labels: { ...series.labels, job: "cadvisor" } }));
    expect(everything([...own, ...again])).toEqual(everything(own));
    expect(reduce([...own, ...again]).notes.duplicates).toEqual([
      {
        metric: "container_cpu_usage_seconds_total",
        what: "cadvisor kept, kubelet left out",
        series: 1,
      },
      {
        metric: "container_memory_working_set_bytes",
        what: "cadvisor kept, kubelet left out",
        series: 1,
      },
    ]);
  });

  it("20: a virtual node is flagged, and covers nothing that could be priced", () => {
    const facts = reduce([
      ...nodeSeries("virtual-node-aci-linux", ""),
      ...web({ node: "virtual-node-aci-linux" }),
    ]);
    expect(facts.tables.node_hour[0]).toMatchObject({
      node: "name:virtual-node-aci-linux",
      virtual: true,
    });
    expect(facts.coverage).toBe(0);
  });
});

describe("pods and their surroundings", () => {
  it("a job seen by one scrape counts one scrape interval", () => {
    const at = START + 3 * HOUR + 120;
    const facts = reduce([
      ...nodeSeries(),
      ...web({ pod: "steady", uid: UIDS.b }),
      ...web({ pod: "quick", from: at, until: at + 1 }),
    ]);
    const [hour] = facts.hours.filter((hour) => hour["pod"] === "quick");
    expect(hour).toMatchObject({ seconds: 60, cpu_requested: 60 * 250, cpu_used: 0 });
    expect(facts.tables.pod_day.find((pod) => pod["pod"] === "quick")).toMatchObject({
      from_s: at,
      until_s: at + 60,
      running_s: 60,
    });
  });

  it.each([
    [60, 15],
    [60, 30],
    [15, 60],
  ])("a scrape interval of %i s that is %i s from noon on changes no figure but noon's", (a, b) => {
    const noon = START + 12 * HOUR;
    const later = web({ step: b });
    const changing = web({ step: a }).map((one, index) => ({
      ...one,
      samples: [
        ...one.samples.filter(([at]) => at < noon),
        ...(later[index]?.samples.filter(([at]) => at >= noon) ?? []),
      ],
    }));
    const facts = reduce([...nodeSeries(), ...changing], { interval: Math.min(a, b) });
    const steady = reduce([...nodeSeries(), ...web()]);
    // The last scrape of the day holds for one interval, which is another.
    const others = (list: readonly Fact[]) =>
      list.filter(({ at }) => at !== noon && Number(at) < END - 300);
    expect(others(facts.five)).toEqual(others(steady.five));
    const hours = (list: readonly Fact[]) => list.filter((_, hour) => hour !== 12 && hour < 23);
    expect(hours(facts.hours)).toEqual(hours(steady.hours));
    // What grew between two scrapes belongs to the later one: a minute's at most is elsewhere.
    const used = (list: readonly Fact[]) => sum(list.slice(0, 23), "cpu_used");
    expect(Math.abs(used(facts.hours) - used(steady.hours))).toBeLessThanOrEqual(60 * 500);
    expect(sum(facts.five.slice(0, -1), "seconds")).toBe(sum(steady.five.slice(0, -1), "seconds"));
  });

  it("requests count only while the pod is in phase Running", () => {
    const series = web().map((one) =>
      one.metric === "kube_pod_status_phase"
        ? {
            ...one,
            samples: one.samples.map(([at]): [number, number] => [at, at < START + HOUR ? 0 : 1]),
          }
        : one,
    );
    const facts = reduce([...nodeSeries(), ...series]);
    expect(facts.hours[0]).toMatchObject({ cpu_requested: 0, cpu_effective: 1_800_000 });
    expect(facts.hours[1]).toMatchObject({ cpu_requested: 900_000 });
    expect(facts.tables.pod_day[0]).toMatchObject({ running_s: 23 * HOUR });
  });

  it("a stale marker ends a series at once", () => {
    const stop = START + 2 * HOUR;
    const series = web({ until: stop }).map((one) => ({
      ...one,
      samples: [...one.samples, [stop - 30, Number.NaN] as const],
    }));
    const facts = reduce([...nodeSeries(), ...series]);
    expect(facts.tables.pod_day[0]).toMatchObject({ until_s: stop - 30 });
  });

  it("±Inf is rejected and named", () => {
    const series = web().map((one) =>
      one.metric === "container_memory_working_set_bytes"
        ? {
            ...one,
            samples: one.samples.map(([at, value]): [number, number] => [
              at,
              at === START + 600 ? Infinity : at === START + 900 ? -Infinity : value,
            ]),
          }
        : one,
    );
    const facts = reduce([...nodeSeries(), ...series]);
    expect(facts.notes.rejected).toEqual([
      {
        metric: "container_memory_working_set_bytes",
        reason: "±Inf",
        samples: 2,
        example: expect.stringContaining("web-1") as string,
      },
    ]);
    expect(facts.five.every((fact) => fact["mem_avg"] === 100 << 20)).toBe(true);
  });

  it("a counter that slips back is no restart of a machine's whole life", () => {
    const series = web().map((one) =>
      one.metric === "container_cpu_usage_seconds_total"
        ? {
            ...one,
            samples: one.samples.map(([at, value]): [number, number] => [
              at,
              5e6 + value - (at === START + 7200 ? 31 : 0),
            ]),
          }
        : one,
    );
    const facts = reduce([...nodeSeries(), ...series]);
    expect(sum(facts.hours, "cpu_used")).toBeLessThan(86_400 * 500 + 100_000);
    expect(facts.notes.rejected[0]?.reason).toContain("higher than any node");
  });

  it("owners are followed to the controller on top", () => {
    const ksm = { namespace: "shop", job: "kube-state-metrics" };
    const at = every(60, START, END, () => 1);
    const facts = reduce([
      ...nodeSeries(),
      ...web({ owner: { kind: "ReplicaSet", name: "web-5d4f" } }),
      ...web({ pod: "n-1", uid: UIDS.b, owner: { kind: "Job", name: "nightly-28" } }),
      {
        metric: "kube_replicaset_owner",
        labels: { ...ksm, replicaset: "web-5d4f", owner_kind: "Deployment", owner_name: "web" },
        samples: at,
      },
      {
        metric: "kube_job_owner",
        labels: { ...ksm, job_name: "nightly-28", owner_kind: "CronJob", owner_name: "nightly" },
        samples: at,
      },
    ]);
    expect(facts.tables.pod_day.map((pod) => `${pod["workload_kind"]}/${pod["workload"]}`)).toEqual(
      ["Deployment/web", "CronJob/nightly"],
    );
  });

  it("a label's value is the one held longest, of equals the later, whatever its text", () => {
    const odd = 'new\nline "quoted" 🦊 '.padEnd(4096, "x");
    const labels = (from: number, until: number, more: Record<string, string>): Series => ({
      metric: "kube_pod_labels",
      labels: { namespace: "shop", pod: "web-1", uid: UIDS.a, ...more },
      samples: every(60, from, until, () => 1),
    });
    const facts = reduce([
      ...nodeSeries(),
      ...web(),
      labels(START, START + 8 * HOUR, { label_team: "a", label_app_kubernetes_io_name: "x" }),
      labels(START + 8 * HOUR, END, { label_team: "b", label_app_kubernetes_io_name: odd }),
      labels(START, START + 12 * HOUR, { label_tier: "first" }),
      labels(START + 12 * HOUR, END, { label_tier: "second" }),
    ]);
    expect(JSON.parse(String(facts.tables.pod_day[0]?.["labels"]))).toEqual({
      team: "b",
      "app.kubernetes.io/name": odd,
      tier: "second",
    });
  });

  it("a pod's network is on its first container, interfaces added, the host's left out", () => {
    const network = (pod: string, uid: string, eth: string): Series => ({
      metric: "container_network_receive_bytes_total",
      labels: { namespace: "shop", pod, interface: eth, node: "node-1", id: `/kubepods/pod${uid}` },
      samples: every(60, START - 60, END, (at) => (at - START) * 10),
    });
    const facts = reduce([
      ...nodeSeries(),
      ...web(),
      ...web({ container: "proxy" }),
      network("web-1", UIDS.a, "eth0"),
      network("web-1", UIDS.a, "eth1"),
    ]);
    const rx = (container: string) =>
      sum(
        facts.hours.filter((hour) => hour["container"] === container),
        "net_rx",
      );
    expect(rx("app")).toBe(2 * 864_000);
    expect(rx("proxy")).toBe(0);
    const host = reduce([
      ...nodeSeries(),
      ...web().map((one) =>
        one.metric === "kube_pod_info"
          ? { ...one, labels: { ...one.labels, host_network: "true" } }
          : one,
      ),
      network("web-1", UIDS.a, "eth0"),
    ]);
    expect(sum(host.hours, "net_rx")).toBe(0);
  });

  it("volumes are bound, and mounted while a pod of the workload runs", () => {
    const at = every(60, START, END, () => 1);
    const half = START + 12 * HOUR;
    const facts = reduce([
      ...nodeSeries(),
      ...web({ until: half, owner: { kind: "StatefulSet", name: "db" } }),
      {
        metric: "kube_persistentvolume_info",
        labels: { persistentvolume: "pv-1", csi_volume_handle: "/Subscriptions/S/disks/D1" },
        samples: at,
      },
      { metric: "kube_persistentvolume_info", labels: { persistentvolume: "pv-2" }, samples: at },
      {
        metric: "kube_persistentvolumeclaim_info",
        labels: { namespace: "shop", persistentvolumeclaim: "data", volumename: "pv-1" },
        samples: at,
      },
      {
        metric: "kube_pod_spec_volumes_persistentvolumeclaims_info",
        labels: { namespace: "shop", pod: "web-1", uid: UIDS.a, persistentvolumeclaim: "data" },
        samples: at,
      },
    ]);
    const volume = {
      day: DAY,
      pv: "pv-1",
      volume_handle: "/subscriptions/s/disks/d1",
      claim_namespace: "shop",
      claim: "data",
      bound_s: 86_400,
      mounted_s: 43_200,
    };
    expect(facts.tables.volume_day).toEqual([
      { ...volume, workload_kind: null, workload: null },
      { ...volume, workload_kind: "StatefulSet", workload: "db" },
      {
        day: DAY,
        pv: "pv-2",
        volume_handle: null,
        claim_namespace: null,
        claim: null,
        bound_s: 0,
        workload_kind: null,
        workload: null,
        mounted_s: 0,
      },
    ]);
  });

  it("services of type LoadBalancer have their hours, namespaces their labels", () => {
    const facts = reduce([
      {
        metric: "kube_service_spec_type",
        labels: { namespace: "shop", service: "front", type: "LoadBalancer" },
        samples: every(60, START + HOUR, START + 2 * HOUR + 1800, () => 1),
      },
      {
        metric: "kube_namespace_labels",
        labels: { namespace: "shop", label_team: "a" },
        samples: every(60, START, START + HOUR, () => 1),
      },
    ]);
    expect(facts.tables.service_hour).toEqual([
      { hour: START + HOUR, namespace: "shop", service: "front", seconds: 3600 },
      { hour: START + 2 * HOUR, namespace: "shop", service: "front", seconds: 1800 },
    ]);
    expect(facts.tables.namespace_day).toEqual([
      { day: DAY, namespace: "shop", labels: '{"team":"a"}', annotations: "{}", seconds: 3600 },
    ]);
  });

  it("out-of-memory kills come from the runtime, else from why a restarted container ended", () => {
    const ksm = { namespace: "shop", pod: "web-1", uid: UIDS.a, container: "app" };
    const restarts: Series = {
      metric: "kube_pod_container_status_restarts_total",
      labels: ksm,
      samples: every(60, START - 60, END, (at) => (at < START + HOUR ? 0 : 1)),
    };
    const killed: Series = {
      metric: "kube_pod_container_status_last_terminated_reason",
      labels: { ...ksm, reason: "OOMKilled" },
      samples: every(60, START + HOUR, END, () => 1),
    };
    const facts = reduce([...nodeSeries(), ...web(), restarts, killed]);
    expect(facts.hours[1]).toMatchObject({ restarts: 1, oom_kills: 1 });
    expect(sum(facts.hours, "oom_kills")).toBe(1);
    expect(sum(reduce([...nodeSeries(), ...web(), restarts]).hours, "oom_kills")).toBe(0);
  });
});

describe("limits, kills and throttling by five minutes", () => {
  const at = (facts: ReturnType<typeof reduce>, second: number) =>
    facts.five.find((fact) => fact["at"] === START + second);
  it("a container's limits are those in force, none where it has none", () => {
    const raised = web({ limit: { cpu: 0.5, memory: 128 << 20 } }).map((one) =>
      one.metric === "kube_pod_container_resource_limits" && one.labels["resource"] === "memory"
        ? {
            ...one,
            samples: one.samples.map(([time, value]): [number, number] => [
              time,
              time < START + HOUR ? value : 2 * value,
            ]),
          }
        : one,
    );
    const facts = reduce([...nodeSeries(), ...raised]);
    expect(at(facts, 0)).toMatchObject({ cpu_limit: 500_000, mem_limit: 128 << 20 });
    expect(at(facts, HOUR)).toMatchObject({ cpu_limit: 500_000, mem_limit: 256 << 20 });
    const none = reduce([...nodeSeries(), ...web({ limit: { memory: 128 << 20 } })]);
    expect(at(none, 0)).toMatchObject({
      cpu_limit: Number.NaN,
      mem_limit: 128 << 20,
      cpu_request: 250_000,
    });
  });
  it("kills and time throttled are in the five minutes they were in", () => {
    const labels = (web()[0] as Series).labels;
    const grown = (metric: string, each: number): Series => ({
      metric,
      labels,
      samples: every(60, START - 300, END, (time) => (time < START + 930 ? 7 : 7 + each)),
    });
    const facts = reduce([
      ...nodeSeries(),
      ...web(),
      grown("container_cpu_cfs_throttled_seconds_total", 1.5),
      grown("container_oom_events_total", 2),
    ]);
    expect(at(facts, 900)).toMatchObject({ throttled_ms: 1500, oom_kills: 2 });
    expect(sum(facts.five, "throttled_ms")).toBe(1500);
    expect(sum(facts.five, "oom_kills")).toBe(2);
  });
});

describe("properties", () => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: 30, max: 90 }), fc.double({ noNaN: true, min: 0, max: 50 })),
    { minLength: 10, maxLength: 400 },
  );
  const counter = (list: readonly (readonly [number, number])[]): [number, number][] => {
    let at = START - 60;
    let value = 17;
    return list.map(([step, grown]) => [(at += step), (value += grown)]);
  };
  const withCpu = (samples: Series["samples"]) =>
    [...nodeSeries(), ...web()].map((one) =>
      one.metric === "container_cpu_usage_seconds_total" ? { ...one, samples } : one,
    );

  it("the hours of a counter add up to its own difference", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const samples = counter(list);
        const before = samples.findLast(([at]) => at < START) ?? samples[0];
        const delta = (samples.at(-1)?.[1] ?? 0) - (before?.[1] ?? 0);
        const { hours } = reduce(withCpu(samples));
        expect(Math.abs(sum(hours, "cpu_used") - delta * 1000)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 100 },
    );
  });

  it("cutting the day anywhere changes nothing", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 287 }), (list, cut) => {
        const series = withCpu(counter(list));
        const at = START + cut * 300;
        const whole = reduce(series);
        const first = reduce(series, { until: at });
        const second = reduce(series, { from: at });
        for (const column of ["cpu_used", "cpu_requested", "mem_used", "seconds"])
          expect(
            Math.abs(
              sum(first.hours, column) + sum(second.hours, column) - sum(whole.hours, column),
            ),
            column,
          ).toBeLessThanOrEqual(24);
        const key = (fact: object) => JSON.stringify(fact);
        const parts = new Set([...first.five, ...second.five].map(key));
        const differ = whole.five.filter((fact) => !parts.has(key(fact)));
        // Whole units of a running total begin anew at the cut: an average may differ by one.
        for (const fact of differ) {
          const twin = [...first.five, ...second.five].find((other) => other["at"] === fact["at"]);
          expect(Math.abs(Number(twin?.["cpu_avg"]) - Number(fact["cpu_avg"]))).toBeLessThan(200);
          expect({ ...twin, cpu_avg: 0 }).toEqual({ ...fact, cpu_avg: 0 });
        }
      }),
      { numRuns: 50 },
    );
  });

  it("the order of series changes nothing", () => {
    const noon = START + 12 * HOUR;
    const series = [
      ...nodeSeries(),
      ...web(),
      ...web({ pod: "db-0", uid: UIDS.b, until: noon, path: false }),
      ...web({ pod: "db-0", uid: UIDS.b.replace("b", "c"), from: noon, path: false, cores: 2 }),
    ];
    const expected = everything(series);
    fc.assert(
      fc.property(fc.shuffledSubarray(series, { minLength: series.length }), (shuffled) => {
        expect(everything(shuffled)).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });
});

describe("more containers than rows are collected for at once", () => {
  it("have each their own day", () => {
    const count = 230;
    const uid = (index: number) => UIDS.a.slice(0, -4) + String(index).padStart(4, "0");
    const pods = Array.from({ length: count }, (_, index) =>
      podSeries({
        pod: `p-${index}`,
        uid: uid(index),
        step: 300,
        bytes: (index + 1) << 20,
        cores: index / 1000,
      }),
    ).flat();
    const { five, hours } = reduce([...nodeSeries(), ...pods], { interval: 300 });
    expect(five).toHaveLength(count * 288);
    expect(hours).toHaveLength(count * 24);
    for (const [index, rows] of [...Map.groupBy(five, (row) => row["pod"])].map(
      ([pod, rows]) => [Number(String(pod).slice(2)), rows] as const,
    )) {
      expect(rows.map((row) => row["at"])).toEqual(
        every(300, START, END, () => 0).map(([at]) => at),
      );
      expect(new Set(rows.map((row) => row["mem_max"]))).toEqual(new Set([(index + 1) << 20]));
      expect(new Set(rows.map((row) => row["cpu_avg"]))).toEqual(new Set([index * 1000]));
    }
    for (const row of hours)
      expect(row["mem_used"]).toBe((Number(String(row["pod"]).slice(2)) + 1) * 3600);
  });
});

describe("what was measured", () => {
  const noon = START + 12 * HOUR;
  const only = (metric: string, series: readonly Series[]) =>
    series.filter((one) => one.metric === metric);

  it("is when either CPU or memory was", () => {
    const { five } = reduce([
      ...nodeSeries(),
      ...only("kube_pod_info", web()),
      ...only("kube_pod_status_phase", web()),
      ...only("container_cpu_usage_seconds_total", web({ until: noon + HOUR })),
      ...only("container_memory_working_set_bytes", web({ from: noon - HOUR })),
    ]);
    expect(sum(five, "seconds")).toBe(24 * HOUR);
  });

  it("of a node in a later group of namespaces counts for all that are in it", () => {
    const silent = web({ pod: "waits", uid: UIDS.b, request: { cpu: 2 } }).filter(({ metric }) =>
      metric.startsWith("kube_"),
    );
    const { hours } = reduce([...nodeSeries(), ...web({ until: noon }), ...silent], {
      next: [
        ...web({ pod: "later", uid: UIDS.b.replace("b", "c"), from: noon }),
        ...web({ pod: "waits-too", uid: UIDS.b.replace("b", "d"), request: { cpu: 2 } }).filter(
          ({ metric }) => metric.startsWith("kube_"),
        ),
      ],
    });
    const asked = (pod: string) =>
      sum(
        hours.filter((hour) => hour["pod"] === pod),
        "cpu_requested",
      );
    expect(asked("waits")).toBe(12 * HOUR * 2000);
    expect(asked("waits-too")).toBe(24 * HOUR * 2000);
  });
});
