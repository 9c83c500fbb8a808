import type { Day } from "./calendar.ts";
import { fixed18 } from "./decimal.ts";
import { CLUSTERS } from "./estate.ts";
import type { Line } from "./model.ts";
import { ownerOn, standingOn } from "./teams.ts";
import { ClusterDay, type Share } from "./cluster-day.ts";
import { clusterId, ownerOf } from "./owning.ts";
import { Scraped } from "./series.ts";
import { SPECIALS, type Special } from "./special-list.ts";
import type { Gap } from "./specials.ts";
import type { SharedServices } from "./shared.ts";

/** Both measures as plain decimals with 18 digits after the point. */
export interface Costs {
  effective: string;
  billed: string;
}

export interface NamespaceCost extends Costs {
  namespace: string;
}

/** Kind and name empty: what the namespace has besides its workloads, its services' addresses and volumes that no pod mounted. */
export interface WorkloadCost extends NamespaceCost {
  kind: string;
  name: string;
}

export interface SentinelCost extends Costs {
  bucket: string;
}

/** What a month of a cluster's lines was for, before redistribution; namespaces and sentinels together are its total. */
export interface ClusterTruth extends Costs {
  cluster: string;
  month: string;
  currency: string;
  lines: number;
  namespaces: NamespaceCost[];
  workloads: WorkloadCost[];
  sentinels: SentinelCost[];
}

/** A cluster-day: seconds its nodes were billed, seen in Kubernetes, and covered by usage (of the billed ones). */
export interface CoverageTruth {
  cluster: string;
  day: string;
  billedSeconds: number;
  seenSeconds: number;
  coveredSeconds: number;
}

/** An hour (epoch seconds) in which a node's containers took more than its allocatable; `permille` of it. */
export interface OvercommitTruth {
  cluster: string;
  node: string;
  hour: number;
  dimension: string;
  permille: number;
}

/** A team's (or sentinel's) month when the clusters' and the shared services' lines are split, and nothing is redistributed. */
export interface OwnerCost extends Costs {
  team: string;
  businessUnit: string;
  costCenter: string;
}

export interface OwnersTruth {
  month: string;
  currency: string;
  owners: OwnerCost[];
}

/** A team's part of a shared service, named by the end of its resource's id. */
export interface SharedTruth extends Costs {
  month: string;
  currency: string;
  service: string;
  team: string;
}

export interface UsageTruth {
  clusters: ClusterTruth[];
  coverage: CoverageTruth[];
  overcommitted: OvercommitTruth[];
  ownersWithClusters: OwnersTruth[];
  shared: SharedTruth[];
  specials: readonly Special[];
}

class Pair {
  effective = 0n;
  billed = 0n;

  add(share: { effective: bigint; billed: bigint }): void {
    this.effective += share.effective;
    this.billed += share.billed;
  }

  out(): Costs {
    return { effective: fixed18(this.effective), billed: fixed18(this.billed) };
  }
}

class Pairs extends Map<string, Pair> {
  add(key: string, share: { effective: bigint; billed: bigint }): void {
    let pair = this.get(key);
    if (pair === undefined) this.set(key, (pair = new Pair()));
    pair.add(share);
  }

  sorted(): [string, Pair][] {
    return [...this].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  }
}

class ClusterMonth {
  lines = 0;
  readonly total = new Pair();
  readonly consumers = new Pairs();
}

/** Adds up what clusters' lines were for, day by day. Amounts are split line by line, so that every sum is exact. */
export class UsageBook {
  readonly scraped: ReadonlyMap<string, Scraped>;
  readonly #months = new Map<string, ClusterMonth>();
  readonly #owners = new Map<string, Pairs>();
  readonly #shared: SharedServices;
  readonly #parts = new Pairs();
  readonly #coverage: CoverageTruth[] = [];
  readonly #overcommitted: OvercommitTruth[] = [];

  /** @param environments whose clusters have a Prometheus that we read; lines of the others are as all others */
  constructor(
    environments: readonly string[],
    gaps: readonly Gap[] | undefined,
    shared: SharedServices,
  ) {
    this.#shared = shared;
    this.scraped = new Map(
      CLUSTERS.filter(({ environment }) => environments.includes(environment)).map((cluster) => [
        cluster.environment,
        new Scraped(cluster, gaps),
      ]),
    );
  }

