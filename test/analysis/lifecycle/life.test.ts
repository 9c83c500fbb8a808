import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { daysBetween, plusDays, type Role } from "../../../analysis/lifecycle/life.ts";
import { type Happened, POLICY, World } from "./world.ts";

/** Namespaces of a cluster large enough that the caps can trip and can hold. */
const NAMES = [...Array.from({ length: 9 }, (_, index) => `team-${index}`), "kube-extra"];

type Act = (world: World) => void;

const place = fc.nat({ max: NAMES.length - 1 });
const late = fc.constantFrom(0, 0, 0, 14, 16, 40);

/** One thing that happens; what helps a life along is as frequent as what hinders it. */
const ACT: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(1, 20, 100, 200).map(
      (hours): Act =>
        (w) =>
          w.pass(hours),
    ),
  },
  { weight: 8, arbitrary: fc.constant<Act>((w) => w.places.forEach((one) => w.scan(one))) },
  { weight: 6, arbitrary: fc.constant<Act>((w) => w.places.forEach((one) => w.notify(one, true))) },
  {
    weight: 3,
    arbitrary: fc.constant<Act>((w) => w.places.forEach((one) => w.notify(one, false))),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Act =>
        (w) =>
          w.keep(w.place(at)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(place, fc.integer({ min: 1, max: 120 })).map(
      ([at, days]): Act =>
        (w) =>
          w.snooze(w.place(at), days),
    ),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(
        place,
        fc.constantFrom("p_owner", "p_platform", "p_stranger"),
        fc.constantFrom<Role>("owner", "second"),
        fc.constantFrom(0, 0, 1),
      )
      .map(
        ([at, by, as, behind]): Act =>
          (w) =>
            w.approve(w.place(at), by, as, w.place(at).content - behind),
      ),
  },
  {
    weight: 4,
    arbitrary: fc.constant<Act>((w) => {
      for (const one of w.places.slice(0, 4)) {
        w.approve(one, "p_owner", "owner", one.content);
        w.approve(one, "p_platform", "second", one.content);
      }
    }),
  },
  {
    weight: 4,
    arbitrary: late.map(
      (minutes): Act =>
        (w) =>
          w.places.forEach((one) => w.quarantine(one, minutes)),
    ),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Act =>
        (w) =>
          w.release(w.place(at)),
    ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.nat({ max: 3 }), fc.integer({ min: 1, max: 4 }), fc.nat({ max: 5 }))
      .map(([at, count, chance]): Act => (w) => {
        for (const one of w.places.slice(at, at + count)) w.backUp(one, chance > 0);
      }),
  },
  {
    weight: 5,
    arbitrary: late.map(
      (minutes): Act =>
        (w) =>
          void w.deleteRun(minutes),
    ),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Act =>
        (w) =>
          w.change(w.place(at)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(place, fc.boolean()).map(
      ([at, calm]): Act =>
        (w) =>
          w.stir(w.place(at), calm),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(place, fc.boolean()).map(
      ([at, on]): Act =>
        (w) =>
          w.protect(w.place(at), on),
    ),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Act =>
        (w) =>
          w.recreate(w.place(at)),
    ),
  },
);

/** A life that goes through, so that random steps between its own reach the end often enough. */
const THROUGH: readonly Act[] = [
  (w) => w.places.forEach((one) => w.scan(one)),
  (w) => w.pass(7 * 24),
  (w) => w.places.forEach((one) => w.scan(one)),
  (w) => w.pass(8 * 24),
  (w) => w.places.forEach((one) => w.scan(one)),
  (w) => w.places.forEach((one) => w.notify(one, true)),
  (w) => {
    for (const one of w.places.slice(0, 2)) {
      w.approve(one, "p_owner", "owner", one.content);
      w.approve(one, "p_platform", "second", one.content);
    }
  },
  (w) => w.places.forEach((one) => w.quarantine(one, 1)),
  (w) => w.pass(17 * 24),
  (w) => w.places.forEach((one) => w.notify(one, true)),
  (w) => w.pass(8 * 24),
  (w) => w.places.forEach((one) => w.notify(one, true)),
  (w) => w.pass(6 * 24),
  (w) => w.places.forEach((one) => w.notify(one, true)),
  (w) => w.pass(2 * 24),
  (w) => w.places.forEach((one) => w.scan(one)),
  (w) => w.places.forEach((one) => w.backUp(one, true)),
];

