import { addRuns, length, union, type Run } from "./runs.ts";

export type Labels = Readonly<Record<string, string>>;

/** As a name put together anew would be hashed for every look-up. */
const EXPORTED = {
  container: "exported_container",
  namespace: "exported_namespace",
  node: "exported_node",
  pod: "exported_pod",
  service: "exported_service",
  uid: "exported_uid",
} as const;

/**
 * A label as the exporter wrote it: a scrape without `honor_labels` renames it to `exported_…` and
 * puts the exporter's own in its place.
 */
export function label(labels: Labels, name: keyof typeof EXPORTED): string {
  return labels[EXPORTED[name]] ?? labels[name] ?? "";
}

/** Keys that kube-state-metrics mangles, and everybody uses. */
const KNOWN: ReadonlyMap<string, string> = new Map(
  [
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/version",
    "app.kubernetes.io/component",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/created-by",
    "helm.sh/chart",
    "k8s-app",
    "pod-template-hash",
    "controller-revision-hash",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "pod-template-generation",
    "job-name",
    "batch.kubernetes.io/job-name",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "kubernetes.io/metadata.name",
    "kubernetes.io/cluster-service",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "kubernetes.io/hostname",
    "kubernetes.azure.com/managedby",
    "kubernetes.azure.com/mode",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "node.kubernetes.io/instance-type",
    "cost-center",
    "business-unit",
    "cost-centre",
  ].map((key) => [key.replaceAll(/[^a-zA-Z0-9_]/g, "_"), key]),
);

/** Labels or annotations of one object over a day: how long each value of each key was there. */
export class HeldLabels {
  /** Made for the first: most objects have none. */
  #held: Map<string, Map<string, Run[]>> | undefined;

  /** @param prefix `label_` or `annotation_`, as kube-state-metrics puts it before each key */
  add(labels: Labels, prefix: "label_" | "annotation_", runs: readonly Run[]): void {
    for (const [name, value] of Object.entries(labels)) {
      if (!name.startsWith(prefix) || value === "") continue;
      const mangled = name.slice(prefix.length);
      const key = KNOWN.get(mangled) ?? mangled;
      this.#held ??= new Map();
      const values = this.#held.get(key) ?? new Map<string, Run[]>();
      this.#held.set(key, values);
      addRuns(values, value, runs);
    }
  }

  /** JSON of the value held longest for each key; of two held equally long the later. */
  json(): string {
    if (this.#held === undefined) return "{}";
    const chosen: [string, string][] = [];
    for (const [key, values] of this.#held) {
      let best: { value: string; held: number; last: number } | undefined;
      for (const [value, runs] of values) {
        const joined = union(runs);
        const held = length(joined);
        const last = joined.at(-1)?.until ?? 0;
        if (
          best === undefined ||
          held > best.held ||
          (held === best.held && (last > best.last || (last === best.last && value > best.value)))
        )
          best = { value, held, last };
      }
      if (best !== undefined && best.held > 0) chosen.push([key, best.value]);
    }
    return JSON.stringify(Object.fromEntries(chosen.toSorted(([a], [b]) => (a < b ? -1 : 1))));
  }
}
