import { LOCAL_ADMINISTRATOR } from "../../analysis/ask.ts";
import { FINDING_KINDS, KINDS } from "../../analysis/findings/kinds.ts";
import { openSnapshot } from "../../analysis/snapshot.ts";
import { csvRecord } from "../../data/csv.ts";
import { AppError, printable } from "../../data/errors.ts";
import { homePaths } from "../../data/files.ts";
import { addAmounts, plainAmount, toUnits } from "../../data/money.ts";
import { Register } from "../../data/register.ts";
import { dismissals, dismissFinding, reopenFinding } from "../../data/register/findings.ts";
import { findConfig, readConfig } from "../config.ts";
import {
  dismissedUntil,
  type FindingsAsked,
  type FindingsView,
  foundRow,
  listFindings,
  patchesOf,
  showFinding,
} from "../findings.ts";
import type { FindingDetail, FindingRow, Findings } from "../schemas/findings.ts";
import { table } from "../terminal.ts";
import type { Command, Invocation } from "./commands.ts";
import { asText } from "./ingest.ts";

const FORMATS = ["table", "json", "csv", "patch"] as const;
const STATES = ["open", "dismissed", "claimed", "resolved", "all"] as const;
const PAGE = 1000;

export const findingsCommand: Command = {
  usage:
    "[show ID | dismiss ID --reason TEXT --until YYYY-MM-DD | reopen ID] [--kind K] [--team T] [--state STATE] [--currency CUR] [--format table|json|csv|patch] [--fail-above AMOUNT]",
  more: [
    "",
    "Paper: what would not have been asked for, at what it really cost in the last 30 days.",
    "Realisable: the part of it that stops being billed: nodes that go, and things that are deleted.",
    "Exit 1 when more than --fail-above can be realised.",
    "Kinds:",
    ...KINDS.map((kind) => `  ${kind.padEnd(21)} ${FINDING_KINDS[kind].action}`),
    "",
  ].join("\n"),
  options: {
    kind: { type: "string" },
    team: { type: "string" },
    state: { type: "string" },
    currency: { type: "string" },
    format: { type: "string" },
    "fail-above": { type: "string" },
    reason: { type: "string" },
    until: { type: "string" },
  },
  positionals: 2,
  async run(invocation) {
    const { options, words, screen, signal, now } = invocation;
    const [word, id] = words;
    if (word !== undefined && !["show", "dismiss", "reopen"].includes(word))
      throw new AppError("USAGE", `findings ${word}: write show, dismiss or reopen, and an id`);
    if (word !== undefined && id === undefined)
      throw new AppError("USAGE", `findings ${word}: the id is missing; "findings" lists them`);
    const config = readConfig(findConfig(asText(options["config"]), screen.tell));
    const paths = homePaths(config.home);
    const today = now().toISOString().slice(0, 10);
    const snapshot = await openSnapshot(paths, { size: 1 });
    const register = new Register(paths.register);
    const view: FindingsView = {
      snapshot,
      principal: LOCAL_ADMINISTRATOR,
      dismissals: dismissals(register, today),
      currency: config.build.currency,
      signal,
    };
    try {
      if (word === undefined || id === undefined) return await list(view, invocation);
      if (word === "show") {
        screen.out(page((await showFinding(view, id)).data));
        return 0;
      }
      const found = await foundRow(view, id);
      decide(word, { register, found: found.id, today }, invocation);
      return 0;
    } finally {
      register.close();
      await snapshot.pool.close();
    }
  },
};

function decide(
  word: string,
  { register, found: id, today }: { register: Register; found: string; today: string },
  { options, screen, now }: Invocation,
): void {
  const { name: actor } = LOCAL_ADMINISTRATOR;
  const at = now().toISOString();
  if (word === "reopen") {
    const done = reopenFinding(register, { id, actor, at }, LOCAL_ADMINISTRATOR.roles.join(", "));
    screen.tell(done ? `${id} is open again` : `${id} was not dismissed`);
    return;
  }
  const reason = asText(options["reason"])?.trim();
  const until = asText(options["until"]);
  if (reason === undefined || reason === "" || until === undefined)
    throw new AppError(
      "USAGE",
      `findings dismiss ${id}: say why and how long: --reason TEXT --until YYYY-MM-DD`,
    );
  const day = dismissedUntil(until, today);
  dismissFinding(
    register,
    { id, until: day, reason, actor, at },
    LOCAL_ADMINISTRATOR.roles.join(", "),
  );
  screen.tell(`${id} is dismissed until ${day}`);
}

async function list(view: FindingsView, { options, screen }: Invocation): Promise<number> {
  const format = oneOf("--format", asText(options["format"]) ?? "table", FORMATS);
  const state = oneOf("--state", asText(options["state"]) ?? "open", STATES);
  const bound = asText(options["fail-above"]);
  if (bound !== undefined && !/^\d+(\.\d{1,18})?$/.test(bound))
    throw new AppError("BAD_PARAMETER", `--fail-above: "${bound}" is not an amount`);
  const given = (name: string) => {
    const value = asText(options[name]);
    return value === undefined ? {} : { [name]: value };
  };
  const asked: FindingsAsked = {
    ...given("kind"),
    ...given("team"),
    ...given("currency"),
    state,
    limit: PAGE,
  };
  const first = await listFindings(view, asked);
  const rows = [...first.data];
  for (let next = first.meta.next; next !== null;) {
    const more = await listFindings(view, { ...asked, offset: Number(next) });
    rows.push(...more.data);
    next = more.meta.next;
  }
  if (format === "json") screen.out(`${JSON.stringify({ ...first, data: rows }, null, 2)}\n`);
  else if (format === "csv") screen.out(csvOf(rows));
  else if (format === "patch") screen.out(await patchesOf(view, asked));
  else screen.out(tableOf(rows, first));
  if (bound === undefined) return 0;
  const open = addAmounts(rows.filter((row) => row.state === "open").map((row) => row.realisable));
  if (toUnits(open) <= toUnits(bound)) return 0;
  screen.tell(
    `apportion: ${plainAmount(open)} ${first.meta.currency ?? ""} can be realised, more than --fail-above ${bound}`,
  );
  return 1;
}

