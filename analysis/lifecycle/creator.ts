import type { Thing } from "./facts.ts";
import type { Answerable, Directory } from "./directory.ts";

/**
 * Who made a namespace, and who answers for it. Links of a chain, the surest first; each gives an
 * identity with confidence and evidence, and the first that leads to somebody decides. A controller's
 * service account is never a person, and Rancher's creatorId is read and never written.
 * Source of the order: reference rightsizing-peers, section 6.1.
 */

export const LINKS = [
  "annotation",
  "rancher",
  "rancher-project",
  "kyverno",
  "audit-log",
  "role-binding",
  "git",
  "workloads",
  "team-contact",
  "business-unit-contact",
] as const;
export type LinkName = (typeof LINKS)[number];
export type Confidence = "high" | "medium" | "low";

export interface Link {
  link: LinkName;
  /** As it stands there: an e-mail address, a user name, an object id. Personal data. */
  identity: string;
  confidence: Confidence;
  evidence: string;
}

export interface Creator {
  /** A pseudonym; null: nobody is known, so the namespace is reported and goes no further. */
  person: string | null;
  team: string | null;
  confidence: Confidence | null;
  link: LinkName | null;
  /** For people, without personal data. */
  evidence: string;
  /** Every link that told something, in order, by pseudonym. */
  links: { link: LinkName; person: string; confidence: Confidence; evidence: string }[];
}

export interface CreatorInputs {
  name: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  things: readonly Thing[];
  /** Rancher's users by id, `u-abc12`: every identity each is known by. */
  rancherUsers: ReadonlyMap<string, readonly string[]>;
  /** Owners of a Rancher project, `c-m-x:p-y`. */
  projectOwners: ReadonlyMap<string, readonly string[]>;
  /** The create call, from audit logs. Its user is a pseudonym already. */
  created: { who: string; isPerson: boolean; at: string } | null;
  /** The last human author of what a repository says about it. */
  author: string | null;
  /** The team that ownership rules give it, with its contacts and its business unit's. */
  team: { id: string; contacts: readonly string[]; unitContacts: readonly string[] } | null;
}

const OWN_KEYS = [
  "apportion.io/owner",
  "owner",
  "contact",
  "owner-email",
  "team-contact",
  "app.kubernetes.io/owner",
];

/** The links of a namespace that tell something, the surest first. */
export function linksOf(inputs: CreatorInputs): Link[] {
  const marks = { ...inputs.labels, ...inputs.annotations };
  const links: Link[] = [];
  const add = (
    link: LinkName,
    identity: string | undefined,
    confidence: Confidence,
    evidence: string,
  ) => {
    const plain = identity?.trim() ?? "";
    if (plain !== "" && !isMachineName(plain))
      links.push({ link, identity: plain, confidence, evidence });
  };
  for (const key of OWN_KEYS) add("annotation", marks[key], "high", `its mark ${key}`);
  const rancherId =
    marks["field.cattle.io/creatorId"] ?? marks["fleet.cattle.io/created-by-user-id"];
  for (const identity of inputs.rancherUsers.get(rancherId ?? "") ?? [])
    add("rancher", identity, "medium", `Rancher user ${rancherId}`);
  add(
    "rancher",
    marks["field.cattle.io/creator-principal-name"],
    "medium",
    "Rancher's creator principal",
  );
  const project = marks["field.cattle.io/projectId"];
  for (const identity of inputs.projectOwners.get(project ?? "") ?? [])
    add("rancher-project", identity, "medium", `owner of Rancher project ${project}`);
  add(
    "kyverno",
    marks["kyverno.io/created-by"] ?? kyvernoUser(marks["kyverno.io/user-info"]),
    "high",
    "Kyverno noted who created it",
  );
  if (inputs.created?.isPerson === true)
    links.push({
      link: "audit-log",
      identity: inputs.created.who,
      confidence: "high",
      evidence: `the create call of ${inputs.created.at.slice(0, 10)}`,
    });
  const humans = bindings(inputs.things);
  for (const { subject, binding } of humans)
    add("role-binding", subject, humans.length === 1 ? "medium" : "low", `RoleBinding ${binding}`);
  add("git", inputs.author ?? undefined, "medium", "last author of it in its repository");
  add("workloads", majority(inputs.things), "low", "most of its workloads are marked so");
  for (const contact of inputs.team?.contacts ?? [])
    add("team-contact", contact, "low", `contact of team ${inputs.team?.id}`);
  for (const contact of inputs.team?.unitContacts ?? [])
    add(
      "business-unit-contact",
      contact,
      "low",
      `contact of the business unit of team ${inputs.team?.id}`,
    );
  return links;
}

