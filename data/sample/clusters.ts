import { resource, use } from "./build.ts";
import type { Day } from "./calendar.ts";
import type { ClusterPart, Commitment, Resource, Subscription, Use } from "./model.ts";
import { billedHours, presence } from "./presence.ts";
import { digits, guid, hex, pick } from "./random.ts";
import { PRODUCT_TEAMS } from "./teams.ts";

/** A node pool; instance `first + n` exists from `joined[n]` on (empty: always), and only on the weekdays that `idle` leaves it. */
export interface Pool {
  readonly name: string;
  readonly meter: string;
  readonly size: string;
  readonly cores: number;
  readonly joined: readonly string[];
  /** Number of the first instance; default 0. */
  readonly first?: number;
  readonly spot?: boolean;
  readonly idle?: Readonly<Record<number, readonly number[]>>;
  readonly covered?: Readonly<Record<number, Commitment>>;
}

export interface Cluster {
  readonly environment: string;
  readonly subscription: Subscription;
  readonly pools: readonly Pool[];
  /** Claims of persistent volumes a product team has. */
  readonly claims: number;
}

/** The service every cluster takes its requests in with. */
export const INGRESS = {
  namespace: "ingress-nginx",
  service: "ingress-nginx-controller",
} as const;

/** The names a cluster goes by; `nodeGroup` is where its nodes live. */
export function clusterNames(environment: string): {
  name: string;
  group: string;
  nodeGroup: string;
} {
  const name = `aks-northwind-${environment}`;
  const group = `rg-platform-aks-${environment}`;
  return { name, group, nodeGroup: `MC_${group}_${name}_westeurope` };
}

/** The scale set that a pool's nodes are instances of, with its ARM id. */
export function scaleSetOf(cluster: Cluster, pool: Pool): Resource {
  const { environment, subscription } = cluster;
  const name = `aks-${pool.name}-${digits(`suffix ${environment}`, 8)}-vmss`;
  return resource({
    type: "Microsoft.Compute/virtualMachineScaleSets",
    name,
    group: clusterNames(environment).nodeGroup,
    subscription,
    environment,
    owner: "platform",
    tags: [
      ["aks-managed-poolName", pool.name],
      ["aks-managed-creationSource", `vmssclient-${name}`],
      ["aks-managed-orchestrator", "Kubernetes:1.34.2"],
      ["aks-managed-bootstrap-profile-acr-name", ""],
    ],
  });
}

/** A persistent volume as Kubernetes and the bill know it; `claim` is what its disk was made for. */
export interface Volume {
  readonly name: string;
  readonly disk: Resource;
  readonly namespace: string;
  readonly claim: string;
  readonly team: string;
  /** The service whose pod mounts it, and the pod's ordinal; none: no pod ever does. */
  readonly mountedBy?: { readonly service: string; readonly ordinal: number };
  /** Its claim was deleted and the disk kept. */
  readonly released?: boolean;
}

/** Everything a cluster puts on the bill. Nodes and network are the platform team's, volumes belong to the namespace that claimed them. */
export function clusterUses(cluster: Cluster): Use[] {
  const { environment, subscription } = cluster;
  const names = clusterNames(environment);
  const place = { subscription, environment };
  const managed: (readonly [string, string])[] = [
    ["aks-managed-cluster-name", names.name],
    ["aks-managed-cluster-rg", names.group],
  ];
  const inNodeGroup = { ...place, group: names.nodeGroup, owner: "platform" };
  const uses: Use[] = [];

  const plane = resource({
    ...place,
    type: "Microsoft.ContainerService/managedClusters",
    name: names.name,
    group: names.group,
    owner: "platform",
    teamTag: true,
  });
  const part: ClusterPart = { environment, kind: "plane" };
  uses.push(use(plane, "Standard Uptime SLA", "24", { part }));
  uses.push(
    use(
      plane,
      "Standard vCore",
      String(24 * cluster.pools.reduce((sum, pool) => sum + pool.cores * pool.joined.length, 0)),
      { owner: "security", part },
    ),
  );

  for (const pool of cluster.pools) uses.push(...poolUses(cluster, pool));

  for (const name of ["kubernetes", "kubernetes-internal"]) {
    const balancer = resource({
      ...inNodeGroup,
      type: "Microsoft.Network/loadBalancers",
      name,
      tags: managed,
    });
    const share: ClusterPart = { environment, kind: "balancer" };
    uses.push(
      use(balancer, "Standard Included LB Rules and Outbound Rules", "24", {
        casing: "lower",
        part: share,
      }),
    );
    uses.push(
      use(balancer, "Standard Data Processed", "38.25", {
        casing: "lower",
        noise: 300,
        weekend: 400,
        long: name === "kubernetes",
        part: share,
      }),
    );
  }
  const outbound = resource({
    ...inNodeGroup,
    type: "Microsoft.Network/publicIPAddresses",
    name: guid(`outbound ${environment}`),
    tags: [...managed, ["aks-managed-type", "aks-slb-managed-outbound-ip"]],
  });
  const ingress = resource({
    ...inNodeGroup,
    type: "Microsoft.Network/publicIPAddresses",
    name: `kubernetes-a${hex(`ingress ${environment}`, 31)}`,
    tags: [
      ["k8s-azure-cluster-name", names.name],
      ["k8s-azure-service", `${INGRESS.namespace}/${INGRESS.service}`],
    ],
  });
  uses.push(
    use(outbound, "Standard IPv4 Static Public IP", "24", {
      casing: "lower",
      part: { environment, kind: "network" },
    }),
    use(ingress, "Standard IPv4 Static Public IP", "24", {
      casing: "lower",
      part: { environment, kind: "service", ...INGRESS },
    }),
  );

  for (const volume of volumesOf(cluster)) uses.push(...volumeUses(cluster, volume));
  return uses;
}

