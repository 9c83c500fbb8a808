import { Cron } from "croner";
import type { Verdict } from "./life.ts";
import type { NamespaceFacts, Thing, WorkloadUsage } from "./facts.ts";
import { daysBetween } from "./life.ts";
import { type Policy, protectionOf } from "./policy.ts";

/**
 * Whether a namespace is dormant: every signal holds, each with its evidence. What is not known holds
 * for none of them, so that taking a metric away never makes a candidate.
 */

export const SIGNALS = [
  "age",
  "pods",
  "cron-jobs",
  "changes",
  "traffic",
  "rollouts",
  "schedule",
  "git",
] as const;
export type SignalName = (typeof SIGNALS)[number];

export interface Signal {
  signal: SignalName;
  /** Null: not known, which counts as activity. */
  holds: boolean | null;
  /** For people: what was seen, and when. */
  evidence: string;
}

export interface Assessment {
  verdict: Verdict;
  /** One line for people: the signal that decided. */
  why: string;
  signals: Signal[];
  protection: string | null;
  /** The repository or tool that would make it again. */
  gitops: string | null;
  /** The newest sign of life; null where none is known. */
  lastActivity: { at: string; what: string } | null;
  /** What would go with it, and what is reported about it. */
  holds: { volumes: number; loadBalancers: number; workloads: number; isEmpty: boolean };
}

// A day's usage comes with the night; an inventory runs at least daily.
const STALE_INVENTORY_HOURS = 36;
const STALE_USAGE_HOURS = 48;
const COVERAGE = 0.9;
// What an idle process does: reference rightsizing-peers, section 3.
const IDLE_MILLICORES = 5;
const IDLE_SHARE = 0.03;
const IDLE_BYTES = 1024;
const FLAT_MEMORY = 0.05;
// A yearly job is used yearly: a namespace that holds one is in use.
const CRON_HORIZON_DAYS = 400;

/** Judges one namespace. `commits` says when a repository last changed it, where that is known. */
export function assess(
  facts: NamespaceFacts,
  policy: Policy,
  now: string,
  commits: (facts: NamespaceFacts) => string | null = () => null,
): Assessment {
  const protection = protectionOf(policy, facts);
  const gitops = managedBy(facts);
  const signals: Signal[] = [
    age(facts, policy, now),
    pods(facts, policy, now),
    cronJobs(facts, now),
    changes(facts, policy, now),
    traffic(facts, now),
    rollouts(facts, policy, now),
    schedule(facts),
    git(gitops, commits(facts), policy, now),
  ];
  const failed = signals.find(({ holds }) => holds === false);
  const unknown = signals.find(({ holds }) => holds === null);
  const deciding = failed ?? unknown;
  return {
    verdict:
      protection !== null
        ? "protected"
        : failed !== undefined
          ? "active"
          : unknown !== undefined
            ? "unknown"
            : "dormant",
    why: protection ?? deciding?.evidence ?? `no sign of life for ${policy.dormantDays} days`,
    signals,
    protection,
    gitops,
    lastActivity: lastActivity(facts),
    holds: holdingsOf(facts),
  };
}

function age(facts: NamespaceFacts, policy: Policy, now: string): Signal {
  const { created } = facts;
  if (created === null) return signal("age", null, "when it was created is not known");
  const days = daysBetween(created, now);
  return signal(
    "age",
    days >= policy.minimumAgeDays && !facts.isDeleting,
    facts.isDeleting
      ? "it is being deleted"
      : `created ${created.slice(0, 10)}, ${Math.floor(days)} days ago`,
  );
}

function pods(facts: NamespaceFacts, policy: Policy, now: string): Signal {
  const { inventory, usage } = facts;
  const blind = inventoryGap(facts, now) ?? usageGap(facts, now);
  if (blind !== null) return signal("pods", null, blind);
  const busy = usage.workloads
    .map((workload) => ({ workload, ...idleness(workload) }))
    .find(({ isIdle }) => isIdle !== true);
  if (busy !== undefined)
    return signal(
      "pods",
      busy.isIdle,
      `${busy.workload.kind} ${busy.workload.name}: ${busy.evidence}`,
    );
  if ((inventory.runningPods ?? 0) > 0 && usage.workloads.length === 0)
    return signal(
      "pods",
      null,
      `${inventory.runningPods} pods run, of which there is no usage data`,
    );
  return signal(
    "pods",
    true,
    usage.workloads.length === 0
      ? `no pod ran in ${policy.dormantDays} days`
      : `${usage.workloads.length} workloads, all idle`,
  );
}

