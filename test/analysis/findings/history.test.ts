import { describe, expect, it } from "vitest";
import { dated, savedSince } from "../../../analysis/findings/ledger/history.ts";
import type { SeenFinding } from "../../../data/register/findings.ts";

const seen = (more: Partial<SeenFinding> = {}): SeenFinding => ({
  id: "a",
  firstSeen: "2026-06-01",
  lastSeen: "2026-08-20",
  resolvedOn: null,
  finding: "{}",
  ...more,
});
const after = (before: SeenFinding, found: boolean, today: string, looked = true) =>
  dated([before], new Set(found ? ["a"] : []), today, () => looked)[0];

describe("a finding over time", () => {
  it("keeps when it was first seen, and moves when it was last seen forward only", () => {
    expect(after(seen(), true, "2026-08-31")).toMatchObject({
      firstSeen: "2026-06-01",
      lastSeen: "2026-08-31",
      resolvedOn: null,
    });
    expect(after(seen(), true, "2026-08-10")).toMatchObject({ lastSeen: "2026-08-20" });
    expect(dated([], new Set(["b"]), "2026-08-31", () => true)).toEqual([
      { id: "b", firstSeen: "2026-08-31", lastSeen: "2026-08-31", resolvedOn: null },
    ]);
  });

  it("is resolved from the day after it was last seen, or at once where the same day's data changed", () => {
    expect(after(seen(), false, "2026-08-31")).toMatchObject({ resolvedOn: "2026-08-21" });
    expect(after(seen(), false, "2026-08-20")).toMatchObject({ resolvedOn: "2026-08-20" });
  });

  it("is not resolved by data that stopped, or that goes back in time", () => {
    expect(after(seen(), false, "2026-08-31", false)).toMatchObject({ resolvedOn: null });
    expect(after(seen(), false, "2026-08-10")).toMatchObject({ resolvedOn: null });
  });

  it("stays resolved since the same day, and opens again under the same first day", () => {
    const over = seen({ resolvedOn: "2026-08-21" });
    expect(after(over, false, "2026-09-30")).toMatchObject({ resolvedOn: "2026-08-21" });
    expect(after(over, true, "2026-09-30")).toMatchObject({
      firstSeen: "2026-06-01",
      resolvedOn: null,
    });
  });

  it("has saved what the bill fell by, and never less than nothing", () => {
    expect(savedSince(300n, [0n, 0n, 4n])).toBe(26n);
    expect(savedSince(300n, [20n, 20n])).toBe(0n);
    expect(savedSince(300n, [])).toBe(0n);
  });
});
