import type { Writable } from "node:stream";
import { guid, mix, seedOf } from "./random.ts";
import { Lines, metricText } from "./openmetrics.ts";
import { BUCKET, DAY } from "./time.ts";

/**
 * A cluster of so many containers, one a pod, thirty pods a node. [from, to) are epoch seconds, usually a day or, as
 * promtool reads its whole input once for every two hours of it, a part of one; `step` is the seconds between scrapes of
 * usage and `stateStep` of Kubernetes' own metrics.
 */
export interface SyntheticOptions {
  readonly containers: number;
  readonly from: number;
  readonly to: number;
  readonly step?: number; // defaults to 60
  readonly stateStep?: number; // defaults to `step`
  readonly cluster?: string; // defaults to "bench"
}

const PODS_A_NODE = 30;
/** Counters begin anew every so many buckets since 1970, as after a restart. */
const LIFE = (5 * DAY) / BUCKET;
const MIB = 1_048_576;

/**
 * Writes a cluster made up for measuring as OpenMetrics text: the metrics that usage is read from, under their real names,
 * values that compress as real ones do, and any part of it the same in every export. Resolves with the bytes written.
 */
export async function writeSynthetic(
  to: Writable | string,
  options: SyntheticOptions,
): Promise<number> {
  const { containers, from, to: until, step = 60, stateStep = step, cluster = "bench" } = options;
  const lines = new Lines(to);
  const pods = Array.from({ length: containers }, (_, index) => podOf(cluster, index));
  const each = async (
    name: string,
    type: "counter" | "gauge",
    every: number,
    of: (pod: SyntheticPod) => Iterable<readonly [extra: Pairs, value: (time: number) => number]>,
  ): Promise<void> => {
    lines.put(`# TYPE ${type === "counter" ? name.replace(/_total$/, "") : name} ${type}\n`);
    for (const pod of pods)
      for (const [extra, value] of of(pod)) {
        const metric = metricText(name, extra);
        for (let time = Math.ceil(from / every) * every; time < until; time += every)
          lines.put(`${metric}${value(time)} ${time}\n`);
        await lines.flush();
      }
  };
  const always = (value: number) => (): number => value;
  await each("container_cpu_usage_seconds_total", "counter", step, (pod) => [
    [pod.usage, cpuOf(pod, from)],
  ]);
  await each("container_memory_working_set_bytes", "gauge", step, (pod) => [
    [pod.usage, (time) => memoryOf(pod, time)],
  ]);
  await each("kube_pod_info", "gauge", stateStep, (pod) => [
    [
      [
        ...pod.state,
        ["node", pod.node],
        ["created_by_kind", "ReplicaSet"],
        ["created_by_name", pod.set],
      ],
      always(1),
    ],
  ]);
  await each("kube_pod_status_phase", "gauge", stateStep, (pod) => [
    [[...pod.state, ["phase", "Running"]], always(1)],
  ]);
  await each("kube_pod_owner", "gauge", stateStep, (pod) => [
    [[...pod.state, ["owner_kind", "ReplicaSet"], ["owner_name", pod.set]], always(1)],
  ]);
  await each("kube_pod_container_resource_requests", "gauge", stateStep, (pod) =>
    (
      [
        ["cpu", "core", pod.cpu / 1000],
        ["memory", "byte", pod.memory * MIB],
      ] as const
    ).map(([resource, unit, value]) => [
      [
        ...pod.state,
        ["container", "app"],
        ["node", pod.node],
        ["resource", resource],
        ["unit", unit],
      ],
      always(value),
    ]),
  );
  await each("kube_replicaset_owner", "gauge", stateStep, (pod) =>
    pod.first
      ? [
          [
            [
              ["namespace", pod.namespace],
              ["replicaset", pod.set],
              ["owner_kind", "Deployment"],
              ["owner_name", pod.deployment],
            ],
            always(1),
          ],
        ]
      : [],
  );
  await each("kube_namespace_labels", "gauge", stateStep, (pod) =>
    pod.firstInNamespace
      ? [
          [
            [
              ["namespace", pod.namespace],
              ["label_team", pod.team],
            ],
            always(1),
          ],
        ]
      : [],
  );
  await nodes(each, cluster, stateStep);
  lines.put("# EOF\n");
  await lines.end();
  return lines.written;
}

