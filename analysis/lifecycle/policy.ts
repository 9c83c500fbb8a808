import { Type, type Static } from "typebox";

const closed = { additionalProperties: false };
const Days = (what: string) => Type.Integer({ minimum: 1, maximum: 3_650, description: what });
const Clock = (what: string) =>
  Type.String({ pattern: "^([01]\\d|2[0-3]):[0-5]\\d$", description: `${what}, as HH:MM in UTC` });
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
const Weekday = Type.Enum(WEEKDAYS);

/**
 * Deleting, which is off where this is not written. Its grace periods have no defaults: a tool that
 * takes a grace that was not written for zero days deletes today.
 */
const DeletionConfig = Type.Object(
  {
    noticeDays: Type.Integer({
      minimum: 30,
      maximum: 365,
      description: "days from the first message to the earliest deletion, at least 30",
    }),
    quarantineDays: Type.Integer({
      minimum: 7,
      maximum: 365,
      description: "days a namespace stays scaled to zero before it may go, at least 7",
    }),
    maxCount: Type.Integer({
      minimum: 1,
      maximum: 100,
      description: "more than so many in one run abort the run",
    }),
    maxPercent: Type.Number({
      exclusiveMinimum: 0,
      maximum: 20,
      description: "more than this percentage of a cluster's namespaces abort the run",
    }),
    window: Type.Optional(
      Type.Object(
        {
          days: Type.Array(Weekday, { minItems: 1 }),
          from: Clock("the first minute"),
          until: Clock("the minute after the last"),
          holidays: Type.Optional(
            Type.Array(
              Type.String({
                pattern: "^\\d{4}-\\d{2}-\\d{2}$",
                description: "a day as YYYY-MM-DD",
              }),
            ),
          ),
        },
        closed,
      ),
    ),
    stop: Type.Optional(
      Type.Boolean({
        description: "true: nothing is scaled down or deleted, whatever is approved",
      }),
    ),
  },
  closed,
);

/** The rules of a namespace's life: the section `namespaces` of the configuration. */
export const LifecycleConfig = Type.Object(
  {
    dormantDays: Type.Optional(
      Days("how long every signal must have held; 30 where it is not said"),
    ),
    confirmScans: Type.Optional(Type.Integer({ minimum: 3, maximum: 1_000 })),
    confirmDays: Type.Optional(
      Type.Integer({ minimum: 14, maximum: 365, description: "at least 14 days" }),
    ),
    keepDays: Type.Optional(Days("how long an owner's keep holds; 180 where it is not said")),
    protect: Type.Optional(
      Type.Object(
        {
          names: Type.Optional(Type.Array(Type.String({ minLength: 1 }))),
          annotations: Type.Optional(Type.Array(Type.String({ minLength: 1 }))),
        },
        closed,
      ),
    ),
    deletion: Type.Optional(DeletionConfig),
  },
  closed,
);
export type LifecycleConfig = Static<typeof LifecycleConfig>;

export type Weekday = (typeof WEEKDAYS)[number];

export interface Deletion {
  noticeDays: number;
  quarantineDays: number;
  maxCount: number;
  maxPercent: number;
  window: { days: readonly Weekday[]; from: string; until: string; holidays: readonly string[] };
  stop: boolean;
}

/** The same with everything said. */
export interface Policy {
  dormantDays: number;
  confirmScans: number;
  confirmDays: number;
  keepDays: number;
  /** Days before the deadline at which the owner is told, first one first. */
  notices: readonly number[];
  /** The longest an owner may put a namespace off. */
  snoozeDays: number;
  /** Nothing younger is a candidate. */
  minimumAgeDays: number;
  /** Evidence older than this deletes nothing. */
  evidenceMinutes: number;
  protectedNames: readonly string[];
  protectedAnnotations: readonly string[];
  /** Null: namespaces are watched and their owners told, and nothing is scaled down or deleted. */
  deletion: Deletion | null;
}

/**
 * Names that a platform's own namespaces carry. Globs. What the peers protect, taken together
 * (reference: rightsizing-peers, section 6.2).
 */
