import { rm } from "node:fs/promises";
import { join } from "node:path";
import { writeConfig } from "../home.ts";
import { writeExportTree } from "./export.ts";
import { type Measured, measure } from "./measure.ts";

const MOST_PLAIN = 2;
const MOST_GZIP = 2.8;
const MOST_MIB = 1024;

const PAIRS = 3;

/**
 * Three million rows of an export, plain and gzip in 8 parts, against the engine splitting the same
 * fields as text in the same run; and a third of the rows, to see that memory does not grow. A bound
 * is held by the middle one of three pairs of floor and ingest: what the host does to this machine
 * moves a pair by a fifth.
 */
export async function benchIngest(folder: string, rows = 3_000_000): Promise<boolean> {
  const line = (cells: (string | number)[]) => process.stdout.write(`| ${cells.join(" | ")} |\n`);
  line(["job", "rows", "wall s", "CPU s", "CPU against floor", "at most", "peak MiB"]);
  line(["---", "---:", "---:", "---:", "---:", "---:", "---:"]);
  let ok = true;
  for (const [name, gzip, share, most] of [
    ["plain", false, 1, MOST_PLAIN],
    ["plain, a third", false, 1 / 3, MOST_PLAIN],
    ["gzip", true, 1, MOST_GZIP],
  ] as const) {
    const count = Math.round(rows * share);
    const tree = (packed: boolean) => join(folder, `ingest-${packed ? "gzip" : "plain"}-${count}`);
    for (const packed of gzip ? [false, true] : [false])
      await writeExportTree({
        folder: join(tree(packed), "exports"),
        shape: "mca",
        month: "2026-08",
        rows: count,
        parts: 8,
        gzip: packed,
      });
    const work = tree(gzip);
    const config = await writeConfig(work);
    const ratios: number[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      const floor = measure("floor", join(tree(false), "exports"));
      line(["floor", ...figures(floor), "1.00", "", floor.mib.toFixed(0)]);
      await rm(join(work, "home"), { recursive: true, force: true });
      const own = measure("ingest", config);
      const ratio = own.cpu / floor.cpu;
      ratios.push(ratio);
      ok &&= own.mib <= MOST_MIB && own.rows === count;
      line([name, ...figures(own), ratio.toFixed(2), most, own.mib.toFixed(0)]);
    }
    const middle = ratios.toSorted((a, b) => a - b)[Math.floor(PAIRS / 2)] ?? Number.NaN;
    ok &&= middle <= most;
    line([`${name}: the middle pair`, count, "", "", middle.toFixed(2), most, ""]);
  }
  return ok;
}

function figures(measured: Measured): (string | number)[] {
  return [measured.rows, measured.wall.toFixed(1), measured.cpu.toFixed(1)];
}
