import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchClusters } from "./clusters.ts";
import { benchFindings } from "./findings.ts";
import { benchIngest } from "./ingest.ts";
import { benchLoad } from "./load.ts";
import { benchPrometheus } from "./prometheus.ts";
import { benchShowback } from "./showback.ts";

/** `npm run bench [clusters|findings|ingest|load|prometheus|showback]`: figures as Markdown tables; exit 1 where a bound is exceeded. */
const BENCHES = {
  clusters: benchClusters,
  findings: benchFindings,
  ingest: benchIngest,
  load: benchLoad,
  prometheus: benchPrometheus,
  showback: benchShowback,
} as const;
const asked = process.argv.slice(2) as (keyof typeof BENCHES)[];
const folder = process.env["APPORTION_BENCH"] ?? join(tmpdir(), "apportion-bench");
await mkdir(folder, { recursive: true });
for (const name of asked.length > 0 ? asked : (Object.keys(BENCHES) as (keyof typeof BENCHES)[])) {
  process.stdout.write(`\n## ${name}\n\n`);
  if (!(await BENCHES[name](folder))) process.exitCode = 1;
}
