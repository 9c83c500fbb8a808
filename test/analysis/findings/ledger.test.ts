import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Account,
  type Claimant,
  type Entry,
  type Pool,
  settle,
  takeClaims,
} from "../../../analysis/findings/ledger/ledger.ts";
import { paperOf, releasedBy, sharedOut } from "../../../analysis/findings/money/worth.ts";

const RUNS = { numRuns: 400 };
const units = fc.bigInt({ min: 0n, max: 10n ** 24n });

/** A company: pools of machines at one price each, workloads on them, single resources, and findings. */
interface Estate {
  pools: { price: bigint; nodes: number; covered: number; freed: number }[];
  accounts: { cost: bigint; coveredPermille: number; pool: number | null }[];
  claimants: { rank: number; claims: { account: number; permille: number }[] }[];
}

const HOUR = 3600n;
const WINDOW = 720n * HOUR;

const estate = fc
  .record({
    pools: fc.array(
      fc.record({
        price: fc.bigInt({ min: 1n, max: 10n ** 18n }),
        nodes: fc.integer({ min: 1, max: 40 }),
        covered: fc.integer({ min: 0, max: 40 }),
        freed: fc.integer({ min: 0, max: 45 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    accounts: fc.array(
      fc.record({
        cost: units,
        coveredPermille: fc.integer({ min: 0, max: 1000 }),
        pool: fc.option(fc.nat(2)),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    claimants: fc.array(
      fc.record({
        rank: fc.nat(3),
        claims: fc.array(
          // Up to twice the account: a finding may believe in more than there is.
          fc.record({ account: fc.nat(11), permille: fc.integer({ min: -100, max: 2000 }) }),
          { minLength: 1, maxLength: 4 },
        ),
      }),
      { maxLength: 15 },
    ),
  })
  .map((made): Estate => ({
    ...made,
    accounts: made.accounts.map((one) => ({
      ...one,
      pool: one.pool === null ? null : one.pool % made.pools.length,
    })),
    claimants: made.claimants.map((one) => ({
      ...one,
      claims: one.claims.map((claim) => ({
        ...claim,
        account: claim.account % made.accounts.length,
      })),
    })),
  }));

interface Worth {
  entries: Map<string, Entry>;
  accounts: Map<string, Account>;
  claimants: Claimant[];
  pools: Map<string, Pool>;
}

/** `more` commitments on every pool, and so many permille more on every resource. */
function worth(made: Estate, more = 0): Worth {
  const pools = new Map(
    made.pools.map((pool, index): [string, Pool] => {
      const covered = Math.min(pool.nodes, pool.covered + more);
      const hourlySeconds = BigInt(pool.nodes - covered) * WINDOW;
      return [
        `pool${index}`,
        {
          freed: pool.freed,
          cost: {
            // What a commitment covers costs half of the price by the hour.
            cost: pool.price * (BigInt(pool.nodes - covered) * 2n + BigInt(covered)) * 360n,
            value: BigInt(pool.nodes) * WINDOW,
            hourly: pool.price * BigInt(pool.nodes - covered) * 720n,
            hourlySeconds,
            seconds: WINDOW,
          },
        },
      ];
    }),
  );
  const accounts = new Map(
    made.accounts.map((account, index): [string, Account] => {
      const covered = BigInt(Math.min(1000, account.coveredPermille + more * 100));
      return [
        `account${index}`,
        { cost: account.cost, hourly: (account.cost * (1000n - covered)) / 1000n },
      ];
    }),
  );
  const claimants = made.claimants.map((one, index): Claimant => ({
    id: `finding${String(index).padStart(2, "0")}`,
    rank: one.rank,
    ends: one.rank < 2,
    claims: one.claims.map(({ account, permille }) => {
      const { cost, pool } = made.accounts[account] as Estate["accounts"][number];
      return {
        account: `account${account}`,
        paper: (cost * BigInt(permille)) / 1000n,
        pool: pool === null ? null : `pool${pool}`,
      };
    }),
  }));
  return {
    entries: settle(takeClaims(claimants, accounts), accounts, pools),
    accounts,
    claimants,
    pools,
  };
}

const sum = (values: Iterable<bigint>) => [...values].reduce((all, value) => all + value, 0n);
const total = (entries: Map<string, Entry>, of: "paper" | "realisable") =>
  sum([...entries.values()].map((entry) => entry[of]));

describe("the ledger of findings", () => {
  it("never realises more than it promises on paper, of any finding and of any pool", () => {
    fc.assert(
      fc.property(estate, (made) => {
        const { entries, pools, claimants } = worth(made);
        for (const entry of entries.values()) {
          expect(entry.paper).toBeGreaterThanOrEqual(0n);
          expect(entry.realisable).toBeGreaterThanOrEqual(0n);
          expect(entry.realisable).toBeLessThanOrEqual(entry.paper);
        }
        const alone = claimants
          .filter((one) => one.claims.every((claim) => claim.pool !== null))
          .map((one) => entries.get(one.id)?.realisable ?? 0n);
        expect(sum(alone)).toBeLessThanOrEqual(
          sum([...pools.values()].map((pool) => pool.cost.hourly)),
        );
      }),
      RUNS,
    );
  });

  it("never claims more than things cost: of each account, and so in all", () => {
    fc.assert(
      fc.property(estate, (made) => {
        const { accounts, claimants } = worth(made);
        const taken = takeClaims(claimants, accounts);
        for (const [name, account] of accounts) {
          const claimed = sum(
            taken.flatMap((one) =>
              one.claims.filter((claim) => claim.account === name).map((claim) => claim.paper),
            ),
          );
          expect(claimed).toBeLessThanOrEqual(account.cost);
        }
      }),
      RUNS,
    );
  });

  it("realises of a pool what its freed nodes paid by the hour, and of a thing what it pays by the hour, to the unit", () => {
    fc.assert(
      fc.property(estate, (made) => {
        const { accounts, claimants, pools } = worth(made);
        const taken = takeClaims(claimants, accounts);
        const alone = (pool: string | null) => {
          const only = taken.map((one) => ({
            ...one,
            claims: one.claims.filter((claim) => claim.pool === pool),
          }));
          return { only, entries: settle(only, accounts, pools) };
        };
        for (const [name, { cost, freed }] of pools) {
          const { entries } = alone(name);
          const nodes = BigInt(freed) * cost.seconds;
          const gone = nodes < cost.hourlySeconds ? nodes : cost.hourlySeconds;
          const released = gone === 0n ? 0n : (cost.hourly * gone) / cost.hourlySeconds;
          const paper = total(entries, "paper");
          expect(total(entries, "realisable")).toBe(paper < released ? paper : released);
        }
        const { only, entries } = alone(null);
        const most = [...accounts].map(([name, { hourly }]) => {
          const paper = sum(
            only.flatMap(({ claims }) =>
              claims.filter((claim) => claim.account === name).map((claim) => claim.paper),
            ),
          );
          return paper < hourly ? paper : hourly;
        });
        expect(total(entries, "realisable")).toBe(sum(most));
      }),
      RUNS,
    );
  });

  it("is worth no more with more commitments", () => {
    fc.assert(
      fc.property(estate, fc.integer({ min: 1, max: 10 }), (made, more) => {
        expect(total(worth(made, more).entries, "realisable")).toBeLessThanOrEqual(
          total(worth(made).entries, "realisable"),
        );
      }),
      RUNS,
    );
  });

  it("comes out the same whatever order the findings come in", () => {
    fc.assert(
      fc.property(estate, fc.nat(), (made, seed) => {
        const { claimants, accounts, pools, entries } = worth(made);
        const mixed = claimants.toSorted(
          (a, b) =>
            ((a.id.charCodeAt(8) * 31 + seed) % 17) - ((b.id.charCodeAt(8) * 31 + seed) % 17),
        );
        const again = settle(takeClaims(mixed, accounts), accounts, pools);
        expect(again.size).toBe(entries.size);
        for (const [id, entry] of entries) expect(again.get(id)).toEqual(entry);
      }),
      RUNS,
    );
  });

  it("gives a namespace what its workloads would have claimed, and says so on them", () => {
    const accounts = new Map([["shop/web", { cost: 100n, hourly: 0n }]]);
    const pools = new Map<string, Pool>([
      [
        "apps",
        { freed: 1, cost: { cost: 100n, value: 10n, hourly: 60n, hourlySeconds: 2n, seconds: 1n } },
      ],
    ]);
    const claim = (paper: bigint) => [{ account: "shop/web", paper, pool: "apps" }];
    const entries = settle(
      takeClaims(
        [
          { id: "container", rank: 2, ends: false, claims: claim(70n) },
          { id: "namespace", rank: 0, ends: true, claims: claim(100n) },
        ],
        accounts,
      ),
      accounts,
      pools,
    );
    expect(entries.get("namespace")).toEqual({ paper: 100n, realisable: 30n, claimedBy: null });
    expect(entries.get("container")).toEqual({
      paper: 0n,
      realisable: 0n,
      claimedBy: "namespace",
    });
  });
});

describe("findings about one another", () => {
  const account = (cost: bigint, hourly = 0n) => ({ cost, hourly });
  const accounts = new Map([
    ["shop/web", account(100n)],
    ["shop/api", account(80n)],
    ["disk", account(30n, 20n)],
    ["server", account(50n, 50n)],
  ]);
  const pools = new Map<string, Pool>([
    [
      "apps",
      { freed: 2, cost: { cost: 180n, value: 10n, hourly: 90n, hourlySeconds: 3n, seconds: 1n } },
    ],
  ]);
  const one = (id: string, rank: number, claims: Claimant["claims"], ends = false) => ({
    id,
    rank,
    ends,
    claims,
  });
  const on = (account: string, paper: bigint, pool: string | null = "apps") => ({
    account,
    paper,
    pool,
  });
  const entriesOf = (...claimants: Claimant[]) =>
    settle(takeClaims(claimants, accounts), accounts, pools);

  it("of an idle workload, its containers, its volume and its pool claim each euro once", () => {
    const entries = entriesOf(
      one("idle", 1, [on("shop/web", 95n)], true),
      one("web-app", 2, [on("shop/web", 70n)]),
      one("web-proxy", 2, [on("shop/web", 30n)]),
      one("api", 2, [on("shop/api", 60n)]),
      one("volume", 8, [on("disk", 30n, null)]),
    );
    expect([...entries].map(([id, { paper, claimedBy }]) => [id, paper, claimedBy])).toEqual([
      ["idle", 95n, null],
      ["api", 60n, null],
      // The idle workload ends, and what it left of its account is not theirs.
      ["web-app", 0n, "idle"],
      ["web-proxy", 0n, "idle"],
      ["volume", 30n, null],
    ]);
    // Two nodes of three go: 60, shared by paper, and of the disk what is not committed.
    expect([...entries.values()].map(({ realisable }) => realisable)).toEqual([
      36n,
      24n,
      0n,
      0n,
      20n,
    ]);
  });

  it("of one server found idle and replaced is counted once, and once what it pays by the hour", () => {
    const entries = entriesOf(
      one("replaced", 4, [on("server", 50n, null)]),
      one("stopped", 5, [on("server", 50n, null), on("disk", 30n, null)]),
      one("left-behind", 10, [on("disk", 30n, null)]),
    );
    expect(entries.get("replaced")).toEqual({ paper: 50n, realisable: 50n, claimedBy: null });
    expect(entries.get("stopped")).toEqual({ paper: 30n, realisable: 20n, claimedBy: null });
    expect(entries.get("left-behind")).toEqual({
      paper: 0n,
      realisable: 0n,
      claimedBy: "stopped",
    });
  });

  it("of a request that is too small are shown beside what else is said of the workload, but for its end", () => {
    const small = one("small", 3, [on("shop/web", 0n)]);
    const large = one("large", 2, [on("shop/web", 40n)]);
    expect(entriesOf(large, small).get("small")?.claimedBy).toBeNull();
    const idle = one("idle", 1, [on("shop/web", 95n)], true);
    expect(entriesOf(idle, small).get("small")?.claimedBy).toBe("idle");
  });
});

describe("a share of what a pool releases", () => {
  it("loses and makes no unit", () => {
    fc.assert(
      fc.property(units, fc.array(units, { maxLength: 20 }), (released, papers) => {
        const parts = sharedOut(released, papers);
        const all = sum(papers);
        expect(sum(parts)).toBe(released < all ? released : all);
        parts.forEach((part, index) => {
          expect(part).toBeGreaterThanOrEqual(0n);
          expect(part).toBeLessThanOrEqual(papers[index] ?? 0n);
        });
      }),
      RUNS,
    );
  });

  it("is nothing where the pool is paid for by commitments", () => {
    const pool = { cost: 500n, value: 10n, hourly: 0n, hourlySeconds: 0n, seconds: 5n };
    expect(paperOf(pool, 4n)).toBe(200n);
    expect(releasedBy(pool, 3)).toBe(0n);
  });
});
