import type { ComponentChildren } from "preact";
import { hrefOf } from "../place.ts";
import { type MonthState, STATES } from "../words.ts";

interface PanelProps {
  title: string;
  /** What the figures are in, said once for the panel. */
  unit?: string | null | undefined;
  class?: string;
  id?: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
}

/** One question and its answer. */
export function Panel({ title, unit, id, aside, children, ...rest }: PanelProps) {
  return (
    <section class={`panel ${rest.class ?? ""}`} {...(id === undefined ? {} : { id })}>
      <header class="panel-head">
        <h2>
          {title}
          {unit && <span class="unit"> {unit}</span>}
        </h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** The state of a month, a door to what it means. */
export function StateBadge({ state }: { state: MonthState }) {
  return (
    <a
      class={`badge state-${state}`}
      href={`${hrefOf({}, "/data")}#word-${state}`}
      title={STATES[state]}
    >
      {state}
    </a>
  );
}

/** Something to know before believing the figures below. */
export function Notice({
  tone,
  children,
}: {
  tone: "info" | "warn" | "bad";
  children: ComponentChildren;
}) {
  return (
    <div class={`notice ${tone}`} role={tone === "bad" ? "alert" : "note"}>
      {children}
    </div>
  );
}

/** The shape of lines to come, so that nothing moves when they do. */
export function Skeleton({ lines, height }: { lines?: number; height?: number }) {
  return (
    <div class="skeleton" aria-busy="true" aria-label="Loading" role="status">
      {height === undefined ? (
        Array.from({ length: lines ?? 8 }, (_, i) => <span key={i} class="bone" />)
      ) : (
        <span class="bone block" style={{ height: `${height}px` }} />
      )}
    </div>
  );
}
