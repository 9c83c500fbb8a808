import { min, type PoolCost, releasedBy, sharedOut } from "../money/worth.ts";

/**
 * One ledger for all findings: a euro is claimed once. An account is something that costs money, a
 * workload's compute or one resource; findings take from it in the order of their rank, and never
 * more than is left. So their sum is at most the cost of what they are about.
 */

/** What a finding asks of one account. */
export interface Claim {
  account: string;
  /** The paper saving, in 10^-18. */
  paper: bigint;
  /** The pool whose nodes must go before the saving is real; null: it ends when the thing does. */
  pool: string | null;
}

export interface Claimant {
  id: string;
  /** Lower takes first. */
  rank: number;
  /** What it is about goes as a whole, and nothing else of it need be done. */
  ends: boolean;
  claims: readonly Claim[];
}

/** What there is to claim: cost over the window, and how much of it is not already paid by a commitment. */
export interface Account {
  cost: bigint;
  hourly: bigint;
}

export interface Pool {
  cost: PoolCost;
  /** Nodes that go when all that was claimed of the pool is done. */
  freed: number;
}

export interface Entry {
  paper: bigint;
  realisable: bigint;
  /** The finding that claims the money this one is about; null where it has its own. */
  claimedBy: string | null;
}

/** Who took what, before it is known which nodes go. */
export interface Taken {
  claimant: Claimant;
  claimedBy: string | null;
  /** The claims as far as the accounts held them. */
  claims: readonly Claim[];
}

/** Takes the claims off their accounts, by rank and then id, so that the order they come in means nothing. */
export function takeClaims(
  claimants: readonly Claimant[],
  accounts: ReadonlyMap<string, Account>,
): Taken[] {
  const left = new Map([...accounts].map(([name, account]) => [name, max0(account.cost)]));
  const first = new Map<string, Claimant>();
  return claimants
    .toSorted((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1))
    .map((claimant) => {
      const claims = claimant.claims.map((claim) => {
        const paper = min(max0(claim.paper), left.get(claim.account) ?? 0n);
        left.set(claim.account, (left.get(claim.account) ?? 0n) - paper);
        return { ...claim, paper };
      });
      // What a workload cost beyond what it asked for is saved by its end as well, if at all.
      if (claimant.ends) for (const { account } of claimant.claims) left.set(account, 0n);
      const none = claims.every((claim) => claim.paper === 0n);
      // What asks for nothing, a request that is too small, is part of another only where all of it goes.
      const asks = claimant.claims.some((claim) => claim.paper > 0n);
      const before = claimant.claims
        .map((claim) => first.get(claim.account))
        .find((other) => other !== undefined && (asks || other.ends));
      for (const claim of claims)
        if (claim.paper > 0n && !first.has(claim.account)) first.set(claim.account, claimant);
      return { claimant, claims, claimedBy: none ? (before?.id ?? null) : null };
    });
}

/** What each finding is worth: on paper, and what really stops being billed. */
export function settle(
  taken: readonly Taken[],
  accounts: ReadonlyMap<string, Account>,
  pools: ReadonlyMap<string, Pool>,
): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  const byPool = new Map<string, { id: string; paper: bigint }[]>();
  // A resource's part that is paid by the hour is claimed once, too.
  const hourly = new Map([...accounts].map(([name, account]) => [name, max0(account.hourly)]));
  for (const { claimant, claims, claimedBy } of taken) {
    const entry: Entry = { paper: 0n, realisable: 0n, claimedBy };
    for (const claim of claims) {
      entry.paper += claim.paper;
      if (claim.pool === null) {
        const part = min(claim.paper, hourly.get(claim.account) ?? 0n);
        hourly.set(claim.account, (hourly.get(claim.account) ?? 0n) - part);
        entry.realisable += part;
      } else {
        const list = byPool.get(claim.pool) ?? [];
        byPool.set(claim.pool, list);
        list.push({ id: claimant.id, paper: claim.paper });
      }
    }
    entries.set(claimant.id, entry);
  }
  for (const [name, list] of byPool) {
    const pool = pools.get(name);
    if (pool === undefined) continue;
    const parts = sharedOut(
      releasedBy(pool.cost, pool.freed),
      list.map((one) => one.paper),
    );
    list.forEach((one, index) => {
      const entry = entries.get(one.id);
      if (entry !== undefined) entry.realisable += parts[index] ?? 0n;
    });
  }
  return entries;
}

function max0(value: bigint): bigint {
  return value < 0n ? 0n : value;
}
