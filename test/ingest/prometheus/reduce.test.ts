import { describe, expect, it } from "vitest";
import {
  DAY,
  END,
  every,
  type Fact,
  HOUR,
  NODE,
  nodeSeries,
  podSeries,
  reduce,
  type Series,
  START,
  sum,
  UIDS,
  web,
} from "./scene.ts";

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

  it("a pod that nobody measures is there while any of its resources is asked for", () => {
    const noon = START + 12 * HOUR;
    const waits = podSeries({ pod: "waits", uid: UIDS.b, request: { cpu: 2, memory: 1 << 30 } });
    const asked = waits
      .filter(({ metric }) => metric.startsWith("kube_"))
      .map((one) => {
        const { resource } = one.labels;
        const inTime = ([at]: readonly [number, number]) =>
          resource === "cpu" ? at < noon : resource === "memory" ? at >= noon : true;
        return { ...one, samples: one.samples.filter(inTime) };
      });
    const facts = reduce([...nodeSeries(), ...web(), ...asked]);
    const own = facts.hours.filter((hour) => hour["pod"] === "waits");
    expect(sum(own, "seconds")).toBe(24 * HOUR);
    expect(sum(own, "cpu_requested")).toBe(12 * HOUR * 2000);
    expect(sum(own, "mem_requested")).toBe(12 * HOUR * 1024);
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

  it("what was counted before a container was seen, and after, is in the hours it was counted in", () => {
    const labels = { namespace: "shop", pod: "web-1", node: "node-1" };
    const grown = (at: number) => (at - START) * 10;
    const [from, until] = [START + 10 * HOUR, START + 11 * HOUR];
    const facts = reduce([
      ...nodeSeries(),
      ...web({ from, until }),
      {
        metric: "container_network_transmit_bytes_total",
        labels: { ...labels, interface: "eth0", id: `/kubepods/pod${UIDS.a}` },
        samples: every(60, from - 2 * HOUR, until + HOUR, grown),
      },
      {
        metric: "kube_pod_container_status_restarts_total",
        labels: { namespace: "shop", pod: "web-1", uid: UIDS.a, container: "app" },
        samples: every(60, from - 3 * HOUR, until, (at) => (at < from - 3 * HOUR + 1800 ? 0 : 1)),
      },
    ]);
    const of = (column: string) =>
      facts.hours.filter((hour) => hour[column] !== 0).map((hour) => [hour["hour"], hour[column]]);
    expect(of("restarts")).toEqual([[from - 3 * HOUR, 1]]);
    expect(of("net_tx")).toEqual([
      // Of the first scrape nobody knows what was before.
      [from - 2 * HOUR, 36_000 - 600],
      [from - HOUR, 36_000],
      [from, 36_000],
      [until, 36_000],
    ]);
    expect(of("cpu_used")).toEqual([[from, 59 * 60 * 500]]);
    expect(of("mem_used")).toEqual([[from, 3600 * 100]]);
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
