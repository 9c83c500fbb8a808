import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    /** A folder all suites of a run share; `demo-home.ts` makes the sample company there. */
    shared: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = await mkdtemp(join(tmpdir(), "apportion-shared-"));
  project.provide("shared", shared);
  return () => rm(shared, { recursive: true, force: true });
}
