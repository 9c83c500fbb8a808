import { sha256 } from "../../../data/files.ts";
import type { Evidence, FindingKind } from "../kinds.ts";
import type { Claim } from "./ledger.ts";

/** Something found, before it is known what it is worth beside the others. */
export interface Candidate {
  kind: FindingKind;
  /** What it is about, in words that stay: an Azure id, or `cluster/namespace/kind/name/container`. */
  subject: string;
  name: string;
  cluster: string | null;
  namespace: string | null;
  workloadKind: string | null;
  workload: string | null;
  container: string | null;
  team: string;
  /** Whom to ask where nobody owns it. */
  hint: string | null;
  currency: string;
  since: string;
  /** It may be older: the data begins on `since`. */
  sinceAtLeast: boolean;
  confidence: "high" | "medium" | "low";
  evidence: Evidence[];
  /** Accounts whose cost it is about. */
  accounts: string[];
  claims: Claim[];
  /** What a change that costs more would cost in a month; 0 for all that saves. */
  extra: bigint;
  /** Row of `recommendation`, for what there is to change and its evidence series. */
  seriesId: number | null;
}

/** The id of a finding: of what it is and about what, so it stays the same over builds and months. */
export function findingId(kind: FindingKind, subject: string): string {
  return sha256(`${kind}\n${subject}`).slice(0, 16);
}
