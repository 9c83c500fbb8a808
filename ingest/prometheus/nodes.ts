import { type FactSink } from "./facts.ts";
import { label, type Labels } from "./labels.ts";
import {
  addRuns,
  bridged,
  HOUR_MS,
  oneValue,
  type Run,
  spread,
  union,
  type Window,
} from "./runs.ts";

const RESOURCES = ["cpu", "memory", "nvidia_com_gpu"] as const;
type Sized = "capacity" | "allocatable";

interface Node {
  name: string;
  /** Of each provider id the node had, when. */
  providers: Map<string, Run[]>;
  seen: Run[];
  sizes: Map<string, Run[]>;
  labels: { labels: Labels; runs: readonly Run[] }[];
  virtual: boolean;
  /** When its containers were measured: joined, and what came since. */
  covered: Run[];
  coveredToo: Run[];
  /** As `covered` says it to others; none since something came. */
  bridged: Run[] | null;
}

/** The nodes of a cluster-day, by name, and what they are called in the bill. */
export class Nodes {
  readonly #nodes = new Map<string, Node>();
  readonly #window: Window;
  constructor(window: Window) {
    this.#window = window;
  }

  #node(name: string): Node {
    let node = this.#nodes.get(name);
    if (node === undefined) {
      node = {
        name,
        providers: new Map(),
        seen: [],
        sizes: new Map(),
        labels: [],
        virtual: /^virtual-(node|kubelet)/.test(name),
        covered: [],
        coveredToo: [],
        bridged: null,
      };
      this.#nodes.set(name, node);
    }
    return node;
  }

  info(labels: Labels, runs: readonly Run[]): void {
    const node = this.#node(label(labels, "node"));
    node.seen.push(...runs);
    if (/\bvk-/.test(labels["kubelet_version"] ?? "")) node.virtual = true;
    const provider = (labels["provider_id"] ?? "").toLowerCase().replace(/^azure:\/\//, "");
    if (provider === "") return;
    addRuns(node.providers, provider, runs);
  }

  size(which: Sized, labels: Labels, runs: readonly Run[]): void {
    const { sizes } = this.#node(label(labels, "node"));
    addRuns(sizes, `${which} ${labels["resource"] ?? ""}`, runs);
  }

  labels(labels: Labels, runs: readonly Run[]): void {
    const node = this.#node(label(labels, "node"));
    node.labels.push({ labels, runs });
    if (labels["label_type"] === "virtual-kubelet") node.virtual = true;
  }

  /** Notes when containers of a node were measured. */
  cover(name: string, runs: readonly Run[]): void {
    const node = this.#node(name);
    node.coveredToo.push(...runs);
    node.bridged = null;
  }

  /** When containers of a node were measured, gaps up to five minutes bridged. */
  covered(name: string): readonly Run[] {
    const node = this.#nodes.get(name);
    return node === undefined ? [] : (node.bridged ??= bridged(joined(node)));
  }

  /** The node's key: its provider id in lower case, the one it had at `at`, else its name. */
  key(name: string, at: number): string {
    const providers = this.#nodes.get(name)?.providers;
    if (providers === undefined || providers.size === 0) return `name:${name.toLowerCase()}`;
    let best: { provider: string; far: number } | undefined;
    for (const [provider, runs] of providers)
      for (const run of runs) {
        const far = at < run.from ? run.from - at : at >= run.until ? at - run.until + 1 : 0;
        if (best === undefined || far < best.far || (far === best.far && provider < best.provider))
          best = { provider, far };
      }
    return best?.provider ?? ([...providers.keys()].toSorted()[0] as string);
  }

  /** Writes `node_hour`; gives the seconds covered on all nodes that are not virtual. */
  write(sink: FactSink): number {
    let coverage = 0;
    for (const node of [...this.#nodes.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const keys = node.providers.size === 0 ? [undefined] : [...node.providers.keys()].toSorted();
      for (const key of keys) coverage += this.#write(node, key, sink);
    }
    return coverage;
  }

  /** A name that two machines had in a day is two nodes, each with its own time. */
  #write(node: Node, provider: string | undefined, sink: FactSink): number {
    const { from } = this.#window;
    const mine = (runs: readonly Run[]) =>
      node.providers.size < 2
        ? runs
        : runs.filter((run) => this.key(node.name, run.from) === provider);
    const seen = union(provider === undefined ? node.seen : (node.providers.get(provider) ?? []));
    const covered = bridged(mine(joined(node)));
    const hours = (runs: readonly Run[]) => {
      const ms = new Float64Array(24);
      spread(runs, from, HOUR_MS, (hour, part) => (ms[hour] = (ms[hour] ?? 0) + part));
      return ms;
    };
    // Whoever runs containers is there, whatever kube-state-metrics missed.
    const present = hours(union([...seen, ...covered]));
    const measured = hours(covered);
    const sizes = new Map([...node.sizes].map(([key, runs]) => [key, oneValue(runs)]));
    const size = (which: Sized, resource: (typeof RESOURCES)[number], hour: number) =>
      latest(sizes.get(`${which} ${resource}`) ?? [], from, hour);
    let coverage = 0;
    for (let hour = 0; hour < 24; hour++) {
      const seconds = Math.round((present[hour] ?? 0) / 1000);
      if (seconds === 0) continue;
      const coveredSeconds = Math.round((measured[hour] ?? 0) / 1000);
      if (!node.virtual) coverage += coveredSeconds;
      const named = this.#named(node, from + (hour + 1) * HOUR_MS);
      const scaled = (value: number | null, by: number) =>
        value === null ? null : Math.round(value * by);
      sink.row("node_hour", [
        from / 1000 + hour * 3600,
        provider ?? `name:${node.name.toLowerCase()}`,
        node.name,
        named.pool,
        named.instanceType,
        scaled(size("capacity", "cpu", hour), 1000),
        scaled(size("allocatable", "cpu", hour), 1000),
        scaled(size("capacity", "memory", hour), 1 / 1_048_576),
        scaled(size("allocatable", "memory", hour), 1 / 1_048_576),
        scaled(size("capacity", "nvidia_com_gpu", hour), 1) ?? 0,
        scaled(size("allocatable", "nvidia_com_gpu", hour), 1) ?? 0,
        seconds,
        coveredSeconds,
        node.virtual,
      ]);
    }
    return coverage;
  }

  #named(node: Node, until: number): { pool: string | null; instanceType: string | null } {
    const known = node.labels
      .filter(({ runs }) => (runs[0]?.from ?? Infinity) < until)
      .toSorted((a, b) => (a.runs[0]?.from ?? 0) - (b.runs[0]?.from ?? 0));
    const labels = (known.at(-1) ?? node.labels[0])?.labels ?? {};
    return {
      pool:
        labels["label_kubernetes_azure_com_agentpool"] ??
        labels["label_agentpool"] ??
        /^aks-([a-z0-9]+)-\d+-vmss/.exec(node.name.toLowerCase())?.[1] ??
        null,
      instanceType:
        labels["label_node_kubernetes_io_instance_type"] ??
        labels["label_beta_kubernetes_io_instance_type"] ??
        null,
    };
  }
}

/** Joins what a node's containers were measured, once for all that came since. */
function joined(node: Node): Run[] {
  if (node.coveredToo.length > 0) node.covered = union([...node.covered, ...node.coveredToo]);
  node.coveredToo = [];
  return node.covered;
}

/** The last value known in an hour, else the first known of the day. */
function latest(runs: readonly Run[], from: number, hour: number): number | null {
  const until = from + (hour + 1) * HOUR_MS;
  return (runs.findLast((run) => run.from < until) ?? runs[0])?.value ?? null;
}
