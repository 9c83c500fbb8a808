import {
  currencyDigits,
  formatAmount,
  formatPercentChange,
  isZero,
  matters,
  minus,
  textOf,
  unitsOf,
} from "../format.ts";

interface AmountProps {
  value: string | null;
  currency?: string | null | undefined;
  digits?: number;
  signed?: boolean;
}

/** One figure: rounded to read, exact on hover and in the copy. */
export function Amount({ value, currency, digits, signed }: AmountProps) {
  if (value === null) {
    return (
      <span class="none" title="Not stated by the provider">
        not stated
      </span>
    );
  }
  const units = unitsOf(value);
  const exact = units === null ? value : textOf(units);
  const style = { digits: digits ?? currencyDigits(currency ?? null), signed: signed === true };
  return (
    <data
      class="amount"
      value={exact}
      data-exact={exact}
      title={currency ? `${exact} ${currency}` : exact}
    >
      {formatAmount(value, style)}
    </data>
  );
}

interface ChangeProps {
  now: string;
  before: string | null;
  currency?: string | null | undefined;
  /** The page's total: a change is coloured only where it matters to it. */
  whole: string;
  digits?: number;
  /** False while the month still runs: then less than last month says nothing. */
  comparable?: boolean;
  show?: "amount" | "percent" | "both";
}

/** A change as amount and percent. Direction is in the sign; colour is only for what matters. */
export function Change(props: ChangeProps) {
  const { now, before, whole, comparable, currency, digits, show = "both" } = props;
  if (before === null) return <span class="none">{show === "percent" ? "" : "new"}</span>;
  const change = minus(now, before);
  const percent = formatPercentChange(now, before);
  const loud = comparable !== false && matters(now, before, whole);
  const tone = loud ? (change.startsWith("-") ? "down" : "up") : "calm";
  return (
    <span class={`change ${tone}`}>
      {show !== "percent" && (
        <Amount
          value={change}
          currency={currency}
          signed
          {...(digits === undefined ? {} : { digits })}
        />
      )}
      {show === "both" && percent !== null && <span class="percent"> {percent}</span>}
      {show === "amount" && percent !== null && <span class="percent narrow">{percent}</span>}
      {show === "percent" && (
        <span class="percent">{percent ?? (isZero(change) ? "" : "new")}</span>
      )}
    </span>
  );
}
