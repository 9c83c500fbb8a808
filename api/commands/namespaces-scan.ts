import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parse } from "csv-parse/sync";
import { ask, LOCAL_ADMINISTRATOR } from "../../analysis/ask.ts";
import { type CreatorInputs, linksOf, resolveCreator } from "../../analysis/lifecycle/creator.ts";
import { readDirectory } from "../../analysis/lifecycle/directory.ts";
import { type NamespaceFacts, readFacts } from "../../analysis/lifecycle/facts.ts";
import { apply, type Event, type Life, lifeOf, NEW_LIFE } from "../../analysis/lifecycle/life.ts";
import type { Recorded, Seen } from "../../analysis/lifecycle/record.ts";
import { assess } from "../../analysis/lifecycle/signals.ts";
import { teamOf } from "../../analysis/lifecycle/team.ts";
import { openSnapshot } from "../../analysis/snapshot.ts";
import { AppError } from "../../data/errors.ts";
import { homePaths } from "../../data/files.ts";
import { openLedger } from "../../data/ledger.ts";
import type { Register } from "../../data/register.ts";
import {
  allSeen,
  appendEvent,
  eventsOf,
  type NamespaceKey,
  noteSeen,
} from "../../data/register/namespaces.ts";
import { namesUnlogged, pseudonym } from "../../data/register/people.ts";
import type { Session } from "../../data/warehouse.ts";
import type { Config } from "../config.ts";

export interface ScanResult {
  scanned: number;
  /** Namespaces whose state changed, with the state before. */
  turned: { key: NamespaceKey; from: string; to: string; why: string }[];
}

const SYSTEM = { name: "system", role: "worker" };

/**
 * Looks at every namespace of the ledger: dormant or not, whose, what it costs; and takes each life a
 * step further. In a dry run nothing is recorded.
 */
export async function scanNamespaces(
  config: Config,
  register: Register,
  now: Date,
  isDryRun: boolean,
): Promise<ScanResult> {
  const at = now.toISOString();
  const found = await lookAtAll(config, register, now);
  const lives = new Map(
    eventsOf(register).map(({ key, events }) => [
      idOf(key),
      lifeOf(events as Event[], config.lifecycle),
    ]),
  );
  const before = new Map(allSeen(register).map(({ key }) => [placeOf(key), key]));
  const turned: ScanResult["turned"] = [];
  for (const { key, seen } of found) {
    let life = lives.get(idOf(key)) ?? NEW_LIFE;
    const from = life.state;
    const other = before.get(placeOf(key));
    const events = eventsFor(seen, life, at);
    for (const event of events) life = apply(life, event, config.lifecycle);
    const isTurn = life.state !== from;
    if (isTurn) turned.push({ key, from, to: life.state, why: life.why });
    if (isDryRun) continue;
    register.transaction(() => {
      // The same name made again: the life of the one before is over.
      if (other !== undefined && other.uid !== key.uid && !isOver(lives.get(idOf(other))))
        appendEvent(register, other, { type: "gone", at }, SYSTEM);
      for (const event of events)
        appendEvent(register, key, event, SYSTEM, {
          turned: isTurn,
          signals: seen.assessment.signals.map(({ signal, holds, evidence }) => ({
            signal,
            holds,
            evidence,
          })),
        });
      noteSeen(register, key, seen);
    });
  }
  if (!isDryRun) goneNow(register, found, before, lives, at);
  return { scanned: found.length, turned };
}

function eventsFor(seen: Seen, life: Life, at: string): Event[] {
  const scanned: Event = {
    type: "scanned",
    at,
    verdict: seen.assessment.verdict,
    why: seen.assessment.why,
    inventoryHash: seen.hash,
    owners: seen.owners,
    gitops: seen.assessment.gitops,
  };
  return life.until !== null && life.until <= at ? [{ type: "lapsed", at }, scanned] : [scanned];
}

const isOver = (life: Life | undefined) =>
  life === undefined || ["deleted", "restored", "purged", "gone"].includes(life.state);