function tableOf(rows: readonly FindingRow[], { meta, sums }: Findings): string {
  if (rows.length === 0) return "nothing is found\n";
  const body = table(
    [
      ["ID", "KIND", "WHAT", "TEAM", "SINCE", "PAPER", "REALISABLE"],
      ...rows.map((row) => [
        row.id,
        row.kind,
        printable(placeOf(row)),
        row.team,
        `${row.sinceAtLeast ? "≤ " : ""}${row.since}`,
        row.kind === "undersized-container" ? `costs ${cents(row.extra)} more` : cents(row.paper),
        cents(row.realisable),
      ]),
    ],
    [5, 6],
  );
  const others = [...new Set(sums.map((sum) => sum.currency))].filter(
    (one) => one !== meta.currency,
  );
  const total = (of: "paper" | "realisable") => cents(addAmounts(rows.map((row) => row[of])));
  return `${body}\n${rows.length} findings, ${total("paper")} on paper, ${total("realisable")} realisable, ${meta.currency ?? ""} in the last 30 days of the bill${others.length === 0 ? "" : `; more in ${others.join(", ")} (--currency)`}\n`;
}

/** Where a finding is, as short as it is still clear. */
function placeOf(row: FindingRow): string {
  if (row.cluster === null) return row.name;
  return [
    row.cluster,
    row.namespace,
    row.workload,
    row.container ?? (row.workload === null ? row.name : null),
  ]
    .filter((part): part is string => part !== null)
    .join("/");
}

/** Two places, cut and not rounded: what is shown can be had. */
function cents(amount: string): string {
  const [whole = "0", part = ""] = plainAmount(amount).split(".");
  return `${whole}.${part.slice(0, 2).padEnd(2, "0")}`;
}

const CSV = [
  "Id",
  "Kind",
  "State",
  "Name",
  "Subject",
  "Cluster",
  "Namespace",
  "Workload",
  "Container",
  "Team",
  "Hint",
  "BillingCurrency",
  "EffectiveCost",
  "PaperSaving",
  "RealisableSaving",
  "ExtraCost",
  "Since",
  "FirstSeen",
  "LastSeen",
  "ResolvedOn",
  "Saved",
  "Confidence",
  "Evidence",
] as const;

function csvOf(rows: readonly FindingRow[]): string {
  return [
    csvRecord(CSV),
    ...rows.map((row) =>
      csvRecord([
        row.id,
        row.kind,
        row.state,
        row.name,
        row.subject,
        row.cluster,
        row.namespace,
        row.workload,
        row.container,
        row.team,
        row.hint,
        row.currency,
        plainAmount(row.cost),
        plainAmount(row.paper),
        plainAmount(row.realisable),
        plainAmount(row.extra),
        row.since,
        row.firstSeen,
        row.lastSeen,
        row.resolvedOn,
        row.saved === null ? null : plainAmount(row.saved),
        row.confidence,
        row.evidence.map(({ fact, value }) => `${fact}: ${value}`).join("; "),
      ]),
    ),
  ].join("");
}

function page({ finding, patch }: FindingDetail["data"]): string {
  const amount = (text: string) => `${plainAmount(text)} ${finding.currency}`;
  const lines = table([
    ["id", finding.id],
    ["kind", `${finding.kindName} (${finding.state})`],
    ["what", printable(finding.subject)],
    [
      "owner",
      `${printable(finding.teamName)}${finding.hint === null ? "" : `; ask: ${printable(finding.hint)}`}`,
    ],
    ["costs, 30 days", amount(finding.cost)],
    ["saving on paper", amount(finding.paper)],
    ["realisable", amount(finding.realisable)],
    ["since", `${finding.sinceAtLeast ? "at least " : ""}${finding.since}`],
    ["first, last seen", `${finding.firstSeen}, ${finding.lastSeen}`],
    ...(finding.resolvedOn === null
      ? []
      : [["resolved on", `${finding.resolvedOn}; saved since ${amount(finding.saved ?? "0")}`]]),
    ...(finding.dismissed === null
      ? []
      : [
          [
            "dismissed",
            `until ${finding.dismissed.until} by ${printable(finding.dismissed.by)}: ${printable(finding.dismissed.reason)}`,
          ],
        ]),
    ["do", finding.action],
    ...finding.evidence.map(({ fact, value }) => [fact, printable(value)]),
  ]);
  return patch === null ? lines : `${lines}\n${patch.strategic}`;
}

function oneOf<T extends string>(option: string, value: string, known: readonly T[]): T {
  if (known.includes(value as T)) return value as T;
  throw new AppError("BAD_PARAMETER", `${option}: "${value}" is not one of ${known.join(", ")}`);
}
