import { ask, LOCAL_ADMINISTRATOR } from "../../analysis/ask.ts";
import { openSnapshot } from "../../analysis/snapshot.ts";
import type { BacktestAnswer, Estimate, Gate } from "../../analysis/backtest/answer.ts";
import { BACKTEST_DAYS, backtestOf } from "../../analysis/backtest/make.ts";
import { Replay } from "../../analysis/backtest/replay.ts";
import { readSeriesFile } from "../../analysis/backtest/series-file.ts";
import { findingsInputs } from "../../analysis/findings/inputs.ts";
import { findingsSettings } from "../../analysis/findings/settings.ts";
import { AppError } from "../../data/errors.ts";
import { homePaths } from "../../data/files.ts";
import { openLedger } from "../../data/ledger.ts";
import { findConfig, readConfig } from "../config.ts";
import { table } from "../terminal.ts";
import type { Command, Invocation } from "./commands.ts";
import { asText } from "./ingest.ts";

export const backtestCommand: Command = {
  usage: "[--days 28] [--series FILE] [--format table|json]",
  more: "\nFitted on --days, scored on the 7 days after, week by week back from the newest day. Without --series\nit is the estate's own history, as the last build replayed it.\n--series FILE: CSV with timestamp, workload, cpu (cores), memory (bytes), and if you like request (cores), pod.\n",
  options: {
    days: { type: "string" },
    series: { type: "string" },
    format: { type: "string" },
  },
  async run(invocation) {
    const { options, screen } = invocation;
    const format = asText(options["format"]) ?? "table";
    if (format !== "table" && format !== "json")
      throw new AppError("BAD_PARAMETER", `--format: "${format}" is not one of table, json`);
    const days = Number(asText(options["days"]) ?? String(BACKTEST_DAYS));
    if (!Number.isInteger(days) || days < 7 || days > 90)
      throw new AppError(
        "BAD_PARAMETER",
        `--days: "${String(options["days"])}" is not a whole number from 7 to 90`,
      );
    const file = asText(options["series"]);
    const answer =
      file === undefined ? await estate(invocation, days) : await ofFile(invocation, file, days);
    if (answer.weeks === 0) throw nothing(days);
    screen.out(format === "json" ? `${JSON.stringify(answer, null, 2)}\n` : page(answer));
    return 0;
  },
};

/** Margins and floors are the configuration's where one is named, else what they are unless configured. */
async function ofFile(
  { options, screen }: Invocation,
  file: string,
  days: number,
): Promise<BacktestAnswer> {
  const named = asText(options["config"]);
  const settings = named === undefined ? findingsSettings({}) : readConfig(named).build.findings;
  const replay = new Replay(days, settings);
  const histories = await readSeriesFile(file, settings.tier);
  for (const [index, history] of histories.entries()) {
    screen.progress("replaying", index, histories.length);
    replay.add(history);
  }
  return replay.answer();
}

/** As the last build replayed it; another number of days is replayed now, from the facts that are kept. */
async function estate(
  { options, screen, signal, now }: Invocation,
  days: number,
): Promise<BacktestAnswer> {
  const config = readConfig(findConfig(asText(options["config"]), screen.tell));
  const paths = homePaths(config.home);
  if (days === BACKTEST_DAYS) {
    const snapshot = await openSnapshot(paths);
    try {
      const [found] = await ask<{ answer: string }>(snapshot, "backtest", LOCAL_ADMINISTRATOR, {});
      if (found === undefined) throw nothing(days);
      return JSON.parse(found.answer) as BacktestAnswer;
    } finally {
      await snapshot.pool.close();
    }
  }
  const ledger = await openLedger(paths);
  try {
    const { session } = ledger;
    const inputs = await findingsInputs(session, config.home, [], config.build, now());
    return await backtestOf(
      { session, inputs, settings: config.build, signal, progress: screen.progress },
      days,
    );
  } finally {
    ledger.close();
  }
}

function nothing(days: number): AppError {
  return new AppError(
    "NOTHING_PUBLISHED",
    `there is nothing to replay: it needs a history of ${days} days and a week after them`,
  );
}

/** Points of a hundred; what rounds to nothing has no sign. */
const points = (part: number) => (part * 100).toFixed(1).replace(/^-0\.0$/, "0.0");
const percent = (part: number) => `${points(part)} %`;
const range = ({ value, low, high }: Estimate) =>
  `${percent(value)} (${points(low)}–${points(high)})`;

function page(answer: BacktestAnswer): string {
  const { methods, gates } = answer;
  const part = answer.oneOf === 1 ? "" : `, one of ${answer.oneOf} parts of the namespaces`;
  return [
    `fitted on ${answer.days} days, scored on ${answer.testDays}: weeks from ${answer.origins.join(", ")}`,
    `${answer.workloads} containers of workloads, ${answer.weeks} weeks of them${part}; all methods answered ${answer.answered.cpu} for CPU and ${answer.answered.memory} for memory`,
    "in brackets the middle 95 % over resampled workloads",
    "",
    table([
      ["CPU", "COVERAGE", "SLACK", "TIME OVER", "WEEKS > 5 % OVER", "UNMET", "CORE-HOURS", "CHURN"],
      ...methods.map(({ method, coverage, cpu, churn }) => [
        method,
        percent(coverage.cpu),
        range(cpu.slack),
        range(cpu.samplesOver),
        range(cpu.weeksOver),
        range(cpu.unmet),
        cpu.unmetCoreHours.toFixed(1),
        churn === null ? "" : percent(churn.cpu),
      ]),
    ]),
    "",
    table([
      ["MEMORY", "COVERAGE", "SLACK", "WEEKS OVER", "CHURN"],
      ...methods.map(({ method, coverage, memory, churn }) => [
        method,
        percent(coverage.memory),
        range(memory.slack),
        range(memory.weeksOver),
        churn === null ? "" : percent(churn.memory),
      ]),
    ]),
    "",
    table([
      ["AT EQUAL SLACK", "AGAINST", "SLACK", "OF", "OURS", "THEIRS", "DIFFERENCE", ""],
      ...gates.map((gate) => [
        `${gate.resource} ${FIGURES[gate.figure]}`,
        gate.against,
        percent(gate.slack),
        gate.at,
        gate.ours === null ? "" : percent(gate.ours),
        gate.theirs === null ? "" : percent(gate.theirs),
        gate.difference === null
          ? ""
          : `${points(gate.difference.low)} to ${points(gate.difference.high)} points`,
        verdictOf(gate),
      ]),
    ]),
    "",
  ].join("\n");
}

function verdictOf({ holds, within }: Gate): string {
  if (holds === null) return "no such slack";
  return holds
    ? "at most theirs"
    : within === true
      ? "at most theirs within a point of slack"
      : "MORE";
}

const FIGURES: Readonly<Record<Gate["figure"], string>> = {
  samplesOver: "time over",
  weeksOver: "weeks over",
  unmet: "unmet",
};