/** The road through, on which the second namespace may lack an approval or a whole backup. */
function roadOf(has: { owner: boolean; second: boolean; isWhole: boolean }): Act[] {
  const agree: Act = (w) => {
    for (const [index, one] of w.places.slice(0, 2).entries()) {
      if (index === 0 || has.owner) w.approve(one, "p_owner", "owner", one.content);
      if (index === 0 || has.second) w.approve(one, "p_platform", "second", one.content);
    }
  };
  const backUp: Act = (w) =>
    w.places.forEach((one, index) => w.backUp(one, index !== 1 || has.isWhole));
  return [...THROUGH.slice(0, AGREED), agree, ...THROUGH.slice(AGREED + 1, -1), backUp];
}
/** The step of the road at which both approve. */
const AGREED = 6;

/** The road through with anything in between. */
const ORDERS = fc
  .tuple(
    fc.array(fc.tuple(fc.nat({ max: THROUGH.length }), ACT), { maxLength: 12 }),
    fc.array(ACT, { maxLength: 30 }),
    fc.constantFrom(false, false, true),
    late,
    fc.record({
      owner: fc.constantFrom(true, true, false),
      second: fc.constantFrom(true, true, false),
      isWhole: fc.constantFrom(true, true, false),
    }),
  )
  .map(([between, after, onlyRandom, minutes, lack]) =>
    onlyRandom
      ? [...between.map(([, act]) => act), ...after]
      : [
          ...roadOf(lack).flatMap((act, index) => [
            ...between.filter(([at]) => at === index).map(([, extra]) => extra),
            act,
          ]),
          // On a look that may be too old by then.
          (w: World) => void w.deleteRun(minutes),
          ...after,
        ],
  );

function play(acts: readonly Act[], each?: (world: World) => void): World {
  const world = new World(NAMES);
  for (const act of acts) {
    act(world);
    each?.(world);
  }
  return world;
}

const RUNS = { numRuns: 150 };

/** What happened to one namespace before a moment, newest first; a namespace is its uid. */
function before(world: World, deletion: Happened, index: number): Happened[] {
  return world.log
    .slice(0, index)
    .filter(({ uid }) => uid === deletion.uid)
    .toReversed();
}

function deletions(world: World): { deletion: Happened; past: Happened[] }[] {
  return world.log.flatMap((one, index) =>
    one.what === "deleted" ? [{ deletion: one, past: before(world, one, index) }] : [],
  );
}

