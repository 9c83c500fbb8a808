import { fixed18 } from "./decimal.ts";
import type { Line } from "./model.ts";
import { ownerOn, standingOn } from "./teams.ts";
import type { UsageTruth } from "./usage-truth.ts";
import { resourceIdOf } from "./written.ts";

/** Sums of some lines. Amounts are plain decimals with 18 digits after the point; list and contracted sum what is stated, the counts say how many lines do not state it. */
export interface Sums {
  lines: number;
  billed: string;
  effective: string;
  list: string;
  contracted: string;
  listNulls: number;
  contractedNulls: number;
}

export interface KeyTruth extends Sums {
  key: string;
}

/** A team (or sentinel, with empty unit and centre) as it stood on the charge days. */
export interface OwnerTruth extends Sums {
  team: string;
  businessUnit: string;
  costCenter: string;
}

/** A billing month in one currency. `days` are charge days, which may lie outside the month; `resources` the 50 dearest by effective cost, ids in lower case. */
export interface MonthTruth extends Sums {
  month: string;
  currency: string;
  owners: OwnerTruth[];
  services: KeyTruth[];
  environments: KeyTruth[];
  days: KeyTruth[];
  resources: { id: string; effective: string }[];
}

/** One run of an export: rows and what its cost columns sum to (Actual states billed only, Amortized effective only). */
export interface RunTruth {
  export: string;
  type: string;
  month: string;
  currency: string;
  runId: string;
  superseded: boolean;
  rows: number;
  bytes: number;
  billed: string | null;
  effective: string | null;
}

export interface SampleTruth {
  sample: string;
  from: string;
  to: string;
  months: MonthTruth[];
  /** Months as they stood before a restatement replaced them. */
  restated: MonthTruth[];
  runs: RunTruth[];
  /** What the clusters' lines were for; absent when no usage was written. */
  usage?: UsageTruth;
}

class Sum {
  lines = 0;
  billed = 0n;
  effective = 0n;
  list = 0n;
  contracted = 0n;
  listNulls = 0;
  contractedNulls = 0;

  add(line: Line): void {
    this.lines++;
    this.billed += line.billed.value;
    this.effective += line.effective.value;
    if (line.list === null) this.listNulls++;
    else this.list += line.list.value;
    if (line.contracted === null) this.contractedNulls++;
    else this.contracted += line.contracted.value;
  }

  out(): Sums {
    const { lines, listNulls, contractedNulls } = this;
    return {
      lines,
      billed: fixed18(this.billed),
      effective: fixed18(this.effective),
      list: fixed18(this.list),
      contracted: fixed18(this.contracted),
      listNulls,
      contractedNulls,
    };
  }
}

const BY = ["owners", "services", "environments", "days"] as const;

class MonthBook {
  readonly total = new Sum();
  readonly by = {
    owners: new Map<string, Sum>(),
    services: new Map<string, Sum>(),
    environments: new Map<string, Sum>(),
    days: new Map<string, Sum>(),
  };
  readonly resources = new Map<string, bigint>();

  add(keys: Record<(typeof BY)[number], string>, resource: string, line: Line): void {
    this.total.add(line);
    for (const dimension of BY) {
      const map = this.by[dimension];
      let sum = map.get(keys[dimension]);
      if (sum === undefined) map.set(keys[dimension], (sum = new Sum()));
      sum.add(line);
    }
    if (resource !== "")
      this.resources.set(resource, (this.resources.get(resource) ?? 0n) + line.effective.value);
  }
}

/** Adds up what the generator knows, line by line, as the lines are made. */
export class TruthBook {
  readonly #months = new Map<string, MonthBook>();
  readonly #owners = new Map<string, Map<string, string>>();
  readonly #lower = new Map<object, string>();

  /** Counts a line of a bill. `service` is what that bill calls it. */
  add(month: string, currency: string, service: string, line: Line): void {
    const book = this.#book(month, currency);
    const { charge, date } = line;
    let resource = this.#lower.get(charge);
    if (resource === undefined)
      this.#lower.set(charge, (resource = resourceIdOf(charge).toLowerCase()));
    const keys = {
      owners: this.#ownerKey(charge.owner, date),
      services: service,
      environments: charge.resource?.environment ?? "",
      days: date,
    };
    book.add(keys, resource, line);
  }

  #book(month: string, currency: string): MonthBook {
    const key = `${month} ${currency}`;
    let book = this.#months.get(key);
    if (book === undefined) this.#months.set(key, (book = new MonthBook()));
    return book;
  }

  #ownerKey(owner: string, date: string): string {
    let days = this.#owners.get(owner);
    if (days === undefined) this.#owners.set(owner, (days = new Map()));
    let found = days.get(date);
    if (found === undefined) {
      const team = ownerOn(owner, date);
      const { businessUnit, costCenter } = standingOn(team, date);
      days.set(date, (found = JSON.stringify([team, businessUnit, costCenter])));
    }
    return found;
  }

  /** The months in order of name and currency. */
  months(): MonthTruth[] {
    return [...this.#months].toSorted(byKey).map(([key, book]) => {
      const [month = "", currency = ""] = key.split(" ");
      const keyed = (map: ReadonlyMap<string, Sum>): KeyTruth[] =>
        [...map].toSorted(byKey).map(([name, sum]) => ({ key: name, ...sum.out() }));
      return {
        month,
        currency,
        ...book.total.out(),
        owners: [...book.by.owners].toSorted(byKey).map(([owner, sum]) => {
          const [team = "", businessUnit = "", costCenter = ""] = JSON.parse(owner) as string[];
          return { team, businessUnit, costCenter, ...sum.out() };
        }),
        services: keyed(book.by.services),
        environments: keyed(book.by.environments),
        days: keyed(book.by.days),
        resources: [...book.resources]
          .toSorted((a, b) => (a[1] === b[1] ? byKey(a, b) : a[1] > b[1] ? -1 : 1))
          .slice(0, 50)
          .map(([id, effective]) => ({ id, effective: fixed18(effective) })),
      };
    });
  }
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}
