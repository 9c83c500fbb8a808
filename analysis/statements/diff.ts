import { csvRecord } from "../../data/csv.ts";
import { fromUnits, plainAmount, toUnits } from "../../data/money.ts";
import { fillSql, loadSql } from "../../data/sql.ts";
import type { Amounts } from "../../data/statements.ts";
import { openReadOnly, type Session } from "../../data/warehouse.ts";
import { makeVisible } from "../visible.ts";

const SIDES = { was: "was", now: "now" } as const;
const AMOUNT = /^-?\d+\.\d+$/;

/** What a statement changes for one team in one service. */
export interface TeamChange extends Amounts {
  team: string;
  service: string;
}

export interface DiffOptions {
  month: string;
  /** Files of a month's answers: the earlier statement's and the later's. */
  was: string;
  now: string;
  /** A folder for what does not fit into memory. */
  temp: string;
  signal: AbortSignal;
  /** Take the records of the two CSVs; each resolves when they are written. */
  entries: (text: string) => Promise<void>;
  lines: (text: string) => Promise<void>;
}

/**
 * Compares two states of a month, entry by entry and bill line by bill line; both lists add up to the
 * same change. Gives it by currency, and by team and service.
 */
export async function writeDiff(
  options: DiffOptions,
): Promise<{ change: Amounts[]; lineChange: Amounts[]; teams: TeamChange[] }> {
  const engine = await openReadOnly(
    [
      { name: "was", path: options.was },
      { name: "now", path: options.now },
    ],
    // One thread: a person waits for the pages beside it.
    { memory: "512MB", threads: 1, temp: options.temp },
    async (session) => {
      const { month } = options;
      await makeVisible(session, [
        { month, catalog: "was", schema: "was_month" },
        { month, catalog: "now", schema: "now_month" },
      ]);
      for (const side of ["was", "now"])
        await session.script(fillSql(sqlOf("entry"), { side: [SIDES, side] }));
    },
  );
  const session = await engine.session();
  const interrupt = () => session.interrupt();
  options.signal.addEventListener("abort", interrupt, { once: true });
  try {
    const entries = await writeRows(session, sqlOf("diff"), options.entries);
    const lines = await writeRows(session, sqlOf("diff-lines"), options.lines);
    return {
      change: entries.byCurrency(),
      lineChange: lines.byCurrency(),
      teams: entries.byTeam(),
    };
  } finally {
    options.signal.removeEventListener("abort", interrupt);
    session.close();
    engine.close();
  }
}

function sqlOf(name: "entry" | "diff" | "diff-lines"): string {
  // A header names the slots for people; they are no slots.
  return loadSql(new URL(`./${name}.sql`, import.meta.url)).replaceAll(/^--.*\n/gm, "");
}

async function writeRows(
  session: Session,
  sql: string,
  write: (text: string) => Promise<void>,
): Promise<Sums> {
  const sums = new Sums();
  const header = await session.rows<{ column_name: string }>(`DESCRIBE ${sql}`);
  const columns = header.map((row) => row.column_name);
  await write(csvRecord(columns));
  for await (const rows of session.stream(sql)) {
    for (const row of rows) sums.add(row as Record<string, string>);
    await write(rows.map((row) => csvRecord(columns.map((column) => plain(row[column])))).join(""));
  }
  return sums;
}

function plain(value: unknown): unknown {
  return typeof value === "string" && AMOUNT.test(value) ? plainAmount(value) : value;
}

const MEASURES = {
  effective: "EffectiveCostChange",
  billed: "BilledCostChange",
  list: "ListCostChange",
};
type Units = { effective: bigint; billed: bigint; list: bigint };

/** Exact sums of the changes, by currency and by team and service. */
class Sums {
  readonly #byKey = new Map<string, { key: [string, string, string]; units: Units }>();
  add(row: Record<string, string>): void {
    const key: [string, string, string] = [
      row["BillingCurrency"] ?? "",
      row["Team"] ?? "",
      row["ServiceName"] ?? "",
    ];
    const id = JSON.stringify(key);
    let sum = this.#byKey.get(id);
    if (sum === undefined)
      this.#byKey.set(id, (sum = { key, units: { effective: 0n, billed: 0n, list: 0n } }));
    for (const [measure, column] of Object.entries(MEASURES))
      sum.units[measure as keyof Units] += toUnits(row[column] ?? "0");
  }
  byTeam(): TeamChange[] {
    return [...this.#byKey.values()].map(({ key: [currency, team, service], units }) => ({
      currency,
      team,
      service,
      ...texts(units),
    }));
  }
  byCurrency(): Amounts[] {
    const sums = new Map<string, Units>();
    for (const { key, units } of this.#byKey.values()) {
      const sum = sums.get(key[0]) ?? { effective: 0n, billed: 0n, list: 0n };
      sum.effective += units.effective;
      sum.billed += units.billed;
      sum.list += units.list;
      sums.set(key[0], sum);
    }
    return [...sums]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([currency, units]) => ({ currency, ...texts(units) }));
  }
}

function texts({ effective, billed, list }: Units): Omit<Amounts, "currency"> {
  return { effective: fromUnits(effective), billed: fromUnits(billed), list: fromUnits(list) };
}