/** Whether a workload that runs does nothing. */
function idleness(workload: WorkloadUsage): { isIdle: boolean | null; evidence: string } {
  const { cpuP99, cpuRequested, memory, memorySpread, network, kind } = workload;
  if (kind === "CronJob")
    return { isIdle: false, evidence: `fired, last on ${workload.lastRan.slice(0, 10)}` };
  if (cpuP99 === null || memory === null || memorySpread === null)
    return { isIdle: null, evidence: "its CPU or memory is not known" };
  const limit = Math.max(IDLE_MILLICORES, IDLE_SHARE * (cpuRequested ?? 0));
  if (cpuP99 >= limit)
    return { isIdle: false, evidence: `uses ${cpuP99.toFixed(1)} millicores (P99)` };
  if (memorySpread / memory >= FLAT_MEMORY) return { isIdle: false, evidence: "its memory moves" };
  // Zero bytes of a pod that is probed and scraped is a gap, not silence.
  if (network === null) return { isIdle: null, evidence: "its network is not measured" };
  if (network >= IDLE_BYTES)
    return { isIdle: false, evidence: `moves ${Math.round(network)} bytes a second over probes` };
  return { isIdle: true, evidence: "idle" };
}

function cronJobs(facts: NamespaceFacts, now: string): Signal {
  const blind = inventoryGap(facts, now);
  if (blind !== null) return signal("cron-jobs", null, blind);
  const jobs = facts.inventory.things.filter(
    ({ kind, spec, annotations }) =>
      kind === "CronJob" &&
      // Suspended by ourselves is not suspended by its people.
      (spec["suspend"] !== true || annotations["apportion.io/original-suspend"] === "false"),
  );
  for (const { name, spec } of jobs) {
    const due = nextRun(spec["schedule"], spec["timeZone"], now);
    if (due === UNREADABLE)
      return signal("cron-jobs", null, `the schedule of CronJob ${name} cannot be read`);
    if (due !== null && daysBetween(now, due) <= CRON_HORIZON_DAYS)
      return signal("cron-jobs", false, `CronJob ${name} is due on ${due.slice(0, 10)}`);
  }
  return signal("cron-jobs", true, "no cron job is due");
}

const UNREADABLE = "unreadable";

/** The next run of a schedule, null where it never comes, `UNREADABLE` where it cannot be told. */
function nextRun(schedule: unknown, timeZone: unknown, now: string): string | null {
  if (typeof schedule !== "string") return UNREADABLE;
  try {
    const cron = new Cron(schedule, {
      timezone: typeof timeZone === "string" ? timeZone : "UTC",
      paused: true,
    });
    return cron.nextRun(new Date(now))?.toISOString() ?? null;
  } catch {
    return UNREADABLE;
  }
}

function changes(facts: NamespaceFacts, policy: Policy, now: string): Signal {
  const blind = inventoryGap(facts, now);
  if (blind !== null) return signal("changes", null, blind);
  const { since, changed } = facts.inventory;
  if (changed !== null && daysBetween(changed.at, now) < policy.dormantDays)
    return signal("changes", false, `${changed.what} on ${changed.at.slice(0, 10)}`);
  if (since === null || daysBetween(since, now) < policy.dormantDays)
    return signal(
      "changes",
      null,
      `changes are followed since ${since?.slice(0, 10) ?? "never"}, less than ${policy.dormantDays} days`,
    );
  return signal(
    "changes",
    true,
    changed === null
      ? "nothing was ever changed"
      : `${changed.what} on ${changed.at.slice(0, 10)}, nothing since`,
  );
}

function traffic(facts: NamespaceFacts, now: string): Signal {
  const open = facts.inventory.things.filter(
    ({ kind, spec }) =>
      kind === "Ingress" || (kind === "Service" && spec["type"] === "LoadBalancer"),
  );
  const blind = inventoryGap(facts, now) ?? usageGap(facts, now);
  if (blind !== null) return signal("traffic", null, blind);
  const moving = facts.usage.workloads.find(
    ({ network }) => network === null || network >= IDLE_BYTES,
  );
  if (moving === undefined)
    return signal(
      "traffic",
      true,
      open.length === 0
        ? "nothing of it is reached from outside"
        : `${open.length} ways in, and nothing behind them that moves bytes`,
    );
  return moving.network === null
    ? signal("traffic", null, `the network of ${moving.kind} ${moving.name} is not measured`)
    : signal(
        "traffic",
        false,
        `${moving.kind} ${moving.name} moves ${Math.round(moving.network)} bytes a second`,
      );
}

function rollouts(facts: NamespaceFacts, policy: Policy, now: string): Signal {
  const blind = inventoryGap(facts, now);
  if (blind !== null) return signal("rollouts", null, blind);
  const { rolledOut } = facts.inventory;
  if (rolledOut !== null && daysBetween(rolledOut, now) < policy.dormantDays)
    return signal("rollouts", false, `rolled out on ${rolledOut.slice(0, 10)}`);
  return signal("rollouts", true, "no rollout");
}

