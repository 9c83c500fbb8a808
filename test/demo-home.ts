import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { inject } from "vitest";
import { cli } from "./home.ts";

export interface DemoHome {
  home: string;
  config: string;
  /** What `demo` printed. */
  out: string;
  err: string;
}

/**
 * The sample company's home, made by `demo --no-serve --no-usage` as a person would, for suites that
 * only read it. The first suite of a run that asks makes it; others wait; a run in which none asks
 * does without.
 */
export async function demoHome(): Promise<DemoHome> {
  const shared = inject("shared");
  const answer = join(shared, "demo.json");
  const home = join(shared, "demo");
  const first = await mkdir(join(shared, "demo.lock")).then(
    () => true,
    () => false,
  );
  if (first) {
    const { code, out, err } = await cli(["demo", "--no-serve", "--no-usage", "--home", home], {
      env: { APPORTION_NOW: "2026-09-20T12:00:00Z", TZ: "Pacific/Chatham" },
    });
    await writeFile(`${answer}.new`, JSON.stringify({ code, out, err }));
    await rename(`${answer}.new`, answer);
  }
  while (!existsSync(answer)) await setTimeout(50);
  const { code, out, err } = JSON.parse(await readFile(answer, "utf8")) as {
    code: number;
    out: string;
    err: string;
  };
  if (code !== 0) throw new Error(`demo ended with ${code}:\n${err}`);
  return { home, config: join(home, "apportion.yaml"), out, err };
}
