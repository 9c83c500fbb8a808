/**
 * A recommendation as text that somebody applies; nothing here applies it. Memory's limit is its request
 * but after a kill that calls for more, and a CPU limit is taken away: a limit throttles where nothing else wants the core.
 */

export interface PatchedContainer {
  namespace: string;
  workloadKind: string;
  workload: string;
  container: string;
  /** Microcores and bytes; null leaves it as it is. */
  cpu: number | null;
  mem: number | null;
  memLimit: number | null;
  /** There is a CPU limit to take away. */
  hasCpuLimit: boolean;
}

const API_VERSIONS: Readonly<Record<string, string>> = {
  Deployment: "apps/v1",
  StatefulSet: "apps/v1",
  DaemonSet: "apps/v1",
  ReplicaSet: "apps/v1",
  CronJob: "batch/v1",
  Job: "batch/v1",
  Rollout: "argoproj.io/v1alpha1",
};

/** Whether a kind has a template to patch: a bare pod's requests cannot be changed, a group of jobs is no object. */
export function isPatchable(kind: string): boolean {
  return Object.hasOwn(API_VERSIONS, kind);
}

/** A strategic-merge patch of one workload, for the containers given. */
export function strategicPatch(containers: readonly PatchedContainer[]): string {
  const [first] = containers;
  if (first === undefined) return "";
  const { namespace, workloadKind: kind, workload } = first;
  const path =
    kind === "CronJob" ? ["jobTemplate", "spec", "template", "spec"] : ["template", "spec"];
  const lines = [
    // A custom resource has no merge keys: kubectl would replace the list of containers.
    ...(kind === "Rollout"
      ? [
          "# A Rollout's containers have no merge key: apply it with Kustomize and Argo's openapi schema.",
        ]
      : []),
    `apiVersion: ${API_VERSIONS[kind] ?? "v1"}`,
    `kind: ${kind}`,
    "metadata:",
    `  name: ${workload}`,
    `  namespace: ${namespace}`,
    "spec:",
  ];
  path.forEach((name, depth) => lines.push(`${"  ".repeat(depth + 1)}${name}:`));
  const indent = "  ".repeat(path.length + 1);
  lines.push(`${indent}containers:`);
  for (const one of containers)
    lines.push(
      `${indent}  - name: ${one.container}`,
      ...resources(one).map((line) => `${indent}    ${line}`),
    );
  return `${lines.join("\n")}\n`;
}

/** The same as an entry of `patches:` in a kustomization. */
export function kustomizePatch(containers: readonly PatchedContainer[]): string {
  const [first] = containers;
  if (first === undefined) return "";
  const [group, version] = (API_VERSIONS[first.workloadKind] ?? "v1").split("/");
  return [
    "patches:",
    "  - target:",
    `      group: ${group}`,
    `      version: ${version}`,
    `      kind: ${first.workloadKind}`,
    `      name: ${first.workload}`,
    `      namespace: ${first.namespace}`,
    "    patch: |-",
    ...strategicPatch(containers)
      .trimEnd()
      .split("\n")
      .map((line) => `      ${line}`),
    "",
  ].join("\n");
}

/** The values most charts take for a container; what they are under is the chart's. */
export function helmValues(container: PatchedContainer): string {
  const { namespace, workloadKind, workload } = container;
  return [
    `# ${workloadKind} ${namespace}/${workload}, container ${container.container}`,
    ...resources(container),
    "",
  ].join("\n");
}

function resources({ cpu, mem, memLimit, hasCpuLimit }: PatchedContainer): string[] {
  const limits = [
    ...(hasCpuLimit && cpu !== null ? ["    cpu: null"] : []),
    ...(memLimit === null ? [] : [`    memory: ${memoryText(memLimit)}`]),
  ];
  return [
    "resources:",
    "  requests:",
    ...(cpu === null ? [] : [`    cpu: ${Math.ceil(cpu / 1000)}m`]),
    ...(mem === null ? [] : [`    memory: ${memoryText(mem)}`]),
    ...(limits.length === 0 ? [] : ["  limits:", ...limits]),
  ];
}

function memoryText(bytes: number): string {
  return `${Math.ceil(bytes / 1_048_576)}Mi`;
}
