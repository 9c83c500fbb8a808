/** Exact reading of Kubernetes quantities: `100m`, `1.5`, `1Gi`, `1e3`, `500k`. */

const QUANTITY = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d{1,2})?$/;

const BINARY: Readonly<Record<string, bigint>> = {
  Ki: 1n << 10n,
  Mi: 1n << 20n,
  Gi: 1n << 30n,
  Ti: 1n << 40n,
  Pi: 1n << 50n,
  Ei: 1n << 60n,
};
const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};

/**
 * A quantity times `scale`, rounded up to a whole number as Kubernetes does; null where it is none.
 * @param scale 1,000 for millicores, 1 for bytes and counts
 */
export function parseQuantity(text: unknown, scale = 1n): bigint | null {
  const match =
    typeof text === "number" ? QUANTITY.exec(String(text)) : QUANTITY.exec(asText(text));
  if (match === null) return null;
  const [, sign, whole = "", fraction = "", suffix = ""] = match;
  if (whole === "" && fraction === "") return null;
  const exponent =
    (DECIMAL[suffix] ?? (/^[eE][+-]?\d/.test(suffix) ? Number(suffix.slice(1)) : 0)) -
    fraction.length;
  const up =
    BigInt(whole + fraction) *
    scale *
    (BINARY[suffix] ?? 1n) *
    10n ** BigInt(Math.max(exponent, 0));
  const down = 10n ** BigInt(Math.max(-exponent, 0));
  const value = sign === "-" ? -up : up;
  const cut = value / down;
  return value > cut * down ? cut + 1n : cut;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value.trim() : "-";
}

const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

/** A whole number that keeps its digits in JSON, however many; undefined for null. */
export function exact(value: bigint | null): unknown {
  if (value === null) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : rawJSON(value.toString());
}

/** A quantity as JSON, times `scale`. */
export function quantity(text: unknown, scale = 1n): unknown {
  return exact(parseQuantity(text, scale));
}

const GPU =
  /^(?:requests\.|limits\.)?(?:nvidia\.com\/(?:gpu|mig-.+)|amd\.com\/gpu|gpu\.intel\.com\/.+)$/;

/**
 * A list of resources with the unit in each key: `cpuMillicores`, `memoryBytes`, `gpus` (all kinds of
 * them added), `storageBytes`, other names as they are. Prefixes such as `requests.` stay.
 */
export function resources(
  list: Readonly<Record<string, unknown>> | null | undefined,
): Record<string, unknown> | undefined {
  const found = new Map<string, bigint>();
  for (const [name, text] of Object.entries(list ?? {})) {
    const [, prefix = "", plain = name] = /^(requests\.|limits\.)?(.*)$/s.exec(name) ?? [];
    const isCpu = plain === "cpu";
    const value = parseQuantity(text, isCpu ? 1_000n : 1n);
    if (value === null) continue;
    const key = isCpu
      ? "cpuMillicores"
      : GPU.test(name)
        ? "gpus"
        : UNITS.test(plain)
          ? `${plain}Bytes`
          : plain;
    found.set(prefix + key, (found.get(prefix + key) ?? 0n) + value);
  }
  if (found.size === 0) return undefined;
  return Object.fromEntries([...found].toSorted(byKey).map(([key, value]) => [key, exact(value)]));
}

const UNITS = /^(?:memory|(?:ephemeral-)?storage|.+\/requests\.storage|hugepages-.+)$/;

/** For sorting entries by their keys' code units, whatever the locale. */
export function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
