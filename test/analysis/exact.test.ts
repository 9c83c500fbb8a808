import { describe, expect, it } from "vitest";
import { addAmounts } from "../../data/money.ts";
import { exported, type Line, records, takeBill } from "../bill-with.ts";
import { cli, withFolder } from "../home.ts";

const OWNERS = `teams:
  - { id: early }
  - { id: late }
rules:
  - { team: early, until: 2026-08-31, match: { resourceId: "*" } }
  - { team: late, from: 2026-08-31, match: { resourceId: "*" } }
`;

/** Row 49 of the attack table: nothing is lost in a sum, in any currency, at any size. */
describe("sums", () => {
  it("of tiny, negative and whole amounts are exact to the last digit", async () => {
    const of = (BillingCurrency: string, BilledCost: string, count = 1): Line[] =>
      Array.from({ length: count }, () => ({ BillingCurrency, BilledCost }));
    const bill = [
      ...of("EUR", "0.00000000000001", 20_000),
      ...of("EUR", "0.000000000000000001", 3),
      ...of("EUR", "-0.01", 7),
      ...of("EUR", "123456789012.34"),
      ...of("EUR", "-123456789012.34"),
      ...of("JPY", "1", 3),
      ...of("JPY", "-4"),
      ...of("JPY", "1000000000"),
      ...of("KWD", "0.001", 999),
      ...of("KWD", "1E-14", 11),
    ];
    await withFolder(async (folder) => {
      const config = await takeBill(folder, bill, OWNERS);
      const statement = records(await exported(config, "statement"));
      const lines = records(await exported(config, "lines"));
      expect(
        Object.fromEntries(statement.map((row) => [row["BillingCurrency"], row["BilledCost"]])),
      ).toEqual({ EUR: "-0.069999999799999997", JPY: "999999999", KWD: "0.99900000000011" });
      for (const row of statement) {
        expect(row["EffectiveCost"]).toBe(row["BilledCost"]);
        expect(
          addAmounts(
            lines
              .filter((line) => line["BillingCurrency"] === row["BillingCurrency"])
              .map((line) => line["BilledCost"] as string),
          ),
        ).toBe(row["BilledCost"]);
      }
      // A file cut at the end of a row looks whole where no manifest promised its rows.
      expect((await cli(["check", "--config", config])).out).toContain(
        "1 without a promised number of rows, so that nothing says they are whole",
      );
    });
  });
});

/** Row 50: a bill's day is the bill's day, wherever the machine stands. */
describe("the last day of a month", () => {
  it("is the same in every time zone, and rules are cut at it", async () => {
    const bill = ["2026-08-01", "2026-08-30", "2026-08-31"].flatMap((day): Line[] => [
      { ChargePeriodStart: `${day}T00:00:00Z`, ChargeDescription: `${day} first`, BilledCost: "1" },
      { ChargePeriodStart: `${day}T23:00:00Z`, ChargeDescription: `${day} last`, BilledCost: "2" },
    ]);
    const exports: string[] = [];
    for (const TZ of ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
      await withFolder(async (folder) => {
        const config = await takeBill(folder, bill, OWNERS, { TZ });
        exports.push(await exported(config, "lines", { TZ }));
      });
    expect(exports[1]).toBe(exports[0]);
    const teams = records(exports[0] as string)
      .map((row) => `${row["ChargeDescription"]} ${row["ChargePeriodStart"]} ${row["x_Team"]}`)
      .toSorted();
    expect(teams).toEqual([
      "2026-08-01 first 2026-08-01T00:00:00Z early",
      "2026-08-01 last 2026-08-01T23:00:00Z early",
      "2026-08-30 first 2026-08-30T00:00:00Z early",
      "2026-08-30 last 2026-08-30T23:00:00Z early",
      "2026-08-31 first 2026-08-31T00:00:00Z late",
      "2026-08-31 last 2026-08-31T23:00:00Z late",
    ]);
  });
});
