import type { Rule } from "../ownership.ts";

/** What ownership rules can see of a namespace. */
export interface Owned {
  cluster: string;
  name: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** Every name of whoever made it. */
  creators: readonly string[];
}

/** The team that the rules give a namespace on a day; the first match wins, as in the build. */
export function teamOf(rules: readonly Rule[], owned: Owned, day: string): string | null {
  const rule = rules.find(
    ({ from, until, conditions }) =>
      from <= day && day < until && conditions.every((one) => holds(one, owned)),
  );
  return rule?.team ?? null;
}

function holds({ key, name, patterns }: Rule["conditions"][number], owned: Owned): boolean {
  if (key === "creator")
    return patterns.some((pattern) =>
      owned.creators.some((one) => likes(pattern, one.toLowerCase())),
    );
  const value =
    key === "cluster"
      ? owned.cluster
      : key === "namespace"
        ? owned.name
        : key === "label"
          ? owned.labels[name]
          : key === "annotation"
            ? owned.annotations[name]
            : undefined;
  return value !== undefined && patterns.some((pattern) => likes(pattern, value.toLowerCase()));
}

/** SQL's LIKE with `\` as its escape. */
export function likes(pattern: string, text: string): boolean {
  const expression = pattern.replaceAll(
    /\\(.)|[%_]|[.+^${}()|[\]*?]/gsu,
    (match, escaped: string | undefined) =>
      escaped !== undefined
        ? escaped.replace(/[.+^${}()|[\]*?\\]/u, "\\$&")
        : match === "%"
          ? ".*"
          : match === "_"
            ? "."
            : `\\${match}`,
  );
  return new RegExp(`^${expression}$`, "su").test(text);
}
