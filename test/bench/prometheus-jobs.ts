import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** What `prometheus-child.ts` measured of itself. */
export interface Job {
  bytes: number;
  wall: number;
  cpu: number;
  mib: number;
  served: number;
  /** Where `facts` put them, and the file with the hours of containers. */
  home?: string;
  hours?: string;
}

/** One job of `prometheus-child.ts`; this process goes on meanwhile, since a proxy may be in it. */
export async function runJob(
  name: "fetch" | "fetch-containers" | "facts",
  server: { url: string; pid: number },
): Promise<Job> {
  const child = join(import.meta.dirname, "prometheus-child.ts");
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [child, name, server.url, String(server.pid)],
    { env: { ...process.env, TZ: "UTC" } },
  );
  const measured = JSON.parse(stdout) as Job;
  line([
    name,
    (measured.bytes / 1e6).toFixed(0),
    measured.wall.toFixed(2),
    measured.cpu.toFixed(2),
    measured.served.toFixed(2),
    measured.mib.toFixed(0),
  ]);
  return measured;
}

const line = (cells: readonly string[]) => process.stdout.write(`| ${cells.join(" | ")} |\n`);

/** The head of the table that `runJob` adds to. */
export function jobTable(): void {
  line(["job", "MB", "wall s", "CPU s", "server CPU s", "peak MiB"]);
  line(["---", "---:", "---:", "---:", "---:", "---:"]);
}
