import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toUnits } from "../../../data/money.ts";
import { type Charge, FindingsHome, type FoundRow, STREAMS, THINGS } from "../../findings-home.ts";

const ALL = Object.values(STREAMS).flat();
const key = (row: FoundRow) => `${row.kind} ${row.subject}`;
const about = (kind: string, thing: keyof typeof THINGS) =>
  `${kind} ${THINGS[thing].toLowerCase()}`;
const own = (rows: readonly FoundRow[]) => rows.filter((row) => row.claimed_by === null).map(key);

const EXPECTED = [
  about("empty-environment", "emptyStamp"),
  about("empty-plan", "emptyPlan"),
  about("left-behind", "goneAddress"),
  about("left-behind", "goneDisk"),
  about("old-snapshot", "oldSnapshot"),
  about("replaced-server", "older"),
  about("stopped-server", "stopped"),
  about("unused-commitment", "wasted"),
].toSorted();

/** The same bill with a thing billed no longer than to a day. */
function ending(charges: readonly Charge[], resource: string, until: string): Charge[] {
  return charges.map((charge) => {
    const { cells } = charge;
    const of = typeof cells === "function" ? cells(until)?.ResourceId : cells.ResourceId;
    return of === resource ? { ...charge, until } : charge;
  });
}

describe("idle and orphaned things of a bill", () => {
  let home: FindingsHome;
  let found: FoundRow[] = [];
  const of = (thing: keyof typeof THINGS) =>
    found.find((row) => row.subject === THINGS[thing].toLowerCase());
  beforeAll(async () => {
    home = await FindingsHome.make();
    await home.bill(ALL, "2026-08-21");
    found = await home.findings();
  }, 60_000);
  afterAll(() => home.remove());

  it("are these and no others; a disk of a stopped server is not claimed twice", () => {
    expect(own(found)).toEqual(EXPECTED);
    const claimed = found.filter((row) => row.claimed_by !== null);
    expect(claimed.map(key)).toEqual([about("left-behind", "stoppedDisk")]);
    expect(claimed[0]).toMatchObject({ claimed_by: of("stopped")?.id });
    expect(toUnits(claimed[0]?.paper ?? "1")).toBe(0n);
  });

  it("have an owner, evidence, money and since, each of them", () => {
    for (const row of found) {
      expect(row.team, key(row)).toMatch(/^(app|web|__unowned__)$/);
      const evidence = JSON.parse(row.evidence) as { fact: string; value: string | null }[];
      expect(evidence, key(row)).not.toEqual([]);
      for (const { fact, value } of evidence) expect(`${fact} ${value}`, key(row)).toMatch(/\S \S/);
      if (row.claimed_by === null) expect(toUnits(row.paper), key(row)).toBeGreaterThan(0n);
      expect(row.since, key(row)).toMatch(/^2026-0[5-8]-\d\d$/);
      expect(toUnits(row.paper)).toBeLessThanOrEqual(toUnits(row.cost));
      expect(toUnits(row.realisable)).toBeLessThanOrEqual(toUnits(row.paper));
    }
  });

  it("cost what thirty days of the bill say, to the last digit, and what is committed is paid all the same", () => {
    expect(of("older")).toMatchObject({ team: "app", since: "2026-07-01" });
    expect(toUnits(of("older")?.realisable ?? "")).toBe(toUnits("90.3"));
    expect(of("stopped")).toMatchObject({ team: "app", since: "2026-07-21" });
    expect(toUnits(of("stopped")?.realisable ?? "")).toBe(toUnits("12"));
    expect(of("goneDisk")).toMatchObject({ team: "__unowned__", since: "2026-07-01" });
    expect(of("goneDisk")?.hint).not.toBeNull();
    expect(of("emptyStamp")).toMatchObject({ since: "2026-05-01", since_at_least: true });
    expect(toUnits(of("wasted")?.paper ?? "")).toBe(toUnits("120"));
    expect(toUnits(of("wasted")?.realisable ?? "1")).toBe(0n);
    // Nobody's rule names who bought it, so it is theirs who use it.
    expect(of("wasted")).toMatchObject({ team: "app" });
  });

  it("stay the same over builds, and once they are over say what the bill saved", async () => {
    await home.bill(ending(ALL, THINGS.older, "2026-08-21"));
    const after = await home.findings();
    expect(after.map((row) => row.id).toSorted()).toEqual(found.map((row) => row.id).toSorted());
    for (const row of after) expect(row.first_seen, key(row)).toBe("2026-08-21");
    const over = after.filter((row) => row.resolved_on !== null);
    expect(over.map(key)).toEqual([about("replaced-server", "older")]);
    expect(over[0]).toMatchObject({ last_seen: "2026-08-21", resolved_on: "2026-08-22" });
    // Ten days without it, at 3.01 a day.
    expect(toUnits(over[0]?.saved ?? "")).toBe(toUnits("30.1"));
    expect(toUnits(over[0]?.realisable ?? "1")).toBe(0n);
    // It comes back: the same finding, open again.
    await home.bill(ALL);
    const again = (await home.findings()).find((row) => row.id === over[0]?.id);
    expect(again).toMatchObject({
      first_seen: "2026-08-21",
      last_seen: "2026-08-31",
      resolved_on: null,
      saved: null,
    });
  }, 60_000);
});

describe("a bill that tells less", () => {
  const rests = {
    compute: ["replaced-server", "stopped-server", "left-behind"],
    commitments: ["unused-commitment"],
    traffic: ["replaced-server"],
    apps: ["empty-plan"],
  } as const;
  it.each([[["traffic", "apps"]], [["compute", "commitments"]]] as const)(
    "without %s: nothing that rests on them, and nothing new",
    async (left) => {
      const home = await FindingsHome.make();
      try {
        const told = Object.entries(STREAMS).filter(([name]) => !left.includes(name as never));
        await home.bill(told.flatMap(([, charges]) => charges));
        const gone: readonly string[] = left.flatMap((name) => [...rests[name]]);
        expect(own(await home.findings())).toEqual(
          EXPECTED.filter((one) => !gone.includes(one.split(" ")[0] ?? "")),
        );
      } finally {
        await home.remove();
      }
    },
    60_000,
  );
});