export const PROTECTED_NAMES = [
  "default",
  "kube-*",
  "cattle-*",
  "fleet-*",
  "calico-*",
  "tigera-*",
  "gatekeeper-*",
  "istio-*",
  "cert-manager",
  "monitoring",
  "ingress*",
  "argocd",
  "flux-*",
  "velero",
  "kyverno",
  "local",
  "rancher-*",
  "aks-*",
  "azure-*",
  "app-routing-*",
  "dapr-system",
  "apportion",
] as const;

/** `key` or `key=value`, on a label or an annotation: ours, and those of the tools people have. */
export const PROTECTED_MARKS = [
  "apportion.io/protect",
  "apportion.io/protect=true",
  "janitor/ttl=forever",
  "kor/used=true",
  "downscaler/exclude=true",
  "helm.sh/resource-policy=keep",
  "control-plane",
  "kubernetes.azure.com/managedby",
  // Rancher's own projects, and what the hierarchical namespace controller holds together.
  "management.cattle.io/system-namespace=true",
  "hnc.x-k8s.io/included-namespace=false",
] as const;

/** The rules as configured; what is not said is as the design has it. */
export function policyOf(config: LifecycleConfig): Policy {
  const { deletion } = config;
  return {
    dormantDays: config.dormantDays ?? 30,
    confirmScans: config.confirmScans ?? 3,
    confirmDays: config.confirmDays ?? 14,
    keepDays: config.keepDays ?? 180,
    notices: [deletion?.noticeDays ?? 30, 14, 7, 1],
    snoozeDays: 90,
    minimumAgeDays: 30,
    evidenceMinutes: 15,
    protectedNames: [...PROTECTED_NAMES, ...(config.protect?.names ?? [])],
    protectedAnnotations: [...PROTECTED_MARKS, ...(config.protect?.annotations ?? [])],
    deletion:
      deletion === undefined
        ? null
        : {
            ...deletion,
            stop: deletion.stop === true,
            window: {
              // Somebody must be there when it turns out to have been missed.
              days: deletion.window?.days ?? ["mon", "tue", "wed", "thu"],
              from: deletion.window?.from ?? "08:00",
              until: deletion.window?.until ?? "15:00",
              holidays: deletion.window?.holidays ?? [],
            },
          },
  };
}

/** Why nothing may be scaled down or deleted at this moment; null where it may. */
export function closedBecause(policy: Policy, now: Date): string | null {
  const { deletion } = policy;
  if (deletion === null)
    return 'deleting is off: the configuration has no "namespaces.deletion" section';
  if (deletion.stop) return "the kill switch is on: namespaces.deletion.stop is true";
  const { days, from, until, holidays } = deletion.window;
  const day = WEEKDAYS[now.getUTCDay()] ?? "sun";
  const time = now.toISOString().slice(11, 16);
  if (!days.includes(day) || time < from || time >= until)
    return `outside of the window (${days.join(", ")}, ${from} to ${until} UTC)`;
  if (holidays.includes(now.toISOString().slice(0, 10))) return "today is a holiday";
  return null;
}

/** The mark or name that protects a namespace; null where none does. */
export function protectionOf(
  policy: Policy,
  namespace: {
    name: string;
    labels: Readonly<Record<string, string>>;
    annotations: Readonly<Record<string, string>>;
  },
): string | null {
  const name = policy.protectedNames.find((glob) => matches(glob, namespace.name));
  if (name !== undefined) return `its name is protected by "${name}"`;
  for (const [where, marks] of [
    ["label", namespace.labels],
    ["annotation", namespace.annotations],
  ] as const)
    for (const mark of policy.protectedAnnotations) {
      const [key = "", ...rest] = mark.split("=");
      const value = Object.hasOwn(marks, key) ? marks[key] : undefined;
      if (value === undefined) continue;
      // A bare key protects by being there; ours may be set to "false" to say that it does not.
      if (rest.length === 0 ? value !== "false" : value === rest.join("="))
        return `the ${where} ${key}=${value} protects it`;
    }
  return null;
}

function matches(glob: string, text: string): boolean {
  const pattern = glob
    .toLowerCase()
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${pattern}$`, "su").test(text.toLowerCase());
}
