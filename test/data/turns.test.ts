import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppError } from "../../data/errors.ts";
import { type Turn, Turns } from "../../data/turns.ts";

/** What becomes of turns, kept beside them: who is in, who waits, in the order they were let in. */
class Watched {
  readonly turns: Turns;
  readonly inside = new Set<Turn>();
  readonly waiting = new Set<Turn>();
  readonly refused: unknown[] = [];
  readonly order: string[] = [];
  constructor(places: number, most: number, each?: number) {
    this.turns = new Turns(places, most, each);
  }
  enter(caller: string, short = false, stream = false): Turn {
    const turn = this.turns.enter({ caller, short, stream });
    this.waiting.add(turn);
    turn.come.then(
      () => {
        this.waiting.delete(turn);
        this.inside.add(turn);
        this.order.push(caller);
      },
      (error: unknown) => {
        this.waiting.delete(turn);
        this.refused.push(error);
      },
    );
    return turn;
  }
  leave(turn: Turn): void {
    this.inside.delete(turn);
    this.turns.leave(turn);
  }
  /** Lets promises that are settled say so. */
  settle = () => new Promise<void>((resolve) => setImmediate(resolve));
}

const CALLERS = ["ann", "bob", "cy", "dee"];
const step = fc.record({
  what: fc.constantFrom("enter", "enter", "enter", "leave", "leave", "give up"),
  caller: fc.constantFrom(...CALLERS),
  short: fc.boolean(),
  which: fc.nat(),
});

describe("turns", () => {
  it("are never more than there are places, leave none empty that somebody may have, and all end", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 6 }),
        fc.array(step, { maxLength: 60 }),
        async (places, most, steps) => {
          const watched = new Watched(places, most);
          const { turns, inside, waiting } = watched;
          const gone = new AppError("CLIENT_GONE", "left");
          for (const { what, caller, short, which } of steps) {
            const of = [...(what === "leave" ? inside : waiting)];
            if (what === "enter") watched.enter(caller, short);
            else if (of.length > 0 && what === "leave")
              watched.leave(of[which % of.length] as Turn);
            else if (of.length > 0) turns.giveUp(of[which % of.length] as Turn, gone);
            await watched.settle();
            expect(inside.size + turns.free).toBe(places);
            expect(turns.waiting).toBe(waiting.size);
            expect(waiting.size).toBeLessThanOrEqual(most);
            // One place is kept where there are two, and only from those it is not for.
            const kept = places > 1 ? 1 : 0;
            if (turns.free > kept) expect(waiting.size).toBe(0);
            const held = new Set([...inside].map((turn) => turn.caller));
            if (turns.free > 0)
              expect([...waiting].filter((turn) => turn.short && !held.has(turn.caller))).toEqual(
                [],
              );
          }
          for (const error of watched.refused)
            expect(["CLIENT_GONE", "TOO_BUSY"]).toContain((error as AppError).code);
          while (inside.size > 0) {
            for (const turn of inside) watched.leave(turn);
            await watched.settle();
          }
          expect([turns.free, turns.waiting, waiting.size]).toEqual([places, 0, 0]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("go round: while somebody waits nobody else is let in twice", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.constantFrom(...CALLERS), { minLength: 1, maxLength: 40 }),
        async (places, callers) => {
          const watched = new Watched(places, 1_000);
          for (let flood = 0; flood < 50; flood++) watched.enter("flood");
          for (const caller of callers) watched.enter(caller);
          await watched.settle();
          const before = watched.order.length;
          while (watched.inside.size > 0) {
            for (const turn of watched.inside) watched.leave(turn);
            await watched.settle();
          }
          const order = watched.order.slice(before);
          for (const caller of new Set(callers)) {
            const ahead = order.slice(0, order.indexOf(caller));
            expect(ahead.length).toBe(new Set(ahead).size);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("keep the last place for a short question of who has none", async () => {
    const watched = new Watched(3, 100);
    for (let flood = 0; flood < 20; flood++) watched.enter("flood", true);
    await watched.settle();
    expect(watched.order).toEqual(["flood", "flood"]);
    watched.enter("long", false);
    watched.enter("short", true);
    await watched.settle();
    expect(watched.order).toEqual(["flood", "flood", "short"]);
  });

  it("are so many of a caller's questions, whatever is free; what somebody reads is none of them", async () => {
    const watched = new Watched(5, 10, 2);
    watched.enter("ann", false, true);
    const [first] = ["ann", "ann", "ann", "ann"].map((caller) => watched.enter(caller));
    await watched.settle();
    expect(watched.order).toEqual(["ann", "ann", "ann"]);
    expect(watched.waiting.size).toBe(2);
    watched.enter("bob");
    await watched.settle();
    expect(watched.order.at(-1)).toBe("bob");
    watched.leave(first as Turn);
    await watched.settle();
    expect(watched.order.at(-1)).toBe("ann");
    expect(watched.waiting.size).toBe(1);
  });

  it("are refused to the longest line's last where too many wait, and not to who comes after it", async () => {
    const watched = new Watched(1, 10);
    for (let flood = 0; flood < 11; flood++) watched.enter("flood");
    watched.enter("other");
    await watched.settle();
    expect(watched.refused).toMatchObject([{ code: "TOO_BUSY" }]);
    expect([...watched.waiting].filter(({ caller }) => caller === "other")).toHaveLength(1);
  });
});
