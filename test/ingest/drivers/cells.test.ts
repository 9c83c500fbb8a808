import fc from "fast-check";
import { expect, test } from "vitest";
import { readConsumer, readQuantity } from "../../../data/drivers.ts";
import { readDriver, readHour } from "../../../ingest/drivers/cells.ts";

const reason = (read: object) => ("reason" in read ? String(read.reason) : "taken");

test("a quantity is rounded half away from zero to millionths, whatever its text", () => {
  for (const [text, millionths] of [
    ["0", 0n],
    ["1", 1_000_000n],
    ["1.5", 1_500_000n],
    [".25", 250_000n],
    ["7.", 7_000_000n],
    ["+3", 3_000_000n],
    ["0.0000005", 1n],
    ["0.00000049999999999999999999999999", 0n],
    ["0.0000015", 2n],
    ["123456789.1234565", 123_456_789_123_457n],
    ["5.64902E-05", 56n],
    ["1e3", 1_000_000_000n],
    ["12.34e-1", 1_234_000n],
    ["0e9999", 0n],
    ["1e-9999", 0n],
    ["1000000000000", 10n ** 18n],
  ] as const)
    expect([text, readQuantity(text)]).toEqual([text, { value: millionths }]);
});

test("property: a quantity is its decimal digits, to the last one, for any number of them", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 18n }),
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: -3, max: 3 }),
      (digits, places, exponent) => {
        // digits × 10^-places × 10^exponent, in millionths, by whole numbers alone.
        const text = `${digits}`.padStart(places + 1, "0");
        const written = `${text.slice(0, text.length - places)}.${text.slice(text.length - places)}e${exponent}`;
        const shift = 6 - places + exponent;
        const scale = 10n ** BigInt(Math.abs(shift));
        const expected = shift >= 0 ? digits * scale : (2n * digits + scale) / (2n * scale);
        const read = readQuantity(written);
        if (expected > 10n ** 18n) expect(reason(read)).toContain("over 10^12");
        else expect(read).toEqual({ value: expected });
      },
    ),
    { numRuns: 300 },
  );
});

test("what is no quantity is refused by its name", () => {
  for (const [text, why] of [
    ["NaN", "not a number"],
    ["+Inf", "not a number"],
    ["-Infinity", "not a number"],
    ["-1", "negative"],
    ["-0.5e3", "negative"],
    ["1,5", "with a point"],
    ["1 000", "with a point"],
    ["", "with a point"],
    [".", "with a point"],
    ["0x10", "with a point"],
    ["1000000000000.000001", "over 10^12"],
    ["1e400", "over 10^12"],
  ] as const)
    expect([text, reason(readQuantity(text))]).toEqual([text, expect.stringContaining(why)]);
});

test("an hour is a full one in UTC, a day its first", () => {
  const hour = Date.UTC(2026, 7, 3, 10) / 1000;
  for (const text of [
    "2026-08-03T10:00:00Z",
    "2026-08-03T10:00Z",
    "2026-08-03 10:00:00",
    "2026-08-03T10:00:00.000+00:00",
    "2026-08-03T10",
  ])
    expect([text, readHour(text)]).toEqual([text, { value: hour }]);
  expect(readHour("2026-08-03")).toEqual({ value: hour - 36_000 });
  for (const [text, why] of [
    ["2026-08-03T10:15:00Z", "full hour"],
    ["2026-08-03T10:00:00+02:00", "in UTC"],
    ["2026-02-30T10:00:00Z", "calendar"],
    ["2026-08-03T24:00:00Z", "calendar"],
    ["03.08.2026", "in UTC"],
    ["", "in UTC"],
  ] as const)
    expect([text, reason(readHour(text))]).toEqual([text, expect.stringContaining(why)]);
});

test("a consumer is a team, a namespace or a resource; anything else is named", () => {
  expect(readConsumer("team:Claims.A-1")).toEqual({ value: "team:Claims.A-1" });
  expect(readConsumer("namespace:Prod/Shop")).toEqual({ value: "namespace:Prod/shop" });
  expect(
    readConsumer("/subscriptions/S/resourceGroups/RG/providers/Microsoft.Web/sites/A/"),
  ).toEqual({ value: "/subscriptions/s/resourcegroups/rg/providers/microsoft.web/sites/a" });
  for (const text of [
    "claims",
    "team:",
    "team:a b",
    "namespace:prod",
    "namespace:/x",
    "ns:a/b",
    "",
    "a\u0000",
  ])
    expect([text, reason(readConsumer(text))]).toEqual([
      text,
      expect.stringMatching(/no known shape|there is no consumer|control character/),
    ]);
  expect(reason(readDriver("app cpu"))).toContain("is no name");
});
