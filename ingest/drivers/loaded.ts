import type { FactPart, Loaded, RejectedLine } from "../source.ts";

/** What a unit of drivers brings: facts and no lines. */
export function loadedDrivers(rows: number, facts: FactPart[], rejected: RejectedLine[]): Loaded {
  return {
    dataset: "Drivers",
    scope: null,
    exportName: null,
    rows,
    promised: null,
    parts: [],
    controls: [],
    rejected,
    subAccounts: [],
    stated: [],
    facts,
  };
}
