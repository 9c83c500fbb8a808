import { randomUUID } from "node:crypto";
import { constants, createWriteStream, existsSync, renameSync } from "node:fs";
import { copyFile, mkdir, open, rm } from "node:fs/promises";
import { once } from "node:events";
import { dirname, join } from "node:path";
import type { Principal } from "../../analysis/ask.ts";
import { METHOD_VERSION } from "../../analysis/method.ts";
import { monthOf, type Snapshot } from "../../analysis/snapshot.ts";
import { type TeamChange, writeDiff } from "../../analysis/statements/diff.ts";
import { openQuestions } from "../../analysis/statements/questions.ts";
import { AppError } from "../../data/errors.ts";
import {
  type HomePaths,
  readerTemporary,
  sha256,
  sha256File,
  syncFile,
  writeWhole,
} from "../../data/files.ts";
import { Register } from "../../data/register.ts";
import { auditHead } from "../../data/register/audit.ts";
import { sourceReports } from "../../data/register/reports.ts";
import { addStatement, manifestText, statements } from "../../data/register/statements.ts";
import {
  type Amounts,
  type OpenQuestion,
  type StatementFile,
  type StatementManifest,
  statementPath,
  writeClosed,
} from "../../data/statements.ts";
import { writeExport } from "../exports.ts";
import { changesOf, figuresOf } from "./figures.ts";

/** Statements say what the configured policy passes on, as the pages and exports do. */
const POLICY = "configured";

/** Who closes a month, as the audit log names them. */
export interface Closer {
  principal: Principal;
  name: string;
  role: string;
}

export interface CloseRequest {
  month: string;
  /** Why, where something open blocks; null closes only over nothing of that kind. */
  reason: string | null;
  closer: Closer;
  now: () => Date;
  signal: AbortSignal;
}

export type CloseOutcome =
  | { outcome: "closed"; manifest: StatementManifest }
  /** The latest statement says what a new one would. */
  | { outcome: "unchanged"; manifest: StatementManifest };

/** What a month would be closed over, and what it would change. */
export interface CloseView {
  questions: OpenQuestion[];
  latest: StatementManifest | null;
  /** Against the latest statement; empty where it says the same. */
  changes: Amounts[];
  /** Whether the figures differ at all, the division between owners included. */
  differs: boolean;
}

/** Looks, without writing anything. */
export async function viewClose(
  snapshot: Snapshot,
  register: Register,
  principal: Principal,
  month: string,
  signal?: AbortSignal,
): Promise<CloseView> {
  const entry = monthOf(snapshot, month);
  const latest = statements(register, month).at(-1) ?? null;
  const questions = await openQuestions(
    snapshot,
    principal,
    entry,
    sourceReports(register),
    signal,
  );
  const figures = await figuresOf(snapshot, principal, month, signal);
  return {
    questions,
    latest,
    changes: latest === null ? [] : changesOf(latest.totals, figures.totals),
    differs: latest === null || latest.figures !== figures.hash,
  };
}

/**
 * Makes the next numbered statement of a month from what is published:
 *
 *   questions -> files beside their names -> one transaction: number still free? names, row, audit row
 *
 * Closing again what did not change makes none. CLOSE_REFUSED where something blocks and no reason is given.
 */
export async function closeMonth(
  paths: HomePaths,
  snapshot: Snapshot,
  request: CloseRequest,
): Promise<CloseOutcome> {
  const { month, closer, signal } = request;
  const register = new Register(paths.register);
  const draft = join(paths.statements, month, `.${randomUUID()}`);
  try {
    const view = await viewClose(snapshot, register, closer.principal, month, signal);
    if (view.latest !== null && !view.differs)
      return { outcome: "unchanged", manifest: view.latest };
    refuseBlocked(month, view.questions, request.reason);
    await mkdir(draft, { recursive: true, mode: 0o700 });
    const manifest = await writeDraft(paths, snapshot, register, view, draft, request);
    register.transaction(() => {
      if ((statements(register, month).at(-1)?.number ?? 0) !== manifest.number - 1)
        throw new AppError(
          "CLOSE_REFUSED",
          `${month} was closed as no. ${manifest.number} meanwhile; look at it, and close again where it is still needed`,
        );
      // What stands under these names is of a close that was killed before its row was written.
      for (const file of [
        ...(Object.keys(manifest.files) as StatementFile[]),
        "sum",
        "manifest",
      ] as const)
        renameSync(join(draft, file), statementPath(paths, month, manifest.number, file));
      addStatement(register, manifest);
    });
    await syncFolder(join(paths.statements, month));
    await writeClosed(paths, statements(register));
    return { outcome: "closed", manifest };
  } finally {
    register.close();
    await rm(draft, { recursive: true, force: true });
  }
}

