import { styleText } from "node:util";
import { ERRORS, type AppError, printable, redacted } from "../data/errors.ts";

/** Where a command speaks: results to standard output, everything else to standard error. */
export interface Terminal {
  out(text: string): void;
  tell(line: string): void;
  /** A line that is replaced on a terminal, and silent elsewhere. */
  progress(what: string, done?: number, total?: number): void;
  done(): void;
  isTTY: boolean;
}

export function terminal(): Terminal {
  const isTTY = process.stderr.isTTY === true;
  let shown = false;
  let last = 0;
  const clear = () => {
    if (shown) process.stderr.write("\r\u001b[2K");
    shown = false;
  };
  return {
    isTTY,
    out: (text) => {
      clear();
      process.stdout.write(text);
    },
    tell: (line) => {
      clear();
      process.stderr.write(`${line}\n`);
    },
    progress: (what, done, total) => {
      if (!isTTY) return;
      // Twenty a second is all a person sees; the rest costs time.
      const now = performance.now();
      if (now - last < 50) return;
      last = now;
      clear();
      const width = process.stderr.columns ?? 80;
      const count = done === undefined || total === undefined ? "" : ` ${done}/${total}`;
      process.stderr.write(
        `${printable(what).slice(0, width - count.length - 3)}${styleText("dim", count)}`,
      );
      shown = true;
    },
    done: clear,
  };
}

/** One line for a person; `--debug` adds the stack and what caused it. */
export function describeError(error: AppError, debug: boolean): string {
  const prefix = `apportion: ${error.message}`;
  const fault = ERRORS[error.code].exit === 4 ? ` [${error.code}]` : "";
  return debug
    ? redacted(`${prefix}${fault}\n${error.stack ?? ""}\n${String(causeOf(error))}`)
    : `${prefix}${fault}`;
}

function causeOf(error: Error): unknown {
  return error.cause instanceof Error ? error.cause.stack : (error.cause ?? "");
}

/** Columns of a table for people, padded; numbers to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  return rows
    .map((row) =>
      row
        .map((cell, index) =>
          right.includes(index)
            ? cell.padStart(widths[index] ?? 0)
            : cell.padEnd(widths[index] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}