type Pairs = readonly (readonly [string, string])[];
type Each = (
  name: string,
  type: "gauge",
  every: number,
  of: (pod: SyntheticPod) => Iterable<readonly [Pairs, (time: number) => number]>,
) => Promise<void>;

interface SyntheticPod {
  readonly index: number;
  readonly seed: number;
  readonly namespace: string;
  readonly team: string;
  readonly deployment: string;
  readonly set: string;
  readonly node: string;
  readonly usage: Pairs;
  readonly state: Pairs;
  readonly cpu: number;
  readonly memory: number;
  readonly first: boolean;
  readonly firstInNamespace: boolean;
}

/** Five pods a Deployment, eight Deployments a namespace. */
function podOf(cluster: string, index: number): SyntheticPod {
  const seed = seedOf(`${cluster} ${index}`);
  const deployment = `service-${Math.floor(index / 5)}`;
  const place = Math.floor(index / 40);
  const namespace = `space-${place}`;
  const set = `${deployment}-${mix(seedOf(deployment), 1).toString(16).padStart(8, "0")}`;
  const name = `${set}-${seed.toString(36).slice(0, 5)}`;
  const node = nodeName(Math.floor(index / PODS_A_NODE));
  const uid = guid(`pod ${cluster} ${index}`);
  const state: Pairs = [
    ["namespace", namespace],
    ["pod", name],
    ["uid", uid],
  ];
  return {
    index,
    seed,
    namespace,
    team: `team-${place % 12}`,
    deployment,
    set,
    node,
    usage: [...state, ["container", "app"], ["node", node]],
    state,
    cpu: 50 + (seed % 20) * 25,
    memory: 128 + ((seed >>> 8) % 16) * 64,
    first: index % 5 === 0,
    firstInNamespace: index % 40 === 0,
  };
}

function nodeName(number: number): string {
  return `aks-bench-00000000-vmss${number.toString(36).padStart(6, "0")}`;
}

function rateOf(pod: SyntheticPod, bucket: number): number {
  return 1 + Math.floor((pod.cpu * (200 + (mix(pod.seed, bucket) % 900))) / 1000);
}

/** The CPU counter in seconds, asked for in order of time: exact to the millisecond, a constant rate in each five minutes. */
function cpuOf(pod: SyntheticPod, from: number): (time: number) => number {
  // From the last beginning on, so that parts of a day exported one by one fit together.
  let bucket = Math.floor(from / BUCKET / LIFE) * LIFE;
  let used = 0;
  return (time) => {
    for (; (bucket + 1) * BUCKET <= time; bucket++)
      used = (bucket + 1) % LIFE === 0 ? 0 : used + rateOf(pod, bucket) * BUCKET;
    return (used + rateOf(pod, bucket) * (time - bucket * BUCKET)) / 1000;
  };
}

function memoryOf(pod: SyntheticPod, time: number): number {
  const held = mix(pod.seed + 1, Math.floor(time / 1800)) % 256;
  return Math.floor((pod.memory * MIB * (600 + held)) / 1000 / 65_536) * 65_536;
}

async function nodes(each: Each, cluster: string, every: number): Promise<void> {
  const resources = [
    ["cpu", "core", 16, 15.76],
    ["memory", "byte", 64_000 * MIB, 60_000 * MIB],
  ] as const;
  const always = (value: number) => (): number => value;
  const once = (
    pod: SyntheticPod,
    of: () => Iterable<readonly [Pairs, (time: number) => number]>,
  ): Iterable<readonly [Pairs, (time: number) => number]> =>
    pod.index % PODS_A_NODE === 0 ? of() : [];
  await each("kube_node_info", "gauge", every, (pod) =>
    once(pod, () => [
      [
        [
          ["node", pod.node],
          [
            "provider_id",
            `azure:///subscriptions/${guid(cluster)}/resourceGroups/MC_bench/providers/Microsoft.Compute/virtualMachineScaleSets/aks-bench-00000000-vmss/virtualMachines/${Math.floor(pod.index / PODS_A_NODE)}`,
          ],
        ],
        always(1),
      ],
    ]),
  );
  for (const [name, column] of [
    ["kube_node_status_capacity", 2],
    ["kube_node_status_allocatable", 3],
  ] as const)
    await each(name, "gauge", every, (pod) =>
      once(pod, () =>
        resources.map((row) => [
          [
            ["node", pod.node],
            ["resource", row[0]],
            ["unit", row[1]],
          ],
          always(row[column]),
        ]),
      ),
    );
}
