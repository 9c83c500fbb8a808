import type { ShowbackRow } from "../api/schemas/showback.ts";
import { compareAmounts, minus, sumOf } from "./format.ts";
import { matches } from "./text.ts";
import { nameOf } from "./words.ts";

/** Rows of a showback as a page shows them: ordered, searched, cut to the largest and the rest summed. */
export interface Arranged {
  /** Teams (or services, …) to show, in order. */
  rows: ShowbackRow[];
  /** The sum of those not shown; null when all are. */
  others: ShowbackRow | null;
  /** How many `others` stands for. */
  otherCount: number;
  /** Cost that belongs to nobody, kept in sight whatever its size. */
  sentinels: ShowbackRow[];
  /** How many there are before the cut. */
  found: number;
}

export const OTHERS = "__others__";

interface Options {
  sort: string;
  search: string;
  /** How many to show; fewer than three more are shown too rather than summed. */
  top: number;
}

/** Arranges rows; sums stay exact, so shown + others + sentinels is the total to the last digit. */
export function arrange(all: readonly ShowbackRow[], { sort, search, top }: Options): Arranged {
  const wanted = search === "" ? all : all.filter((row) => matches(searchable(row), search));
  const sentinels = wanted.filter((row) => isSentinel(row.key));
  const owned = wanted.filter((row) => !isSentinel(row.key));
  const cut = owned.length > top + 2 ? top : owned.length;
  // The cut is always by cost: ordering by name must not make a large team an "other".
  const largest = owned.toSorted(byCost);
  const rest = largest.slice(cut);
  return {
    rows: ordered(largest.slice(0, cut), sort),
    others: rest.length === 0 ? null : summed(rest),
    otherCount: rest.length,
    sentinels,
    found: owned.length,
  };
}

/** Rows in the order a column head asks for (`-cost`, `name`). */
export function ordered(rows: readonly ShowbackRow[], sort: string): ShowbackRow[] {
  const down = sort.startsWith("-");
  const by = ORDERS[down ? sort.slice(1) : sort] ?? ORDERS["cost"];
  if (by === undefined) return [...rows];
  return rows.toSorted((a, b) => (down ? by(b, a) : by(a, b)) || (a.key < b.key ? -1 : 1));
}

/** Whether a key is a bucket rather than an owner. */
export function isSentinel(key: string): boolean {
  return /(^|\/)__/.test(key);
}

/** Sentinels of all clusters as one row each; sums stay exact. */
export function mergeSentinels(rows: readonly ShowbackRow[]): ShowbackRow[] {
  const merged = new Map<string, ShowbackRow[]>();
  for (const row of rows) {
    const key = isSentinel(row.key) ? (row.key.split("/").at(-1) ?? row.key) : row.key;
    merged.set(key, [...(merged.get(key) ?? []), row]);
  }
  return [...merged].map(([key, same]): ShowbackRow => {
    const [first] = same;
    if (first === undefined || same.length === 1) return { ...(first as ShowbackRow), key };
    return { ...first, ...sumsOf(same), key };
  });
}

/** What changed against the month before; all of it where there was nothing. */
export function changeOf(row: ShowbackRow): string {
  return minus(row.cost, row.previous ?? "0");
}

type Order = (a: ShowbackRow, b: ShowbackRow) => number;

const ORDERS: Record<string, Order> = {
  name: (a, b) => nameOf(a.key, a.name).localeCompare(nameOf(b.key, b.name)),
  cost: (a, b) => compareAmounts(a.cost, b.cost),
  direct: (a, b) => compareAmounts(a.direct, b.direct),
  shared: (a, b) => compareAmounts(a.shared, b.shared),
  idle: (a, b) => compareAmounts(a.idle, b.idle),
  previous: (a, b) => compareAmounts(a.previous ?? "0", b.previous ?? "0"),
  change: (a, b) => compareAmounts(changeOf(a), changeOf(b)),
  service: (a, b) => (a.service ?? "").localeCompare(b.service ?? ""),
  group: (a, b) => (a.resourceGroup ?? "").localeCompare(b.resourceGroup ?? ""),
};

function byCost(a: ShowbackRow, b: ShowbackRow): number {
  return compareAmounts(b.cost, a.cost) || (a.key < b.key ? -1 : 1);
}

function searchable(row: ShowbackRow): string {
  return [nameOf(row.key, row.name), row.key, row.service, row.resourceGroup].join(" ");
}

function summed(rows: readonly ShowbackRow[]): ShowbackRow {
  return {
    key: OTHERS,
    name: `${rows.length} others`,
    team: null,
    bucket: "direct",
    ...sumsOf(rows),
  };
}

function sumsOf(rows: readonly ShowbackRow[]) {
  const known = rows.filter((row) => row.previous !== null);
  return {
    cost: sumOf(rows.map((row) => row.cost)),
    direct: sumOf(rows.map((row) => row.direct)),
    shared: sumOf(rows.map((row) => row.shared)),
    idle: sumOf(rows.map((row) => row.idle)),
    previous: known.length === 0 ? null : sumOf(known.map((row) => row.previous ?? "0")),
  };
}