/** Namespaces that were seen before and are there no more; deleted ones we know of. */
function goneNow(
  register: Register,
  found: readonly Pick<Recorded, "key" | "seen">[],
  before: ReadonlyMap<string, NamespaceKey>,
  lives: ReadonlyMap<string, Life>,
  at: string,
): void {
  const there = new Set(found.map(({ key }) => placeOf(key)));
  const clusters = new Set(found.map(({ key }) => key.cluster));
  for (const [place, key] of before)
    // A cluster of which nothing was read is not one in which nothing is.
    if (!there.has(place) && clusters.has(key.cluster) && !isOver(lives.get(idOf(key)) ?? NEW_LIFE))
      appendEvent(register, key, { type: "gone", at }, SYSTEM);
}

async function lookAtAll(
  config: Config,
  register: Register,
  now: Date,
): Promise<Pick<Recorded, "key" | "seen">[]> {
  const at = now.toISOString();
  const costs = await costsOf(config);
  const commits = await readCommits(config);
  const { sources, clusters, ownership } = config.build;
  const ledger = await openLedger(homePaths(config.home));
  try {
    const { session } = ledger;
    const facts = await readFacts(session, {
      home: config.home,
      now,
      days: config.lifecycle.dormantDays,
      sources,
      clusters: clusters.map(({ name }) => name),
    });
    const directory = await readDirectory(session, sources);
    const known = await identities(session, sources);
    return register.transaction(() =>
      facts.map((one) => {
        const commit = commits.get(`${one.cluster}/${one.name}`) ?? null;
        const madeFor = (team: string | null) =>
          resolveCreator(
            linksOf(inputsOf(one, known, config, team, commit?.author ?? null)),
            directory,
            at.slice(0, 10),
            (identity) => pseudonym(register, identity),
            (id) => config.contacts.find((each) => each.team === id)?.contacts[0] ?? null,
          );
        const { person } = madeFor(null);
        const creators =
          person === null ? [] : namesUnlogged(register, directory.identitiesOf(person)).values();
        const owned = { ...one, creators: [...creators] };
        const team = teamOf(ownership.rules, owned, at.slice(0, 10));
        // Once more, with the contacts of the team: they answer where nobody else does.
        const creator = madeFor(team);
        const seen: Seen = {
          at,
          created: one.created,
          labels: one.labels,
          annotations: one.annotations,
          hash: one.inventory.hash,
          assessment: assess(one, config.lifecycle, at, () => commit?.committedAt ?? null),
          creator,
          owners: creator.person === null ? [] : directory.identitiesOf(creator.person),
          team: team ?? creator.team,
          cost: costs.get(`${one.cluster}/${one.name}`) ?? null,
        };
        return { key: { cluster: one.cluster, name: one.name, uid: one.uid }, seen };
      }),
    );
  } finally {
    ledger.close();
  }
}

interface Identities {
  rancherUsers: Map<string, string[]>;
  projectOwners: Map<string, string[]>;
  created: Map<string, { who: string; isPerson: boolean; at: string }>;
}

