/** Raised when the same inputs would give other figures; part of every month's fingerprint. */
export const METHOD_VERSION = "3";

export const CHECKS = [
  { name: "attributed-equals-imported", kind: "invariant" },
  { name: "line-has-one-owner", kind: "invariant" },
  { name: "answers-equal-lines", kind: "invariant" },
  { name: "shares-equal-lines", kind: "invariant" },
  { name: "node-days-add-up", kind: "invariant" },
  { name: "redistribution-cancels", kind: "invariant" },
  { name: "rows-as-promised", kind: "invariant" },
  { name: "quarantine", kind: "tolerance" },
  { name: "legacy-pair", kind: "tolerance" },
  { name: "azure-total", kind: "tolerance" },
  { name: "usage-coverage", kind: "tolerance" },
] as const;
export type CheckName = (typeof CHECKS)[number]["name"];
