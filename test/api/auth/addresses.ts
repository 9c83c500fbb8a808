import fc from "fast-check";
import type { Door } from "../../../api/auth/needs.ts";

/** Addresses of routes, made from what the app says of itself, so that a new route is asked as well. */

interface Node {
  [key: string]: unknown;
  type?: string;
  anyOf?: Node[];
  const?: unknown;
  pattern?: string;
  minimum?: number;
  properties?: Record<string, Node>;
  required?: string[];
}

/** What is put where a name, a key or a target goes; the looker's own and others'. */
export const NAMES = [
  "shop",
  "beta",
  "data",
  "platform",
  "nobody-at-all",
  "__unowned__",
  "prod",
  "dev",
  "jobs",
  "kube-system",
  "lab",
  "prod/shop",
  "team:shop",
  "team:beta",
  "team:data",
  "bucket:__unowned__",
  "bucket:__idle__",
  "namespace:prod/shop",
  "namespace:prod/lab",
  "namespace:prod/jobs",
  "workload:prod/shop/Deployment/web",
  "workload:prod/shop/Deployment/reports",
  "resource:/subscriptions/11111111-2222-3333-4444-555555555555/resourcegroups/rg-beta/providers/microsoft.storage/storageaccounts/betamarkstore0",
  "resource:/subscriptions/11111111-2222-3333-4444-555555555555/resourcegroups/rg-shop/providers/microsoft.storage/storageaccounts/shopfiles",
  "Deployment/web",
  "Deployment/reports",
  "month",
  "7d",
  "2026-08-01,2026-08-04",
] as const;

/** Values known by the name of the parameter; every other takes its schema's, or any name. */
const BY_NAME: Readonly<Record<string, readonly string[]>> = {
  month: ["2026-07", "2026-08", "2026-09"],
  by: [
    "team",
    "businessUnit",
    "service",
    "environment",
    "cluster",
    "namespace",
    "workload",
    "resource",
    "day",
  ],
  currency: ["EUR", "USD", "JPY", "CHF"],
  cluster: ["prod", "dev", "other"],
  namespace: ["shop", "jobs", "lab", "kube-system", "team:beta", "__idle__"],
  window: ["2026-07-31,2026-08-04", "lastmonth"],
  aggregate: ["all", "team", "cluster", "namespace", "controller", "cluster,namespace,team"],
  filter: ['team:"beta"', 'team:"data"', 'namespace:"shop"', 'cluster:"dev"'],
  step: ["1d", "1w"],
  accumulate: ["true", "false"],
  cursor: ["1", "50"],
  resolution: ["1m"],
  name: ["shop", "lab", "jobs", "nowhere"],
  action: ["keep", "snooze", "approve", "quarantine", "restore", "fly"],
  number: ["1", "2"],
  "number.csv": ["1.csv", "2.csv"],
};

const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

function values(name: string, node: Node, more: Values): readonly string[] {
  const known = more[name] ?? BY_NAME[name];
  if (known !== undefined) return known;
  const literals = (node.anyOf ?? []).flatMap((option) =>
    option.const === undefined ? [] : [text(option.const)],
  );
  if (literals.length > 0) return literals;
  if (node.const !== undefined) return [text(node.const)];
  if (node.type === "integer" || node.type === "number")
    return [...new Set([node.minimum ?? 1, 3, 36])].map(String);
  if (node.type === "boolean") return ["true", "false"];
  return NAMES;
}

/** Values that a test adds, by the name of the parameter. */
export type Values = Readonly<Record<string, readonly string[]>>;

/** Any address of a route: its path filled, each parameter of its query there or not. */
export function addressesOf(door: Door, more: Values = {}): fc.Arbitrary<string> {
  const query = (door.schema as { querystring?: Node } | undefined)?.querystring;
  const parts = door.url
    .split("/")
    .map((part) =>
      part.startsWith(":")
        ? fc
            .constantFrom(
              ...values(part.slice(1), {}, more).filter((value) => !value.includes(",")),
            )
            .map(encodeURIComponent)
        : part === "*"
          ? fc.constantFrom("x.js", "../config")
          : fc.constant(part),
    );
  const params = Object.entries(query?.properties ?? {}).map(([name, node]) => {
    const value = fc
      .constantFrom(...values(name, node, more))
      .map((text) => `${encodeURIComponent(name)}=${encodeURIComponent(text)}`);
    return query?.required?.includes(name) === true
      ? value
      : fc.option(value, { nil: null, freq: 2 });
  });
  // Half the fields at most: a query in which everything is narrowed finds nothing.
  return fc.tuple(fc.tuple(...parts), fc.tuple(...params)).map(([path, query]) => {
    const text = query.filter((part) => part !== null).join("&");
    return `${path.join("/")}${text === "" ? "" : `?${text}`}`;
  });
}
