import { expect, it } from "vitest";
import { cli } from "../home.ts";

it("help of a command is the same either way round, and whole lines", async () => {
  const [asked, flagged] = await Promise.all([
    cli(["help", "backtest"]),
    cli(["backtest", "--help"]),
  ]);
  expect(asked).toEqual(flagged);
  expect(asked.code).toBe(0);
  expect(asked.out).toMatch(/^apportion backtest \[.*\n\nReplays history.*\n$/s);
});

it("help of nothing is of all commands, and of what is none says which there are", async () => {
  const all = await cli(["help"]);
  expect([all.code, all.out.includes("  backtest ")]).toEqual([0, true]);
  const none = await cli(["help", "backtset"]);
  expect([none.code, none.err]).toEqual([2, expect.stringContaining('did you mean "backtest"?')]);
});
