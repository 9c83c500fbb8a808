import type { Month } from "./calendar.ts";
import { SUBSCRIPTIONS } from "./estate.ts";
import type { Line } from "./model.ts";
import { mix, seedOf } from "./random.ts";
import { split, weights } from "./split.ts";
import { ownerOn } from "./teams.ts";
import { resourceIdOf } from "./written.ts";

/** Someone who uses a shared service: how it is written, whose it is, and about how much of it is used. */
interface Consumer {
  readonly text: string;
  /** A team's own; of a resource whom the rules give it. */
  readonly owner: string;
  readonly isTeam: boolean;
  readonly load: number;
}

interface SharedService {
  readonly name: string;
  readonly driver: string;
  /** End of the ids of what is shared, lower case; the glob of the configuration is `*` and this. */
  readonly ending: string;
  readonly consumers: readonly Consumer[];
}

const production = `/subscriptions/${SUBSCRIPTIONS.production.id}/resourceGroups`;
const team = (id: string, load: number): Consumer => ({
  text: `team:${id}`,
  owner: id,
  isTeam: true,
  load,
});
const site = (owner: string, load: number): Consumer => ({
  text: `${production}/rg-${owner}-production/providers/Microsoft.Web/sites/${owner}-classic`,
  owner,
  isTeam: false,
  load,
});
const database = (instance: string, owner: string, name: string, load: number): Consumer => ({
  text: `${production}/rg-databases-production/providers/Microsoft.Sql/managedInstances/${instance}/databases/${owner}-${name}`,
  owner,
  isTeam: false,
  load,
});

/** What many use and one line pays for: the old applications' environment and the large databases. */
const SERVICES: readonly SharedService[] = [
  {
    name: "classic-apps",
    driver: "app-cpu",
    ending: "/hostingenvironments/ase-northwind-production",
    consumers: [
      team("policy-admin", 610),
      team("claims", 540),
      team("broker", 170),
      team("payments", 65),
      // Moves to another team with the rules, in the middle of August.
      site("documents", 240),
      site("pricing", 95),
    ],
  },
  {
    name: "policy-database",
    driver: "sql-policy-cpu",
    ending: "/managedinstances/mi-policy-core",
    consumers: [
      database("mi-policy-core", "policy-admin", "core", 830),
      database("mi-policy-core", "pricing", "tariffs", 150),
      database("mi-policy-core", "broker", "mirror", 60),
    ],
  },
  {
    name: "claims-database",
    driver: "sql-claims-cpu",
    ending: "/managedinstances/mi-claims-core",
    consumers: [
      database("mi-claims-core", "claims", "core", 420),
      database("mi-claims-core", "payments", "ledger", 130),
    ],
  },
];

/** A day without a word of the drivers: what was paid for it follows the month. */
const SILENT = "2026-08-16";

/** CPU-seconds of an hour, in thousandths: more by day than by night, less at weekends. */
function quantity(service: SharedService, consumer: Consumer, day: number, hour: number): bigint {
  const weekend = (day + 4) % 7 === 0 || (day + 4) % 7 === 6;
  const busy = hour >= 7 && hour < 19 ? (weekend ? 30 : 100) : 12;
  const noise = 700 + (mix(seedOf(`${service.driver} ${consumer.text}`), day * 24 + hour) % 600);
  return BigInt(consumer.load * busy * noise);
}

/** Part of a line that an owner takes. */
export interface SharedPart {
  /** The end of the resource's id, lower case. */
  service: string;
  owner: string;
  effective: bigint;
  billed: bigint;
}

/** The sample's shared services: what they measured, and what that makes of their lines. */
export class SharedServices {
  readonly #months: readonly Month[];
  readonly #known = new Map<string, Map<string, bigint>>();

  constructor(months: readonly Month[]) {
    this.#months = months;
  }

  /** CSV files by name, as `drivers/` holds them. */
  files(): Map<string, string> {
    return new Map(
      SERVICES.map((service) => {
        const rows = ["hour,driver,consumer,quantity"];
        for (const { days } of this.#months)
          for (const { date, number } of days) {
            if (date === SILENT) continue;
            for (let hour = 0; hour < 24; hour++)
              for (const consumer of service.consumers) {
                const text = String(quantity(service, consumer, number, hour)).padStart(4, "0");
                const at = `${date}T${String(hour).padStart(2, "0")}:00:00Z`;
                rows.push(
                  `${at},${service.driver},${consumer.text},${text.slice(0, -3)}.${text.slice(-3)}`,
                );
              }
          }
        return [`${service.driver}.csv`, `${rows.join("\n")}\n`];
      }),
    );
  }

  /** Who takes what of a line; null where it is of no shared service. */
  parts(line: Line): SharedPart[] | null {
    if (line.charge.kind === "unused" || line.charge.kind === "purchase") return null;
    const id = resourceIdOf(line.charge).toLowerCase();
    const service = SERVICES.find(({ ending }) => id.endsWith(ending));
    if (service === undefined) return null;
    const by = weights(this.#weights(service, line.date));
    const effective = split(line.effective.value, by);
    const billed = split(line.billed.value, by);
    return by.keys.map((text, index) => {
      const consumer = service.consumers.find((one) => one.text === text);
      const owner = consumer?.owner ?? "";
      return {
        service: service.ending,
        owner: consumer?.isTeam === true ? owner : ownerOn(owner, line.date),
        effective: effective[index] ?? 0n,
        billed: billed[index] ?? 0n,
      };
    });
  }

  #weights(service: SharedService, date: string): Map<string, bigint> {
    const key = `${service.name} ${date}`;
    let found = this.#known.get(key);
    if (found === undefined) {
      const month = this.#months.find(({ name }) => date.startsWith(name));
      const days = (month?.days ?? []).filter((day) =>
        date === SILENT ? day.date !== SILENT : day.date === date,
      );
      found = new Map(
        service.consumers.map((consumer) => [
          consumer.text,
          days.reduce((sum, { number }) => {
            for (let hour = 0; hour < 24; hour++) sum += quantity(service, consumer, number, hour);
            return sum;
          }, 0n),
        ]),
      );
      this.#known.set(key, found);
    }
    return found;
  }
}

/** The part of `apportion.yaml` that divides them. */
export function sharedYaml(): { sources: string; allocation: string } {
  const entries = SERVICES.map(
    ({ name, driver, ending }) =>
      `    - { name: ${name}, match: { resourceId: "*${ending}" }, by: { driver: ${driver} } }\n`,
  );
  return {
    sources: "  - { type: drivers, name: shared-services, files: ./drivers/*.csv }\n",
    allocation: `allocation:\n  shared:\n${entries.join("")}`,
  };
}
