import { createReadStream } from "node:fs";
import { glob, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { AppError, printable } from "../../data/errors.ts";
import { homePaths, sha256, sha256File, writeWhole } from "../../data/files.ts";
import { Register } from "../../data/register.ts";
import { pseudonym } from "../../data/register/people.ts";
import { NO_LINES } from "../directory/source.ts";
import { finishLanding, landingFolder, readLanded, startLanding } from "../landing.ts";
import type { RejectedLine, Source, SourceContext, Unit } from "../source.ts";
import type { KubernetesAuditConfig } from "./config.ts";
import { creationsOf, isMachine } from "./event.ts";

interface AuditUnit extends Unit {
  path: string;
}

interface LandedAudit {
  creations: { namespace: string; at: string; who: string; isPerson: boolean }[];
  rejected: RejectedLine[];
}

const FILE = "creations.json";

/**
 * Who created which namespace, out of audit logs. Of a log only these calls are landed, their users
 * by pseudonym: the rest is everybody's every move, and none of our business.
 */
export function kubernetesAuditSource(
  config: KubernetesAuditConfig,
  folder: string,
): Source<AuditUnit> {
  const { name, cluster } = config;
  return {
    name,
    type: config.type,

    async plan() {
      const units: AuditUnit[] = [];
      for await (const found of glob(config.files, { cwd: folder })) {
        const path = resolve(folder, found);
        const { size, mtime } = await stat(path);
        units.push({
          unit: printable(found),
          run: null,
          submittedAt: mtime.toISOString(),
          months: [],
          fingerprint: sha256(`${found} ${size} ${mtime.toISOString()}`),
          bytes: size,
          path,
        });
      }
      if (units.length === 0)
        throw new AppError(
          "SOURCE_UNREADABLE",
          `${join(folder, config.files)}: no file there; check the path`,
        );
      return { units: units.toSorted((a, b) => (a.unit < b.unit ? -1 : 1)), problems: [] };
    },

    async land(unit, context) {
      const run = landingFolder(context.home, name, unit.unit, unit.fingerprint);
      const before = await readLanded(run);
      if (before !== null) return before;
      await startLanding(run);
      const path = join(run, FILE);
      await writeWhole(path, JSON.stringify(await readLog(unit, context)));
      const files = [
        { name: FILE, path, sha256: await sha256File(path), bytes: (await stat(path)).size },
      ];
      await finishLanding(run, unit, files);
      return files;
    },

    async load(_unit, landed) {
      const [file] = landed;
      if (file === undefined) throw new AppError("FILE_INVALID", `${name}: nothing is landed`);
      const landedAudit = JSON.parse(await readFile(file.path, "utf8")) as LandedAudit;
      return {
        ...NO_LINES,
        dataset: "KubernetesAudit",
        scope: cluster.toLowerCase(),
        rows: landedAudit.creations.length,
        rejected: landedAudit.rejected,
        async write(session) {
          // A rotated file repeats nothing, and the same call in two files is one call.
          for (const { namespace, at, who, isPerson } of landedAudit.creations) {
            const key = { source: name, cluster, namespace, at };
            await session.run(
              "DELETE FROM namespace_created WHERE source = $source AND cluster = $cluster AND namespace = $namespace AND created_at = $at",
              key,
            );
            await session.run(
              "INSERT INTO namespace_created (source, cluster, namespace, created_at, who, is_person) VALUES ($source, $cluster, $namespace, $at, $who, $person)",
              { ...key, who, person: isPerson },
            );
          }
        },
      };
    },
  };
}

async function readLog(unit: AuditUnit, context: SourceContext): Promise<LandedAudit> {
  const register = new Register(homePaths(context.home).register);
  const found: LandedAudit = { creations: [], rejected: [] };
  try {
    const raw = createReadStream(unit.path);
    const lines = createInterface({
      input: unit.path.endsWith(".gz") ? raw.pipe(createGunzip()) : raw,
      crlfDelay: Infinity,
    });
    let line = 0;
    for await (const text of lines) {
      line += 1;
      context.signal.throwIfAborted();
      if (text.trim() === "") continue;
      try {
        for (const { namespace, at, username } of creationsOf(text)) {
          const isPerson = !isMachine(username);
          const who = isPerson ? pseudonym(register, username) : username;
          found.creations.push({ namespace, at, who, isPerson });
        }
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        found.rejected.push({
          file: unit.unit,
          line,
          reason: "not JSON",
          // The line itself may name people.
          text: "",
          month: null,
          currency: null,
          amount: null,
        });
      }
    }
    return found;
  } finally {
    register.close();
  }
}
