import { LOCAL_ADMINISTRATOR } from "../../analysis/principal.ts";
import { recorded, type Recorded } from "../../analysis/lifecycle/record.ts";
import { csvRecord } from "../../data/csv.ts";
import { AppError, asAppError, printable } from "../../data/errors.ts";
import { hint } from "../../data/config.ts";
import { homePaths } from "../../data/files.ts";
import { Register } from "../../data/register.ts";
import {
  type Actor,
  intentDone,
  pendingIntents,
  subjectOf as auditSubject,
} from "../../data/register/namespaces.ts";
import { auditRows, verifyRegister } from "../../data/register/audit.ts";
import { pseudonym } from "../../data/register/people.ts";
import { type Config, findConfig, readConfig } from "../config.ts";
import {
  type Decision,
  decide,
  type Desk,
  machineUser,
  namespaceDetail,
  namespaceRows,
  seenAt,
} from "../namespaces.ts";
import { table } from "../terminal.ts";
import type { Command, Invocation } from "./commands.ts";
import { asText } from "./ingest.ts";
import { notifyOwners } from "./namespaces-notify.ts";
import { scanNamespaces } from "./namespaces-scan.ts";
import {
  backUp,
  closedNow,
  dropTrials,
  type Done,
  purge,
  quarantine,
  release,
  removeAll,
  restore,
  type Worker,
} from "./namespaces-work.ts";

const VERBS = {
  list: "every namespace: owner, confidence, last activity, cost, state, next step",
  show: "CLUSTER/NAME with its evidence and its timeline",
  scan: "looks at every namespace of the ledger and takes each life a step further",
  notify: "sends the messages that are due",
  keep: "CLUSTER/NAME --reason WHY: it is needed",
  snooze: "CLUSTER/NAME --until DAY --reason WHY: not now, for 90 days at most",
  approve: "CLUSTER/NAME --as owner|second [--by E-MAIL]: it may go, as it is now",
  quarantine: "CLUSTER/NAME: scales it to zero; --undo wakes it again",
  purge: "CLUSTER/NAME: removes the backup of one that went 30 days ago or more",
  restore: "CLUSTER/NAME: makes a deleted one again out of its backup; wakes one in quarantine",
  delete: "CLUSTER/NAME: backs it up and deletes it, if all that must hold does",
  work: "carries out what was asked for on the page, and what is ready",
  audit: "[CLUSTER/NAME] [--verify]: who did what, and whether the chain is whole",
} as const;
type Verb = keyof typeof VERBS;

export const namespacesCommand: Command = {
  usage: "VERB [CLUSTER/NAME] [--yes] [options]",
  more: `\n${Object.entries(VERBS)
    .map(([verb, does]) => `  ${verb.padEnd(10)}  ${does}\n`)
    .join(
      "",
    )}\nscan, notify, quarantine, restore, delete, purge and work say what they would do; --yes does it.\n`,
  options: {
    yes: { type: "boolean" },
    "dry-run": { type: "boolean" },
    format: { type: "string" },
    reason: { type: "string" },
    until: { type: "string" },
    as: { type: "string" },
    by: { type: "string" },
    undo: { type: "boolean" },
    verify: { type: "boolean" },
    state: { type: "string" },
  },
  positionals: 2,
  async run(invocation) {
    const [verb = "", place] = invocation.words;
    if (!Object.hasOwn(VERBS, verb))
      throw new AppError(
        "USAGE",
        `namespaces: there is no "${printable(verb)}"${hint(verb, Object.keys(VERBS))}; see "apportion namespaces --help"`,
      );
    const { options, screen, now } = invocation;
    if (options["yes"] === true && options["dry-run"] === true)
      throw new AppError("USAGE", "--yes does it and --dry-run does not; give one of them");
    const config = readConfig(findConfig(asText(options["config"]), screen.tell));
    const register = new Register(homePaths(config.home).register);
    const at = now().toISOString();
    const desk = { register, policy: config.lifecycle, now: at, principal: LOCAL_ADMINISTRATOR };
    try {
      return await run(verb as Verb, { invocation, config, desk, place });
    } finally {
      register.close();
    }
  },
};

interface Task {
  invocation: Invocation;
  config: Config;
  desk: Desk;
  place: string | undefined;
}

