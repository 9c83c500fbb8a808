import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { cli } from "./home.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** A home made by `demo --no-serve --no-usage`, for suites that only read it. */
    demo: { home: string; config: string; out: string; err: string };
  }
}

/** Makes the sample company once for all suites, through the command line, as a person would. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), "apportion-demo-"));
  const { code, out, err } = await cli(["demo", "--no-serve", "--no-usage", "--home", home], {
    env: { APPORTION_NOW: "2026-09-20T12:00:00Z", TZ: "Pacific/Chatham" },
  });
  if (code !== 0) throw new Error(`demo ended with ${code}:\n${err}`);
  project.provide("demo", { home, config: join(home, "apportion.yaml"), out, err });
  return () => rm(home, { recursive: true, force: true });
}
