/** What a chart shows, without how it is drawn: that comes with what draws, in a chunk of its own. */
export type Drawing =
  | { kind: "bars"; bars: Bar[]; description: string }
  | {
      kind: "columns";
      cols: Col[];
      description: string;
      height: number;
      colorKey?: string | undefined;
    }
  | { kind: "usage"; days: UsageDay[]; currency: string; description: string }
  | { kind: "frontier"; lines: FrontierLine[]; figure: string; description: string }
  | { kind: "evidence"; evidence: Evidence; description: string };

/** How much of a team's colour each part of its cost has; the outline keeps the faint ones visible. */
export const PART_ALPHA = { direct: 1, shared: 0.5, idle: 0.16 } as const;
export type Part = keyof typeof PART_ALPHA;

export interface Bar {
  key: string;
  /** Whose colour the bar has. */
  colorKey: string;
  label: string;
  total: string;
  /** The total as the table writes it. */
  figure: string;
  parts: Record<Part, string>;
  /** Only named and counted: drawn, it would make all others look like nothing. */
  undrawn?: boolean;
  tip: string;
}

/** A row of the table beside it, so that a bar stands level with its figures. */
export const BAR_STEP = 30;

/** Room that a chart of so many bars takes. */
export function barsHeight(count: number): number {
  return count * BAR_STEP + 4;
}

export interface Col {
  key: string;
  /** The lines written under the column. */
  label: [string, string];
  value: string;
  tip: string;
  /** The one the page is about. */
  chosen: boolean;
  /** Not whole yet: drawn as an outline. */
  partial: boolean;
  /** Writes its figure above it. */
  labelled: boolean;
}

/** A day of a namespace: cores and GiB on average, null where nothing was measured, and what was paid. */
export interface UsageDay {
  day: string;
  cpu: Levels | null;
  mem: Levels | null;
  cost: string;
  parts: Record<Part, string>;
  tip: string;
}

interface Levels {
  requested: number;
  used: number;
  effective: number;
}

/** The height of one of the three rows of usage. */
export const USAGE_ROW = 92;
/** Three rows, their titles, and the days below. */
export const USAGE_HEIGHT = 3 * (USAGE_ROW + 34) + 10;

/** What a method comes to when all its answers are multiplied, least slack first; percent. */
export interface FrontierLine {
  name: string;
  /** Ours is drawn before the others. */
  ours: boolean;
  points: { slack: number; over: number; itself: boolean; tip: string }[];
}

export const FRONTIER_HEIGHT = 300;

/** An hour of a container, a pod: millicores and MiB; null where nothing was asked for. */
export interface EvidenceHour {
  /** Seconds since 1970. */
  at: number;
  average: number;
  max: number;
  request: number | null;
  limit: number | null;
  /** Killed for memory, or throttled, in that hour. */
  marked: boolean;
  tip: string;
}

/** What one resource was used, asked for and could be asked for. */
export interface EvidenceRow {
  title: string;
  hours: EvidenceHour[];
  /** Level lines: what we, KRR and VPA would ask for. */
  levels: { name: "recommended" | "KRR" | "VPA"; value: number }[];
}

export interface Evidence {
  rows: EvidenceRow[];
}

export const EVIDENCE_ROW = 120;
/** Rows, their titles, and the days below. */
export const EVIDENCE_HEIGHT = 2 * (EVIDENCE_ROW + 36) + 22;
