import { LOCAL_ADMINISTRATOR, MEASURE_COLUMNS, type Measure } from "../../analysis/ask.ts";
import { POLICIES, type Policy } from "../../analysis/allocation.ts";
import { openSnapshot } from "../../analysis/snapshot.ts";
import { hint } from "../../data/config.ts";
import { AppError, printable } from "../../data/errors.ts";
import { homePaths } from "../../data/files.ts";
import { plainAmount } from "../../data/money.ts";
import { parseMonth } from "../../data/period.ts";
import { findConfig, readConfig } from "../config.ts";
import { explain, TARGETS } from "../explain.ts";
import type { Explained, ExplainLine } from "../schemas/explain.ts";
import { table } from "../terminal.ts";
import type { Command } from "./commands.ts";
import { asText } from "./ingest.ts";

const SHOWN_LINES = 20;

export const explainCommand: Command = {
  usage:
    "TARGET --month YYYY-MM [--cost MEASURE] [--currency CUR] [--policy POLICY] [--limit N] [--format table|json]",
  more: `\nTARGET is ${TARGETS}.\n`,
  options: {
    month: { type: "string" },
    cost: { type: "string" },
    currency: { type: "string" },
    policy: { type: "string" },
    limit: { type: "string" },
    format: { type: "string" },
  },
  positionals: 1,
  async run({ options, words, screen, signal }) {
    const [target] = words;
    if (target === undefined)
      throw new AppError("USAGE", `explain: say what to explain: ${TARGETS}`);
    const format = asText(options["format"]) ?? "table";
    if (format !== "table" && format !== "json")
      throw new AppError("BAD_PARAMETER", `--format: "${format}" is not one of table, json`);
    const limit = Number(asText(options["limit"]) ?? SHOWN_LINES);
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
      throw new AppError("BAD_PARAMETER", "--limit: write a number from 1 to 1000");
    const month = asText(options["month"]);
    const currency = asText(options["currency"]);
    const cost = oneOf(
      "--cost",
      asText(options["cost"]),
      Object.keys(MEASURE_COLUMNS) as Measure[],
    );
    const policy = oneOf<Policy>("--policy", asText(options["policy"]), POLICIES);
    const config = readConfig(findConfig(asText(options["config"]), screen.tell));
    const snapshot = await openSnapshot(homePaths(config.home), { size: 1 });
    try {
      const answer = await explain(
        snapshot,
        LOCAL_ADMINISTRATOR,
        {
          target,
          ...(month === undefined ? {} : { month: parseMonth(month) }),
          ...(currency === undefined ? {} : { currency }),
          ...(cost === undefined ? {} : { cost }),
          ...(policy === undefined ? {} : { policy }),
          limit,
          offset: 0,
        },
        config.build.currency,
        signal,
      );
      if (format === "json") screen.out(`${JSON.stringify(answer, null, 2)}\n`);
      else {
        const { meta } = answer;
        screen.out(
          `${printable(answer.data.name)}, ${meta.month ?? ""}, ${cost ?? "effective"} cost in ${meta.currency ?? ""}, policy ${meta.policy ?? ""}\n\n${page(answer.data, meta.policy ?? "configured")}`,
        );
      }
      return 0;
    } finally {
      await snapshot.pool.close();
    }
  },
};

function oneOf<T extends string>(
  option: string,
  value: string | undefined,
  known: readonly T[],
): T | undefined {
  if (value === undefined || known.includes(value as T)) return value as T | undefined;
  throw new AppError(
    "BAD_PARAMETER",
    `${option}: "${value}" is not one of ${known.join(", ")}${hint(value, known)}`,
  );
}

function page(data: Explained, policy: string): string {
  const sums = table(
    [
      ["PART", "CLUSTER", "BUCKET", "LINES", "COST", "RULE"],
      ...data.parts.map((part) => [
        part.part,
        part.cluster,
        part.bucket,
        String(part.lines),
        plainAmount(part.cost),
        part.rule ?? "",
      ]),
      ...data.redistribution
        .filter((row) => row.policy === policy)
        .map((row) => ["passed on", row.cluster, row.bucket, "", plainAmount(row.cost), ""]),
      ["total", "", "", String(data.lineCount), plainAmount(data.total), ""],
    ],
    [3, 4],
  );
  const others = data.redistribution.filter((row) => row.policy !== policy);
  const lines = table(
    [
      [
        "DAY",
        "LINE",
        "LINE COST",
        "DIVIDED BY",
        "BILLED/SEEN/COVERED",
        "WEIGHT OF WHOLE",
        "CONSUMER",
        "SHARE",
        "RULE",
      ],
      ...data.lines.map((line) => [
        line.day,
        printable(`${line.service} ${lastOf(line.resource)}`),
        line.lineCost === null ? "not stated" : plainAmount(line.lineCost),
        line.splitKind === null
          ? ""
          : `${line.splitKind} ${printable(lastOf(line.splitKey ?? ""))}`.trim(),
        line.billedSeconds === null
          ? ""
          : `${line.billedSeconds}/${line.seenSeconds}/${line.coveredSeconds} s`,
        line.weight === null ? "" : `${line.weight}/${line.whole}`,
        printable(consumerOf(line)),
        line.cost === null ? "not stated" : plainAmount(line.cost),
        line.rule ?? line.bucket,
      ]),
    ],
    [2, 7],
  );
  const rest = data.lineCount - data.lines.length;
  return [
    sums,
    others.length === 0
      ? ""
      : `\nUnder other policies:\n${table(
          others.map((row) => [row.policy, row.cluster, row.bucket, plainAmount(row.cost)]),
          [3],
        )}`,
    data.commitments.length === 0
      ? ""
      : `\nOf unused commitments:\n${table(
          [
            ["COMMITMENT", "BY", "TEAM", "COVERED", "WEIGHT OF WHOLE", "COST"],
            ...data.commitments.map((row) => [
              printable(lastOf(row.commitment)),
              row.rule ?? row.mode,
              row.teamName,
              row.base === null ? "" : plainAmount(row.base),
              row.weight === null ? "" : `${row.weight}/${row.whole}`,
              plainAmount(row.cost),
            ]),
          ],
          [3, 5],
        )}`,
    `\n${lines}`,
    rest > 0 ? `\n${rest} more; --limit shows up to 1000, export allocation has all\n` : "",
  ].join("");
}

function consumerOf(line: ExplainLine): string {
  if (line.splitKind === null) return line.teamName;
  if (line.splitKind === "shared" && line.namespace === "")
    return line.workloadKind === "resource" ? lastOf(line.workload) : line.teamName;
  const place = line.namespace === "" ? line.bucket : `${line.namespace}/${line.workload}`;
  return `${line.cluster}/${place}`.replace(/\/$/, "");
}

function lastOf(path: string): string {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.slice(-(parts.at(-2) === "virtualmachines" ? 3 : 1)).join("/");
}