/** Asleep by a schedule is not dormant: somebody set it to wake. */
function schedule(facts: NamespaceFacts): Signal {
  const marks = [
    { name: "the namespace", annotations: facts.annotations, kind: "Namespace" },
    ...facts.inventory.things,
  ];
  for (const { kind, name, annotations } of marks) {
    if (kind === "SleepInfo")
      return signal(
        "schedule",
        false,
        `kube-green's SleepInfo ${name} puts it to sleep and wakes it`,
      );
    if (kind === "ScaledObject")
      return signal("schedule", false, `KEDA's ScaledObject ${name} wakes it when work comes`);
    const key = Object.keys(annotations).find((one) =>
      /^(?:downscaler\/(?:uptime|downtime|upscale-period|downscale-period|force-uptime|original-replicas)|kube-downscaler\/|downscaler\.k8s\.zalan\.do\/|autoscaling\.knative\.dev\/)/.test(
        one,
      ),
    );
    if (key !== undefined) return signal("schedule", false, `${name} sleeps by schedule (${key})`);
  }
  return signal("schedule", true, "no downscaler's schedule");
}

function git(gitops: string | null, commit: string | null, policy: Policy, now: string): Signal {
  if (gitops === null) return signal("git", true, "not managed from a repository");
  if (commit === null)
    return signal("git", null, `managed by ${gitops}, whose last commit is not known`);
  return signal(
    "git",
    daysBetween(commit, now) >= policy.dormantDays,
    `managed by ${gitops}, last commit ${commit.slice(0, 10)}`,
  );
}

const GITOPS_MARKS = [
  ["argocd.argoproj.io/instance", "Argo CD application"],
  ["argocd.argoproj.io/tracking-id", "Argo CD application"],
  ["kustomize.toolkit.fluxcd.io/name", "Flux kustomization"],
  ["helm.toolkit.fluxcd.io/name", "Flux Helm release"],
  ["fleet.cattle.io/bundle-name", "Fleet bundle"],
  ["objectset.rio.cattle.io/id", "Fleet bundle"],
] as const;

/** The GitOps tool that keeps a namespace, with what it calls it; null where none does. */
export function managedBy({
  labels,
  annotations,
}: Pick<NamespaceFacts, "labels" | "annotations">): string | null {
  for (const [key, tool] of GITOPS_MARKS) {
    const value = labels[key] ?? annotations[key];
    if (value !== undefined && value !== "") return `${tool} ${value.split(":")[0]}`;
  }
  return null;
}

function inventoryGap(facts: NamespaceFacts, now: string): string | null {
  const { at } = facts.inventory;
  if (at === null) return "the inventory lacks a kind of object";
  return daysBetween(at, now) * 24 > STALE_INVENTORY_HOURS || at > now
    ? `the inventory is of ${at.slice(0, 16)}`
    : null;
}

function usageGap(facts: NamespaceFacts, now: string): string | null {
  const { coverage, newest } = facts.usage;
  if (coverage === null || newest === null) return "there is no usage data of the cluster";
  if (daysBetween(newest, now) * 24 > STALE_USAGE_HOURS)
    return `usage data ends ${newest.slice(0, 16)}`;
  return coverage < COVERAGE
    ? `usage data covers ${Math.floor(coverage * 100)} % of the time, and 90 % is needed`
    : null;
}

function lastActivity(facts: NamespaceFacts): Assessment["lastActivity"] {
  const seen = [
    ...(facts.created === null ? [] : [{ at: facts.created, what: "created" }]),
    ...(facts.inventory.changed === null ? [] : [facts.inventory.changed]),
    ...(facts.inventory.rolledOut === null
      ? []
      : [{ at: facts.inventory.rolledOut, what: "a rollout" }]),
    ...facts.usage.workloads
      .filter((workload) => idleness(workload).isIdle !== true)
      .map(({ kind, name, lastRan }) => ({ at: lastRan, what: `${kind} ${name} ran` })),
  ];
  return seen.toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0))[0] ?? null;
}

const OF_EVERY_NAMESPACE = new Set(["ServiceAccount/default", "ConfigMap/kube-root-ca.crt"]);

function holdingsOf({ inventory }: NamespaceFacts): Assessment["holds"] {
  const of = (test: (thing: Thing) => boolean) => inventory.things.filter(test).length;
  return {
    volumes: of(({ kind }) => kind === "PersistentVolumeClaim"),
    loadBalancers: of(({ kind, spec }) => kind === "Service" && spec["type"] === "LoadBalancer"),
    workloads: of(({ kind }) =>
      ["Deployment", "StatefulSet", "DaemonSet", "Rollout", "CronJob", "Job"].includes(kind),
    ),
    isEmpty:
      of(
        ({ kind, name }) => !OF_EVERY_NAMESPACE.has(`${kind}/${name}`) && kind !== "RoleBinding",
      ) === 0 && (inventory.runningPods ?? 1) === 0,
  };
}

function signal(name: SignalName, holds: boolean | null, evidence: string): Signal {
  return { signal: name, holds, evidence };
}
