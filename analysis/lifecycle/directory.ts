import type { Session } from "../../data/warehouse.ts";

/** A person on a stretch of days, by pseudonym. */
export interface DirectoryPerson {
  person: string;
  aliases: readonly string[];
  manager: string | null;
  team: string | null;
  from: string | null;
  until: string | null;
}

/** Who answers for somebody today, and how one got there. */
export interface Answerable {
  person: string | null;
  team: string | null;
  /** `left, so their manager`, for people. */
  through: string[];
  isKnown: boolean;
}

/** The people of all configured directories. */
export class Directory {
  readonly #people: Map<string, DirectoryPerson[]>;
  constructor(people: readonly DirectoryPerson[]) {
    this.#people = new Map();
    for (const person of people)
      for (const name of [person.person, ...person.aliases])
        this.#people.set(name, [...(this.#people.get(name) ?? []), person]);
  }

  get isEmpty(): boolean {
    return this.#people.size === 0;
  }

  /** The person as on a day; null where they are unknown or not there on it. */
  on(id: string, day: string): DirectoryPerson | null {
    const stretches = this.#people.get(id) ?? [];
    return (
      stretches.find(
        ({ from, until }) => (from === null || from <= day) && (until === null || day < until),
      ) ?? null
    );
  }

  /**
   * Who answers for an identity on a day: the person, or for one who left the manager they had last,
   * and so on up; where that leads nowhere, nobody, but their last team still.
   */
  answerable(id: string, day: string): Answerable {
    const through: string[] = [];
    const seen = new Set<string>();
    let team: string | null = null;
    for (let at: string | null = id; at !== null && !seen.has(at);) {
      seen.add(at);
      const here = this.on(at, day);
      if (here !== null)
        return { person: here.person, team: team ?? here.team, through, isKnown: true };
      const last: DirectoryPerson | undefined = this.#last(at);
      if (last === undefined) break;
      team ??= last.team;
      through.push(last.manager === null ? "left, without a manager" : "left, so their manager");
      at = last.manager;
    }
    const isKnown = this.#people.has(id);
    return { person: isKnown || this.isEmpty === false ? null : id, team, through, isKnown };
  }

  /** All pseudonyms of a person: whoever signs in by any of them is that person. */
  identitiesOf(person: string): string[] {
    const stretches = this.#people.get(person) ?? [];
    return [...new Set([person, ...stretches.flatMap((one) => [one.person, ...one.aliases])])];
  }

  #last(id: string): DirectoryPerson | undefined {
    return (this.#people.get(id) ?? []).toSorted((a, b) =>
      (a.until ?? "9999") < (b.until ?? "9999") ? 1 : -1,
    )[0];
  }
}

/** Reads the people of the configured directories. */
export async function readDirectory(
  session: Session,
  sources: readonly string[],
): Promise<Directory> {
  const rows = await session.rows<{
    person: string;
    aliases: string;
    manager: string | null;
    team: string | null;
    valid_from: string | null;
    valid_to: string | null;
  }>(
    `SELECT person AS person, CAST(to_json(aliases) AS VARCHAR) AS aliases, manager AS manager, team AS team, valid_from AS valid_from, valid_to AS valid_to
     FROM person WHERE list_contains($sources, source) ORDER BY source, person, valid_from`,
    { sources },
  );
  return new Directory(
    rows.map((row) => ({
      person: row.person,
      aliases: JSON.parse(row.aliases) as string[],
      manager: row.manager,
      team: row.team,
      from: row.valid_from,
      until: row.valid_to,
    })),
  );
}
