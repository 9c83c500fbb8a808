import { parse } from "yaml";

/** What rules can see of a bill line. */
export interface Subject {
  tags: string;
  resourceGroup: string;
  resourceId: string;
  subscription: string[];
  service: string;
}

/** What rules can see of a consumer in a cluster. */
export interface Consumer {
  cluster: string;
  namespace: string;
  label: Record<string, string>;
}

interface Rule {
  team: string;
  from?: string;
  until?: string;
  match: Record<string, string | string[] | Record<string, string | string[]>>;
}

interface Team {
  id: string;
  businessUnit: string;
  costCenter: string;
  history?: { until: string; businessUnit: string; costCenter: string }[];
}

const list = (value: string | string[]): string[] => (Array.isArray(value) ? value : [value]);
const globs = new Map<string, RegExp>();

function matches(patterns: string | string[], values: readonly string[]): boolean {
  return list(patterns).some((pattern) => {
    let glob = globs.get(pattern);
    if (glob === undefined)
      globs.set(
        pattern,
        (glob = new RegExp(
          `^${pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^]*")}$`,
          "i",
        )),
      );
    return values.some((value) => glob.test(value));
  });
}

/** A plain reading of `owners.yaml`, to hold the generator's own knowledge against. */
export class Rules {
  readonly #teams: Map<string, Team>;
  readonly #rules: Rule[];
  readonly #cache = new Map<string, Rule[]>();

  constructor(text: string) {
    const file = parse(text, { schema: "failsafe" }) as { teams: Team[]; rules: Rule[] };
    this.#teams = new Map(file.teams.map((team) => [team.id, team]));
    this.#rules = file.rules;
    for (const rule of file.rules)
      if (!this.#teams.has(rule.team)) throw new Error(`unknown team: ${rule.team}`);
  }

  /** Team, business unit and cost centre of a line on a day, as one key. */
  owner(subject: Subject, date: string): string {
    const key = `${subject.resourceId}|${subject.tags}|${subject.service}|${subject.resourceGroup}|${subject.subscription[0] ?? ""}`;
    let candidates = this.#cache.get(key);
    if (candidates === undefined)
      this.#cache.set(key, (candidates = this.#rules.filter((rule) => applies(rule, subject))));
    const rule = candidates.find(
      (candidate) =>
        (candidate.from ?? "") <= date && (candidate.until === undefined || date < candidate.until),
    );
    return this.#standing(rule, date);
  }

  /** The same of what runs in a cluster. */
  ownerInCluster(consumer: Consumer, date: string): string {
    const rule = this.#rules.find(
      (one) =>
        (one.from ?? "") <= date &&
        (one.until === undefined || date < one.until) &&
        Object.entries(one.match).every(([key, wanted]) => {
          if (key === "cluster" || key === "namespace")
            return matches(wanted as string | string[], [consumer[key]]);
          return (
            key === "label" &&
            Object.entries(wanted as Record<string, string | string[]>).every(([name, patterns]) =>
              matches(patterns, [consumer.label[name] ?? ""]),
            )
          );
        }),
    );
    return this.#standing(rule, date);
  }

  #standing(rule: Rule | undefined, date: string): string {
    const team = this.#teams.get(rule?.team ?? "");
    if (team === undefined) return JSON.stringify(["__unowned__", "", ""]);
    const standing = team.history?.find((entry) => date < entry.until) ?? team;
    return JSON.stringify([team.id, standing.businessUnit, standing.costCenter]);
  }
}

function applies(rule: Rule, subject: Subject): boolean {
  return Object.entries(rule.match).every(([key, wanted]) => {
    if (key === "tag") {
      const tags =
        subject.tags === ""
          ? []
          : Object.entries(JSON.parse(subject.tags) as Record<string, string>);
      return Object.entries(wanted as Record<string, string | string[]>).every(([name, patterns]) =>
        matches(
          patterns,
          tags
            .filter(([tag]) => tag.toLowerCase() === name.toLowerCase())
            .map(([, value]) => value),
        ),
      );
    }
    const patterns = wanted as string | string[];
    if (key === "resourceGroup") return matches(patterns, [subject.resourceGroup]);
    if (key === "resourceId") return matches(patterns, [subject.resourceId]);
    if (key === "subscription") return matches(patterns, subject.subscription);
    if (key === "service") return matches(patterns, [subject.service]);
    // Of clusters: no line of a bill has these.
    if (key === "cluster" || key === "namespace" || key === "label") return false;
    throw new Error(`unknown key: ${key}`);
  });
}
