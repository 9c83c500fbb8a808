import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  END,
  every,
  everything,
  HOUR,
  NODE,
  nodeSeries,
  PROVIDER,
  reduce,
  type Series,
  START,
  sum,
  UIDS,
  web,
} from "./scene.ts";

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
    for (const uid of [UIDS.a, UIDS.b]) {
      const own = facts.hours.filter((hour) => hour["podUid"] === uid);
      expect(sum(own, "cpu_used")).toBe(12 * HOUR * 1000);
      expect(sum(own, "mem_used")).toBe(12 * HOUR * 100);
    }
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
