/**
 * What is read, and what of it: plain kube-state-metrics v2 and cAdvisor only. Order matters to
 * nobody but the reader of a log.
 */

export type Matcher = readonly [name: string, type: "=" | "!=" | "=~" | "!~", value: string];

export interface Metric {
  readonly name: string;
  /** Which scrape it comes from: their intervals may differ. */
  readonly from: "cadvisor" | "ksm";
  /** `counter` only grows, `gauge` has a value, `state` says by being there, or by being 1. */
  readonly kind: "counter" | "gauge" | "state";
  /** `cluster`: has no namespace, read once; `namespace`: read in shards. */
  readonly scope: "cluster" | "namespace";
  readonly where: readonly Matcher[];
  /** Without it there are no facts; without another, some columns stay empty. */
  readonly needed: boolean;
}

const CONTAINER: readonly Matcher[] = [
  ["container", "!=", ""],
  ["container", "!=", "POD"],
];

const metric = (
  name: string,
  kind: Metric["kind"],
  scope: Metric["scope"],
  where: readonly Matcher[] = [],
  needed = false,
): Metric => ({
  name,
  from: name.startsWith("container_") ? "cadvisor" : "ksm",
  kind,
  scope,
  where,
  needed,
});

export const METRICS: readonly Metric[] = [
  metric("kube_node_info", "state", "cluster"),
  metric("kube_node_labels", "state", "cluster"),
  metric("kube_node_status_capacity", "gauge", "cluster", [
    ["resource", "=~", "cpu|memory|nvidia_com_gpu"],
  ]),
  metric("kube_node_status_allocatable", "gauge", "cluster", [
    ["resource", "=~", "cpu|memory|nvidia_com_gpu"],
  ]),
  metric("kube_persistentvolume_info", "state", "cluster"),
  metric("kube_namespace_created", "state", "namespace"),
  metric("kube_namespace_labels", "state", "namespace"),
  metric("kube_namespace_annotations", "state", "namespace"),
  metric("kube_pod_info", "state", "namespace"),
  metric("kube_pod_status_phase", "state", "namespace", [["phase", "=", "Running"]]),
  metric("kube_pod_labels", "state", "namespace"),
  metric("kube_pod_annotations", "state", "namespace"),
  metric("kube_pod_owner", "state", "namespace"),
  metric("kube_replicaset_owner", "state", "namespace"),
  metric("kube_job_owner", "state", "namespace"),
  metric("kube_pod_container_resource_requests", "gauge", "namespace", [
    ["resource", "=~", "cpu|memory|nvidia_com_gpu"],
  ]),
  metric("kube_pod_container_resource_limits", "gauge", "namespace", [
    ["resource", "=~", "cpu|memory"],
  ]),
  metric("kube_pod_container_status_restarts_total", "counter", "namespace"),
  metric("kube_pod_container_status_last_terminated_reason", "state", "namespace", [
    ["reason", "=", "OOMKilled"],
  ]),
  metric("kube_persistentvolumeclaim_info", "state", "namespace"),
  metric("kube_pod_spec_volumes_persistentvolumeclaims_info", "state", "namespace"),
  metric("kube_service_spec_type", "state", "namespace", [["type", "=", "LoadBalancer"]]),
  metric("container_cpu_usage_seconds_total", "counter", "namespace", CONTAINER, true),
  metric("container_memory_working_set_bytes", "gauge", "namespace", CONTAINER, true),
  metric("container_cpu_cfs_throttled_seconds_total", "counter", "namespace", CONTAINER),
  metric("container_oom_events_total", "counter", "namespace", CONTAINER),
  metric("container_network_receive_bytes_total", "counter", "namespace"),
  metric("container_network_transmit_bytes_total", "counter", "namespace"),
];

export const METRIC_BY_NAME: ReadonlyMap<string, Metric> = new Map(
  METRICS.map((metric) => [metric.name, metric]),
);
