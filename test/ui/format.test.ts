import { describe, expect, test } from "vitest";
import {
  compareAmounts,
  currencyDigits,
  digitsFor,
  formatAmount,
  formatCompact,
  formatPercentChange,
  formatShare,
  markLength,
  matters,
  minus,
  sumOf,
  textOf,
  unitsOf,
} from "../../ui/format.ts";

const en = { locale: "en" };

describe("an amount's text", () => {
  test.each([
    ["0", "0.00"],
    ["1234.5", "1,234.50"],
    ["-1234.5", "\u22121,234.50"],
    ["0.005", "0.01"],
    ["-0.005", "\u22120.01"],
    ["0.004999999999999999", "0.00"],
    ["-0.001", "0.00"],
    ["999.995", "1,000.00"],
    ["12345678901234567890.125", "12,345,678,901,234,567,890.13"],
    ["9007199254740993", "9,007,199,254,740,993.00"],
  ])("%s reads %s", (text, read) => {
    expect(formatAmount(text, en)).toBe(read);
  });

  test("is written as the locale writes numbers", () => {
    expect(formatAmount("1234567.891", { locale: "de" })).toBe("1.234.567,89");
    expect(formatAmount("1234567.891", { locale: "en-IN" })).toBe("12,34,567.89");
    expect(formatAmount("1234.5", { locale: "es" })).toBe("1234,50");
    expect(formatAmount("1234567.891", { locale: "ar-EG" })).toMatch(/^1.234.567.89$/);
  });

  test("has the digits and the sign asked for", () => {
    expect(formatAmount("1234.5", { ...en, digits: 0 })).toBe("1,235");
    expect(formatAmount("12", { ...en, signed: true, digits: 0 })).toBe("+12");
    expect(formatAmount("0.001", { ...en, signed: true })).toBe("0.00");
  });

  test("comes back as it is where it is no amount", () => {
    expect(formatAmount("n/a", en)).toBe("n/a");
    expect(formatAmount("1e5", en)).toBe("1e5");
  });

  test.each([
    ["0", "0"],
    ["56", "56.0"],
    ["5.5", "5.50"],
    ["5983", "5.98k"],
    ["75645", "75.6k"],
    ["360283.99", "360k"],
    ["999949", "1.00M"],
    ["1658990", "1.66M"],
    ["-28819", "\u221228.8k"],
    ["2500000000", "2.50bn"],
  ])("%s is %s for short", (text, short) => {
    expect(formatCompact(text, "en")).toBe(short);
  });
});

describe("exact arithmetic", () => {
  test("loses no digit", () => {
    expect(sumOf(["0.1", "0.2"])).toBe("0.3");
    expect(sumOf(["9007199254740993.000000000000000001", "-0.000000000000000001"])).toBe(
      "9007199254740993",
    );
    expect(minus("1", "0.000000000000000001")).toBe("0.999999999999999999");
    expect(compareAmounts("10.10", "10.1")).toBe(0);
    expect(compareAmounts("-2", "1")).toBe(-1);
  });

  test("units and text are inverse", () => {
    for (const text of ["0", "-0.5", "123.000000000000000456", "-99999999999999999999"]) {
      expect(textOf(unitsOf(text) ?? 0n)).toBe(text);
    }
    expect(unitsOf("12,5")).toBeNull();
    expect(unitsOf("")).toBeNull();
  });
});

describe("change", () => {
  test("is in percent of what was", () => {
    expect(formatPercentChange("103.1", "100", "en")).toBe("+3.1%");
    expect(formatPercentChange("90", "100", "en")).toBe("\u221210.0%");
    expect(formatPercentChange("328", "100", "en")).toBe("+228%");
    expect(formatPercentChange("100000", "1", "en")).toBe(">+999%");
    expect(formatPercentChange("5", "0", "en")).toBeNull();
    expect(formatPercentChange("5", null, "en")).toBeNull();
    // A credit that shrinks is a rise, whatever the sign of what it is divided by.
    expect(formatPercentChange("-50", "-100", "en")).toBe("+50.0%");
  });

  test("matters from 5 % of what was and 1 % of the whole", () => {
    expect(matters("105", "100", "500")).toBe(true);
    expect(matters("104.99", "100", "400")).toBe(false);
    expect(matters("110", "100", "1001")).toBe(false);
    expect(matters("100", "100", "0")).toBe(false);
    expect(matters("10", "0", "100")).toBe(true);
    expect(matters("10", null, "100")).toBe(false);
  });

  test("a share of nothing is empty", () => {
    expect(formatShare("1", "8", "en")).toBe("12.5%");
    expect(formatShare("1", "0", "en")).toBe("");
  });
});

test("a column has cents until one of its figures reaches 10,000", () => {
  expect(digitsFor(["1", "9999.99"], "EUR")).toBe(2);
  expect(digitsFor(["1", "-10000"], "EUR")).toBe(0);
  expect(digitsFor(["1"], "JPY")).toBe(0);
  expect(currencyDigits("KWD")).toBe(3);
  expect(currencyDigits("not one")).toBe(2);
});

test("a mark has a length whatever the text", () => {
  expect(markLength("12.5")).toBe(12.5);
  expect(markLength("n/a")).toBe(0);
});
