import { checkSection, hint, type Located, readYaml } from "../data/config.ts";
import { SENTINELS } from "../data/buckets.ts";
import { AppError } from "../data/errors.ts";
import { parseDay } from "../data/period.ts";
import { CLUSTER_KEYS, LINE_KEYS, type MatchKey, OwnersConfig } from "./owners-config.ts";

/** A team as it was in `[from, until)`; the years at both ends mean "always". */
export interface TeamVersion {
  team: string;
  from: string;
  until: string;
  name: string;
  businessUnit: string;
  costCenter: string;
}

/** One condition of a rule: any of `patterns` (SQL LIKE, lower case, escaped by `\`) must match. */
export interface Condition {
  key: MatchKey;
  /** The tag's name, lower case; empty for keys that have none. */
  name: string;
  patterns: string[];
}

export interface Rule {
  /** First match wins: the place in the file, from 1. */
  order: number;
  team: string;
  from: string;
  until: string;
  conditions: Condition[];
  /** For people: `rule 3: tag owner=claims`. */
  text: string;
}

export interface Ownership {
  teams: TeamVersion[];
  budgets: { team: string; amount: string; currency: string }[];
  rules: Rule[];
  /** Things that will not do what their writer may expect. */
  warnings: string[];
}

export const ALWAYS = { from: "0001-01-01", until: "9999-12-31" } as const;

export const NO_OWNERS: Ownership = { teams: [], budgets: [], rules: [], warnings: [] };

/** Reads `owners.yaml`; a rule that names an unknown team is an error with its place. */
export function readOwners(file: string, hasClusters: boolean): Ownership {
  return parseOwners(readYaml(file, "the configuration names it as owners"), hasClusters);
}

/** Sign-in's groups of each team in `owners.yaml`, which `readOwners` has checked. */
export function readTeamGroups(file: string): { team: string; groups: string[] }[] {
  const config = readYaml(file, "the configuration names it as owners").value as OwnersConfig;
  return (config.teams ?? []).map((team) => ({ team: team.id, groups: team.groups ?? [] }));
}

/** Each team's contacts, its lead first, and its business unit now. */
export function readTeamContacts(
  file: string,
): { team: string; businessUnit: string; contacts: string[] }[] {
  const config = readYaml(file, "the configuration names it as owners").value as OwnersConfig;
  return (config.teams ?? []).map((team) => ({
    team: team.id,
    businessUnit: team.businessUnit ?? "",
    contacts: team.contacts ?? [],
  }));
}

export function parseOwners(located: Located, hasClusters = false): Ownership {
  checkSection(located, [], located.value, OwnersConfig);
  const config = located.value as OwnersConfig;
  const ids = new Map<string, number>();
  const teams: TeamVersion[] = [];
  const budgets: Ownership["budgets"] = [];
  for (const [index, team] of (config.teams ?? []).entries()) {
    const place = () => located.at(["teams", index, "id"]);
    if (Object.hasOwn(SENTINELS, team.id))
      throw new AppError("CONFIG_INVALID", `${place()}: "${team.id}" is the name of a bucket`);
    const before = ids.get(team.id.toLowerCase());
    if (before !== undefined)
      throw new AppError(
        "CONFIG_INVALID",
        `${place()}: team "${team.id}" is defined a second time; the first is at ${located.at(["teams", before, "id"])}`,
      );
    ids.set(team.id.toLowerCase(), index);
    if (team.budget !== undefined) budgets.push({ team: team.id, ...team.budget });
    teams.push(...versions(team, index, located));
  }
  const warnings: string[] = [];
  const rules = (config.rules ?? []).map((rule, index): Rule => {
    const place = (key?: string) => located.at(["rules", index], key);
    const team = (config.teams ?? []).find((candidate) => candidate.id === rule.team);
    if (team === undefined)
      throw new AppError(
        "CONFIG_INVALID",
        `${place("team")}: no team has the id "${rule.team}"${hint(
          rule.team,
          (config.teams ?? []).map((candidate) => candidate.id),
        )}`,
      );
    const from = rule.from === undefined ? ALWAYS.from : parseDay(rule.from, place("from"));
    const until = rule.until === undefined ? ALWAYS.until : parseDay(rule.until, place("until"));
    if (from >= until)
      throw new AppError(
        "CONFIG_INVALID",
        `${place("until")}: until ${until} is not after from ${from}; the rule would never match`,
      );
    const conditions = conditionsOf(rule.match);
    const ofClusters = conditions.filter((condition) => CLUSTER_KEYS.includes(condition.key));
    const ofLines = conditions.filter((condition) => LINE_KEYS.includes(condition.key));
    const keys = (some: readonly Condition[]) => some.map((condition) => condition.key).join(", ");
    if (ofClusters.length > 0 && ofLines.length > 0)
      warnings.push(
        `${place()}: matches by ${keys(ofClusters)}, which namespaces have, and by ${keys(ofLines)}, which bill lines have; nothing has both, so it owns nothing`,
      );
    else if (ofClusters.length > 0 && !hasClusters)
      warnings.push(
        `${place()}: matches by ${keys(ofClusters)}, and the configuration has no clusters; it owns nothing`,
      );
    return {
      order: index + 1,
      team: rule.team,
      from,
      until,
      conditions,
      text: `rule ${index + 1}: ${describeMatch(rule.match)}`,
    };
  });
  return { teams, budgets, rules, warnings };
}