function poolUses(cluster: Cluster, pool: Pool): Use[] {
  const { environment, subscription } = cluster;
  const nodes = scaleSetOf(cluster, pool);
  const scaleSet = nodes.name;
  return pool.joined.flatMap((_, index) => {
    const instance = (pool.first ?? 0) + index;
    const vm = `${scaleSet}_${instance}`;
    const commitment = pool.covered?.[instance];
    const days = {
      key: vm,
      when: (day: Day) => presence(environment, pool, instance, day) !== null,
    };
    const node: ClusterPart = {
      environment,
      kind: "node",
      pool: pool.name,
      instance,
      compute: false,
    };
    const nameless: ClusterPart = { environment, kind: "pool", pool: pool.name };
    const details =
      `{"UsageType":"ComputeHR","ImageType":"Canonical","ServiceType":"${pool.size}","VMName":"${vm}","VMSSName":"${scaleSet}",` +
      `"VMProperties":"Microsoft.AKS.Compute.AKS.Linux.Billing","VCPUs":${pool.cores},"ConsumedQuantity":%Q%}`;
    const traffic = `{"PipelineType":"v2","DataTransferDirection":"DataTrOut","VmName":${instance === 2 ? "null" : `"${vm}"`},"NodeId":"${guid(`node ${environment} ${vm}`)}"}`;
    const protectedNode: Resource = {
      ...nodes,
      id: `${nodes.id}/virtualMachines/${instance}`,
      name: String(instance),
    };
    const disk: Resource = resource({
      type: "Microsoft.Compute/disks",
      name: `${scaleSet.slice(0, -4)}vmss_disk1_${hex(`os disk ${environment} ${vm}`, 32)}`,
      group: clusterNames(environment).nodeGroup.toUpperCase(),
      subscription,
      environment,
      owner: "platform",
      tags: nodes.tags.slice(1),
    });
    const sent = { ...days, part: instance === 2 ? nameless : node };
    return [
      use(nodes, pool.meter, "24", {
        ...days,
        details,
        hours: (day) => billedHours(environment, pool, instance, day),
        part: { ...node, compute: true },
        ...(commitment === undefined ? {} : { commitment }),
      }),
      use(protectedNode, "Standard P2 Node", "24", { ...days, owner: "security", part: node }),
      use(nodes, "Standard Data Transfer Out", "1.84", {
        ...sent,
        casing: "lower",
        details: traffic,
        noise: 600,
        weekend: 300,
        long: instance % 2 === 0,
      }),
      use(nodes, "Intra Continent Data Transfer Out", "0.00391", {
        ...sent,
        casing: "lower",
        details: traffic,
        noise: 900,
        decimals: 8,
      }),
      use(disk, "P10 LRS Disk", "0.03225806", {
        ...days,
        key: "",
        decimals: 8,
        part: nameless,
      }),
    ];
  });
}

/** The persistent volumes of a cluster: each product team's, and in production one that no pod mounts and one whose claim is gone. */
export function volumesOf(cluster: Cluster): Volume[] {
  const { environment } = cluster;
  const volumes = PRODUCT_TEAMS.flatMap((team) =>
    Array.from({ length: cluster.claims }, (_, index) => {
      const service = ["api", "search", "events"][index] ?? "batch";
      return volume(cluster, {
        key: `${environment} ${team} ${index}`,
        namespace: `${team}-${service}`,
        claim: `data-${service}-${index}`,
        team,
        mountedBy: { service, ordinal: index },
      });
    }),
  );
  if (environment !== "production") return volumes;
  return [
    ...volumes,
    volume(cluster, {
      key: "production scans",
      namespace: "documents-scans",
      claim: "scans-2024",
      team: "documents",
    }),
    volume(cluster, {
      key: "production released",
      namespace: "underwriting-batch",
      claim: "data-batch-0",
      team: "underwriting",
      released: true,
    }),
  ];
}

function volume(cluster: Cluster, made: Omit<Volume, "name" | "disk"> & { key: string }): Volume {
  const { key, ...rest } = made;
  const { environment, subscription } = cluster;
  const name = `pvc-${guid(`volume ${key}`)}`;
  const disk = resource({
    type: "Microsoft.Compute/disks",
    name,
    group: clusterNames(environment).nodeGroup.toUpperCase(),
    subscription,
    environment,
    owner: made.team,
    tags: [
      ["k8s-azure-created-by", "kubernetes-azure-dd"],
      ["kubernetes.io-created-for-pv-name", name],
      ["kubernetes.io-created-for-pvc-name", made.claim],
      ["kubernetes.io-created-for-pvc-namespace", made.namespace],
    ],
  });
  return { ...rest, name, disk };
}

function volumeUses(cluster: Cluster, { name, disk }: Volume): Use[] {
  const part: ClusterPart = { environment: cluster.environment, kind: "volume", volume: name };
  const small = pick(name.slice(4), 3) > 0;
  return [
    use(disk, small ? "E4 LRS Disk" : "E10 LRS Disk", "0.03225806", { decimals: 8, part }),
    use(disk, "E4 LRS Disk Operations", small ? "4.3" : "21.7", {
      noise: 700,
      weekend: 300,
      decimals: 4,
      twins: true,
      part,
    }),
  ];
}