/** Who types: the machine's user, who stands in the audit log beside whoever they act for. */
const typist = ({ invocation }: Task): Actor => ({
  name: invocation.user ?? machineUser(),
  role: "administrator",
});

async function run(verb: Verb, task: Task): Promise<number> {
  const { invocation, config, desk } = task;
  const { screen, options, now, signal } = invocation;
  const isDryRun = options["yes"] !== true;
  const worker: Worker = { config, register: desk.register, now, signal, isDryRun };
  switch (verb) {
    case "list":
      return list(task);
    case "show":
      return show(task);
    case "audit":
      return audit(task);
    case "keep":
    case "snooze":
    case "approve":
      return decideBy(verb, task);
    case "scan": {
      const { scanned, turned } = await scanNamespaces(config, desk.register, now(), isDryRun);
      output(task, turned, ["NAMESPACE", "FROM", "TO", "WHY"], (one) => [
        `${one.key.cluster}/${one.key.name}`,
        one.from,
        one.to,
        one.why,
      ]);
      screen.tell(
        `${scanned} namespaces looked at, ${turned.length} ${isDryRun ? "would change" : "changed"}${again(isDryRun)}`,
      );
      return 0;
    }
    case "notify": {
      const sent = await notifyOwners(config, desk.register, now, isDryRun);
      output(task, sent, ["NAMESPACE", "MESSAGE", "OUTCOME", "PROBLEM"], (one) => [
        one.namespace,
        `T-${one.step}`,
        one.outcome,
        one.problem ?? "",
      ]);
      screen.tell(`${sent.length} messages${again(isDryRun)}`);
      return sent.some(({ outcome }) => outcome === "not sent") ? 3 : 0;
    }
    case "quarantine": {
      const one = seenAt(desk, placeOf(task));
      const work = options["undo"] === true ? release : quarantine;
      return told(task, [await work(worker, one, typist(task))], isDryRun);
    }
    case "restore": {
      const one = seenAt(desk, placeOf(task));
      const work = one.life.isScaledDown ? release : restore;
      return told(task, [await work(worker, one, typist(task))], isDryRun);
    }
    case "purge":
      return told(task, [await purge(worker, seenAt(desk, placeOf(task)), typist(task))], isDryRun);
    case "delete":
      return told(task, await backUpAndDelete(worker, [placeOf(task)], typist(task)), isDryRun);
    case "work":
      return workOff(worker, task);
  }
}

/** Signals are looked at again, a backup is made where one is lacking, and then it is deleted. */
async function backUpAndDelete(
  worker: Worker,
  places: readonly { cluster: string; name: string }[],
  actor: Actor,
): Promise<Done[]> {
  const { config, register, now, isDryRun } = worker;
  if (!isDryRun) await scanNamespaces(config, register, now(), false);
  const desk = {
    register,
    policy: config.lifecycle,
    now: now().toISOString(),
    principal: LOCAL_ADMINISTRATOR,
  };
  const made: Done[] = [];
  const wanted: Recorded[] = [];
  try {
    for (const place of places) {
      const one = seenAt(desk, place);
      if (one.life.state !== "quarantined") {
        wanted.push(one);
        continue;
      }
      const { after, ...backup } = await backUp(worker, one, actor);
      made.push(backup);
      wanted.push(after);
    }
    return [...made, ...(await removeAll(worker, wanted, actor))];
  } finally {
    if (isDryRun) await dropTrials(worker);
  }
}

