import type { Session } from "../data/warehouse.ts";

/**
 * A source is a folder here and one line in `sources.ts`. The pipeline (`run.ts`) asks it three
 * things, in this order:
 *
 *   plan   what is there now, newest run of every unit   (cheap; reads listings and manifests)
 *   land   the raw bytes of one unit, verified           (immutable files under `landing/`)
 *   load   the unit's rows, typed                        (committed by the pipeline in one transaction)
 *
 * A unit that throws is reported by its name; the other units go on.
 */

export interface Unit {
  /** Stable across runs: the same export and month, the same scope and month. */
  readonly unit: string;
  /** Which run of it this is; null where the provider names none. */
  readonly run: string | null;
  /** When the provider made it, ISO 8601 UTC; the newest wins. */
  readonly submittedAt: string | null;
  /** Months it may hold, `YYYY-MM`; empty where only its rows tell. */
  readonly months: readonly string[];
  /** The days it is about, half-open, where that is finer than its months. */
  readonly days?: { readonly from: string; readonly until: string };
  /** Changes when what would be landed changes; equal means nothing to do. */
  readonly fingerprint: string;
  readonly bytes: number;
}

export interface Plan<U extends Unit> {
  units: U[];
  /** What could not be planned, by unit name: an unreadable manifest, say. */
  problems: UnitProblem[];
}

export interface UnitProblem {
  unit: string;
  error: unknown;
}

export interface LandedFile {
  /** As the provider names it. */
  name: string;
  /** Where our copy is, absolute. */
  path: string;
  sha256: string;
  bytes: number;
  /** A NUL byte was seen in plain text, which the engine would take silently. */
  nul?: boolean;
}

/** One typed Parquet file of cost lines, already renamed into place. */
export interface LinePart {
  name: string;
  sha256: string;
  parquet: string;
  parquetSha256: string;
  rows: number;
}

/** What usage is kept as; the columns of each are in `docs/method.md`. */
export const FACT_KINDS = [
  "usage_5m",
  "usage_hour",
  "node_hour",
  "pod_day",
  "namespace_day",
  "volume_day",
  "service_hour",
  "driver_hour",
] as const;
export type FactKind = (typeof FACT_KINDS)[number];

/** A Parquet file of usage facts, already renamed into place below `facts/`. */
export interface FactPart {
  kind: FactKind;
  cluster: string;
  /** The day the facts are about, `YYYY-MM-DD`. */
  day: string;
  parquet: string;
  parquetSha256: string;
  rows: number;
}

export interface RejectedLine {
  file: string;
  line: number | null;
  reason: string;
  text: string;
  month: string | null;
  currency: string | null;
  /** Decimal text where it could be read; null where it could not. */
  amount: string | null;
}

/** Sums of one unit, month and currency over the stored lines; amounts are decimal text. */
export interface Control {
  month: string;
  currency: string;
  rows: number;
  billed: string | null;
  effective: string | null;
  list: string | null;
  contracted: string | null;
  billedNulls: number;
  effectiveNulls: number;
  listNulls: number;
  contractedNulls: number;
  /** Σ (as written − stored) of all four amounts: what rounding to 18 digits took. */
  rounded: string;
  /** The same, measure by measure. */
  roundedBilled: string;
  roundedEffective: string;
  roundedList: string;
  roundedContracted: string;
}

/** The month's total as the provider itself states it. */
export interface StatedTotal {
  month: string;
  currency: string;
  measure: "billed" | "effective";
  amount: string;
  asOf: string;
}

export interface Loaded {
  dataset: string;
  /** What the export covers, lower case; null where nothing says. */
  scope: string | null;
  exportName: string | null;
  rows: number;
  /** Rows the manifest promised; null without one. */
  promised: number | null;
  parts: LinePart[];
  controls: Control[];
  rejected: RejectedLine[];
  /** Sub accounts seen per month, for the overlap check. */
  subAccounts: { month: string; subAccount: string }[];
  stated: StatedTotal[];
  facts?: FactPart[];
  /** Seconds of container usage covered, over all nodes: a poorer answer about a day never replaces a better one. */
  coverage?: number;
  /** Writes rows of the source's own tables; runs inside the unit's transaction. */
  write?: (session: Session) => Promise<void>;
}

export interface Progress {
  (what: string, done?: number, total?: number): void;
}

export interface SourceContext {
  /** The home's folder; a source writes below `landing/` and `lines/` only. */
  home: string;
  now: () => Date;
  progress: Progress;
  signal: AbortSignal;
}

export interface LoadContext extends SourceContext {
  /** The writer's session, prepared for reading cost files. */
  session: Session;
}

export interface Examined {
  found: string;
  /** Each with what it costs and what to do. */
  lacking: string[];
  /** Whether labels of pods or namespaces can be seen; left out where it is not known. */
  labels?: boolean;
}

export interface Source<U extends Unit = Unit> {
  readonly name: string;
  readonly type: string;
  plan(context: SourceContext): Promise<Plan<U>>;
  /** What else `doctor` should know, after `plan`: what was found there, and what it lacks. */
  examine?(context: SourceContext): Promise<Examined>;
  land(unit: U, context: SourceContext): Promise<LandedFile[]>;
  load(unit: U, landed: readonly LandedFile[], context: LoadContext): Promise<Loaded>;
}
