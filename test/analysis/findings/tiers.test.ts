import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tierOf, type WorkloadKey } from "../../../analysis/findings/recommend/workloads.ts";
import { findingsSettings } from "../../../analysis/findings/settings.ts";

const key = (more: Partial<WorkloadKey> = {}): WorkloadKey => ({
  cluster: "prod",
  namespace: "shop-eu/1",
  kind: "Deployment",
  workload: "web_api",
  billKind: "Deployment",
  billWorkload: "web_api",
  ...more,
});
// The schema's union of tiers is made of a list, which its type does not know.
const tier = (name: "saver" | "critical") => name as never;
const rule = (match: object, name: "saver" | "critical" = "saver") => ({ tier: tier(name), match });

describe("a workload's tier", () => {
  it("is its annotation's, else the first rule's that matches, else the configured one", () => {
    const settings = findingsSettings({
      tier: tier("critical"),
      tiers: [
        rule({ namespace: "shop-*", workload: "batch" }, "critical"),
        rule({ namespace: "shop-*", team: "retail" }),
        rule({ namespace: "shop-*" }, "critical"),
      ],
    });
    expect(tierOf(settings, key(), "retail", "balanced")).toEqual({
      tier: "balanced",
      by: "annotation",
    });
    expect(tierOf(settings, key(), "retail", "none such")).toEqual({
      tier: "saver",
      by: "configuration",
    });
    expect(tierOf(settings, key(), "lab", null).tier).toBe("critical");
    expect(tierOf(settings, key({ namespace: "lab" }), "retail", null)).toEqual({
      tier: "critical",
      by: "default",
    });
  });

  it("by a rule is of the name it says, whatever is in it, and of no other", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "grapheme" }), (name) => {
        const settings = findingsSettings({ tiers: [rule({ workload: name })] });
        const by = (workload: string) => tierOf(settings, key({ workload }), "lab", null).by;
        expect(by(name)).toBe("configuration");
        if (!/[*?]/.test(name)) expect(by(`${name}x`)).toBe("default");
      }),
      { numRuns: 300 },
    );
  });

  it("by wildcards matches what they stand for, and a dot, a hyphen or a percent stand for themselves", () => {
    const matches = (pattern: string, workload: string) =>
      tierOf(
        findingsSettings({ tiers: [rule({ workload: pattern })] }),
        key({ workload }),
        "lab",
        null,
      ).by === "configuration";
    expect(["web-1", "web-", "WEB-1"].map((name) => matches("web-*", name))).toEqual([
      true,
      true,
      true,
    ]);
    expect(matches("w?b", "wab")).toBe(true);
    expect(matches("w.b", "wab")).toBe(false);
    expect(matches("w%b", "waab")).toBe(false);
    expect(matches("w_b", "wab")).toBe(false);
  });
});
