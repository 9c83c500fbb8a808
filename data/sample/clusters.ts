import { resource, use } from "./build.ts";
import type { Commitment, Resource, Subscription, Use } from "./model.ts";
import { digits, guid, hex, pick } from "./random.ts";
import { PRODUCT_TEAMS } from "./teams.ts";

/** A node pool; instance n exists from `joined[n]` on (empty: always), and only on the days that `idle[n]` leaves. */
export interface Pool {
  readonly name: string;
  readonly meter: string;
  readonly size: string;
  readonly cores: number;
  readonly joined: readonly string[];
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
  uses.push(use(plane, "Standard Uptime SLA", "24"));
  uses.push(
    use(
      plane,
      "Standard vCore",
      String(24 * cluster.pools.reduce((sum, pool) => sum + pool.cores * pool.joined.length, 0)),
      { owner: "security" },
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
    uses.push(
      use(balancer, "Standard Included LB Rules and Outbound Rules", "24", { casing: "lower" }),
    );
    uses.push(
      use(balancer, "Standard Data Processed", "38.25", {
        casing: "lower",
        noise: 300,
        weekend: 400,
        long: name === "kubernetes",
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
      ["k8s-azure-service", "ingress-nginx/ingress-nginx-controller"],
    ],
  });
  for (const address of [outbound, ingress])
    uses.push(use(address, "Standard IPv4 Static Public IP", "24", { casing: "lower" }));

  for (const team of PRODUCT_TEAMS) uses.push(...volumeUses(cluster, team));
  return uses;
}

function poolUses(cluster: Cluster, pool: Pool): Use[] {
  const { environment, subscription } = cluster;
  const names = clusterNames(environment);
  const scaleSet = `aks-${pool.name}-${digits(`suffix ${environment}`, 8)}-vmss`;
  const tags: (readonly [string, string])[] = [
    ["aks-managed-poolName", pool.name],
    ["aks-managed-creationSource", `vmssclient-${scaleSet}`],
    ["aks-managed-orchestrator", "Kubernetes:1.34.2"],
    ["aks-managed-bootstrap-profile-acr-name", ""],
  ];
  const place = { subscription, environment, group: names.nodeGroup, owner: "platform", tags };
  const nodes = resource({
    ...place,
    type: "Microsoft.Compute/virtualMachineScaleSets",
    name: scaleSet,
  });
  return pool.joined.flatMap((joined, instance) => {
    const vm = `${scaleSet}_${instance}`;
    const idle = pool.idle?.[instance];
    const commitment = pool.covered?.[instance];
    const days = {
      key: vm,
      ...(joined === "" ? {} : { since: joined }),
      ...(idle === undefined ? {} : { idle }),
    };
    const details =
      `{"UsageType":"ComputeHR","ImageType":"Canonical","ServiceType":"${pool.size}","VMName":"${vm}","VMSSName":"${scaleSet}",` +
      `"VMProperties":"Microsoft.AKS.Compute.AKS.Linux.Billing","VCPUs":${pool.cores},"ConsumedQuantity":%Q%}`;
    const traffic = `{"PipelineType":"v2","DataTransferDirection":"DataTrOut","VmName":${instance === 2 ? "null" : `"${vm}"`},"NodeId":"${guid(`node ${environment} ${vm}`)}"}`;
    const protectedNode: Resource = {
      ...nodes,
      id: `${nodes.id}/virtualMachines/${instance}`,
      name: String(instance),
    };
    const disk = resource({
      ...place,
      type: "Microsoft.Compute/disks",
      name: `${scaleSet.slice(0, -4)}vmss_disk1_${hex(`os disk ${environment} ${vm}`, 32)}`,
      group: names.nodeGroup.toUpperCase(),
    });
    return [
      use(nodes, pool.meter, "24", {
        ...days,
        details,
        partial: true,
        ...(commitment === undefined ? {} : { commitment }),
      }),
      use(protectedNode, "Standard P2 Node", "24", { ...days, owner: "security" }),
      use(nodes, "Standard Data Transfer Out", "1.84", {
        ...days,
        casing: "lower",
        details: traffic,
        noise: 600,
        weekend: 300,
        long: instance % 2 === 0,
      }),
      use(nodes, "Intra Continent Data Transfer Out", "0.00391", {
        ...days,
        casing: "lower",
        details: traffic,
        noise: 900,
        decimals: 8,
      }),
      use(disk, "P10 LRS Disk", "0.03225806", { ...days, key: "", decimals: 8 }),
    ];
  });
}

function volumeUses(cluster: Cluster, team: string): Use[] {
  const { environment, subscription } = cluster;
  const names = clusterNames(environment);
  return Array.from({ length: cluster.claims }, (_, index) => {
    const uid = guid(`volume ${environment} ${team} ${index}`);
    const service = ["api", "search", "events"][index] ?? "batch";
    const disk = resource({
      type: "Microsoft.Compute/disks",
      name: `pvc-${uid}`,
      group: names.nodeGroup.toUpperCase(),
      subscription,
      environment,
      owner: team,
      tags: [
        ["k8s-azure-created-by", "kubernetes-azure-dd"],
        ["kubernetes.io-created-for-pv-name", `pvc-${uid}`],
        ["kubernetes.io-created-for-pvc-name", `data-${service}-${index}`],
        ["kubernetes.io-created-for-pvc-namespace", `${team}-${service}`],
      ],
    });
    const small = pick(uid, 3) > 0;
    return [
      use(disk, small ? "E4 LRS Disk" : "E10 LRS Disk", "0.03225806", { decimals: 8 }),
      use(disk, "E4 LRS Disk Operations", small ? "4.3" : "21.7", {
        noise: 700,
        weekend: 300,
        decimals: 4,
        twins: true,
      }),
    ];
  }).flat();
}