  /** Counts all lines of a day of the bill that clusters are on. */
  day(month: string, currency: string, day: Day, lines: readonly Line[]): void {
    const mine = new Map<string, Line[]>();
    for (const line of lines) {
      const environment = line.charge.part?.environment;
      if (environment === undefined || !this.scraped.has(environment))
        this.line(month, currency, line);
      else {
        const list = mine.get(environment);
        if (list === undefined) mine.set(environment, [line]);
        else list.push(line);
      }
    }
    for (const [environment, scraped] of this.scraped)
      this.#cluster(
        `${month} ${currency} ${environment}`,
        scraped,
        day,
        mine.get(environment) ?? [],
      );
  }

  /** Counts a line that is no cluster's; of a shared service, its parts. */
  line(month: string, currency: string, line: Line): void {
    const parts = this.#shared.parts(line);
    if (parts !== null) {
      for (const part of parts) {
        this.#own(month, currency, part.owner, line.date, part);
        this.#parts.add([month, currency, part.service, part.owner].join("\n"), part);
      }
      return;
    }
    this.#own(month, currency, ownerOn(line.charge.owner, line.date), line.date, {
      effective: line.effective.value,
      billed: line.billed.value,
    });
  }

  #cluster(key: string, scraped: Scraped, day: Day, lines: readonly Line[]): void {
    const [month = "", currency = "", environment = ""] = key.split(" ");
    const cluster = clusterId(environment);
    const today = new ClusterDay(scraped, day.number, lines);
    let book = this.#months.get(key);
    if (book === undefined) this.#months.set(key, (book = new ClusterMonth()));
    const sums = new Pairs();
    for (const line of lines) {
      const { part } = line.charge;
      if (part === undefined) continue;
      book.lines++;
      book.total.add({ effective: line.effective.value, billed: line.billed.value });
      for (const share of today.shares(line, part)) sums.add(share.consumer, share);
    }
    for (const [consumer, pair] of sums) {
      const share: Share = { consumer, effective: pair.effective, billed: pair.billed };
      book.consumers.add(consumer, share);
      this.#own(month, currency, ownerOf(scraped, consumer, day.number, day.date), day.date, share);
    }
    this.#coverage.push({ cluster, day: day.date, ...today.coverage() });
    for (const use of today.uses)
      for (const hour of use.overcommitted)
        this.#overcommitted.push({ cluster, node: use.node.name, ...hour });
  }

  #own(
    month: string,
    currency: string,
    team: string,
    date: string,
    share: { effective: bigint; billed: bigint },
  ): void {
    const key = `${month} ${currency}`;
    let owners = this.#owners.get(key);
    if (owners === undefined) this.#owners.set(key, (owners = new Pairs()));
    const { businessUnit, costCenter } = standingOn(team, date);
    owners.add(JSON.stringify([team, businessUnit, costCenter]), share);
  }

  /** All that was counted. */
  truth(): UsageTruth {
    return {
      clusters: [...this.#months]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, book]) => clusterTruth(key, book)),
      coverage: this.#coverage,
      overcommitted: this.#overcommitted,
      ownersWithClusters: [...this.#owners]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, owners]) => ({
          month: key.slice(0, 7),
          currency: key.slice(8),
          owners: owners.sorted().map(([owner, pair]) => {
            const [team = "", businessUnit = "", costCenter = ""] = JSON.parse(owner) as string[];
            return { team, businessUnit, costCenter, ...pair.out() };
          }),
        })),
      shared: this.#parts.sorted().map(([key, pair]) => {
        const [month = "", currency = "", service = "", team = ""] = key.split("\n");
        return { month, currency, service, team, ...pair.out() };
      }),
      specials: SPECIALS,
    };
  }
}

function clusterTruth(key: string, book: ClusterMonth): ClusterTruth {
  const [month = "", currency = "", environment = ""] = key.split(" ");
  const namespaces = new Pairs();
  const workloads: WorkloadCost[] = [];
  const sentinels: SentinelCost[] = [];
  for (const [consumer, pair] of book.consumers.sorted()) {
    const [namespace = "", kind, name = ""] = consumer.split("\n");
    if (kind === undefined) {
      sentinels.push({ bucket: namespace, ...pair.out() });
      continue;
    }
    namespaces.add(namespace, pair);
    workloads.push({ namespace, kind, name, ...pair.out() });
  }
  return {
    cluster: clusterId(environment),
    month,
    currency,
    lines: book.lines,
    ...book.total.out(),
    namespaces: namespaces.sorted().map(([namespace, pair]) => ({ namespace, ...pair.out() })),
    workloads,
    sentinels,
  };
}
