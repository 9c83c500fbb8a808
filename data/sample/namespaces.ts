import { type Cluster, INGRESS, volumesOf } from "./clusters.ts";
import { pick } from "./random.ts";
import { EDGE, RELABELLED, REMADE } from "./specials.ts";
import { PRODUCT_TEAMS } from "./teams.ts";
import { workloadsOf } from "./workloads.ts";

/** A namespace; `labels` are in force from their time on, the first ones from the beginning. */
export interface Namespace {
  readonly name: string;
  readonly created: number;
  readonly until?: number;
  readonly labels: readonly {
    readonly from: number;
    readonly labels: Readonly<Record<string, string>>;
  }[];
}

const SYSTEM_NAMESPACES = ["default", "ingress-nginx", "kube-system", "monitoring"];
const BEGIN = Date.parse("2024-03-05T08:00:00Z") / 1000;

const TOOLS: Record<string, string> = { dev: "claims", test: "broker" };

/** The namespaces of a cluster by name, with the labels a rule may look at. Some say their team, some leave it to their name. */
export function namespacesOf(cluster: Cluster): Namespace[] {
  const { environment } = cluster;
  const names = new Set(SYSTEM_NAMESPACES);
  for (const workload of workloadsOf(cluster)) names.add(workload.namespace);
  for (const volume of volumesOf(cluster))
    if (volume.released !== true) names.add(volume.namespace);
  return [...names].toSorted().flatMap((name): Namespace[] => {
    const created = BEGIN + pick(`created ${environment} ${name}`, 500) * 86_400;
    const plain = { from: created, labels: { "kubernetes.io/metadata.name": name } };
    const told = (team: string, from = created): Namespace["labels"][number] => ({
      from,
      labels: { ...plain.labels, team },
    });
    if (environment === REMADE.environment && name === REMADE.namespace)
      return [
        { name, created, until: REMADE.until, labels: [told("claims")] },
        { name, created: REMADE.from, labels: [told("underwriting", REMADE.from)] },
      ];
    if (environment === RELABELLED.environment && name === RELABELLED.namespace)
      return [{ name, created, labels: [told("underwriting"), told("pricing", RELABELLED.from)] }];
    const tools = name === "shared-tools" ? TOOLS[environment] : undefined;
    if (tools !== undefined) return [{ name, created, labels: [told(tools)] }];
    const team = PRODUCT_TEAMS.find((id) => name.startsWith(`${id}-`));
    const labelled = team !== undefined && pick(`labelled ${environment} ${name}`, 5) < 2;
    return [{ name, created, labels: [labelled ? told(team) : plain] }];
  });
}

/** A service of type LoadBalancer, from a time on. */
export interface Service {
  readonly namespace: string;
  readonly service: string;
  readonly from: number;
}

/** The services of a cluster that have a load balancer. */
export function servicesOf(cluster: Cluster): Service[] {
  const { environment } = cluster;
  const ingress = { ...INGRESS, from: BEGIN };
  return environment === EDGE.environment
    ? [ingress, { namespace: EDGE.namespace, service: EDGE.service, from: EDGE.from }]
    : [ingress];
}
