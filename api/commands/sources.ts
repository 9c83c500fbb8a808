import { AppError, printable } from "../../data/errors.ts";
import { findConfig, readConfig } from "../config.ts";
import { sourcesReport } from "../sources-report.ts";
import { table } from "../terminal.ts";
import type { Command } from "./commands.ts";
import { asText } from "./ingest.ts";

export const sourcesCommand: Command = {
  usage: "[--format table|json]",
  options: { format: { type: "string" } },
  async run({ options, screen }) {
    const format = asText(options["format"]) ?? "table";
    if (format !== "table" && format !== "json")
      throw new AppError("BAD_PARAMETER", `--format: "${format}" is not one of table, json`);
    const config = readConfig(findConfig(asText(options["config"]), screen.tell));
    const report = sourcesReport(config.home, config.sources);
    if (format === "json") {
      screen.out(`${JSON.stringify(report, null, 2)}\n`);
      return 0;
    }
    screen.out(
      table(
        [
          ["SOURCE", "UNIT", "STATE", "ROWS", "REJECTED", "WRITTEN", "PROBLEM"],
          ...report.data.flatMap((source) =>
            source.units.length === 0
              ? [[source.name, "", source.state, "", "", "", printable(source.problem ?? "")]]
              : source.units.map((unit) => [
                  source.name,
                  printable(unit.unit),
                  unit.state,
                  String(unit.rows),
                  unit.rejected === 0
                    ? ""
                    : `${unit.rejected} (${unit.rejectedAmount.map((sum) => `${sum.amount} ${sum.currency}`).join(", ") || "amount unknown"})`,
                  unit.submittedAt?.slice(0, 16) ?? "",
                  printable(unit.problem ?? ""),
                ]),
          ),
        ],
        [3],
      ),
    );
    if (report.rejected.length > 0)
      screen.out(
        `\n${table([
          ["REJECTED ROW", "REASON", "AMOUNT"],
          ...report.rejected.map((row) => [
            `${printable(row.file)}${row.line === null ? "" : `:${row.line}`}`,
            printable(row.reason),
            row.amount === null ? "unknown" : `${row.amount} ${row.currency ?? ""}`,
          ]),
        ])}`,
      );
    return 0;
  },
};
