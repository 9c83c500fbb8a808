import { rm } from "node:fs/promises";
import { join } from "node:path";
import { writeConfig } from "../home.ts";
import { writeExportTree } from "./export.ts";
import { measure } from "./measure.ts";

const MOST_PLAIN = 2;
const MOST_GZIP = 2.8;
const MOST_MIB = 1024;

/**
 * Three million rows of an export, plain and gzip in 8 parts, against the engine splitting the same
 * fields as text in the same run; and a third of the rows, to see that memory does not grow.
 */
export async function benchIngest(folder: string, rows = 3_000_000): Promise<boolean> {
  const line = (cells: (string | number)[]) => process.stdout.write(`| ${cells.join(" | ")} |\n`);
  line(["job", "rows", "wall s", "CPU s", "CPU against floor", "at most", "peak MiB"]);
  line(["---", "---:", "---:", "---:", "---:", "---:", "---:"]);
  let ok = true;
  let floor = Number.NaN;
  for (const [name, gzip, share, most] of [
    ["plain", false, 1, MOST_PLAIN],
    ["plain, a third", false, 1 / 3, MOST_PLAIN],
    ["gzip", true, 1, MOST_GZIP],
  ] as const) {
    const count = Math.round(rows * share);
    const work = join(folder, `ingest-${gzip ? "gzip" : "plain"}-${count}`);
    await writeExportTree({
      folder: join(work, "exports"),
      shape: "mca",
      month: "2026-08",
      rows: count,
      parts: 8,
      gzip,
    });
    if (!gzip) {
      const measured = measure("floor", join(work, "exports"));
      line([
        "floor",
        measured.rows,
        measured.wall.toFixed(1),
        measured.cpu.toFixed(1),
        "1.00",
        "",
        measured.mib.toFixed(0),
      ]);
      if (share === 1) floor = measured.cpu;

      await rm(join(work, "home"), { recursive: true, force: true });
      const config = await writeConfig(work);
      const own = measure("ingest", config);
      const ratio = own.cpu / measured.cpu;
      ok &&= ratio <= most && own.mib <= MOST_MIB && own.rows === count;
      line([
        name,
        own.rows,
        own.wall.toFixed(1),
        own.cpu.toFixed(1),
        ratio.toFixed(2),
        most,
        own.mib.toFixed(0),
      ]);
      continue;
    }
    await rm(join(work, "home"), { recursive: true, force: true });
    const own = measure("ingest", await writeConfig(work));
    const ratio = own.cpu / floor;
    ok &&= ratio <= most && own.mib <= MOST_MIB && own.rows === count;
    line([
      name,
      own.rows,
      own.wall.toFixed(1),
      own.cpu.toFixed(1),
      ratio.toFixed(2),
      most,
      own.mib.toFixed(0),
    ]);
  }
  return ok;
}
