import { describe, expect, test } from "vitest";
import type { ShowbackRow } from "../../api/schemas/showback.ts";
import { colorOf } from "../../ui/colors.ts";
import { ageOf, formatTime, monthBefore, monthName } from "../../ui/dates.ts";
import { sumOf } from "../../ui/format.ts";
import { arrange } from "../../ui/groups.ts";
import { cutMiddle, matches, visible } from "../../ui/text.ts";

function row(key: string, cost: string): ShowbackRow {
  const name = `Team ${key}`;
  return {
    key,
    name,
    team: key,
    bucket: "direct",
    cost,
    direct: cost,
    shared: "0",
    idle: "0",
    previous: null,
  };
}

describe("rows of a page", () => {
  const rows = [
    ...Array.from({ length: 30 }, (_, i) => row(`t${i}`, `${i}.000000000000000001`)),
    row("__unowned__", "7"),
  ];

  test("what is shown, summed and set apart is the total to the last digit", () => {
    const {
      rows: shown,
      others,
      sentinels,
      otherCount,
    } = arrange(rows, { sort: "name", search: "", top: 12 });
    expect(shown).toHaveLength(12);
    expect(otherCount).toBe(18);
    expect(sentinels.map((one) => one.key)).toEqual(["__unowned__"]);
    const all = [...shown, ...sentinels, ...(others === null ? [] : [others])];
    expect(sumOf(all.map((one) => one.cost))).toBe(sumOf(rows.map((one) => one.cost)));
  });

  test("an order by name still shows the largest", () => {
    const shown = arrange(rows, { sort: "name", search: "", top: 12 }).rows.map((one) => one.key);
    expect(shown).toContain("t29");
    expect(shown).not.toContain("t1");
  });

  test("two more are shown rather than summed", () => {
    expect(arrange(rows.slice(0, 14), { sort: "-cost", search: "", top: 12 }).others).toBeNull();
  });

  test("a search finds by words in any case, sentinels by the name people see", () => {
    const find = (search: string) => arrange(rows, { sort: "-cost", search, top: 99 });
    expect(find("TEAM t29").rows.map((one) => one.key)).toEqual(["t29"]);
    expect(find("nobody").sentinels).toHaveLength(1);
    expect(find("nothing like it").found).toBe(0);
  });
});

describe("names", () => {
  test("show what is hidden in them", () => {
    expect(visible("vm-\u202efdp.exe\u200b")).toBe("vm-\\u{202e}fdp.exe\\u{200b}");
    expect(visible("a\u0000b\n\ud800\u{e0041}\ufeff\u2028\u00ad\u3164")).toBe(
      "a\\u{0}b\\u{a}\\u{d800}\\u{e0041}\\u{feff}\\u{2028}\\u{ad}\\u{3164}",
    );
    expect(visible("Zürich 東京 مصر 😀")).toBe("Zürich 東京 مصر 😀");
  });

  test("are cut in the middle", () => {
    expect(cutMiddle("abcdefghij", 10)).toBe("abcdefghij");
    expect(cutMiddle("abcdefghijk", 7)).toBe("abc…ijk");
    expect(cutMiddle("😀😀😀😀😀", 3)).toBe("😀…😀");
  });

  test("are searched by every word", () => {
    expect(matches("Azure SQL Database", "sql azure")).toBe(true);
    expect(matches("Azure SQL Database", "sql x")).toBe(false);
  });

  test("keep their colour; buckets are grey", () => {
    expect(colorOf("claims")).toBe(colorOf("claims"));
    expect(colorOf("__unowned__")).toBe(colorOf("__others__"));
    const used = new Set(Array.from({ length: 200 }, (_, i) => colorOf(`team-${i}`)));
    expect(used.size).toBe(10);
  });
});

test("months, times and ages in words", () => {
  expect(monthName("2026-08")).toBe("August 2026");
  expect(monthBefore("2026-01")).toBe("2025-12");
  expect(monthBefore("2026-10")).toBe("2026-09");
  expect(formatTime("2026-11-21T06:12:59+02:00")).toBe("21 Nov 2026, 04:12 UTC");
  expect(formatTime("soon")).toBe("soon");
  const now = Date.parse("2026-11-22T09:30:00Z");
  expect(ageOf("2026-11-22T06:06:00Z", now)).toBe("3 hours");
  expect(ageOf("2026-11-19T06:06:00Z", now)).toBe("3 days");
  expect(ageOf("2026-11-22T09:30:30Z", now)).toBe("a minute");
});