type TeamConfig = NonNullable<OwnersConfig["teams"]>[number];

/** `history` entries say what held until a day; what is not said there holds as it is now. */
function versions(team: TeamConfig, index: number, located: Located): TeamVersion[] {
  const now = {
    name: team.name ?? team.id,
    businessUnit: team.businessUnit ?? "",
    costCenter: team.costCenter ?? "",
  };
  const past = (team.history ?? [])
    .map((entry, at) => ({
      ...entry,
      until: parseDay(entry.until, located.at(["teams", index, "history", at, "until"])),
    }))
    .toSorted((a, b) => (a.until < b.until ? -1 : 1));
  let from: string = ALWAYS.from;
  const list: TeamVersion[] = [];
  for (const entry of past) {
    list.push({
      team: team.id,
      from,
      until: entry.until,
      name: entry.name ?? now.name,
      businessUnit: entry.businessUnit ?? now.businessUnit,
      costCenter: entry.costCenter ?? now.costCenter,
    });
    from = entry.until;
  }
  list.push({ team: team.id, from, until: ALWAYS.until, ...now });
  return list;
}

type MatchConfig = NonNullable<OwnersConfig["rules"]>[number]["match"];

/** What a `match` asks for, condition by condition. */
export function conditionsOf(match: MatchConfig): Condition[] {
  const conditions: Condition[] = [];
  for (const [key, value] of Object.entries(match) as [MatchKey, unknown][]) {
    const keyed = typeof value === "object" && !Array.isArray(value);
    const entries = keyed
      ? Object.entries(value as Record<string, string | string[]>)
      : [["", value as string | string[]] as const];
    for (const [name, patterns] of entries)
      conditions.push({
        key,
        name: key === "tag" ? name.toLowerCase() : name,
        patterns: [patterns].flat().map(globToLike),
      });
  }
  return conditions;
}

/** A `match` in words: `tag owner=claims and service Storage`. */
export function describeMatch(match: MatchConfig): string {
  return Object.entries(match)
    .flatMap(([key, value]) =>
      typeof value === "object" && !Array.isArray(value)
        ? Object.entries(value).map(
            ([name, patterns]) => `${key} ${name}=${[patterns].flat().join("|")}`,
          )
        : [`${key} ${[value].flat().join("|")}`],
    )
    .join(" and ");
}

/** A glob (`*` any text, `?` one character) as a lower-case LIKE pattern; all else is literal. */
export function globToLike(glob: string): string {
  return glob
    .toLowerCase()
    .replaceAll(/[\\%_]/g, (char) => `\\${char}`)
    .replaceAll("*", "%")
    .replaceAll("?", "_");
}