/** CLOSE_REFUSED with all that blocks, unless there is a reason. */
function refuseBlocked(
  month: string,
  questions: readonly OpenQuestion[],
  reason: string | null,
): void {
  const blocking = questions.filter(({ blocks }) => blocks).map(({ text }) => text);
  if (blocking.length === 0 || reason !== null) return;
  throw new AppError(
    "CLOSE_REFUSED",
    `${month} is not ready to be closed: ${blocking.join("; ")}; wait or mend it, or close it with --force --reason TEXT`,
  );
}

async function writeDraft(
  paths: HomePaths,
  snapshot: Snapshot,
  register: Register,
  view: CloseView,
  draft: string,
  { month, closer, reason, now, signal }: CloseRequest,
): Promise<StatementManifest> {
  const entry = monthOf(snapshot, month);
  const number = (view.latest?.number ?? 0) + 1;
  const files: StatementManifest["files"] = {};
  const answers = join(draft, "answers");
  // A copy, where the disk can without taking room: what happens to the published file is not its matter.
  await copyFile(snapshot.pathOf(entry.file as string), answers, constants.COPYFILE_FICLONE);
  await syncFile(answers);
  files.answers = await sha256File(answers);
  let text = "";
  await writeExport(
    "statement",
    snapshot,
    closer.principal,
    { month, number },
    async (record) => void (text += record),
    signal,
  );
  files.statement = sha256(text);
  await writeWhole(join(draft, "statement"), text);
  await writeWhole(join(draft, "sum"), `${files.statement}  ${number}.csv\n`);
  const figures = await figuresOf(snapshot, closer.principal, month, signal);
  let change: Amounts[] | null = null;
  if (view.latest !== null) {
    const made = await writeDiffFiles(paths, view.latest, answers, draft, signal);
    const stated = changesOf(view.latest.totals, figures.totals);
    // Two ways to the same sum; a diff that does not add up would be worse than none.
    if (!same(made.change, stated) || !same(made.lineChange, stated))
      throw new AppError(
        "INTERNAL",
        `${month}: the diff adds up to ${JSON.stringify([made.change, made.lineChange])} and the statements differ by ${JSON.stringify(stated)}`,
      );
    change = stated;
    for (const file of ["diff", "diffLines", "diffTeams"] as const)
      files[file] = await sha256File(join(draft, file));
  }
  const manifest: StatementManifest = {
    month,
    number,
    closedAt: now().toISOString(),
    closedBy: closer.name,
    role: closer.role,
    reason,
    state: entry.builtState ?? entry.state,
    policy: POLICY,
    method: METHOD_VERSION,
    publishedId: snapshot.list.publishedId,
    fingerprint: entry.fingerprint,
    causes: entry.causes,
    totals: figures.totals,
    questions: view.questions,
    files,
    change,
    figures: figures.hash,
    audit: auditHead(register),
  };
  await writeWhole(join(draft, "manifest"), manifestText(manifest));
  return manifest;
}

const isChange = ({ effective, billed, list }: Amounts) =>
  [effective, billed, list].some((text) => text !== "0");

function same(made: readonly Amounts[], stated: readonly Amounts[]): boolean {
  return JSON.stringify(made.filter(isChange)) === JSON.stringify(stated);
}

async function writeDiffFiles(
  paths: HomePaths,
  latest: StatementManifest,
  answers: string,
  draft: string,
  signal: AbortSignal,
): Promise<{ change: Amounts[]; lineChange: Amounts[]; teams: TeamChange[] }> {
  const was = statementPath(paths, latest.month, latest.number, "answers");
  if (!existsSync(was) || (await sha256File(was)) !== latest.files.answers)
    throw new AppError(
      "STATEMENT_DAMAGED",
      `${was} is missing or not as it was closed, so what changed since cannot be said; bring it back with "apportion restore"`,
    );
  const entries = appending(join(draft, "diff"));
  const lines = appending(join(draft, "diffLines"));
  try {
    const made = await writeDiff({
      month: latest.month,
      was,
      now: answers,
      temp: readerTemporary(paths),
      signal,
      entries: entries.write,
      lines: lines.write,
    });
    const teams = made.teams.filter(isChange);
    await writeWhole(
      join(draft, "diffTeams"),
      `${JSON.stringify({ month: latest.month, from: latest.number, to: latest.number + 1, change: made.change.filter(isChange), teams }, null, 2)}\n`,
    );
    return { ...made, teams };
  } finally {
    await entries.close();
    await lines.close();
  }
}

/** A new file that is written in pieces; closing it makes it durable. */
function appending(path: string): {
  write: (text: string) => Promise<void>;
  close: () => Promise<void>;
} {
  const stream = createWriteStream(path, { mode: 0o600, flags: "wx", flush: true });
  const failed = new Promise<never>((_, reject) => stream.once("error", reject));
  failed.catch(() => {});
  return {
    write: async (text) => {
      if (!stream.write(text)) await Promise.race([once(stream, "drain"), failed]);
    },
    close: async () => {
      stream.end();
      if (!stream.closed) await Promise.race([once(stream, "close"), failed]);
    },
  };
}

async function syncFolder(path: string): Promise<void> {
  for (const folder of [path, dirname(path)]) {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
