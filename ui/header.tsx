import { signal } from "@preact/signals";
import type { Meta, Whoami } from "../api/schemas/common.ts";
import { answerOf } from "./answering.ts";
import { COSTS, type Cost, ME, POLICIES, type Policy, type View } from "./answers.ts";
import { monthName } from "./dates.ts";
import { go, hrefOf, place } from "./place.ts";
import { Who } from "./parts/who.tsx";
import { mode, toggleTheme } from "./theme.ts";
import { COST_MEANINGS, COST_NAMES, POLICY_MEANINGS, POLICY_NAMES } from "./words.ts";

// The pickers stay filled while a page's answers are on their way.
const known = signal<Meta | null>(null);

/** Where one is and what the figures mean: page, month, measure, currency. */
export function Header({ meta }: { meta: Meta | null }) {
  const page = place.value.page;
  const shown = meta ?? known.peek();
  if (meta !== null && meta !== known.peek()) known.value = meta;
  return (
    <header class="top">
      <div class="top-line">
        <a class="brand" href={hrefOf({}, "/")}>
          <svg viewBox="0 0 18 14" width="18" height="14" aria-hidden="true">
            <path d="M0 0h18v3.2H0z" />
            <path d="M0 5.4h11v3.2H0z" opacity=".75" />
            <path d="M0 10.8h6V14H0z" opacity=".5" />
          </svg>
          Apportion
        </a>
        <nav aria-label="Pages">
          <a href={hrefOf({}, "/")} {...current(page.name === "overview")}>
            Overview
          </a>
          <a
            href={hrefOf({}, "/clusters")}
            {...current(page.name === "clusters" || page.name === "namespace")}
          >
            Clusters
          </a>
          <a
            href={hrefOf({}, "/namespaces")}
            {...current(page.name === "namespaces" || page.name === "life")}
          >
            Namespaces
          </a>
          <a
            href={hrefOf({}, "/findings")}
            {...current(page.name === "findings" || page.name === "backtest")}
          >
            Findings
          </a>
          {may("company") && (
            <a href={hrefOf({}, "/months")} {...current(page.name === "months")}>
              Months
            </a>
          )}
          <a href={hrefOf({}, "/data")} {...current(page.name === "data")}>
            Data
          </a>
        </nav>
        <Who />
        <button
          type="button"
          class="theme"
          onClick={toggleTheme}
          aria-label={mode.value === "dark" ? "Use the light theme" : "Use the dark theme"}
          title={mode.value === "dark" ? "Light theme" : "Dark theme"}
        >
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <circle cx="8" cy="8" r="6.25" fill="none" stroke="currentColor" stroke-width="1.5" />
            <path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" fill="currentColor" />
          </svg>
        </button>
      </div>
      <div class="pickers">
        {shown !== null && shown.month !== null && <Pickers meta={shown} />}
      </div>
    </header>
  );
}

/** A page that would only refuse is not offered; while nobody knows who looks, all are. */
function may(need: string): boolean {
  const who = answerOf<Whoami>(ME).data;
  return who === null || (who.may as readonly string[]).includes(need);
}

function Pickers({ meta }: { meta: Meta }) {
  const { view, page } = place.value;
  const { months } = meta;
  const month = view.month ?? meta.month ?? "";
  const at = months.indexOf(month);
  const measured = page.name !== "data" && page.name !== "months" && page.name !== "backtest";
  const policy = view.policy ?? "configured";
  // Workloads stand before redistribution, so there is nothing to switch.
  const passed = meta.coverage !== null && view.target?.startsWith("workload:") !== true;
  return (
    <>
      <div class="months">
        <Step label="Month before" sign="‹" month={at < 0 ? undefined : months[at - 1]} />
        <Pick
          label="Month"
          value={month}
          options={(at < 0 ? [...months, month] : months)
            .toReversed()
            .map((one) => [one, monthName(one)])}
          onPick={(month) => ({ month: month === months.at(-1) ? null : month })}
        />
        <Step label="Month after" sign="›" month={at < 0 ? undefined : months[at + 1]} />
      </div>
      {measured && (
        <Pick
          label="Measure"
          value={view.cost ?? "effective"}
          title={COST_MEANINGS[view.cost ?? "effective"]}
          options={COSTS.map((cost) => [cost, COST_NAMES[cost]])}
          onPick={(cost) => ({ cost: cost === "effective" ? null : (cost as Cost) })}
        />
      )}
      {measured && passed && (
        <Pick
          label="Redistribution"
          value={policy}
          title={POLICY_MEANINGS[policy]}
          options={POLICIES.map((one) => [one, POLICY_NAMES[one]])}
          onPick={(one) => ({ policy: one === "configured" ? null : (one as Policy) })}
        />
      )}
      {measured && meta.currency !== null && meta.currencies.length > 1 && (
        <Pick
          label="Currency"
          value={view.currency ?? meta.currency}
          title="Nothing is converted: each currency is a bill of its own."
          options={meta.currencies.map((currency) => [currency, currency])}
          onPick={(currency) => ({ currency })}
        />
      )}
    </>
  );
}

interface PickProps {
  label: string;
  value: string;
  title?: string;
  options: [value: string, text: string][];
  onPick: (value: string) => Partial<View>;
}

function Pick({ label, value, title, options, onPick }: PickProps) {
  return (
    <label class="pick" {...(title === undefined ? {} : { title })}>
      <span class="sr">{label}</span>
      <select
        value={value}
        onChange={(event) => void go(hrefOf(onPick(event.currentTarget.value)))}
      >
        {options.map(([option, text]) => (
          <option key={option} value={option} selected={option === value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function Step({ label, sign, month }: { label: string; sign: string; month: string | undefined }) {
  if (month === undefined) {
    return (
      <span class="step off" aria-hidden="true">
        {sign}
      </span>
    );
  }
  return (
    <a
      class="step"
      href={hrefOf({ month })}
      aria-label={`${label}: ${monthName(month)}`}
      title={monthName(month)}
    >
      {sign}
    </a>
  );
}

function current(here: boolean): { "aria-current"?: "page" } {
  return here ? { "aria-current": "page" } : {};
}
