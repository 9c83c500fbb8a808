import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { writeSample } from "../../../data/sample/write.ts";
import { manifests } from "./read.ts";

// A file of its own, so that it runs beside the others.
describe("a long sample", () => {
  const home = mkdtempSync(join(tmpdir(), "apportion-sample-"));
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it("goes back 400 days", async () => {
    const seen: string[] = [];
    const { months, truth } = await writeSample(home, {
      days: 400,
      onProgress: (done, total) => seen.push(`${done}/${total}`),
    });
    expect(months).toHaveLength(14);
    expect([truth.from, months[0], months.at(-1)]).toEqual(["2025-07-28", "2025-07", "2026-08"]);
    expect(seen.at(-1)).toBe("57/57");
    expect(manifests(join(home, "exports"))).toHaveLength(57);
    const june = truth.months.find(
      (month) => month.month === "2026-06" && month.currency === "EUR",
    );
    expect(june?.owners.reduce((sum, row) => sum + BigInt(row.billed.replace(".", "")), 0n)).toBe(
      BigInt((june?.billed ?? "0").replace(".", "")),
    );
  }, 60_000);
});
