/** The words a recommendation explains itself with; `docs/findings.md` lists them with these meanings. */

/** Why no request of a resource is recommended. */
export const ABSTENTIONS = {
  "opted-out": "the workload's annotation apportion.io/rightsizing says off",
  "init-container":
    "it ends before the pod's containers begin; its request counts only where it is above all of theirs",
  gone: "no pod of it was seen in the last two days",
  "too-young": "seen for less than 7 days",
  "few-runs": "a cron job or job seen in fewer than 3 runs",
  "low-coverage": "under 90 % of the time its pods ran has usage data",
  rollout: "pods of two revisions run beside each other",
  hpa: "a HorizontalPodAutoscaler scales on this resource: a new request would move its target",
  keda: "a KEDA ScaledObject scales on this resource",
  "managed-heap":
    "memory of a runtime that keeps what it once took (Java), and no metric says how much of its heap is in use",
} as const;
export type Abstention = keyof typeof ABSTENTIONS;

/** The rules that decided, or that a reader should know of. */
export const REASONS = {
  "worth-14d":
    "CPU: where one core more would cost as much as the shortage it spares, by the last 14 days, the last 2 counted more",
  "worth-2d": "CPU: the same, and 95 % of the last 2 days is higher than of 14",
  "worth-window": "CPU: the same of the whole window, as nothing ran in the last 14 days",
  "scheduled-burst":
    "CPU: an hour of the day used more than twice the rest's request on 3 days or more, and is covered",
  "month-turn":
    "CPU: the days around a month's turn used more than twice the rest's request, and are covered",
  "floor-cpu": "CPU: the configured floor decided",
  "short-lived": "CPU: pods live too briefly to leave their first minutes out",
  "max-window": "memory: the highest use of the window, with the tier's margin",
  oom: "memory: killed at its limit; a quarter, or 100 MiB, above the limit at the kill",
  "oom-limit":
    "memory: killed at a limit of which three quarters were never used; the limit goes a quarter, or 100 MiB, above it, the request stays with what is used",
  leak: "memory: grows all the time; the request is not lowered, and no request is ever enough",
  "floor-memory": "memory: the configured floor decided",
  "cpu-limit": "a CPU limit is set; none is recommended, and the throttled part is shown",
  "other-metric": "an autoscaler scales it on something else than CPU or memory",
  "autoscaler-unknown": "no Kubernetes source: whether an autoscaler scales it is not known",
  "runtime-unknown": "no Kubernetes source: whether it runs on a managed heap is not known",
  guaranteed:
    "request and limit are equal for CPU and memory: a change gives up the Guaranteed class",
} as const;
export type Reason = keyof typeof REASONS;

/** How a container's use behaves; the first that fits, in this order. */
export const CLASSES = {
  cron: "of a CronJob, or of jobs that come again",
  idle: "99 % of pod-time under 5 millicores or 3 % of the request, and flat memory, for 14 days",
  leak: "memory that grows in a straight line for as long as a process lives",
  "scheduled-burst": "the same hour of the day far above the rest, on 3 days or more",
  seasonal: "follows the hour of the day, the day of the week or the turn of the month",
  bursty: "short times far above what it mostly uses, without a pattern",
  steady: "even, or without any pattern of the other classes",
} as const;
export type WorkloadClass = keyof typeof CLASSES;

const MEANINGS: Readonly<Record<string, string>> = { ...CLASSES, ...ABSTENTIONS, ...REASONS };

/** What a code of a recommendation means to a person; a code of another version is its own meaning. */
export const meaningOf = (code: string) => MEANINGS[code] ?? code;