/** What people asked for, and namespaces that must be woken because they stirred. */
async function workOff(worker: Worker, task: Task): Promise<number> {
  const { register, isDryRun, now, config } = worker;
  const results: Done[] = [];
  let code = 0;
  const system = { name: "system", role: "worker" };
  const attempt = async (id: number | null, what: string, work: () => Promise<Done[]>) => {
    try {
      const done = await work();
      results.push(...done);
      if (id !== null && !isDryRun) intentDone(register, id, now().toISOString(), `${what}: done`);
    } catch (error) {
      const known = asAppError(error);
      task.invocation.screen.tell(`apportion: ${known.message}`);
      code = known.exit;
      if (id !== null && !isDryRun) intentDone(register, id, now().toISOString(), known.message);
    }
  };
  const all = recorded(register, config.lifecycle);
  for (const one of all.filter(({ life }) => life.isScaledDown && life.state === "active"))
    await attempt(null, "release", async () => [await release(worker, one, system)]);
  const intents = pendingIntents(register);
  const find = (key: { cluster: string; name: string; uid: string }): Recorded | undefined =>
    all.find(
      (one) =>
        one.key.cluster === key.cluster && one.key.name === key.name && one.key.uid === key.uid,
    );
  for (const intent of intents.filter(({ action }) => action !== "delete")) {
    const one = find(intent);
    const actor = { name: intent.actor, role: intent.role };
    if (one === undefined) {
      if (!isDryRun) intentDone(register, intent.id, now().toISOString(), "it is there no more");
      continue;
    }
    const work =
      intent.action === "quarantine" ? quarantine : intent.action === "restore" ? restore : release;
    await attempt(intent.id, intent.action, async () => [await work(worker, one, actor)]);
  }
  // All deletions are one run, which the caps are about.
  const deletions = intents.filter(
    (intent) => intent.action === "delete" && find(intent) !== undefined,
  );
  if (deletions.length > 0) {
    const closed = closedNow(worker);
    if (closed !== null) task.invocation.screen.tell(`nothing is deleted: ${closed}`);
    else
      await attempt(null, "delete", async () => {
        const done = await backUpAndDelete(worker, deletions, {
          name: deletions[0]?.actor ?? "",
          role: deletions[0]?.role ?? "",
        });
        if (!isDryRun)
          for (const { id } of deletions)
            intentDone(register, id, now().toISOString(), "delete: worked off");
        return done;
      });
  }
  told(task, results, isDryRun);
  return code;
}

function decideBy(verb: "keep" | "snooze" | "approve", task: Task): number {
  const { desk, invocation } = task;
  const { options, screen } = invocation;
  const one = seenAt(desk, placeOf(task));
  const needed = (name: string): string => {
    const value = asText(options[name]);
    if (value === undefined || value.trim() === "")
      throw new AppError("USAGE", `namespaces ${verb}: --${name} is missing`);
    return value;
  };
  const as = asText(options["as"]) ?? "owner";
  if (as !== "owner" && as !== "second")
    throw new AppError("BAD_PARAMETER", `--as: "${printable(as)}" is not one of owner, second`);
  const decision: Decision =
    verb === "keep"
      ? { action: verb, reason: needed("reason") }
      : verb === "snooze"
        ? { action: verb, until: needed("until"), reason: needed("reason") }
        : { action: verb, as, inventoryHash: one.seen.hash };
  // Who has said so; where another person types it, it is on that one's word, and marked so.
  const typed = pseudonym(desk.register, typist(task).name);
  const said = asText(options["by"]);
  const by = said === undefined ? typed : pseudonym(desk.register, said);
  decide(desk, one, decision, by, typist(task), typed);
  screen.tell(`${one.key.cluster}/${printable(one.key.name)}: ${verb} is recorded`);
  return 0;
}

function list(task: Task): number {
  const { desk, invocation } = task;
  const state = asText(invocation.options["state"]);
  const rows = namespaceRows(desk).filter((row) => state === undefined || row.state === state);
  output(
    task,
    rows,
    ["NAMESPACE", "OWNER", "CONFIDENCE", "LAST ACTIVITY", "COST", "STATE", "WHY", "NEXT"],
    (row) => [
      `${row.cluster}/${row.name}`,
      row.owner ?? row.team ?? "nobody",
      row.confidence ?? "",
      row.lastActivity?.at.slice(0, 10) ?? "",
      row.cost === null ? "" : `${row.cost.amount} ${row.cost.currency}`,
      row.state,
      row.why,
      row.next === null
        ? ""
        : `${row.next.what}${row.next.at === null ? "" : ` ${row.next.at.slice(0, 10)}`}`,
    ],
    [4],
  );
  return 0;
}

