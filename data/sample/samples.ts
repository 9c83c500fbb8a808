export type Labels = readonly (readonly [name: string, value: string])[];

/**
 * A series in one day. It has a sample at each scrape from `from` to before `until` (epoch seconds) outside the gaps.
 * `value` is the sample's value times `scale`, an integer; a number where it does not change.
 */
export interface Series {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly labels: Labels;
  readonly from: number;
  readonly until: number;
  readonly value: number | ((time: number) => number);
  readonly scale: 1 | 1000;
}

/** Where a series has no samples: from the first second of a stretch to before its end. */
export type Silence = readonly { readonly from: number; readonly until: number }[];

/** Takes a series, which has samples in its life. */
export type Add = (
  name: string,
  labels: Labels,
  life: { from: number; until: number },
  value: Series["value"],
  more?: Partial<Pick<Series, "type" | "scale">>,
) => void;

export const MIB = 1_048_576;

/** Labels or annotations under the names that kube-state-metrics gives them. */
export function mangled(prefix: string, values: Readonly<Record<string, string>>): Labels {
  return Object.entries(values).map(
    ([key, value]) => [`${prefix}_${key.replace(/[^a-zA-Z0-9_]/g, "_")}`, value] as const,
  );
}
