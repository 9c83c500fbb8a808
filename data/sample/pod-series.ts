import type { Pod } from "./pods.ts";
import { type Add, type Labels, mangled, MIB, type Series } from "./samples.ts";
import { BUCKET, DAY } from "./time.ts";
import type { Workload } from "./workload.ts";

const PHASES = ["Running", "Pending", "Succeeded", "Failed", "Unknown"] as const;
/** What kube-state-metrics says of a pod on a day. */
export function podSeries(pod: Pod, day: number, add: Add): void {
  const { workload } = pod;
  const begin = day * DAY;
  const life = { from: Math.max(begin, pod.start), until: pod.forgotten };
  const base: Labels = [
    ["namespace", workload.namespace],
    ["pod", pod.name],
    ["uid", pod.uid],
  ];
  const [kind, owner] = controllerOf(pod);
  const node = pod.node?.name ?? "";
  add(
    "kube_pod_info",
    [...base, ["node", node], ["created_by_kind", kind], ["created_by_name", owner]],
    life,
    1,
  );
  add(
    "kube_pod_owner",
    [...base, ["owner_kind", kind], ["owner_name", owner], ["owner_is_controller", "true"]],
    life,
    1,
  );
  for (const phase of PHASES)
    add("kube_pod_status_phase", [...base, ["phase", phase]], life, phaseValue(pod, phase, life));
  add("kube_pod_labels", [...base, ...mangled("label", workload.labels)], life, 1);
  if (workload.annotations !== undefined)
    add("kube_pod_annotations", [...base, ...mangled("annotation", workload.annotations)], life, 1);
  if (workload.claim !== undefined)
    add(
      "kube_pod_spec_volumes_persistentvolumeclaims_info",
      [...base, ["volume", "data"], ["persistentvolumeclaim", workload.claim]],
      life,
      1,
    );
  if (workload.kind === "CronJob")
    add(
      "kube_job_owner",
      [
        ["namespace", workload.namespace],
        ["job_name", pod.controller],
        ["owner_kind", "CronJob"],
        ["owner_name", workload.name],
        ["owner_is_controller", "true"],
      ],
      life,
      1,
    );
  for (const running of pod.containers) {
    const { container } = running;
    const labels: Labels = [...base, ["container", container.name]];
    const resource = (
      name: string,
      value: number | null | undefined,
      kind: string,
      unit: string,
      scale: 1 | 1000,
    ): void => {
      if (value !== null && value !== undefined)
        add(name, [...labels, ["node", node], ["resource", kind], ["unit", unit]], life, value, {
          scale,
        });
    };
    const requests = "kube_pod_container_resource_requests";
    const limits = "kube_pod_container_resource_limits";
    resource(requests, container.cpuRequest, "cpu", "core", 1000);
    resource(requests, bytes(container.memoryRequest), "memory", "byte", 1);
    resource(requests, container.gpu, "nvidia_com_gpu", "integer", 1);
    resource(limits, container.cpuLimit, "cpu", "core", 1000);
    resource(limits, bytes(container.memoryLimit), "memory", "byte", 1);
    resource(limits, container.gpu, "nvidia_com_gpu", "integer", 1);
    const { starts } = running;
    add(
      "kube_pod_container_status_restarts_total",
      labels,
      { from: Math.max(begin - BUCKET, pod.start), until: pod.forgotten },
      starts.length === 1 ? 0 : (time) => starts.filter((start) => start <= time).length - 1,
      { type: "counter" },
    );
    const again = starts[1];
    if (again !== undefined && container.restarts === "killed")
      add(
        "kube_pod_container_status_last_terminated_reason",
        [...labels, ["reason", "OOMKilled"]],
        { from: Math.max(begin, again), until: pod.forgotten },
        1,
      );
  }
}

/** A ReplicaSet is there as long as one of its pods is. */
export function setSeries(pods: readonly Pod[], day: number, add: Add): void {
  const sets = new Map<string, { workload: Workload; name: string; from: number; until: number }>();
  for (const { workload, controller, start, forgotten } of pods) {
    if (workload.kind !== "Deployment") continue;
    const key = `${workload.namespace}/${controller}`;
    const known = sets.get(key);
    sets.set(key, {
      workload,
      name: controller,
      from: Math.max(day * DAY, Math.min(known?.from ?? Infinity, start)),
      until: Math.max(known?.until ?? 0, forgotten),
    });
  }
  for (const { workload, name, from, until } of sets.values())
    add(
      "kube_replicaset_owner",
      [
        ["namespace", workload.namespace],
        ["replicaset", name],
        ["owner_kind", "Deployment"],
        ["owner_name", workload.name],
        ["owner_is_controller", "true"],
      ],
      { from, until },
      1,
    );
}

function bytes(mebibytes: number | null): number | null {
  return mebibytes === null ? null : mebibytes * MIB;
}

/** What made a pod, as `kube_pod_info` says it: a ReplicaSet, a Job, or the workload itself. */
function controllerOf(pod: Pod): [kind: string, name: string] {
  const { kind } = pod.workload;
  if (kind === "Deployment") return ["ReplicaSet", pod.controller];
  return kind === "CronJob" ? ["Job", pod.controller] : [kind, pod.controller];
}

function phaseValue(
  pod: Pod,
  phase: (typeof PHASES)[number],
  life: { from: number; until: number },
): Series["value"] {
  const before = pod.node === null ? "Pending" : "Running";
  if (pod.end === pod.forgotten || pod.end >= life.until) return phase === before ? 1 : 0;
  if (phase !== before && phase !== "Succeeded") return 0;
  if (pod.end <= life.from) return phase === "Succeeded" ? 1 : 0;
  return (time) => ((phase === before) === time < pod.end ? 1 : 0);
}
