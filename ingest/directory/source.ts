import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { homePaths, sha256, sha256File, writeWhole } from "../../data/files.ts";
import { AppError } from "../../data/errors.ts";
import { Register } from "../../data/register.ts";
import { pseudonym } from "../../data/register/people.ts";
import type { Session } from "../../data/warehouse.ts";
import { finishLanding, landingFolder, readLanded, startLanding } from "../landing.ts";
import type { Loaded, Source, SourceContext, Unit } from "../source.ts";
import { type GraphAccess, graphPeople } from "./graph.ts";
import { type Person, readPeople } from "./people.ts";

/** What of a person is landed and stored: pseudonyms. */
interface LandedPerson {
  person: string;
  aliases: string[];
  manager: string | null;
  team: string | null;
  validFrom: string | null;
  validTo: string | null;
}

const FILE = "people.json";

/**
 * People of a CSV file or of Microsoft Graph. E-mail addresses go into the register and nowhere else:
 * what is landed holds pseudonyms, so that forgetting a person is one row.
 */
export function directorySource(
  config: { name: string; type: string },
  from: { file: string } | { graph: GraphAccess },
): Source {
  const { name } = config;
  return {
    name,
    type: config.type,

    async plan(context) {
      const at = context.now().toISOString();
      const unit: Unit = {
        unit: "people",
        run: null,
        submittedAt: at,
        months: [],
        // A directory does not say what changed; once an hour is often enough to ask.
        fingerprint: "file" in from ? await versionOf(from.file) : `people ${at.slice(0, 13)}`,
        bytes: 0,
      };
      return { units: [unit], problems: [] };
    },

    async land(unit, context) {
      const folder = landingFolder(context.home, name, unit.unit, unit.fingerprint);
      const before = await readLanded(folder);
      if (before !== null) return before;
      await startLanding(folder);
      const people =
        "file" in from
          ? readPeople(await readFile(from.file, "utf8"), from.file)
          : await graphPeople(from.graph, context.now(), context.signal);
      const path = join(folder, FILE);
      await writeWhole(path, JSON.stringify(pseudonymous(people, context)));
      const files = [
        { name: FILE, path, sha256: await sha256File(path), bytes: (await stat(path)).size },
      ];
      await finishLanding(folder, unit, files);
      return files;
    },

    async load(_unit, landed) {
      const [file] = landed;
      if (file === undefined) throw new AppError("FILE_INVALID", `${name}: nothing is landed`);
      const people = JSON.parse(await readFile(file.path, "utf8")) as LandedPerson[];
      return {
        ...NO_LINES,
        dataset: "Directory",
        rows: people.length,
        write: (session) => writePeople(session, name, people),
      };
    },
  };
}

/** What a source without bill lines loads. */
export const NO_LINES: Loaded = {
  dataset: "",
  scope: null,
  exportName: null,
  rows: 0,
  promised: null,
  parts: [],
  controls: [],
  rejected: [],
  subAccounts: [],
  stated: [],
};

async function versionOf(file: string): Promise<string> {
  try {
    return sha256(await readFile(file));
  } catch (error) {
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? "?"}); check the path`,
      { cause: error },
    );
  }
}

function pseudonymous(people: readonly Person[], context: SourceContext): LandedPerson[] {
  const register = new Register(homePaths(context.home).register);
  try {
    return register.transaction(() =>
      people.map((person) => ({
        person: pseudonym(register, person.email),
        aliases: person.aliases.map((alias) => pseudonym(register, alias)),
        manager: person.manager === null ? null : pseudonym(register, person.manager),
        team: person.team,
        validFrom: person.validFrom,
        validTo: person.validTo,
      })),
    );
  } finally {
    register.close();
  }
}

async function writePeople(
  session: Session,
  source: string,
  people: readonly LandedPerson[],
): Promise<void> {
  await session.run("DELETE FROM person WHERE source = $source", { source });
  for (const { person, aliases, manager, team, validFrom, validTo } of people)
    await session.run(
      `INSERT INTO person (source, person, aliases, manager, team, valid_from, valid_to)
       VALUES ($source, $person, $aliases, $manager, $team, $from, $to)`,
      { source, person, aliases, manager, team, from: validFrom, to: validTo },
    );
}
