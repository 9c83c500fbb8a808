import { expect, test } from "vitest";
import { LifeHome } from "./home.ts";
import { DELETION, toNotified, toQuarantine } from "./road.ts";
import { type Mood, smtp } from "./smtp.ts";

/** Mail through a real SMTP server: what does not arrive stops the clock, whatever way it went wrong. */

const DAY = 86_400_000;

test("a server that defers, refuses or drops stops the clock; what arrives late moves the deadline", async () => {
  const { mails, mood, notify } = await smtp();
  const home = await LifeHome.make(DELETION + notify("https://apportion.example.org"));
  await toNotified(home);
  await toQuarantine(home, ["old-shop"]);
  const shown = async () =>
    JSON.parse((await home.run("show", "prod/old-shop", "--format", "json")).out) as {
      told: number[];
      next: { what: string; at: string | null };
      timeline: { action: string; details: string }[];
    };
  expect((await shown()).told).toEqual([30]);
  home.pass(16);
  const taken = mails.length;
  for (const [is, why] of [
    ["defers", /451/],
    ["refuses", /550/],
    ["refuses the message", /554/],
    ["drops", /127\.0\.0\.1/],
    ["drops in the middle", /127\.0\.0\.1/],
  ] satisfies [Mood, RegExp][]) {
    mood.is = is;
    const sent = await home.run("notify", "--yes", "--format", "json");
    expect({ is, code: sent.code }).toEqual({ is, code: 3 });
    const mine = (JSON.parse(sent.out) as { namespace: string; problem: string }[]).find(
      ({ namespace }) => namespace === "prod/old-shop",
    );
    expect(mine).toMatchObject({
      step: 14,
      outcome: "not sent",
      problem: expect.stringMatching(why),
    });
    const { told, next, timeline } = await shown();
    expect([told, next]).toEqual([
      [30],
      { what: "the message of T-14 did not arrive; the clock stands still", at: null },
    ]);
    expect(timeline[0]).toMatchObject({
      action: "undelivered",
      details: expect.stringMatching(why),
    });
    home.pass(10);
  }
  expect(mails).toHaveLength(taken);
  // Long after the first deadline, and the quarantine is over too: it stays all the same.
  await home.look();
  const early = await home.run("delete", "prod/old-shop", "--yes");
  expect(early.told).toMatch(
    /has not been told T-14, T-7, T-1; a message did not arrive: 127\.0\.0\.1/,
  );

  mood.is = "takes";
  const now = home.now.getTime();
  expect((await home.run("notify", "--yes")).code).toBe(0);
  expect((await shown()).told).toEqual([30, 14]);
  const still = await home.run("delete", "prod/old-shop", "--yes");
  expect(still.told).toContain(`deadline ${new Date(now + 14 * DAY).toISOString().slice(0, 16)}`);
}, 120_000);
