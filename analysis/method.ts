/** Raised when the same inputs would give other figures; part of every month's fingerprint. */
export const METHOD_VERSION = "1";

export const CHECKS = [
  { name: "attributed-equals-imported", kind: "invariant" },
  { name: "line-has-one-owner", kind: "invariant" },
  { name: "answers-equal-lines", kind: "invariant" },
  { name: "rows-as-promised", kind: "invariant" },
  { name: "quarantine", kind: "tolerance" },
  { name: "legacy-pair", kind: "tolerance" },
  { name: "azure-total", kind: "tolerance" },
] as const;
export type CheckName = (typeof CHECKS)[number]["name"];
