import type { Cluster, Volume } from "./clusters.ts";
import type { Namespace, Service } from "./namespaces.ts";
import { span } from "./nodes.ts";
import type { Pods } from "./pods.ts";
import { guid } from "./random.ts";
import { type Add, type Labels, mangled, MIB } from "./samples.ts";
import { DAY } from "./time.ts";

/** What a cluster has beside its pods. */
interface ClusterObjects {
  readonly cluster: Cluster;
  readonly pods: Pods;
  readonly namespaces: readonly Namespace[];
  readonly services: readonly Service[];
  readonly volumes: readonly Volume[];
}

/** What kube-state-metrics says of nodes, namespaces, volumes and services on a day. */
export function objectSeries(cluster: ClusterObjects, day: number, add: Add): void {
  const begin = day * DAY;
  const whole = { from: begin, until: Infinity };
  for (const node of cluster.pods.nodes) {
    const life = span(cluster.cluster, node, day);
    if (life === null) continue;
    const until = life.until === begin + DAY ? Infinity : life.until;
    const there = { from: life.from, until };
    const { pool } = node;
    add(
      "kube_node_info",
      [
        ["node", node.name],
        ["provider_id", node.providerId],
        ["kubelet_version", "v1.34.2"],
        ["os_image", "Ubuntu 24.04.3 LTS"],
      ],
      there,
      1,
    );
    add(
      "kube_node_labels",
      [
        ["node", node.name],
        ["label_agentpool", pool.name],
        ["label_kubernetes_azure_com_agentpool", pool.name],
        ["label_node_kubernetes_io_instance_type", pool.size],
        ["label_topology_kubernetes_io_region", "westeurope"],
        ...(pool.spot === true
          ? ([["label_kubernetes_azure_com_scalesetpriority", "spot"]] as const)
          : []),
      ],
      there,
      1,
    );
    for (const [name, cpu, memory] of [
      ["kube_node_status_capacity", node.cpu, node.memory],
      ["kube_node_status_allocatable", node.cpuAllocatable, node.memoryAllocatable],
    ] as const) {
      const labelled = (resource: string, unit: string): Labels => [
        ["node", node.name],
        ["resource", resource],
        ["unit", unit],
      ];
      add(name, labelled("cpu", "core"), there, cpu, { scale: 1000 });
      add(name, labelled("memory", "byte"), there, memory * MIB);
      add(name, labelled("pods", "integer"), there, 110);
      if (node.gpu > 0) add(name, labelled("nvidia_com_gpu", "integer"), there, node.gpu);
    }
  }
  for (const namespace of cluster.namespaces) {
    const named: Labels = [["namespace", namespace.name]];
    namespace.labels.forEach(({ from, labels }, index) => {
      const next = namespace.labels[index + 1]?.from ?? namespace.until ?? Infinity;
      if (next <= begin || from >= begin + DAY) return;
      const life = { from: Math.max(begin, from), until: next };
      add("kube_namespace_labels", [...named, ...mangled("label", labels)], life, 1);
    });
    const until = namespace.until ?? Infinity;
    if (until > begin && namespace.created < begin + DAY)
      add(
        "kube_namespace_created",
        named,
        { from: Math.max(begin, namespace.created), until },
        namespace.created,
      );
  }
  for (const volume of cluster.volumes) {
    add(
      "kube_persistentvolume_info",
      [
        ["persistentvolume", volume.name],
        ["storageclass", "managed-csi"],
        ["csi_driver", "disk.csi.azure.com"],
        ["csi_volume_handle", volume.disk.id],
      ],
      whole,
      1,
    );
    if (volume.released !== true)
      add(
        "kube_persistentvolumeclaim_info",
        [
          ["namespace", volume.namespace],
          ["persistentvolumeclaim", volume.claim],
          ["storageclass", "managed-csi"],
          ["volumename", volume.name],
        ],
        whole,
        1,
      );
  }
  const services = [
    { namespace: "default", service: "kubernetes", type: "ClusterIP", from: 0 },
    { namespace: "kube-system", service: "kube-dns", type: "ClusterIP", from: 0 },
    ...cluster.services.map((service) => ({ ...service, type: "LoadBalancer" })),
  ];
  for (const { namespace, service, type, from } of services) {
    if (from >= begin + DAY) continue;
    const life = { from: Math.max(begin, from), until: Infinity };
    const named: Labels = [
      ["namespace", namespace],
      ["service", service],
      ["uid", guid(`service ${cluster.cluster.environment} ${namespace}/${service}`)],
    ];
    add("kube_service_info", named, life, 1);
    add("kube_service_spec_type", [...named, ["type", type]], life, 1);
  }
}
