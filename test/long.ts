/** Suites that take minutes on two cores (kills, full disks, every look of every page). */
export const LONG = "**/*.long.test.ts";

/** Whether they run too: in CI, and where `npm test` was asked for all or for files by name. */
export function isWhole(env: NodeJS.ProcessEnv): boolean {
  return (env["CI"] ?? "") !== "" || env["APPORTION_LONG"] === "1";
}
