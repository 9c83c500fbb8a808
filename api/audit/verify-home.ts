import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type HomePaths, sha256, sha256File } from "../../data/files.ts";
import type { PublishedList } from "../../data/published.ts";
import type { Register } from "../../data/register.ts";
import {
  type AuditAnchor,
  type AuditHead,
  auditRows,
  verifyRegister,
} from "../../data/register/audit.ts";
import { manifestText, statements } from "../../data/register/statements.ts";
import {
  type StatementFile,
  type StatementManifest,
  statementPath,
} from "../../data/statements.ts";

export interface HomeVerdict extends AuditHead {
  statements: number;
  anchors: number;
  /** What is not as it was written, each naming its row or file; empty where all is. */
  problems: string[];
}

/**
 * Checks a home's audit log, by itself and by the heads that publishes and statements wrote down, and
 * every statement's files by the hashes that the log and the manifests hold.
 */
export async function verifyHome(
  paths: HomePaths,
  register: Register,
  noted: readonly AuditAnchor[] = [],
): Promise<HomeVerdict> {
  const problems: string[] = [];
  const all = statements(register);
  const anchors = [...noted, ...(await publishedAnchors(paths, problems)), ...all.map(anchorOf)];
  const { broken, ...head } = verifyRegister(register, anchors);
  if (broken !== null) problems.push(`audit log, row ${broken.row}: ${broken.problem}`);
  const closed = closedManifests(register);
  for (const manifest of all) {
    const about = `statement ${manifest.number} of ${manifest.month}`;
    if (closed.get(about) !== sha256(manifestText(manifest)))
      problems.push(`${about}: its row is not the one that the audit log says was closed`);
    closed.delete(about);
    problems.push(...(await fileProblems(paths, manifest)));
  }
  for (const about of closed.keys())
    problems.push(`${about}: the audit log says it was closed, and its row is missing`);
  return { ...head, statements: all.length, anchors: anchors.length, problems };
}

const anchorOf = ({ month, number, audit }: StatementManifest): AuditAnchor => ({
  ...audit,
  where: `statement ${number} of ${month}`,
});

/** The hash of each closed statement's manifest, as the log has it. */
function closedManifests(register: Register): Map<string, string> {
  return new Map(
    auditRows(register)
      .filter(({ action }) => action === "statement.close")
      .map(({ subject, details }) => {
        const { number, manifest } = parsed<{ number: number; manifest: string }>(details);
        return [
          `statement ${number} of ${subject.slice("month:".length)}`,
          manifest ?? "",
        ] as const;
      }),
  );
}

/** A row may have been changed to hold anything; the chain says so, and this goes on. */
function parsed<T extends object>(text: string): Partial<T> {
  try {
    return JSON.parse(text) as Partial<T>;
  } catch {
    return {};
  }
}

async function publishedAnchors(paths: HomePaths, problems: string[]): Promise<AuditAnchor[]> {
  const anchors: AuditAnchor[] = [];
  const kept = await readdir(paths.lists).catch((): string[] => []);
  for (const file of [paths.list, ...kept.map((name) => join(paths.lists, name))]) {
    if (!file.endsWith(".json") || !existsSync(file)) continue;
    try {
      const { audit } = JSON.parse(await readFile(file, "utf8")) as PublishedList;
      if (audit !== undefined) anchors.push({ ...audit, where: file });
    } catch {
      problems.push(`${file}: is damaged; run "apportion build" to publish again`);
    }
  }
  return anchors;
}

async function fileProblems(paths: HomePaths, manifest: StatementManifest): Promise<string[]> {
  const { month, number, files } = manifest;
  const expected = [
    ["manifest", sha256(manifestText(manifest))] as const,
    ["sum", sha256(`${files.statement ?? ""}  ${number}.csv\n`)] as const,
    ...(Object.entries(files) as [StatementFile, string][]),
  ];
  const problems: string[] = [];
  for (const [file, hash] of expected) {
    const path = statementPath(paths, month, number, file);
    if (!existsSync(path)) problems.push(`${path}: is missing`);
    else if ((await sha256File(path)) !== hash) problems.push(`${path}: is not as it was closed`);
  }
  return problems;
}
