import type { Resource } from "./resources.ts";
import { StatusError } from "./status.ts";

/** As in a ClusterRole; `*` stands for all. */
export interface Rule {
  verbs: readonly string[];
  apiGroups: readonly string[];
  resources: readonly string[];
  /** Only there; as a RoleBinding would have it. */
  namespaces?: readonly string[];
}

export interface User {
  name: string;
  /** Without rules: everything. */
  rules?: readonly Rule[];
}

export interface Attempt {
  verb: string;
  resource: Pick<Resource, "group" | "plural">;
  subresource?: string | undefined;
  namespace?: string | undefined;
  name?: string | undefined;
}

/** Whether a rule of the user's allows it. */
export function mayDo(user: User, attempt: Attempt): boolean {
  const { group, plural } = attempt.resource;
  const wanted = attempt.subresource === undefined ? plural : `${plural}/${attempt.subresource}`;
  const has = (list: readonly string[], value: string) =>
    list.includes("*") || list.includes(value);
  return (
    user.rules?.some(
      (rule) =>
        has(rule.verbs, attempt.verb) &&
        has(rule.apiGroups, group) &&
        has(rule.resources, wanted) &&
        (rule.namespaces === undefined ||
          (attempt.namespace !== undefined && rule.namespaces.includes(attempt.namespace))),
    ) ?? true
  );
}

/** The 403 as the API server words it. */
export function forbidden(user: User, attempt: Attempt): StatusError {
  const { group, plural } = attempt.resource;
  const wanted = attempt.subresource === undefined ? plural : `${plural}/${attempt.subresource}`;
  const where =
    attempt.namespace === undefined
      ? "at the cluster scope"
      : `in the namespace "${attempt.namespace}"`;
  const whole = group === "" ? plural : `${plural}.${group}`;
  return new StatusError(
    403,
    "Forbidden",
    `${whole}${attempt.name === undefined ? "" : ` "${attempt.name}"`} is forbidden: User "${user.name}" cannot ${attempt.verb} resource "${wanted}" in API group "${group}" ${where}`,
    { details: { kind: plural, group } },
  );
}