/**
 * Who answers for the namespace. An identity that a directory does not know, where there is one, is
 * no person; one who left is their manager, and then the lead of their team.
 * @param idOf the pseudonym of an identity
 * @param leadOf a team's first contact, in the clear
 */
export function resolveCreator(
  links: readonly Link[],
  directory: Directory,
  day: string,
  idOf: (identity: string) => string,
  leadOf: (team: string) => string | null = () => null,
): Creator {
  const told: Creator["links"] = links.map(({ link, identity, confidence, evidence }) => ({
    link,
    person: identity.startsWith("p_") ? identity : idOf(identity),
    confidence,
    evidence,
  }));
  for (const link of told) {
    const found = directory.answerable(link.person, day);
    const who = found.person ?? leader(found, leadOf, idOf);
    // What only a mark says counts for little where no directory confirms it.
    const isContact = link.link === "team-contact" || link.link === "business-unit-contact";
    if (who === null && !isContact) continue;
    return {
      person: who ?? link.person,
      team: found.team,
      confidence: found.isKnown
        ? found.through.length > 0
          ? lower(link.confidence)
          : link.confidence
        : "low",
      link: link.link,
      evidence: [
        link.evidence,
        ...found.through,
        ...(found.person === null && who !== null ? ["their team's lead"] : []),
      ].join("; "),
      links: told,
    };
  }
  return {
    person: null,
    team: null,
    confidence: null,
    link: null,
    evidence: "nothing tells who made it",
    links: told,
  };
}

function leader(
  found: Answerable,
  leadOf: (team: string) => string | null,
  idOf: (identity: string) => string,
): string | null {
  if (!found.isKnown || found.team === null) return null;
  const lead = leadOf(found.team);
  return lead === null ? null : idOf(lead);
}

function lower(confidence: Confidence): Confidence {
  return confidence === "high" ? "medium" : "low";
}

/** Controllers, nodes and Rancher's own. */
export function isMachineName(identity: string): boolean {
  return (
    /^(?:system:|kube:|local:\/\/|system:\/\/)/.test(identity) ||
    /^(?:admin|cluster-admin|masterclient|argocd|flux|kustomize-controller|helm-controller|rancher|fleet-agent|github-actions(?:\[bot\])?|.*\[bot\])$/i.test(
      identity,
    ) ||
    // `team-x` in `owner` names a team and no person; people have an address or an object id.
    !/@|^[0-9a-f]{8}-[0-9a-f-]{27}$|^p_[0-9a-f]{20}$/i.test(identity)
  );
}

function kyvernoUser(info: string | undefined): string | undefined {
  if (info === undefined) return undefined;
  try {
    const { username } = JSON.parse(info) as { username?: unknown };
    return typeof username === "string" ? username : undefined;
  } catch {
    return info;
  }
}

/** People a namespace was given to, those with more rights first. */
function bindings(things: readonly Thing[]): { subject: string; binding: string }[] {
  const rank = (role: unknown) => ["admin", "edit"].indexOf(String(role).replace(/^.*[-:]/, ""));
  return things
    .filter(({ kind }) => kind === "RoleBinding")
    .toSorted((a, b) => {
      const [one, two] = [rank(a.spec["role"]), rank(b.spec["role"])];
      return (one < 0 ? 9 : one) - (two < 0 ? 9 : two) || (a.name < b.name ? -1 : 1);
    })
    .flatMap(({ name, spec }) =>
      ((spec["subjects"] ?? []) as { kind?: string; name?: string }[])
        .filter(
          ({ kind, name: who }) => kind === "User" && who !== undefined && !isMachineName(who),
        )
        .map(({ name: who }) => ({ subject: who ?? "", binding: name })),
    );
}

/** The owner that more than half of the marked workloads name. */
function majority(things: readonly Thing[]): string | undefined {
  const named = things
    .filter(({ kind }) =>
      ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Rollout"].includes(kind),
    )
    .map(({ labels, annotations }) => {
      const marks = { ...labels, ...annotations };
      return OWN_KEYS.map((key) => marks[key]).find((value) => value !== undefined);
    })
    .filter((value) => value !== undefined);
  const counts = Map.groupBy(named, (value) => value);
  return [...counts].find(([, all]) => all.length * 2 > named.length)?.[0];
}
