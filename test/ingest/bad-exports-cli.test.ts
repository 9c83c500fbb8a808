import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { billOf, writeBadExport, writeExport } from "../cases/bad-exports/make.ts";
import { cli, withFolder, writeConfig } from "../home.ts";
import { exported, records } from "../bill-with.ts";

/** What a person sees of a broken export: exit 3, one line that names it, and everything else in place. */
describe("apportion over broken exports", () => {
  const CASES = join(import.meta.dirname, "../cases/bad-exports");

  it("ends with 3, names each, keeps the last good answers and goes on", async () => {
    await withFolder(async (folder) => {
      const exports = join(folder, "exports");
      const config = await writeConfig(folder);
      const bad = ["gz-wrong-crc", "manifest-not-json", "html-page"];
      for (const [index, name] of bad.entries())
        await writeExport(
          exports,
          name,
          "2026-08-20T08:00:00Z",
          await billOf(`b0${index}`, ["100.01", "11.1"]),
          2,
        );
      const first = await cli(["run", "--config", config]);
      expect({ code: first.code, err: first.err }).toEqual({ code: 0, err: "" });
      const before = await exported(config, "lines");
      expect(records(before)).toHaveLength(6);

      await rm(exports, { recursive: true });
      for (const [index, name] of bad.entries())
        await writeBadExport(folder, join(CASES, name), { name, subscription: `b0${index}` });
      const second = await cli(["run", "--config", config]);
      expect(second.code).toBe(3);
      const lines = second.err.trimEnd().split("\n");
      expect(lines).toHaveLength(3);
      expect(lines.every((line) => line.startsWith("apportion: finops/"))).toBe(true);
      for (const [name, word] of [
        ["gz-wrong-crc", "incorrect data check"],
        ["manifest-not-json", "not JSON"],
        ["html-page", "web page"],
      ] as const)
        expect(lines.filter((line) => line.includes(name) && line.includes(word))).toHaveLength(1);
      expect(second.units.map((unit) => unit.outcome)).toEqual(["failed", "failed", "failed"]);
      expect(await exported(config, "lines")).toBe(before);

      await writeExport(
        exports,
        "z-good",
        "2026-08-25T09:00:00Z",
        await billOf("good", ["1.5"]),
        1,
      );
      const third = await cli(["run", "--config", config]);
      expect(third.code).toBe(3);
      expect(third.units.at(-1)).toMatchObject({ outcome: "loaded", rows: 1 });
      const after = records(await exported(config, "lines"));
      expect(after).toHaveLength(7);
      expect(after.map((row) => row["BilledCost"])).toContain("1.5");

      const sources = await cli(["sources", "--config", config]);
      for (const name of bad) expect(sources.out).toContain(name);
    });
  });

  it("puts bad rows aside, marks the month and makes check end with 1", async () => {
    await withFolder(async (folder) => {
      const config = await writeConfig(folder);
      const name = "two-bad-rows";
      await writeBadExport(folder, join(CASES, name), { name, subscription: "b00" });
      const run = await cli(["run", "--config", config]);
      expect(run.units).toMatchObject([{ outcome: "loaded", rows: 2, rejected: 2 }]);
      const check = await cli(["check", "--month", "2026-08", "--config", config]);
      expect(check.code).toBe(1);
      expect(check.out + check.err).toContain("2 rows rejected, worth 20.25");
      expect(check.out + check.err).toContain("1 of unknown amount");
      const sources = await cli(["sources", "--config", config]);
      for (const word of ["part_0_0001.csv", "ChargePeriodStart", '"soon"', '"minus three"'])
        expect(sources.out).toContain(word);
      expect(records(await exported(config, "lines"))).toHaveLength(2);
      expect(await readFile(join(folder, "home/published/current.json"), "utf8")).toContain(
        '"rejected": 2',
      );
    });
  });
});