function show(task: Task): number {
  const { screen } = task.invocation;
  const detail = namespaceDetail(task.desk, placeOf(task));
  if (formatOf(task) === "json") {
    screen.out(`${JSON.stringify(detail, null, 2)}\n`);
    return 0;
  }
  const facts: string[][] = [
    ["namespace", `${detail.cluster}/${detail.name}`],
    [
      "state",
      `${detail.state}${detail.since === null ? "" : ` since ${detail.since.slice(0, 10)}`}`,
    ],
    ["why", detail.why],
    [
      "next",
      detail.next === null ? "" : `${detail.next.what} ${detail.next.at?.slice(0, 10) ?? ""}`,
    ],
    [
      "owner",
      `${detail.owner ?? "nobody"} (${detail.confidence ?? "unknown"}): ${detail.ownerEvidence}`,
    ],
    ["team", detail.team ?? ""],
    [
      "cost",
      detail.cost === null
        ? ""
        : `${detail.cost.amount} ${detail.cost.currency} in ${detail.cost.month}`,
    ],
    ["content", detail.inventoryHash],
    ...detail.signals.map(({ signal, holds, evidence }) => [
      signal,
      `${holds === null ? "not known" : holds ? "dormant" : "active"}: ${evidence}`,
    ]),
  ];
  screen.out(table(facts.map((row) => row.map(printable))));
  if (detail.pullRequest !== null)
    screen.out(
      `\nfor a pull request:\n\n${detail.pullRequest.split("\n").map(printable).join("\n")}`,
    );
  screen.out(
    `\n${table([["WHEN", "WHO", "WHAT", ""], ...detail.timeline.map((one) => [one.at.slice(0, 16), one.actor, one.action, one.details].map(printable))])}`,
  );
  return 0;
}

function audit(task: Task): number {
  const { desk, invocation, place } = task;
  if (invocation.options["verify"] === true) {
    const { broken, rows } = verifyRegister(desk.register);
    invocation.screen.tell(
      broken === null ? `${rows} rows, each as it was written` : broken.problem,
    );
    return broken === null ? 0 : 1;
  }
  const rows = auditRows(
    desk.register,
    place === undefined ? {} : { subject: auditSubject(placeOf(task)) },
  ).filter(({ subject }) => subject.startsWith("namespace:"));
  output(task, rows, ["N", "WHEN", "WHO", "ROLE", "ACTION", "SUBJECT"], (row) => [
    String(row.n),
    row.at,
    row.actor,
    row.role,
    row.action,
    row.subject,
  ]);
  return 0;
}

function told(task: Task, results: readonly Done[], isDryRun: boolean): number {
  const steps = results.flatMap(({ namespace, steps }) =>
    steps.map((step) => ({ namespace, ...step })),
  );
  output(task, steps, ["NAMESPACE", "OBJECT", "CHANGE"], (one) => [
    one.namespace,
    one.object,
    one.change,
  ]);
  task.invocation.screen.tell(`${steps.length} steps${again(isDryRun)}`);
  return 0;
}

const again = (isDryRun: boolean) => (isDryRun ? "; nothing was done, add --yes to do it" : "");

const FORMATS = ["table", "json", "csv"] as const;

function formatOf(task: Task): (typeof FORMATS)[number] {
  const asked = asText(task.invocation.options["format"]) ?? "table";
  const format = FORMATS.find((one) => one === asked);
  if (format === undefined)
    throw new AppError(
      "BAD_PARAMETER",
      `--format: "${printable(asked)}" is not one of ${FORMATS.join(", ")}`,
    );
  return format;
}

function output<T>(
  task: Task,
  rows: readonly T[],
  header: string[],
  cells: (row: T) => string[],
  right: number[] = [],
): void {
  const { screen } = task.invocation;
  const format = formatOf(task);
  if (format === "json") {
    screen.out(`${JSON.stringify(rows, null, 2)}\n`);
    return;
  }
  const all = [header, ...rows.map((row) => cells(row).map(printable))];
  screen.out(format === "csv" ? all.map(csvRecord).join("") : table(all, right));
}

/** `CLUSTER/NAME`; a cluster's name holds no slash. */
function placeOf({ place }: Task): { cluster: string; name: string } {
  const [cluster = "", ...rest] = (place ?? "").split("/");
  const name = rest.join("/");
  if (cluster === "" || name === "")
    throw new AppError("USAGE", `namespaces: "${printable(place ?? "")}" is not CLUSTER/NAME`);
  return { cluster, name };
}