/** Who Rancher's ids stand for, and who made the create calls. */
async function identities(session: Session, sources: readonly string[]): Promise<Identities> {
  const objects = await session.rows<{
    kind: string;
    name: string;
    spec: string;
    annotations: string;
  }>(
    `SELECT kind AS kind, name AS name, spec AS spec, annotations AS annotations FROM inventory
     WHERE valid_to IS NULL AND list_contains($sources, source) AND kind IN ('User', 'ProjectRoleTemplateBinding')`,
    { sources },
  );
  const rancherUsers = new Map<string, string[]>();
  const projectOwners = new Map<string, string[]>();
  for (const { kind, name, spec } of objects) {
    const told = JSON.parse(spec) as {
      username?: string;
      displayName?: string;
      principalIds?: string[];
      userName?: string;
      userPrincipalName?: string;
      projectName?: string;
      roleTemplateName?: string;
    };
    if (kind === "User")
      rancherUsers.set(name, [
        ...(told.principalIds ?? []).map((id) => id.replace(/^[a-z_]+:\/\//, "")),
        ...[told.username, told.displayName].filter((each) => each !== undefined),
      ]);
    else if (told.projectName !== undefined && told.roleTemplateName === "project-owner")
      projectOwners.set(told.projectName, [
        ...(projectOwners.get(told.projectName) ?? []),
        ...[told.userPrincipalName?.replace(/^[a-z_]+:\/\//, ""), told.userName].filter(
          (each) => each !== undefined,
        ),
      ]);
  }
  for (const [project, owners] of projectOwners)
    projectOwners.set(
      project,
      owners.flatMap((owner) => rancherUsers.get(owner) ?? [owner]),
    );
  const calls = await session.rows<{
    cluster: string;
    namespace: string;
    created_at: string;
    who: string;
    is_person: boolean;
  }>(
    `SELECT cluster AS cluster, namespace AS namespace, created_at AS created_at, who AS who, is_person AS is_person
     FROM namespace_created WHERE list_contains($sources, source) ORDER BY created_at`,
    { sources },
  );
  const created = new Map(
    calls.map((one) => [
      `${one.cluster}/${one.namespace}`,
      { who: one.who, isPerson: one.is_person, at: one.created_at },
    ]),
  );
  return { rancherUsers, projectOwners, created };
}

function inputsOf(
  facts: NamespaceFacts,
  known: Identities,
  config: Config,
  team: string | null,
  author: string | null,
): CreatorInputs {
  const own = config.contacts.find((each) => each.team === team);
  const call = known.created.get(`${facts.cluster}/${facts.name}`) ?? null;
  // A call long before it was created made another namespace of that name.
  const isOfThis =
    call !== null &&
    (facts.created === null || Math.abs(Date.parse(call.at) - Date.parse(facts.created)) < 60_000);
  return {
    name: facts.name,
    labels: facts.labels,
    annotations: facts.annotations,
    things: facts.inventory.things,
    rancherUsers: known.rancherUsers,
    projectOwners: known.projectOwners,
    created: isOfThis ? call : null,
    author,
    team:
      team === null
        ? null
        : {
            id: team,
            contacts: own?.contacts ?? [],
            unitContacts: config.contacts
              .filter(
                (each) =>
                  each.team !== team &&
                  own !== undefined &&
                  own.businessUnit !== "" &&
                  each.businessUnit === own.businessUnit,
              )
              .flatMap(({ contacts }) => contacts.slice(0, 1)),
          },
  };
}

type Cost = { month: string; currency: string; amount: string };

/** Effective cost by `cluster/namespace` in the newest published month. */
async function costsOf(config: Config): Promise<Map<string, Cost>> {
  const snapshot = await openSnapshot(homePaths(config.home), { size: 1 });
  try {
    const month = snapshot.list.months.findLast(({ file }) => file !== null)?.month;
    if (month === undefined) return new Map();
    const { currency } = config.build;
    const rows = await ask<{ key: string; cost: string }>(
      snapshot,
      "showback",
      LOCAL_ADMINISTRATOR,
      {
        month,
        key: "namespace",
        params: {
          currency,
          team: null,
          limit: 1_000_000,
          offset: 0,
          cluster: null,
          namespace: null,
          policy: "configured",
        },
      },
    );
    return new Map(rows.map(({ key, cost }) => [key, { month, currency, amount: cost }]));
  } finally {
    await snapshot.pool.close();
  }
}

/** Last commits by `cluster/namespace`, where a file tells them. */
async function readCommits(
  config: Config,
): Promise<Map<string, { author: string; committedAt: string }>> {
  const { commits } = config.namespaces;
  if (commits === undefined) return new Map();
  const file = resolve(config.folder, commits);
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? "?"}); check namespaces.commits`,
    );
  });
  const rows: Record<string, string>[] = parse(text, {
    columns: true,
    bom: true,
    trim: true,
    skip_empty_lines: true,
  });
  return new Map(
    rows.map((row) => {
      const at = new Date(row["committed_at"] ?? "");
      if (Number.isNaN(at.getTime()))
        throw new AppError(
          "FILE_INVALID",
          `${file}: committed_at "${row["committed_at"] ?? ""}" is not a time`,
        );
      return [
        `${row["cluster"]}/${row["namespace"]}`,
        { author: row["author"] ?? "", committedAt: at.toISOString() },
      ];
    }),
  );
}

function idOf({ cluster, name, uid }: NamespaceKey): string {
  return `${cluster}\u0000${name}\u0000${uid}`;
}

function placeOf({ cluster, name }: NamespaceKey): string {
  return `${cluster}\u0000${name}`;
}