describe("no order of events", () => {
  test("1: deletes without two approvals, a whole backup and evidence under 15 minutes old", () => {
    let deleted = 0;
    fc.assert(
      fc.property(ORDERS, (acts) => {
        for (const { deletion, past } of deletions(play(acts))) {
          deleted += 1;
          const lastChange = past.findIndex(({ what }) =>
            ["changed", "released", "kept", "snoozed"].includes(what),
          );
          const since = lastChange === -1 ? past : past.slice(0, lastChange);
          const approvals = since.filter(({ what }) => what === "approved");
          expect(approvals.some(({ detail }) => detail === "p_owner owner")).toBe(true);
          expect(
            approvals.some(
              ({ detail = "" }) => detail.endsWith(" second") && !detail.startsWith("p_owner"),
            ),
          ).toBe(true);
          const backup = since.find(({ what }) => what.startsWith("backup"));
          expect(backup?.what).toBe("backup whole");
          expect(
            (Date.parse(deletion.at) - Date.parse(deletion.detail ?? "")) / 60_000,
          ).toBeLessThan(15);
        }
      }),
      RUNS,
    );
    // The road is walked to its end often enough for the above to say something.
    expect(deleted).toBeGreaterThan(50);
  });

  test("1: deletes before the quarantine and the notice are over, all four messages arrived", () => {
    fc.assert(
      fc.property(ORDERS, (acts) => {
        for (const { deletion, past } of deletions(play(acts))) {
          const down = past.find(({ what }) => what === "scaled down");
          expect(daysBetween(down?.at ?? deletion.at, deletion.at)).toBeGreaterThanOrEqual(7);
          const told = (step: string) =>
            past.find(({ what, detail }) => what === "told" && detail === step)?.at ?? deletion.at;
          for (const step of POLICY.notices)
            expect(daysBetween(told(String(step)), deletion.at)).toBeGreaterThanOrEqual(step);
        }
      }),
      RUNS,
    );
  });

  test("3: deletes anything in a run that a cap stops", () => {
    let aborted = 0;
    fc.assert(
      fc.property(ORDERS, fc.integer({ min: 2, max: 5 }), (acts, more) => {
        const world = new World(NAMES);
        // More namespaces are taken through than may go at once.
        for (const [index, act] of THROUGH.entries()) {
          act(world);
          if (index === 6)
            for (const one of world.places.slice(0, more)) {
              world.approve(one, "p_owner", "owner", one.content);
              world.approve(one, "p_platform", "second", one.content);
            }
        }
        for (const act of acts.slice(0, 3)) act(world);
        const there = world.log.filter(({ what }) => what === "deleted").length;
        const outcome = world.deleteRun(1);
        const gone = world.log.filter(({ what }) => what === "deleted").length - there;
        if (outcome === "aborted") {
          aborted += 1;
          expect(gone).toBe(0);
        }
        expect(gone).toBeLessThanOrEqual(2);
      }),
      RUNS,
    );
    expect(aborted).toBeGreaterThan(20);
  });

  test("4: touches a namespace that was made again under the same name", () => {
    let remade = 0;
    fc.assert(
      fc.property(ORDERS, fc.nat({ max: THROUGH.length - 1 }), (acts, at) => {
        const order = [
          ...THROUGH.slice(0, at),
          (w: World) => w.recreate(w.place(0)),
          ...THROUGH.slice(at),
          (w: World) => void w.deleteRun(1),
          ...acts,
        ];
        const world = play(order);
        for (const { deletion, past } of deletions(world)) {
          const birth = past.find(({ what }) => what === "recreated");
          // A whole life of its own: all of 30 days at least, and its own approvals.
          if (birth !== undefined) expect(daysBetween(birth.at, deletion.at)).toBeGreaterThan(30);
        }
        for (const { what, uid, at } of world.log)
          if (what === "scaled down") {
            const birth = world.log.find((one) => one.what === "recreated" && one.uid === uid);
            if (birth !== undefined) expect(daysBetween(birth.at, at)).toBeGreaterThan(30);
          }
        remade += world.log.filter(({ what }) => what === "recreated").length;
      }),
      RUNS,
    );
    expect(remade).toBeGreaterThan(100);
  });

  test("5: lets the clock run while a message has not arrived", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20 }), { minLength: 4, maxLength: 4 }), (lates) => {
        const world = new World(NAMES);
        for (const act of THROUGH.slice(0, 5)) act(world);
        const one = world.place(0);
        let earliest = world.now;
        for (const [index, step] of POLICY.notices.entries()) {
          for (let day = 0; day < (lates[index] ?? 0); day++) {
            world.notify(one, false);
            expect(one.life.stopped?.step).toBe(step);
            world.pass(24);
          }
          world.notify(one, true);
          expect(one.life.told).toContain(step);
          expect(one.life.stopped).toBeNull();
          earliest = plusDays(world.now, step);
          expect(one.life.deadline).toBe(earliest);
          // To the day on which the next one is due.
          world.pass(24 * (step - (POLICY.notices[index + 1] ?? 0)));
        }
        expect(world.now).toBe(earliest);
      }),
      RUNS,
    );
  });

  test("5: takes an ended snooze anywhere but back to notified, with nothing agreed or told", () => {
    let lapsed = 0;
    fc.assert(
      fc.property(
        fc.array(ACT, { maxLength: 3 }),
        fc.integer({ min: 1, max: 90 }),
        fc.nat({ max: 4 }),
        (acts, days, at) => {
          const world = play([...THROUGH.slice(0, 6 + at), ...acts]);
          const one = world.place(0);
          world.stir(one, true);
          world.scan(one);
          if (one.life.state === "snoozed") return;
          world.snooze(one, days);
          if ((one.life.state as string) !== "snoozed") return;
          world.pass(24 * days - 1);
          world.scan(one);
          expect(one.life.state).toBe("snoozed");
          expect(world.deleteRun(0)).not.toBe("aborted");
          world.pass(1);
          world.scan(one);
          lapsed += 1;
          expect(one.life).toMatchObject({
            state: "notified",
            approvals: [],
            told: [],
            deadline: null,
          });
        },
      ),
      RUNS,
    );
    expect(lapsed).toBeGreaterThan(50);
  });

  test("6: approves a protected name, or takes one any further than active", () => {
    fc.assert(
      fc.property(ORDERS, (acts) => {
        const world = play(acts, (now) => {
          expect(now.place(NAMES.length - 1).life.state).toMatch(/^(active|kept)$/);
        });
        for (const one of world.log) {
          if (!["approved", "scaled down", "deleted"].includes(one.what)) continue;
          expect(one.name).not.toBe("kube-extra");
        }
      }),
      RUNS,
    );
  });
});
